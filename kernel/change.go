package kernel

import (
	"fmt"
	"slices"
	"strings"
)

// A Change is one row of the table: one change of behaviour, and the kernels that
// have it.
type Change struct {
	// ID is short and stable: "synq-above-backlog".
	ID string
	// Package is the package of this library whose answers it changes.
	Package string
	// Summary is one sentence: what changes, in the terms of the kernel.
	Summary string
	// Since is the first mainline series that has the change: "6.13".
	Since string
	// Backports are the stable series and vendor kernels before Since that have it.
	Backports []Backport
	// Commit is the upstream commit, abbreviated. Empty if it is not known.
	Commit string
	// Evidence tells how the row is known: which kernels answered, or "from source".
	Evidence string

	first series
	apply func(*Semantics)
}

// A Backport tells from where on a stable series or a vendor's kernel has a
// change that came to mainline later.
type Backport struct {
	// Stream is a stable series ("6.12", "2.6.32") or a RHEL major release ("el7").
	Stream string
	// Lacks is the newest patch level or build known not to have the change, -1 if
	// none is. Has is the oldest known to have it, Unknown if none is. What lies
	// between is not known.
	Lacks, Has int
}

// Unknown stands for [Backport].Has where a series may have got a change, but
// nobody here knows from which patch level on.
const Unknown = 1 << 20

// String returns "6.12.10" where the first patch level is known, and
// "4.14.1 to 4.14.74" where only a range that holds it is.
func (b Backport) String() string {
	name := func(n int) string {
		if strings.HasPrefix(b.Stream, "el") {
			return fmt.Sprintf("%s build %d", b.Stream, n)
		}
		return fmt.Sprintf("%s.%d", b.Stream, n)
	}
	switch {
	case b.Lacks == -1 && b.Has == 0:
		return b.Stream
	case b.Has == Unknown:
		return fmt.Sprintf("perhaps %s or later", name(b.Lacks+1))
	case b.Lacks == b.Has-1:
		return name(b.Has)
	}
	return fmt.Sprintf("%s to %s", name(b.Lacks+1), name(b.Has))
}

// String returns the row on one line: ID, kernels, summary.
func (c Change) String() string {
	return fmt.Sprintf("%s (%s): %s", c.ID, c.Where(), c.Summary)
}

// Where tells which kernels have the change: "6.13, 6.12.10, 6.6.72".
func (c Change) Where() string {
	where := []string{c.Since}
	for _, b := range c.Backports {
		where = append(where, b.String())
	}
	return strings.Join(where, ", ")
}

// Apply makes the change to s. With it a caller can build the Semantics of a
// kernel with private patches from the nearest release.
func (c Change) Apply(s *Semantics) {
	if c.apply != nil {
		c.apply(s)
	}
}

// Changes returns the table: every change of behaviour that this library models,
// in the order in which the changes came to mainline. The slice is the caller's.
func Changes() []Change {
	rows := slices.Clone(table)
	for i := range rows {
		rows[i].Backports = slices.Clone(rows[i].Backports)
	}
	return rows
}

// ChangeByID returns the row of that ID.
func ChangeByID(id string) (Change, bool) {
	for _, c := range Changes() {
		if c.ID == id {
			return c, true
		}
	}
	return Change{}, false
}

// Diff returns what an upgrade changes: the rows that to has and from lacks, and,
// since a stable kernel may carry a backport that a younger mainline release
// lacks, the rows that from has and to lacks. Rows that either name leaves open
// (see [Release.Undecided]) are in neither.
func Diff(from, to Release) (gained, lost []Change) {
	for _, c := range Changes() {
		a, b := from.has(c), to.has(c)
		switch {
		case a == no && b == yes:
			gained = append(gained, c)
		case a == yes && b == no:
			lost = append(lost, c)
		}
	}
	return gained, lost
}

// Semantics returns how r behaves: the baseline of 2.6.32 changed by every row of
// the table that r has. Rows that the name leaves open are taken as absent, but a
// RHEL build older than the oldest one read is taken to be like that one; where it
// matters, ask [Release.Undecided]. The zero Release gives the zero Semantics.
func (r Release) Semantics() Semantics {
	if r.IsZero() {
		return Semantics{}
	}
	s := baseline()
	for _, c := range table {
		if a := r.has(c); a == yes || a == unknown && r.presumed(c) {
			c.apply(&s)
		}
	}
	return s
}

// presumed reports whether a RHEL build of which nothing is known is taken to have a
// change that every build read has.
func (r Release) presumed(c Change) bool {
	if r.vendor != RHEL {
		return false
	}
	stream := fmt.Sprintf("el%d", r.el)
	return slices.ContainsFunc(c.Backports, func(b Backport) bool {
		return b.Stream == stream && b.Lacks == -1 && b.Has != Unknown
	})
}

// Undecided returns the rows of which r's name alone does not tell whether r has
// them: the patch level is hidden, or nobody has read that vendor's build.
func (r Release) Undecided() []Change {
	var open []Change
	for _, c := range Changes() {
		if r.has(c) == unknown {
			open = append(open, c)
		}
	}
	return open
}

// Has reports whether r has the change c of the table, and whether that is known.
func (r Release) Has(c Change) (has, known bool) {
	a := r.has(c)
	return a == yes, a != unknown
}

type answer uint8

const (
	no answer = iota
	yes
	unknown
)

// readUpTo is the newest build of each RHEL release whose source stands behind
// the table. Later builds may have any row that is not denied to them.
var readUpTo = map[uint8]uint16{6: 642, 7: 1160, 8: 147}

// has is the one place that compares versions.
func (r Release) has(c Change) answer {
	if r.IsZero() {
		return no
	}
	if c.first < r.series {
		return yes
	}
	if c.first == r.series {
		if r.rc > 0 {
			return unknown // somewhere between the release before and this one
		}
		return yes
	}
	if r.rc > 0 {
		return no // backports come after the release
	}
	stream := r.series.String()
	lo, hi := int(r.patchLo), int(r.patchHi)
	if r.vendor == RHEL {
		stream = fmt.Sprintf("el%d", r.el)
		lo, hi = int(r.build[0]), int(r.build[0])
	}
	if r.vendor == Unread {
		return unknown
	}
	for _, b := range c.Backports {
		if b.Stream != stream {
			continue
		}
		switch {
		case lo >= b.Has:
			return yes
		case hi <= b.Lacks:
			return no
		}
		return unknown
	}
	if r.vendor == RHEL && r.build[0] > readUpTo[r.el] {
		return unknown
	}
	return no
}
