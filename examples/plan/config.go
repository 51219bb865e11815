package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/kernel"
)

type semantics = kernel.Semantics

// Sysctls that have a flag of another name, or that only one side looks at.
const (
	reuseName = "net.ipv4.tcp_tw_reuse"
	rangeName = "net.ipv4.ip_local_port_range"
)

// sysctlsOf are the names of the sysctls that an answer rests on, for the range of ports aside.
func sysctlsOf(side string) []string {
	if side == clientSide {
		return []string{reuseName, "net.ipv4.tcp_tw_reuse_delay", "net.ipv4.tcp_timestamps"}
	}
	return []string{
		"net.core.somaxconn", "net.ipv4.tcp_max_syn_backlog", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_abort_on_overflow",
		"net.ipv4.tcp_synack_retries", "net.ipv4.tcp_max_tw_buckets", "net.ipv4.tcp_timestamps",
	}
}

// Where a sysctl comes from.
const (
	fromFlag    = "flag"
	fromDefault = "default"
)

// A config is the kernel that is asked about, with its sysctls.
type config struct {
	release                  kernel.Release
	sem                      semantics
	machine                  kernel.Machine
	sys                      kernel.Sysctls
	source                   map[string]string
	hz                       int
	releaseFrom, sysctlsFrom string
	notes, unread            []string
}

// resolve finds out which kernel is meant and what its sysctls are: the release's defaults, over them the machine's or
// a file's, over those the flags.
func resolve(o options, env environment) (*config, error) {
	c := &config{hz: o.hz, source: make(map[string]string)}
	if c.hz == 0 {
		c.hz = 250
	}
	k, err := asked.Find(env.proc, o.release, "-release")
	if err != nil {
		return nil, asked.Mistake{Err: err}
	}
	c.release, c.sem, c.releaseFrom = k.Release, k.Release.Semantics(), k.From
	if k.Note != "" {
		c.notes = append(c.notes, k.Note)
	}
	if k.Unread != "" {
		c.unread = append(c.unread, k.Unread)
	}
	c.machine.MemoryBytes = uint64(o.memory) << 20
	if n, ok := asked.Memory(env.proc); o.memory == 0 && ok && k.Running {
		c.machine.MemoryBytes = n
	} else if o.memory == 0 {
		c.machine.MemoryBytes = asked.FallbackMemory << 20
		c.notes = append(c.notes, fmt.Sprintf("Memory is taken as %d MiB, which some defaults follow; give -memory.", asked.FallbackMemory))
	}
	if c.sys, err = kernel.Defaults(c.release, c.machine); err != nil {
		return nil, err
	}
	c.sysctlsFrom = "sysctls are its defaults"
	switch {
	case o.sysctlFile != "":
		err = c.overlayFile(o, env)
	case k.Running:
		c.overlayProc(env.proc)
	}
	if err == nil {
		err = c.overlayFlags(o)
	}
	if c.sys.TCPTwRecycle != 0 && o.side == serverSide {
		c.sys.TCPTwRecycle = 0
		c.notes = append(c.notes, "tcp_tw_recycle is on, and the plan is for 0: it drops SYNs of users behind one NAT, which no backlog mends, and shortens TIME_WAIT.")
	}
	return c, err
}

// overlayProc takes the machine's sysctls.
func (c *config) overlayProc(proc fs.FS) {
	sub, err := fs.Sub(proc, "sys")
	var s kernel.Sysctls
	var missing []string
	if err == nil {
		s, missing, err = kernel.ReadSysctls(sub, c.sys)
	}
	if err != nil {
		c.unread = append(c.unread, fmt.Sprintf("sysctls: %v: the defaults of %s are taken", err, c.release))
		return
	}
	c.sysctlsFrom = "sysctls from /proc/sys"
	c.take(s, missing, "/proc/sys")
}

