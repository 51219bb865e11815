package main

import (
	"strings"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

// raceClosed is how long the winner's connection lasts in the story that ends well.
const raceClosed = 50 * time.Millisecond

// race tells what two connect() calls do to one TIME_WAIT entry.
func race(sem *kernel.Semantics) (*RaceReport, error) {
	found, err := portalloc.ExploreRace(sem, portalloc.RaceConfig{Entry: portalloc.EntryTaken})
	if err != nil {
		return nil, err
	}
	r := &RaceReport{
		Exists: portalloc.HasRace(sem), Config: found.Config.String(),
		Interleavings: found.Interleavings, Doubles: found.Doubles,
	}
	for _, o := range found.Outcomes {
		r.Outcomes = append(r.Outcomes, OutcomeReport{Interleavings: o.Schedules, Text: o.RaceResult.String(), Double: o.Double()})
		if o.Double() && o.Winner == portalloc.ThreadB {
			r.Story = strings.Split(strings.TrimRight(o.Example.String(), "\n"), "\n")
		}
	}
	if !r.Exists {
		return r, nil
	}
	for _, end := range []struct {
		when   string
		closed time.Duration
	}{{"If the winner's connection is closed within 50 ms", raceClosed}, {"If it stays open", portalloc.StaysOpen}} {
		s, err := portalloc.Starve(sem, kernel.DefaultSYNTimer(sem), end.closed)
		if err != nil {
			return nil, err
		}
		r.Ends = append(r.Ends, end.when+": "+s.String()+".")
	}
	return r, nil
}
