package paws

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/oldstamp"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
)

// DecideEstablished returns what the timestamp checks make of a segment for a
// synchronized connection: ESTABLISHED, or a full socket in a state after it
// (tcp_validate_incoming, and from 3.8 on the test before it). In order:
//
//	segment                                   outcome         counters
//	1 neither ACK nor RST, from 3.8 on        dropped
//	  but a SYN goes on from 3.18 on
//	2 no timestamp, or Check with window 1    passes
//	3 DisorderedACK                           passes
//	4 RST                                     passes
//	5 SYN, from 6.4 on                        challenge ACK   InErrs, TCPSYNChallenge, TCPChallengeACK
//	6 bare ACK below RcvNxt, from 6.14 on     dropped         PAWSOldAck
//	7 any other                               ACK             PAWSEstab
//
// InErrs is counted only in ESTABLISHED. An answer that is held back by
// tcp_invalid_ratelimit counts TCPACKSkippedChallenge or, from 4.0 on and in RHEL 7,
// TCPACKSkippedPAWS instead; segments with data are always answered in 7. What passes
// goes on to the test of its sequence number, which a RST and a SYN may still fail.
//
// So an old RST is never stopped by PAWS, unlike at a request or in TIME_WAIT
// ([Rejects]).
//
// Not counted here: DelayedACKLost and TCPDSACKOldSent, which the ACK for old data
// brings along, and the limit on challenge ACKs of the whole namespace, off from 6.0
// on, which may hold TCPChallengeACK and its ACK back. Header prediction only finds
// sooner what passes 2.
//
// Evidence: every row observed on 5.10.223, 6.1.192, 6.12.117, 6.18.44 and 7.2.13, with
// 16 kinds of segments and eight timestamps; 1, 4, 5 and a SYN in 7 on 2.6.32.67 to
// 7.2.13. The rate limit of 7 and the states after ESTABLISHED from source. now is [ClockSeconds]; of sysctls only tcp_timestamps and
// tcp_invalid_ratelimit matter, both by way of c.
func DecideEstablished(sem *kernel.Semantics, c *Conn, s *Segment, now int64) Verdict {
	return decideEstablished(given.Kernel(sem), knownConn(c), knownSegment(s), now, nil)
}

// ExplainEstablished returns [DecideEstablished]'s verdict with the checks that led
// to it.
func ExplainEstablished(sem *kernel.Semantics, c *Conn, s *Segment, now int64) Explanation {
	var t trail
	v := decideEstablished(given.Kernel(sem), knownConn(c), knownSegment(s), now, &t)
	return Explanation{Verdict: v, Checks: t.checks}
}

func decideEstablished(sem *kernel.Semantics, c *Conn, s *Segment, now int64, t *trail) Verdict {
	if sem.NoACKIgnored && !s.ACK && !s.RST && !(s.SYN && sem.SYNValidated) {
		if t != nil {
			t.noACK(sem)
		}
		return Verdict{Action: Drop, Reason: NoACK, Drop: inputDrop(sem, DropFlags)}
	}
	if !c.Timestamps || !s.Timestamp {
		if t != nil {
			t.noTimestamp()
		}
		return Verdict{Action: Pass, Reason: NoTimestamp}
	}
	if r := passReason(sem, c.Recent, now, s.TSVal, hostWindow, t); r != 0 {
		return Verdict{Action: Pass, Reason: r}
	}
	disordered := DisorderedACK(sem, c, s)
	if t != nil {
		t.disordered(sem, c, s, disordered)
	}
	switch {
	case disordered:
		return Verdict{Action: Pass, Reason: Disordered}
	case s.RST:
		if t != nil {
			t.flag("RST", "tcp_validate_incoming", "PAWS does not stop a RST: passes")
		}
		return Verdict{Action: Pass, Reason: RSTExempt}
	case s.SYN && sem.PAWSSYNChallenge:
		if t != nil {
			t.flag("SYN", "tcp_validate_incoming", "challenge ACK")
		}
		return challenge(sem, c)
	case sem.PAWSOldACKs && s.bareACK() && serial.Before(s.Seq, c.RcvNxt):
		if t != nil {
			t.oldACK(s.Seq, c.RcvNxt)
		}
		return Verdict{Action: Drop, Reason: OldBareACK, Drop: DropPAWSACK, Counters: oldACKCounters}
	}
	limited := sem.PAWSACKRateLimited && c.AnsweredLately && (s.Len == 0 || s.SYN)
	if t != nil && sem.PAWSACKRateLimited {
		t.rateLimit(limited)
	}
	if limited {
		return Verdict{Action: Drop, Reason: OldTooSoon, Drop: inputDrop(sem, DropPAWS), Counters: skippedCounters}
	}
	return Verdict{Action: SendACK, Reason: OldSegment, Drop: inputDrop(sem, DropPAWS), Counters: estabCounters}
}

// Counter sets of the common verdicts, made once.
var (
	estabCounters    = kernel.CountersOf(kernel.PAWSEstab)
	timewaitCounters = kernel.CountersOf(kernel.PAWSTimewait)
	oldACKCounters   = kernel.CountersOf(kernel.PAWSOldAck)
	skippedCounters  = kernel.CountersOf(kernel.PAWSEstab, kernel.TCPACKSkippedPAWS)
)

// challenge is the answer to a SYN: tcp_send_challenge_ack. Its rate limit, unlike
// that of other answers, does not ask for data.
func challenge(sem *kernel.Semantics, c *Conn) Verdict {
	v := Verdict{Action: Challenge, Reason: OldSYN, Drop: inputDrop(sem, DropInvalidSYN)}
	if !c.NotEstablished {
		v.Counters = v.Counters.With(kernel.InErrs)
	}
	v.Counters = v.Counters.With(kernel.TCPSYNChallenge)
	if c.AnsweredLately {
		v.Action, v.Reason = Drop, OldSYNSoon
		v.Counters = v.Counters.With(kernel.TCPACKSkippedChallenge)
		return v
	}
	v.Counters = v.Counters.With(kernel.TCPChallengeACK)
	return v
}

// passReason is Passes that says why: the reason to pass, or 0.
func passReason(sem *kernel.Semantics, r Recent, now int64, tsval uint32, window int32, t *trail) Reason {
	if t != nil {
		t.compare(r.TS, tsval, window)
	}
	if int32(r.TS-tsval) <= window {
		return NotOlder
	}
	lapsed := oldstamp.Aged(sem, r.Stamp, now, oldstamp.IdleLimit(sem))
	if t != nil {
		t.age("idle limit", "tcp_paws_check", now-r.Stamp, oldstamp.IdleLimit(sem), lapsed)
	}
	if lapsed {
		return IdlePassed
	}
	if sem.PAWSZeroPasses && r.TS == 0 {
		if t != nil {
			t.zero()
		}
		return ZeroPassed
	}
	return 0
}
