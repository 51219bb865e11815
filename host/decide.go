package host

import (
	"time"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
	"example.com/linuxtcp/timewait"
)

// A Reply is a segment that answers one. The zero Reply is none.
type Reply struct {
	Flags    Flags  // SYN|ACK, ACK, RST, or RST|ACK; 0 for no reply
	Seq, Ack uint32 // of the header
	// Delayed: it is left to the delayed ACK timer, which fires after Delay (at the next
	// jiffy if that is 0), in the hope of something to send with it. When it is sent, RcvWup
	// becomes RcvNxt; for answers at once After has that already.
	Delayed bool
	Delay   time.Duration
}

// A Decision is what a segment does to a full socket. It is a comparable value.
type Decision struct {
	// After is the socket after it. A State of Closed says that it is gone, with After.Err for
	// the system calls of who still holds it; TimeWait that it goes on as an entry of
	// TIME-WAIT.
	After   Conn
	Verdict ConnVerdict // what is done with the segment, and why
	Reply   Reply       // what is sent in answer
	// Mini: the socket becomes a minisock of package timewait: in TIME-WAIT, or, with
	// After.State FinWait2, in FIN-WAIT-2. The file descriptor, if there is one, is then one
	// of a closed socket.
	Mini bool
	// SendFIN: the FIN that a shutdown() in SYN-RECV left behind is sent, before Reply, with the number
	// After.SndNxt-1 and the acknowledgement that the socket had until now.
	SendFIN bool
	// SYNSoon: the SYN is sent again after 2 jiffies.
	SYNSoon bool
	// ChallengeSpent: a challenge ACK asked the host's budget: [ChallengeBudget.Spend] is to
	// be called before the next segment.
	ChallengeSpent bool
}

// Decide returns what a segment does to a full socket in one of the states from SYN-SENT
// to CLOSING: tcp_rcv_synsent_state_process, tcp_rcv_established and
// tcp_rcv_state_process with all that they call. In any other state it does nothing
// ([NoRule]). From SYN-RECV on, in order:
//
//  1. neither ACK nor RST: dropped from 3.8 on; a SYN goes on from 3.18 on
//  2. PAWS: [paws.DecideEstablished]
//  3. the window: [InReceiveWindow]; outside it a RST is dropped, a SYN is as in 5, and
//     anything else gets an ACK
//  4. RST: [RSTAccepted]
//  5. SYN: [SYNOnConnection]
//  6. the ACK number: [JudgeACK]
//  7. our FIN: FIN-WAIT-1 becomes FIN-WAIT-2, CLOSING becomes TIME-WAIT, LAST-ACK ends
//  8. data and FIN: taken in order; a part that was there is left out; a segment after a
//     gap gets an ACK and is kept; data for a socket whose reader is gone resets it
//
// [DecideSYNSent] says what SYN-SENT does.
//
// The ACKs of 2 and 3 for segments without data or FIN, and all challenge ACKs, are sent at
// most once per tcp_invalid_ratelimit from 4.0 on (in RHEL 7 earlier); others count
// TCPACKSkippedPAWS, TCPACKSkippedSeq or TCPACKSkippedChallenge. Challenge ACKs are besides
// limited for the whole host: [ChallengeBudget], whose answer is at.ChallengesSpent.
//
// Not modelled: header prediction, by which ESTABLISHED takes data at the next number, with the window as it was, before it
// looks at an ACK number that is too old, and acknowledges it in the challenge ACK (observed on 5.10.223, 5.10.262, 6.1.170,
// 6.12.43, 6.12.95 and 6.18.44; no longer on 6.1.192, 6.12.117 and 7.2.13). It depends on memory: only what fits into the
// rest of a page that unread data have left is taken so.
// What comes after a gap is kept, up to four ranges: [Ahead]. Not modelled: the receive window stays as it is but for what comes in; a window of 0; selective
// acknowledgements; Fast Open; urgent data. ACKs of data come at once, as they do for the first 16, and
// that of a FIN that ends an ESTABLISHED connection is delayed by 40 ms, or to the next
// jiffy where no data ever came; a FIN with more than 536 bytes may get it at once. To 4.12
// an ACK number that is too old in a state after ESTABLISHED earns a challenge ACK and what
// else the segment brings is taken too: if that is answered too, only that answer is told.
//
// Evidence: 10696 segments to sockets in 16 situations observed on each of 5.10.223, 6.1.192, 6.12.117, 6.18.44 and
// 7.2.13; SYNs and RSTs in four states on 2.6.32.67 to 7.2.13; else from source.
//
// Of sys, tcp_timestamps, tcp_invalid_ratelimit and tcp_fin_timeout are read. A nil sem, sys or s
// stands for the zero value.
func Decide(sem *kernel.Semantics, sys *kernel.Sysctls, c Conn, s *Segment, at Moment) Decision {
	d := newDecider(sem, sys, c, s, at, nil)
	return d.decide()
}

// A decider carries one decision along.
type decider struct {
	sem  *kernel.Semantics
	sys  *kernel.Sysctls
	c    Conn // as it was
	s    *Segment
	at   Moment
	end  uint32 // of s
	wnd  uint32 // the receive window from RcvNxt on
	x    *Explanation
	d    Decision
	room bool // the answer to an invalid segment is not held back
}

var noSegment Segment

