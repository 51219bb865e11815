package kernel

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
)

// Sysctls holds the value of every sysctl that the models read, as it stands in
// /proc/sys.
//
// Get one from [Defaults], and change it by hand, with [Sysctls.Set], or with what
// [ReadSysctls] and [ParseSysctls] find. It is a comparable value. The zero
// Sysctls is no kernel's default: it has listen() queues of length 0, no SYN-ACK
// ever sent again, and no TCP options.
//
// A sysctl that a kernel does not have stands as 0. [Sysctls.Validate] tells what
// a kernel would refuse. The defaults below were observed on 3.10.108, 5.10.223
// and 6.18.44 where that kernel has the sysctl, unless a field says otherwise.
type Sysctls struct {
	// Somaxconn is net.core.somaxconn: the most that listen() accepts as backlog, in
	// connections. It is read by each listen() and by nothing else. 4096 since 5.4,
	// 128 before. Range: Semantics.SomaxconnMax.
	//
	// 0 makes every listener as if by listen(0). A negative value, which only kernels
	// without a range take, is compared as unsigned and so never limits a backlog
	// that is not negative itself (from source).
	Somaxconn int

	// TCPMaxSynBacklog is net.ipv4.tcp_max_syn_backlog, in half-open requests. While
	// cookies are off its last quarter is kept for proven peers; to 4.3 it also
	// bounds the size of the SYN queue. Defaults follows memory: see [Machine]. Any
	// int in every release (observed on 6.18.44, others from source).
	//
	// 0 leaves room for one request while cookies are off, a negative value for none
	// (from source).
	TCPMaxSynBacklog int

	// TCPSyncookies is net.ipv4.tcp_syncookies: 0 never answers with a cookie, 1 does
	// when the SYN queue is full, 2 always does (Semantics.AlwaysCookies; before, it
	// is the same as 1). Any other value is the same as 1. Default 1 since 2.6.33.
	TCPSyncookies int

	// TCPAbortOnOverflow is net.ipv4.tcp_abort_on_overflow: 0 swallows the final ACK
	// that meets a full accept queue, any other value answers it with a RST. It is
	// not looked at for a SYN, nor for the ACK of a cookie. Default 0.
	TCPAbortOnOverflow int

	// TCPSynackRetries is net.ipv4.tcp_synack_retries: how many times a SYN-ACK is
	// sent again before the request is given up. Default 5: 63 s in all, 189 s where
	// the first timeout is 3 s. 0, like a negative value on kernels that take one,
	// gives the request up at its first timeout. TCP_SYNCNT on the listener
	// overrides it.
	TCPSynackRetries int

	// TCPTwRecycle is net.ipv4.tcp_tw_recycle: other than 0, a SYN whose timestamp is
	// older than the last one of its host is dropped, and TIME_WAIT ends after 3.5
	// retransmission timeouts. Default 0. It is gone since 4.12. Any int to 4.11
	// (from source).
	TCPTwRecycle int

	// TCPTimestamps is net.ipv4.tcp_timestamps: 0 neither offers nor accepts the TCP
	// timestamp option, any other value does. Default 1.
	TCPTimestamps int

	// TCPSack is net.ipv4.tcp_sack: 0 neither offers nor accepts selective
	// acknowledgements, any other value does. Default 1 (observed on 6.18.44, others
	// from source).
	TCPSack int

	// TCPWindowScaling is net.ipv4.tcp_window_scaling: 0 neither offers nor accepts
	// window scaling, any other value does. Default 1 (observed on 6.18.44, others
	// from source).
	TCPWindowScaling int

	// TCPInvalidRatelimit is net.ipv4.tcp_invalid_ratelimit, in milliseconds: the
	// least time between two replies to repeated or invalid segments of one
	// connection or request. Default 500. 0 means no limit; so does the absence of
	// the sysctl, before 4.0, and a negative value, which 7.2 takes and 6.18 refuses
	// (Semantics.RateLimitNegative).
	//
	// The kernel keeps it in jiffies, rounded up: 1 written at HZ=250 reads back as 4
	// (observed on 6.18.44).
	TCPInvalidRatelimit int

	// TCPRTOMaxMs is net.ipv4.tcp_rto_max_ms, in milliseconds: the longest
	// retransmission timeout, and since 6.19 the longest pause between SYN-ACKs.
	// Default 120000, range 1000 to 120000 (observed on 6.18.44). 0 stands for its
	// absence, before 6.15, when the longest timeout is 120 s.
	TCPRTOMaxMs int

	// TCPNoMetricsSave is net.ipv4.tcp_no_metrics_save: 0 remembers the round-trip
	// time of a closed connection's peer, which proves the peer to the last quarter
	// of tcp_max_syn_backlog; any other value does not. Default 0 (observed on
	// 6.18.44, others from source).
	TCPNoMetricsSave int

	// TCPMigrateReq is net.ipv4.tcp_migrate_req: 1 moves the half-open requests of a
	// closed listener to another listener of its reuseport group, 0 does not.
	// Default 0, range 0 to 1 (observed on 6.18.44). Before 5.14 it is absent, and
	// nothing moves.
	TCPMigrateReq int

	// TCPFinTimeout is net.ipv4.tcp_fin_timeout, in seconds: how long a connection
	// that no process holds any more waits in FIN_WAIT2 for the peer's FIN. It has no
	// part in TIME_WAIT, which is 60 s in every release. Default 60.
	//
	// 0 and negative values leave the floor of 3.5 retransmission timeouts (from
	// source). A kernel keeps it in jiffies, and refuses more than 2147483647/HZ
	// seconds (from source).
	TCPFinTimeout int

	// TCPMaxTWBuckets is net.ipv4.tcp_max_tw_buckets: how many TIME_WAIT and
	// FIN_WAIT2 entries there may be at once. Defaults follows memory: half the
	// buckets of the established hash since 2.6.36. 0 and negative values allow none
	// (0 observed on 6.18.44, others from source). Any int in every release (from
	// source).
	TCPMaxTWBuckets int

	// TCPTWReuse is net.ipv4.tcp_tw_reuse: whether connect() that looks for a port may
	// take over one whose connection to the same destination is in TIME_WAIT. 0 never,
	// 1 yes, 2 loopback connections only (Semantics.TWReuseLoopback, since 4.19, range
	// 0 to 2, default 2); before, any other value than 0 is the same as 1, and the
	// default is 0.
	TCPTWReuse int

	// TCPTWReuseDelay is net.ipv4.tcp_tw_reuse_delay, in milliseconds: how old a
	// TIME_WAIT entry must be for that. Default 1000, range 1 to 60000 (observed on
	// 6.18.44). 0 stands for its absence, before 6.14.
	TCPTWReuseDelay int

	// TCPRFC1337 is net.ipv4.tcp_rfc1337: 0 lets a RST end TIME_WAIT, any other value
	// does not. Default 0.
	TCPRFC1337 int

	// IPAutobindReuse is net.ipv4.ip_autobind_reuse: 1 lets bind() to port 0 of a socket
	// with SO_REUSEADDR share a port when all ports of the range are in use. Default 0,
	// range 0 to 1 (observed on 6.18.44). Before 5.7 it is absent.
	IPAutobindReuse int

	// IPLocalPortStepWidth is net.ipv4.ip_local_port_step_width, in ports: connect()
	// goes through the range in steps of a random number of ports, up to about this
	// many of one parity. Default 0, which is the smallest step always. Before 7.1 it is
	// absent. The kernel takes up to 4294967295; more than 65535 makes no difference,
	// and here 2147483647 is the most (from source).
	IPLocalPortStepWidth int

	// IPUnprivilegedPortStart is net.ipv4.ip_unprivileged_port_start: the first port
	// that needs no privilege, and the least lower bound of ip_local_port_range.
	// Default 1024, range 0 to 65535 and not above that bound (observed on 6.18.44).
	// Before 4.11 it is absent: 1024 ports need a privilege, and the range may begin
	// at 1.
	IPUnprivilegedPortStart int

	// TCPSynRetries is net.ipv4.tcp_syn_retries: how many times connect() sends its SYN
	// again before it gives up; see [SYNTimer]. Default 5 to 3.6 and in RHEL 6, 6 from
	// 3.7 on. Kernels take 1 to 127, old ones other values too, which the models refuse.
	// 0 stands for the default. TCP_SYNCNT of the socket overrides it.
	TCPSynRetries int
	// TCPSynLinearTimeouts is net.ipv4.tcp_syn_linear_timeouts: how many more times it
	// does so before the pauses begin to double. Default 4, range 0 to 127. Before 6.5 it
	// is absent, and every pause doubles.
	TCPSynLinearTimeouts int
	// TCPRetries2 is net.ipv4.tcp_retries2: how many times a segment of a connection is
	// sent again, here a FIN, before the connection is given up. Default 15: it is the
	// time of that many doublings of 200 ms, 924.6 s, that counts. 0: it is sent again once,
	// and the connection is given up at the next timeout.
	TCPRetries2 int
	// TCPOrphanRetries is net.ipv4.tcp_orphan_retries: the same for a connection that no
	// process holds. Default 0, which stands for 8.
	TCPOrphanRetries int

	// The last two are not one number each: SysctlNames, All, Set and Get leave them
	// out, and the readers, String and Validate know them.

	// IPLocalPortRange is net.ipv4.ip_local_port_range. The zero value stands for the
	// kernel's default. Each bound is 1 to 65535, and both may be equal.
	IPLocalPortRange PortRange

	// IPLocalReservedPorts is net.ipv4.ip_local_reserved_ports as it stands in
	// /proc/sys, "8080,9000-9010": ports that no search takes. "" (default) is none, and
	// all that a kernel before 2.6.35 can have. [ParsePortList] reads it.
	IPLocalReservedPorts string
}

