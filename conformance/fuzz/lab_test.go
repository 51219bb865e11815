package fuzz

import (
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/conformance/driver"
	"example.com/linuxtcp/script"
)

// recorded is a script as a model of 6.1.192 answers it.
func recorded(t *testing.T, text string) *script.Script {
	t.Helper()
	s, err := script.Parse("t", text)
	if err != nil {
		t.Fatal(err)
	}
	k := script.Kernel{Name: "6.1.192", HZ: 250}
	cfg, err := script.ModelOf(k)
	if err != nil {
		t.Fatal(err)
	}
	m, err := script.NewModel(cfg)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := script.Run(s, m)
	if err != nil {
		t.Fatal(err)
	}
	if err := script.Record(s, k, trace); err != nil {
		t.Fatal(err)
	}
	return s
}

const resent = "socket c\nconnect c 10.2.0.1:9000\nwait 2s\nclose c\n"

// ends moves the end of the wait to a time after the one at which the SYN is sent again.
func ends(t *testing.T, after time.Duration) *script.Script {
	t.Helper()
	s := recorded(t, resent)
	var at time.Duration
	for _, a := range s.Answers(2, "6.1.192") {
		if a.Timed {
			at = a.At
		}
	}
	if at == 0 {
		t.Fatalf("no SYN is sent again in\n%s", s)
	}
	k := &s.Kernels[0]
	k.End[2] = k.At[2] + at + after
	shift := k.At[3] - k.End[2]
	k.At[3], k.End[3] = k.At[3]-shift, k.End[3]-shift
	return s
}

// An event within two jiffies of a step's end is no difference, one farther from it is.
func TestNudge(t *testing.T) {
	for _, c := range []struct {
		after          time.Duration
		nudged, differ bool
	}{
		{40 * time.Millisecond, false, false},
		{-6 * time.Millisecond, true, false},
		{-40 * time.Millisecond, false, true},
	} {
		s := ends(t, c.after)
		v := Verdict{Kernel: "6.1.192", Recorded: s}
		v.judge()
		if v.Err != nil || v.Nudged != c.nudged || (v.Difference != nil) != c.differ {
			t.Errorf("a SYN %v before the end: nudged %v, difference %v, %v", c.after, v.Nudged, v.Difference, v.Err)
		}
		if v.Difference != nil && v.Difference.Script != s {
			t.Error("the difference is that of another script")
		}
	}
}

// deaf is a kernel that answers every second script, in the wrong order.
type deaf struct{}

func (deaf) String() string { return "deaf" }

func (deaf) Run(scripts []*script.Script) (traces []batch.Trace, err error) {
	for i := len(scripts) - 1; i >= 0; i-- {
		if i%2 == 0 {
			traces = append(traces, batch.Trace{Script: scripts[i].Name, Kernel: driver.Running{Release: "6.1.192"}, Err: "cut off"})
		}
	}
	return traces, nil
}

func TestScriptsWithoutAnAnswer(t *testing.T) {
	r, err := (&Campaign{Seed: 1, N: 5}).Run(Lab{deaf{}})
	if err != nil || r.Failed != 5 || r.Differ != 0 || r.Kernel != "6.1.192" {
		t.Fatalf("%v\n%s", err, r)
	}
	if got := strings.Join(r.Failures, "\n"); strings.Count(got, "cut off") != 3 || strings.Count(got, "was not asked") != 2 {
		t.Error(got)
	}
}

type dead struct{ deaf }

func (dead) Run([]*script.Script) ([]batch.Trace, error) { return nil, errors.New("no such machine") }

func TestKernelThatCannotBeAsked(t *testing.T) {
	if _, err := (&Campaign{Seed: 1, N: 5}).Run(Lab{dead{}}); err == nil {
		t.Error("no error")
	}
}
