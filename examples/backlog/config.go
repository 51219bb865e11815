package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/kernel"
)

// An environment is what the command touches of the world; tests give it another.
type environment struct {
	proc   fs.FS // rooted at /proc
	diag   func() ([]machine.DiagSocket, error)
	open   func(name string) (io.ReadCloser, error)
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// A config is the kernel that is asked about, with its sysctls.
type config struct {
	release kernel.Release
	sem     kernel.Semantics
	machine kernel.Machine
	sys     kernel.Sysctls
	source  map[string]string // of each sysctl: see SysctlReport
	hz      int
	// running says that the kernel asked about is this machine's.
	running bool
	// releaseFrom, sysctlsFrom and listenerFrom say in words where those come from.
	releaseFrom, sysctlsFrom, listenerFrom string
	notes                                  []string
	unread                                 []string
}

// resolve finds out which kernel is meant and what its sysctls are: the release's
// defaults, over them the machine's or a file's, over those the flags.
func resolve(o options, env environment) (*config, error) {
	c := &config{hz: o.hz}
	file, err := readSysctlFile(o, env)
	if err != nil {
		return nil, err
	}
	if err := c.resolveRelease(o, env, file); err != nil {
		return nil, err
	}
	c.sem = c.release.Semantics()
	c.resolveMachine(o, env)
	settings, err := machine.DefaultSettings(c.release, c.machine)
	if err != nil {
		return nil, err
	}
	c.sysctlsFrom = "sysctls are its defaults"
	switch {
	case o.sysctlFile != "":
		err = c.overlayFile(&settings, o, file)
	case c.running || o.port != nil:
		err = c.overlayProc(&settings, env)
	}
	if err != nil {
		return nil, err
	}
	c.notes = append(c.notes, settings.Clamp(c.release)...)
	c.sys, c.source = settings.Values, settings.Source
	return c, c.overlayFlags(o)
}

// resolveRelease takes the release from -release, from the file, or from /proc.
func (c *config) resolveRelease(o options, env environment, file []byte) error {
	name, from := o.release, "-release"
	if name == "" && file != nil {
		name, from = osrelease(file), "its kernel.osrelease"
	}
	k, err := asked.Find(env.proc, name, from)
	if err != nil {
		return asked.Mistake{Err: err}
	}
	c.release, c.running, c.releaseFrom = k.Release, k.Running, k.From
	if k.Note != "" {
		c.notes = append(c.notes, k.Note)
	}
	if k.Unread != "" {
		c.unread = append(c.unread, k.Unread)
	}
	return nil
}

// resolveMachine finds the memory that the default of tcp_max_syn_backlog follows.
func (c *config) resolveMachine(o options, env environment) {
	switch {
	case o.memory != nil:
		c.machine.MemoryBytes = uint64(*o.memory) << 20
		return
	case o.sysctlFile == "":
		if n, ok := asked.Memory(env.proc); ok {
			c.machine.MemoryBytes = n
			return
		}
	}
	c.machine.MemoryBytes = asked.FallbackMemory << 20
	c.notes = append(c.notes, fmt.Sprintf("Memory is taken as %d MiB, which matters to the default of tcp_max_syn_backlog only; give -memory.", asked.FallbackMemory))
}

func readSysctlFile(o options, env environment) ([]byte, error) {
	if o.sysctlFile == "" {
		return nil, nil
	}
	if o.sysctlFile == "-" {
		text, err := io.ReadAll(env.stdin)
		if err != nil {
			return nil, asked.Mistakef("-sysctl -: reading standard input: %w", err)
		}
		return append([]byte{}, text...), nil
	}
	f, err := env.open(o.sysctlFile)
	if err != nil {
		return nil, asked.Mistakef("-sysctl %q: %w", o.sysctlFile, asked.PlainError(err))
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, asked.Mistakef("-sysctl %q: %w", o.sysctlFile, asked.PlainError(err))
	}
	return append([]byte{}, text...), nil
}

// osrelease finds the release in the output of sysctl -a, "" if it is not there.
func osrelease(text []byte) string {
	for line := range bytes.Lines(text) {
		name, value, ok := strings.Cut(string(line), "=")
		if ok && strings.TrimSpace(name) == "kernel.osrelease" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (c *config) overlayFile(settings *machine.Settings, o options, file []byte) error {
	s, unread, err := kernel.ParseSysctls(bytes.NewReader(file), settings.Values)
	if err != nil {
		return asked.Mistakef("-sysctl %q: %w", o.sysctlFile, err)
	}
	c.sysctlsFrom = "sysctls from " + o.sysctlName()
	c.take(settings, s, unread, "file", "not in "+o.sysctlName())
	return nil
}

func (c *config) overlayProc(settings *machine.Settings, env environment) error {
	sub, err := fs.Sub(env.proc, "sys")
	if err != nil {
		return err
	}
	s, unread, err := kernel.ReadSysctls(sub, settings.Values)
	if err != nil {
		c.unread = append(c.unread, fmt.Sprintf("sysctls: %v: the defaults of %s are taken", err, c.release))
		return nil
	}
	c.sysctlsFrom = "sysctls from /proc/sys"
	why := "cannot be read"
	if !c.running {
		why = "not on this machine"
	}
	c.take(settings, s, unread, machine.FromProc, why)
	return nil
}

// take goes over to sysctls that were read. What the kernel asked about does not
// have stays absent.
func (c *config) take(settings *machine.Settings, s kernel.Sysctls, unread []string, source, why string) {
	defaults := settings.Take(s, unread, source, listens)
	for i, name := range defaults {
		defaults[i] = shortName(name)
	}
	if len(defaults) > 0 {
		c.unread = append(c.unread, fmt.Sprintf("sysctls %s: %s: the defaults of %s are taken", strings.Join(defaults, ", "), why, c.release))
	}
}

// overlayFlags sets what flags give, and refuses what the kernel would refuse.
func (c *config) overlayFlags(o options) error {
	for _, name := range listenSysctls() {
		value, ok := o.sysctls[name]
		if !ok {
			continue
		}
		s, _ := kernel.SysctlByName(name)
		if !s.Exists(c.sem) {
			return asked.Mistakef("-%s %d: Linux %s has no %s", shortName(name), value, c.release, name)
		}
		if lo, hi := s.Range(c.sem); value < lo || value > hi {
			return asked.Mistakef("-%s %d: Linux %s takes %d to %d", shortName(name), value, c.release, lo, hi)
		}
		if err := c.sys.Set(name, value); err != nil {
			return asked.Mistakef("-%s: %w", shortName(name), err)
		}
		c.source[name] = "flag"
	}
	return nil
}
