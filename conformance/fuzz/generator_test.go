package fuzz

import (
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/script"
	"pgregory.net/rapid"
)

// bitwise takes choices from rapid, which writes and shrinks them. It draws bits, for
// rapid's numbers are small ones mostly.
type bitwise struct{ t *rapid.T }

func (b bitwise) Uint64() (u uint64) {
	for range 12 {
		u >>= 1
		if rapid.Bool().Draw(b.t, "bit") {
			u |= 1 << 63
		}
	}
	return u
}

func anyMode(t *rapid.T) Mode {
	return Mode{Short: rapid.Bool().Draw(t, "short"), Loopback: rapid.Bool().Draw(t, "loopback")}
}

// takes is how long a script takes, its settling included.
func takes(s *script.Script) time.Duration {
	settle := s.Settle
	if settle == 0 {
		settle = script.DefaultSettle
	}
	var d time.Duration
	for i := range s.Steps {
		if s.Steps[i].Op == script.OpWait {
			d += s.Steps[i].Wait
		} else {
			d += settle
		}
	}
	return d
}

func sound(t interface{ Fatalf(string, ...any) }, s *script.Script, mode Mode) {
	if err := s.Check(); err != nil {
		t.Fatalf("%v in\n%s", err, s)
	}
	if n := len(s.Steps); n == 0 || n > MaxSteps {
		t.Fatalf("%d steps", n)
	}
	if d, most := takes(s), (&generator{mode: mode}).budget(); d > most {
		t.Fatalf("takes %v, more than %v:\n%s", d, most, s)
	}
	again, err := script.Parse("again", s.String())
	if err != nil {
		t.Fatalf("%v in\n%s", err, s)
	}
	if again.String() != s.String() {
		t.Fatalf("reads back as\n%s\nnot\n%s", again, s)
	}
	for i := range s.Steps {
		if g := &s.Steps[i].Segment; g.SACK && g.Flags&host.FlagSYN == 0 || g.Window != 0 || g.ZeroWindow {
			t.Fatalf("not avoided: %s", &s.Steps[i])
		}
	}
}

// Whatever is drawn, it is a script that can be run.
func TestScriptsAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mode := anyMode(t)
		sound(t, write(draw{bitwise{t}}, mode), mode)
	})
	for n := range uint64(2000) {
		mode := Mode{Short: n%2 == 1, Loopback: n%4 > 1}
		sound(t, Script(1, n, mode), mode)
	}
}

func TestSameSeedSameScript(t *testing.T) {
	for n := range uint64(50) {
		a, b := Script(7, n, Mode{}), Script(7, n, Mode{})
		if a.String() != b.String() {
			t.Fatalf("script %d of seed 7 differs from itself", n)
		}
		if c := Script(8, n, Mode{}); c.String() == a.String() {
			t.Fatalf("script %d is the same for seeds 7 and 8", n)
		}
	}
}

// The picture comes through all states often, and all operations are used.
func TestCoverage(t *testing.T) {
	const scripts = 1000
	states := map[host.State]int{}
	ops := map[script.Op]int{}
	flags := map[host.Flags]int{}
	reopened, steps := 0, 0
	for n := range uint64(scripts) {
		g := newGenerator(draw{seeded(3, n)}, Mode{})
		for g.act() {
			for _, f := range g.flows {
				states[f.state]++
			}
		}
		syns := map[string]int{}
		for i := range g.s.Steps {
			s := &g.s.Steps[i]
			steps++
			ops[s.Op]++
			if s.Op == script.OpSegment {
				flags[s.Segment.Flags]++
				if s.Segment.Flags == host.FlagSYN {
					syns[s.Flow]++
				}
			}
		}
		for _, n := range syns {
			if n > 1 {
				reopened++
			}
		}
	}
	t.Logf("%d steps; states %v; operations %v; flags %v; flows with several SYNs %d", steps, states, ops, flags, reopened)
	for s := host.SynSent; s <= host.TimeWait; s++ {
		if states[s] < scripts/20 {
			t.Errorf("%s was come to %d times only", s, states[s])
		}
	}
	for op := script.OpSegment; op <= script.OpError; op++ {
		if ops[op] < scripts/20 {
			t.Errorf("%s was used %d times only", op, ops[op])
		}
	}
	if reopened < scripts/2 {
		t.Errorf("%d flows with several SYNs only", reopened)
	}
}