// Defaults returns the sysctls that r starts with on the machine m.
//
// It is an error if r is the zero Release, or if m tells neither its memory nor
// its hash buckets. These are the kernel's own defaults: what a distribution writes
// at boot (/etc/sysctl.conf, /etc/sysctl.d) is not in them.
func Defaults(r Release, m Machine) (Sysctls, error) {
	if r.IsZero() {
		return Sysctls{}, errors.New("kernel: the zero Release has no sysctls")
	}
	if err := m.check(); err != nil {
		return Sysctls{}, err
	}
	sem := r.Semantics()
	var s Sysctls
	for _, c := range sysctlTable {
		*c.field(&s) = c.Default(sem, m)
	}
	s.IPLocalPortRange = DefaultPortRange(sem)
	return s, nil
}

// Validate reports the first sysctl, in the order of the fields, that a kernel
// with these semantics could not have at its value. The error names the sysctl,
// the value and the rule. A sysctl that the kernel does not have must be 0 or "".
func (s Sysctls) Validate(sem Semantics) error {
	if !sem.Valid() {
		return errors.New("kernel: sysctls checked against Semantics that describe no kernel")
	}
	for _, c := range sysctlTable {
		v := *c.field(&s)
		if err := fitsInt32(c.Name, v); err != nil {
			return err
		}
		lo, hi := c.Range(sem)
		switch {
		case v >= lo && v <= hi:
		case !c.Exists(sem):
			return fmt.Errorf("kernel: %s = %d: this kernel has no such sysctl, so it must stand as 0", c.Name, v)
		default:
			return fmt.Errorf("kernel: %s = %d: this kernel takes %d to %d", c.Name, v, lo, hi)
		}
	}
	return s.validatePorts(sem)
}

