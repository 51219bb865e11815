package main

import (
	"fmt"
	"strings"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/sim"
)

// events are the turns of a story: what programs say, what reached a kernel, and what a box stopped. What is
// sent is not told apart from its arrival.
func events(s *incident.Scene) (all []EventReport) {
	for _, e := range s.Events {
		r := EventReport{Seconds: e.At.Seconds(), Where: e.Where}
		from := fmt.Sprintf("%v from %v", e.Segment.Flags, e.Segment.From)
		if e.Segment.From == incident.At {
			from = fmt.Sprintf("%v to %v", e.Segment.Flags, e.Segment.To)
		}
		switch e.Kind {
		case sim.Said:
			r.Text = e.Text
		case sim.Arrived:
			r.Text = from + ", " + e.Verdict.String()
			for c := range e.Verdict.Counters().All() {
				r.Counters = append(r.Counters, c.String())
			}
			r.Text = strings.TrimSuffix(r.Text, " ("+strings.Join(r.Counters, ", ")+")")
		case sim.Stopped, sim.Lost:
			r.Text = fmt.Sprintf("%s, %v: %s", from, e.Kind, e.Text)
		default:
			continue
		}
		all = append(all, r)
	}
	return all
}

// ended says how an attempt to connect ended: "connected after 1 s".
func ended(c sim.Connection) string {
	took := (c.Ended - c.Asked).Seconds()
	if c.Failure == (sim.Failure{}) {
		return fmt.Sprintf("connected after %.3f s", took)
	}
	return fmt.Sprintf("%v after %.3f s", c.Failure, took)
}

// serverCounters are the counters that the server has raised, beside those of all traffic.
func serverCounters(s *incident.Scene) string {
	var list []string
	for c, n := range s.Server.Host().Counters().All() {
		list = append(list, fmt.Sprintf("%v %d", c, n))
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// count is the number of sockets of the server in a state.
func count(s *incident.Scene, state host.State) int { return incident.States(s.Server)[state] }

const second = time.Second