func newDecider(sem *kernel.Semantics, sys *kernel.Sysctls, c Conn, s *Segment, at Moment, x *Explanation) *decider {
	if s == nil {
		s = &noSegment
	}
	if at.HZ <= 0 {
		at.HZ = 250
	}
	d := &decider{sem: given.Kernel(sem), sys: given.Sysctls(sys), c: c, s: s, at: at, end: s.End(), x: x}
	d.d.After = c
	d.wnd = c.window()
	d.room = !(d.sem.PAWSACKRateLimited && timewait.AnswerLimited(c.Answered, at.Jiffies, d.limit()))
	return d
}

// window is what is left of the receive window from RcvNxt on (tcp_receive_window).
func (c *Conn) window() uint32 { return uint32(max(int32(c.RcvWup+c.RcvWnd-c.RcvNxt), 0)) }

// limit is tcp_invalid_ratelimit in jiffies.
func (d *decider) limit() uint32 {
	ms := int64(max(d.sys.TCPInvalidRatelimit, 0))
	return uint32((ms*int64(d.at.HZ) + 999) / 1000)
}

func (d *decider) decide() Decision {
	switch d.c.State {
	case SynSent:
		return d.synSent()
	case SynRecv, Established, FinWait1, FinWait2, CloseWait, LastAck, Closing:
		return d.synchronized()
	}
	return d.drop(NoRule)
}

func (d *decider) count(counters ...kernel.Counter) {
	for _, c := range counters {
		d.d.Verdict.Counters = d.d.Verdict.Counters.With(c)
	}
}

func (d *decider) done(a ConnAction, r ConnReason) Decision {
	d.d.Verdict.Action, d.d.Verdict.Reason = a, r
	return d.d
}

func (d *decider) drop(r ConnReason) Decision { return d.done(ConnDrop, r) }

// ack sends an ACK at once.
func (d *decider) ack() {
	after := &d.d.After
	d.d.Reply = Reply{Flags: FlagACK, Seq: after.SndNxt, Ack: after.RcvNxt}
	d.sent()
}

// sent is what sending any ACK changes: the window is now counted from RcvNxt on.
func (d *decider) sent() {
	after := &d.d.After
	after.RcvWnd = after.window()
	after.RcvWup = after.RcvNxt
}

// answered notes that an invalid segment is answered, where the kernel does.
func (d *decider) answered() {
	if d.sem.PAWSACKRateLimited {
		d.d.After.Answered = d.at.Jiffies
	}
}

// exempt: the answer to the segment is never held back (tcp_oow_rate_limited).
func (d *decider) exempt() bool { return d.end != d.s.Seq && !d.s.Has(FlagSYN) }

// challenge sends a challenge ACK if the limits let it: tcp_send_challenge_ack.
func (d *decider) challenge(r ConnReason) Decision {
	if !d.sem.ChallengeLimitAll && d.exempt() {
		d.x.add(false, "own limit", "tcp_oow_rate_limited", "data or FIN: none")
	} else {
		d.x.limit(d, !d.room)
		if !d.room {
			d.count(kernel.TCPACKSkippedChallenge)
			return d.drop(TooSoon)
		}
		d.answered()
	}
	d.d.ChallengeSpent = true
	if d.at.ChallengesSpent && d.sem.ChallengeBudget != kernel.ChallengeBudgetNone {
		d.x.add(true, "budget", "tcp_send_challenge_ack", "used up for this second")
		return d.drop(OverBudget)
	}
	d.count(kernel.TCPChallengeACK)
	d.ack()
	return d.done(ConnChallenge, r)
}

// dupACK answers an invalid segment with an ACK: tcp_send_dupack.
func (d *decider) dupACK(r, soon ConnReason, skipped kernel.Counter) Decision {
	if !d.exempt() {
		d.x.limit(d, !d.room)
		if !d.room {
			d.count(skipped)
			return d.drop(soon)
		}
		d.answered()
	}
	if d.end != d.s.Seq && serial.Before(d.s.Seq, d.c.RcvNxt) {
		d.quick()
	}
	d.ack()
	return d.done(ConnACK, r)
}

// quick is tcp_enter_quickack_mode, as far as a delayed ACK later depends on it.
func (d *decider) quick() { d.d.After.AckTimeout = uint32(d.at.HZ / 25) }

// reset closes the socket as tcp_reset does: with the error of its state.
func (d *decider) reset(r ConnReason) Decision {
	switch d.d.After.State {
	case SynSent:
		d.d.After.Err = ECONNREFUSED
	case CloseWait:
		d.d.After.Err = EPIPE
	default:
		d.d.After.Err = ECONNRESET
	}
	d.close()
	return d.done(ConnReset, r)
}

// close is tcp_done.
func (d *decider) close() {
	after := &d.d.After
	switch after.State {
	case SynSent, SynRecv:
		d.count(kernel.AttemptFails)
	case Established, CloseWait:
		d.count(kernel.EstabResets)
	}
	after.State = Closed
}

// sendReset answers with a RST, unless the segment is one: tcp_v4_send_reset.
func (d *decider) sendReset() {
	switch {
	case d.s.Has(FlagRST):
		return
	case d.s.Has(FlagACK):
		d.d.Reply = Reply{Flags: FlagRST, Seq: d.s.Ack}
	default:
		d.d.Reply = Reply{Flags: FlagRST | FlagACK, Ack: d.end}
	}
	d.count(kernel.OutRsts)
}

// abort closes the socket and sends a RST.
func (d *decider) abort(r ConnReason) Decision {
	d.sendReset()
	return d.done(ConnAbort, r)
}
