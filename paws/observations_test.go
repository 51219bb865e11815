package paws

import (
	"testing"
	"time"

	"example.com/linuxtcp/internal/recorded"
	"example.com/linuxtcp/kernel"
)

// An observation is what a running kernel answered in one experiment.
type observation = recorded.Line

var replays = map[string]func(*testing.T, observation){
	"recycle":         replayRecycle,
	"paws-estab":      replayEstablished,
	"paws-disordered": replayEstablished,
	"paws-idle":       replayEstablished,
	"paws-synsent":    replaySYNSent,
}

// TestObservations replays every recorded answer.
func TestObservations(t *testing.T) {
	cases := map[string]int{}
	for _, o := range recorded.Read(t) {
		cases[o.Kernel+" "+o.Exp]++
		replay := replays[o.Exp]
		if replay == nil {
			t.Errorf("%s: nothing replays %q", o.Place(), o.Exp)
			continue
		}
		t.Run(o.Name(), func(t *testing.T) { replay(t, o) })
	}
	for name, want := range map[string]int{"3.10.108 recycle": 28, "5.10.223 paws-estab": 48, "6.1.192 paws-estab": 48, "6.12.117 paws-estab": 48,
		"6.18.44 paws-estab": 48, "7.2.13 paws-estab": 48, "5.10.223 paws-idle": 8, "7.2.13 paws-idle": 8} {
		if cases[name] != want {
			t.Errorf("%s: %d cases, want %d", name, cases[name], want)
		}
	}
}

// A recycleIn is what the experiment "recycle" varies.
type recycleIn struct {
	DTS    int64
	TS     bool
	WaitMs int
}

// recycle runs the experiment on a release: the answer, its counters, and whether
// TIME_WAIT was a short one.
func recycle(t *testing.T, release string, in recycleIn, phase time.Duration) (resp, counters string, short bool) {
	t.Helper()
	const last = 3_000_000_000
	c := recycling(t, release)
	start := time.Minute + phase
	closing := Closing{From: client, To: server, TS: last, Stamp: c.seconds(start)}
	wrote, short, err := c.EnterTimeWait(start, closing)
	if !wrote || err != nil {
		t.Fatal(wrote, err)
	}
	if err := c.Closed(start, closing, true); err != nil {
		t.Fatal(err)
	}
	now := start + time.Duration(in.WaitMs)*time.Millisecond
	tsval := uint32(int64(last) + in.DTS)
	e := c.Explain(now, client, server, in.TS, tsval)
	_, _, rejected := c.Lookup(now, client, server, in.TS, tsval)
	if rejected != (e.Verdict.Action == Drop) {
		t.Errorf("Lookup says rejected %v, Explain %v", rejected, e.Verdict)
	}
	resp = "SYNACK"
	if rejected {
		resp = "none"
	}
	return resp, e.Verdict.Counters.String(), short
}

// replayRecycle replays a SYN to a recycling server, whatever part of a second the
// connection ended in.
func replayRecycle(t *testing.T, o observation) {
	var in recycleIn
	var out struct {
		Counters map[string]uint64
		Resp     string
		TW0, TW1 int
	}
	o.Decode(t, &in, &out)
	for phase := time.Duration(0); phase < time.Second; phase += 37 * time.Millisecond {
		resp, counters, short := recycle(t, o.Kernel, in, phase)
		want := kernel.CounterSet{}
		for _, name := range []kernel.Counter{kernel.PAWSPassive, kernel.ListenDrops} {
			if out.Counters[name.String()] == 1 {
				want = want.With(name)
			}
		}
		if resp != out.Resp || counters != want.String() || want.Len() != len(out.Counters) {
			t.Fatalf("%s, %s; observed %s, %v", resp, counters, out.Resp, out.Counters)
		}
		if gone := out.TW1 == 0; out.TW0 != 1 || gone != short {
			t.Fatalf("short TIME_WAIT: %v; observed gone: %v", short, gone)
		}
	}
}

// The same stimuli on releases that are known from source: 2.6.32 differs in the
// counters, 4.4 in SYNs without timestamp (which was observed on 4.4.155).
func TestRecycleElsewhere(t *testing.T) {
	for _, o := range recorded.Read(t) {
		if o.Exp != "recycle" {
			continue
		}
		var in recycleIn
		o.Decode(t, &in, new(struct{}))
		resp, _, _ := recycle(t, "3.10.108", in, 0)
		want := map[string]string{"none": "PAWSPassive", "SYNACK": "none"}[resp]
		if r, c, short := recycle(t, "2.6.32", in, 0); r != resp || c != want || !short {
			t.Errorf("2.6.32, %+v: %s, %s; want %s, %s", in, r, c, resp, want)
		}
		want = map[string]string{"none": "PAWSPassive, ListenDrops", "SYNACK": "none"}[resp]
		if !in.TS {
			resp, want = "none", "PAWSPassive, ListenDrops"
		}
		if r, c, short := recycle(t, "4.4.155", in, 0); r != resp || c != want || !short {
			t.Errorf("4.4.155, %+v: %s, %s; want %s, %s", in, r, c, resp, want)
		}
	}
}
