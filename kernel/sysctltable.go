package kernel

import (
	"math"
	"slices"
	"strings"
)

// A Sysctl describes one sysctl: what it is called, what its values mean, and
// what a kernel takes and starts with.
type Sysctl struct {
	// Name is the name as sysctl(8) prints it: "net.core.somaxconn".
	Name string
	// Unit is what it counts: "connections", "requests", "entries", "ports", "port",
	// "times", "s", "ms" or "switch".
	Unit string
	// Meaning is one sentence.
	Meaning string
	// Zero is what 0 means, and Negative what a negative value means on kernels that
	// take one; it is empty where none does.
	Zero, Negative string

	field  func(*Sysctls) *int
	start  func(Semantics, Machine) int
	bounds func(Semantics) (lo, hi int)
	exists func(Semantics) bool // nil: in every release

	refusesZero bool
}

// Default returns what the sysctl starts as on a kernel with these semantics and a
// machine like m; 0 if the kernel does not have it, or if m tells nothing and the
// default depends on it.
func (c Sysctl) Default(sem Semantics, m Machine) int {
	if !c.Exists(sem) {
		return 0
	}
	return c.start(sem, m)
}

// Range returns the smallest and the largest value that a kernel with these
// semantics takes: 0 and 0 if it does not have the sysctl.
func (c Sysctl) Range(sem Semantics) (lo, hi int) {
	if !c.Exists(sem) {
		return 0, 0
	}
	return c.bounds(sem)
}

// Takes reports whether a kernel with these semantics lets the value be written. That is [Sysctl.Range], but
// for a 0 that stands for the default in [Sysctls] and that a kernel refuses.
func (c Sysctl) Takes(sem Semantics, v int) bool {
	lo, hi := c.Range(sem)
	return c.Exists(sem) && lo <= v && v <= hi && !(v == 0 && c.refusesZero)
}

// Exists reports whether a kernel with these semantics has the sysctl. No kernel has the zero Sysctl, which
// [SysctlByName] returns for a name that it does not know.
func (c Sysctl) Exists(sem Semantics) bool { return c.Name != "" && (c.exists == nil || c.exists(sem)) }

// SysctlByName returns the description of a sysctl, by its name with dots or with
// slashes.
func SysctlByName(name string) (Sysctl, bool) {
	name = strings.ReplaceAll(name, "/", ".")
	i := slices.IndexFunc(sysctlTable, func(c Sysctl) bool { return c.Name == name })
	if i < 0 {
		return Sysctl{}, false
	}
	return sysctlTable[i], true
}

// SysctlNames returns the names of the sysctls that the models read and that are one
// number, in the order of the fields of [Sysctls]: all but ip_local_port_range and
// ip_local_reserved_ports.
func SysctlNames() []string {
	names := make([]string, len(sysctlTable))
	for i, c := range sysctlTable {
		names[i] = c.Name
	}
	return names
}

