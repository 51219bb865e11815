package script

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func result(at time.Duration, answers ...string) Result {
	r := Result{At: at, End: at + 60*time.Millisecond}
	for _, text := range answers {
		a, err := parseAnswer(strings.Fields(text))
		if err != nil {
			panic(err)
		}
		r.Answers = append(r.Answers, a)
		r.Quiet = append(r.Quiet, time.Second)
	}
	r.inOrder()
	return r
}

func TestRecordMerges(t *testing.T) {
	s := mustParse(t, "socket s\n\tss s gone\nwait 3s\n")
	rec := func(name string, trace Trace) {
		t.Helper()
		if err := Record(s, Kernel{Name: name, HZ: 250}, trace); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
	}
	rec("6.12.107", Trace{
		result(2*time.Second, "ss s LISTEN 0/5", "p1 < RST seq 0"),
		result(2061*time.Millisecond, "p1 < ACK seq 1 ack 1 @1.004", "p1 < ACK seq 2 ack 1 @2", "nstat TW 1"),
	})
	rec("5.10.223", Trace{
		result(1*time.Second, "ss s LISTEN 0/5"),
		result(1068*time.Millisecond, "p1 < ACK seq 1 ack 1 @1.06", "p1 < ACK seq 2 ack 1 @2.1", "nstat TW 1"),
	})
	want := `socket s
	[6.12.107] p1 < RST seq 0
	ss s LISTEN 0/5
wait 3s
	p1 < ACK seq 1 ack 1 @1.004
	[6.12.107] p1 < ACK seq 2 ack 1 @2
	[5.10.223] p1 < ACK seq 2 ack 1 @2.1
	nstat TW 1

kernel 5.10.223 hz 250 at 1 60+8 60
kernel 6.12.107 hz 250 at 2 61 60
`
	if d := cmp.Diff(want, s.String()); d != "" {
		t.Error(d)
	}
	// Again, with another answer: the old one goes, and the line of the other kernel stays its own.
	rec("5.10.223", Trace{result(0), result(60 * time.Millisecond)})
	if got := s.Steps[0].Expect; len(got) != 2 || !slices.Equal(got[1].Kernels, []string{"6.12.107"}) {
		t.Errorf("%v", got)
	}
	before := s.String()
	for _, bad := range []struct {
		name  string
		trace Trace
	}{{"6.1.192", Trace{result(0)}}, {"x", Trace{result(0), result(1)}}} {
		if Record(s, Kernel{Name: bad.name}, bad.trace) == nil || s.String() != before {
			t.Errorf("Record of %s, %d results", bad.name, len(bad.trace))
		}
	}
}

// Whatever kernels answer, each finds its own answers in the script, after it was written and read.
func TestRecordThenCompare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &Script{Steps: []Step{{Op: OpWait, Wait: time.Second}, {Op: OpWait, Wait: time.Second}}}
		pool := []string{"= EAGAIN", "p1 < ACK seq 1 ack 1", "p1 < RST seq 0 @0.5", "p1 < RST seq 0 @0.52", "p10 < ACK seq 1 ack 1", "p2 < ACK seq 1 ack 1", "ss a gone", "ss a ESTAB", "nstat TW 1", "nstat TW 2"}
		names := []string{"6.1.192", "5.10.223", "7.2.13", "3.10.108"}
		traces := make(map[string]Trace)
		for range rapid.IntRange(1, 6).Draw(t, "recordings") {
			name := rapid.SampledFrom(names).Draw(t, "kernel")
			var trace Trace
			at := time.Duration(0)
			for range s.Steps {
				trace = append(trace, result(at, rapid.SliceOfN(rapid.SampledFrom(pool), 0, 5).Draw(t, "answers")...))
				at += time.Second
			}
			traces[name] = trace
			if err := Record(s, Kernel{Name: name, HZ: 250}, trace); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Parse("x", s.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if trace, ok := traces[name]; ok {
				if err := Compare(s, name, trace); err != nil {
					t.Fatalf("%v\n%s", err, s)
				}
			}
		}
	})
}

func TestCompare(t *testing.T) {
	s := mustParse(t, `wait 1s
	nstat TW 1
	p1 < ACK seq 1 ack 1 @0.5
	p2 < ACK seq 1 ack 1
wait 1s
	ss p1 gone
kernel 6.1.192 hz 250
`)
	good := func() Trace {
		return Trace{result(0, "p1 < ACK seq 1 ack 1 @0.63", "p2 < ACK seq 1 ack 1", "nstat TW 1"), result(0, "ss p1 gone")}
	}
	if err := Compare(s, "6.1.192", good()); err != nil { // 1 s quiet: 125 + 8 + 5 ms
		t.Error(err)
	}
	for _, c := range []struct {
		name        string
		bend        func(Trace)
		step, first int
	}{
		{"time", func(tr Trace) { tr[0].Answers[0].At = 639 * time.Millisecond }, 0, 0},
		{"earlier", func(tr Trace) { tr[0].Answers[0].At = 361 * time.Millisecond }, 0, 0},
		{"untimed", func(tr Trace) { tr[0].Answers[0].Timed = false }, 0, 0},
		{"text", func(tr Trace) { tr[0].Answers[2].Text = "nstat TW 2" }, 0, 2},
		{"missing", func(tr Trace) { tr[1].Answers = nil }, 1, 0},
		{"more", func(tr Trace) { tr[1] = result(0, "ss p1 gone", "ss p2 gone") }, 1, 1},
	} {
		tr := good()
		c.bend(tr)
		var d *Difference
		if err := Compare(s, "6.1.192", tr); !errors.As(err, &d) || d.Step != c.step || d.First != c.first {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	tr := good()
	tr[1] = result(0, "ss p1 gone", "ss p2 gone")
	err := Compare(s, "6.1.192", tr)
	err.(*Difference).Explain = "one\ntwo"
	want := `test:5: kernel 6.1.192: wait 1s
    expected: ss p1 gone
  ! expected: nothing
    found:    ss p1 gone
  ! found:    ss p2 gone
  the model on this segment:
    one
    two`
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Error(d)
	}
}
