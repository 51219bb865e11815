package main

import (
	"fmt"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/kernel"
)

// undecided lists the changes that the release's name leaves open, and finds out which of
// them would change a rate.
func (q question) undecided(rows []RateReport) []asked.OpenChange {
	return asked.Undecided(q.c.release, q.sem, []string{"portalloc", "timewait"}, func(sem kernel.Semantics) bool {
		other := q
		other.sem = sem
		if q.c.source[rangeName] == fromDefault {
			other.pool.Range = kernel.DefaultPortRange(sem)
		}
		again, err := other.rates()
		return err != nil || fmt.Sprint(again) != fmt.Sprint(rows)
	})
}
