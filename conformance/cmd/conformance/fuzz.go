package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/conformance/fuzz"
)

// fuzzFlags are those of the command fuzz.
type fuzzFlags struct {
	n, batch, kinds, rounds int
	seed, from              uint64
	short, loopback         bool
	save                    string
	show, twice             bool
}

func (o *fuzzFlags) flags(f *flag.FlagSet) {
	f.IntVar(&o.n, "n", 1000, "fuzz: how many scripts")
	f.Uint64Var(&o.seed, "seed", 1, "fuzz: of the scripts; the same seed gives the same ones")
	f.Uint64Var(&o.from, "from", 0, "fuzz: the number of the first script")
	f.IntVar(&o.batch, "batch", 0, "fuzz: scripts asked at once; 0: 250")
	f.IntVar(&o.kinds, "kinds", 0, "fuzz: how many kinds of difference to shrink; 0: 40")
	f.IntVar(&o.rounds, "rounds", 0, "fuzz: how often to ask for shrinking; 0: 14, -1: never")
	f.BoolVar(&o.short, "short", false, "fuzz: scripts below 2 s for guests too, as the running kernel gets them")
	f.BoolVar(&o.loopback, "loopback", false, "fuzz: scripts in which the host talks to itself")
	f.StringVar(&o.save, "save", "", "fuzz: folder for the shrunk scripts")
	f.BoolVar(&o.twice, "twice", false, "fuzz: hold the kernel against itself instead of the model")
	f.BoolVar(&o.show, "show", false, "fuzz: print the scripts and ask nobody")
}

// fuzzer asks every kernel the same random scripts. The running one gets short ones.
func fuzzer(o *options, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("fuzz takes no files: %q", args)
	}
	if o.fuzz.show {
		for i := range uint64(o.fuzz.n) {
			fmt.Println(fuzz.Script(o.fuzz.seed, o.fuzz.from+i, fuzz.Mode{Short: o.fuzz.short, Loopback: o.fuzz.loopback}))
		}
		return nil
	}
	defer o.close()
	kernels, missing := o.kernels()
	left := 0
	for _, k := range kernels {
		start := time.Now()
		c := fuzz.Campaign{
			Seed: o.fuzz.seed, From: o.fuzz.from, N: o.fuzz.n, Mode: fuzz.Mode{Short: o.fuzz.short, Loopback: o.fuzz.loopback},
			Batch: o.fuzz.batch, Kinds: o.fuzz.kinds, Rounds: o.fuzz.rounds,
			Log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
		}
		if own, ok := k.(batch.Own); ok {
			c.Mode.Short = true
			own.Longest = 0
			k = own
		}
		var asker fuzz.Asker = fuzz.Lab{Kernel: k}
		if o.fuzz.twice {
			asker = fuzz.Twice{Kernel: k}
		}
		r, err := c.Run(asker)
		if r != nil && r.Scripts > 0 {
			for _, found := range r.Cases {
				fmt.Printf("\n%s", found.Recording())
			}
			if o.fuzz.save != "" {
				if _, err := r.Save(o.fuzz.save); err != nil {
					return err
				}
			}
			fmt.Printf("\n%sseed %d, scripts %d to %d, %v\n", r, c.Seed, c.From, c.From+uint64(r.Scripts)-1, time.Since(start).Round(time.Second))
			left += r.Differ + r.Failed
		}
		if err != nil {
			missing = append(missing, fmt.Errorf("kernel %s COULD NOT BE ASKED: %w", k, err))
		}
	}
	fmt.Printf("kernels: %d of %d ran\n", len(o.names)-len(missing), len(o.names))
	if left > 0 {
		missing = append(missing, fmt.Errorf("%d scripts differ or failed", left))
	}
	return errors.Join(missing...)
}
