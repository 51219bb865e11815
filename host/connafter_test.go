package host

import (
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
)

// What a socket remembers after a segment.
func TestAfter(t *testing.T) {
	last := kernel.MustParse("7.2").Semantics()
	at := Moment{Jiffies: 1000, Seconds: 100, TSClock: 50}
	run := func(sem *kernel.Semantics, c Conn, s Segment) Decision { return Decide(sem, &rowSysctls, c, &s, at) }

	c := rowConn(Established)
	d := run(&last, c, Segment{Flags: FlagACK | FlagFIN, Seq: 2000, Ack: 1000, Len: 10, Window: 9000})
	after := d.After
	if after.RcvNxt != 2011 || after.Unread != 10 || !after.FINUnread || !after.ReadShut || after.AckTimeout != 10 || after.SndWl1 != 2000 || after.SndWnd != 9000 || after.MaxWindow != 9000 {
		t.Errorf("data and FIN: %+v", after)
	}
	if !d.Reply.Delayed || d.Reply.Delay != 40*time.Millisecond || after.RcvWup != 2000 {
		t.Errorf("data and FIN: %+v, RcvWup %d", d.Reply, after.RcvWup)
	}
	if d := run(&last, c, Segment{Flags: FlagACK | FlagFIN, Seq: 2000, Ack: 1000}); !d.Reply.Delayed || d.Reply.Delay != 0 {
		t.Errorf("FIN alone: %+v", d.Reply)
	}
	old := run(&last, c, Segment{Flags: FlagACK, Seq: 1990, Ack: 1000, Len: 10}).After
	if old.AckTimeout != 10 || old.Unread != 0 {
		t.Errorf("old data: %+v", old)
	}
	in := run(&last, c, Segment{Flags: FlagACK, Seq: 1990, Ack: 1000, Len: 30}).After
	if in.Unread != 20 || in.RcvWup != 2020 || in.RcvWnd != 59980 || in.window() != 59980 {
		t.Errorf("data: %+v", in)
	}

	// An acknowledged FIN counts as acknowledged; so does a connect()'s SYN.
	if got := run(&last, rowConn(FinWait1), Segment{Flags: FlagACK, Seq: 2000, Ack: 1000}).After; got.BytesAcked != 1001 || got.State != FinWait2 {
		t.Errorf("acknowledged FIN: %+v", got)
	}
	waiting := Conn{State: SynSent, SndUna: 999, SndNxt: 1000, RcvWnd: 64240}
	up := run(&last, waiting, Segment{Flags: FlagSYN | FlagACK, Seq: 1999, Ack: 1000, Window: 7000, Timestamp: true, TSVal: 5}).After
	if up.BytesAcked != 1 || up.State != Established || up.RcvNxt != 2000 || up.SndWnd != 7000 || up.MaxWindow != 7000 || up.SndWl1 != 1999 || !up.Timestamps ||
		up.Recent != (paws.Recent{TS: 5, Stamp: 100}) {
		t.Errorf("SYN-ACK: %+v", up)
	}

	// The SYN is hurried only once.
	bad := Segment{Flags: FlagACK, Ack: 5}
	if !run(&last, waiting, bad).SYNSoon {
		t.Error("not hurried")
	}
	waiting.SYNResent = true
	if run(&last, waiting, bad).SYNSoon {
		t.Error("hurried twice")
	}

	// A window of 0 takes nothing.
	c.RcvWnd = 0
	if d := run(&last, c, Segment{Flags: FlagACK, Seq: 2000, Ack: 1000, Len: 1}); d.Verdict.Reason != OutOfWindow && d.Verdict.Reason != BeyondWindow || d.After.RcvNxt != 2000 {
		t.Errorf("window of 0: %v", d.Verdict)
	}
}

// From 3.8 on a timestamp is remembered after the ACK number was found good, or, lately, merely old.
func TestAfterTimestamp(t *testing.T) {
	for _, c := range []struct {
		release string
		ack     uint32
		want    uint32
	}{{"3.7", 1000, 1001}, {"3.7", 1001, 1001}, {"3.8", 1000, 1001}, {"3.8", 1001, 1000}, {"6.18.44", 1000, 1001}, {"6.18.44", 999, 1000}, {"7.2.13", 999, 1001}} {
		sem := kernel.MustParse(c.release).Semantics()
		s := Segment{Flags: FlagACK, Seq: 2000, Ack: c.ack, Timestamp: true, TSVal: 1001}
		if got := Decide(&sem, &rowSysctls, stampedConn(Established), &s, Moment{Seconds: 100}).After.Recent.TS; got != c.want {
			t.Errorf("%s, ACK of %d: %d remembered, want %d", c.release, c.ack, got, c.want)
		}
	}
}

