package queue

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
)

// A request is a half-open connection: struct request_sock. It lives in the slab of
// a [requestTable]; index 0 is none.
type request struct {
	key  requestKey
	hash uint32
	next int32 // in its bucket, and in the slab's free list

	// The SYN-ACK timer; see timers.go.
	expires     time.Duration
	before, aft int32
	order       uint32
	level       uint8
	list        uint8

	timeouts uint8 // num_timeout
	ipv6     bool
	acked    bool
	stamped  bool // the timestamp option was agreed on
	sack     bool // and selective acknowledgements
	wscale   bool // and window scaling
	again    bool // the SYN-ACK was sent more than once (num_retrans)
	mss      uint16

	isn      uint32 // ours, snt_isn
	peerISN  uint32 // rcv_isn
	tsRecent uint32
	tsFirst  uint32 // timestamps of our SYN-ACKs
	tsLast   uint32
	replied  uint32 // jiffies32 of the last rate-limited answer, 0 for none

	sent time.Duration // when the SYN-ACK was first sent (snt_synack)
}

type requestKey struct {
	from, to         [16]byte
	fromPort, toPort uint16
}

func (k *requestKey) set(s *Segment) {
	k.from, k.fromPort = s.From.Addr().As16(), s.From.Port()
	if s.To.Addr().IsValid() {
		k.to, k.toPort = s.To.Addr().As16(), s.To.Port()
	}
}

func (r *request) from() netip.AddrPort {
	a := netip.AddrFrom16(r.key.from)
	if !r.ipv6 {
		a = a.Unmap()
	}
	return netip.AddrPortFrom(a, r.key.fromPort)
}

// A requestView is what a decision about a request's segment looks at besides the
// request: numbers of the listener at this moment.
type requestView struct {
	sem      *kernel.Semantics
	sys      *kernel.Sysctls
	q        Queues
	deferred int
	window   uint32
	clock    *kernel.Clock
	now      time.Duration
	limit    uint32 // tcp_invalid_ratelimit in jiffies
}

// decideRequest is tcp_check_req: what happens to a segment that belongs to a
// half-open request, in the kernel's order. It changes nothing.
//
//	segment                              action                     counters
//	1 SYN of the same number, PAWS ok    SYN-ACK again              RetransSegs, TCPSynRetrans
//	  too soon after the last (4.0+)     drop                       TCPACKSkippedSynRecv
//	2 ACK of another number              listener: cookie or RST    OutRsts
//	3 PAWS, TSecr, out of the window     ACK, unless a RST          PAWSEstab, TSEcrRejected
//	4 RST not at the next number (7.2)   challenge ACK              TCPChallengeACK
//	5 RST                                request removed            AttemptFails, EmbryonicRsts
//	6 another SYN                        RST, request removed       AttemptFails, OutRsts, EmbryonicRsts
//	7 no ACK                             drop
//	8 bare ACK under TCP_DEFER_ACCEPT    held                       TCPDeferAcceptDrop
//	9 anything else                      see DecideFinalACK
func decideRequest(v *requestView, r *request, s *Segment, t *trail, d *decision) {
	sem := v.sem
	flags := s.Flags & (FlagRST | FlagSYN | FlagACK)
	rst := s.Flags&FlagRST != 0
	next := r.peerISN + 1
	stamped := s.Timestamp && v.sys.TCPTimestamps != 0
	old := stamped && pawsRejects(v, r, s.TSVal, rst)

	if s.Seq == r.peerISN && flags == FlagSYN && !old {
		if t != nil {
			t.repeatedSYN(s.Seq)
		}
		if sem.DupSYNRateLimited && v.tooSoon(r, t) {
			d.verdict = swallowed(sem, verdict(Drop, RepeatedSYNTooSoon, kernel.TCPACKSkippedSynRecv), DropNotSpecified)
			return
		}
		again := Verdict{Action: ResendSYNACK, Reason: RepeatedSYN, Counters: resendCounters(sem, kernel.CounterSet{})}
		d.verdict, d.stamp = swallowed(sem, again, DropNotSpecified), sem.DupSYNRateLimited
		return
	}

	if flags&FlagACK != 0 && s.Ack != r.isn+1 && !(rst && sem.RequestRSTExact) {
		if t != nil {
			t.ackNumber(s.Ack, r.isn+1)
		}
		d.listener = true
		return
	}
	if t != nil && flags&FlagACK != 0 {
		t.ackNumber(s.Ack, s.Ack)
	}

	echo := sem.RequestTSEcrCheck && stamped && r.stamped && s.TSEcr != 0 && !serial.Between(s.TSEcr, r.tsFirst, r.tsLast)
	window := v.window
	if sem.RequestWindowClamp {
		window = min(window, 0xffff)
	}
	outside := !serial.InWindow(s.Seq, s.end(), next, next+window)
	if t != nil {
		t.window(old, echo, outside)
	}
	if old || echo || outside {
		outOfWindow(v, r, s, old, echo, t, d)
		return
	}

	d.tsRecent = stamped && !sem.RequestTSDeferred && !serial.After(s.Seq, next)
	if s.Seq == r.peerISN {
		flags &^= FlagSYN // a SYN at its own number is trimmed off
	}
	switch {
	case rst && sem.RequestRSTExact && s.Seq != next:
		d.verdict, d.stamp = challenge(v, r, t)
		return
	case rst:
		d.verdict = swallowed(sem, verdict(Remove, RequestRST, kernel.AttemptFails, kernel.EmbryonicRsts), DropNotSpecified)
		return
	case flags&FlagSYN != 0:
		reset := verdict(ResetRemove, RequestSYN, kernel.AttemptFails)
		reset.Counters = withReset(sem, reset.Counters)
		d.verdict = swallowed(sem, reset, DropNotSpecified)
		return
	case flags&FlagACK == 0:
		d.verdict = swallowed(sem, verdict(Drop, RequestNoACK), DropNotSpecified)
		return
	}
	bare := s.end() == next
	held := bare && int(r.timeouts) < v.deferred
	if t != nil && v.deferred > 0 {
		t.deferAccept(int(r.timeouts), v.deferred, bare, held)
	}
	if held {
		hold := verdict(Hold, DeferredACK)
		if sem.DeferAcceptCounter {
			hold.Counters = hold.Counters.With(kernel.TCPDeferAcceptDrop)
		}
		d.verdict = swallowed(sem, hold, DropNotSpecified)
		return
	}
	d.verdict = decideFinalACK(sem, v.sys, v.q, t)
}

