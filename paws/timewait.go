package paws

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// DecideTimeWait returns what the timestamp check makes of a segment for a TIME_WAIT
// minisock, or, with finWait2, for one that still waits for the peer's FIN
// (tcp_timewait_state_process). It passes, or fails [Rejects]. Then
//   - in TIME_WAIT a SYN, RST or anything else counts PAWSTimewait (PAWSEstab to
//     6.15); a RST is dropped, anything else gets an ACK and restarts the 60 s;
//   - in FIN_WAIT2 nothing is counted and anything, a RST among it, gets an ACK.
//
// Where a SYN passes here and is newer, package timewait lets it reopen the
// connection. It also has the limit on these ACKs, from 4.0 on: one per
// tcp_invalid_ratelimit.
//
// The option is looked at only if the old connection stored a timestamp: r.Stamp is
// not 0.
//
// Evidence: observed on 5.10.223, 6.1.192, 6.18.44 and 7.2.13 (the recordings of package
// timewait, whose decisions a test compares with these); before from source. The row
// paws-timewait-counter of [kernel.Changes].
func DecideTimeWait(sem *kernel.Semantics, r Recent, finWait2 bool, s *Segment, now int64) Verdict {
	return decideTimeWait(given.Kernel(sem), r, finWait2, knownSegment(s), now, nil)
}

// ExplainTimeWait returns [DecideTimeWait]'s verdict with the checks that led to it.
func ExplainTimeWait(sem *kernel.Semantics, r Recent, finWait2 bool, s *Segment, now int64) Explanation {
	var t trail
	v := decideTimeWait(given.Kernel(sem), r, finWait2, knownSegment(s), now, &t)
	return Explanation{Verdict: v, Checks: t.checks}
}

func decideTimeWait(sem *kernel.Semantics, r Recent, finWait2 bool, s *Segment, now int64, t *trail) Verdict {
	switch {
	case r.Stamp == 0:
		if t != nil {
			t.nothingStored()
		}
		return Verdict{Action: Pass, Reason: NothingStored}
	case !s.Timestamp:
		if t != nil {
			t.noTimestamp()
		}
		return Verdict{Action: Pass, Reason: NoTimestamp}
	}
	if why := rejectReason(sem, r, now, s, t); why != 0 {
		return Verdict{Action: Pass, Reason: why}
	}
	if finWait2 {
		return Verdict{Action: SendACK, Reason: OldSegment}
	}
	v := Verdict{Action: SendACK, Reason: OldSegment, Counters: estabCounters}
	if sem.PAWSTimewaitCounter {
		v.Drop, v.Counters = DropPAWSTimeWait, timewaitCounters
	}
	if s.RST {
		v.Action = Drop
	}
	return v
}
