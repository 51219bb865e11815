package host

import (
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/timewait"
)

// synchronized is a segment for a socket in SYN-RECV or beyond.
func (d *decider) synchronized() Decision {
	if out, decided := d.validate(); decided {
		return out
	}
	s, established := d.s, d.c.State == Established
	if !s.Has(FlagACK) {
		if !established { // only ESTABLISHED looks further, and only to 3.7
			return d.drop(NoFlags)
		}
		return d.data()
	}
	if out, decided := d.ackNumber(); decided {
		return out
	}
	if out, decided := d.ourFIN(); decided {
		return out
	}
	return d.text()
}

// validate is tcp_validate_incoming and the test before it.
func (d *decider) validate() (Decision, bool) {
	const fn = "tcp_validate_incoming"
	s := d.s
	pc, ps := d.pawsConn(), d.pawsSegment()
	v := paws.DecideEstablished(d.sem, &pc, &ps, d.at.Seconds)
	d.x.add(v.Action != paws.Pass, "PAWS", fn, "%s", v.Reason)
	if v.Action != paws.Pass {
		return d.byPAWS(v), true
	}
	place := InReceiveWindow(d.sem, &d.c, s)
	d.x.window(d, place)
	switch {
	case s.Has(FlagRST):
		ends, challenge := RSTAccepted(d.sem, &d.c, s)
		d.x.add(true, "RST", fn, "%+d from the next number", int32(s.Seq-d.c.RcvNxt))
		switch {
		case ends:
			return d.reset(RSTExact), true
		case challenge:
			return d.challenge(RSTInexact), true
		}
		return d.drop(RSTOutside), true
	case s.Has(FlagSYN) && SYNOnConnection(d.sem, &d.c, s) == SYNChallenged:
		d.x.add(true, "SYN", fn, "challenge ACK")
		return d.synChallenge(), true
	case place != Inside:
		if d.sem.BeyondWindowDropped && place != TooOld {
			d.count(kernel.BeyondWindow)
		}
		return d.dupACK(OutOfWindow, OutTooSoon, kernel.TCPACKSkippedSeq), true
	}
	if !d.sem.TSRecentAfterACK {
		d.remember(true)
	}
	if s.Has(FlagSYN) && SYNOnConnection(d.sem, &d.c, s) == SYNResets {
		d.x.add(true, "SYN", fn, "in the window: reset")
		if d.c.State == Established {
			d.count(kernel.InErrs)
		}
		d.count(kernel.TCPAbortOnSyn)
		d.reset(SYNInWindow)
		return d.abort(SYNInWindow), true
	}
	return Decision{}, false
}

// byPAWS is what follows from a segment that PAWS stopped.
func (d *decider) byPAWS(v paws.Verdict) Decision {
	d.d.Verdict.Drop = v.Drop
	switch v.Reason {
	case paws.NoACK:
		return d.drop(NoFlags)
	case paws.OldSYN, paws.OldSYNSoon:
		return d.synChallenge()
	case paws.OldBareACK:
		d.count(kernel.PAWSOldAck)
		return d.drop(PAWSOld)
	}
	d.count(kernel.PAWSEstab)
	return d.dupACK(PAWSOld, PAWSTooSoon, kernel.TCPACKSkippedPAWS)
}

func (d *decider) synChallenge() Decision {
	if d.c.State == Established {
		d.count(kernel.InErrs)
	}
	d.count(kernel.TCPSYNChallenge)
	return d.challenge(SYNUnwanted)
}

// remember is tcp_replace_ts_recent.
func (d *decider) remember(acceptable bool) {
	pc, ps := d.pawsConn(), d.pawsSegment()
	if r, stored := paws.UpdateRecent(d.sem, &pc, &ps, d.at.Seconds, acceptable); stored {
		d.d.After.Recent = r
	}
}

