package fuzz

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/script"
)

// advance does what comes next on a flow, mostly as it should be.
func (g *generator) advance() {
	f := g.peer()
	if c := g.some(func(f *flow) bool { return f.client && f.state != host.Closed }); c != nil && g.chance(40) {
		f = c
	}
	g.step(f)
}

// step is the next step in the life of a flow.
func (g *generator) step(f *flow) {
	switch f.state {
	case host.Closed:
		if !f.client {
			g.send(f, g.opening(f))
		} else {
			g.send(f, g.stray(f))
		}
	case host.SynSent:
		g.answer(f)
	case host.SynRecv:
		g.finishHandshake(f)
	case host.Established:
		switch g.below(4) {
		case 0:
			g.data(f)
		case 1:
			g.send(f, g.right(f, ack))
		default:
			g.send(f, g.right(f, fin|ack))
		}
	case host.FinWait1:
		s := g.right(f, pick(g.draw, ack, fin|ack))
		if s.Flags&fin != 0 && g.chance(60) {
			s.Ack.N-- // the two FINs crossed
		}
		g.send(f, s)
	case host.FinWait2:
		if g.chance(20) {
			g.data(f)
			return
		}
		g.send(f, g.right(f, fin|ack))
	case host.CloseWait:
		if g.chance(50) && f.usable() {
			g.do(script.Step{Op: script.OpClose, Socket: f.socket})
			g.hangup(f, false)
			return
		}
		g.send(f, g.opening(f))
	case host.LastAck, host.Closing:
		g.send(f, g.right(f, ack))
	case host.TimeWait:
		if f.client || g.chance(25) {
			g.send(f, g.stray(f))
			return
		}
		g.send(f, g.opening(f))
	}
}

func (g *generator) data(f *flow) {
	s := g.right(f, ack)
	s.Len = uint32(g.between(1, 40))
	g.send(f, s)
}

// finishHandshake is the answer to a SYN-ACK.
func (g *generator) finishHandshake(f *flow) {
	s := g.right(f, choose(g.draw, []weighted[host.Flags]{{12, ack}, {1, fin | ack}, {1, rst}, {1, rst | ack}}))
	if s.Flags == ack && g.chance(12) {
		s.Len = uint32(g.between(1, 40))
	}
	if g.chance(15) {
		s = g.disturbed(f, s)
	}
	g.send(f, s)
}

// answer is what a server says to the host's SYN.
func (g *generator) answer(f *flow) {
	choose(g.draw, []weighted[func()]{
		{12, func() { g.send(f, g.right(f, syn|ack)) }},
		{2, func() { g.send(f, g.right(f, syn)) }},
		{2, func() { g.send(f, g.right(f, rst|ack)) }},
		{1, func() { g.send(f, g.right(f, rst)) }},
		{1, func() { g.send(f, g.right(f, ack)) }},
		{3, func() { g.send(f, g.disturbed(f, g.right(f, syn|ack))) }},
		{1, func() { g.send(f, g.disturbed(f, g.right(f, rst|ack))) }},
		{2, func() { g.wait() }},
	})()
}

// disturb sends something that does not fit.
func (g *generator) disturb() {
	f := g.some(nil)
	if f == nil {
		f = g.peer()
	}
	if g.chance(50) {
		g.send(f, g.stray(f))
		return
	}
	flags := ack
	switch f.state {
	case host.SynSent:
		flags = syn | ack
	case host.Closed:
		flags = syn
	case host.Established, host.FinWait1, host.FinWait2:
		flags = pick(g.draw, ack, fin|ack)
	}
	s := g.right(f, flags)
	if flags == ack && g.chance(30) {
		s.Len = uint32(g.between(1, 40))
	}
	g.send(f, g.disturbed(f, s))
}

// repeat sends a segment again, once or several times.
func (g *generator) repeat() {
	f := g.some(func(f *flow) bool { return f.sent > 0 })
	if f == nil {
		return
	}
	s := f.last
	for range g.between(1, 3) {
		g.send(f, s)
	}
}

// burst brings a SYN from several peers in a row, and then perhaps their ACKs.
func (g *generator) burst() {
	var fs []*flow
	for range g.between(2, 5) {
		f := g.peer()
		if f.state == host.Closed || f.state == host.TimeWait {
			g.send(f, g.opening(f))
			fs = append(fs, f)
		}
	}
	if g.chance(60) {
		for _, f := range fs {
			if f.state == host.SynRecv {
				g.finishHandshake(f)
			}
		}
	}
}

