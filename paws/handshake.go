package paws

import (
	"time"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/oldstamp"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
)

// DecideSYNSent returns what the timestamp checks make of a segment for a socket in
// SYN-SENT (tcp_rcv_synsent_state_process). In order:
//
//	segment                                               outcome    counters
//	1 ACK, echo not 0 and not from first to clock         RST        PAWSActive, OutRsts
//	2 ACK                                                 passes
//	3 no ACK, a timestamp is remembered, Rejects          dropped
//	4 any other                                           passes
//
// In 1 the segment's ACK number must have been found acceptable; first is the
// timestamp of our first SYN (retrans_stamp) and clock the present one, both ends
// included, and s.TSEcr is without our offset. A RST is not answered by a RST, but
// counts PAWSActive too. 3 happens where connect() took a TIME_WAIT bucket over and
// inherited its timestamp; a RST without ACK is discarded before it whatever it
// carries, as is anything that 4 lets pass and has no SYN.
//
// The inherited timestamp is not held against a SYN-ACK, which replaces it.
//
// All releases; drop reason from 5.19 on. Evidence: 1 observed on 4.19.78, and on
// 5.10.223, 6.1.192, 6.12.117, 6.18.44 and 7.2.13 from one tick off; the rest from
// source. c.Timestamps is not looked at, since nothing is agreed on yet; s
// must be read with tcp_timestamps on.
func DecideSYNSent(sem *kernel.Semantics, c *Conn, s *Segment, now int64, first, clock uint32) Verdict {
	return decideSYNSent(given.Kernel(sem), knownConn(c), knownSegment(s), now, first, clock, nil)
}

// ExplainSYNSent returns [DecideSYNSent]'s verdict with the checks that led to it.
func ExplainSYNSent(sem *kernel.Semantics, c *Conn, s *Segment, now int64, first, clock uint32) Explanation {
	var t trail
	v := decideSYNSent(given.Kernel(sem), knownConn(c), knownSegment(s), now, first, clock, &t)
	return Explanation{Verdict: v, Checks: t.checks}
}

func decideSYNSent(sem *kernel.Semantics, c *Conn, s *Segment, now int64, first, clock uint32, t *trail) Verdict {
	if !s.Timestamp {
		if t != nil {
			t.noTimestamp()
		}
		return Verdict{Action: Pass, Reason: NoTimestamp}
	}
	if s.ACK {
		good := s.TSEcr == 0 || serial.Between(s.TSEcr, first, clock)
		if t != nil {
			t.echo(s.TSEcr, first, clock, good)
		}
		switch {
		case good:
			return Verdict{Action: Pass, Reason: EchoGood}
		case s.RST:
			return verdict(Drop, EchoUnknown, inputDrop(sem, DropPAWS), kernel.PAWSActive)
		}
		return verdict(SendReset, EchoUnknown, inputDrop(sem, DropPAWS), kernel.PAWSActive, kernel.OutRsts)
	}
	if s.RST {
		if t != nil {
			t.flag("RST", "tcp_rcv_synsent_state_process", "discarded for its missing ACK, not by PAWS")
		}
		return Verdict{Action: Pass, Reason: RSTExempt}
	}
	if c.Stamp == 0 {
		if t != nil {
			t.nothingStored()
		}
		return Verdict{Action: Pass, Reason: NothingStored}
	}
	if r := passReason(sem, c.Recent, now, s.TSVal, 0, t); r != 0 {
		return Verdict{Action: Pass, Reason: r}
	}
	return Verdict{Action: Drop, Reason: OldSegment, Drop: inputDrop(sem, DropPAWS)}
}

// A Request is what the checks look at in a half-open request (SYN-RECV).
type Request struct {
	// TS is the timestamp of the client's SYN, or a later one: req->ts_recent.
	TS uint32
	// Timeouts is how many times the SYN-ACK timer fired: num_timeout.
	Timeouts int
	// AnsweredLately says that the last answer to an invalid segment went out less than
	// net.ipv4.tcp_invalid_ratelimit ago.
	AnsweredLately bool
}

