package host

import (
	"testing"

	"example.com/linuxtcp/internal/rowtest"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
	"pgregory.net/rapid"
)

// A plain is the outcome of a segment as the second model tells it.
type plain struct {
	state State
	reply Flags // 0 for none
	next  int64 // the number expected then, from the one before
	err   Errno
}

// plainly is a model of a synchronized socket without timestamps that knows only the present: kernels
// from 7.1 on, whose checks it makes with whole numbers. seq and end count from RcvNxt,
// una, nxt and ack from our number before the last; wnd is the window, behind how much
// came in since the last ACK.
func plainly(c Conn, flags Flags, seq, end, ack, una, nxt, wnd, behind int64, acked int64) plain {
	has := func(f Flags) bool { return flags&f != 0 }
	same := plain{c.State, 0, 0, 0}
	sendACK := plain{c.State, FlagACK, 0, 0}
	died := plain{Closed, 0, 0, ECONNRESET}
	switch c.State {
	case CloseWait:
		died.err = EPIPE
	}
	closing := c.State == CloseWait || c.State == LastAck || c.State == Closing
	fin := int64(0)
	if has(FlagFIN) {
		fin = 1
	}
	inside := end >= -behind && seq <= wnd && (end-fin <= wnd || c.Unread == 0 && !c.FINUnread)
	if !has(FlagACK) && !has(FlagRST) && !has(FlagSYN) {
		return same
	}
	if has(FlagRST) {
		switch {
		case seq == 0 && inside, seq == -1 && closing:
			return died
		case inside:
			return sendACK
		}
		return same
	}
	if has(FlagSYN) || !inside {
		return sendACK
	}
	if ack > nxt || ack < una-min(int64(c.MaxWindow), acked) {
		return sendACK
	}
	finAcked := ack == nxt
	unheard := end > seq && end-fin > 0
	state, reset := c.State, plain{Closed, FlagRST, 0, 0}
	switch {
	case c.State == LastAck && finAcked:
		return plain{Closed, 0, 0, 0}
	case c.State == Closing && finAcked:
		return plain{TimeWait, 0, 0, 0}
	case c.State == FinWait1 && finAcked:
		state = FinWait2
		if c.Orphan && unheard {
			return reset
		}
		if c.Orphan && fin == 0 {
			return plain{FinWait2, 0, 0, 0}
		}
	}
	after := plain{state, 0, 0, 0}
	if closing && seq >= 0 || end == seq {
		return after
	}
	if c.ReadShut && state != Established && unheard {
		reset.err = died.err
		return reset
	}
	after.reply = FlagACK
	if seq > 0 || end <= 0 {
		return after
	}
	after.next = end
	if fin == 1 {
		switch state {
		case Established:
			after.state = CloseWait
		case FinWait1:
			after.state = Closing
		case FinWait2:
			after.state = TimeWait
		}
	}
	return after
}

// Decide agrees with a second model that is written without serial numbers, verdicts, rows or
// helpers, wherever the numbers lie and wrap.
func TestDecideAgainstPlainModel(t *testing.T) {
	releases := []kernel.Semantics{kernel.MustParse("7.1").Semantics(), kernel.MustParse("7.2.13").Semantics()}
	rapid.Check(t, func(t *rapid.T) {
		sem := rapid.SampledFrom(releases).Draw(t, "release")
		near := rapid.OneOf(rapid.Int64Range(-3, 3), rapid.SampledFrom([]int64{-100, -21, -20, -19, 979, 980, 981, 999, 1000, 1001, 5000}))
		state := rapid.SampledFrom(matrixStates).Draw(t, "state")
		wnd := int64(1000)
		behind := rapid.SampledFrom([]int64{0, 20}).Draw(t, "not acknowledged")
		us, them := rapid.Uint32().Draw(t, "us"), rapid.Uint32().Draw(t, "them")
		c := Conn{
			State: state, SndNxt: us, SndUna: us, RcvNxt: them, RcvWup: them - uint32(behind), RcvWnd: uint32(wnd + behind),
			MaxWindow: rapid.SampledFrom([]uint32{0, 10, 5000}).Draw(t, "largest window"), BytesAcked: uint64(rapid.IntRange(0, 20).Draw(t, "acknowledged")), RTO: 50,
			Orphan: state != Established && state != CloseWait && rapid.Bool().Draw(t, "orphan"),
		}
		una := int64(0)
		if state == FinWait1 || state == LastAck || state == Closing {
			c.SndUna, una = us-1, -1
		}
		closing := state == CloseWait || state == LastAck || state == Closing
		c.ReadShut = closing || c.Orphan || rapid.Bool().Draw(t, "shut")
		c.FINUnread = closing && rapid.Bool().Draw(t, "FIN unread")
		if !closing && !c.Orphan {
			c.Unread = uint32(rapid.IntRange(0, 1).Draw(t, "unread"))
		}
		flags := Flags(rapid.IntRange(0, 31).Draw(t, "flags"))
		seq, n, ack := near.Draw(t, "seq"), rapid.SampledFrom([]int64{0, 1, 2, 20, 21, 1000}).Draw(t, "len"), rapid.Int64Range(-25, 2).Draw(t, "ack")
		s := Segment{Flags: flags, Seq: them + uint32(seq), Ack: us + uint32(ack), Len: uint32(n), Window: 10}
		end := seq + int64(s.End()-s.Seq)

		d := Decide(&sem, &rowSysctls, c, &s, Moment{Jiffies: 1000})
		got := plain{d.After.State, d.Reply.Flags, int64(int32(d.After.RcvNxt - them)), d.After.Err}
		want := plainly(c, flags, seq, end, ack, una, 0, wnd, behind, int64(c.BytesAcked))
		if got != want {
			t.Fatalf("%v, segment %v seq %+d end %+d ack %+d: %+v, want %+v: %v", state, flags, seq, end, ack, got, want, Explain(&sem, &rowSysctls, c, &s, Moment{Jiffies: 1000}))
		}
	})
}