// establish brings a peer's flow to a connection that the process has, as far as it can.
func (g *generator) establish(f *flow) {
	if f.state == host.Closed || f.state == host.TimeWait {
		g.send(f, g.opening(f))
	}
	if f.state == host.SynRecv {
		g.send(f, g.right(f, ack))
	}
	if f.waiting {
		g.acceptFrom(g.listeners[f.listener])
	}
}

// cycle opens a connection and closes it, by one side first, and opens it again.
func (g *generator) cycle() {
	f := g.peer()
	g.establish(f)
	if g.chance(30) {
		g.data(f)
		if f.usable() && g.chance(50) {
			g.do(script.Step{Op: script.OpRecv, Socket: f.socket})
		}
	}
	hostFirst := g.chance(60)
	if !hostFirst {
		g.send(f, g.right(f, fin|ack))
	}
	if g.chance(90) {
		g.end(f)
	}
	if hostFirst {
		if f.state == host.FinWait1 && g.chance(12) {
			g.step(f)
		}
		if g.chance(70) {
			g.send(f, g.right(f, ack))
		}
		if g.chance(20) {
			g.wait()
		}
		if g.chance(85) {
			g.send(f, g.right(f, fin|ack))
		}
	} else if f.state == host.LastAck && g.chance(80) {
		g.send(f, g.right(f, ack))
	}
	if g.chance(30) {
		g.wait()
	}
	if g.chance(70) {
		if g.chance(25) {
			g.send(f, g.stray(f))
		}
		g.send(f, g.opening(f))
	}
}

// end is a process that is done with a connection.
func (g *generator) end(f *flow) {
	if !f.usable() {
		return
	}
	op := choose(g.draw, []weighted[script.Op]{{8, script.OpClose}, {3, script.OpShutdown}, {2, script.OpAbort}})
	g.do(script.Step{Op: op, Socket: f.socket})
	switch op {
	case script.OpAbort:
		g.abort(f)
	default:
		g.hangup(f, op == script.OpShutdown)
	}
}

// collide brings the SYN of a peer that knows nothing of the connection that the host still has,
// and what it does with the answer.
func (g *generator) collide() {
	f := g.some(func(f *flow) bool { return f.state >= host.Established })
	if f == nil {
		return
	}
	if f.state == host.Established && g.chance(60) {
		g.send(f, g.right(f, fin|ack)) // CLOSE-WAIT, which a process leaks
	}
	s := g.opening(f)
	for range g.between(1, 3) {
		g.send(f, s)
		if g.chance(60) {
			// A client in SYN-SENT answers an ACK that it did not expect with a RST at what it
			// acknowledges.
			r := script.Segment{Flags: rst, Seq: script.Number{N: f.rcv}}
			g.send(f, r)
		}
		if g.chance(50) && !g.mode.Short {
			g.do(script.Step{Op: script.OpWait, Wait: g.room(time.Second)})
		}
	}
}

// room is a wait, cut to what is left of the script's time.
func (g *generator) room(d time.Duration) time.Duration {
	if left := g.budget() - g.now - time.Duration(g.left()+1)*script.DefaultSettle; d > left {
		d = max(left, time.Millisecond).Truncate(time.Millisecond)
	}
	return d
}

// accept asks a listener for a connection, seldom for one that is not there.
func (g *generator) accept() {
	for _, place := range g.places {
		if l := g.listeners[place]; l.open && (len(l.queue) > 0 || g.chance(5)) {
			g.acceptFrom(l)
			return
		}
	}
}

func (g *generator) acceptFrom(l *listener) {
	if l == nil || !l.open || g.left() <= 0 {
		return
	}
	name := g.fresh("a")
	g.do(script.Step{Op: script.OpAccept, Socket: name, Listener: l.name})
	if len(l.queue) == 0 {
		return
	}
	f := l.queue[0]
	l.queue = l.queue[1:]
	f.waiting, f.held, f.socket, f.open = false, true, name, true
}

// process does something with a socket that a process has.
func (g *generator) process() {
	f := g.some(func(f *flow) bool { return f.usable() && !f.crossed() })
	if f == nil {
		g.accept()
		return
	}
	op := choose(g.draw, []weighted[script.Op]{
		{8, script.OpClose}, {4, script.OpShutdown}, {2, script.OpAbort}, {3, script.OpRecv}, {2, script.OpError}, {1, script.OpConnect},
	})
	step := script.Step{Op: op, Socket: f.socket}
	if op == script.OpConnect {
		step.Addr = server(1)
	}
	g.do(step)
	switch op {
	case script.OpClose, script.OpShutdown:
		g.hangup(f, op == script.OpShutdown)
	case script.OpAbort:
		g.abort(f)
	}
}

