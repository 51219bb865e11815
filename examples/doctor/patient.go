package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/internal/raised"
	"example.com/linuxtcp/kernel"
)

const (
	rangeName    = "net.ipv4.ip_local_port_range"
	reservedName = "net.ipv4.ip_local_reserved_ports"
	bucketsName  = "net.ipv4.tcp_max_tw_buckets"
	orphansFile  = "sys/net/ipv4/tcp_max_orphans"
)

// A patient is a machine: its kernel with its settings, and one or two looks at it.
type patient struct {
	release     kernel.Release
	sem         kernel.Semantics
	sys         kernel.Sysctls
	source      map[string]string // of each sysctl
	machine     kernel.Machine
	hz          int
	hzFrom      string
	releaseFrom string
	sysctlsFrom string
	// maxOrphans is nil where it cannot be read. elsewhere says that this is so because the
	// network namespace is not the machine's first.
	maxOrphans *int
	elsewhere  bool

	raised *raised.Table // what raises each counter, under sem

	before        *look // nil if there was one look only
	now           look
	interval      time.Duration // between them
	notes, unread []string
}

// admit reads a machine, waits, and reads again what changes.
func admit(o options, env environment) (*patient, error) {
	p := &patient{}
	proc, later, diag, err := o.sources(env)
	if err != nil {
		return nil, err
	}
	if err := p.identify(o, proc); err != nil {
		return nil, err
	}
	first, unread := take(proc, diag(proc))
	p.now = first
	switch {
	case o.root != "" && o.then == "":
		p.notes = append(p.notes, "There is one look only, so that nothing is told of rates, nor of what has stood still; give -then with a later copy.")
	case o.wait == 0:
		p.notes = append(p.notes, "There was one look only (-for 0), so that nothing is told of rates, nor of what has stood still.")
	default:
		if o.root == "" {
			fmt.Fprintf(env.stderr, "doctor: looks again in %v (-for)\n", o.wait)
			env.sleep(o.wait)
		}
		var more []string
		p.before, p.interval = &first, o.wait
		p.now, more = take(later, diag(later))
		for _, u := range more {
			if !slices.Contains(unread, u) {
				unread = append(unread, u)
			}
		}
		if err := p.measure(o); err != nil {
			return nil, err
		}
	}
	p.unread = append(p.unread, unread...)
	return p, nil
}

// sources are where the two looks look.
func (o options) sources(env environment) (proc, later fs.FS, diag func(fs.FS) func() ([]machine.DiagSocket, error), err error) {
	if o.root == "" {
		return env.proc, env.proc, func(fs.FS) func() ([]machine.DiagSocket, error) { return env.diag }, nil
	}
	if proc, err = env.tree(o.root); err != nil {
		return nil, nil, nil, asked.Mistakef("-root %s: %w", o.root, asked.PlainError(err))
	}
	if later = proc; o.then != "" {
		if later, err = env.tree(o.then); err != nil {
			return nil, nil, nil, asked.Mistakef("-then %s: %w", o.then, asked.PlainError(err))
		}
	}
	diag = func(tree fs.FS) func() ([]machine.DiagSocket, error) {
		return func() ([]machine.DiagSocket, error) { return readSS(tree) }
	}
	return proc, later, diag, nil
}

// measure finds the time between the looks where the machine tells it.
func (p *patient) measure(o options) error {
	from, to := p.before.uptime, p.now.uptime
	switch {
	case from > 0 && to > from:
		p.interval = to - from
	case o.root == "":
	case from == 0 || to == 0:
		return asked.Mistakef("-then %s: both trees need the file uptime, which tells the time between them", o.then)
	default:
		return asked.Mistakef("-then %s: its uptime, %v, is not after the %v of -root: is it the later copy of the same machine?", o.then, to, from)
	}
	for c := range kernel.AllCounters() { // not all of /proc/net/snmp: CurrEstab is a gauge
		name := c.Prefix() + c.String()
		was, is := p.before.counters[name], p.now.counters[name]
		if _, read := p.now.counters[name]; read && is < was {
			return fmt.Errorf("%s fell from %d to %d between the looks: these are not two looks at one network namespace", name, was, is)
		}
	}
	return nil
}

