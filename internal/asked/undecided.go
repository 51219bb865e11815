package asked

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
)

// An OpenChange is a row of the table of changes that the release's name leaves open, in
// a command's report.
type OpenChange struct {
	ID      string `json:"id"`
	Summary string `json:"summary"`
	Where   string `json:"where"` // the kernels known to have it
	// Present says that it is taken as present, because every build of the vendor that was
	// read has it; otherwise it is taken as absent.
	Present bool `json:"present"`
	// Matters says that an answer would be another one the other way.
	Matters bool `json:"matters"`
}

// Undecided lists the changes of some packages, and of package kernel, that a release's
// name leaves open. matters finds out whether an answer would differ with other semantics
// than sem.
func Undecided(r kernel.Release, sem kernel.Semantics, packages []string, matters func(kernel.Semantics) bool) []OpenChange {
	var list []OpenChange
	for _, c := range r.Undecided() {
		if c.Package != "kernel" && !slices.Contains(packages, c.Package) {
			continue
		}
		other, present := Otherwise(r, sem, c)
		list = append(list, OpenChange{ID: c.ID, Summary: c.Summary, Where: c.Where(), Present: present, Matters: matters(other)})
	}
	return list
}

// WriteUndecided prints them: in full those that matter, by name the others. vendor is
// the release's, flag the one that names it, such as "-release"; article and noun are what
// the report answers, such as "a" "rate".
func WriteUndecided(b *bytes.Buffer, list []OpenChange, vendor, flag, article, noun string) {
	if len(list) == 0 {
		return
	}
	b.WriteByte('\n')
	how := fmt.Sprintf("give the patch level: %s \"NAME (X.Y.Z)\"", flag)
	if vendor == kernel.RHEL.String() || vendor == kernel.Unread.String() {
		how = "the vendor's changelog tells"
	}
	prose.Paragraph(b, "", "The release's name does not tell whether this kernel has the following changes; "+how+".")
	var others []string
	for _, c := range list {
		if !c.Matters {
			others = append(others, c.ID)
			continue
		}
		taken := "absent"
		if c.Present {
			taken = "present"
		}
		prose.Paragraph(b, "  ! ", fmt.Sprintf("%s (%s): %s It is taken as %s; the other way %s %s above would differ.", c.ID, c.Where, c.Summary, taken, article, noun))
	}
	if len(others) > 0 {
		prose.Paragraph(b, "    ", "No "+noun+" above depends on "+strings.Join(others, ", ")+".")
	}
}

// Otherwise returns how a release would behave if a change that its name leaves open
// ([kernel.Release.Undecided]) were there, or were not: the other way than sem takes it.
// present says that sem has it, since every build of the vendor that was read has.
func Otherwise(r kernel.Release, sem kernel.Semantics, open kernel.Change) (other kernel.Semantics, present bool) {
	other = sem
	if open.Apply(&other); other != sem {
		return other, false
	}
	return Without(r, open), true
}

// Without is how a release behaves if it lacks a change that it is taken to have: the
// first release with all other changes.
func Without(r kernel.Release, lacks kernel.Change) kernel.Semantics {
	taken, sem := r.Semantics(), kernel.MustParse("2.6.32").Semantics()
	for _, c := range kernel.Changes() {
		has, known := r.Has(c)
		if !known { // taken as present if it makes no difference any more
			again := taken
			c.Apply(&again)
			has = again == taken
		}
		if has && c.ID != lacks.ID {
			c.Apply(&sem)
		}
	}
	return sem
}
