package timewait

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
)

// A View is an entry as a segment finds it, with what else the decision depends on.
type View struct {
	State  State
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
	Learn   bool // the entry remembers the segment's timestamp, and that it came now
	Rearm   bool // its 60 s begin anew
	Become  bool // it goes on from FIN_WAIT2 to TIME_WAIT
	Stamp   bool // its rate limit begins anew
	Limited bool // an ACK was due and held back
	rule    *row
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
	r := match(v.State, f)
	if r == nil {
		return Decision{}
	}
	d := Decision{Verdict: Verdict{Action: r.action, Reason: r.reason}, rule: r}
	d.Learn = r.does&learns != 0 && s.Timestamp && v.SeenAt != 0
	d.Rearm = r.does&rearms != 0 || r.does&old1337 != 0 && !sem.TimeWaitRSTKeepsTimer
	d.Become = r.does&becomes != 0
	if sem.DropReasons > kernel.DropReasonsNone {
		d.Drop = DropNotSpecified
	}
	if r.does&counts != 0 {
		d.Counters = d.Counters.With(pawsCounter(sem))
		if sem.PAWSTimewaitCounter {
			d.Drop = DropPAWS
		}
	}
	switch {
	case r.action == ResetRemove:
		d.Counters = d.Counters.With(kernel.OutRsts)
	case r.action == Reopen && s.Listener:
		d.Drop = 0
	case r.action == Reopen:
		d.Action, d.Reason = SendACK, NewSYNNoListener
	case limitedRow(*r) && sem.TimeWaitACKRateLimited && !AnswerExempt(s):
		d.Limited = AnswerLimited(v.Answered, v.Jiffies, v.Limit)
		d.Stamp = !d.Limited
		if d.Limited {
			d.hold(v.State)
		}
	}
	return d
}

// hold turns an answer into silence.
func (d *Decision) hold(state State) {
	d.Action = Drop
	c := kernel.TCPACKSkippedTimeWait
	switch {
	case state == FinWait2:
		c = kernel.TCPACKSkippedFinWait2
		d.Reason = OutOfWindowTooSoon
	case d.Reason == PAWSOld:
		d.Reason = PAWSOldTooSoon
	default:
		d.Reason = AnsweredTooSoon
	}
	d.Counters = d.Counters.With(c)
}

// observe collects what the rows look at.
func observe(sem *kernel.Semantics, v *View, s *Segment) facts {
	var f facts
	set := func(cond bool, bit facts) {
		if cond {
			f |= bit
		}
	}
	end := s.end()
	set(s.Flags&FlagFIN != 0, isFIN)
	set(s.Flags&FlagSYN != 0, isSYN)
	set(s.Flags&FlagRST != 0, isRST)
	set(s.Flags&FlagACK != 0, isACK)
	set(s.Seq == v.RcvNxt, atNext)
	set(serial.After(s.Seq, v.RcvNxt), seqAfter)
	set(serial.Before(s.Seq, v.RcvNxt), seqBefore)
	set(serial.After(end, v.RcvNxt), endAfter)
	set(end == v.RcvNxt+1, endOne)
	set(end == s.Seq, isEmpty)
	set(serial.InWindow(s.Seq, end, v.RcvNxt, v.RcvNxt+v.Window), inWindow)
	set(v.RFC1337, rfc1337)
	if s.Timestamp && v.SeenAt != 0 {
		set(PAWSRejects(sem, v.TSRecent, s.TSVal, v.SeenAt, v.Now, s.Flags&FlagRST != 0), isOld)
		set(serial.Before(v.TSRecent, s.TSVal), newerTS)
	}
	return f
}
