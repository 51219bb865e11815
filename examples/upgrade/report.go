package main

import (
	"errors"
	"fmt"
	"slices"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/kernel"
)

// A Report is the whole answer, and what -json prints. Field names do not change; new ones
// may come. A list that has nothing to say is left out.
type Report struct {
	From KernelReport `json:"from"`
	To   KernelReport `json:"to"`
	// Settings says where the configuration's sysctls come from.
	Settings string `json:"settings"`
	// Sysctls are those whose default differs, and those that the configuration sets.
	Sysctls []SysctlReport `json:"sysctls,omitempty"`
	// Decisions are the examples that end differently. SameDecisions are the titles of the others.
	Decisions     []DecisionReport `json:"decisions,omitempty"`
	SameDecisions []string         `json:"same_decisions,omitempty"`
	// Others are the changes on which no example depends that ends differently.
	Others []ChangeReport `json:"others,omitempty"`
	// Notes are about the whole answer; Unread is what could not be read, a sentence each.
	Notes  []string `json:"notes,omitempty"`
	Unread []string `json:"unread,omitempty"`
}

// A KernelReport is one of the two kernels.
type KernelReport struct {
	Release string `json:"release"`
	Vendor  string `json:"vendor"`
	Source  string `json:"source"`
	// Undecided are the changes of which the name does not tell whether it has them.
	Undecided []asked.OpenChange `json:"undecided,omitempty"`
}

// A SysctlReport is one sysctl on both kernels. A value is "" where the kernel does not have
// the sysctl.
type SysctlReport struct {
	Name        string `json:"name"`
	FromDefault string `json:"from_default"`
	ToDefault   string `json:"to_default"`
	// Set is what the configuration sets, "" if nothing.
	Set string `json:"set"`
	// From and To are in force.
	From string `json:"from"`
	To   string `json:"to"`
	// Says is what becomes of it.
	Says string `json:"says"`
	// Differs says that what is in force differs, or that the setting fails on the new kernel.
	Differs bool `json:"differs"`
}

// A DecisionReport is an example that ends differently.
type DecisionReport struct {
	Title string `json:"title"`
	From  string `json:"from"`
	To    string `json:"to"`
	// Changes are those that To alone depends on; if it is none, those that From would.
	// They stand in the order of the table.
	Changes []ChangeReport `json:"changes,omitempty"`
}

// A ChangeReport is a row of kernel.Diff, or one that a name leaves open.
type ChangeReport struct {
	ID       string `json:"id"`
	Package  string `json:"package"`
	Summary  string `json:"summary"`
	Evidence string `json:"evidence"`
	// Lost: the old kernel has it, and the new one does not.
	Lost bool `json:"lost"`
	// Open: one of the names does not tell whether that kernel has it.
	Open bool `json:"open"`
}

// A row is a change with what each kernel would be if it were the other way.
type row struct {
	ChangeReport
	from, to *subject
}

func report(c *config) *Report {
	from, to := c.subject(c.from.Semantics()), c.subject(c.to.Semantics())
	r := &Report{
		From:     KernelReport{Release: c.from.String(), Vendor: c.from.Vendor().String(), Source: c.fromHow},
		To:       KernelReport{Release: c.to.String(), Vendor: c.to.Vendor().String(), Source: c.toHow},
		Settings: c.sysctlsHow, Sysctls: sysctlReports(from, to), Notes: c.notes, Unread: c.unread,
	}
	rows := c.rows(from, to)
	shown := make(map[string]bool)
	for _, e := range c.examples() {
		a, err := e.answer(from)
		b, errTo := e.answer(to)
		if err = errors.Join(err, errTo); err != nil {
			r.Notes = append(r.Notes, fmt.Sprintf("%s: no example with these settings: %v", e.title, err))
			continue
		}
		if a == b {
			r.SameDecisions = append(r.SameDecisions, e.title)
			continue
		}
		d := DecisionReport{Title: e.title, From: a, To: b}
		d.Changes = e.causes(rows, b, func(r row) *subject { return r.to })
		if d.Changes == nil {
			d.Changes = e.causes(rows, a, func(r row) *subject { return r.from })
		}
		for _, change := range d.Changes {
			shown[change.ID] = true
		}
		r.Decisions = append(r.Decisions, d)
	}
	for _, row := range rows {
		if !shown[row.ID] && !row.Open {
			r.Others = append(r.Others, row.ChangeReport)
		}
	}
	r.From.Undecided = c.undecided(c.from, from)
	r.To.Undecided = c.undecided(c.to, to)
	return r
}

// other reports whether a subject's answer is another than the one given.
func (e *example) other(s *subject, than string) bool {
	answer, err := e.answer(s)
	return err == nil && answer != than
}

// causes are the changes without which, or with which, one kernel would answer otherwise.
func (e *example) causes(rows []row, answer string, side func(row) *subject) (list []ChangeReport) {
	for _, r := range rows {
		if e.other(side(r), answer) {
			list = append(list, r.ChangeReport)
		}
	}
	return list
}

// rows are those of kernel.Diff, and those that one of the names leaves open, in the order
// of the table.
func (c *config) rows(from, to *subject) (rows []row) {
	gained, lost := kernel.Diff(c.from, c.to)
	is := func(list []kernel.Change, id string) bool {
		return slices.ContainsFunc(list, func(o kernel.Change) bool { return o.ID == id })
	}
	for _, change := range kernel.Changes() {
		_, known := c.from.Has(change)
		_, knownTo := c.to.Has(change)
		r := row{ChangeReport: ChangeReport{
			ID: change.ID, Package: change.Package, Summary: change.Summary, Evidence: change.Evidence,
			Lost: is(lost, change.ID), Open: !known || !knownTo,
		}}
		if r.Lost || r.Open || is(gained, change.ID) {
			r.from, r.to = c.subject(flipped(c.from, from.sem, change)), c.subject(flipped(c.to, to.sem, change))
			rows = append(rows, r)
		}
	}
	return rows
}

// flipped is how a release would behave if a change were there, or were not: the other way
// than it is or is taken to be.
func flipped(r kernel.Release, sem kernel.Semantics, change kernel.Change) kernel.Semantics {
	switch has, known := r.Has(change); {
	case !known:
		other, _ := asked.Otherwise(r, sem, change)
		return other
	case has:
		return asked.Without(r, change)
	}
	change.Apply(&sem)
	return sem
}

// undecided lists what a release's name leaves open, and finds out which of it would change
// how an example ends there.
func (c *config) undecided(r kernel.Release, s *subject) []asked.OpenChange {
	var packages []string
	for _, change := range kernel.Changes() {
		packages = append(packages, change.Package)
	}
	examples := c.examples()
	return asked.Undecided(r, s.sem, packages, func(sem kernel.Semantics) bool {
		other := c.subject(sem)
		return slices.ContainsFunc(examples, func(e example) bool {
			now, err := e.answer(s)
			return err == nil && e.other(other, now)
		})
	})
}
