package fuzz

import (
	"errors"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/conformance/judge"
	"example.com/linuxtcp/script"
)

// Twice asks a kernel twice, and takes its second answers for those of the model. What differs is not
// determined: chance in the kernel, the moment at which a step began, or a fault of the driver.
type Twice struct{ batch.Kernel }

// Ask asks in two batches.
func (w Twice) Ask(scripts []*script.Script) ([]Verdict, error) {
	named := number(scripts)
	traces, err := w.Run(named)
	if err != nil {
		return nil, err
	}
	verdicts, err := Lab(w).sort(scripts, traces, func(i int, t *batch.Trace) Verdict {
		v := Verdict{Kernel: t.Kernel.Release, Recorded: named[i].Bare()}
		v.Err = judge.Record(v.Recorded, t)
		return v
	})
	if err != nil {
		return nil, err
	}
	if traces, err = w.Run(named); err != nil {
		return nil, err
	}
	return Lab(w).sort(scripts, traces, func(i int, t *batch.Trace) Verdict {
		v := verdicts[i]
		if v.Err != nil {
			return v
		}
		again, err := script.Run(named[i], t.System())
		if err != nil {
			return Verdict{Kernel: v.Kernel, Err: err}
		}
		errors.As(script.Compare(v.Recorded, v.Kernel, again), &v.Difference)
		return v
	})
}
