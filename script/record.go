package script

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/linuxtcp/kernel"
)

// Record writes what a kernel answered into the script, in place of what it is recorded
// to have answered before. k.At and
// k.End are taken from the trace. Answers that other
// recorded kernels gave too are not written twice. Of a script without any recording, the expectations are
// replaced. A trace that is not of all steps, and a name that is no release, are errors, and
// leave the script as it is.
func Record(s *Script, k Kernel, trace Trace) error {
	_, err := kernel.Parse(k.Name)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", s.Name, err)
	case len(trace) != len(s.Steps):
		return fmt.Errorf("%s: %d results for %d steps", s.Name, len(trace), len(s.Steps))
	case len(trace) == 0:
		return errors.New("script: no steps, nothing to record")
	}
	k.At, k.End = times(trace, k.HZ)
	kernels := slices.DeleteFunc(slices.Clone(s.Kernels), func(o Kernel) bool { return o.Name == k.Name })
	expect := make([][]Expect, len(s.Steps))
	for i := range s.Steps {
		var others []Expect
		for _, e := range s.Steps[i].Expect {
			if e.Kernels = s.without(e.Kernels, k.Name); len(e.Kernels) > 0 {
				others = append(others, e)
			}
		}
		slices.SortStableFunc(others, func(a, b Expect) int { return compareAnswers(a.Answer, b.Answer) })
		expect[i] = merge(others, k, trace[i])
	}
	kernels = append(kernels, k)
	slices.SortStableFunc(kernels, func(a, b Kernel) int {
		ra, _ := kernel.Parse(a.Name) // both are known to be good
		rb, _ := kernel.Parse(b.Name)
		return cmp.Or(ra.Compare(rb), cmp.Compare(a.Name, b.Name))
	})
	for i := range s.Steps {
		for j := range expect[i] {
			expect[i][j].Kernels = shortest(expect[i][j].Kernels, kernels)
		}
		s.Steps[i].Expect = expect[i]
	}
	s.Kernels = kernels
	return nil
}

// times are when the steps of a trace began and ended. A step whose end lies in the jiffy in which the next
// one began ends when that began: no timer can have come between them.
func times(trace Trace, hz int) (at, end []time.Duration) {
	if hz <= 0 {
		hz = defaultHZ
	}
	jiffy := time.Second / time.Duration(hz)
	for i, r := range trace {
		ends := r.End
		if i+1 < len(trace) {
			if next := trace[i+1].At; ends > next || ends/jiffy == next/jiffy {
				ends = next
			}
		}
		at, end = append(at, r.At.Truncate(resolution)), append(end, ends.Truncate(resolution))
	}
	return at, end
}

// without returns the kernels that a line is about, one excepted. No kernels stand for all.
func (s *Script) without(names []string, name string) []string {
	if len(names) == 0 {
		for _, k := range s.Kernels {
			if !k.Partly {
				names = append(names, k.Name)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
}

// shortest puts the kernels of a line in the order of the recordings; all of them are none. Those of which only
// a part is known are named always.
func shortest(names []string, kernels []Kernel) []string {
	var in []string
	all, partly := 0, false
	for _, k := range kernels {
		if !k.Partly {
			all++
		}
		if slices.Contains(names, k.Name) {
			in, partly = append(in, k.Name), partly || k.Partly
		}
	}
	if len(in) == all && !partly {
		return nil
	}
	return in
}

// merge adds what a kernel answered to the lines of others. Lines that agree become one, as
// many as possible (a longest common subsequence); times may differ by half of what a replay allows.
func merge(lines []Expect, k Kernel, got Result) []Expect {
	agree := func(i, j int) bool {
		return same(lines[i].Answer, got.Answers[j], tolerance(got.Quiet[j], k.HZ)/2)
	}
	// common[i][j] is how many lines of lines[i:] and got.Answers[j:] can agree.
	common := make([][]int, len(lines)+1)
	for i := range common {
		common[i] = make([]int, len(got.Answers)+1)
	}
	for i := len(lines) - 1; i >= 0; i-- {
		for j := len(got.Answers) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if agree(i, j) {
				common[i][j] = max(common[i][j], common[i+1][j+1]+1)
			}
		}
	}
	var merged []Expect
	i, j := 0, 0
	for i < len(lines) || j < len(got.Answers) {
		switch {
		case i < len(lines) && j < len(got.Answers) && agree(i, j) && common[i][j] == common[i+1][j+1]+1:
			e := lines[i]
			e.Kernels = append(slices.Clone(e.Kernels), k.Name)
			merged = append(merged, e)
			i, j = i+1, j+1
		case j == len(got.Answers), i < len(lines) && common[i][j] == common[i+1][j] &&
			(common[i][j] != common[i][j+1] || compareAnswers(lines[i].Answer, got.Answers[j]) <= 0):
			merged = append(merged, lines[i])
			i++
		default:
			merged = append(merged, Expect{Kernels: []string{k.Name}, Answer: got.Answers[j]})
			j++
		}
	}
	return merged
}
