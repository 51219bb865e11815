package timewait

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// A View is an entry as a segment finds it, with what else the decision depends on.
type View struct {
	State  State  // what it is in
	RcvNxt uint32 // the sequence number expected next
	SndNxt uint32 // our own next
	Window uint32 // the receive window in bytes, which only FIN_WAIT2 looks at

	// TSRecent is the peer's last timestamp, seen in the second SeenAt. SeenAt 0 says
	// that the connection used no timestamps: the segment's is then not looked at.
	TSRecent, SeenAt uint32
	Now              uint32 // the second it is now, of the same clock

	RFC1337 bool // net.ipv4.tcp_rfc1337 is not 0

	// Answered and Jiffies are the low half of the jiffies counter at the last
	// rate-limited answer (0 for none) and now, Limit is tcp_invalid_ratelimit in
	// jiffies.
	Answered, Jiffies, Limit uint32
}

// A Decision is what becomes of a segment and of its entry.
type Decision struct {
	Verdict
	Update       // nothing if the entry goes
	Limited bool // an ACK was due and held back
	rule    *row
}

// An Update is what a segment changes in an entry that stays.
type Update struct {
	Learn  bool // it remembers the segment's timestamp, and that it came now
	Rearm  bool // its 60 s begin anew
	Become bool // it goes on from FIN_WAIT2 to TIME_WAIT
	Stamp  bool // its rate limit begins anew
}

// Rule returns the ID of the row of [Decisions] that decided.
func (d Decision) Rule() string {
	if d.rule == nil {
		return ""
	}
	return d.rule.id
}

// Decide is the kernel's walk through [Decisions] for one segment
// (tcp_timewait_state_process and what tcp_v4_rcv does with its answer). Addresses are
// not looked at. A View whose State is neither FinWait2 nor TimeWait gives the zero
// Decision.
//
// Evidence: every row, in both states, observed on 5.10.223, 6.1.192, 6.18.44 and
// 7.2.13 with 13 kinds of segments at 11 sequence numbers and with 7 timestamps (2618
// segments each); 28 SYNs on ten kernels from 3.10.108 to 7.2.13.
func Decide(sem *kernel.Semantics, v *View, s *Segment) Decision {
	sem = given.Kernel(sem)
	f := observe(sem, v, s)
	r := rowIndex.match(v.State, f)
	if r == nil {
		return Decision{}
	}
	// In variables, and into the Decision all at once: a struct of small fields that is
	// filled and then copied costs as much as the rest.
	action, reason, does := r.action, r.reason, r.does
	var drop DropReason
	if sem.DropReasons > kernel.DropReasonsNone {
		drop = DropNotSpecified
	}
	var counters kernel.CounterSet
	if does&counts != 0 {
		counters = counters.With(pawsCounter(sem))
		if sem.PAWSTimewaitCounter {
			drop = DropPAWS
		}
	}
	var stamp, limited bool
	switch action {
	case ResetRemove:
		counters = counters.With(kernel.OutRsts)
	case Reopen:
		if s.Listener {
			drop = 0
		} else {
			action, reason = SendACK, NewSYNNoListener
		}
	case SendACK:
		if limitedRow(r) && sem.TimeWaitACKRateLimited && !exempt(f) {
			limited = AnswerLimited(v.Answered, v.Jiffies, v.Limit)
			stamp = !limited
		}
		if limited {
			action, reason = Drop, tooSoon(v.State, reason)
			counters = counters.With(skipCounter(v.State))
		}
	}
	return Decision{
		Verdict: Verdict{Action: action, Reason: reason, Drop: drop, Counters: counters},
		Update: Update{
			Learn:  does&learns != 0 && f&stamped != 0,
			Rearm:  does&rearms != 0 || does&old1337 != 0 && !sem.TimeWaitRSTKeepsTimer,
			Become: does&becomes != 0,
			Stamp:  stamp,
		},
		Limited: limited,
		rule:    r,
	}
}

// tooSoon is the reason of silence where an answer was due.
func tooSoon(state State, due Reason) Reason {
	switch {
	case state == FinWait2:
		return OutOfWindowTooSoon
	case due == PAWSOld:
		return PAWSOldTooSoon
	}
	return AnsweredTooSoon
}

// skipCounter counts an answer that was held back.
func skipCounter(state State) kernel.Counter {
	if state == FinWait2 {
		return kernel.TCPACKSkippedFinWait2
	}
	return kernel.TCPACKSkippedTimeWait
}
