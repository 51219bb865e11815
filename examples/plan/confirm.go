package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/outgoing"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/sim"
)

// Limits of -confirm: a connection takes some 25 microseconds of a processor in a world of hosts.
const (
	mostConfirmed = 3_000_000
	mostListeners = 4000
)

// upFor is how long the hosts have run.
const upFor = time.Hour

// closing is what of a connection's time is left for its end, so that a port is free when it is said to be.
const closing = time.Microsecond

// confirm runs the smallest number of destinations in a world of hosts, and one less; of source addresses where
// destinations do not help.
func (q leaving) confirm(r *ClientReport, w outgoing.Way, hold portalloc.Span, p *progress) ([]ConfirmReport, error) {
	length := hold.Max + hold.Max/2 + time.Second
	if n := q.o.rate * length.Seconds(); n > mostConfirmed {
		return nil, asked.Mistakef("-confirm: %.0f connections in %v are too many to run, %d are the most", n, length, mostConfirmed)
	}
	type shape struct{ destinations, sources int }
	var tries []shape
	switch n := r.Now; {
	case n.Destinations > 0:
		tries = []shape{{n.Destinations, q.o.sources}, {n.Destinations - 1, q.o.sources}}
	case n.Sources > 0:
		tries = []shape{{q.o.destinations, n.Sources}, {q.o.destinations, n.Sources - 1}}
	default:
		tries = []shape{{q.o.destinations, q.o.sources}}
	}
	var list []ConfirmReport
	for _, s := range tries {
		if s.destinations == 0 || s.sources == 0 {
			continue
		}
		if s.destinations*s.sources > mostListeners {
			return nil, asked.Mistakef("-confirm: %d destinations and %d source addresses are too many to run", s.destinations, s.sources)
		}
		what := prose.Plural(s.destinations, "destination") + " and " + prose.Plural(s.sources, "source address")
		c, err := q.world(s.destinations, s.sources, length, what, p)
		if err != nil {
			return nil, err
		}
		c.What, c.Seconds = what, length.Seconds()
		list = append(list, c)
	}
	return list, nil
}

// world runs the connections between two hosts. To 4.1 a socket cannot have an address without a port, by which
// bind() would pick it: there each source address is a host of its own.
func (q leaving) world(destinations, sources int, length time.Duration, what string, p *progress) (r ConfirmReport, err error) {
	c, o := q.c, q.o
	here := host.Config{Semantics: c.sem, Sysctls: c.sys, HZ: c.hz}
	here.Sysctls.TCPMaxTWBuckets = 1 << 24 // room for every entry
	here.Sysctls.Somaxconn = 1024
	here.Wall = 20_000 * 24 * time.Hour // of day: a stamp of 0 seconds means none
	there := here
	there.Addrs = serverAddrs
	for i := range sources {
		here.Addrs = append(here.Addrs, netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}))
	}
	open := sim.Exactly(max(o.open-closing, 0))
	w := sim.New(sim.Config{Seed: 1})
	server, err := w.AddNode("server", there, upFor)
	clients := make([]*sim.Node, sources)
	for i := range clients {
		apart := !o.bind && !c.sem.BindAddressNoPort
		switch one := here; {
		case err != nil:
		case i > 0 && !apart:
			clients[i] = clients[0]
		default:
			if apart {
				one.Addrs = here.Addrs[i : i+1]
			}
			if clients[i], err = w.AddNode(fmt.Sprintf("client %d", i), one, upFor); err == nil {
				err = w.Join(clients[i], server, sim.Path{})
			}
		}
	}
	var to []netip.AddrPort
	for i := range destinations {
		at := netip.AddrPortFrom(serverAddrs[0], uint16(1024+i))
		to = append(to, at)
		program := sim.Server{Name: at.String(), Node: server, At: at, Backlog: 1024}
		if q.serverFirst() {
			program.CloseFirst, program.Service = true, open
		}
		if err == nil {
			_, err = w.AddServer(program)
		}
	}
	var runs []*sim.ClientRun
	for i, from := range here.Addrs {
		program := sim.Client{
			Name: from.String(), Node: clients[i], To: to, Arrivals: everyNth{sim.Constant(o.rate), i, sources}, CloseFirst: !q.serverFirst(), Hold: open,
		}
		if o.bind || sources > 1 && c.sem.BindAddressNoPort {
			program.From, program.Options.BindAddressNoPort = netip.AddrPortFrom(from, 0), !o.bind
		}
		if err == nil {
			var run *sim.ClientRun
			run, err = w.AddClient(program)
			runs = append(runs, run)
		}
	}
	for at := time.Duration(0); err == nil && at <= length; at += length / 20 {
		err = w.Run(at)
		p.run(fmt.Sprintf("Linux %s, %s", c.release, what), at, length)
	}
	for _, run := range runs {
		if err == nil {
			x := run.Report()
			r.Connections += x.Asked
			r.Failed += x.Failed
		}
	}
	return r, err
}

// everyNth is every nth of some arrivals, from the first-th on.
type everyNth struct {
	of       sim.Arrivals
	first, n int
}

// Begin starts them.
func (e everyNth) Begin(r *rand.Rand) func() (time.Duration, bool) {
	next, skip := e.of.Begin(r), e.first
	return func() (at time.Duration, ok bool) {
		for range skip + 1 {
			if at, ok = next(); !ok {
				return at, false
			}
		}
		skip = e.n - 1
		return at, true
	}
}
