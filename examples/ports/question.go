package main

import (
	"fmt"

	"example.com/linuxtcp/internal/outgoing"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

// A question is a pool of ports and how connections use it, on one kernel.
type question struct {
	c        *config
	o        options
	sem      kernel.Semantics
	pool     portalloc.Pool
	excluded []kernel.PortRange
}

func ask(c *config, o options) question {
	q := question{c: c, o: o, sem: c.sem}
	q.excluded, _ = kernel.ParsePortList(c.sys.IPLocalReservedPorts) // ReadSysctls and Validate have read it
	q.pool = portalloc.Pool{
		Picker: portalloc.ConnectPicks, Range: c.sys.LocalPorts(&q.sem), Excluded: q.excluded,
		Sources: o.sources, Destinations: o.destinations,
	}
	switch o.bind {
	case bindAddress:
		q.pool.Picker = portalloc.BindPicks
	case bindWildcard:
		q.pool.Picker = portalloc.BindPicksWildcard
	}
	return q
}

// call is the system call that fails, failure what it returns.
func (q question) call() string {
	if q.o.bind != "" {
		return "bind()"
	}
	return "connect()"
}

func (q question) failure() string {
	if q.o.bind != "" {
		return "EADDRINUSE"
	}
	return "EADDRNOTAVAIL"
}

// whom says for whom a port serves once.
func (q question) whom() string {
	switch q.pool.Picker {
	case portalloc.ConnectPicks:
		return "one source address and one destination"
	case portalloc.BindPicks:
		return "one source address"
	}
	return "all source addresses together"
}

// ports counts what there is.
func (q question) ports() (PortsReport, error) {
	r := PortsReport{
		Picker: q.pool.Picker.String(), Low: q.pool.Range.Low, High: q.pool.Range.High,
		For: q.whom(), Sources: q.o.sources, Destinations: q.o.destinations,
	}
	for _, out := range q.excluded { // merged, so no port counts twice
		r.Reserved += max(0, min(out.High, r.High)-max(out.Low, r.Low)+1)
	}
	var err error
	if r.UsableSure, r.UsableMost, err = portalloc.UsablePorts(&q.sem, q.pool); err != nil {
		return r, err
	}
	r.CapacitySure, r.CapacityMost, err = portalloc.Capacity(&q.sem, q.pool)
	r.Odd = r.UsableSure < q.pool.Range.Size()-r.Reserved
	r.Shared = q.o.sources * q.o.destinations
	switch {
	case r.UsableMost > 0:
		r.Shared = r.CapacityMost / r.UsableMost
	case q.o.bind != "":
		r.Shared = 1
	}
	return r, err
}

// use is the question as packages timewait and portalloc know it.
func (q question) use() outgoing.Use {
	return outgoing.Use{Sem: &q.sem, Sys: &q.c.sys, HZ: q.c.hz, Open: q.o.open, Loopback: q.o.loopback, Pool: q.pool}
}

// currentWay is what flags and sysctls describe.
func (q question) currentWay() outgoing.Way { return q.use().Way(q.o.serverCloses) }

// rates are the rows of the table: what flags and sysctls describe, and the others.
func (q question) rates() ([]RateReport, error) {
	var rows []RateReport
	now := q.currentWay()
	ways := []outgoing.Way{{}, {Reuse: true}, {ServerFirst: true}}
	for _, w := range ways {
		if w.Reuse && (q.o.bind != "" || q.c.sys.TCPTimestamps == 0) {
			continue // it gives nothing
		}
		hold, timeWait, sure, most, err := q.use().Sustained(w)
		if err != nil {
			return nil, err
		}
		rows = append(rows, RateReport{
			How: q.how(w), Current: w == now,
			HoldMin: hold.Min.Seconds(), HoldMax: hold.Max.Seconds(), Sure: sure, Most: most, Why: q.why(w, timeWait),
			serverFirst: w.ServerFirst, reuse: w.Reuse,
			timeWaitMin: timeWait.Min.Seconds(), timeWaitMax: timeWait.Max.Seconds(),
		})
	}
	return rows, nil
}

// reuseSetting is the value of tcp_tw_reuse that lets connect() take entries over here.
func (q question) reuseSetting() int {
	if now := q.c.sys.TCPTWReuse; q.use().TakesOver(now) {
		return now
	}
	return 1
}

func (q question) how(w outgoing.Way) string {
	switch {
	case w.ServerFirst:
		return "server first, or a reset"
	case w.Reuse:
		return fmt.Sprintf("client first, tcp_tw_reuse=%d", q.reuseSetting())
	case q.o.bind != "" || q.c.sys.TCPTimestamps == 0:
		return "client first"
	case q.sem.TWReuseLoopback && !q.o.loopback:
		return "client first, tcp_tw_reuse=0 or 2"
	}
	return "client first, tcp_tw_reuse=0"
}

func (q question) why(w outgoing.Way, timeWait portalloc.Span) string {
	switch {
	case w.ServerFirst:
		return "no TIME_WAIT on this side"
	case w.Reuse:
		s := q.use().ReuseWait()
		return "TIME_WAIT may be taken over after " + prose.Span(s.Min.Seconds(), s.Max.Seconds()) + ", if both sides use timestamps"
	case timeWait == portalloc.Span{}:
		return "bind() of this kernel does not see TIME_WAIT, a mistake; the connect() that follows may fail"
	}
	return "TIME_WAIT lasts " + prose.Span(timeWait.Min.Seconds(), timeWait.Max.Seconds())
}

// current is the row that flags and sysctls describe.
func current(rows []RateReport) RateReport {
	for _, r := range rows {
		if r.Current {
			return r
		}
	}
	return rows[0] // cannot be: the rows that are left out are never current
}
