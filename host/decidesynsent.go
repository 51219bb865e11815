package host

import (
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
	"example.com/linuxtcp/paws"
)

// ACKAcceptable reports whether the ACK number of a segment is good in SYN-SENT: it
// acknowledges something that was sent and was not acknowledged, which without data on the SYN is
// exactly the SYN. Every release; observed on 4.19.78 to 7.2.13.
//
// Any other, unless it is on a RST, is answered by a RST with that number as its sequence
// number. So a stray ACK of an old connection, a SYN's challenge ACK among them, has its
// sender's socket reset. From 5.6 on (9603d47bad46) the SYN is then sent again after 2
// jiffies, for a RST too, if it was not sent again before.
func ACKAcceptable(c *Conn, ack uint32) bool {
	return c != nil && serial.After(ack, c.SndUna) && !serial.After(ack, c.SndNxt)
}

// DecideSYNSent is [Decide] for a socket in SYN-SENT (tcp_rcv_synsent_state_process).
// In order:
//
//	segment                                  outcome                       counters
//	1 ACK, not ACKAcceptable                 RST (none for a RST)          OutRsts
//	2 ACK, echo of a timestamp never sent    RST (none for a RST)          PAWSActive, OutRsts
//	3 ACK and RST                            closed, ECONNREFUSED          AttemptFails
//	4 ACK without SYN                        dropped
//	5 ACK and SYN                            ESTABLISHED, ACK
//	6 RST                                    dropped
//	7 older than an inherited timestamp      dropped
//	8 SYN                                    SYN-RECV, SYN-ACK
//	9 any other                              dropped
//
// A FIN on a SYN or SYN-ACK and data are not looked at. The peer's timestamps are in use from then on if
// the segment has one, whatever our SYN had. 1 to 9 observed on 5.10.223 to 7.2.13, 7
// from source; all releases, but for the SYN of 1.
func DecideSYNSent(sem *kernel.Semantics, sys *kernel.Sysctls, c Conn, s *Segment, at Moment) Decision {
	c.State = SynSent
	return Decide(sem, sys, c, s, at)
}

func (d *decider) synSent() Decision {
	const fn = "tcp_rcv_synsent_state_process"
	s, c := d.s, &d.c
	ack := s.Has(FlagACK)
	if ack {
		good := ACKAcceptable(c, s.Ack)
		d.x.add(!good, "ACK number", fn, "ours is %d, this one %+d from it", c.SndNxt, int32(s.Ack-c.SndNxt))
		if !good {
			d.d.SYNSoon = d.sem.SYNAccelerated && !c.SYNResent
			d.sendReset()
			return d.done(d.resetAction(), ACKUnsent)
		}
	}
	// The option is read by the sysctl, not by what our SYN had.
	stamped := s.Timestamp && d.sys.TCPTimestamps != 0
	ps := d.pawsSegment()
	ps.Timestamp = stamped
	v := paws.DecideSYNSent(d.sem, &paws.Conn{Recent: c.Recent}, &ps, d.at.Seconds, c.FirstTS, d.at.TSClock)
	d.x.add(v.Action != paws.Pass, "timestamp", fn, "%s", v.Reason)
	d.d.Verdict.Drop = v.Drop
	switch v.Action {
	case paws.SendReset:
		d.count(kernel.PAWSActive)
		d.sendReset()
		return d.done(ConnSendReset, EchoNeverWas)
	case paws.Drop:
		if v.Reason == paws.EchoUnknown {
			d.count(kernel.PAWSActive)
			return d.drop(EchoNeverWas)
		}
		return d.drop(PAWSOld)
	}
	d.x.add(s.Has(FlagRST), "RST", fn, "%s", s.Flags)
	switch {
	case s.Has(FlagRST) && ack:
		return d.reset(Refused)
	case s.Has(FlagRST):
		return d.drop(RSTNoACK)
	}
	d.x.add(s.Has(FlagSYN), "SYN", fn, "%s", s.Flags)
	switch {
	case !s.Has(FlagSYN) && ack:
		return d.drop(ACKOnly)
	case !s.Has(FlagSYN):
		return d.drop(NoFlags)
	}
	after := &d.d.After
	after.RcvNxt = s.Seq + 1
	after.RcvWup = after.RcvNxt
	after.SndWl1, after.SndWnd = s.Seq, s.Window
	after.MaxWindow = max(after.MaxWindow, s.Window)
	after.Timestamps = stamped
	if stamped {
		after.Recent = paws.Recent{TS: s.TSVal, Stamp: d.at.Seconds}
	}
	if !ack {
		after.State = SynRecv
		after.MaxWindow = s.Window
		d.d.Reply = Reply{Flags: FlagSYN | FlagACK, Seq: c.SndNxt - 1, Ack: after.RcvNxt}
		return d.done(ConnTake, SYNsCross)
	}
	after.State = Established
	after.BytesAcked += uint64(s.Ack - c.SndUna)
	after.SndUna = s.Ack
	after.opened(s, d.at.Now, d.at.TSClock, d.tsUnit(), d.at.HZ)
	d.ack()
	return d.done(ConnTake, Answered)
}

// resetAction is what sendReset comes to for a socket that stays.
func (d *decider) resetAction() ConnAction {
	if d.d.Reply.Flags == 0 {
		return ConnDrop
	}
	return ConnSendReset
}

func (d *decider) pawsSegment() paws.Segment {
	s := d.s
	return paws.Segment{
		SYN: s.Has(FlagSYN), ACK: s.Has(FlagACK), RST: s.Has(FlagRST), Timestamp: s.Timestamp, TSVal: s.TSVal, TSEcr: s.TSEcr,
		Seq: s.Seq, Len: d.end - s.Seq, AckSeq: s.Ack, Window: s.Window,
	}
}

func (d *decider) pawsConn() paws.Conn {
	c := &d.c
	return paws.Conn{
		Recent: c.Recent, Timestamps: c.Timestamps, NotEstablished: c.State != Established, AnsweredLately: !d.room,
		RcvNxt: c.RcvNxt, RcvWup: c.RcvWup, SndUna: c.SndUna, SndWl1: c.SndWl1, SndWnd: c.SndWnd, RTO: c.RTO, HZ: d.at.HZ,
	}
}
