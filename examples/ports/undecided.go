package main

import (
	"fmt"

	"example.com/linuxtcp/kernel"
)

// undecided lists the changes that the release's name leaves open, and finds out which of
// them would change a rate.
func (q question) undecided(rows []RateReport) []UndecidedReport {
	var list []UndecidedReport
	for _, change := range q.c.release.Undecided() {
		if change.Package != "portalloc" && change.Package != "timewait" && change.Package != "kernel" {
			continue
		}
		u := UndecidedReport{ID: change.ID, Summary: change.Summary, Where: change.Where()}
		other := q
		change.Apply(&other.sem)
		if other.sem == q.sem {
			u.Present = true
			other.sem = without(q.c.release, change)
		}
		if q.c.source[rangeName] == fromDefault {
			other.pool.Range = kernel.DefaultPortRange(other.sem)
		}
		again, err := other.rates()
		u.Matters = err != nil || fmt.Sprint(again) != fmt.Sprint(rows)
		list = append(list, u)
	}
	return list
}

// without is how a release behaves if it lacks a change that it is taken to have: the
// first release with all other changes.
func without(r kernel.Release, lacks kernel.Change) kernel.Semantics {
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