// Set changes the sysctl of that name, "net.core.somaxconn" or
// "net/core/somaxconn". An unknown name and a value that does not fit in 32 bits
// are errors, and leave s as it is. Set does not know the kernel: ask Validate.
func (s *Sysctls) Set(name string, value int) error {
	c, ok := SysctlByName(name)
	if !ok {
		return unknownSysctl(name)
	}
	if err := fitsInt32(c.Name, value); err != nil {
		return err
	}
	*c.field(s) = value
	return nil
}

// Get returns the sysctl of that name, "net.core.somaxconn" or
// "net/core/somaxconn". An unknown name is an error.
func (s Sysctls) Get(name string) (int, error) {
	c, ok := SysctlByName(name)
	if !ok {
		return 0, unknownSysctl(name)
	}
	return *c.field(&s), nil
}

// All yields the name and the value of every sysctl in the order of [SysctlNames].
func (s Sysctls) All() iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for _, c := range sysctlTable {
			if !yield(c.Name, *c.field(&s)) {
				return
			}
		}
	}
}

// String lists the sysctls as `sysctl -a` does, one a line. [ParseSysctls] reads
// it back.
func (s Sysctls) String() string {
	var b strings.Builder
	for name, v := range s.All() {
		fmt.Fprintf(&b, "%s = %d\n", name, v)
	}
	for _, c := range textSysctls {
		fmt.Fprintf(&b, "%s = %s\n", c.name, c.get(&s))
	}
	return b.String()
}

func unknownSysctl(name string) error {
	return fmt.Errorf("kernel: %q is not a sysctl that the models read", name)
}

// fitsInt32 refuses what no kernel can hold: all of these are ints there, or less.
func fitsInt32(name string, v int) error {
	if int64(v) < math.MinInt32 || int64(v) > math.MaxInt32 {
		return fmt.Errorf("kernel: %s = %d: a sysctl has 32 bits, %d to %d", name, v, math.MinInt32, math.MaxInt32)
	}
	return nil
}
