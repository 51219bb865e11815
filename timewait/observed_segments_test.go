package timewait

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

type segmentIn struct {
	ConnTS, SegTS     bool
	Dts, Dseq         int32
	Len               uint32
	Flags, Substate   string
	Rfc1337, AtMs     int
	AtMsList          []int `json:"-"`
	TCPInvalidRatelim int   `json:"tcp_invalid_ratelimit"`
}

func (in *segmentIn) state() State {
	if in.Substate == "FIN_WAIT2" {
		return FinWait2
	}
	return TimeWait
}

func (in *segmentIn) segment(dseq int32) Segment {
	return Segment{Flags: parseFlags(in.Flags), Seq: rcvNxt + uint32(dseq), Ack: sndNxt, Len: in.Len,
		Timestamp: in.SegTS, TSVal: lastTS + uint32(in.Dts), Listener: true}
}

// describe is a reply in the recorder's words.
func describe(r Reply, ts bool) string {
	switch {
	case r.Flags == 0:
		return ""
	case r.Flags == FlagACK && ts:
		return fmt.Sprintf("ACK seq=snd_nxt%+d ack=rcv_nxt%+d win=%d tsecr=last%+d", int32(r.Seq-sndNxt), int32(r.Ack-rcvNxt), r.Window, int32(r.TSEcr-lastTS))
	case r.Flags == FlagACK:
		return fmt.Sprintf("ACK seq=snd_nxt%+d ack=rcv_nxt%+d win=%d", int32(r.Seq-sndNxt), int32(r.Ack-rcvNxt), r.Window)
	case r.Flags == FlagRST:
		return fmt.Sprintf("RST seq=snd_nxt%+d", int32(r.Seq-sndNxt))
	}
	return fmt.Sprintf("RST|ACK seq=%d ack=rcv_nxt%+d", r.Seq, int32(r.Ack-rcvNxt))
}

func replaySegment(t *testing.T, b *bench, o observation) {
	var in segmentIn
	var out struct {
		Window uint32
		Rows   []struct {
			Answers               []string
			Counters              map[string]int
			Dseq                  int32
			LeftBefore, LeftAfter int
			State                 string
			TsRecentAfter         *int32
		}
	}
	parse(t, o, &in, &out)
	b.sys.TCPRFC1337, b.sys.TCPInvalidRatelimit = in.Rfc1337, 0
	for _, row := range out.Rows {
		b.t = nil
		k := b.socket(in.state(), in.ConnTS)
		k.Window = out.Window
		must(b.table().Enter(b.now, k))
		before := b.t.Counters()
		s := in.segment(row.Dseq)
		s.From, s.To = theirs, ours
		x, _, _ := b.t.Explain(b.now, s)
		d := Decide(&b.sem, func() *View { v := b.t.view(0); return &v }(), &s)
		got := b.receive(in.segment(row.Dseq))
		fail := func(format string, args ...any) {
			t.Helper()
			t.Errorf("dseq %d: %s\n%v\nobserved %+v", row.Dseq, fmt.Sprintf(format, args...), x, row)
		}
		if x.Verdict != got.Verdict {
			fail("explained as %v, done %v", x.Verdict, got.Verdict)
		}
		answer, state := describe(got.Reply, in.ConnTS), "none"
		if st, ok := b.t.Find(ours, theirs); ok {
			state = st.String()
		}
		if got.Action == Reopen && s.Flags&FlagFIN == 0 { // the listener's answer
			state = "SYN_RECV"
			if len(row.Answers) != 1 || !strings.HasPrefix(row.Answers[0], "SYN|ACK seq=snd_nxt+") {
				fail("reopens")
			} else if kept := strings.HasPrefix(row.Answers[0], "SYN|ACK seq=snd_nxt+65537 "); kept == ReopenISNLost(&b.sem, false) {
				fail("number kept: %v", kept)
			}
		} else if answer != strings.Join(row.Answers, "; ") {
			fail("answers %q", answer)
		}
		if state != row.State {
			fail("then in %s", state)
		}
		b.same(row.Counters, b.t.Counters().Sub(before))
		if b.t.Len() > 0 {
			if e := b.t.s.at(0); in.ConnTS && row.TsRecentAfter != nil && e.tsRecent != lastTS+uint32(*row.TsRecentAfter) {
				fail("remembers timestamp last%+d", int32(e.tsRecent-lastTS))
			}
			switch jump := row.LeftAfter - row.LeftBefore; {
			case jump > 5 && !d.Rearm, jump <= 0 && row.LeftBefore < 5990 && d.Rearm:
				fail("60 s begin anew: %v", d.Rearm)
			}
		}
	}
}

