package judge

import (
	"errors"
	"strings"
	"testing"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/conformance/driver"
	"example.com/linuxtcp/script"
)

func tried(late bool, results ...error) *Case {
	c := &Case{Script: &script.Script{Name: "x.script"}}
	for _, err := range results {
		t := &batch.Trace{Steps: make([]batch.Step, 3), Kernel: driver.Running{Release: "6.18.44", Clocks: true}}
		if late {
			t.Late = NoiseFrom + 1
		}
		y := try{trace: t, err: err}
		errors.As(err, &y.diff)
		c.tries = append(c.tries, y)
	}
	return c
}

func differs(step int) error {
	s := &script.Script{Name: "x.script", Steps: make([]script.Step, 3)}
	return &script.Difference{Script: s, Step: step, Got: []script.Answer{{Text: "= EAGAIN"}}}
}

func TestTally(t *testing.T) {
	other := differs(1).(*script.Difference)
	other.Got = nil
	for name, c := range map[string]struct {
		*Case
		want Tally
		says string
	}{
		"agrees":                        {tried(false, nil), Tally{}, ""},
		"agrees in the end":             {tried(false, differs(1), nil), Tally{Again: 1}, ""},
		"differs":                       {tried(false, differs(1), differs(2)), Tally{Differences: 1}, "found:    = EAGAIN"},
		"differs alike, disturbed":      {tried(true, differs(1), differs(1), differs(1)), Tally{Differences: 1, Late: 1}, "found:"},
		"differs otherwise, disturbed":  {tried(true, differs(1), differs(2)), Tally{Noise: 1, Late: 1}, "NOISE"},
		"differs otherwise at one step": {tried(true, differs(1), other), Tally{Noise: 1, Late: 1}, "NOISE"},
		"differs once, disturbed":       {tried(true, differs(1)), Tally{Differences: 1, Late: 1}, "found:"},
		"fails":                         {tried(true, differs(1), errors.New("no answer")), Tally{Failed: 1, Late: 1}, "no answer"},
	} {
		var got Tally
		says := got.Add(c.Case)
		c.want.Kernel, c.want.Asked, c.want.Steps = "6.18.44", 1, 3
		if got != c.want || !strings.Contains(says, c.says) || (says == "") != (c.says == "") {
			t.Errorf("%s: %v, want %v, says %q", name, got, c.want, says)
		}
	}
	if c := tried(false, differs(1), differs(2)); func() bool { c.tries[0].trace.Blurred, c.tries[1].trace.Kernel.Clocks = 1, false; return !c.noise() }() {
		t.Error("cut by a jiffy, and without clocks: no noise")
	}
	want := "6.18.44: 1 scripts, 3 steps, 1 differences, 0 limits, 0 failed (0 late, 0 blurred, 0 agreed when run again, 0 are noise)"
	var c Tally
	c.Add(tried(false, differs(1)))
	if c.String() != want {
		t.Errorf("%v", &c)
	}
}
