package main

import (
	"fmt"
	"strings"

	"example.com/linuxtcp/internal/prose"
)

// formulas holds the formulas in circulation against a row: one line each.
func (q question) formulas(row RateReport) []FormulaReport {
	size := q.pool.Range.Size()
	list := []FormulaReport{
		{Formula: "ports/60", PerSecond: float64(size) / 60, Why: q.why60(row)},
		{Formula: "ports/120", PerSecond: float64(size) / 120, Why: q.why120(row)},
		{Formula: "64000/60", PerSecond: 64000.0 / 60, Why: q.why64000(row)},
	}
	for i, f := range list {
		// Within half a percent of what can be is right: the formulas are rounded.
		switch {
		case f.PerSecond > row.Most*1.005:
			list[i].Verdict = "too high"
		case f.PerSecond < row.Sure*0.995:
			list[i].Verdict = "too low"
		case f.PerSecond > row.Sure*1.005:
			list[i].Verdict = "at best"
		default:
			list[i].Verdict = "right"
		}
	}
	return list
}

// holds says how long a port is kept in truth, where that is not 60 s.
func holds(row RateReport) string {
	switch {
	case row.serverFirst:
		return "the server closes first, so that TIME_WAIT is not on this side"
	case row.reuse:
		return "tcp_tw_reuse lets connect() take ports over from TIME_WAIT"
	case row.timeWaitMax == 0:
		return "bind() of this kernel does not see TIME_WAIT"
	case row.timeWaitMin < 59.9 || row.timeWaitMax > 60.1:
		return "60 s is the name; TIME_WAIT lasts " + prose.Span(row.timeWaitMin, row.timeWaitMax) + " on this kernel"
	}
	return ""
}

func join(reasons ...string) string {
	var said []string
	for _, r := range reasons {
		if r != "" {
			said = append(said, r)
		}
	}
	return strings.Join(said, "; ")
}

// shared says what one port serves, if that is not one connection.
func (q question) shared() string {
	p, err := q.ports()
	switch {
	case err != nil || p.Shared <= 1:
		return ""
	case q.o.bind != "":
		return fmt.Sprintf("each port serves %d source addresses", p.Shared)
	}
	return fmt.Sprintf("each port serves all %d pairs of source and destination", p.Shared)
}

func (q question) why60(row RateReport) string {
	open := ""
	if q.o.open.Seconds() > 0.01*row.HoldMax {
		open = "the port is in use while the connection is open, too"
	}
	lost := ""
	if p, err := q.ports(); err == nil && p.UsableMost < q.pool.Range.Size() {
		lost = "not every port of the range can be had"
	}
	if why := join(holds(row), q.shared(), lost, open); why != "" {
		return why
	}
	return "this is the case that it is made for: one source, one destination, the client closes first"
}

func (q question) why120(row RateReport) string {
	if row.serverFirst || row.reuse || row.timeWaitMax == 0 {
		return join(holds(row), q.shared())
	}
	if row.timeWaitMax > 90 {
		return join("TIME_WAIT is not two times 60 s; it is "+prose.Span(row.timeWaitMin, row.timeWaitMax)+" here by the accident of a coarse wheel", q.shared())
	}
	return join("TIME_WAIT is 60 s by name, not two times 60", q.shared())
}

func (q question) why64000(row RateReport) string {
	size := q.pool.Range.Size()
	said := fmt.Sprintf("the range has %d ports, not 64000", size)
	if size >= 60000 {
		said = ""
	}
	if q.shared() == "" && q.o.bind == "" && said != "" {
		said += ", but those for every destination anew"
	}
	return join(said, holds(row), q.shared())
}
