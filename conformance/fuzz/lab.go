package fuzz

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/conformance/judge"
	"example.com/linuxtcp/script"
)

// A Lab asks a kernel, and then the model of its release at the times of the kernel's answers.
type Lab struct{ batch.Kernel }

// Ask runs all scripts at once.
func (l Lab) Ask(scripts []*script.Script) ([]Verdict, error) {
	named := number(scripts)
	traces, err := l.Run(named)
	if err != nil {
		return nil, err
	}
	return l.sort(scripts, traces, func(i int, t *batch.Trace) Verdict { return sentence(named[i], t, scripts[i].Name) })
}

// number gives scripts names of their own: candidates have the name of what they come from.
func number(scripts []*script.Script) []*script.Script {
	named := make([]*script.Script, len(scripts))
	for i, s := range scripts {
		named[i] = s.Bare()
		named[i].Name = strconv.Itoa(i)
	}
	return named
}

// sort brings what is made of traces into the order of their scripts.
func (l Lab) sort(scripts []*script.Script, traces []batch.Trace, verdict func(int, *batch.Trace) Verdict) ([]Verdict, error) {
	verdicts := make([]Verdict, len(scripts))
	for i := range verdicts {
		verdicts[i].Err = fmt.Errorf("%s: %s was not asked", scripts[i].Name, l)
	}
	for i := range traces {
		t := &traces[i]
		n, err := strconv.Atoi(t.Script)
		if err != nil || n < 0 || n >= len(scripts) {
			return nil, fmt.Errorf("%s: a trace of %q, which was not asked", l, t.Script)
		}
		verdicts[n] = verdict(n, t)
	}
	return verdicts, nil
}

// sentence holds the model against one trace.
func sentence(s *script.Script, t *batch.Trace, name string) Verdict {
	v := Verdict{Kernel: t.Kernel.Release}
	if v.Err = judge.Record(s, t); v.Err != nil {
		return v
	}
	s.Name = name
	v.Recorded = s
	v.judge()
	return v
}

// judge replays the recording, and where a step's end is in the way, with that moved.
func (v *Verdict) judge() {
	defer func() {
		// A model that panics differs as well, but there is nothing to shrink by.
		if p := recover(); p != nil {
			v.Difference, v.Err = nil, fmt.Errorf("%s: kernel %s: the model panics: %v", v.Recorded.Name, v.Kernel, p)
		}
	}()
	d, err := replay(v.Recorded, v.Kernel)
	if v.Difference, v.Err = d, err; d == nil || err != nil {
		return
	}
	for s := v.Recorded; d != nil; {
		moved, later := nudge(s, v.Kernel, d)
		if moved == nil {
			break
		}
		v.Nudged = later == nil
		s, d = moved, later
		if d != nil {
			d.Script = v.Recorded // as it was recorded
		}
		v.Difference = d
	}
}

func replay(s *script.Script, kernel string) (d *script.Difference, err error) {
	if err = script.Replay(s, kernel); errors.As(err, &d) {
		err = nil
	}
	return d, err
}

// nudge looks for an end of the step that differs, or of the one before, with which the two agree up to
// there. It returns nil if there is none.
func nudge(s *script.Script, kernel string, d *script.Difference) (*script.Script, *script.Difference) {
	k, _ := s.Kernel(kernel)
	hz := k.HZ
	if hz == 0 {
		hz = 250
	}
	jiffy := time.Second / time.Duration(hz)
	for _, step := range []int{d.Step, d.Step - 1} {
		for _, by := range []time.Duration{jiffy, -jiffy, 2 * jiffy, -2 * jiffy} {
			moved := move(s, kernel, step, by)
			if moved == nil {
				continue
			}
			if later, err := replay(moved, kernel); err == nil && (later == nil || later.Step > d.Step) {
				return moved, later
			}
		}
	}
	return nil, nil
}

// move puts the end of a step somewhat later or earlier, and the beginning of the next one if
// it is then too early.
func move(s *script.Script, kernel string, step int, by time.Duration) *script.Script {
	i := slices.IndexFunc(s.Kernels, func(k script.Kernel) bool { return k.Name == kernel })
	if i < 0 || step < 0 || step >= len(s.Kernels[i].End) {
		return nil
	}
	c := *s
	c.Kernels = slices.Clone(s.Kernels)
	k := &c.Kernels[i]
	k.At, k.End = slices.Clone(k.At), slices.Clone(k.End)
	k.End[step] += by
	if k.End[step] < k.At[step] {
		return nil
	}
	if step+1 < len(k.At) {
		k.At[step+1] = max(k.At[step+1], k.End[step])
		if k.At[step+1] > k.End[step+1] {
			return nil
		}
	}
	return &c
}
