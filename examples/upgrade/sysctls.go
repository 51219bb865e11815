package main

import (
	"fmt"
	"strconv"

	"example.com/linuxtcp/kernel"
)

// sysctlReports lists the sysctls whose default differs or that the configuration sets, the
// port range last.
func sysctlReports(from, to *subject) (list []SysctlReport) {
	for _, name := range kernel.SysctlNames() {
		known, _ := kernel.SysctlByName(name)
		r := SysctlReport{Name: name}
		one := func(s *subject, start, now *string) {
			if known.Exists(s.sem) {
				value, _ := s.sys.Get(name)
				*start, *now = strconv.Itoa(known.Default(s.sem, s.machine)), strconv.Itoa(value)
			}
		}
		one(from, &r.FromDefault, &r.From)
		one(to, &r.ToDefault, &r.To)
		if set, ok := from.set[name]; ok {
			r.Set = strconv.Itoa(set)
		}
		list = r.judged(list)
	}
	r := SysctlReport{
		Name:        rangeName,
		FromDefault: portsText(kernel.DefaultPortRange(from.sem)), ToDefault: portsText(kernel.DefaultPortRange(to.sem)),
		From: portsText(from.sys.LocalPorts(&from.sem)), To: portsText(to.sys.LocalPorts(&to.sem)),
	}
	if from.ports != (kernel.PortRange{}) {
		r.Set = portsText(from.ports)
	}
	return r.judged(list)
}

// portsText is a range with a blank, where the file of the sysctl has a tab.
func portsText(r kernel.PortRange) string { return fmt.Sprintf("%d %d", r.Low, r.High) }

// judged appends the sysctl, with what becomes of it, unless it is not worth telling.
func (r SysctlReport) judged(list []SysctlReport) []SysctlReport {
	if r.FromDefault == r.ToDefault && r.Set == "" {
		return list
	}
	failed := r.Set != "" && r.To != r.Set
	r.Differs = r.From != r.To || failed
	switch {
	case failed && r.To == "":
		r.Says = fmt.Sprintf("set to %s: the new kernel does not have it, and writing it fails", r.Set)
	case failed:
		r.Says = fmt.Sprintf("set to %s: the new kernel refuses that, and %s is in force", r.Set, r.To)
	case r.Set != "" && r.From == "":
		r.Says = fmt.Sprintf("set to %s: in force on the new kernel only, the old one does not have it", r.Set)
	case r.Set != "" && r.From != r.Set:
		r.Says = fmt.Sprintf("set to %s: in force on the new kernel only, the old one refuses it", r.Set)
	case r.Set != "":
		r.Says = fmt.Sprintf("set to %s: stays", r.Set)
	case r.To == "":
		r.Says = "gone"
	case r.From == "":
		r.Says = "new"
	default:
		r.Says = "not set: changes"
	}
	return append(list, r)
}
