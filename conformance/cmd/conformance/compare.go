package main

import (
	"errors"
	"fmt"
	"time"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/conformance/judge"
	"example.com/linuxtcp/script"
)

const (
	// fewAgain is how many scripts are asked again one at a time.
	fewAgain = 8
	// mostAgain is how many are asked again at most: of more that differ the machine is not the cause.
	mostAgain = 40
)

// compare runs each script on each kernel and its model beside it. What differs is run again, alone if it is little.
func compare(o *options, args []string) error {
	scripts, err := load(args)
	if err != nil {
		return err
	}
	files := byName(scripts)
	var tallies []*judge.Tally
	err = o.each(scripts, func(k batch.Kernel, traces []batch.Trace) {
		c := &judge.Tally{Kernel: k.String()}
		tallies = append(tallies, c)
		cases := make([]judge.Case, len(traces))
		var open []*judge.Case
		for i := range traces {
			cases[i].Script = files[traces[i].Script]
			if cases[i].Try(&traces[i]) {
				continue
			}
			if _, known := cases[i].Script.Limit(traces[i].Kernel.Release); !known {
				open = append(open, &cases[i])
			}
		}
		for try := 0; try < o.again && len(open) > 0 && len(open) <= mostAgain; try++ {
			open = again(k, open)
		}
		for i := range cases {
			if text := c.Add(&cases[i]); text != "" {
				fmt.Println(text)
			}
		}
	})
	bad := 0
	for _, c := range tallies {
		fmt.Println(c)
		bad += c.Differences + c.Failed
	}
	if bad > 0 {
		err = errors.Join(err, fmt.Errorf("%d scripts differ or failed", bad))
	}
	return err
}

// again asks a kernel some scripts once more, few at a time, and returns those that still do not agree.
func again(k batch.Kernel, open []*judge.Case) (still []*judge.Case) {
	var scripts []*script.Script
	for _, c := range open {
		scripts = append(scripts, c.Script)
	}
	width := 1
	if len(open) > fewAgain {
		width = 4
	}
	start := time.Now()
	traces, err := batch.Narrow(k, width).Run(scripts)
	if err != nil {
		fmt.Printf("%s: not asked again: %v\n", k, err)
		return open
	}
	for i, c := range open {
		if i < len(traces) && !c.Try(&traces[i]) {
			still = append(still, c)
		}
	}
	fmt.Printf("%s: %d scripts again, %d at once, in %v: %d still differ\n", k, len(open), width, time.Since(start).Round(100*time.Millisecond), len(still))
	return still
}
