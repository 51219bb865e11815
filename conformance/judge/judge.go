// Package judge holds a model against what a kernel did.
package judge

import (
	"fmt"
	"time"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/script"
)

// KernelOf is the kernel of a trace as a script records it.
func KernelOf(t *batch.Trace) script.Kernel {
	k := t.Kernel
	return script.Kernel{Name: k.Release, HZ: k.HZ, EHash: k.EHash, CPUs: k.CPUs, Monotonic: -k.Ahead, Wall: k.Wall}
}

// Record writes what the kernel of a trace did into a script, in place of what it is recorded to have
// done before.
func Record(s *script.Script, t *batch.Trace) error {
	if t.Err != "" {
		return fmt.Errorf("%s: %s", s.Name, t.Err)
	}
	results, err := script.Run(s, t.System())
	if err != nil {
		return err
	}
	return script.Record(s, KernelOf(t), results)
}

// Judge runs the model of the kernel of a trace at the very times of the trace. It returns nil if the model does
// what the kernel did, a *[script.Difference] in which the kernel's answers are what is
// expected if it does not, and any other error if there is nothing to compare.
func Judge(s *script.Script, t *batch.Trace) error {
	own := s.Bare()
	if err := Record(own, t); err != nil {
		return err
	}
	return script.Replay(own, t.Kernel.Release)
}

// LateFrom is how much longer than it ought to a step takes before its script counts as late: its answers
// are as good as any, but a model has to be told when its calls were.
const LateFrom = 10 * time.Millisecond
