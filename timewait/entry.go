package timewait

import (
	"time"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// Length is how long TIME_WAIT is meant to last: TCP_TIMEWAIT_LEN, a constant of the
// kernel since its beginnings. No sysctl of a mainline kernel or of RHEL changes it;
// net.ipv4.tcp_fin_timeout does not. [Lifetime] tells how long it lasts in fact.
const Length = 60 * time.Second

// A State is what an entry is in: tw_substate in the kernel.
type State uint8

const (
	FinWait2 State = iota + 1 // our FIN is acknowledged, the peer's has not come, and no process holds the socket
	TimeWait                  // both FINs have come
)

var stateNames = [...]string{FinWait2: "FIN_WAIT2", TimeWait: "TIME_WAIT"}

// String is the name that netstat shows.
func (s State) String() string { return words.Name("State", stateNames[:], uint8(s)) }

// Floor returns 3.5 retransmission timeouts, the least time for which the kernel
// keeps FIN_WAIT2, and the whole of TIME_WAIT under tcp_tw_recycle: 4*rto - rto/2
// (tcp_fin_time, tcp_time_wait). rto is the connection's retransmission timeout,
// 200 ms to 120 s; 700 ms is the smallest result on a real kernel.
//
// Every release. Evidence: observed on 5.10.223 and 6.18.44 with a tcp_fin_timeout of 0
// and -1 (179 jiffies of 4 ms with a timeout of 51); as the time of TIME_WAIT from source.
func Floor(rto time.Duration) time.Duration { return 4*rto - rto/2 }

// Linger2 returns what setsockopt(TCP_LINGER2) keeps of a value in seconds: a
// negative result for a negative value, which aborts instead of waiting in
// FIN_WAIT2; 0 for "as tcp_fin_timeout says"; else the time (tcp_setsockopt,
// tp->linger2).
//
// To 5.7 a value above net.ipv4.tcp_fin_timeout stands for tcp_fin_timeout, so the
// option can only shorten; from 5.8 on a value above 120 stands for 120 and the
// option may lengthen (kernel.Semantics.Linger2Cap). A negative tcp_fin_timeout
// leaves no value to 5.7. getsockopt reads a negative value as -1 and 0 as
// tcp_fin_timeout.
//
// Evidence: observed on 5.10.223, 6.1.192, 6.18.44 and 7.2.13; to 5.7 from source.
func Linger2(sem *kernel.Semantics, sys *kernel.Sysctls, seconds int) time.Duration {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	switch {
	case seconds < 0:
		return -1
	case sem.Linger2Cap:
		seconds = min(seconds, 120)
	case seconds > sys.TCPFinTimeout:
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// FinTime returns how long a socket without a process waits for the peer's FIN
// (tcp_fin_time): linger2 if it is not 0, else net.ipv4.tcp_fin_timeout, and at
// least [Floor](rto). linger2 comes from [Linger2].
//
// A tcp_fin_timeout of 0 or less, which kernels take, leaves the floor alone.
//
// Every release. Evidence: observed on 5.10.223, 6.1.192, 6.18.44 and 7.2.13.
func FinTime(sys *kernel.Sysctls, linger2, rto time.Duration) time.Duration {
	t := linger2
	if t == 0 {
		t = time.Duration(given.Sysctls(sys).TCPFinTimeout) * time.Second
	}
	return max(t, Floor(rto))
}

// An Orphan tells what becomes of a socket in FIN_WAIT2 that no process holds. The
// times add up.
type Orphan struct {
	// Abort: it does not wait. close() in FIN_WAIT2 sends a RST and counts
	// TCPAbortOnLinger; where FIN_WAIT2 begins after close(), the ACK that begins it is
	// answered with a RST and counts TCPAbortOnData. Both count OutRsts. (Observed on
	// 5.10.223, 6.1.192, 6.18.44 and 7.2.13.)
	Abort bool
	// Full is how long it stays a full socket, counted among the orphans.
	Full time.Duration
	// Entry is how long it is then an entry like those of TIME_WAIT, counted against
	// tcp_max_tw_buckets. [Table.Enter] takes it as Socket.Timeout.
	Entry time.Duration
}

// Total is the time to its end, before timers round it.
func (o Orphan) Total() time.Duration { return o.Full + o.Entry }

// PlanFinWait2 returns what becomes of a socket in FIN_WAIT2 that no process holds,
// from its [FinTime] T. Up to 60 s it is an entry at once, for T. Above, it is a full
// socket for T - 60 s, and then an entry for T - 60 s as well: 2*(T-60) in all. So a
// tcp_fin_timeout of 61 waits for 2 s, one of 90 for 60 s, and 120 for 120 s.
//
// linger2 comes from [Linger2]; a negative one aborts. A socket that a process still
// holds, after shutdown(SHUT_WR), stays in FIN_WAIT2 without any timer.
//
// One more case is not in the plan: where the segment that acknowledges our FIN
// carries the peer's FIN, or finds the socket locked by a process, it stays a full
// socket, and the FIN makes it TIME_WAIT.
//
// Every release (tcp_close, tcp_rcv_state_process, tcp_keepalive_timer). Evidence:
// observed on 5.10.223, 6.1.192, 6.18.44 and 7.2.13 (1 to 120 s, and TCP_LINGER2).
func PlanFinWait2(finTime, linger2, rto time.Duration) Orphan {
	switch {
	case linger2 < 0:
		return Orphan{Abort: true}
	case finTime > Length:
		return Orphan{Full: finTime - Length, Entry: EntryTimeout(FinWait2, finTime-Length, rto, false)}
	}
	return Orphan{Entry: EntryTimeout(FinWait2, finTime, rto, false)}
}

// EntryTimeout returns the timeout that an entry starts with (tcp_time_wait):
// [Length] for TIME_WAIT, whatever the retransmission timeout; for FIN_WAIT2 the
// timeout asked for, at least [Floor](rto). recycle says that tcp_tw_recycle holds
// for it ([Recycles]): TIME_WAIT then lasts Floor(rto).
//
// Every release; recycle to 4.11. Evidence: 60 s observed on all kernels asked, the
// floor and recycle from source.
func EntryTimeout(state State, timeout, rto time.Duration, recycle bool) time.Duration {
	switch {
	case state == FinWait2:
		return max(timeout, Floor(rto))
	case recycle:
		return Floor(rto)
	}
	return Length
}

// HasRoom reports whether one more entry is allowed beside count others: count <
// net.ipv4.tcp_max_tw_buckets. Entries in FIN_WAIT2 count as well. A socket that
// finds no room is closed on the spot: nothing is sent, what the peer still sends
// meets no socket and gets a RST, and TCPTimeWaitOverflow counts (from 2.6.37;
// before, the log says "time wait bucket table overflow").
//
// To 4.10 the limit and the count are the machine's, from 4.11 on a network
// namespace's ([kernel.Semantics].MaxTWBucketsPerNetns).
//
// A negative limit, which every kernel takes, allows none to 5.17. From 5.18 on the
// kernel compares without sign, and it is no limit at all.
//
// Evidence: observed on 3.10.108, 5.10.223, 6.18.44, of which -1 allows five entries on
// the last and none on 5.10.223; the row max-tw-buckets-unsigned of [kernel.Changes].
func HasRoom(sem *kernel.Semantics, count, maxTWBuckets int) bool {
	if given.Kernel(sem).MaxTWBucketsUnsigned {
		return uint32(count) < uint32(maxTWBuckets)
	}
	return count < maxTWBuckets
}

// Recycles reports whether net.ipv4.tcp_tw_recycle shortens an entry: the sysctl is
// on, the kernel has it (to 4.11), the connection has seen a timestamp, and the
// kernel remembers the peer's (which needs a route and memory; see
// [HostStamps]). IPv6 from 2.6.38 on.
//
// Evidence: from source.
func Recycles(sem *kernel.Semantics, sys *kernel.Sysctls, ipv6, stamped, remembered bool) bool {
	return recyclable(sem, sys, ipv6, stamped) && remembered
}

// recyclable is all of that but the memory, which is asked only then.
func recyclable(sem *kernel.Semantics, sys *kernel.Sysctls, ipv6, stamped bool) bool {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	// IPv6 recycling came with the last quarter for IPv6, in one commit (493f377d6dd5).
	return sem.Recycle != kernel.RecycleGone && sys.TCPTwRecycle != 0 && stamped && (!ipv6 || sem.LastQuarter6)
}

// ReopenISN returns the sequence number with which a connection that follows an entry
// starts: snd_nxt + 65535 + 2, and 1 instead of 0. It holds for the SYN-ACK to a SYN
// that reopens an entry, unless [ReopenISNLost], and for the SYN of a connect() that
// takes one over.
//
// Every release. Evidence: observed on 3.10.108, 5.10.223 (connect() only), 6.18.44.
func ReopenISN(sndNxt uint32) uint32 { return max(sndNxt+65535+2, 1) }

// ReopenISNLost reports whether [ReopenISN] is lost on its way from TIME_WAIT to the
// listener: IPv4 in 4.15 to 6.9 and 4.14.7, IPv6 in 3.19 to 6.9 and 3.18.4. The
// SYN-ACK then has an ordinary number, and the SYN meets the limits that an ordinary
// one does.
//
// Evidence: observed on 4.19.78, 5.10.223, 6.1.192 (lost), 3.10.108 and 6.18.44
// (kept).
func ReopenISNLost(sem *kernel.Semantics, ipv6 bool) bool {
	sem = given.Kernel(sem)
	if ipv6 {
		return sem.TimeWaitISNLost6
	}
	return sem.TimeWaitISNLost4
}

// EntryBytes returns the bytes of kernel memory that one entry takes on x86-64, for
// planners: the slab object with its alignment. The local port's bind bucket comes on
// top, once for each port (40 bytes on 2.6.32, 72 on 5.10; from 6.1 on another 64 to 80
// for each address and port). A full socket takes about 2300.
//
// Evidence: type information of Debian's 5.10, 6.1, 6.12 and 7.2 kernels; earlier
// computed from source.
func EntryBytes(sem *kernel.Semantics, ipv6 bool) int {
	sem = given.Kernel(sem)
	if ipv6 {
		return int(sem.TimeWaitBytes6)
	}
	return int(sem.TimeWaitBytes4)
}

// LimitIsShared reports whether all network namespaces of a machine, containers that
// is, share one tcp_max_tw_buckets and fill it together: to 4.10. From 4.11 on each
// has its own.
//
// Evidence: from source.
func LimitIsShared(sem *kernel.Semantics) bool { return !given.Kernel(sem).MaxTWBucketsPerNetns }
