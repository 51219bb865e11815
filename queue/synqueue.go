package queue

import (
	"math/bits"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// SYNQueueLimit returns the number that [SYNQueueFull] compares the queued
// requests of a listener with, after listen(backlog).
//
//   - 2.6.32 to 4.3, RHEL 6 and 7: the smallest power of two >= n+1, where n is
//     max(8, min(clamped backlog, tcp_max_syn_backlog)): 16, 32, 64...
//     (reqsk_queue_alloc). The first listen() on a socket fixes it. The backlog
//     counts with all its bits here, even where the accept queue's limit wraps.
//   - 4.4 and later: the accept queue's limit, as it is at the moment.
//     tcp_max_syn_backlog is no part of it (ef547f2ac16b).
//
// All three numbers are compared unsigned, so a negative tcp_max_syn_backlog does
// not limit. Evidence: observed; the row synq-backlog of [kernel.Changes].
func SYNQueueLimit(sem *kernel.Semantics, backlog, somaxconn, maxSYNBacklog int32) uint32 {
	sem = given.Kernel(sem)
	if sem.SYNQueue != kernel.SYNQueuePowerOfTwo {
		return AcceptLimit(sem, backlog, somaxconn)
	}
	n := max(8, min(Clamp(backlog, somaxconn), uint32(maxSYNBacklog)))
	if n >= 1<<31 {
		return 1 << 31 // the kernel cannot allocate a table of that size
	}
	return 1 << bits.Len32(n)
}

// SYNQueueFull reports whether a listener that holds that many half-open requests
// (SYN-RECV) takes another one: requests >= limit to 6.12, requests > limit from
// 6.13 on and in 6.12.10, 6.6.72, 6.1.125, 5.15.177, 5.10.234 and 5.4.290
// (inet_csk_reqsk_queue_is_full, 3479c7549fb1).
//
// A full queue is answered with cookies, or by silence where tcp_syncookies is 0;
// see [DecideSYN]. From 4.4 on requests are counted without a lock, so under SYNs
// on several CPUs at once the queue may grow past the limit by the number of CPUs
// less one; this library models one CPU.
//
// Evidence: observed; the row synq-above-backlog of [kernel.Changes].
func SYNQueueFull(sem *kernel.Semantics, requests, limit uint32) bool {
	sem = given.Kernel(sem)
	if sem.SYNQueue == kernel.SYNQueueAboveBacklog {
		return requests > limit
	}
	return requests >= limit
}

// SYNQueueCapacity returns how many requests a listener with that limit holds at
// most, as far as [SYNQueueFull] goes; with tcp_syncookies 0 the last quarter may
// end it sooner, see [LastQuarterCapacity]. listen(0) gives 16 to 4.3, 0 to 6.12
// (nobody can connect without cookies) and 1 later.
func SYNQueueCapacity(sem *kernel.Semantics, limit uint32) uint64 {
	sem = given.Kernel(sem)
	if sem.SYNQueue == kernel.SYNQueueAboveBacklog {
		return uint64(limit) + 1
	}
	return uint64(limit)
}

// LastQuarter reports whether fewer than a quarter of tcp_max_syn_backlog is left
// over by the queued requests: M - requests < M>>2, in signed numbers. With
// tcp_syncookies 0 such a SYN is dropped unless its peer is proven (see [Peer]), and
// counts ListenDrops alone. With cookies on, the rule never applies.
//
// requests is the one listener's, M the network namespace's (the machine's before
// 4.11). Every release; IPv6 from 2.6.38.
//
// Evidence: observed on 3.10.108, 4.4.155, 4.9.154, 4.19.78, 5.10.223, 6.1.192,
// 6.12.107, 6.18.44 and 7.2.13.
func LastQuarter(requests uint32, maxSYNBacklog int32) bool {
	return maxSYNBacklog-int32(requests) < maxSYNBacklog>>2
}

// LastQuarterApplies reports whether [LastQuarter] is looked at for an ordinary SYN:
// with tcp_syncookies 0, from 3.17 on not while tcp_tw_recycle is set, and on IPv6
// from 2.6.38 on.
func LastQuarterApplies(sem *kernel.Semantics, sys *kernel.Sysctls, ipv6 bool) bool {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	return sys.TCPSyncookies == 0 && (sem.LastQuarter6 || !ipv6) &&
		!(sem.Recycle == kernel.RecycleStrict && sys.TCPTwRecycle != 0)
}

// LastQuarterCapacity returns how many requests [LastQuarter] admits from peers
// that are not proven: M - (M>>2) + 1, so 97 for 128 (a well-known article says 96),
// 193 for 256, 385 for 512, 4 for 4, 1 for 0 and for -1, and none for a smaller M.
//
// Evidence: observed on 5.10.223 to 7.2.13, -1 among them.
func LastQuarterCapacity(maxSYNBacklog int32) uint32 {
	return uint32(max(0, maxSYNBacklog-maxSYNBacklog>>2+1))
}
