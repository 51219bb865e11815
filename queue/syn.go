package queue

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// Queues is what a listener's decisions look at: how long its queues are and
// where they end. A program fills it from a live socket, a [Listener] keeps it.
type Queues struct {
	// AcceptLen is the number of connections in the accept queue: Recv-Q of `ss -lt`.
	AcceptLen uint32
	// AcceptLimit is its limit, from [AcceptLimit]: Send-Q of `ss -lt`.
	AcceptLimit uint32
	// Requests is the number of half-open requests: the listener's sockets in
	// SYN-RECV.
	Requests uint32
	// Young is how many of them have never had their SYN-ACK sent again: those with
	// retrnsmt 0 in /proc/net/tcp.
	Young uint32
	// SYNLimit is the limit of the SYN queue, from [SYNQueueLimit].
	SYNLimit uint32
	// FloodLogged says that "possible SYN flooding" was logged and will not be again:
	// for this socket, or to 2.6.35 within the last 60 s.
	FloodLogged bool
}

// A SYN is what a listener's decision looks at in a SYN.
type SYN struct {
	// IPv6 says which protocol carried it; some rules came later to IPv6.
	IPv6 bool
	// Timestamp says that it carries the timestamp option.
	Timestamp bool
	// TimeWait says that TIME_WAIT let it through to reopen a connection, with a
	// sequence number for the SYN-ACK. Several releases lose that number, and the
	// fact with it, on the way; the decision knows which.
	TimeWait bool
	// NotUnicast says that it was sent to a broadcast or multicast address.
	NotUnicast bool
	// Unroutable says that no route leads back, or a security module refuses.
	Unroutable bool
	// Peer is what the kernel remembers of the host that sent it.
	Peer Peer
}

// A Peer is what the kernel remembers of a host, as far as it matters to a SYN.
// The zero Peer is a host it knows nothing of. Package paws fills it in.
type Peer struct {
	// Proven: a round-trip time of the host is remembered (tcp_metrics), which is so
	// after a connection with it was closed, unless tcp_no_metrics_save is set. It
	// counts from 4.14 on.
	Proven bool
	// Judged: tcp_tw_recycle held the SYN's timestamp against the host's last one.
	Judged bool
	// Rejected: and found it too old. Implies Judged.
	Rejected bool
}

// DecideSYN returns what a listener does with a SYN that belongs to no request or
// connection: tcp_conn_request (tcp_v4_conn_request and tcp_v6_conn_request before
// 3.17), in the kernel's order:
//
//  1. not sent to a unicast address: dropped;
//  2. SYN queue full ([SYNQueueFull]), or tcp_syncookies=2 from 3.12 on: a cookie, or
//     dropped if tcp_syncookies is 0;
//  3. accept queue full ([FullForSYN]): dropped, cookie or not;
//  4. no route back: dropped (from 4.14 on here, before after 5);
//  5. no cookie: tcp_tw_recycle (to 4.11), then the last quarter ([LastQuarter]);
//  6. the SYN-ACK is sent, and the request queued unless it is a cookie.
//
// A SYN that reopens a TIME_WAIT connection skips 2 and 5 on releases that keep its
// number; from 4.15 to 6.9 (IPv4; IPv6 from 3.19) it is treated like any other.
//
// Counters: TCPReqQFullDoCookies or TCPReqQFullDrop at 2 (from 3.1), ListenOverflows
// at 3 and ListenDrops at every drop (from 3.8, so ListenDrops rises at every SYN
// that ends at 1 to 5), PAWSPassive at 5, SyncookiesSent at 6. From 3.8 to 4.6 a
// cookie that was sent counts ListenDrops as well.
//
// No drop has a drop reason: the SYN is consumed whatever is decided.
//
// Of sys the fields TCPSyncookies, TCPMaxSynBacklog,
// TCPTwRecycle and TCPTimestamps are read. Failing allocations are not modelled.
// Evidence: the floods and accept queue scripts, observed on 3.10.108 to 7.2.13;
// order and IPv6 from source.
func DecideSYN(sem *kernel.Semantics, sys *kernel.Sysctls, q Queues, syn SYN) Verdict {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	return decideSYN(sem, sys, q, syn, nil)
}

// ExplainSYN returns [DecideSYN]'s verdict with the checks that led to it.
func ExplainSYN(sem *kernel.Semantics, sys *kernel.Sysctls, q Queues, syn SYN) Explanation {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	var t trail
	v := decideSYN(sem, sys, q, syn, &t)
	return Explanation{Verdict: v, Checks: t.checks}
}

