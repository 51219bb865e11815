package machine

import (
	"fmt"

	"example.com/linuxtcp/kernel"
)

// Where a sysctl of [Settings] comes from.
const (
	FromProc    = "/proc/sys"
	FromDefault = "default"
	Absent      = "absent" // this kernel has no such sysctl
)

// Settings are the sysctls of a kernel that are one number each, and where each comes from.
type Settings struct {
	Values kernel.Sysctls
	Source map[string]string // by full name
}

// DefaultSettings are what a release starts with on a machine.
func DefaultSettings(r kernel.Release, m kernel.Machine) (Settings, error) {
	values, err := kernel.Defaults(r, m)
	s := Settings{values, make(map[string]string)}
	sem := r.Semantics()
	for _, name := range kernel.SysctlNames() {
		s.Source[name] = FromDefault
		if c, _ := kernel.SysctlByName(name); !c.Exists(sem) {
			s.Source[name] = Absent
		}
	}
	return s, err
}

// Take goes over to sysctls that were read, but for those that unread names and those that
// are not wanted. What the kernel does not have stays absent. It returns which defaults stay
// although the kernel has the sysctl.
func (s *Settings) Take(read kernel.Sysctls, unread []string, source string, wanted func(name string) bool) (defaults []string) {
	missing := make(map[string]bool)
	for _, name := range unread {
		missing[name] = true
	}
	for name, value := range read.All() {
		switch {
		case s.Source[name] == Absent || !wanted(name):
		case missing[name]:
			defaults = append(defaults, name)
		default:
			_ = s.Values.Set(name, value) // the name is the package's own, the value was held already
			s.Source[name] = source
		}
	}
	return defaults
}

// Clamp moves each value that a kernel could not have into its range, and says so. Another
// kernel's sysctls may have such values, or a kernel with patches.
func (s *Settings) Clamp(r kernel.Release) (notes []string) {
	sem := r.Semantics()
	for name, value := range s.Values.All() {
		c, _ := kernel.SysctlByName(name)
		lo, hi := c.Range(sem)
		if near := min(max(value, lo), hi); near != value {
			_ = s.Values.Set(name, near)
			notes = append(notes, fmt.Sprintf("%s is %d, which %s does not take: %d is used.", name, value, r, near))
		}
	}
	return notes
}
