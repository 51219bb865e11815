package kernel

// Words that evidence of this file repeats.
const (
	// portSeen: kernels whose ports were listed in order, and exhausted.
	portSeen = "observed: 2.6.32.67, 3.10.108, 4.4.155, 4.9.154, 4.19.78, 5.10.223, 6.1.192, 6.12.107, 6.18.44, 7.2.13"
)

// portChanges are the changes of how connect() and bind() find a local port: package
// portalloc.
var portChanges = []Change{
	{
		ID: "reserved-ports", Package: "portalloc", Since: "2.6.35", Commit: "e3826f1e946e",
		Backports: []Backport{from("el6", 32)},
		Summary:   "net.ipv4.ip_local_reserved_ports exists: no search takes a port of the list, bind() to it by number does.",
		Evidence:  fromSource + "; the list on 6.18.44",
		apply:     func(s *Semantics) { s.ReservedPorts = true },
	},
	{
		ID: "loopback-preferred-source", Package: "portalloc", Since: "2.6.37", Commit: "9fc3bbb4a752",
		Summary:  "connect() to 127.0.0.2 without a source comes from 127.0.0.1, the preferred source of the route; it came from 127.0.0.2.",
		Evidence: "observed: the destination on a RHEL 6.4 build, 127.0.0.1 on 7.2.13; the release from source",
		apply:    func(s *Semantics) { s.LoopbackPreferredSource = true },
	},
	{
		ID: "port-hash-md5", Package: "portalloc", Since: "3.1", Commit: "6e5714eaf77d",
		Backports: []Backport{maybe("2.6.33", -1), maybe("2.6.34", -1), maybe("2.6.35", -1), between("3.0", 0, 27), between("2.6.32", 2, 67), from("el6", 198)},
		Summary:   "The hash from which connect() begins is keyed once a boot; it was keyed anew every 300 s, so that the ports of a destination jumped.",
		Evidence:  fromSource,
		apply:     func(s *Semantics) { s.PortHash = PortHashMD5 },
	},
	{
		ID: "bind0-no-conflict", Package: "portalloc", Since: "3.4",
		Backports: []Backport{between("el6", -1, 357)},
		Summary:   "bind() to port 0 takes a port in use if there is no conflict, so that addresses have their ports to themselves; it passed over every port in use.",
		Evidence:  "observed: a second address is refused on 2.6.32.67, served on a RHEL 6.4 build, 3.10.108 and later; its first release from source",
		apply:     func(s *Semantics) { s.BindAuto = BindAutoNoConflict },
	},
	{
		ID: "bind0-strict", Package: "portalloc", Since: "3.5",
		Backports: []Backport{maybe("3.4", -1), maybe("el6", -1)},
		Summary:   "bind() to port 0 takes two SO_REUSEADDR sockets of one address as a conflict, and so gives each a port of its own while there are any.",
		Evidence:  fromSource + "; 16 sockets got 16 ports on 3.10.108, 5.10.223, 6.18.44 (observed)",
		apply:     func(s *Semantics) { s.BindAuto = BindAutoStrict },
	},
	{
		ID: "reuseport", Package: "portalloc", Since: "3.9",
		Backports: []Backport{from("el6", 417)},
		Summary:   "SO_REUSEPORT exists: sockets of one user may bind to one port if all have it set; and a port that was bound without it is of no use to connect().",
		Evidence:  fromSource,
		apply:     func(s *Semantics) { s.ReusePort = true },
	},
	{
		ID: "port-range-per-netns", Package: "portalloc", Since: "3.13",
		Summary:  "net.ipv4.ip_local_port_range belongs to a network namespace; it was the machine's.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.PortRangePerNetns = true },
	},
	{
		ID: "reserved-ports-per-netns", Package: "portalloc", Since: "3.16",
		Summary:  "net.ipv4.ip_local_reserved_ports belongs to a network namespace; it was the machine's.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.ReservedPortsPerNetns = true },
	},
	{
		ID: "port-range-60999", Package: "portalloc", Since: "4.2", Commit: "07f4c90062f8",
		Backports: []Backport{between("el7", -1, 1160)},
		Summary:   "net.ipv4.ip_local_port_range starts as 32768 to 60999, 28232 ports; it started as 32768 to 61000.",
		Evidence:  fromSource + "; 60999 on 5.10.223, 6.18.44 (observed)",
		apply:     func(s *Semantics) { s.PortRangeHigh = 60999 },
	},
	{
		ID: "port-search-even", Package: "portalloc", Since: "4.2", Commit: "07f4c90062f8",
		Backports: []Backport{between("el7", -1, 1160)},
		Summary:   "connect() begins at an even offset and leaves the next to it free, so that ports to one destination go up by 2; they went up by 1.",
		Evidence:  portSeen + ": +1 to 3.10.108, +2 on 4.4.155",
		apply:     func(s *Semantics) { s.PortSearch = PortSearchEven },
	},
	{
		ID: "bind0-halves", Package: "portalloc", Since: "4.2",
		Backports: []Backport{maybe("el7", -1)},
		Summary:   "bind() to port 0 with SO_REUSEADDR tries the lower half of the range first and then the upper one, and no longer goes by the number of bound sockets.",
		Evidence:  fromSource,
		apply:     func(s *Semantics) { s.BindHalves = true },
	},
	{
		ID: "bind-address-no-port", Package: "portalloc", Since: "4.2", Commit: "90c337da1524",
		Backports: []Backport{maybe("el7", -1)},
		Summary:   "IP_BIND_ADDRESS_NO_PORT exists: bind() to port 0 takes the address only, and connect() finds the port.",
		Evidence:  fromSource,
		apply:     func(s *Semantics) { s.BindAddressNoPort = true },
	},
	{
		ID: "port-search-parity", Package: "portalloc", Since: "4.6", Commit: "1580ab63fc9a",
		Summary:  "connect() tries all ports of the parity of the range's lower bound and then the others; a range of odd size loses a port in each call.",
		Evidence: portSeen + ": three ports gave three connections to 4.4.155 and two from 4.9.154 on; that it began with 4.6 from source",
		apply:    func(s *Semantics) { s.PortSearch = PortSearchParity },
	},
	{
		ID: "port-bucket-enomem", Package: "portalloc", Since: "4.6", Commit: "1580ab63fc9a",
		Summary:  "connect() that finds no memory for a port's bucket fails with ENOMEM; it was EADDRNOTAVAIL.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.PortBucketENOMEM = true },
	},
	{
		ID: "bind0-odd-first", Package: "portalloc", Since: "4.6", Commit: "ea8add2b1903",
		Summary:  "bind() to port 0 tries the ports of the other parity than the range's lower bound first, and halves an even number of ports.",
		Evidence: "observed: mixed on 4.4.155 and before; 10 of 20 odd ones first on 4.9.154, 4.19.78, 5.10.223, 6.1.192, 6.12.107, 6.18.44, 7.2.13; that it began with 4.6 from source",
		apply:    func(s *Semantics) { s.BindOddFirst = true },
	},
	{
		ID: "port-hash-siphash", Package: "portalloc", Since: "4.11",
		Summary:  "The hash from which connect() begins is SipHash; it was MD5.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.PortHash = PortHashSip },
	},
	{
		ID: "bind0-first-free", Package: "portalloc", Since: "4.11",
		Summary:  "bind() to port 0 takes the first port without a conflict or none, SO_REUSEPORT or not; before, it remembered the port with the fewest owners to share it.",
		Evidence: fromSource + "; 17 sockets with SO_REUSEADDR share 16 ports on 3.10.108 and fail on 5.10.223, 6.18.44 (observed)",
		apply:    func(s *Semantics) { s.BindShares = false },
	},
	{
		ID: "bind-strict-address", Package: "portalloc", Since: "4.11",
		Summary:  "A SO_REUSEPORT socket that joins a port of other sockets without conflict lets those of its user and address follow unchecked.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.BindStrictAddress = true },
	},
	{
		ID: "bind-flags-inverted", Package: "portalloc", Since: "4.11",
		Summary:  "By mistake, a new port starts as bound without SO_REUSEADDR, and one in use takes the options of the last socket bound to it.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.BindFlagsInverted = true },
	},
	{
		ID: "unprivileged-port-start", Package: "portalloc", Since: "4.11",
		Summary:  "net.ipv4.ip_unprivileged_port_start exists (1024), and ip_local_port_range must not begin below it; it could begin at 1.",
		Evidence: "observed: 1000 to 2000 taken on 4.4.155, 4.9.154, refused on 4.19.78 and later; the release from source",
		apply:    func(s *Semantics) { s.UnprivilegedPortStart = true },
	},
	{
		ID: "bind-flags-righted", Package: "portalloc", Since: "4.14",
		Backports: []Backport{maybe("4.13", 4)},
		Summary:   "A new port takes the options of the socket bound to it again, and one in use loses those that a socket lacks.",
		Evidence:  fromSource + ": read in 4.13.4 and 4.14.74",
		apply:     func(s *Semantics) { s.BindFlagsInverted = false },
	},
	{
		ID: "autobind-reuse", Package: "portalloc", Since: "5.7", Commit: "4b01a9674231",
		Summary:  "net.ipv4.ip_autobind_reuse exists: with 1, bind() to port 0 of SO_REUSEADDR sockets shares ports when all are in use.",
		Evidence: fromSource + "; present on 6.18.44 (observed)",
		apply:    func(s *Semantics) { s.AutobindReuse = true },
	},
	{
		ID: "port-table-256", Package: "portalloc", Since: "5.12", Commit: "190cc82489f4",
		Summary:  "How far connect() has come is kept in 256 places by the hash, filled at random, and now and then goes on by 4; one number served all destinations.",
		Evidence: fromSource + ": 5.11 and 5.14 read",
		apply:    func(s *Semantics) { s.PortOffsets = PortOffsets256 },
	},
	{
		ID: "port-table-65536", Package: "portalloc", Since: "5.18",
		Backports: []Backport{maybe("5.17", -1), between("5.15", 16, 85), between("5.10", 0, 223), maybe("5.4", 59), maybe("4.19", 78), maybe("4.14", 177), maybe("4.9", -1)},
		Summary:   "How far connect() has come is kept in 65536 places by a hash that changes every 10 s, and goes on by 2 to 16 at random.",
		Evidence:  "observed: 2 to 16 on 5.10.223, 6.1.192, 6.12.107, 6.18.44, 7.2.13, 2 on 4.19.78; source of 5.15.16, 5.15.85, 5.17-rc5, 5.19",
		apply:     func(s *Semantics) { s.PortOffsets, s.PortHash = PortOffsets65536, PortHashSipTime },
	},
	{
		ID: "bhash2", Package: "portalloc", Since: "6.1",
		Summary:  "bind() to an address looks for conflicts in a table by port and address, in which TIME_WAIT is missing.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.BindMissesTimeWait = true },
	},
	{
		ID: "bhash2-time-wait", Package: "portalloc", Since: "6.2",
		Backports: []Backport{between("6.1", 0, 170)},
		Summary:   "TIME_WAIT is in the table by port and address too, and conflicts again.",
		Evidence:  fromSource + "; conflicts observed on 6.1.170 and later",
		apply:     func(s *Semantics) { s.BindMissesTimeWait = false },
	},
	{
		ID: "port-range-option", Package: "portalloc", Since: "6.3",
		Backports: []Backport{between("6.1", 0, 170)},
		Summary:   "IP_LOCAL_PORT_RANGE exists: a socket may narrow the range.",
		Evidence:  "observed: 6.1.170, 6.1.192, 6.12.43 and later, not 5.10.223, 5.10.262; the releases from source",
		apply:     func(s *Semantics) { s.PortRangeOption = true },
	},
	{
		ID: "port-range-option-no-parity", Package: "portalloc", Since: "6.8", Commit: "207184853dbd",
		Backports: []Backport{maybe("6.7", -1), maybe("6.6", 9), maybe("6.1", -1)},
		Summary:   "connect() of a socket with IP_LOCAL_PORT_RANGE goes through its ports one by one, whatever their parity.",
		Evidence:  "observed: 6.12.117, 6.18.44, 7.2.13, not 6.1.192; 6.6.9 and 6.8 from source",
		apply:     func(s *Semantics) { s.PortRangeOptionNoParity = true },
	},
	{
		ID: "port-restored", Package: "portalloc", Since: "6.18", Commit: "d57f4b874946",
		Backports: []Backport{maybe("6.17", 0)},
		Summary:   "A port that was bound to is of use to connect() again when only connections that found it themselves are left on it; it was lost until the last of them ended.",
		Evidence:  "observed: lost on 4.4.155, 4.9.154, 4.19.78, 5.10.223, 6.1.192, 6.12.107, back on 6.18.44, 7.2.13",
		apply:     func(s *Semantics) { s.PortRestored = true },
	},
	{
		ID: "port-step-width", Package: "portalloc", Since: "7.1", Commit: "7da62262ec96",
		Summary:  "net.ipv4.ip_local_port_step_width exists: connect() goes through the ports in steps of a random width.",
		Evidence: "observed: 7.2.13, not 6.18.44; the release from source",
		apply:    func(s *Semantics) { s.PortStepWidth = true },
	},
}