func outOfWindow(v *requestView, r *request, s *Segment, old, echo bool, t *trail, d *decision) {
	sem := v.sem
	soon, reason, drop := OutOfWindowTooSoon, OutOfWindow, DropOverWindow
	var after kernel.Counter
	switch {
	case old:
		soon, reason, drop, after = PAWSOldTooSoon, PAWSOld, DropPAWS, kernel.PAWSEstab
	case echo:
		soon, reason, drop, after = TSEcrNeverSent, TSEcrNeverSent, DropTSEcr, kernel.TSEcrRejected
	}
	d.verdict = Verdict{Action: SendACK, Reason: reason}
	// A data segment is no part of a loop of ACKs and is never held back.
	limited := sem.RequestACKRateLimited && (s.Seq == s.end() || s.Flags&FlagSYN != 0)
	switch {
	case s.Flags&FlagRST != 0:
		d.verdict.Action = Drop
	case limited && v.tooSoon(r, t):
		d.verdict = verdict(Drop, soon, kernel.TCPACKSkippedSynRecv)
	default:
		d.stamp = limited
	}
	if after != 0 {
		d.verdict.Counters = d.verdict.Counters.With(after)
	}
	d.verdict = swallowed(sem, d.verdict, drop)
}

// challenge answers a RST that is in the window but not exact. Unlike the other
// answers it is held back whatever the segment carries.
func challenge(v *requestView, r *request, t *trail) (Verdict, bool) {
	if v.tooSoon(r, t) {
		return swallowed(v.sem, verdict(Drop, RequestRSTNotExact, kernel.TCPACKSkippedChallenge), DropNotSpecified), false
	}
	return swallowed(v.sem, verdict(SendACK, RequestRSTNotExact, kernel.TCPChallengeACK), DropNotSpecified), true
}

// tooSoon is __tcp_oow_rate_limited: whether the request was answered less than
// tcp_invalid_ratelimit ago. Repeated SYNs, out-of-window segments and challenges
// share one stamp, and a stamp of 0 is none.
func (v *requestView) tooSoon(r *request, t *trail) bool {
	since := int32(v.clock.Jiffies32(v.now) - r.replied)
	soon := r.replied != 0 && 0 <= since && uint32(since) < v.limit
	if t != nil {
		t.rateLimit(soon)
	}
	return soon
}

// resendCounters adds the counters of a SYN-ACK that is sent again.
func resendCounters(sem *kernel.Semantics, c kernel.CounterSet) kernel.CounterSet {
	if sem.SYNACKTimerCounters {
		c = c.With(kernel.RetransSegs)
	}
	if sem.SYNACKSynRetrans {
		c = c.With(kernel.TCPSynRetrans)
	}
	return c
}

// pawsRejects is tcp_paws_reject for a request: an older timestamp fails, but a RST
// passes once the request's age, for which the kernel takes its current SYN-ACK
// timeout, has reached 60 s.
func pawsRejects(v *requestView, r *request, tsval uint32, rst bool) bool {
	if int32(r.tsRecent-tsval) <= 0 || v.sem.PAWSZeroPasses && r.tsRecent == 0 {
		return false
	}
	age := synackTimeout(v.sem, int(r.timeouts), v.sys.TCPRTOMaxMs)
	return !(rst && age >= time.Minute)
}
