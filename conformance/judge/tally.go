package judge

import (
	"errors"
	"fmt"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/script"
)

// A Case is a script on one kernel, and what came of asking, once or several times.
type Case struct {
	Script *script.Script
	tries  []try
}

type try struct {
	trace *batch.Trace
	err   error
	diff  *script.Difference // err, if it is one
}

// Try judges a trace and reports whether that settles the case: the model does what the kernel did.
func (c *Case) Try(t *batch.Trace) bool {
	err := Judge(c.Script, t)
	y := try{trace: t, err: err}
	errors.As(err, &y.diff)
	c.tries = append(c.tries, y)
	return err == nil
}

// noisy reports whether the machine may be the cause of what was seen.
func (y *try) noisy() bool {
	return y.trace.Blurred > 0 || y.trace.Late > NoiseFrom || !y.trace.Kernel.Clocks
}

// alike reports whether two tries differ in the same answer of the same step.
func (y *try) alike(o *try) bool {
	if y.diff == nil || o.diff == nil {
		return false
	}
	return y.diff.Step == o.diff.Step && first(y.diff.Want, y.diff.First) == first(o.diff.Want, o.diff.First) &&
		first(y.diff.Got, y.diff.First) == first(o.diff.Got, o.diff.First)
}

func first(answers []script.Answer, i int) string {
	if i >= len(answers) {
		return ""
	}
	return answers[i].Text
}

// noise reports whether a case without agreement is no difference: it was tried more than once, the machine disturbed
// each try, and they do not differ alike.
func (c *Case) noise() bool {
	alike := true
	for i := range c.tries {
		if c.tries[i].diff == nil || !c.tries[i].noisy() {
			return false
		}
		alike = alike && c.tries[i].alike(&c.tries[0])
	}
	return len(c.tries) > 1 && !alike
}

// A Tally counts what came of judging on one kernel.
type Tally struct {
	Kernel      string // the release, once it is known
	Asked       int    // scripts
	Steps       int    // calls that the kernel carried out
	Differences int    // scripts in which the model differs
	Limits      int    // scripts in which it differs, as a limit of the model says that it does: see [script.Limit]
	Failed      int    // scripts of which there is no answer, of the kernel or the model
	Again       int    // scripts in which they agreed when they were run again
	Noise       int    // scripts that differed each time, but never alike and never undisturbed
	Late        int    // scripts of which a step took more than [LateFrom] beyond its time
	Blurred     int    // scripts with a step that the end of a jiffy cut: see [batch.Trace]
}

// Add counts a case that was tried, and returns what there is to say about it, "" if the two agree.
func (c *Tally) Add(k *Case) string {
	if len(k.tries) == 0 {
		return ""
	}
	last := &k.tries[len(k.tries)-1]
	t := last.trace
	c.Asked++
	c.Steps += len(t.Steps)
	if t.Kernel.Release != "" {
		c.Kernel = t.Kernel.Release
	}
	if t.Late > LateFrom {
		c.Late++
	}
	if t.Blurred > 0 {
		c.Blurred++
	}
	switch {
	case last.err == nil && len(k.tries) > 1:
		c.Again++
		return ""
	case last.err == nil:
		return ""
	case k.noise():
		c.Noise++
		return fmt.Sprintf("%s: NOISE, not counted: each of %d tries differs in another way, and each was disturbed (%d calls cut by a jiffy, %v late)\n%v",
			k.Script.Name, len(k.tries), t.Blurred, t.Late, last.err)
	case last.diff != nil:
		if reason, ok := k.Script.Limit(t.Kernel.Release); ok {
			c.Limits++
			return fmt.Sprintf("%s: kernel %s: a limit of the model, not counted: %s", k.Script.Name, t.Kernel.Release, reason)
		}
		c.Differences++
	default:
		c.Failed++
	}
	return last.err.Error()
}

// String is the sums on one line.
func (c *Tally) String() string {
	return fmt.Sprintf("%s: %d scripts, %d steps, %d differences, %d limits, %d failed (%d late, %d blurred, %d agreed when run again, %d are noise)",
		c.Kernel, c.Asked, c.Steps, c.Differences, c.Limits, c.Failed, c.Late, c.Blurred, c.Again, c.Noise)
}

// NoiseFrom is how much longer than it ought to a step takes before a difference may be the machine's doing.
const NoiseFrom = 5 * LateFrom
