package fuzz

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/script"
)

// sysctls are those that matter, with the values that make a difference within a script's time and
// number of peers. All of them belong to the namespace in every kernel since 5.10.
var sysctls = []weighted[sysctlChoice]{
	{4, sysctlChoice{"net.core.somaxconn", []string{"0", "1", "2", "4", "128"}}},
	{5, sysctlChoice{"net.ipv4.tcp_syncookies", []string{"0", "0", "1", "2", "2"}}},
	{4, sysctlChoice{"net.ipv4.tcp_max_syn_backlog", []string{"0", "1", "2", "4", "8", "16"}}},
	{3, sysctlChoice{"net.ipv4.tcp_abort_on_overflow", []string{"1", "0"}}},
	{3, sysctlChoice{"net.ipv4.tcp_synack_retries", []string{"0", "1", "2", "3"}}},
	{3, sysctlChoice{"net.ipv4.tcp_syn_retries", []string{"1", "2", "3"}}},
	{4, sysctlChoice{"net.ipv4.tcp_fin_timeout", []string{"0", "1", "2", "3", "10", "60", "61", "80", "-1"}}},
	{6, sysctlChoice{"net.ipv4.tcp_tw_reuse", []string{"0", "1", "1", "1", "2"}}},
	{3, sysctlChoice{"net.ipv4.tcp_max_tw_buckets", []string{"0", "1", "2", "3"}}},
	{3, sysctlChoice{"net.ipv4.tcp_rfc1337", []string{"1", "0"}}},
	{3, sysctlChoice{"net.ipv4.tcp_timestamps", []string{"0", "1", "2"}}},
	{4, sysctlChoice{"net.ipv4.tcp_invalid_ratelimit", []string{"0", "500", "1000"}}},
	{2, sysctlChoice{"net.ipv4.tcp_no_metrics_save", []string{"1", "0"}}},
	{2, sysctlChoice{"net.ipv4.tcp_orphan_retries", []string{"0", "1", "2", "3"}}},
	{1, sysctlChoice{"net.ipv4.tcp_retries2", []string{"0", "1", "3"}}},
	{1, sysctlChoice{"net.ipv4.tcp_sack", []string{"0", "1"}}},
	{1, sysctlChoice{"net.ipv4.tcp_window_scaling", []string{"0", "1"}}},
}

type sysctlChoice struct {
	name   string
	values []string
}

// sysctl writes one of them.
func (g *generator) sysctl() {
	c := choose(g.draw, sysctls)
	if g.mode.Loopback && c.name == "net.ipv4.tcp_timestamps" {
		c.values = []string{"0", "1"}
	}
	g.do(script.Step{Op: script.OpSysctl, Sysctl: c.name, Value: pick(g.draw, c.values...)})
}

// setUp writes the beginning: sysctls and listeners.
func (g *generator) setUp() {
	g.size = g.between(8, MaxSteps)
	if g.chance(40) {
		g.size = g.between(6, 25)
	}
	switch {
	case g.mode.Short:
		g.s.Settle = pick(g.draw, 20*time.Millisecond, 15*time.Millisecond, 25*time.Millisecond)
	case g.chance(30):
		g.s.Settle = pick(g.draw, 25*time.Millisecond, 100*time.Millisecond, 20*time.Millisecond)
	}
	for g.chance(55) && g.left() > 4 {
		g.sysctl()
	}
	if g.chance(45) {
		low := 32768 + g.below(2)
		g.do(script.Step{Op: script.OpSysctl, Sysctl: "net.ipv4.ip_local_port_range",
			Value: fmt.Sprintf("%d %d", low, low+pick(g.draw, 0, 0, 0, 1, 2, 3, 5))})
	}
	if g.mode.Loopback {
		g.listenHere()
		return
	}
	if g.chance(4) {
		return // nobody listens
	}
	g.listen("l1", "l1", 80)
	if g.chance(15) {
		for n := 2; n <= MaxPeers; n += 2 {
			g.s.Peers = append(g.s.Peers, script.Peer{
				Name: fmt.Sprint("p", n),
				From: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(n / 2)}), uint16(40000+n)),
				To:   netip.AddrPortFrom(script.HostAddr, 81),
			})
		}
		g.listen("l2", "l2", 81)
	}
}

// backlog is what listen() gets.
func (g *generator) backlog() int { return pick(g.draw, 128, 0, 1, 1, 2, 3, 4, 128, -1) }

// listen makes a listener and puts it in a place: that of the first or of the second port.
func (g *generator) listen(place, name string, port uint16) {
	o := script.Options{ReuseAddr: g.listeners[place] != nil && g.chance(80) || g.chance(50)}
	if g.chance(12) {
		o.DeferAccept = pick(g.draw, 1, 3, 5, 10)
	}
	if g.chance(12) {
		o.Linger2 = pick(g.draw, 1, 3, 70, -1)
	}
	if g.chance(8) {
		o.SYNCount = pick(g.draw, 1, 2)
	}
	l := &listener{name: name, addr: netip.AddrPortFrom(script.HostAddr, port), backlog: g.backlog(), open: true}
	g.do(script.Step{Op: script.OpSocket, Socket: name, Options: o})
	g.do(script.Step{Op: script.OpBind, Socket: name, Addr: l.addr})
	g.do(script.Step{Op: script.OpListen, Socket: name, Backlog: l.backlog})
	if g.listeners[place] == nil {
		g.places = append(g.places, place)
	}
	g.listeners[place] = l
}

// relisten calls listen() again with another backlog, or closes a listener, or makes a new one in its place.
func (g *generator) relisten() {
	if len(g.places) == 0 {
		return
	}
	place := pick(g.draw, g.places...)
	l := g.listeners[place]
	if l.open && g.chance(60) {
		l.backlog = g.backlog()
		g.do(script.Step{Op: script.OpListen, Socket: l.name, Backlog: l.backlog})
		return
	}
	if l.open {
		g.do(script.Step{Op: script.OpClose, Socket: l.name})
		for _, f := range l.queue {
			g.hangup(f, false)
		}
		l.open, l.queue = false, nil
		if g.chance(40) {
			return
		}
	}
	g.listen(place, g.fresh("l"), l.addr.Port())
}

// fresh is a name that nothing has yet.
func (g *generator) fresh(stem string) string {
	g.made++
	return fmt.Sprint(stem, g.made+2)
}