// overlayFile takes those of the output of sysctl -a.
func (c *config) overlayFile(o options, env environment) error {
	in := io.NopCloser(env.stdin)
	if o.sysctlFile != "-" {
		f, err := env.open(o.sysctlFile)
		if err != nil {
			return asked.Mistakef("-sysctl %q: %w", o.sysctlFile, asked.PlainError(err))
		}
		in = f
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	var s kernel.Sysctls
	var missing []string
	if err == nil {
		s, missing, err = kernel.ParseSysctls(bytes.NewReader(text), c.sys)
	}
	if err != nil {
		return asked.Mistakef("-sysctl %q: %w", o.sysctlFile, asked.PlainError(err))
	}
	c.sysctlsFrom = "sysctls from a file"
	c.take(s, missing, "file")
	return nil
}

// take goes over to sysctls that were read: those that the kernel has, and takes.
func (c *config) take(s kernel.Sysctls, missing []string, source string) {
	absent := make(map[string]bool)
	for _, name := range missing {
		absent[name] = true
	}
	for name, value := range s.All() {
		known, _ := kernel.SysctlByName(name)
		switch {
		case absent[name] || !known.Exists(c.sem):
		case !known.Takes(c.sem, value):
			c.notes = append(c.notes, fmt.Sprintf("%s is %d, which %s does not take: its default is used.", name, value, c.release))
		default:
			_ = c.sys.Set(name, value) // the name is the package's own
			c.source[name] = source
		}
	}
	if r := s.LocalPorts(&c.sem); !absent[rangeName] && r.Low >= 1 && r.High <= 65535 && r.Low <= r.High {
		c.sys.IPLocalPortRange, c.source[rangeName] = r, source
	}
	if !absent["net.ipv4.ip_local_reserved_ports"] && c.sem.ReservedPorts {
		c.sys.IPLocalReservedPorts = s.IPLocalReservedPorts
	}
}

// overlayFlags sets what flags give, and refuses what the kernel would refuse.
func (c *config) overlayFlags(o options) error {
	for _, name := range kernel.SysctlNames() {
		value, ok := o.sysctls[name]
		if !ok {
			continue
		}
		known, _ := kernel.SysctlByName(name)
		lo, hi := known.Range(c.sem)
		switch {
		case !known.Exists(c.sem):
			return asked.Mistakef("-%s %d: Linux %s has no %s", shortName(name), value, c.release, name)
		case !known.Takes(c.sem, value):
			return asked.Mistakef("-%s %d: Linux %s takes %d to %d", shortName(name), value, c.release, lo, hi)
		}
		_ = c.sys.Set(name, value)
		c.source[name] = fromFlag
	}
	if o.ports == nil {
		return nil
	}
	s, _, err := kernel.ParseSysctls(strings.NewReader(rangeName+" = "+*o.ports), c.sys)
	if err == nil {
		err = s.Validate(c.sem)
	}
	if err != nil {
		return asked.Mistakef("-range %q: %w", *o.ports, err)
	}
	c.sys.IPLocalPortRange, c.source[rangeName] = s.IPLocalPortRange, fromFlag
	return nil
}

// on is the same configuration on another kernel: what was set here, by a flag or to something else than the default,
// where that kernel takes it, and its own default for the rest.
func (c *config) on(r kernel.Release) (*config, error) {
	there := &config{release: r, sem: r.Semantics(), machine: c.machine, hz: c.hz}
	var err error
	if there.sys, err = kernel.Defaults(r, c.machine); err != nil {
		return nil, err
	}
	for name, value := range c.sys.All() {
		known, _ := kernel.SysctlByName(name)
		set := c.source[name] == fromFlag || value != known.Default(c.sem, c.machine)
		if set && known.Exists(c.sem) && known.Exists(there.sem) && known.Takes(there.sem, value) {
			_ = there.sys.Set(name, value)
		}
	}
	if r := c.sys.LocalPorts(&c.sem); c.source[rangeName] == fromFlag || r != kernel.DefaultPortRange(c.sem) {
		there.sys.IPLocalPortRange = c.sys.IPLocalPortRange
	}
	return there, nil
}

// reports lists the sysctls that the kernel has, of those named, and the range of ports for the client side.
func (c *config) reports(names []string) (list []SysctlReport) {
	add := func(name, value string) {
		source := c.source[name]
		if source == "" {
			source = fromDefault
		}
		list = append(list, SysctlReport{name, value, source})
	}
	if names[0] == reuseName {
		r := c.sys.LocalPorts(&c.sem)
		add(rangeName, fmt.Sprintf("%d %d", r.Low, r.High))
	}
	for _, name := range names {
		if known, _ := kernel.SysctlByName(name); known.Exists(c.sem) {
			value, _ := c.sys.Get(name)
			add(name, strconv.Itoa(value))
		}
	}
	return list
}

// shortName is a sysctl's name as a flag: tcp_syncookies for net.ipv4.tcp_syncookies.
func shortName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
