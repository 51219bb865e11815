package main

import (
	"fmt"
	"io/fs"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/kernel"
)

const (
	newest    = "7.2"
	oldLTS    = "5.10" // from which to look where this machine runs the newest
	rangeName = "net.ipv4.ip_local_port_range"
)

// A config is the two kernels and what is the same on both of them.
type config struct {
	from, to       kernel.Release
	fromHow, toHow string
	machine        kernel.Machine
	set            map[string]int // the sysctls that the configuration sets, by full name
	ports          kernel.PortRange
	backlog        int32
	flood, hz      int
	sysctlsHow     string
	notes, unread  []string
}

// resolve finds out which kernels and which settings are meant.
func resolve(o options, proc fs.FS) (*config, error) {
	c := &config{set: make(map[string]int), backlog: o.backlog, flood: o.flood, hz: o.hz, sysctlsHow: "settings by flag"}
	from, err := asked.Find(proc, o.from, "-from")
	if err != nil {
		return nil, asked.Mistake{Err: err}
	}
	if from.Unread != "" {
		c.unread = append(c.unread, strings.Replace(from.Unread, "give -release", "give -from", 1))
	}
	if from.Note != "" {
		c.notes = append(c.notes, from.Note)
	}
	toName, toHow := o.to, "named by -to"
	if toName == "" {
		toName, toHow = newest, "the newest modelled"
	}
	if c.to, err = kernel.Parse(toName); err != nil {
		return nil, asked.Mistakef("-to: %w", err)
	}
	c.from, c.fromHow, c.toHow = from.Release, from.From, toHow
	c.resolveMemory(o, proc)
	if from.Running {
		c.readSettings(proc)
	}
	if from.Running && o.to == "" && c.from.Series() == newest {
		c.to, c.toHow = c.from, c.fromHow
		c.from, c.fromHow = kernel.MustParse(oldLTS), "an older one, for this machine runs the newest modelled"
	}
	if c.from.Compare(c.to) > 0 {
		c.notes = append(c.notes, "The second kernel is the older one.")
	}
	return c, c.takeFlags(o)
}

func (c *config) resolveMemory(o options, proc fs.FS) {
	if c.machine.MemoryBytes = uint64(o.memory) << 20; o.memory != 0 {
		return
	}
	if n, ok := asked.Memory(proc); ok && o.from == "" {
		c.machine.MemoryBytes = n
		return
	}
	c.machine.MemoryBytes = asked.FallbackMemory << 20
	c.notes = append(c.notes, fmt.Sprintf("Memory is taken as %d MiB, which some defaults follow; give -memory.", asked.FallbackMemory))
}

// readSettings takes this machine's sysctls that differ from its kernel's defaults.
func (c *config) readSettings(proc fs.FS) {
	sem := c.from.Semantics()
	base := c.sysctls(&sem)
	sub, err := fs.Sub(proc, "sys")
	var s kernel.Sysctls
	var unread []string
	if err == nil {
		s, unread, err = kernel.ReadSysctls(sub, base)
	}
	if err != nil {
		c.unread = append(c.unread, fmt.Sprintf("sysctls: %v: the defaults of %s are taken", err, c.from))
		return
	}
	c.sysctlsHow = "settings of this machine, which are what differs from its kernel's defaults, and by flag"
	var missing []string
	for _, name := range unread {
		if known, ok := kernel.SysctlByName(name); ok && known.Exists(sem) {
			missing = append(missing, shortName(name))
		}
	}
	if len(missing) > 0 {
		c.unread = append(c.unread, fmt.Sprintf("sysctls %s: cannot be read: the defaults are taken", strings.Join(missing, ", ")))
	}
	for name, value := range s.All() {
		if known, _ := kernel.SysctlByName(name); known.Exists(sem) && value != known.Default(sem, c.machine) {
			c.set[name] = value
		}
	}
	if r := s.LocalPorts(&sem); r != kernel.DefaultPortRange(sem) && r.Low >= 1 && r.High <= 65535 && r.Low <= r.High {
		c.ports = r
	}
}

// takeFlags takes the settings of the flags, and refuses what neither kernel takes.
func (c *config) takeFlags(o options) error {
	from, to := c.from.Semantics(), c.to.Semantics()
	for _, name := range kernel.SysctlNames() {
		value, ok := o.sysctls[name]
		if !ok {
			continue
		}
		s, _ := kernel.SysctlByName(name)
		switch {
		case !s.Exists(from) && !s.Exists(to):
			return asked.Mistakef("-%s %d: neither %s nor %s has %s", shortName(name), value, c.from, c.to, name)
		case !s.Takes(from, value) && !s.Takes(to, value):
			lo, hi := s.Range(to)
			if !s.Exists(to) {
				lo, hi = s.Range(from)
			}
			if !s.Takes(to, lo) && !s.Takes(from, lo) {
				lo++ // a 0 that stands for the default
			}
			return asked.Mistakef("-%s %d: %d to %d is what %s takes", shortName(name), value, lo, hi, name)
		}
		c.set[name] = value
	}
	if o.ports == nil {
		return nil
	}
	s, _, err := kernel.ParseSysctls(strings.NewReader(rangeName+" = "+*o.ports), c.sysctls(&to))
	if err == nil {
		err = s.Validate(to)
	}
	if err != nil {
		return asked.Mistakef("-range %q: %w", *o.ports, err)
	}
	c.ports = s.IPLocalPortRange
	return nil
}

// sysctls are what is in force on a kernel: the settings that it takes, else its defaults.
func (c *config) sysctls(sem *kernel.Semantics) (s kernel.Sysctls) {
	for _, name := range kernel.SysctlNames() {
		known, _ := kernel.SysctlByName(name)
		if !known.Exists(*sem) {
			continue
		}
		value := known.Default(*sem, c.machine)
		if set, ok := c.set[name]; ok && known.Takes(*sem, set) {
			value = set
		}
		_ = s.Set(name, value) // the name is the package's own, and a sysctl has 32 bits
	}
	s.IPLocalPortRange = c.ports
	return s
}
