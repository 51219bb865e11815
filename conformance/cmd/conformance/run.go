package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/conformance/judge"
	"example.com/linuxtcp/script"
)

// each runs scripts on the kernels that were named, one kernel after the other, and gives each trace to a function.
// The error says which kernels were not to be had.
func (o *options) each(scripts []*script.Script, use func(k batch.Kernel, traces []batch.Trace)) error {
	defer o.close()
	kernels, missing := o.kernels()
	ran := 0
	for _, k := range kernels {
		start := time.Now()
		traces, err := k.Run(scripts)
		if err != nil {
			missing = append(missing, fmt.Errorf("kernel %s COULD NOT BE ASKED: %w", k, err))
			continue
		}
		ran++
		fmt.Printf("%s: %d of %d scripts in %v, %s\n", k, len(traces), len(scripts), time.Since(start).Round(100*time.Millisecond), lateness(traces))
		use(k, traces)
	}
	fmt.Printf("kernels: %d of %d ran\n", ran, len(o.names))
	if o.ask && len(missing) > 0 {
		for _, err := range missing {
			fmt.Printf("!!!!!!!! NOT COMPARED: %v\n", err)
		}
		return nil
	}
	return errors.Join(missing...)
}

// lateness tells how punctual steps were.
func lateness(traces []batch.Trace) string {
	var late []time.Duration
	for i := range traces {
		late = append(late, traces[i].Late)
	}
	if len(late) == 0 {
		return "none asked"
	}
	slices.Sort(late)
	return fmt.Sprintf("latest step of a script %v late (median), %v (worst)",
		late[len(late)/2].Round(100*time.Microsecond), late[len(late)-1].Round(100*time.Microsecond))
}

// byName finds the script of a trace: their names are those of files, so no two are alike.
func byName(scripts []*script.Script) map[string]*script.Script {
	m := make(map[string]*script.Script, len(scripts))
	for _, s := range scripts {
		m[s.Name] = s
	}
	return m
}

func fetch(o *options, _ []string) error {
	defer o.close()
	kernels, missing := o.kernels()
	for _, k := range kernels {
		if g, ok := k.(*batch.Guest); ok {
			fmt.Printf("%s: %s\n", g, g.Tree)
		}
	}
	return errors.Join(missing...)
}

// record writes the answers of all kernels into the files. A file of which a kernel's answer is
// not complete keeps what it had of that kernel.
func record(o *options, args []string) error {
	scripts, err := load(args)
	if err != nil {
		return err
	}
	files := byName(scripts)
	recorded := map[string]bool{}
	failed := 0
	err = o.each(scripts, func(k batch.Kernel, traces []batch.Trace) {
		for i := range traces {
			t := &traces[i]
			if err := judge.Record(files[t.Script], t); err != nil {
				fmt.Printf("%s: NOT RECORDED: %v\n", k, err)
				failed++
				continue
			}
			recorded[t.Script] = true
		}
	})
	for _, s := range scripts {
		if recorded[s.Name] {
			if werr := os.WriteFile(s.Name, []byte(s.String()), 0o644); werr != nil {
				return werr
			}
		}
	}
	fmt.Printf("files: %d of %d written\n", len(recorded), len(scripts))
	if failed > 0 {
		err = errors.Join(err, fmt.Errorf("%d recordings failed", failed))
	}
	return err
}