// server is a forged server. There are few of them, so that connections meet what others left.
func server(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 2, 0, byte(n)}), 9000)
}

// connect makes a connection to a forged server, or leaves it half-way.
func (g *generator) connect() {
	if g.left() < 2 {
		return
	}
	name := g.fresh("c")
	o := script.Options{ReuseAddr: g.chance(20), BindAddressNoPort: g.chance(8)}
	if g.chance(10) {
		o.SYNCount = pick(g.draw, 1, 2, 3)
	}
	if g.chance(8) {
		o.Linger2 = pick(g.draw, 1, 3, 70, -1)
	}
	g.do(script.Step{Op: script.OpSocket, Socket: name, Options: o})
	to := server(1 + g.below(4)/3)
	if g.chance(20) {
		g.do(script.Step{Op: script.OpBind, Socket: name, Addr: g.source(o.ReuseAddr)})
	}
	if g.chance(6) {
		// From the port of the listener to a peer that may be known from there.
		if f := g.peer(); f.listener == "l1" {
			var n int
			fmt.Sscanf(f.name, "p%d", &n)
			to = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(n)}), uint16(40000+n))
		}
	}
	f := &flow{name: name, socket: name, client: true, held: true, open: true, ts: g.chance(70), born: g.clock()}
	g.do(script.Step{Op: script.OpConnect, Socket: name, Addr: to})
	f.enter(host.SynSent, g.now)
	g.flows = append(g.flows, f)
	if g.chance(75) {
		g.answer(f)
		if g.chance(30) {
			g.do(script.Step{Op: script.OpError, Socket: name})
		}
	}
	if f.state == host.Established && g.chance(60) {
		g.leave(f)
	}
}

// source is what connections are bound to.
func (g *generator) source(reuse bool) netip.AddrPort {
	ports := []uint16{0, 50000, 32768}
	if reuse { // or a later listener would not get it
		ports = append(ports, 80)
	}
	addr := script.HostAddr
	if g.chance(25) {
		addr = netip.IPv4Unspecified()
	}
	return netip.AddrPortFrom(addr, pick(g.draw, ports...))
}

// again does something with a socket whose connection is over.
func (g *generator) again() {
	f := g.some(func(f *flow) bool { return f.open && (f.state == host.Closed || f.state == host.TimeWait) })
	if f == nil {
		g.other()
		return
	}
	switch g.below(4) {
	case 0:
		g.do(script.Step{Op: script.OpClose, Socket: f.socket})
		f.open = false
		return
	case 1:
		g.do(script.Step{Op: script.OpError, Socket: f.socket})
	}
	if g.chance(50) {
		g.do(script.Step{Op: script.OpBind, Socket: f.socket, Addr: g.source(false)})
	}
	if g.chance(60) {
		g.other()
	}
	tries := g.between(0, 2)
	for range tries { // the first mostly tells why the connection is over
		g.do(script.Step{Op: script.OpConnect, Socket: f.socket, Addr: server(1 + g.below(4)/3)})
	}
	if tries > 0 && f.client && f.state == host.Closed && g.left() > 0 {
		f.seq, f.rcv, f.fin, f.acked, f.orphan, f.held = 0, 0, false, false, false, true
		f.enter(host.SynSent, g.now)
		if g.chance(70) {
			g.answer(f)
		}
	}
}

// other has another socket ask for a port that somebody may have.
func (g *generator) other() {
	if g.left() < 3 {
		return
	}
	name := g.fresh("b")
	reuse := g.chance(30)
	g.do(script.Step{Op: script.OpSocket, Socket: name, Options: script.Options{ReuseAddr: reuse}})
	g.do(script.Step{Op: script.OpBind, Socket: name, Addr: g.source(reuse)})
	if g.chance(70) {
		g.do(script.Step{Op: script.OpClose, Socket: name})
	}
}

// leave closes a connection to a server in one of the ways that leave something behind.
func (g *generator) leave(f *flow) {
	if g.chance(35) {
		g.send(f, g.right(f, fin|ack))
	}
	g.end(f)
	for f.state >= host.FinWait1 && f.state != host.TimeWait && f.state != host.CloseWait && g.chance(80) && g.left() > 0 {
		if f.state == host.FinWait2 {
			g.send(f, g.right(f, fin|ack))
		} else {
			g.send(f, g.right(f, ack))
		}
	}
	if g.chance(30) {
		g.wait()
	}
}
