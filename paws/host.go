package paws

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// A Host is what the per-host cache remembers of a host's timestamps. The zero Host is
// one whose timestamps were never seen, or forgotten.
type Host struct {
	// TS is the last timestamp stored: tcp_ts of inet_peer, tcpm_ts of tcp_metrics.
	TS uint32
	// Stamp is the second of the wall clock (since 1970, 32 bits) at which the
	// connection received it, not the one at which it closed.
	Stamp uint32
}

const hostMSL = 60 // TCP_PAWS_MSL, in seconds

// HostFresh reports whether a host's timestamp of that second still counts against
// SYNs: it is less than 60 s old, at exactly 60 no more. now is the wall clock in
// seconds (get_seconds).
//
//	2.6.32, RHEL 6    now < stamp + 60: a stamp of the future counts until it is past
//	2.6.33 to 4.11    now - stamp < 60, unsigned 32-bit: a stamp of the future does not
//
// The two differ only after the wall clock was set back, or beyond the year 2106. No
// stamp is 0, which counts in the first minute of 1970 only.
//
// From source (2c1409a0a2b8), the 60 s observed on 3.10.108; the row host-stamp-u32 of
// [kernel.Changes].
func HostFresh(sem *kernel.Semantics, stamp, now uint32) bool {
	if given.Kernel(sem).HostStampUnsigned {
		return now-stamp < hostMSL
	}
	return uint64(now) < uint64(stamp)+hostMSL
}

// RecycleRejects reports whether net.ipv4.tcp_tw_recycle drops a SYN because of what
// is remembered of its host: the entry is less than 60 s old ([HostFresh]), and the
// SYN's timestamp is older by more than one tick, in signed 32-bit arithmetic
// (tcp_v4_conn_request, tcp_peer_is_proven). So with C the remembered timestamp it is
// dropped iff C - tsval mod 2^32 is 2 to 2^31-1: 2 ticks older is dropped, 1 tick
// passes, and a clock more than 2^31 ahead is dropped although its number is larger.
//
// A SYN without timestamp passes to 3.16 and is dropped while the entry is fresh from
// 3.17 on and in RHEL 7 (a26552afe894), tsval not being looked at. timestamp is false
// too where the server's own net.ipv4.tcp_timestamps is 0.
//
// The drop is silent, and counts PAWSPassive and from 3.8 on ListenDrops; see
// package queue. From 4.12 on there is no such test.
//
// Evidence: observed on 3.10.108 (recycle), to the tick; timestamp-less SYNs on
// 3.10.108 and 4.4.155; the rest from source.
func RecycleRejects(sem *kernel.Semantics, h Host, now uint32, timestamp bool, tsval uint32) bool {
	sem = given.Kernel(sem)
	if sem.Recycle == 0 || sem.Recycle == kernel.RecycleGone || !HostFresh(sem, h.Stamp, now) {
		return false
	}
	if !timestamp {
		return sem.Recycle == kernel.RecycleStrict
	}
	return int32(h.TS-tsval) > hostWindow
}

// RecycleJudges reports whether tcp_tw_recycle looks at a SYN at all, where known says
// that something is remembered of its host. If it does and does not reject it, the SYN
// is not held against the last quarter of tcp_max_syn_backlog.
//
//	2.6.32 to 3.5    the sysctl, a timestamp, a host that is known
//	3.6 to 3.16      the sysctl, a timestamp
//	3.17 to 4.11     the sysctl (RHEL 7 too)
//	4.12             never
//
// IPv6 takes part from 2.6.38 on. A route back to the sender's own address is needed
// as well. Any value of the sysctl but 0 counts. Of sys the fields TCPTwRecycle and
// TCPTimestamps are read. From source.
func RecycleJudges(sem *kernel.Semantics, sys *kernel.Sysctls, ipv6, known, timestamp bool) bool {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	if !recycles(sem, sys, ipv6) {
		return false
	}
	if sem.Recycle == kernel.RecycleStrict {
		return true
	}
	return timestamp && sys.TCPTimestamps != 0 && (known || sem.HostMetrics)
}

// recycles reports whether tcp_tw_recycle is in force for a protocol.
func recycles(sem *kernel.Semantics, sys *kernel.Sysctls, ipv6 bool) bool {
	return sys.TCPTwRecycle != 0 && sem.Recycle != 0 && sem.Recycle != kernel.RecycleGone && (sem.LastQuarter6 || !ipv6)
}

// StampRemembered reports whether a closing connection's timestamp takes the place of
// the host's (tcp_v4_remember_stamp, tcp_remember_stamp): it does if it is not older,
// in signed 32-bit arithmetic and without a window, or if the host's was stored more
// than 60 s ago and not after the connection's.
//
// At exactly 60 s a SYN passes already, but does not yet overwrite. In 2.6.32 and RHEL 6
// more than 60 s means stamp + 60 < now, later now - stamp > 60, unsigned 32-bit.
//
// From source; the row host-stamp-u32 of [kernel.Changes].
func StampRemembered(sem *kernel.Semantics, old, closing Host, now uint32) bool {
	if int32(old.TS-closing.TS) <= 0 {
		return true
	}
	return hostStale(given.Kernel(sem), old.Stamp, now) && old.Stamp <= closing.Stamp
}

// hostStale is the age test of a write: strictly more than 60 s.
func hostStale(sem *kernel.Semantics, stamp, now uint32) bool {
	if sem.HostStampUnsigned {
		return now-stamp > hostMSL
	}
	return uint64(stamp)+hostMSL < uint64(now)
}

// FetchStamp reports whether an active connect() to a host takes over its remembered
// timestamp (tcp_v4_connect, tcp_fetch_timewait_stamp): with tcp_tw_recycle on, if the
// stamp is 60 s old or less, one second longer than [HostFresh]. It drops nothing by
// itself: the timestamp is what [DecideSYNSent] then holds against a crossing SYN.
//
// Not from 4.12 on; IPv6 from 2.6.38 on. From source.
func FetchStamp(sem *kernel.Semantics, sys *kernel.Sysctls, h Host, ipv6 bool, now uint32) bool {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	if !recycles(sem, sys, ipv6) {
		return false
	}
	return !hostStale(sem, h.Stamp, now)
}

// PeerProven reports whether a host passes the last quarter of tcp_max_syn_backlog
// while tcp_syncookies is 0 and tcp_tw_recycle does not judge its SYN. rtt says that a
// round-trip time of it is remembered.
//
// From 4.14 on that is enough. Before, nobody passes: the kernel asks before it has a
// route to the host (and to 4.11 wants a remembered timestamp, too). Where
// tcp_tw_recycle judges a SYN, proven means not rejected: [RecycleRejects].
//
// Evidence: observed on 5.10.223 and later; the row proven-peers of [kernel.Changes].
func PeerProven(sem *kernel.Semantics, rtt bool) bool {
	return rtt && given.Kernel(sem).ProvenPeers
}
