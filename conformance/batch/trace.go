// Package batch runs many scripts on a kernel, side by side, each in a network namespace of its
// own: on the running kernel, or on one that is booted for it in a virtual machine. What comes
// back are traces, which can be played again as often as wanted.
package batch

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/linuxtcp/conformance/driver"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/script"
)

// A Trace is what a kernel did with a script, call by call.
type Trace struct {
	// Script is the name of the script.
	Script string
	Kernel driver.Running
	Steps  []Step
	// Err is why there are no more steps: the system refused a call altogether, the
	// script took too long, the machine died. It is empty if the script is complete.
	Err string
	// Late is the longest that a step took beyond its time.
	Late time.Duration
	// Blurred is how many calls, or looks at what they brought about, were cut by the end of a
	// jiffy. A model that is told the time of such a call may differ in the jiffy of a
	// timer for no reason of its own; it is a reason to run the script again.
	Blurred int
	// Took is how long the script took, by the clock of its kernel.
	Took time.Duration
}

// A Step is a call and what came of it.
type Step struct {
	Call script.Call
	Seen script.Seen
}

// MarshalJSON writes counters by name.
func (s Step) MarshalJSON() ([]byte, error) {
	counts := map[string]uint64{}
	for c, n := range s.Seen.Counters.All() {
		counts[c.String()] = n
	}
	s.Seen.Counters = kernel.Counters{}
	return json.Marshal(stepJSON{s.Call, s.Seen, counts})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Step) UnmarshalJSON(b []byte) error {
	var j stepJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	s.Call, s.Seen = j.Call, j.Seen
	for name, n := range j.Counts {
		c, err := kernel.ParseCounter(name)
		if err != nil {
			return err
		}
		s.Seen.Counters.Add(c, n)
	}
	return nil
}

type stepJSON struct {
	Call   script.Call
	Seen   script.Seen
	Counts map[string]uint64
}

// System plays the trace: it answers the calls that were made with what was seen, and any
// other with an error.
func (t *Trace) System() script.System { return &player{trace: t} }

type player struct {
	trace *Trace
	next  int
}

func (p *player) Do(call script.Call) (script.Seen, error) {
	if p.next >= len(p.trace.Steps) {
		return script.Seen{}, fmt.Errorf("%s on %s: the trace ends after %d calls: %s", p.trace.Script, p.trace.Kernel.Release, p.next, p.trace.Err)
	}
	s := &p.trace.Steps[p.next]
	if s.Call != call {
		return script.Seen{}, fmt.Errorf("%s on %s: call %d was %+v, not %+v", p.trace.Script, p.trace.Kernel.Release, p.next+1, s.Call, call)
	}
	p.next++
	return s.Seen, nil
}

// recorder notes what passes between a script and a system.
type recorder struct {
	system script.System
	steps  []Step
}

func (r *recorder) Do(call script.Call) (script.Seen, error) {
	seen, err := r.system.Do(call)
	if err == nil {
		r.steps = append(r.steps, Step{call, seen})
	}
	return seen, err
}
