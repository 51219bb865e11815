// Package rowtest is what the packages' tests of the table of changes have in common:
// that each row makes a difference.
package rowtest

import (
	"fmt"
	"slices"
	"testing"

	"example.com/linuxtcp/kernel"
)

// Exercise runs the scenario of each row of a package without and with the row. A row
// without a scenario, a scenario without a row, and one that gives the same answer twice
// are errors.
func Exercise(t *testing.T, pkg string, scenarios map[string]func(*kernel.Semantics) any) {
	t.Helper()
	for _, c := range kernel.Changes() {
		if c.Package != pkg {
			continue
		}
		scenario := scenarios[c.ID]
		if scenario == nil {
			t.Errorf("no scenario for %s", c.ID)
			continue
		}
		without, with := Sides(c)
		if a, b := scenario(&without), scenario(&with); a == b {
			t.Errorf("%s makes no difference: %v", c.ID, a)
		}
	}
	for id := range scenarios {
		if _, ok := kernel.ChangeByID(id); !ok {
			t.Errorf("%s is no row", id)
		}
	}
}

// Sides are the semantics of the newest mainline release without a row, and the same with
// it.
func Sides(c kernel.Change) (without, with kernel.Semantics) {
	all := Mainline()
	i := slices.IndexFunc(all, func(r kernel.Release) bool { has, _ := r.Has(c); return has })
	without = all[i-1].Semantics()
	with = without
	c.Apply(&with)
	return without, with
}

// Newest is the newest series that the table of changes covers. Lists of releases that
// tests draw from have to reach it, or rules of a new release go untested.
func Newest() kernel.Release {
	_, err := kernel.Parse("255.0")
	if e, ok := err.(*kernel.RangeError); ok {
		return e.Nearest
	}
	panic(fmt.Sprintf("255.0 is not newer than the newest release: %v", err))
}

// Mainline is every mainline release, from 2.6.32 to [Newest], without stable ones.
func Mainline() (all []kernel.Release) {
	add := func(format string, lo, hi int) {
		for i := lo; i <= hi; i++ {
			all = append(all, kernel.MustParse(fmt.Sprintf(format, i)))
		}
	}
	add("2.6.%d.0", 32, 39)
	add("3.%d.0", 0, 19)
	add("4.%d.0", 0, 20)
	add("5.%d.0", 0, 19)
	add("6.%d.0", 0, 19)
	add("7.%d.0", 0, 2)
	return all
}
