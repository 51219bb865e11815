package main

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/kernel"
)

// Sysctls that the answers rest on.
const (
	rangeName    = "net.ipv4.ip_local_port_range"
	reservedName = "net.ipv4.ip_local_reserved_ports"
	reuseName    = "net.ipv4.tcp_tw_reuse"
	delayName    = "net.ipv4.tcp_tw_reuse_delay"
	stampsName   = "net.ipv4.tcp_timestamps"
	bucketsName  = "net.ipv4.tcp_max_tw_buckets"
)

var sysctlNames = []string{rangeName, reservedName, reuseName, delayName, stampsName, bucketsName}

// Where a sysctl comes from.
const (
	fromProc    = "/proc/sys"
	fromFlag    = "flag"
	fromDefault = "default"
	unknown     = "unknown"
)

// A config is the kernel that is asked about, with its sysctls.
type config struct {
	release kernel.Release
	sem     kernel.Semantics
	sys     kernel.Sysctls
	source  map[string]string // of each sysctl that the kernel has
	hz      int
	hzFrom  string
	// running says that the kernel asked about is this machine's.
	running                  bool
	releaseFrom, sysctlsFrom string
	notes, unread            []string
}

// resolve finds out which kernel is meant and what its sysctls are: the release's
// defaults, over them the machine's, over those the flags.
func resolve(o options, proc fs.FS) (*config, error) {
	k, err := asked.Find(proc, o.release, "-release")
	if err != nil {
		return nil, asked.Mistake{Err: err}
	}
	c := &config{release: k.Release, sem: k.Release.Semantics(), running: k.Running, releaseFrom: k.From, source: make(map[string]string)}
	if k.Note != "" {
		c.notes = append(c.notes, k.Note)
	}
	if k.Unread != "" {
		c.unread = append(c.unread, k.Unread)
	}
	if c.sys, err = defaults(c.release); err != nil {
		return nil, err
	}
	c.sysctlsFrom = "sysctls are its defaults"
	for _, name := range sysctlNames {
		if c.has(name) {
			c.source[name] = fromDefault
		}
	}
	c.source[bucketsName] = unknown // it follows memory
	if c.running {
		if err := c.overlayProc(proc); err != nil {
			return nil, err
		}
	}
	c.resolveHZ(o, proc)
	return c, c.overlayFlags(o)
}

// defaults are the sysctls of a release. Those that follow memory are not looked at.
func defaults(r kernel.Release) (kernel.Sysctls, error) {
	return kernel.Defaults(r, kernel.Machine{MemoryBytes: asked.FallbackMemory << 20})
}

// has reports whether the kernel has a sysctl.
func (c *config) has(name string) bool {
	switch name {
	case rangeName:
		return true
	case reservedName:
		return c.sem.ReservedPorts
	}
	s, _ := kernel.SysctlByName(name)
	return s.Exists(c.sem)
}

// overlayProc takes the machine's sysctls.
func (c *config) overlayProc(proc fs.FS) error {
	sub, err := fs.Sub(proc, "sys")
	if err != nil {
		return err
	}
	s, missing, err := kernel.ReadSysctls(sub, c.sys)
	if err != nil {
		c.unread = append(c.unread, fmt.Sprintf("sysctls: %v: the defaults of %s are taken", err, c.release))
		return nil
	}
	c.sys, c.sysctlsFrom = s, "sysctls from /proc/sys"
	absent := make(map[string]bool)
	for _, name := range missing {
		absent[name] = true
	}
	var defaults []string
	for _, name := range sysctlNames {
		switch {
		case !c.has(name):
		case absent[name] && name == bucketsName:
			c.unread = append(c.unread, fmt.Sprintf("sysctl %s: cannot be read: it is taken as large enough; give -buckets", shortName(name)))
		case absent[name]:
			defaults = append(defaults, shortName(name))
		default:
			c.source[name] = fromProc
		}
	}
	if len(defaults) > 0 {
		c.unread = append(c.unread, fmt.Sprintf("sysctls %s: cannot be read: the defaults of %s are taken", strings.Join(defaults, ", "), c.release))
	}
	if unread := asked.MendRange(&c.sys, c.release); unread != "" {
		c.source[rangeName] = fromDefault
		c.unread = append(c.unread, unread)
	}
	return nil
}

