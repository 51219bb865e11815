package main

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/internal/outgoing"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/timewait"
)

const (
	mostDestinations = 10   // that are reported
	mostTroubled     = 3    // that are findings of their own
	manyCandidates   = 1000 // from which a search is dear
)

// A way is one source address and one destination: a port serves it once.
type way struct {
	from netip.Addr
	to   netip.AddrPort
}

// An outlet is the ports that one way has in use.
type outlet struct {
	way
	ports, timeWait map[uint16]bool
}

// outlets finds the connections that this machine opened: those on a port of the range that
// nobody listens on.
func (p *patient) outlets(r kernel.PortRange) (list []outlet, ports int) {
	index := make(map[way]int)
	all := make(map[uint16]bool)
	for i := range p.now.rows {
		row := &p.now.rows[i]
		port := row.Local.Port()
		if row.State == machine.Listen || row.State == machine.SynRecv || !r.Contains(int(port)) || !row.Remote.IsValid() || row.Remote.Port() == 0 || p.listens(row) {
			continue
		}
		w := way{row.Local.Addr().Unmap(), netip.AddrPortFrom(row.Remote.Addr().Unmap(), row.Remote.Port())}
		n, ok := index[w]
		if !ok {
			n = len(list)
			index[w] = n
			list = append(list, outlet{w, make(map[uint16]bool), make(map[uint16]bool)})
		}
		list[n].ports[port], all[port] = true, true
		if row.State == machine.TimeWait {
			list[n].timeWait[port] = true
		}
	}
	slices.SortFunc(list, func(a, b outlet) int {
		return cmp.Or(len(b.ports)-len(a.ports), a.from.Compare(b.from), a.to.Compare(b.to))
	})
	return list, len(all)
}

// pool is what connect() has for one way: the range without reserved ports and those that
// somebody listens on.
func (p *patient) pool() portalloc.Pool {
	excluded, _ := kernel.ParsePortList(p.sys.IPLocalReservedPorts) // ReadSysctls has read it
	for _, port := range p.listeningPorts() {
		excluded = append(excluded, kernel.PortRange{Low: port, High: port})
	}
	return portalloc.Pool{Picker: portalloc.ConnectPicks, Range: p.sys.LocalPorts(&p.sem), Excluded: excluded, Sources: 1, Destinations: 1}
}

// cost is what the next connect() of a pool examines when so many ports of the usable ones are
// blocked: all, if none is left.
func cost(sem *kernel.Semantics, pool portalloc.Pool, blocked, usable int) (candidates float64, takes time.Duration, err error) {
	if blocked >= usable {
		blocked = pool.Range.Size()
	}
	if candidates, err = portalloc.ExpectedCandidates(sem, pool, blocked); err != nil {
		return 0, 0, err
	}
	takes, err = outgoing.SearchTime(candidates)
	return candidates, takes, err
}

// examinePorts judges the ports in use between each source address and each destination.
func (p *patient) examinePorts(x *examination) {
	if p.now.rows == nil {
		return
	}
	pool := p.pool()
	_, usable, err := portalloc.UsablePorts(&p.sem, pool)
	if err != nil {
		x.unread = append(x.unread, "ports: "+err.Error())
		return
	}
	list, all := p.outlets(pool.Range)
	if usable == 0 {
		x.find(Finding{Severity: Losing, About: "ports", Text: fmt.Sprintf("No port of ip_local_port_range (%d to %d) can be had: all are reserved or listened on, and every connect() fails with EADDRNOTAVAIL.", pool.Range.Low, pool.Range.High),
			BoundBy: "net.ipv4.ip_local_reserved_ports", Rules: []string{"portalloc.UsablePorts: 0 (__inet_hash_connect)"}})
		return
	}
	troubled := 0
	for i, o := range list {
		loopback := timewait.IsLoopback(o.from, o.to.Addr(), false)
		blocked := len(o.ports)
		if outgoing.TakesOver(&p.sem, &p.sys, loopback).Action == timewait.Take {
			blocked -= len(o.timeWait)
		}
		candidates, takes, err := cost(&p.sem, pool, blocked, usable)
		if err != nil {
			x.unread = append(x.unread, "ports: "+err.Error())
			return
		}
		if i < mostDestinations {
			x.destinations = append(x.destinations, DestinationReport{
				Source: o.from.String(), Destination: o.to.String(), InUse: len(o.ports), TimeWait: len(o.timeWait), Blocked: blocked,
				Usable: usable, Candidates: candidates, CallSeconds: takes.Seconds(),
			})
		}
		if blocked >= usable || 10*blocked >= 9*usable || candidates >= manyCandidates {
			if troubled++; troubled <= mostTroubled {
				x.find(p.portFinding(o, pool, blocked, usable, candidates, takes, loopback))
			}
		}
	}
	if troubled > mostTroubled {
		x.find(Finding{Severity: Near, About: "ports", Text: fmt.Sprintf("%d more pairs of a source address and a destination are like these.", troubled-mostTroubled), Rules: []string{"as above"}})
	}
	if troubled > 0 {
		return
	}
	text := fmt.Sprintf("Local ports: %d of the range's %d in use", all, pool.Range.Size())
	if len(x.destinations) > 0 {
		d := x.destinations[0]
		text += fmt.Sprintf("; most by %s to %s, %d of %d, where the next connect() examines %.1f candidates", d.Source, d.Destination, d.InUse, d.Usable, d.Candidates)
	}
	if c := p.counter(kernel.ActiveOpens); c.rise > 0 {
		text += fmt.Sprintf("; %s connect()/s", rate(p.perSecond(c.rise)))
	}
	x.well(text + " (portalloc.UsablePorts, portalloc.ExpectedCandidates).")
}

