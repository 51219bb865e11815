package main

import (
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"

	"example.com/linuxtcp/internal/asked"
)

// An environment is what the command touches of the world; tests give it another.
type environment struct {
	proc   fs.FS // rooted at /proc
	stdout io.Writer
	stderr io.Writer
}

func main() {
	os.Exit(run(os.Args[1:], environment{proc: os.DirFS("/proc"), stdout: os.Stdout, stderr: os.Stderr}))
}

// run is the command. It returns the exit status.
func run(args []string, env environment) int {
	o, err := parseFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		io.WriteString(env.stdout, helpText)
		return 0
	}
	var r *Report
	if err == nil {
		r, err = answer(o, env.proc)
	}
	if err != nil {
		return asked.Failed(env.stderr, "ports", err)
	}
	write := writeText
	switch {
	case o.json:
		write = writeJSON
	case o.csv:
		write = writeCSV
	}
	if err := write(env.stdout, r); err != nil {
		return asked.Failed(env.stderr, "ports", err)
	}
	return 0
}

// answer finds everything out.
func answer(o options, proc fs.FS) (*Report, error) {
	c, err := resolve(o, proc)
	if err != nil {
		return nil, err
	}
	q := ask(c, o)
	r := &Report{Kernel: KernelReport{
		Release: c.release.String(), Vendor: c.release.Vendor().String(),
		Source: c.releaseFrom + "; " + c.sysctlsFrom, HZ: c.hz, HZSource: c.hzFrom,
	}}
	r.Sysctls = c.sysctls()
	if r.Ports, err = q.ports(); err != nil {
		return nil, err
	}
	if r.Rates, err = q.rates(); err != nil {
		return nil, err
	}
	r.Formulas = q.formulas(current(r.Rates))
	if o.rate != 0 {
		if r.AtRate, err = q.atRate(o.rate); err != nil {
			return nil, err
		}
	}
	if o.curve {
		if r.Curve, err = q.curve(o.csv); err != nil {
			return nil, err
		}
	}
	if o.race {
		if r.Race, err = race(&c.sem); err != nil {
			return nil, err
		}
	}
	r.Findings = q.findings(r)
	r.Undecided = q.undecided(r.Rates)
	r.Notes, r.Unread = c.notes, c.unread
	return r, nil
}