// Whatever comes, in whatever state, on whatever kernel: Explain decides as Decide does, its
// verdict has words, nothing panics, and what Decide must not touch stays.
func TestDecideAnything(t *testing.T) {
	mainline := rowtest.Mainline()
	rapid.Check(t, func(t *rapid.T) {
		sem := rapid.SampledFrom(mainline).Draw(t, "release").Semantics()
		near := func(name string) uint32 {
			return rapid.SampledFrom([]uint32{0, 100, 1 << 31, 1<<32 - 70000}).Draw(t, name) + uint32(rapid.IntRange(-3, 3).Draw(t, name+" off"))
		}
		c := Conn{
			State: State(rapid.IntRange(0, 11).Draw(t, "state")), Orphan: rapid.Bool().Draw(t, "orphan"), ReadShut: rapid.Bool().Draw(t, "shut"),
			SndUna: near("una"), SndNxt: near("nxt"), RcvNxt: near("rcv"), RcvWup: near("wup"), RcvWnd: near("wnd"), SndWl1: near("wl1"),
			SndWnd: near("snd"), MaxWindow: near("max"), Timestamps: rapid.Bool().Draw(t, "ts"), Recent: paws.Recent{TS: near("recent"), Stamp: 5},
			Answered: near("answered"), RTO: near("rto"), Linger2: rapid.IntRange(-1, 200).Draw(t, "linger2"), FINUnread: rapid.Bool().Draw(t, "fin"),
		}
		s := Segment{
			Flags: Flags(rapid.IntRange(0, 31).Draw(t, "flags")), Seq: near("seq"), Ack: near("ack"), Len: rapid.SampledFrom([]uint32{0, 1, 70000}).Draw(t, "len"),
			Window: near("window"), Timestamp: rapid.Bool().Draw(t, "stamped"), TSVal: near("tsval"), TSEcr: near("tsecr"),
		}
		at := Moment{Jiffies: near("jiffies"), Seconds: 100, TSClock: near("clock"), ChallengesSpent: rapid.Bool().Draw(t, "spent")}
		d := Decide(&sem, &rowSysctls, c, &s, at)
		if x := Explain(&sem, &rowSysctls, c, &s, at); x.Decision != d {
			t.Fatalf("explained %v, decided %v", x.Decision, d)
		}
		if v := d.Verdict; v.Action == 0 || v.Reason == 0 || v.Action.String() == "" || v.Reason.String() == "" {
			t.Fatalf("no words for %+v", v)
		}
		if s.Has(FlagRST) && d.Reply.Flags&FlagRST != 0 {
			t.Fatal("a RST answered a RST")
		}
		if d.After.Orphan != c.Orphan || d.After.SndNxt != c.SndNxt || d.After.RTO != c.RTO && d.After.SndUna == c.SndUna && d.After.State == c.State || d.After.Linger2 != c.Linger2 {
			t.Fatal("changed what is not a segment's to change")
		}
		if (d.Reply.Flags != 0) != (d.Verdict.Action == ConnACK || d.Verdict.Action == ConnChallenge || d.Verdict.Action == ConnSendReset) &&
			d.Verdict.Action != ConnTake && d.Verdict.Action != ConnClose && d.Verdict.Action != ConnAbort {
			t.Fatalf("%v with reply %+v", d.Verdict, d.Reply)
		}
	})
	Decide(nil, nil, Conn{State: Established}, nil, Moment{})
	JudgeACK(nil, nil, 0)
	SYNOnConnection(nil, nil, nil)
	InReceiveWindow(nil, nil, nil)
	(*ChallengeBudget)(nil).Spend(nil, 0, nil)
}