// portFinding is a source and a destination that run out of ports, or whose searches are dear.
func (p *patient) portFinding(o outlet, pool portalloc.Pool, blocked, usable int, candidates float64, takes time.Duration, loopback bool) Finding {
	f := Finding{Severity: Near, About: "ports", BoundBy: fmt.Sprintf("net.ipv4.ip_local_port_range %d %d", pool.Range.Low, pool.Range.High)}
	used := fmt.Sprintf("%v to %v: %s of %d in use, %d of them in TIME-WAIT", o.from, o.to, prose.Plural(len(o.ports), "port"), usable, len(o.timeWait))
	switch {
	case blocked >= usable:
		f.Severity = Losing
		f.Text = fmt.Sprintf("%s: the next connect() there examines every port and fails with EADDRNOTAVAIL, which no counter counts.", used)
	case candidates >= manyCandidates:
		f.Text = fmt.Sprintf("%s: the next connect() there examines some %.0f candidates, or half of that if ports come back in any order, for up to %s of processor time (an estimate).", used, candidates, prose.Seconds(takes.Seconds()))
	default:
		f.Text = used + ": nearly all, beyond which connect() fails with EADDRNOTAVAIL."
	}
	f.Rules = []string{
		fmt.Sprintf("portalloc.UsablePorts: %d for one source address and one destination (__inet_hash_connect)", usable),
		fmt.Sprintf("portalloc.ExpectedCandidates: %.0f with %d ports blocked (__inet_hash_connect)", candidates, blocked),
		"timewait.DecideReuse of an old entry: " + outgoing.TakesOver(&p.sem, &p.sys, loopback).String() + " (tcp_twsk_unique)",
	}
	if p.sem.PortSearch == kernel.PortSearchParity && 2*blocked >= pool.Range.Size() {
		f.Rules = append(f.Rules, fmt.Sprintf("portalloc.ConnectSearch: from half of the range on all %d ports of one parity are examined before the first of the other", pool.Range.Size()/2))
	}
	f.Changes = p.portChanges(o, pool, blocked, loopback)
	return f
}

// portChanges are ways to more ports, each tried alone.
func (p *patient) portChanges(o outlet, pool portalloc.Pool, blocked int, loopback bool) (changes []Change) {
	add := func(set string, pool portalloc.Pool, blocked int, also string) {
		_, usable, err := portalloc.UsablePorts(&p.sem, pool)
		if err != nil {
			return
		}
		candidates, takes, err := cost(&p.sem, pool, blocked, usable)
		if err != nil {
			return
		}
		then := fmt.Sprintf("%d of %d ports are in the way, and the next connect() examines %s, about %s%s.", blocked, usable, prose.Plural(int(math.Round(candidates)), "candidate"), prose.Seconds(takes.Seconds()), also)
		changes = append(changes, Change{set, then})
	}
	wide := pool
	if wide.Range = (kernel.PortRange{Low: max(1024, p.sys.IPUnprivilegedPortStart), High: 65535}); wide.Range.Size() > pool.Range.Size() {
		add(fmt.Sprintf(`net.ipv4.ip_local_port_range="%d %d", at once`, wide.Range.Low, wide.Range.High), wide, blocked, "")
	}
	reuse := p.sys
	reuse.TCPTWReuse = 1
	if len(o.timeWait) > 0 && blocked == len(o.ports) {
		set := "net.ipv4.tcp_tw_reuse=1, at once"
		if v := outgoing.TakesOver(&p.sem, &reuse, loopback); v.Action == timewait.Take {
			wait := portalloc.ReuseWait(&p.sem, time.Duration(p.sys.TCPTWReuseDelay)*time.Millisecond)
			add(set, pool, blocked-len(o.timeWait), ", for TIME-WAIT may be taken over after "+prose.Span(wait.Min.Seconds(), wait.Max.Seconds())+" where both sides use timestamps")
		} else {
			changes = append(changes, Change{set, "nothing: " + v.String() + "."})
		}
	}
	two := pool
	two.Destinations = 2
	if _, most, err := portalloc.Capacity(&p.sem, two); err == nil {
		changes = append(changes, Change{"a second destination address or port, or a second source address", fmt.Sprintf("%d connections at once: connect() gives a port once to each pair (not if bind() picks it).", most)})
	}
	return changes
}