// ackNumber is tcp_ack and what its callers make of it.
func (d *decider) ackNumber() (Decision, bool) {
	s, after, state := d.s, &d.d.After, d.c.State
	rule := JudgeACK(d.sem, &d.c, s.Ack)
	d.x.add(rule != ACKGood, "ACK number", "tcp_ack", "%+d from the oldest sent, %+d from the next", int32(s.Ack-d.c.SndUna), int32(s.Ack-d.c.SndNxt))
	if rule == ACKGood {
		if d.sem.TSRecentAfterACK {
			d.remember(true)
		}
		d.sendWindow()
		after.BytesAcked += uint64(s.Ack - d.c.SndUna)
		advanced := s.Ack != after.SndUna
		after.SndUna = s.Ack
		switch {
		case state == SynRecv:
			after.opened(s, d.at.Now, d.at.TSClock, d.tsUnit(), d.at.HZ)
		case advanced:
			after.acked(s, d.at.Now, d.at.TSClock, d.tsUnit(), d.at.HZ)
		}
		if state == SynRecv {
			after.State = Established
			after.SndWl1, after.SndWnd = s.Seq, s.Window
			if after.SendShut {
				after.State, after.SendShut, d.d.SendFIN = FinWait1, false, true
				after.SndNxt++
				d.sent()
			}
		}
		return Decision{}, false
	}
	reason := [...]ConnReason{ACKStale: ACKOld, ACKStray: ACKTooOld, ACKUnseen: ACKBeyond}[rule]
	switch {
	case state == SynRecv:
		d.sendReset()
		return d.done(d.resetAction(), WrongHandshake), true
	case state == Established && rule == ACKStray, rule == ACKUnseen && d.sem.UnsentACKChallenge,
		state != Established && d.sem.ClosingACKChecked && !(rule == ACKStale && d.sem.ClosingOldACKs):
		return d.challenge(reason), true
	case state == Established && rule == ACKUnseen:
		return d.drop(reason), true
	case rule == ACKStray:
		d.challenge(reason)
		d.d.Verdict.Action, d.d.Verdict.Reason = 0, 0 // and on
	case rule == ACKStale && d.sem.TSRecentOldACK:
		d.remember(true)
	}
	return Decision{}, false
}

// sendWindow is tcp_ack_update_window.
func (d *decider) sendWindow() {
	s, after := d.s, &d.d.After
	if serial.After(s.Ack, after.SndUna) || serial.After(s.Seq, after.SndWl1) ||
		s.Seq == after.SndWl1 && (s.Window > after.SndWnd || d.sem.ZeroWindowUpdates && s.Window == 0) {
		after.SndWl1, after.SndWnd = s.Seq, s.Window
		after.MaxWindow = max(after.MaxWindow, s.Window)
	}
}

// unread is how far the segment's data reaches beyond what was received.
func (d *decider) hasNews() bool {
	return d.end != d.s.Seq && serial.After(d.end-d.fin(), d.d.After.RcvNxt)
}

func (d *decider) fin() uint32 {
	if d.s.Has(FlagFIN) {
		return 1
	}
	return 0
}

// ourFIN is what an acknowledged FIN does.
func (d *decider) ourFIN() (Decision, bool) {
	const fn = "tcp_rcv_state_process"
	after := &d.d.After
	closing := after.State == FinWait1 || after.State == Closing || after.State == LastAck
	if !closing || after.SndUna != after.SndNxt {
		return Decision{}, false
	}
	d.x.add(true, "our FIN", fn, "acknowledged in %s", after.State)
	switch after.State {
	case Closing:
		after.State, d.d.Mini = TimeWait, true
		return d.done(ConnClose, OurFINAcked), true
	case LastAck:
		d.close()
		return d.done(ConnClose, OurFINAcked), true
	}
	after.State = FinWait2
	if !d.c.Orphan {
		return Decision{}, false
	}
	if d.c.Linger2 < 0 || d.hasNews() {
		d.close()
		d.count(kernel.TCPAbortOnData)
		if d.c.Linger2 < 0 {
			return d.abort(LingerExpired), true
		}
		return d.abort(DataNoReader), true
	}
	if d.finTime() > timewait.Length || d.s.Has(FlagFIN) {
		return Decision{}, false
	}
	d.d.Mini = true
	return d.done(ConnTake, OurFINAcked), true
}

// finTime is how long an orphan waits for the peer's FIN.
func (d *decider) finTime() time.Duration {
	linger2 := timewait.Linger2(d.sem, d.sys, d.c.Linger2)
	return timewait.FinTime(d.sys, linger2, time.Duration(d.d.After.RTO)*time.Second/time.Duration(d.at.HZ))
}

// tsUnit is what the timestamp clock counts.
func (d *decider) tsUnit() time.Duration {
	if d.sem.TimestampMillis {
		return time.Millisecond
	}
	return time.Second / time.Duration(d.at.HZ)
}