// sysctlTable has one row per field of Sysctls that is a number, in the same order.
var sysctlTable = []Sysctl{
	{
		Name: "net.core.somaxconn", Unit: "connections",
		Meaning:  "The most that listen() accepts as backlog.",
		Zero:     "every listener is as if by listen(0)",
		Negative: "compared as unsigned: limits no backlog that is not negative too",
		field:    func(s *Sysctls) *int { return &s.Somaxconn },
		start:    func(sem Semantics, _ Machine) int { return sem.SomaxconnDefault },
		bounds: func(sem Semantics) (int, int) {
			if sem.SomaxconnMax == 0 {
				return anyInt(sem)
			}
			return 0, sem.SomaxconnMax
		},
	},
	{
		Name: "net.ipv4.tcp_max_syn_backlog", Unit: "requests",
		Meaning:  "With cookies off, its last quarter is kept for proven peers; to 4.3 it also bounds the SYN queue.",
		Zero:     "with cookies off, one request at a time",
		Negative: "with cookies off, none",
		field:    func(s *Sysctls) *int { return &s.TCPMaxSynBacklog },
		start:    defaultMaxSynBacklog,
		bounds:   anyInt,
	},
	{
		Name: "net.ipv4.tcp_syncookies", Unit: "switch",
		Meaning:  "1: answer with a cookie when the SYN queue is full; 2: answer every SYN with one.",
		Zero:     "no cookies: a full SYN queue drops",
		Negative: "the same as 1",
		field:    func(s *Sysctls) *int { return &s.TCPSyncookies },
		start:    func(sem Semantics, _ Machine) int { return sem.SyncookiesDefault },
		bounds:   byteOrInt,
	},
	{
		Name: "net.ipv4.tcp_abort_on_overflow", Unit: "switch",
		Meaning:  "Answer the final ACK that meets a full accept queue with a RST.",
		Zero:     "swallow it: the client retries",
		Negative: "the same as 1",
		field:    func(s *Sysctls) *int { return &s.TCPAbortOnOverflow },
		start:    constant(0),
		bounds:   byteOrInt,
	},
	{
		Name: "net.ipv4.tcp_synack_retries", Unit: "times",
		Meaning:  "How many times a SYN-ACK is sent again before its request is given up.",
		Zero:     "the request is given up at its first timeout",
		Negative: "the same as 0",
		field:    func(s *Sysctls) *int { return &s.TCPSynackRetries },
		start:    constant(5),
		bounds:   byteOrInt,
	},
	{
		Name: "net.ipv4.tcp_tw_recycle", Unit: "switch",
		Meaning:  "Drop a SYN whose timestamp is older than the last one of its host, and shorten TIME_WAIT.",
		Zero:     "off",
		Negative: "the same as 1",
		field:    func(s *Sysctls) *int { return &s.TCPTwRecycle },
		start:    constant(0),
		bounds:   anyInt,
		exists:   func(sem Semantics) bool { return sem.Recycle != RecycleGone },
	},
	{
		Name: "net.ipv4.tcp_timestamps", Unit: "switch",
		Meaning:  "Offer and accept the TCP timestamp option.",
		Zero:     "off: no PAWS either",
		Negative: "the same as 1",
		field:    func(s *Sysctls) *int { return &s.TCPTimestamps },
		start:    constant(1),
		bounds:   byteOrInt,
	},
	{
		Name: "net.ipv4.tcp_sack", Unit: "switch",
		Meaning:  "Offer and accept selective acknowledgements.",
		Zero:     "off",
		Negative: "the same as 1",
		field:    func(s *Sysctls) *int { return &s.TCPSack },
		start:    constant(1),
		bounds:   byteOrInt,
	},
	{
		Name: "net.ipv4.tcp_window_scaling", Unit: "switch",
		Meaning:  "Offer and accept window scaling.",
		Zero:     "off",
		Negative: "the same as 1",
		field:    func(s *Sysctls) *int { return &s.TCPWindowScaling },
		start:    constant(1),
		bounds:   byteOrInt,
	},
	{
		Name: "net.ipv4.tcp_invalid_ratelimit", Unit: "ms",
		Meaning:  "The least time between two replies to repeated or invalid segments of one connection or request.",
		Zero:     "no limit",
		Negative: "no limit, where it is taken",
		field:    func(s *Sysctls) *int { return &s.TCPInvalidRatelimit },
		start:    constant(500),
		bounds: func(sem Semantics) (int, int) {
			if sem.RateLimitNegative {
				return -math.MaxInt32, math.MaxInt32
			}
			return 0, math.MaxInt32
		},
		exists: func(sem Semantics) bool { return sem.RateLimitSysctl },
	},
	{
		Name: "net.ipv4.tcp_rto_max_ms", Unit: "ms",
		Meaning: "The longest retransmission timeout; since 6.19 also the longest pause between SYN-ACKs.",
		Zero:    "refused; stands for a kernel without it, whose longest timeout is 120 s",
		field:   func(s *Sysctls) *int { return &s.TCPRTOMaxMs },
		start:   constant(120000),
		bounds:  func(Semantics) (int, int) { return 1000, 120000 },
		exists:  func(sem Semantics) bool { return sem.RTOMaxSysctl },
	},
	{
		Name: "net.ipv4.tcp_no_metrics_save", Unit: "switch",
		Meaning:  "Do not remember the round-trip time of a closed connection's peer, which would prove it to the last quarter.",
		Zero:     "remember it",
		Negative: "the same as 1",
		field:    func(s *Sysctls) *int { return &s.TCPNoMetricsSave },
		start:    constant(0),
		bounds:   byteOrInt,
	},
	{
		Name: "net.ipv4.tcp_migrate_req", Unit: "switch",
		Meaning: "Move the half-open requests of a closed listener to another listener of its reuseport group.",
		Zero:    "they end with it",
		field:   func(s *Sysctls) *int { return &s.TCPMigrateReq },
		start:   constant(0),
		bounds:  func(Semantics) (int, int) { return 0, 1 },
		exists:  func(sem Semantics) bool { return sem.MigrateReqSysctl },
	},
	{
		Name: "net.ipv4.tcp_fin_timeout", Unit: "s",
		Meaning:  "How long a connection that no process holds waits in FIN_WAIT2; it does not shorten TIME_WAIT.",
		Zero:     "3.5 retransmission timeouts",
		Negative: "the same as 0",
		field:    func(s *Sysctls) *int { return &s.TCPFinTimeout },
		start:    constant(60),
		bounds:   anyInt,
	},
	{
		Name: "net.ipv4.tcp_max_tw_buckets", Unit: "entries",
		Meaning:  "The most TIME_WAIT and FIN_WAIT2 entries at once; sockets beyond it are closed without TIME_WAIT.",
		Zero:     "no TIME_WAIT at all",
		Negative: "the same as 0",
		field:    func(s *Sysctls) *int { return &s.TCPMaxTWBuckets },
		start:    defaultMaxTWBuckets,
		bounds:   anyInt,
	},
	{
		Name: "net.ipv4.tcp_tw_reuse", Unit: "switch",
		Meaning:  "1: connect() may take over a port whose connection is in TIME_WAIT; 2: loopback connections only, to 4.18 the same as 1.",
		Zero:     "never",
		Negative: "the same as 1",
		field:    func(s *Sysctls) *int { return &s.TCPTWReuse },
		start: func(sem Semantics, _ Machine) int {
			if sem.TWReuseLoopback {
				return 2
			}
			return 0
		},
		bounds: func(sem Semantics) (int, int) {
			if sem.TWReuseLoopback {
				return 0, 2
			}
			return anyInt(sem)
		},
	},
	{
		Name: "net.ipv4.tcp_tw_reuse_delay", Unit: "ms",
		Meaning: "How old a TIME_WAIT entry must be for connect() to take it over.",
		Zero:    "refused; stands for a kernel without it, which goes by whole seconds",
		field:   func(s *Sysctls) *int { return &s.TCPTWReuseDelay },
		start:   constant(1000),
		bounds:  func(Semantics) (int, int) { return 1, 60000 },
		exists:  func(sem Semantics) bool { return sem.TWReuseDelay },
	},
	{
		Name: "net.ipv4.tcp_rfc1337", Unit: "switch",
		Meaning:  "Do not let a RST end TIME_WAIT.",
		Zero:     "a RST at the next sequence number ends it",
		Negative: "the same as 1",
		field:    func(s *Sysctls) *int { return &s.TCPRFC1337 },
		start:    constant(0),
		bounds:   byteOrInt,
	},
	{
		Name: "net.ipv4.ip_autobind_reuse", Unit: "switch",
		Meaning: "bind() to port 0 with SO_REUSEADDR shares a port when all are in use.",
		Zero:    "it fails",
		field:   func(s *Sysctls) *int { return &s.IPAutobindReuse },
		start:   constant(0),
		bounds:  func(Semantics) (int, int) { return 0, 1 },
		exists:  func(sem Semantics) bool { return sem.AutobindReuse },
	},
	{
		Name: "net.ipv4.ip_local_port_step_width", Unit: "ports",
		Meaning: "connect() goes through the local ports in random steps of up to this many.",
		Zero:    "the smallest step always",
		field:   func(s *Sysctls) *int { return &s.IPLocalPortStepWidth },
		start:   constant(0),
		bounds:  func(Semantics) (int, int) { return 0, math.MaxInt32 },
		exists:  func(sem Semantics) bool { return sem.PortStepWidth },
	},
	{
		Name: "net.ipv4.ip_unprivileged_port_start", Unit: "port",
		Meaning: "The first port that needs no privilege; ip_local_port_range must not begin below it.",
		Zero:    "no port needs one",
		field:   func(s *Sysctls) *int { return &s.IPUnprivilegedPortStart },
		start:   constant(1024),
		bounds:  func(Semantics) (int, int) { return 0, math.MaxUint16 },
		exists:  func(sem Semantics) bool { return sem.UnprivilegedPortStart },
	},
	{
		Name: "net.ipv4.tcp_syn_retries", Unit: "times",
		Meaning:     "How many times connect() sends its SYN again before it gives up.",
		Zero:        "refused; stands for the default",
		field:       func(s *Sysctls) *int { return &s.TCPSynRetries },
		start:       func(sem Semantics, _ Machine) int { return sem.SYNRetriesDefault },
		bounds:      func(Semantics) (int, int) { return 0, 127 },
		refusesZero: true,
	},
	{
		Name: "net.ipv4.tcp_syn_linear_timeouts", Unit: "times",
		Meaning: "How many more times connect() does so before the pauses begin to double.",
		Zero:    "every pause doubles",
		field:   func(s *Sysctls) *int { return &s.TCPSynLinearTimeouts },
		start:   constant(4),
		bounds:  func(Semantics) (int, int) { return 0, 127 },
		exists:  func(sem Semantics) bool { return sem.SYNLinearTimeouts },
	},
	{
		Name: "net.ipv4.tcp_retries2", Unit: "times",
		Meaning:  "How many times a connection sends a segment again before it is given up.",
		Zero:     "once, and it is given up at the next timeout",
		Negative: "the same as 0",
		field:    func(s *Sysctls) *int { return &s.TCPRetries2 },
		start:    constant(15),
		bounds:   byteOrInt,
	},
	{
		Name: "net.ipv4.tcp_orphan_retries", Unit: "times",
		Meaning:  "The same for a connection that no process holds.",
		Zero:     "8 times",
		Negative: "it is given up at the first timeout",
		field:    func(s *Sysctls) *int { return &s.TCPOrphanRetries },
		start:    constant(0),
		bounds:   byteOrInt,
	},
}

func constant(n int) func(Semantics, Machine) int {
	return func(Semantics, Machine) int { return n }
}

func anyInt(Semantics) (lo, hi int) { return math.MinInt32, math.MaxInt32 }

func byteOrInt(sem Semantics) (lo, hi int) {
	if sem.ByteSysctls {
		return 0, math.MaxUint8
	}
	return anyInt(sem)
}
