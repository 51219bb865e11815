package main

import (
	"fmt"

	"example.com/linuxtcp/internal/asked"
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
		other.sem, u.Present = asked.Otherwise(q.c.release, q.sem, change)
		if q.c.source[rangeName] == fromDefault {
			other.pool.Range = kernel.DefaultPortRange(other.sem)
		}
		again, err := other.rates()
		u.Matters = err != nil || fmt.Sprint(again) != fmt.Sprint(rows)
		list = append(list, u)
	}
	return list
}
