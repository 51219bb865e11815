package fuzz

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/script"
)

// A Mode says what kind of scripts to write. The zero Mode is that of guests.
type Mode struct {
	// Short keeps all the time that a script takes below ShortTime, for a kernel that waits
	// in real time.
	Short bool
	// Loopback has the host talk to itself alone.
	Loopback bool
}

const (
	// MaxSteps is the most steps that a script has.
	MaxSteps = 60
	// MaxPeers is the most flows that a script's peers open.
	MaxPeers = 8
	// ShortTime is the longest that a script of a short Mode takes, its settling included.
	ShortTime = 2 * time.Second
	// LongTime is the same of any other.
	LongTime = 400 * time.Second
)

// Script is script n of a seed. The same numbers give the same script always, see [seeded].
func Script(seed, n uint64, mode Mode) *script.Script {
	s := write(draw{seeded(seed, n)}, mode)
	s.Name = fmt.Sprintf("fuzz-%d-%d.script", seed, n)
	kind := ""
	if mode.Short {
		kind = ", short"
	}
	if mode.Loopback {
		kind += ", loopback"
	}
	s.Comment = []string{fmt.Sprintf("fuzz: seed %d, script %d%s.", seed, n, kind)}
	return s
}

// write makes a script out of choices.
func write(d draw, mode Mode) *script.Script {
	g := newGenerator(d, mode)
	for g.act() {
	}
	return g.s
}

func newGenerator(d draw, mode Mode) *generator {
	g := &generator{draw: d, mode: mode, s: &script.Script{}, listeners: map[string]*listener{}, of: map[string]script.Options{}}
	g.setUp()
	return g
}

// act writes some steps; it reports false once the script is at its end.
func (g *generator) act() bool {
	before, actions := len(g.s.Steps), actions
	if g.mode.Loopback {
		actions = loopbackActions
	}
	// An action may find nothing to do.
	for try := 0; g.left() > 0 && try < 20; try++ {
		if choose(g.draw, actions)(g); len(g.s.Steps) > before {
			return true
		}
	}
	return false
}

// A generator writes one script.
type generator struct {
	draw
	mode Mode
	s    *script.Script
	size int // how many steps it is to have
	now  time.Duration

	flows     []*flow // in the order in which they came up
	listeners map[string]*listener
	places    []string // of listeners, in order
	made      int      // sockets that have been given a name

	// Of a loopback script: all sockets, those that listen, and what all were made with.
	names, servers []string
	of             map[string]script.Options
}

// A listener is a socket that listens, or did.
type listener struct {
	name    string
	addr    netip.AddrPort
	backlog int
	open    bool
	queue   []*flow
}

// left is how many steps may still be written.
func (g *generator) left() int { return g.size - len(g.s.Steps) }

func (g *generator) budget() time.Duration {
	if g.mode.Short {
		return ShortTime
	}
	return LongTime
}

// do writes a step and lets the time pass that it takes.
func (g *generator) do(s script.Step) {
	if g.left() <= 0 {
		return
	}
	g.s.Steps = append(g.s.Steps, s)
	switch {
	case s.Op == script.OpWait:
		g.pass(s.Wait)
	case g.s.Settle != 0:
		g.pass(g.s.Settle)
	default:
		g.pass(script.DefaultSettle)
	}
}

// send writes a segment of a flow's peer.
func (g *generator) send(f *flow, s script.Segment) {
	if g.left() <= 0 {
		return
	}
	s = g.sound(f, s)
	g.do(script.Step{Op: script.OpSegment, Flow: f.name, Segment: s})
	g.learn(f, &s)
}

// wait lets time pass, and reports whether there was time left for it.
func (g *generator) wait() bool {
	settle := g.s.Settle
	if settle == 0 {
		settle = script.DefaultSettle
	}
	room := g.budget() - g.now - time.Duration(g.left())*settle
	ms := g.between
	var d int
	if g.mode.Short {
		d = choose(g.draw, []weighted[func() int]{
			{4, func() int { return ms(1, 12) }},
			{4, func() int { return ms(30, 60) }},
			{3, func() int { return ms(150, 320) }},
			{1, func() int { return ms(400, 1200) }},
		})()
	} else {
		d = choose(g.draw, []weighted[func() int]{
			{6, func() int { return ms(1, 60) }},
			{5, func() int { return ms(60, 1000) }},
			{6, func() int { return ms(1000, 3500) }},
			{3, func() int { return ms(3500, 16000) }},
			{1, func() int { return ms(16000, 50000) }},
			{3, func() int { return ms(58500, 64500) }},
			{1, func() int { return ms(64500, 130000) }},
		})()
	}
	w := time.Duration(d) * time.Millisecond
	if w > room {
		w = (room / 2).Truncate(time.Millisecond)
	}
	if w < time.Millisecond {
		return false
	}
	g.do(script.Step{Op: script.OpWait, Wait: w})
	return true
}

// actions are what a script is made of, by how often they are tried.
var actions = []weighted[func(*generator)]{
	{26, (*generator).advance},
	{14, (*generator).disturb},
	{3, (*generator).repeat},
	{3, (*generator).burst},
	{8, (*generator).cycle},
	{4, (*generator).collide},
	{9, (*generator).accept},
	{12, (*generator).process},
	{8, (*generator).connect},
	{9, func(g *generator) { g.wait() }},
	{4, (*generator).again},
	{2, (*generator).relisten},
	{2, func(g *generator) { g.sysctl() }},
}

// isListening reports whether there is a listener of that name.
func (g *generator) isListening(name string) bool {
	l := g.listeners[name]
	return l != nil && l.open
}

// peer is a flow of a forged client: one that there is, or a new one.
func (g *generator) peer() *flow {
	var clients []*flow
	for _, f := range g.flows {
		if !f.client {
			clients = append(clients, f)
		}
	}
	if len(clients) == 0 || len(clients) < MaxPeers && g.chance(25) {
		if f := g.newPeer(len(clients) + 1); f != nil {
			return f
		}
	}
	// The latest is where things are going on.
	if g.chance(50) {
		return clients[len(clients)-1]
	}
	return pick(g.draw, clients...)
}

// newPeer is flow number n of a forged client. Where a script has a second port, half of its peers
// were declared for it.
func (g *generator) newPeer(n int) *flow {
	f := &flow{name: fmt.Sprint("p", n), ts: g.chance(60), born: g.clock(), listener: "l1"}
	if slices.ContainsFunc(g.s.Peers, func(p script.Peer) bool { return p.Name == f.name }) {
		f.listener = "l2"
	}
	g.flows = append(g.flows, f)
	return f
}

// clock is where the timestamps of a peer begin.
func (g *generator) clock() uint32 { return pick[uint32](g.draw, 1000000, 1, 0, 1<<31-100, 1<<32-300) }

// some is any flow, those that are not closed being likelier; nil if there is none.
func (g *generator) some(is func(*flow) bool) *flow {
	var fit []*flow
	for _, f := range g.flows {
		if is == nil || is(f) {
			fit = append(fit, f)
			if f.state != host.Closed {
				fit = append(fit, f, f)
			}
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return pick(g.draw, fit...)
}