func decideSYN(sem *kernel.Semantics, sys *kernel.Sysctls, q Queues, syn SYN, t *trail) Verdict {
	cookies := sys.TCPSyncookies
	fromTimeWait := keepsTimeWaitISN(sem, syn)
	if t != nil {
		t.origin(syn, fromTimeWait)
	}
	if syn.NotUnicast {
		return droppedSYN(sem, NotUnicast, kernel.CounterSet{})
	}

	var counters kernel.CounterSet
	var cookie, logs bool
	if !fromTimeWait {
		full := SYNQueueFull(sem, q.Requests, q.SYNLimit)
		always := sem.AlwaysCookies && cookies == 2
		if t != nil {
			t.synQueue(sem, cookies, q, full, always)
		}
		if full || always {
			cookie = cookies != 0
			logs = floodLogs(sem, cookies, cookie, q.FloodLogged)
			switch {
			case !sem.ReqQFullCounters:
			case cookie:
				counters = counters.With(kernel.TCPReqQFullDoCookies)
			default:
				counters = counters.With(kernel.TCPReqQFullDrop)
			}
			if !cookie {
				v := droppedSYN(sem, SYNQueueFullDrop, counters)
				v.Logs = logs
				return v
			}
		}
	}

	overflow := FullForSYN(sem, q.AcceptLen, q.AcceptLimit, q.Young)
	if t != nil {
		t.acceptQueueSYN(sem, q, overflow)
	}
	if overflow {
		if sem.SYNDropCounters {
			counters = counters.With(kernel.ListenOverflows)
		}
		v := droppedSYN(sem, AcceptQueueFullSYN, counters)
		v.Logs = logs && sem.FloodLog != kernel.FloodLogMinute // that one waits for the cookie
		return v
	}

	if syn.Unroutable && sem.ProvenPeers {
		v := droppedSYN(sem, Unroutable, counters)
		v.Logs = logs
		return v
	}
	if !cookie && !fromTimeWait {
		if r := judgePeer(sem, sys, q, syn, t); r != 0 {
			if r == RecycleReject {
				counters = counters.With(kernel.PAWSPassive)
			}
			return droppedSYN(sem, r, counters)
		}
	}
	if syn.Unroutable {
		v := droppedSYN(sem, Unroutable, counters)
		v.Logs = logs
		return v
	}

	v := Verdict{Action: SendSYNACK, Reason: Admitted, Counters: counters, Trace: Trace{Logs: logs}}
	switch {
	case cookie:
		v.Action, v.Reason = SendCookie, CookieQueueFull
		if !SYNQueueFull(sem, q.Requests, q.SYNLimit) {
			v.Reason = CookieAlways
		}
		v.Counters = v.Counters.With(kernel.SyncookiesSent)
		if sem.CookieListenDrops {
			v.Counters = v.Counters.With(kernel.ListenDrops)
		}
	case fromTimeWait:
		v.Reason = AdmittedTimeWait
	}
	return v
}

// keepsTimeWaitISN reports whether a SYN comes with a number from TIME_WAIT that
// this release does not lose.
func keepsTimeWaitISN(sem *kernel.Semantics, syn SYN) bool {
	lost := sem.TimeWaitISNLost4
	if syn.IPv6 {
		lost = sem.TimeWaitISNLost6
	}
	return syn.TimeWait && !lost
}

// judgePeer is the step that looks at who sent the SYN: tw_recycle and the last
// quarter. It returns the reason to drop, or 0.
func judgePeer(sem *kernel.Semantics, sys *kernel.Sysctls, q Queues, syn SYN, t *trail) Reason {
	recycle := sem.Recycle != kernel.RecycleGone && sys.TCPTwRecycle != 0 && !syn.Unroutable
	if recycle && (sem.LastQuarter6 || !syn.IPv6) {
		stamped := syn.Timestamp && sys.TCPTimestamps != 0
		judged := syn.Peer.Judged && (stamped || sem.Recycle == kernel.RecycleStrict)
		rejected := judged && syn.Peer.Rejected
		if t != nil {
			t.recycle(rejected)
		}
		if rejected {
			return RecycleReject
		}
		if judged {
			return 0
		}
	}
	if !LastQuarterApplies(sem, sys, syn.IPv6) {
		return 0
	}
	last := LastQuarter(q.Requests, int32(sys.TCPMaxSynBacklog))
	proven := sem.ProvenPeers && syn.Peer.Proven
	if t != nil {
		t.lastQuarter(q.Requests, int32(sys.TCPMaxSynBacklog), last, proven)
	}
	if last && !proven {
		return LastQuarterDrop
	}
	return 0
}

// droppedSYN is the end of every drop in tcp_conn_request: the label drop.
func droppedSYN(sem *kernel.Semantics, r Reason, counters kernel.CounterSet) Verdict {
	v := Verdict{Action: Drop, Reason: r, Counters: counters}
	if sem.SYNDropCounters {
		v.Counters = v.Counters.With(kernel.ListenDrops)
	}
	if sem.SockDrops {
		v.SockDrops = 1
	}
	return v
}
