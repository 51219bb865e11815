package main

import (
	"fmt"
	"time"

	"example.com/linuxtcp/internal/outgoing"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/timewait"
)

// busyRate is the rate of entries above which the death row of kernels to 4.0 stalls, per
// second: 100 in 7.5 s. See timewait.Lifetime.
const busyRate = 100 / 7.5

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

// A way is who closes first and whether connect() takes ports over from TIME_WAIT.
type way struct{ serverFirst, reuse bool }

// reuse asks package timewait whether connect() takes over an old entry, and why.
func (q question) reuse(setting int) timewait.Verdict {
	sys := q.c.sys
	sys.TCPTWReuse = setting
	return outgoing.TakesOver(&q.sem, &sys, q.o.loopback)
}

// currentWay is what flags and sysctls describe.
func (q question) currentWay() way {
	return way{
		serverFirst: q.o.serverCloses,
		reuse:       !q.o.serverCloses && q.o.bind == "" && q.reuse(q.c.sys.TCPTWReuse).Action == timewait.Take,
	}
}

// timeWait is how long TIME_WAIT lasts if entries come at a rate.
func (q question) timeWait(perSecond float64) portalloc.Span {
	if q.o.bind != "" && q.sem.BindMissesTimeWait {
		return portalloc.Span{}
	}
	lo, hi := timewait.Lifetime(&q.sem, q.c.hz, timewait.Length, perSecond > busyRate)
	return portalloc.Span{Min: lo, Max: hi}
}

// hold is how long a connection keeps its port.
func (q question) hold(w way, perSecond float64) (portalloc.Span, error) {
	delay := time.Duration(q.c.sys.TCPTWReuseDelay) * time.Millisecond
	return portalloc.Closing{
		Open: portalloc.Exactly(q.o.open), ServerFirst: w.serverFirst, TimeWait: q.timeWait(perSecond),
		Reuse: w.reuse, ReuseWait: portalloc.ReuseWait(&q.sem, delay),
	}.Hold(q.pool.Picker)
}

// sustained is the rate that can be kept for ever. An idle machine's TIME_WAIT is taken
// if the result would leave it idle.
func (q question) sustained(w way) (hold, timeWait portalloc.Span, sure, most float64, err error) {
	for _, rate := range []float64{0, busyRate + 1} {
		if hold, err = q.hold(w, rate); err != nil {
			return
		}
		timeWait = q.timeWait(rate)
		if sure, most, err = portalloc.SustainedRate(&q.sem, q.pool, hold); err != nil || most <= busyRate {
			return
		}
	}
	return
}

// rates are the rows of the table: what flags and sysctls describe, and the others.
func (q question) rates() ([]RateReport, error) {
	var rows []RateReport
	now := q.currentWay()
	ways := []way{{false, false}, {false, true}, {true, false}}
	for _, w := range ways {
		if w.reuse && (q.o.bind != "" || q.c.sys.TCPTimestamps == 0) {
			continue // it gives nothing
		}
		hold, timeWait, sure, most, err := q.sustained(w)
		if err != nil {
			return nil, err
		}
		rows = append(rows, RateReport{
			How: q.how(w), Current: w == now,
			HoldMin: hold.Min.Seconds(), HoldMax: hold.Max.Seconds(), Sure: sure, Most: most, Why: q.why(w, timeWait),
			serverFirst: w.serverFirst, reuse: w.reuse,
			timeWaitMin: timeWait.Min.Seconds(), timeWaitMax: timeWait.Max.Seconds(),
		})
	}
	return rows, nil
}

// reuseSetting is the value of tcp_tw_reuse that lets connect() take entries over here.
func (q question) reuseSetting() int {
	if now := q.c.sys.TCPTWReuse; q.reuse(now).Action == timewait.Take {
		return now
	}
	return 1
}

func (q question) how(w way) string {
	switch {
	case w.serverFirst:
		return "server first, or a reset"
	case w.reuse:
		return fmt.Sprintf("client first, tcp_tw_reuse=%d", q.reuseSetting())
	case q.o.bind != "" || q.c.sys.TCPTimestamps == 0:
		return "client first"
	case q.sem.TWReuseLoopback && !q.o.loopback:
		return "client first, tcp_tw_reuse=0 or 2"
	}
	return "client first, tcp_tw_reuse=0"
}

func (q question) why(w way, timeWait portalloc.Span) string {
	switch {
	case w.serverFirst:
		return "no TIME_WAIT on this side"
	case w.reuse:
		s := portalloc.ReuseWait(&q.sem, time.Duration(q.c.sys.TCPTWReuseDelay)*time.Millisecond)
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