// resolveHZ finds CONFIG_HZ, and says that it is assumed where that matters.
func (c *config) resolveHZ(o options, proc fs.FS) {
	c.hz, c.hzFrom = asked.FallbackHZ, "assumed"
	switch {
	case o.hz != 0:
		c.hz, c.hzFrom = o.hz, fromFlag
	case c.running:
		var unread string
		if c.hz, c.hzFrom, unread = asked.RunningHZ(&c.sem, proc); unread != "" {
			c.unread = append(c.unread, unread)
		}
	}
}

// overlayFlags sets what flags give, and refuses what the kernel would refuse.
func (c *config) overlayFlags(o options) error {
	set := func(name string, ok bool, apply func(*kernel.Sysctls)) error {
		if !ok {
			return nil
		}
		// A fresh set of sysctls, so that the error is about this one.
		alone, err := defaults(c.release)
		if err != nil {
			return err
		}
		alone.IPUnprivilegedPortStart = c.sys.IPUnprivilegedPortStart
		alone.IPLocalPortRange = kernel.PortRange{Low: 65535, High: 65535} // above any start
		apply(&alone)
		if err := alone.Validate(c.sem); err != nil {
			return err
		}
		apply(&c.sys)
		c.source[name] = fromFlag
		return nil
	}
	if o.ports != nil {
		r, err := parseRange(*o.ports)
		if err == nil {
			err = set(rangeName, true, func(s *kernel.Sysctls) { s.IPLocalPortRange = r })
		}
		if err != nil {
			return asked.Mistakef("-range %q: %w", *o.ports, err)
		}
	}
	if o.reserved != nil {
		if err := set(reservedName, true, func(s *kernel.Sysctls) { s.IPLocalReservedPorts = *o.reserved }); err != nil {
			return asked.Mistakef("-reserved %q: %w", *o.reserved, err)
		}
	}
	if o.reuse != nil {
		if err := set(reuseName, true, func(s *kernel.Sysctls) { s.TCPTWReuse = *o.reuse }); err != nil {
			return asked.Mistakef("-reuse %d: %w", *o.reuse, err)
		}
	}
	if o.buckets != nil {
		if err := set(bucketsName, true, func(s *kernel.Sysctls) { s.TCPMaxTWBuckets = *o.buckets }); err != nil {
			return asked.Mistakef("-buckets %d: %w", *o.buckets, err)
		}
	}
	return nil
}

// parseRange reads two ports.
func parseRange(text string) (kernel.PortRange, error) {
	var r kernel.PortRange
	words := strings.Fields(text)
	if len(words) != 2 {
		return r, fmt.Errorf(`two ports are needed, as in -range "32768 60999"`)
	}
	for i, p := range []*int{&r.Low, &r.High} {
		n, err := strconv.Atoi(words[i])
		if err != nil || n < 1 || n > 65535 {
			return r, fmt.Errorf("%q: a port is 1 to 65535", words[i])
		}
		*p = n
	}
	return r, nil
}

// sysctls lists those that the kernel has.
func (c *config) sysctls() []SysctlReport {
	var list []SysctlReport
	for _, name := range sysctlNames {
		source, ok := c.source[name]
		if !ok || source == unknown {
			continue
		}
		var value string
		switch name {
		case rangeName:
			r := c.sys.LocalPorts(&c.sem)
			value = fmt.Sprintf("%d %d", r.Low, r.High)
		case reservedName:
			value = c.sys.IPLocalReservedPorts
		default:
			n, _ := c.sys.Get(name)
			value = strconv.Itoa(n)
		}
		list = append(list, SysctlReport{name, value, source})
	}
	return list
}

// shortName is the last part of a sysctl's name.
func shortName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
