package paws

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// An observation is one line of testdata/observations; see the README there.
type observation struct {
	Kernel string `json:"kernel"`
	Exp    string `json:"exp"`
	In     struct {
		DTS    int64 `json:"dts"`
		TS     bool  `json:"ts"`
		WaitMs int   `json:"waitMs"`
	} `json:"in"`
	Out struct {
		Counters map[string]uint64 `json:"counters"`
		Resp     string            `json:"resp"`
		TW0      int               `json:"tw0"`
		TW1      int               `json:"tw1"`
	} `json:"out"`
}

func observations(t *testing.T) []observation {
	t.Helper()
	files, err := filepath.Glob("testdata/observations/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no observations: %v", err)
	}
	var all []observation
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for scan := bufio.NewScanner(f); scan.Scan(); {
			var o observation
			if err := json.Unmarshal(scan.Bytes(), &o); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all = append(all, o)
		}
	}
	return all
}

// recycle runs the experiment on a release: the answer, its counters, and whether
// TIME_WAIT was a short one.
func recycle(t *testing.T, release string, o observation, phase time.Duration) (resp, counters string, short bool) {
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
	now := start + time.Duration(o.In.WaitMs)*time.Millisecond
	tsval := uint32(int64(last) + o.In.DTS)
	e := c.Explain(now, client, server, o.In.TS, tsval)
	_, _, rejected := c.Lookup(now, client, server, o.In.TS, tsval)
	if rejected != (e.Verdict.Action == Drop) {
		t.Errorf("Lookup says rejected %v, Explain %v", rejected, e.Verdict)
	}
	resp = "SYNACK"
	if rejected {
		resp = "none"
	}
	return resp, e.Verdict.Counters.String(), short
}

// TestObservations replays every recorded answer, whatever part of a second the
// connection ended in.
func TestObservations(t *testing.T) {
	all := observations(t)
	for i, o := range all {
		t.Run(fmt.Sprintf("%s/%s/%d", o.Kernel, o.Exp, i+1), func(t *testing.T) {
			for phase := time.Duration(0); phase < time.Second; phase += 37 * time.Millisecond {
				resp, counters, short := recycle(t, o.Kernel, o, phase)
				want := kernel.CounterSet{}
				for _, name := range []kernel.Counter{kernel.PAWSPassive, kernel.ListenDrops} {
					if o.Out.Counters[name.String()] == 1 {
						want = want.With(name)
					}
				}
				if resp != o.Out.Resp || counters != want.String() || want.Len() != len(o.Out.Counters) {
					t.Fatalf("%s, %s; observed %s, %v", resp, counters, o.Out.Resp, o.Out.Counters)
				}
				if gone := o.Out.TW1 == 0; o.Out.TW0 != 1 || gone != short {
					t.Fatalf("short TIME_WAIT: %v; observed gone: %v", short, gone)
				}
			}
		})
	}
	if len(all) != 28 {
		t.Errorf("%d observations, want 28", len(all))
	}
}

// The same stimuli on releases that are known from source: 2.6.32 differs in the
// counters, 4.4 in SYNs without timestamp (which was observed on 4.4.155).
func TestRecycleElsewhere(t *testing.T) {
	for _, o := range observations(t) {
		resp, _, _ := recycle(t, "3.10.108", o, 0)
		want := map[string]string{"none": "PAWSPassive", "SYNACK": "none"}[resp]
		if r, c, short := recycle(t, "2.6.32", o, 0); r != resp || c != want || !short {
			t.Errorf("2.6.32, %+v: %s, %s; want %s, %s", o.In, r, c, resp, want)
		}
		want = map[string]string{"none": "PAWSPassive, ListenDrops", "SYNACK": "none"}[resp]
		if !o.In.TS {
			resp, want = "none", "PAWSPassive, ListenDrops"
		}
		if r, c, short := recycle(t, "4.4.155", o, 0); r != resp || c != want || !short {
			t.Errorf("4.4.155, %+v: %s, %s; want %s, %s", o.In, r, c, resp, want)
		}
	}
}