// text is step 7 of RFC 793: what is done with data and FIN in each state.
func (d *decider) text() Decision {
	const fn = "tcp_rcv_state_process"
	after := &d.d.After
	switch after.State {
	case CloseWait, Closing, LastAck:
		if !serial.Before(d.s.Seq, after.RcvNxt) {
			if d.end == d.s.Seq {
				return d.taken(Plain)
			}
			return d.taken(AfterFIN)
		}
		fallthrough
	case FinWait1, FinWait2:
		gone := after.ReadShut || after.State != FinWait1 && after.State != FinWait2
		if gone && d.hasNews() {
			d.x.add(true, "data", fn, "nobody will read it")
			d.count(kernel.TCPAbortOnData)
			d.reset(DataNoReader)
			return d.abort(DataNoReader)
		}
	}
	return d.data()
}

// taken says how a good segment ends that does nothing more.
func (d *decider) taken(r ConnReason) Decision {
	switch {
	case d.c.State == FinWait1 && d.d.After.State == FinWait2:
		r = OurFINAcked
	case d.c.State == SynRecv:
		r = Opened
	}
	return d.done(ConnTake, r)
}

// data is tcp_data_queue.
func (d *decider) data() Decision {
	const fn = "tcp_data_queue"
	s, after := d.s, &d.d.After
	next, edge := after.RcvNxt, after.RcvNxt+d.wnd
	d.x.add(d.end != s.Seq, "data", fn, "%d numbers from %+d on", d.end-s.Seq, int32(s.Seq-next))
	switch {
	case d.end == s.Seq:
		return d.taken(Plain)
	case s.Seq != next && !serial.After(d.end, next):
		d.quick()
		d.ack()
		return d.taken(OldData)
	case d.wnd == 0, !serial.Before(s.Seq, edge):
		if d.sem.BeyondWindowAtEdge && d.wnd > 0 {
			d.count(kernel.BeyondWindow)
		}
		d.quick()
		d.ack()
		return d.taken(BeyondWindow)
	case serial.After(s.Seq, next):
		d.x.add(true, "gap", fn, "kept until the gap is closed")
		after.Ahead.add(Span{From: s.Seq, To: d.end, FIN: s.Has(FlagFIN)})
		d.ack()
		return d.taken(GapBefore)
	}
	after.RcvNxt = d.end
	if s.Len > 0 {
		after.Unread += d.end - d.fin() - next
		after.AckTimeout = max(after.AckTimeout, uint32(d.at.HZ/25))
	}
	if s.Has(FlagFIN) {
		after.Ahead = Ahead{}
		return d.peerFIN()
	}
	if after.Ahead == (Ahead{}) {
		d.ack()
		return d.taken(NewData)
	}
	return d.fill()
}

// fill takes what waited behind the data that closed a gap (tcp_ofo_queue).
func (d *decider) fill() Decision {
	after := &d.d.After
	had := after.RcvNxt
	end, fin := after.Ahead.take(had)
	d.x.add(true, "gap", "tcp_ofo_queue", "%d numbers follow", end-had)
	after.RcvNxt = end
	after.Unread += end - had
	if !fin {
		d.ack()
		return d.taken(NewData)
	}
	after.Unread--
	after.Ahead = Ahead{}
	out := d.peerFIN()
	if out.Reply.Delayed { // a gap that closes has its ACK at once
		d.ack()
		return d.d
	}
	return out
}

// peerFIN is tcp_fin.
func (d *decider) peerFIN() Decision {
	after := &d.d.After
	after.ReadShut = true
	after.FINUnread = true
	d.x.add(true, "FIN", "tcp_fin", "in %s", after.State)
	switch after.State {
	case Established:
		after.State = CloseWait
		d.d.Reply = Reply{
			Flags: FlagACK, Seq: after.SndNxt, Ack: after.RcvNxt, Delayed: true,
			Delay: time.Duration(after.AckTimeout) * time.Second / time.Duration(d.at.HZ),
		}
		return d.done(ConnTake, PeerFIN)
	case FinWait1:
		after.State = Closing
	case FinWait2:
		after.State, d.d.Mini = TimeWait, true
	}
	d.ack()
	if after.State == TimeWait {
		if d.c.State == FinWait1 {
			return d.done(ConnClose, BothFINs)
		}
		return d.done(ConnClose, PeerFIN)
	}
	return d.done(ConnTake, PeerFIN)
}
