package fuzz

import (
	"net/netip"

	"example.com/linuxtcp/script"
)

// Scripts of a loopback [Mode] have no forged peers: a few processes connect to listeners of the same host, and make
// system calls on all sockets with little regard to what these are good for.
var loopbackActions = []weighted[func(*generator)]{
	{26, (*generator).connectHere},
	{10, (*generator).acceptHere},
	{42, (*generator).call},
	{13, func(g *generator) { g.wait() }},
	{4, (*generator).listenHere},
	{3, func(g *generator) { g.do(script.Step{Op: script.OpCheck}) }},
	{2, func(g *generator) { g.sysctl() }},
}

// The places of this host: those that are listened at, and others.
var (
	served = addrPorts("0.0.0.0:80", "10.0.0.1:80", "127.0.0.1:80")
	called = addrPorts("127.0.0.1:80", "127.0.0.1:80", "10.0.0.1:80", "10.0.0.1:80", "127.0.0.1:81", "10.0.0.1:5000")
	bound  = addrPorts("10.0.0.1:0", "127.0.0.1:0", "127.0.0.1:5000", "0.0.0.0:5000", "10.0.0.1:80", "0.0.0.0:0", "10.0.0.1:6000")
)

// socket makes a socket, of IPv6 now and then.
func (g *generator) socket(name string, o script.Options) {
	if g.chance(35) {
		o.IPv6, o.V6Only = true, g.chance(25)
	}
	g.of[name] = o
	g.do(script.Step{Op: script.OpSocket, Socket: name, Options: o})
}

// address is one of some, or what is like it in IPv6: a socket of IPv6 takes both, unless it takes IPv6 only.
func (g *generator) address(name string, from []netip.AddrPort) netip.AddrPort {
	a, o := pick(g.draw, from...), g.of[name]
	if !o.V6Only && (!o.IPv6 || g.chance(40)) {
		o.IPv6 = false // it stays with its protocol: a socket that is bound to one has no route to the other
		g.of[name] = o
		return a
	}
	if a.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.IPv6Unspecified(), a.Port())
	}
	o.V6Only = true
	g.of[name] = o
	return netip.AddrPortFrom(netip.IPv6Loopback(), a.Port())
}

func addrPorts(all ...string) (list []netip.AddrPort) {
	for _, a := range all {
		list = append(list, netip.MustParseAddrPort(a))
	}
	return list
}

// listenHere makes a listener. Its bind() may fail: then listen() finds a port, and the answer tells which.
func (g *generator) listenHere() {
	if g.left() < 3 {
		return
	}
	name := g.fresh("l")
	o := script.Options{ReuseAddr: g.chance(50)}
	if g.chance(15) {
		o.DeferAccept = 3
	}
	g.socket(name, o)
	g.do(script.Step{Op: script.OpBind, Socket: name, Addr: g.address(name, served)})
	g.do(script.Step{Op: script.OpListen, Socket: name, Backlog: pick(g.draw, 5, 0, 1, 2)})
	g.names, g.servers = append(g.names, name), append(g.servers, name)
}

// connectHere makes a connection, which is mostly accepted.
func (g *generator) connectHere() {
	if g.left() < 4 {
		return
	}
	name := g.fresh("c")
	o := script.Options{ReuseAddr: g.chance(15), BindAddressNoPort: g.chance(10)}
	if g.chance(20) {
		o.Linger2 = pick(g.draw, 1, -1)
	}
	g.socket(name, o)
	if g.chance(20) {
		g.do(script.Step{Op: script.OpBind, Socket: name, Addr: g.address(name, bound)})
	}
	g.do(script.Step{Op: script.OpConnect, Socket: name, Addr: g.address(name, called)})
	g.names = append(g.names, name)
	if g.chance(60) {
		g.acceptHere()
	}
}

func (g *generator) acceptHere() {
	if len(g.servers) == 0 {
		return
	}
	name, server := g.fresh("a"), pick(g.draw, g.servers...)
	g.do(script.Step{Op: script.OpAccept, Socket: name, Listener: server})
	g.of[name] = g.of[server]
	g.names = append(g.names, name)
}

// call is any system call on any socket, the latest being likelier.
func (g *generator) call() {
	if len(g.names) == 0 {
		return
	}
	from := g.names
	if g.chance(70) {
		from = from[max(len(from)-6, 0):]
	}
	s := script.Step{Socket: pick(g.draw, from...)}
	s.Op = choose(g.draw, []weighted[script.Op]{
		{8, script.OpClose}, {6, script.OpShutdown}, {2, script.OpAbort}, {3, script.OpRecv}, {2, script.OpError}, {2, script.OpConnect}, {1, script.OpBind}, {1, script.OpListen},
	})
	switch s.Op {
	case script.OpConnect:
		s.Addr = g.address(s.Socket, called)
	case script.OpBind:
		s.Addr = g.address(s.Socket, bound)
	case script.OpListen:
		s.Backlog = pick(g.draw, 0, 1, 3)
	}
	g.do(s)
}