// identify finds the release, the machine and its settings.
func (p *patient) identify(o options, proc fs.FS) error {
	k, err := asked.Find(proc, o.release, "-release")
	if err != nil {
		return asked.Mistake{Err: err}
	}
	p.release, p.sem, p.releaseFrom = k.Release, k.Release.Semantics(), k.From
	p.raised = raised.On(&p.sem)
	if o.root != "" && k.Running {
		p.releaseFrom = strings.Replace(k.From, "this machine", "the copied machine", 1)
	}
	if k.Note != "" {
		p.notes = append(p.notes, k.Note)
	}
	if k.Unread != "" {
		p.unread = append(p.unread, k.Unread)
	}
	p.machine.MemoryBytes = asked.FallbackMemory << 20
	if n, ok := asked.Memory(proc); ok {
		p.machine.MemoryBytes = n
	} else {
		p.unread = append(p.unread, fmt.Sprintf("/proc/meminfo: cannot be read: %d MiB are taken, which some defaults follow", asked.FallbackMemory))
	}
	if err := p.settle(proc); err != nil {
		return err
	}
	p.findHZ(o, proc)
	p.findOrphans(proc)
	return nil
}

// settle reads the sysctls.
func (p *patient) settle(proc fs.FS) error {
	s, err := machine.DefaultSettings(p.release, p.machine)
	if err != nil {
		return err
	}
	p.sysctlsFrom = "sysctls from /proc/sys"
	var read kernel.Sysctls
	var unread []string
	sub, err := fs.Sub(proc, "sys")
	if err == nil {
		read, unread, err = kernel.ReadSysctls(sub, s.Values)
	}
	if err != nil {
		p.unread = append(p.unread, fmt.Sprintf("sysctls: %v: the defaults of %s are taken", err, p.release))
		p.sysctlsFrom, p.sys, p.source = "sysctls are its defaults", s.Values, s.Source
		p.source[rangeName], p.source[reservedName] = machine.FromDefault, machine.FromDefault
		return nil
	}
	missing := s.Take(read, unread, machine.FromProc, func(string) bool { return true })
	p.notes = append(p.notes, s.Clamp(p.release)...)
	p.sys, p.source = s.Values, s.Source
	p.sys.IPLocalPortRange, p.sys.IPLocalReservedPorts = read.IPLocalPortRange, read.IPLocalReservedPorts
	if unread := asked.MendRange(&p.sys, p.release); unread != "" {
		p.unread = append(p.unread, unread)
	}
	for _, name := range []string{rangeName, reservedName} { // no numbers, so not among the settings
		switch {
		case name == reservedName && !p.sem.ReservedPorts:
			p.source[name] = machine.Absent
		case slices.Contains(unread, name):
			p.source[name] = machine.FromDefault
			missing = append(missing, name)
		default:
			p.source[name] = machine.FromProc
		}
	}
	if !p.settled() {
		p.sysctlsFrom = "sysctls are its defaults"
	}
	var plain, shared []string
	for _, name := range missing {
		if p.sem.PerNetns(name) {
			plain = append(plain, shortName(name))
		} else {
			shared = append(shared, shortName(name))
		}
	}
	if len(plain) > 0 {
		p.unread = append(p.unread, fmt.Sprintf("sysctls %s: cannot be read: the defaults of %s are taken", strings.Join(plain, ", "), p.release))
	}
	if len(shared) > 0 {
		p.unread = append(p.unread, fmt.Sprintf("sysctls %s: on %s they are the whole machine's, and only its first network namespace shows them: the defaults are taken", strings.Join(shared, ", "), p.release))
	}
	return nil
}

// findHZ finds CONFIG_HZ, and says that it is assumed where that matters.
func (p *patient) findHZ(o options, proc fs.FS) {
	if p.hz, p.hzFrom = o.hz, "flag"; p.hz != 0 {
		return
	}
	var unread string
	if p.hz, p.hzFrom, unread = asked.RunningHZ(&p.sem, proc); unread != "" {
		p.unread = append(p.unread, unread)
	}
}

// findOrphans reads tcp_max_orphans, which is the machine's in every release: other
// namespaces than the first do not show it.
func (p *patient) findOrphans(proc fs.FS) {
	text, err := fs.ReadFile(proc, orphansFile)
	if err == nil {
		var n int
		if n, err = strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			p.maxOrphans = &n
			return
		}
	}
	if errors.Is(err, fs.ErrNotExist) && p.settled() {
		p.elsewhere = true
		p.unread = append(p.unread, "sysctl tcp_max_orphans: not in this network namespace, since it is the whole machine's and only its first namespace shows it: orphans are not judged")
		return
	}
	p.unread = append(p.unread, fmt.Sprintf("sysctl tcp_max_orphans: %v: orphans are not judged", asked.PlainError(err)))
}

// shortName is the last part of a sysctl's name.
func shortName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
