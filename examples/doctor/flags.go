package main

import (
	"errors"
	"flag"
	"io"
	"time"

	"example.com/linuxtcp/internal/asked"
)

const (
	usualWait = 10 * time.Second
	mostWait  = 24 * time.Hour
)

// options are the flags.
type options struct {
	wait       time.Duration // -for; 0 looks once
	root, then string        // copied trees, "" for this machine
	release    string
	hz         int // 0 if not given
	all, json  bool
}

// parseFlags reads the command line.
func parseFlags(args []string) (options, error) {
	o := options{wait: usualWait}
	f := flag.NewFlagSet("doctor", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	waits := false
	f.Func("for", "", func(text string) error {
		d, err := time.ParseDuration(text)
		if text == "0" {
			d, err = 0, nil
		}
		if err != nil || d < 0 || d > mostWait {
			return errors.New(`a duration from 0 to 24h is needed, with its unit: "10s", "5m"`)
		}
		o.wait, waits = d, true
		return nil
	})
	f.StringVar(&o.root, "root", "", "")
	f.StringVar(&o.then, "then", "", "")
	f.StringVar(&o.release, "release", "", "")
	f.BoolVar(&o.all, "all", false, "")
	f.BoolVar(&o.json, "json", false, "")
	asked.HZ(f, func(n int) { o.hz = n })
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return o, err
	case err != nil:
		return o, asked.Mistake{Err: err}
	case f.NArg() > 0:
		return o, asked.Mistakef("argument %q: only flags are taken", f.Arg(0))
	case o.then != "" && o.root == "":
		return o, asked.Mistakef("-then %s: give -root too, the earlier of the two trees", o.then)
	case o.root != "" && waits:
		return o, asked.Mistakef("-for: a copied tree does not change by waiting; give -then with a later copy")
	}
	return o, nil
}
