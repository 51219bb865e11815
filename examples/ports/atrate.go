package main

import (
	"fmt"
	"math"
	"strings"

	"example.com/linuxtcp/internal/outgoing"
	"example.com/linuxtcp/portalloc"
)

// atRate answers -rate: when the first call fails, what a call costs, and what would keep
// the rate for ever.
func (q question) atRate(perSecond float64) (*AtRateReport, error) {
	r := &AtRateReport{PerSecond: perSecond, Error: q.failure() + " from " + q.call()}
	now := q.currentWay()
	hold, err := q.use().Hold(now, perSecond)
	if err != nil {
		return nil, err
	}
	earliest, latest, err := portalloc.FirstFailure(&q.sem, q.pool, hold, perSecond)
	if err != nil {
		return nil, err
	}
	r.Lasts, r.Fails = earliest == portalloc.Never, latest != portalloc.Never
	if !r.Lasts {
		r.Earliest = earliest.Seconds()
	}
	if r.Fails {
		r.Latest = latest.Seconds()
	}
	if err := q.cost(r, hold); err != nil {
		return nil, err
	}
	r.Needs, err = q.needs(now, hold, perSecond, r.Lasts)
	return r, err
}

// cost estimates a search among the ports that the rate keeps in use.
func (q question) cost(r *AtRateReport, hold portalloc.Span) error {
	ports, err := q.ports()
	if err != nil {
		return err
	}
	each := r.PerSecond * hold.Max.Seconds() / float64(max(ports.Shared, 1))
	r.InUse = int(min(math.Ceil(each), float64(ports.UsableMost)))
	if ports.UsableMost == 0 {
		return nil // each call looks at reserved ports only
	}
	used := r.InUse
	if r.Lasts {
		used = min(used, ports.UsableMost-1) // the one that a search finds
	}
	if r.Candidates, err = portalloc.ExpectedCandidates(&q.sem, q.pool, used); err != nil {
		return err
	}
	d, err := outgoing.SearchTime(r.Candidates)
	r.CallSeconds = d.Seconds()
	r.CPUPercent = 100 * r.CallSeconds * r.PerSecond
	return err
}

// needs are the ways to keep the rate for ever, each alone: numbers, and other ways where
// it does not last as it is.
func (q question) needs(now outgoing.Way, hold portalloc.Span, perSecond float64, lasts bool) ([]NeedReport, error) {
	var list []NeedReport
	add := func(what string, now, needed int, err error, text string) {
		n := NeedReport{What: what, Now: now, Needed: needed, Text: text}
		if err != nil {
			n.Needed, n.Text = 0, reason(err)
		}
		list = append(list, n)
	}
	n, err := portalloc.DestinationsNeeded(&q.sem, q.pool, hold, perSecond)
	add("destinations", q.o.destinations, n, err, "used evenly; a destination is an address and a port")
	n, err = portalloc.SourcesNeeded(&q.sem, q.pool, hold, perSecond)
	add("source addresses", q.o.sources, n, err, "used evenly")
	n, err = portalloc.PortsNeeded(&q.sem, q.pool, hold, perSecond)
	add("ports in the range", q.pool.Range.Size(), n, err, q.rangeOf(n))
	if lasts {
		return list, nil
	}
	return append(list, q.otherWays(now, perSecond)...), nil
}

// reason is the part of an error that says why.
func reason(err error) string {
	_, text, ok := strings.Cut(err.Error(), "connections per second")
	if !ok {
		return err.Error()
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, ":"))
	if strings.HasPrefix(text, "take ") {
		return "it would " + text
	}
	return text
}

// rangeOf is a sysctl that has n ports.
func (q question) rangeOf(n int) string {
	low, high := q.pool.Range.High-n+1, q.pool.Range.High
	if low < 1024 {
		low, high = 1024, 1024+n-1
	}
	switch {
	case len(q.excluded) > 0:
		return "and as many more as are reserved among them"
	case high > 65535:
		return "more than there are from 1024 on"
	}
	return fmt.Sprintf(`%s = "%d %d"`, rangeName, low, high)
}

// otherWays are changes that are no numbers.
func (q question) otherWays(now outgoing.Way, perSecond float64) []NeedReport {
	var list []NeedReport
	try := func(what, text string, q question, w outgoing.Way) {
		hold, err := q.use().Hold(w, perSecond)
		if err != nil {
			return
		}
		if first, _, err := portalloc.FirstFailure(&q.sem, q.pool, hold, perSecond); err == nil && first == portalloc.Never {
			list = append(list, NeedReport{What: what, Needed: 1, Text: text})
		}
	}
	if !now.ServerFirst && !now.Reuse && q.o.bind == "" && q.c.sys.TCPTimestamps != 0 {
		try(fmt.Sprintf("tcp_tw_reuse=%d", q.reuseSetting()), "if both sides use timestamps", q, outgoing.Way{Reuse: true})
	}
	if !now.ServerFirst {
		try("the server closing first", "then TIME_WAIT is there", q, outgoing.Way{ServerFirst: true})
	}
	if q.o.bind != "" {
		unbound := q
		unbound.o.bind, unbound.pool.Picker = "", portalloc.ConnectPicks
		how := "no bind() before connect()"
		if q.o.bind == bindAddress && q.sem.BindAddressNoPort {
			how += ", or IP_BIND_ADDRESS_NO_PORT"
		}
		try(how, "", unbound, unbound.currentWay())
	}
	return list
}
