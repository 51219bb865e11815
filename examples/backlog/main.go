package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/kernel"
)

func main() {
	os.Exit(run(os.Args[1:], environment{
		proc: os.DirFS("/proc"), diag: machine.ReadDiag,
		open:  func(name string) (io.ReadCloser, error) { return os.Open(name) },
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
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
		return asked.Failed(env.stderr, "backlog", err)
	}
	write := writeText
	if o.json {
		write = writeJSON
	}
	if err := write(env.stdout, r); err != nil {
		return asked.Failed(env.stderr, "backlog", err)
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
	subjects, err := subjectsOf(c, o, env)
	if err != nil {
		return nil, err
	}
	for _, s := range subjects {
		l := assess(c, s)
		if o.flood != nil {
			if l.Flood, err = flood(c, s, *o.flood); err != nil {
				return nil, err
			}
		}
		r.Listeners = append(r.Listeners, l)
	}
	if c.running && !o.hypothetical() {
		var unread []string
		r.Counters, unread = readCounters(env.proc, c.sem)
		c.unread = append(c.unread, unread...)
		r.Totals = totals(r.Counters, c)
	} else {
		r.Counters = meanings(c.sem)
	}
	if o.across {
		if len(subjects) > 1 {
			c.notes = append(c.notes, fmt.Sprintf("%d sockets listen on port %d; the table is about the first of them.", len(subjects), *o.port))
		}
		r.Across = across(c, subjects[0], o)
	}
	r.Kernel = KernelReport{Release: c.release.String(), Vendor: c.release.Vendor().String(), Source: c.releaseFrom + "; " + c.sysctlsFrom + "; " + c.listenerFrom, HZ: c.hz}
	for name, value := range c.sys.All() {
		if !listens(name) {
			continue
		}
		r.Sysctls = append(r.Sysctls, SysctlReport{name, value, c.source[name]})
	}
	r.Undecided = undecided(c, subjects)
	r.Notes, r.Unread = c.notes, c.unread
	slices.SortStableFunc(r.Listeners, func(a, b ListenerReport) int { return urgency(a.Health) - urgency(b.Health) })
	return r, nil
}

func urgency(health string) int {
	return slices.Index([]string{"dropping", "cookies", "filling", "unknown", "ok"}, health)
}

// subjectsOf returns the listeners to tell about: those of the machine, those on a
// port, or one that flags describe.
func subjectsOf(c *config, o options, env environment) ([]subject, error) {
	if o.hypothetical() || !c.running && o.port == nil {
		s, err := hypothetical(c, o)
		c.listenerFrom = "a hypothetical listener"
		if !o.hypothetical() {
			c.noteHypothetical()
		}
		return []subject{s}, err
	}
	found, unread, err := machine.ReadListeners(env.proc, env.diag, "the backlog given by -backlog, else as somaxconn")
	if err != nil && o.port != nil {
		return nil, fmt.Errorf("-port %d: %w", *o.port, err)
	}
	c.unread = append(c.unread, unread...)
	var subjects []subject
	var ports []string
	for i := range found {
		l := &found[i]
		if o.port != nil && int(l.Local.Port()) != *o.port {
			if port := fmt.Sprint(l.Local.Port()); !slices.Contains(ports, port) {
				ports = append(ports, port)
			}
			continue
		}
		s, err := real(c, o, l)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, s)
	}
	switch {
	case len(subjects) > 0:
		c.listenerFrom = "queues from /proc/net" + ifElse(subjects[0].Live.HasLimit, ", their limits from netlink", "")
		return subjects, nil
	case o.port != nil && len(ports) == 0:
		return nil, fmt.Errorf("-port %d: nobody listens in this network namespace, on any port; a SYN gets a RST", *o.port)
	case o.port != nil:
		return nil, fmt.Errorf("-port %d: nobody listens there in this network namespace, so a SYN gets a RST; ports with a listener: %s", *o.port, strings.Join(ports, ", "))
	case err != nil:
		c.unread = append(c.unread, "listeners: "+err.Error())
	default:
		c.notes = append(c.notes, "No TCP socket listens in this network namespace.")
	}
	c.listenerFrom = "a hypothetical listener"
	c.noteHypothetical()
	s, err := hypothetical(c, o)
	return []subject{s}, err
}

func (c *config) noteHypothetical() {
	c.notes = append(c.notes, fmt.Sprintf("The answer is for a listener that does not exist, with backlog %d; -backlog N asks about another.", defaultBacklog))
}

// undecided lists the changes that the release's name leaves open, and finds out
// which of them would change an answer.
func undecided(c *config, subjects []subject) []asked.OpenChange {
	return asked.Undecided(c.release, c.sem, []string{"queue"}, func(sem kernel.Semantics) bool {
		other := *c
		other.sem = sem
		return slices.ContainsFunc(subjects, func(s subject) bool {
			t := s
			t.Limits(&other.sem, &other.sys)
			return fingerprint(c, s) != fingerprint(&other, t)
		})
	})
}

// fingerprint is what a change has to alter to matter to a listener.
func fingerprint(c *config, s subject) string {
	r := assess(c, s)
	return fmt.Sprint(r.Accept.Capacity, r.SYN.Capacity, r.NextSYN, r.NextACK, c.sem.SYNDropCounters, c.sem.CookieListenDrops, c.sem.SYNACKTimeout) +
		acceptFullSYN(c, s) + synFullSYN(c, s)
}