func replayRateLimit(t *testing.T, b *bench, o observation) {
	var in struct {
		ConnTS, SegTS   bool
		Dts, Dseq       int32
		Len             uint32
		Flags, Substate string
		Limit           int `json:"tcp_invalid_ratelimit"`
	}
	var out struct {
		Counters map[string]int
		Rows     []struct {
			Answers, Jiffies int
			State            string
		}
	}
	parse(t, o, &in, &out)
	b.sys.TCPInvalidRatelimit = in.Limit
	seg := segmentIn{ConnTS: in.ConnTS, SegTS: in.SegTS, Dts: in.Dts, Len: in.Len, Flags: in.Flags, Substate: in.Substate}
	// A jiffy that began between sending and reading the counter is written one too
	// high: rows may be a jiffy early, if that explains what was seen. In real time on a
	// loaded machine it may be many more.
	slips, most := 0, 1
	if o.Kernel == "6.18.44" {
		most = 120
	}
	var about []time.Duration
	for j := range most + 1 {
		about = append(about, -time.Duration(j)*4*time.Millisecond, time.Duration(j)*4*time.Millisecond)
	}
	b.now = b.at(1<<32 - 250*200) // off the wrap of the counter
	b.enter(seg.state(), in.ConnTS)
	before, start := b.t.Counters(), b.now
	for i, row := range out.Rows {
		at := start + time.Duration(row.Jiffies)*4*time.Millisecond
		s := seg.segment(in.Dseq)
		s.From, s.To = theirs, ours
		for _, slip := range about {
			if x, ok, err := b.t.Explain(max(at+slip, b.now), s); err == nil && ok && (x.Verdict.Action != Drop) == (row.Answers == 1) {
				slips += int(min(max(slip, -slip), 1))
				at = max(at+slip, b.now)
				break
			}
		}
		b.now = max(at, b.now)
		got, ok, err := b.t.Receive(b.now, s)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			t.Logf("row %d: no entry is left", i)
			return
		}
		n := 0
		if got.Reply.Flags != 0 || got.Action == Reopen && s.Flags&FlagFIN == 0 {
			n = 1
		}
		if n != row.Answers {
			t.Errorf("at jiffy %d: %d answers (%v), observed %d", row.Jiffies, n, got, row.Answers)
		}
		if st, ok := b.t.Find(ours, theirs); ok && st.String() != row.State || !ok && row.State == seg.Substate {
			t.Errorf("at jiffy %d: in %v %v, observed %s", row.Jiffies, st, ok, row.State)
		}
	}
	if slips > 3 && most == 1 {
		t.Errorf("%d rows are off by a jiffy", slips)
	}
	b.same(out.Counters, b.t.Counters().Sub(before))
}

func replayConnect(t *testing.T, b *bench, o observation) {
	var in struct {
		Bound, TS    bool
		Refresh      string
		Substate, To string
		Reuse        int `json:"tcp_tw_reuse"`
		Delay        int `json:"tcp_tw_reuse_delay"`
	}
	var out struct {
		Counters             map[string]int
		SamePort             bool
		IsnMinusSndNxt       uint32
		Tsecr                string
		Err                  string
		ConnectAt, EnteredAt float64
		ToRefresh            int
		Before, After        map[string]int
	}
	parse(t, o, &in, &out)
	connected := out.Err == "ok"
	b.sys.TCPTWReuse = in.Reuse
	if b.sem.TWReuseDelay && in.Delay != 0 {
		b.sys.TCPTWReuseDelay = in.Delay
	}
	state := TimeWait
	if in.Substate == "FIN_WAIT2" {
		state = FinWait2
	}
	sec := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	try := func(entered, connect time.Duration) (Verdict, Inheritance, kernel.Counters) {
		b.t, b.now = nil, entered
		k := b.socket(state, in.TS)
		k.BoundToLo = strings.Contains(in.To, "bound to lo")
		if strings.HasPrefix(in.To, "127") {
			k.Local, k.Remote = must(parseAP("127.0.0.1:40000")), must(parseAP("127.0.0.1:80"))
		}
		must(b.table().Enter(b.now, k))
		if in.Refresh != "" { // the peer sends something 1.9 s after entry
			s := Segment{Flags: FlagACK, Seq: rcvNxt, Ack: sndNxt, Timestamp: true, TSVal: lastTS}
			switch in.Refresh {
			case "newer ACK":
				s.TSVal++
			case "old data":
				s.Seq, s.Len = s.Seq-1, 1
			}
			b.now += 1900 * time.Millisecond
			if got := b.receive(s); (got.Reply.Flags != 0) != (out.ToRefresh == 1) {
				t.Errorf("%s gets %v, observed %d answers", in.Refresh, got, out.ToRefresh)
			}
		}
		before := b.t.Counters()
		v, inherit, err := b.t.Connect(max(connect, b.now), k.Local, k.Remote, in.Bound)
		if err != nil {
			t.Fatal(err)
		}
		return v, inherit, b.t.Counters().Sub(before)
	}
	// Moments were read a little before or after the event.
	for _, slip := range []time.Duration{0, -20 * time.Millisecond, 20 * time.Millisecond} {
		v, inherit, counted := try(sec(out.EnteredAt)+slip, sec(out.ConnectAt))
		if (v.Action == Take) != connected {
			continue
		}
		b.same(out.Counters, counted, "OutRsts")
		if out.Before[in.Substate] != 1 || out.After != nil && out.After[in.Substate] != b.t.Len() {
			t.Errorf("%d entries are left; observed %s", b.t.Len(), o.Out)
		}
		if out.SamePort && (inherit.ISN-sndNxt != out.IsnMinusSndNxt || out.Tsecr != fmt.Sprintf("last%+d", int32(inherit.TSRecent-lastTS))) {
			t.Errorf("inherits %+v", inherit)
		}
		return
	}
	v, _, _ := try(sec(out.EnteredAt), sec(out.ConnectAt))
	t.Errorf("model: %v", v)
}
