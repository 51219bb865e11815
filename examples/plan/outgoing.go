package main

import (
	"fmt"
	"math"
	"strings"

	"example.com/linuxtcp/internal/outgoing"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

// leaving is the question of the client side.
type leaving struct {
	c *config
	o options
}

// use is the question as packages timewait and portalloc know it, with bind() before connect() or without.
func (q leaving) use(c *config, bind bool) outgoing.Use {
	excluded, _ := kernel.ParsePortList(c.sys.IPLocalReservedPorts) // it has been read
	u := outgoing.Use{Sem: &c.sem, Sys: &c.sys, HZ: c.hz, Open: q.o.open, Loopback: q.o.loopback, Pool: portalloc.Pool{
		Picker: portalloc.ConnectPicks, Range: c.sys.LocalPorts(&c.sem), Excluded: excluded, Sources: q.o.sources, Destinations: q.o.destinations,
	}}
	if bind {
		u.Pool.Picker = portalloc.BindPicks
	}
	return u
}

// serverFirst reports whether the server closes first.
func (q leaving) serverFirst() bool { return q.o.closes == serverSide }

// report finds the whole answer.
func (q leaving) report(p *progress) (*ClientReport, error) {
	o := q.o
	r := &ClientReport{
		Rate: o.rate, Open: o.open.Seconds(), Closes: o.closes, Bind: o.bind, Destinations: o.destinations, Sources: o.sources, Error: "EADDRNOTAVAIL from connect()",
	}
	if o.bind {
		r.Error = "EADDRINUSE from bind()"
	}
	u := q.use(q.c, o.bind)
	now := u.Way(q.serverFirst())
	var err error
	if r.Now, err = q.row(q.how(now, o.bind), u, now); err != nil {
		return nil, err
	}
	hold, err := u.Hold(now, o.rate)
	if err != nil {
		return nil, err
	}
	if hold.Max > 0 {
		earliest, latest, err := portalloc.FirstFailure(u.Sem, u.Pool, hold, o.rate)
		if err != nil {
			return nil, err
		}
		if r.Lasts, r.Fails = earliest == portalloc.Never, latest != portalloc.Never; !r.Lasts {
			r.Earliest = earliest.Seconds()
		}
		if r.Fails {
			r.Latest = latest.Seconds()
		}
	} else {
		r.Lasts = true
	}
	if r.Ways, err = q.ways(q.c, now); err != nil {
		return nil, err
	}
	for _, name := range acrossReleases {
		there, err := q.c.on(kernel.MustParse(name))
		if err != nil {
			return nil, err
		}
		row := OutgoingAcross{Release: name}
		u := q.use(there, o.bind)
		if row.Now, err = q.row("", u, u.Way(q.serverFirst())); err == nil {
			u := q.use(there, false)
			row.Reuse, err = q.row("", u, outgoing.Way{ServerFirst: q.serverFirst(), Reuse: !q.serverFirst() && there.sys.TCPTimestamps != 0})
		}
		if err == nil {
			row.Bind, err = q.row("", q.use(there, true), outgoing.Way{ServerFirst: q.serverFirst()})
		}
		if err != nil {
			return nil, err
		}
		r.Across = append(r.Across, row)
	}
	if o.confirm {
		if r.Confirmed, err = q.confirm(r, now, hold, p); err != nil {
			return nil, err
		}
	}
	r.Findings = q.findings(r, hold)
	return r, nil
}

// ways are other ways to do the same: who closes first, tcp_tw_reuse, bind() before connect().
func (q leaving) ways(c *config, now outgoing.Way) ([]OutgoingReport, error) {
	type variant struct {
		way  outgoing.Way
		bind bool
	}
	list := []variant{{outgoing.Way{}, false}, {outgoing.Way{Reuse: true}, false}, {outgoing.Way{ServerFirst: true}, false}, {outgoing.Way{}, true}}
	var rows []OutgoingReport
	for _, v := range list {
		if v.way.Reuse && c.sys.TCPTimestamps == 0 || v == (variant{now, q.o.bind}) {
			continue
		}
		row, err := q.row(q.how(v.way, v.bind), q.use(c, v.bind), v.way)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// how is a way in words.
func (q leaving) how(w outgoing.Way, bind bool) string {
	text := "client closes first"
	switch {
	case w.ServerFirst:
		text = "server closes first"
	case w.Reuse:
		text += ", tcp_tw_reuse"
	case !bind:
		text += ", no tcp_tw_reuse"
	}
	if bind {
		text += ", bind() before connect()"
	}
	return text
}

// row is what the rate takes in one way.
func (q leaving) row(how string, u outgoing.Use, w outgoing.Way) (r OutgoingReport, err error) {
	rate := q.o.rate
	hold, err := u.Hold(w, rate)
	if err != nil {
		return r, err
	}
	r = OutgoingReport{How: how, If: words.Pick(w.Reuse, ", if both sides use timestamps", ""), HoldMin: hold.Min.Seconds(), HoldMax: hold.Max.Seconds()}
	if hold.Max == 0 {
		return r, nil
	}
	if r.Sure, r.Most, err = portalloc.SustainedRate(u.Sem, u.Pool, hold); err != nil {
		return r, err
	}
	if math.IsInf(r.Most, 1) { // JSON has no infinity
		r.Most = 0
	}
	need := func(n int, err error) (int, string) {
		if err != nil {
			return 0, why(err)
		}
		return n, ""
	}
	r.Ports, r.PortsText = need(portalloc.PortsNeeded(u.Sem, u.Pool, hold, rate))
	r.Destinations, r.DestinationsText = need(portalloc.DestinationsNeeded(u.Sem, u.Pool, hold, rate))
	r.Sources, r.SourcesText = need(portalloc.SourcesNeeded(u.Sem, u.Pool, hold, rate))
	return r, nil
}

// why is the part of an error that says why.
func why(err error) string {
	_, text, ok := strings.Cut(err.Error(), "connections per second")
	if !ok {
		return err.Error()
	}
	return strings.TrimSpace(strings.TrimPrefix(text, ":"))
}

// findings are the answer in sentences, the bad ones first.
func (q leaving) findings(r *ClientReport, hold portalloc.Span) []Finding {
	var f sentences
	rate := digits(r.Rate)
	ports := q.use(q.c, false).Pool.Range
	switch {
	case r.Lasts:
		f.good("%s connections per second can be kept for ever: a port is kept for %s, which allows %s per second.", rate, holdText(r.Now), sureText(r.Now))
	case r.Fails:
		f.bad("%s connections per second run out of ports after %s: %s. A port is kept for %s, which allows %s per second for ever.",
			rate, betweenText(r.Earliest, r.Latest), r.Error, holdText(r.Now), sureText(r.Now))
	default:
		f.bad("%s connections per second may run out of ports, not before %s: %s. A port is kept for %s.", rate, secondsText(r.Earliest), r.Error, holdText(r.Now))
	}
	if !r.Lasts {
		f.bad("What binds: %s.", q.binds(r))
	}
	if hold.Max > 0 {
		f.good("%s", q.needsText(r, ports))
	}
	for _, w := range r.Ways {
		if !r.Lasts && w.Destinations > 0 && w.Destinations <= q.o.destinations {
			f.good("Enough without any other change: %s (%s per second for ever%s).", w.How, sureText(w), w.If)
		}
	}
	if entries := r.Rate * (r.Now.HoldMax - r.Open); !q.serverFirst() && entries > float64(max(q.c.sys.TCPMaxTWBuckets, 0)) {
		f.good("tcp_max_tw_buckets is %d, below the %.0f TIME_WAIT entries that there would be: further sockets close without one and free their ports at once (TCPTimeWaitOverflow), so that ports last longer than told here. It is no remedy: late segments then meet the new connection.",
			q.c.sys.TCPMaxTWBuckets, entries)
	}
	for _, x := range r.Confirmed {
		f.good("Run in a world of hosts: %s, %s, %d failed.", x.What, prose.Plural(x.Connections, "connection"), x.Failed)
	}
	return f.all()
}

// binds is which setting is too small.
func (q leaving) binds(r *ClientReport) string {
	sources, destinations := prose.Plural(q.o.sources, "source address"), prose.Plural(q.o.destinations, "destination")
	if q.o.bind {
		return fmt.Sprintf("ip_local_port_range with %s; destinations do not count, for bind() picks the port before the kernel knows where to", sources)
	}
	text := fmt.Sprintf("ip_local_port_range with %s and %s", sources, destinations)
	if r.Now.Ports == 0 {
		text += "; no range is large enough"
	}
	return text
}

// needsText are the smallest numbers.
func (q leaving) needsText(r *ClientReport, ports kernel.PortRange) string {
	var parts []string
	add := func(n int, what, none string) {
		if n > 0 {
			parts = append(parts, prose.Plural(n, what))
		} else {
			parts = append(parts, none)
		}
	}
	n := r.Now
	add(n.Destinations, "destination", "no number of destinations")
	add(n.Sources, "source address", "no number of source addresses")
	if n.Ports > 0 {
		parts = append(parts, fmt.Sprintf("a range of %s (%s)", prose.Plural(n.Ports, "port"), rangeOf(n.Ports, ports)))
	} else {
		parts = append(parts, "no range of ports")
	}
	return fmt.Sprintf("The smallest that never fails, each alone: %s; now %d, %d and %d. These are exact, not a sample.",
		strings.Join(parts, ", "), q.o.destinations, q.o.sources, ports.Size())
}

// rangeOf is a range of n ports that ends where the one of today does, if it can.
func rangeOf(n int, now kernel.PortRange) string {
	low := now.High - n + 1
	if low < 1024 {
		low = 1024
	}
	if low+n-1 > 65535 {
		return "more than there are from 1024 on"
	}
	return fmt.Sprintf("%s = \"%d %d\"", shortName(rangeName), low, low+n-1)
}

// differs reports whether another kernel has other numbers.
func (q leaving) differs(c *config) (bool, error) {
	one := func(c *config) (string, error) {
		u := q.use(c, q.o.bind)
		row, err := q.row("", u, u.Way(q.serverFirst()))
		return fmt.Sprintf("%+v", row), err
	}
	here, err := one(q.c)
	if err != nil {
		return false, err
	}
	there, err := one(c)
	return here != there, err
}

func holdText(r OutgoingReport) string { return betweenText(r.HoldMin, r.HoldMax) }

func betweenText(lo, hi float64) string {
	from, to := secondsText(lo), secondsText(hi)
	if from == to {
		return to
	}
	number, unit, _ := strings.Cut(from, " ")
	if strings.HasSuffix(to, " "+unit) {
		from = number
	}
	return from + " to " + to
}