// RequestAge returns the age that the kernel takes a request's timestamp to have: its
// present SYN-ACK timeout, so 1, 2, 4... seconds (3, 6, 12... where the first is 3 s),
// in whole seconds. It is no true age, but reaches 60 s with the sixth timeout (the
// fifth), after which a RST is exempt from PAWS; five timeouts are the default, so
// that happens only with a larger tcp_synack_retries.
//
// From 6.19 on net.ipv4.tcp_rto_max_ms caps it, and so a cap below 60 s ends the
// exemption; otherwise the cap is 120 s here (before 5.15 there is none, which
// shows only after 20 timeouts). rtoMaxMs 0 means 120 s.
//
// From source.
func RequestAge(sem *kernel.Semantics, timeouts, rtoMaxMs int) time.Duration {
	sem = given.Kernel(sem)
	limit := 120 * time.Second
	if sem.SYNACKTimeoutCap && rtoMaxMs > 0 {
		limit = time.Duration(rtoMaxMs) * time.Millisecond
	}
	age := min(sem.SYNACKTimeout<<min(max(timeouts, 0), 16), limit)
	return age.Truncate(time.Second)
}

// DecideSYNRecv returns what the timestamp check makes of a segment for a half-open
// request (tcp_check_req): it passes, or fails [Rejects] with [RequestAge] as the age
// of the timestamp. Then a RST is dropped and anything else is answered with an ACK,
// the request staying; both count PAWSEstab. From 4.7 on a segment without data is
// answered only once per tcp_invalid_ratelimit and otherwise counts
// TCPACKSkippedSynRecv before PAWSEstab.
//
// A segment whose ACK number is not that of our SYN-ACK goes to the listener before it
// gets here. Package queue has the whole decision, and the check of the echo that
// comes with this one from 6.15 on.
//
// Of sys the fields TCPTimestamps and TCPRTOMaxMs are read. Evidence: observed on
// 5.10.223 and later; before from source.
func DecideSYNRecv(sem *kernel.Semantics, sys *kernel.Sysctls, r Request, s *Segment) Verdict {
	return decideSYNRecv(given.Kernel(sem), given.Sysctls(sys), r, knownSegment(s), nil)
}

// ExplainSYNRecv returns [DecideSYNRecv]'s verdict with the checks that led to it.
func ExplainSYNRecv(sem *kernel.Semantics, sys *kernel.Sysctls, r Request, s *Segment) Explanation {
	var t trail
	v := decideSYNRecv(given.Kernel(sem), given.Sysctls(sys), r, knownSegment(s), &t)
	return Explanation{Verdict: v, Checks: t.checks}
}

func decideSYNRecv(sem *kernel.Semantics, sys *kernel.Sysctls, r Request, s *Segment, t *trail) Verdict {
	if !s.Timestamp || sys.TCPTimestamps == 0 {
		if t != nil {
			t.noTimestamp()
		}
		return Verdict{Action: Pass, Reason: NoTimestamp}
	}
	age := int64(RequestAge(sem, r.Timeouts, sys.TCPRTOMaxMs) / time.Second)
	if why := rejectReason(sem, Recent{TS: r.TS}, age, s, t); why != 0 {
		return Verdict{Action: Pass, Reason: why}
	}
	v := verdict(SendACK, OldSegment, requestDrop(sem))
	limited := sem.RequestACKRateLimited && r.AnsweredLately && (s.Len == 0 || s.SYN)
	if t != nil && sem.RequestACKRateLimited && !s.RST {
		t.rateLimit(limited)
	}
	switch {
	case s.RST:
		v.Action = Drop
	case limited:
		v.Action, v.Reason = Drop, OldTooSoon
		v.Counters = v.Counters.With(kernel.TCPACKSkippedSynRecv)
	}
	v.Counters = v.Counters.With(kernel.PAWSEstab)
	return v
}

// requestDrop is the drop reason of a request's discards on this kernel.
func requestDrop(sem *kernel.Semantics) DropReason {
	switch sem.DropReasons {
	case 0, kernel.DropReasonsNone:
		return 0
	case kernel.DropReasonsRequest:
		return DropPAWS
	}
	return DropNotSpecified
}

// rejectReason is Rejects that says why: the reason to pass, or 0.
func rejectReason(sem *kernel.Semantics, r Recent, now int64, s *Segment, t *trail) Reason {
	if why := passReason(sem, r, now, s.TSVal, 0, t); why != 0 {
		return why
	}
	if !s.RST {
		return 0
	}
	exempt := oldstamp.Aged(sem, r.Stamp, now, oldstamp.LimitRST)
	if t != nil {
		t.age("RST", "tcp_paws_reject", now-r.Stamp, oldstamp.LimitRST, exempt)
	}
	if exempt {
		return RSTExempt
	}
	return 0
}
