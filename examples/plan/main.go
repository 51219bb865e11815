package main

import (
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/prose"
)

// An environment is what the command touches of the world; tests give it another.
type environment struct {
	proc   fs.FS // rooted at /proc
	open   func(name string) (io.ReadCloser, error)
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	// watched says that somebody looks at stderr, so that progress is told there.
	watched bool
}

func main() {
	status, err := os.Stderr.Stat()
	os.Exit(run(os.Args[1:], environment{
		proc:  os.DirFS("/proc"),
		open:  func(name string) (io.ReadCloser, error) { return os.Open(name) },
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		watched: err == nil && status.Mode()&os.ModeCharDevice != 0,
	}))
}

// run is the command. It returns the exit status.
func run(args []string, env environment) int {
	o, err := parseFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		writeHelp(env.stdout)
		return 0
	}
	var r *Report
	if err == nil {
		r, err = answer(o, env)
	}
	if err != nil {
		return asked.Failed(env.stderr, "plan", err)
	}
	if o.json {
		err = prose.JSON(env.stdout, r)
	} else {
		err = writeText(env.stdout, r)
	}
	if err != nil {
		return asked.Failed(env.stderr, "plan", err)
	}
	return 0
}

// answer finds everything out.
func answer(o options, env environment) (*Report, error) {
	c, err := resolve(o, env)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	p := &progress{out: env.stderr, on: env.watched}
	var matters func(*config) (bool, error)
	var packages []string
	if o.side == clientSide {
		q := leaving{c: c, o: o}
		packages, matters = []string{"portalloc", "timewait"}, q.differs
		r.Client, err = q.report(p)
	} else {
		var w *workload
		if w, err = readWorkload(o, env); err != nil {
			return nil, err
		}
		q := &incoming{c: c, o: o, w: w, p: p}
		packages, matters = []string{"queue", "timewait"}, q.differs
		r.Server, err = q.report()
	}
	if err != nil {
		p.clear()
		return nil, err
	}
	r.Kernel = KernelReport{Release: c.release.String(), Vendor: c.release.Vendor().String(), Source: c.releaseFrom + "; " + c.sysctlsFrom, HZ: c.hz}
	r.Sysctls = c.reports(sysctlsOf(o.side))
	r.Undecided, err = undecided(c, packages, matters)
	p.clear()
	r.Notes, r.Unread = c.notes, c.unread
	return r, err
}

// undecided lists the changes that the release's name leaves open. matters finds out whether another kernel would
// have another answer.
func undecided(c *config, packages []string, matters func(*config) (bool, error)) ([]asked.OpenChange, error) {
	var failed error
	list := asked.Undecided(c.release, c.sem, packages, func(sem semantics) bool {
		other := *c
		other.sem = sem
		differs, err := matters(&other)
		failed = errors.Join(failed, err)
		return differs
	})
	return list, failed
}