// What the number of an ACK means in ESTABLISHED and in FIN-WAIT-2, by release.
func TestACKNumberByRelease(t *testing.T) {
	for _, c := range []struct {
		releases            string
		state               State
		stale, stray, ahead ConnAction
	}{
		{"2.6.32 3.7", Established, ConnTake, ConnTake, ConnDrop},
		{"3.8 4.12 4.13 6.8 7.0", Established, ConnTake, ConnChallenge, ConnDrop},
		{"6.18.44 7.1 7.2.13", Established, ConnTake, ConnChallenge, ConnChallenge},
		{"2.6.32 3.7 3.8 4.12", FinWait2, ConnTake, ConnTake, ConnTake},
		{"4.13 5.10.223 6.8", FinWait2, ConnChallenge, ConnChallenge, ConnChallenge},
		{"6.1.192 6.9 7.2.13", FinWait2, ConnTake, ConnChallenge, ConnChallenge},
	} {
		each(t, c.releases, func(t *testing.T, sem *kernel.Semantics) {
			for ack, want := range map[uint32]ConnAction{999: c.stale, 1<<32 - 4001: c.stray, 1001: c.ahead} {
				d := Decide(sem, &rowSysctls, rowConn(c.state), &Segment{Flags: FlagACK, Seq: 2000, Ack: ack}, Moment{Jiffies: 1000})
				if d.Verdict.Action != want || d.After.SndUna != 1000 {
					t.Errorf("%v, ACK of %d: %v, want %v", c.state, ack, d.Verdict, want)
				}
				old := c.state == FinWait2 && want == ConnTake && ack == 1<<32-4001
				if got := d.Verdict.Counters.Has(kernel.TCPChallengeACK); got != (want == ConnChallenge || old && sem.OldACKChallenge) {
					t.Errorf("%v, ACK of %d: %v", c.state, ack, d.Verdict)
				}
			}
		})
	}
}

// An orphan whose FIN is acknowledged becomes a minisock, unless it waits longer than 60 s
// or the segment brings a FIN.
func TestOrphanFinWait2(t *testing.T) {
	sem := kernel.MustParse("6.18").Semantics()
	for _, c := range []struct {
		timeout int
		seq     uint32
		flags   Flags
		mini    bool
		state   State
	}{
		{60, 2000, FlagACK, true, FinWait2}, {61, 2000, FlagACK, false, FinWait2},
		{60, 2000, FlagACK | FlagFIN, true, TimeWait}, {60, 1999, FlagACK | FlagFIN, false, FinWait2},
	} {
		conn := rowConn(FinWait1)
		conn.Orphan, conn.ReadShut = true, true
		sys := kernel.Sysctls{TCPFinTimeout: c.timeout}
		d := Decide(&sem, &sys, conn, &Segment{Flags: c.flags, Seq: c.seq, Ack: 1000}, Moment{})
		if d.Mini != c.mini || d.After.State != c.state {
			t.Errorf("%+v: minisock %v, %v", c, d.Mini, d.After.State)
		}
	}
}

// tcp_invalid_ratelimit is rounded up to jiffies, and data is answered always, a SYN with data not.
func TestAnswerLimit(t *testing.T) {
	sem := kernel.MustParse("6.18").Semantics()
	for _, c := range []struct {
		ms, ago int
		s       Segment
		held    bool
	}{
		{500, 124, Segment{Flags: FlagACK, Seq: 90000}, true}, {500, 125, Segment{Flags: FlagACK, Seq: 90000}, false},
		{501, 125, Segment{Flags: FlagACK, Seq: 90000}, true}, {501, 126, Segment{Flags: FlagACK, Seq: 90000}, false},
		{500, 1, Segment{Flags: FlagACK, Seq: 90000, Len: 5}, false}, {500, 1, Segment{Flags: FlagACK | FlagFIN, Seq: 90000}, false}, {0, 1, Segment{Flags: FlagACK, Seq: 90000}, false},
	} {
		conn := rowConn(CloseWait)
		conn.Answered = uint32(1000 - c.ago)
		d := Decide(&sem, &kernel.Sysctls{TCPInvalidRatelimit: c.ms}, conn, &c.s, Moment{Jiffies: 1000})
		if got := d.Verdict.Reason == OutTooSoon; got != c.held {
			t.Errorf("%d ms, %d jiffies ago, %+v: %v", c.ms, c.ago, c.s, d.Verdict)
		}
		if want := !c.held && c.s.End() == c.s.Seq; (d.After.Answered == 1000) != want {
			t.Errorf("%d ms, %d jiffies ago: stamped %d", c.ms, c.ago, d.After.Answered)
		}
	}
	old := kernel.MustParse("5.10").Semantics()
	c := stampedConn(CloseWait)
	c.Answered = 999
	s := Segment{Flags: FlagSYN, Seq: 90000, Len: 5, Timestamp: true, TSVal: 1}
	if d := Decide(&old, &rowSysctls, c, &s, Moment{Jiffies: 1000, Seconds: 100}); d.Verdict.Reason != PAWSTooSoon || d.Verdict.Counters.String() != "PAWSEstab, TCPACKSkippedPAWS" {
		t.Errorf("old SYN with data: %v", d.Verdict)
	}
}
