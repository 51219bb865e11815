package queue

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// DecideFinalACK returns what happens to a segment that completes the handshake of
// a queued request: every test of tcp_check_req is passed, and
// tcp_v4_syn_recv_sock (tcp_v6_syn_recv_sock) is to make the connection.
//
// If the accept queue is full ([AcceptQueueFull]) it makes none and counts
// ListenOverflows and ListenDrops, in every release. Then
//   - tcp_abort_on_overflow 0: nothing is sent. The request stays, marked as
//     acknowledged, and its timer goes on sending SYN-ACKs. The client thinks that it
//     is connected; each segment that it sends, data or the answer to the next
//     SYN-ACK, is a new attempt that counts again or succeeds.
//   - any other value: a RST is sent (OutRsts) and the request removed
//     (EmbryonicRsts, counted before the RST to 3.6).
//
// The sysctl matters nowhere else: not at the SYN, and not for cookies. From 4.10 on
// a full accept queue is met at the SYN first, so only clients whose SYN came before
// the queue filled up ever get that RST.
//
// Of sys only TCPAbortOnOverflow is read. Evidence: observed on 3.10.108, 5.10.223,
// 6.18.44 (overflowack); the order of the counters from source.
func DecideFinalACK(sem *kernel.Semantics, sys *kernel.Sysctls, q Queues) Verdict {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	return decideFinalACK(sem, sys, q, nil)
}

// ExplainFinalACK returns [DecideFinalACK]'s verdict with the checks that led to it.
func ExplainFinalACK(sem *kernel.Semantics, sys *kernel.Sysctls, q Queues) Explanation {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	var t trail
	v := decideFinalACK(sem, sys, q, &t)
	return Explanation{Verdict: v, Checks: t.checks}
}

func decideFinalACK(sem *kernel.Semantics, sys *kernel.Sysctls, q Queues, t *trail) Verdict {
	full := AcceptQueueFull(q.AcceptLen, q.AcceptLimit)
	if t != nil {
		t.acceptQueueACK(q, full, "tcp_v4_syn_recv_sock", "full")
	}
	if !full {
		return verdict(Establish, Completed, kernel.PassiveOpens)
	}
	abort := sys.TCPAbortOnOverflow != 0
	if t != nil {
		t.abort(sys.TCPAbortOnOverflow)
	}
	v := verdict(Hold, AcceptQueueFullACK, kernel.ListenOverflows, kernel.ListenDrops)
	if sem.SockDrops {
		v.SockDrops++
	}
	if abort {
		v.Action = ResetRemove
		v.Counters = withReset(sem, v.Counters)
	}
	return swallowed(sem, v, DropListenOverflow)
}

// DecideCookieACK returns what happens to a segment that carries a good cookie:
// SyncookiesRecv is counted first, and if the accept queue is full the segment is
// dropped (ListenOverflows, ListenDrops) and nothing is remembered or sent, whatever
// tcp_abort_on_overflow says. The client's next segment at the same sequence number
// is a new attempt, and counts SyncookiesRecv again.
//
// Evidence: observed on 5.10.223, 6.18.44 (overflowack, cookie).
func DecideCookieACK(sem *kernel.Semantics, q Queues) Verdict {
	sem = given.Kernel(sem)
	return decideCookieACK(sem, q, nil)
}

// ExplainCookieACK returns [DecideCookieACK]'s verdict with the checks that led to
// it.
func ExplainCookieACK(sem *kernel.Semantics, q Queues) Explanation {
	sem = given.Kernel(sem)
	var t trail
	v := decideCookieACK(sem, q, &t)
	return Explanation{Verdict: v, Checks: t.checks}
}

func decideCookieACK(sem *kernel.Semantics, q Queues, t *trail) Verdict {
	full := AcceptQueueFull(q.AcceptLen, q.AcceptLimit)
	if t != nil {
		t.acceptQueueACK(q, full, "tcp_get_cookie_sock", "full: drop, tcp_abort_on_overflow is not looked at")
	}
	if !full {
		return verdict(Establish, CookieCompleted, kernel.SyncookiesRecv, kernel.PassiveOpens)
	}
	v := verdict(Drop, CookieOverflow, kernel.SyncookiesRecv, kernel.ListenOverflows, kernel.ListenDrops)
	if sem.SockDrops {
		v.SockDrops = 1
	}
	v.Drop = lostCookie(sem)
	return v
}

// lostCookie is the drop reason of an ACK with a good cookie that makes no
// connection.
func lostCookie(sem *kernel.Semantics) DropReason {
	switch sem.DropReasons {
	case kernel.DropReasonsListenACK, kernel.DropReasonsRequest:
		return DropNoSocket
	case kernel.DropReasonsUnset, kernel.DropReasonsListener:
		return DropNotSpecified
	}
	return 0
}

// withReset adds the counters of a request that is reset with a RST sent.
func withReset(sem *kernel.Semantics, c kernel.CounterSet) kernel.CounterSet {
	if sem.EmbryonicRSTAfterReset {
		return c.With(kernel.OutRsts).With(kernel.EmbryonicRsts)
	}
	return c.With(kernel.EmbryonicRsts).With(kernel.OutRsts)
}

// swallowed completes the verdict on a segment that a request consumed without
// becoming a connection: tcp_check_req returned NULL.
func swallowed(sem *kernel.Semantics, v Verdict, reason DropReason) Verdict {
	if sem.SockDropsRequests {
		v.SockDrops++
	}
	switch sem.DropReasons {
	case kernel.DropReasonsRequest:
		v.Drop = reason
	case kernel.DropReasonsUnset, kernel.DropReasonsListener, kernel.DropReasonsListenACK:
		v.Drop = DropNotSpecified
	}
	return v
}
