// Package portalloc models how a Linux kernel gives out local TCP ports: which one
// connect() picks and after how many candidates, what bind() picks, and what bind() and
// listen() refuse.
//
// # Synopsis
//
//	sem := kernel.MustParse("6.12.43").Semantics()
//	a, err := portalloc.New(portalloc.Config{Semantics: sem, Sysctls: sys, Key: key, Rand: rng.Uint32})
//	s, err := a.Open(portalloc.Options{})
//	r, err := a.Connect(now, s, src, dst)      // r.Port, r.Errno, r.Examined
//	r, err = a.Bind(s, addrport)               // port 0: one of the kernel's choice
//	r, err = a.Listen(s)
//	err = a.TimeWait(s)                        // the connection went on to TIME_WAIT
//	err = a.Close(s)
//	err = a.Done(s)                            // it was reset, and the process has its socket still
//
// # Eight answers
//
// How many connections at once? As many ports as net.ipv4.ip_local_port_range has, for each
// source address, destination address and destination port: a port that connect() found
// is shared by connections elsewhere. A port that bind() took, by number or by port 0, is
// one socket's, and connect() passes over it: ports run out although there are ten
// destinations ([Allocator.Bind] has an example, and IP_BIND_ADDRESS_NO_PORT the cure).
//
// Which error? EADDRNOTAVAIL is connect()'s, EADDRINUSE that of bind() and listen().
//
// In which order? See the tables below. bind() to port 0 begins at random in every
// release.
//
// Why does connect() take so long? From 4.6 on it walks past all ports of one parity
// before it tries the other. Above half of the range each call examines 14,116 ports of
// the default range ([Allocator.Connect] has an example).
//
// Why is a range of three ports good for two? From 4.6 on an odd range loses a port in
// each call ([ConnectSearch]).
//
// Which ports can my test's fixed port collide with? [ConnectReach] and [BindReach].
//
// How many connections per second, for ever? [SustainedRate], and [FirstFailure] for how
// long more than that goes well; [PortsNeeded], [DestinationsNeeded] and [SourcesNeeded]
// are the inverse, [CostCurve] is what a search costs on the way. The command
// examples/ports asks them about a machine.
//
// Why does connect() take 3 s now and then on 2.6.32? Two calls took one TIME_WAIT entry:
// see below.
//
// # connect() without a port
//
//	                  first candidate            then                    kept               moves on by
//	2.6.32 to 4.1     hash + kept                +1, round               1 number           candidates
//	4.2 to 4.5        the same, bit 0 cleared    +1, round               1 number           candidates + 1, made even
//	4.6 to 5.11       even offset                +2, then the odd ones   1 number           2 * candidates
//	5.12 to 5.17      even offset                the same                256 numbers        the same, or 4 instead of 2
//	5.18 to 7.0       even offset                the same                65536 numbers      at least 2 to 16
//	7.1 on            even offset                random steps if asked   65536 numbers      the same
//
// RHEL 7 has the second line in late builds; 5.15.y and 5.10.y the fifth, and from 6.8 on
// IP_LOCAL_PORT_RANGE makes it +1 from any offset ([ConnectSearch], [Advance], [Stride]).
// Offsets count from the lower bound, so "even" is its parity. The hash is over source
// address, destination address and port ([Key.Hash], [HashEpoch]): it changes every 300 s
// to 3.0, every 10 s from 5.18 on.
//
// So to 5.11 all destinations share one count, and two that take turns see twice the
// step; later they do not. A candidate is taken if
//
//   - it is not on net.ipv4.ip_local_reserved_ports (2.6.35), and
//   - nobody has the port; or all who ever had it since it was last unused found it by
//     connect() ([ConnectMayShare]) and no connection has the same addresses and ports,
//     or one in TIME_WAIT that may be taken over ([TimeWaits]).
//
// A port that somebody bound to stays of no use while anybody is on it, up to 6.17; from
// 6.18 on until those who bound to it are gone.
//
// # bind() to port 0
//
//	                  with SO_REUSEADDR            order                     a port in use
//	2.6.32 to 3.3                                  +1, round                 no; shared at the end
//	3.4                                            +1, round                 if bind() by number may; shared at the end
//	3.5 to 4.1                                     +1, round                 other addresses; shared at the end
//	4.2 to 4.5        two halves                   +1, round                 other addresses; shared after each half
//	4.6 to 4.10       two halves                   odd offsets, then even    other addresses; shared after each parity
//	4.11 to 5.6       two halves                   odd offsets, then even    other addresses
//	5.7 on            two halves                   odd offsets, then even    other addresses; shared with ip_autobind_reuse
//
// "Shared" is for sockets with SO_REUSEADDR, or SO_REUSEPORT of one user from 3.9 on
// to 4.10, all of whose owners have the same: so on 4.6 to 4.10 a fifth such socket
// shares a port on a range of 16 although 12 are unused. [BindSearch], [BindScan].
//
// # bind() to a port by number, and listen()
//
// [Conflicts] has the rule for two sockets, [Overlap] that for their addresses, IPv6
// among them. Owners in TIME_WAIT count and keep the options of their socket. listen()
// asks again, now as a listener, with whom SO_REUSEADDR shares nothing.
//
// # When a connection is over
//
// What becomes of its port depends on how the socket came by it, and on who still has the socket:
//
//	the port is from          the process closed it       it has it still ([Allocator.Done], [Allocator.LeaveTimeWait])
//	connect()                 free                        free; bind() may give it another
//	bind() to port 0          free                        free; bind() may give it another
//	bind() by number          free                        its own until close(): EADDRINUSE for others
//	a listener                free                        free; bind() may give it another
//
// "Free" is said of this owner: an entry in TIME_WAIT is another, until its end. An address that bind() named stays with the
// socket in every case; that of a connection from a wildcard until [Allocator.Disconnect].
//
// # The race of 2.6.32
//
// To 2.6.32 and RHEL 6.4, of two connect() calls with one source and destination each may
// take the same TIME_WAIT entry over, since it stays in the hash table after the locks are
// let go ([HasRace]). Both then have one port and send one SYN twice. The socket inserted
// second gets every answer; the other one's SYN goes out again after 3 s (1 s on RHEL 6.3
// and 6.4), and is a connection then if the winner's has been closed ([Starve]).
// [RaceSteps] has the steps, [ExploreRace] goes through all their interleavings, and
// [RunRace] through one.
//
// # Three ways to use the package
//
// A question is answered by a rule: [ConnectSearch], [BindSearch], [Advance],
// [Conflicts], [SocketRange], [ConnectReach]... are functions of numbers and a
// [kernel.Semantics]. An [Allocator] is the whole thing as a state machine: many
// addresses, destinations and both families. In a simulation it is the kernel, and it
// answers at once where the kernel examines tens of thousands of candidates: an index
// finds the port and their number.
//
// # Counters
//
// TWRecycled counts TIME_WAIT entries that connect() took over. On 2.6.32 (to RHEL 6.4)
// it counts every connect() that found a port in use elsewhere.
// `go doc kernel.TWRecycled` has all that raises it.
//
// # What is exact, what is an envelope
//
// Exact, for one CPU: which candidates there are and in which order once the start is
// known, how many are examined, what is free, what conflicts, which error.
//
// An envelope: where a search starts, since the kernel draws it from its secrets. Key and
// Rand stand for these; the hash is not the kernel's own function, nor are places in its
// table shared by the same destinations. The tests check that what kernels did is among
// what the model may do for some secret.
//
// # What is not modelled
//
// An Allocator carries out one call after the other, for one namespace whose devices,
// privileges and memory it does not know:
//
// Two calls at once, other than in [ExploreRace]. Devices: SO_BINDTODEVICE, VRFs. Other namespaces, which share one number to 5.11, the range to 3.12, and the count
// of bound sockets that bind() goes by to 3.3. Privileges, and whether an address is one
// of this host. setsockopt() after bind(),
// and SO_ATTACH_REUSEPORT_*, which put a socket into a group before
// listen(). IP_TRANSPARENT and redirected connections. Memory that runs out
// ([NoBucketErrno] says what would happen). Table sizes other than 65536 from 6.1 on.
//
// Details that are left open: what user a port remembers when it was made by connect() and
// a socket with SO_REUSEPORT binds to it, to 4.10 (taken as none); how 3.0 and older count
// accepted connections among the owners of a port that is shared; in 6.1 to 6.8, mistakes
// about IPv4-mapped and IPv6-only addresses in the new table. From 6.18 on the kernel
// forgets that a socket bound to the port if it was bound to the wildcard, connects from an
// address from which other connections have that port, and then any owner leaves: the port
// is of use to connect() again (observed on 6.18.44), and not here.
//
// # Evidence
//
// testdata/observations holds what running kernels answered; the tests replay all of it.
// Random scripts of bind(), listen(), connect() and close() over both families, 38,000
// calls on 6.18.44 that are not kept here, differed in the one way told above.
// What no kernel at hand could be asked is marked "from source".
package portalloc
