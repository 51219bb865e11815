package script

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// tolerance is how far the times of one segment may lie apart: an eighth of the time for which
// nothing had passed on its flow, the most by which a kernel's timer wheel rounds up;
// two jiffies; and 5 ms in which a busy machine comes to send it.
func tolerance(quiet time.Duration, hz int) time.Duration {
	if hz <= 0 {
		hz = defaultHZ
	}
	return quiet/8 + 2*time.Second/time.Duration(hz) + 5*time.Millisecond
}

// same reports whether an answer agrees with another one, given how much their times may differ.
func same(a, b Answer, by time.Duration) bool {
	return a.Text == b.Text && a.Timed == b.Timed && (a.At-b.At).Abs() <= by
}

// firstDifference returns the index of the first answer that is not as expected, and -1
// if all are. want need not be in order.
func firstDifference(want []Answer, got Result, hz int) int {
	for i, w := range want {
		if i >= len(got.Answers) || !same(w, got.Answers[i], tolerance(got.Quiet[i], hz)) {
			return i
		}
	}
	if len(got.Answers) > len(want) {
		return len(want)
	}
	return -1
}

// firstMissing returns the index of the first answer that is not among those that came, and -1 if all are. Of
// counters, and of the totals of a check, those that are written have to be right; 0 stands for none.
func firstMissing(want []Answer, got Result, hz int) int {
	used := make([]bool, len(got.Answers))
	for i, w := range want {
		if before, numbers, ok := w.numbers(); ok {
			if !within(before, numbers, got.Answers) {
				return i
			}
			continue
		}
		found := false
		for j, g := range got.Answers {
			if found = !used[j] && same(w, g, tolerance(got.Quiet[j], hz)); found {
				used[j] = true
				break
			}
		}
		if !found {
			return i
		}
	}
	return -1
}

// within reports whether these numbers are those of the answer that has such numbers, or 0 if there is none.
func within(before string, want map[string]uint64, got []Answer) bool {
	var have map[string]uint64
	for _, g := range got {
		if of, n, ok := g.numbers(); ok && of == before {
			have = n
		}
	}
	for name, n := range want {
		if have[name] != n {
			return false
		}
	}
	return true
}

// ordered returns the answers in the order in which a Trace has them.
func ordered(answers []Answer) []Answer {
	answers = slices.Clone(answers)
	slices.SortStableFunc(answers, compareAnswers)
	return answers
}

// Compare holds a trace against what a script expects of a kernel. It returns nil if they agree, and
// otherwise the first difference, a *[Difference]. A trace of fewer steps is held
// against as many.
func Compare(s *Script, kernel string, trace Trace) error {
	k, _ := s.Kernel(kernel)
	for i := range min(len(trace), len(s.Steps)) {
		want := ordered(s.Answers(i, kernel))
		if k.Partly {
			if at := firstMissing(want, trace[i], k.HZ); at >= 0 {
				return &Difference{Script: s, Kernel: kernel, Step: i, Want: want, Got: trace[i].Answers, First: at}
			}
			continue
		}
		if at := firstDifference(want, trace[i], k.HZ); at >= 0 {
			return &Difference{Script: s, Kernel: kernel, Step: i, Want: want, Got: trace[i].Answers, First: at}
		}
	}
	return nil
}

// A Difference is the first step at which what came out is not what was expected.
type Difference struct {
	Script *Script  // what was replayed
	Kernel string   // whose answers it was compared with
	Step   int      // index in Script.Steps
	Want   []Answer // what the script expects
	Got    []Answer // what came
	First  int      // index of the first answer in which they differ
	// Explain is what the model has to say of the segment; it is empty if the step is
	// none, and for a system that is no model.
	Explain string
}

// Error shows the place, the step, and both sides with "!" at the first difference:
//
//	accept.script:12: kernel 6.1.192: p1 > ACK seq 1 ack 1
//	  ! expected: ss s LISTEN 1/5
//	    expected: nstat PassiveOpens 1
//	  ! found:    nstat ListenOverflows 1
func (d *Difference) Error() string {
	if d.Script == nil || d.Step < 0 || d.Step >= len(d.Script.Steps) {
		return "script: a difference of no step"
	}
	var b strings.Builder
	step := &d.Script.Steps[d.Step]
	fmt.Fprint(&b, d.Script.errorAt(d.Step, fmt.Errorf("kernel %s: %s", d.Kernel, step)))
	side := func(name string, answers []Answer) {
		for i := range max(len(answers), d.First+1) {
			mark, text := " ", "nothing"
			if i == d.First {
				mark = "!"
			}
			if i < len(answers) {
				text = answers[i].String()
			} else if i != len(answers) {
				break
			}
			fmt.Fprintf(&b, "\n  %s %-9s %s", mark, name, text)
		}
	}
	side("expected:", d.Want)
	side("found:", d.Got)
	if d.Explain != "" {
		b.WriteString("\n  the model on this segment:")
		for line := range strings.Lines(d.Explain) {
			b.WriteString("\n    " + strings.TrimRight(line, "\n"))
		}
	}
	return b.String()
}
