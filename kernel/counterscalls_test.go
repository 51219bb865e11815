package kernel_test

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

// A stage is a host on which calls are made and timers fire, and what they raise is told.
type stage struct {
	h    *host.Host
	sys  kernel.Sysctls
	now  time.Duration
	tell func(seen)
}

var (
	stageOwn  = netip.MustParseAddr("10.0.0.1")
	stageFar  = netip.MustParseAddrPort("10.0.0.9:443")
	stagePort = netip.MustParseAddrPort("10.0.0.1:80")
)

// playCalls makes the system calls and lets the timers fire that raise counters without a verdict about a segment.
func playCalls(sem *kernel.Semantics, tell func(seen)) {
	for _, scene := range scenes {
		sys := playSysctls(sem)
		h, err := host.New(host.Config{Semantics: *sem, Sysctls: sys, Addrs: []netip.Addr{stageOwn}})
		if err == nil {
			scene(&stage{h: h, sys: sys, now: 1000 * time.Second, tell: tell})
		}
	}
}

// count tells what a call or a timer raises. Of several counters only those that it is about, if any are named.
func (g *stage) count(name, text string, do func(), about ...kernel.Counter) {
	before := g.h.Counters()
	do()
	by := g.h.Counters().Sub(before)
	if len(about) > 0 {
		all := by
		by = kernel.Counters{}
		for _, c := range about {
			by.Add(c, all.Get(c))
		}
	}
	raised(by, seen{pkg: "host", name: name, text: text}, g.tell)
}

// set changes sysctls.
func (g *stage) set(change func(*kernel.Sysctls)) {
	change(&g.sys)
	_ = g.h.SetSysctls(g.now, g.sys) // scenes set what every kernel takes
}

func (g *stage) open(o host.Options) host.Socket {
	out, _ := g.h.Open(g.now, o)
	return out.Socket
}

// segment has one arrive from the far end of what the host sent.
func (g *stage) segment(of host.Segment, flags host.Flags, seq, length uint32) host.Outcome {
	out, _ := g.h.Receive(g.now, host.Segment{From: of.To, To: of.From, Flags: flags, Seq: seq, Ack: of.End(), Len: length, Window: 65535})
	return out
}

// connected is a socket that connect() made, and its SYN; the far end has sent up to 1.
func (g *stage) connected(o host.Options) (host.Socket, host.Segment) {
	s := g.open(o)
	out, _ := g.h.Connect(g.now, s, stageFar)
	syn := out.Sent[0].Segment
	g.segment(syn, host.FlagSYN|host.FlagACK, 0, 0)
	return s, syn
}

// timer lets the next timer fire and returns what it sent.
func (g *stage) timer() (sent []host.Sent) {
	if due, armed := g.h.Next(); armed {
		out, _ := g.h.Advance(due)
		g.now, sent = due, out.Sent
	}
	return sent
}

// again lets timers fire until nothing is armed, and tells of each: what is sent the first time, the second time and
// later, and that it is given up.
func (g *stage) again(what string) {
	for _, time := range []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"} {
		due, armed := g.h.Next()
		if !armed {
			return
		}
		text := what + " is sent again, the " + time + " time"
		switch time {
		case "first", "second":
		default:
			text = what + " is sent again, the third time or later"
		}
		before := g.h.Counters()
		if sent := g.timer(); len(sent) == 0 && g.now == due {
			text = what + " is given up"
		}
		raised(g.h.Counters().Sub(before), seen{pkg: "host", name: "Host.Advance", text: text}, g.tell)
	}
}

var scenes = []func(g *stage){
	func(g *stage) {
		s := g.open(host.Options{})
		g.count("Host.Connect", "connect() sends its first SYN", func() { _, _ = g.h.Connect(g.now, s, stageFar) })
		g.again("a SYN")
	},
	func(g *stage) { // SYNs that cross
		s := g.open(host.Options{})
		out, _ := g.h.Connect(g.now, s, stageFar)
		syn := out.Sent[0].Segment
		_, _ = g.h.Receive(g.now, host.Segment{From: syn.To, To: syn.From, Flags: host.FlagSYN, Window: 65535})
		g.again("the SYN-ACK after SYNs that crossed")
	},
	func(g *stage) {
		s := g.open(host.Options{})
		out, _ := g.h.Connect(g.now, s, stageFar)
		syn := out.Sent[0].Segment
		_, _ = g.h.Receive(g.now, host.Segment{From: syn.To, To: syn.From, Flags: host.FlagSYN | host.FlagACK, Ack: syn.End(), Window: 65535, SACK: true})
		_, _ = g.h.Close(g.now, s)
		g.set(func(s *kernel.Sysctls) { s.TCPOrphanRetries = 3 })
		g.again("a FIN to a peer that allows SACK")
	},
	func(g *stage) {
		s, _ := g.connected(host.Options{})
		_, _ = g.h.Close(g.now, s)
		g.set(func(s *kernel.Sysctls) { s.TCPOrphanRetries = 3 })
		g.again("a FIN to another peer")
	},
	func(g *stage) {
		s, syn := g.connected(host.Options{})
		g.segment(syn, host.FlagACK, 1, 10)
		g.count("Host.Close", "close() with data unread", func() { _, _ = g.h.Close(g.now, s) })
	},
	func(g *stage) {
		s, _ := g.connected(host.Options{})
		g.count("Host.Abort", "close() with a linger time of 0", func() { _, _ = g.h.Abort(g.now, s) })
	},
	func(g *stage) {
		s := g.open(host.Options{})
		_, _ = g.h.Connect(g.now, s, stageFar)
		g.count("Host.Abort", "close() with a linger time of 0 in SYN-SENT", func() { _, _ = g.h.Abort(g.now, s) })
	},
	func(g *stage) {
		s, syn := g.connected(host.Options{Linger2: -1})
		out, _ := g.h.Shutdown(g.now, s)
		g.segment(out.Sent[0].Segment, host.FlagACK, 1, 0)
		_ = syn
		g.count("Host.Close", "close() in FIN-WAIT-2 with TCP_LINGER2 negative", func() { _, _ = g.h.Close(g.now, s) })
	},
	func(g *stage) {
		g.set(func(s *kernel.Sysctls) { s.TCPFinTimeout = 90 })
		s, _ := g.connected(host.Options{})
		out, _ := g.h.Close(g.now, s)
		g.segment(out.Sent[0].Segment, host.FlagACK, 1, 0)
		g.set(func(s *kernel.Sysctls) { s.TCPFinTimeout = 30 })
		g.count("Host.Advance", "FIN-WAIT-2 of nobody ends, tcp_fin_timeout having been made shorter", func() { g.timer() })
	},
	func(g *stage) {
		l := g.open(host.Options{})
		_, _ = g.h.Bind(g.now, l, stagePort)
		_, _ = g.h.Listen(g.now, l, 5)
		syn := host.Segment{From: stageFar, To: stagePort, Flags: host.FlagSYN, Window: 65535}
		out, _ := g.h.Receive(g.now, syn)
		_, _ = g.h.Receive(g.now, host.Segment{From: syn.From, To: syn.To, Flags: host.FlagACK, Seq: 1, Ack: out.Sent[0].Seq + 1, Window: 65535})
		g.count("Host.Close", "close() of a listener resets a connection that nobody accepted", func() { _, _ = g.h.Close(g.now, l) })
	},
	func(g *stage) {
		g.count("Host.Receive", "a segment for nobody", func() {
			_, _ = g.h.Receive(g.now, host.Segment{From: stageFar, To: stagePort, Flags: host.FlagSYN})
		})
	},
	func(g *stage) { // one port, two destinations
		g.set(func(s *kernel.Sysctls) { s.IPLocalPortRange = kernel.PortRange{Low: 40000, High: 40000} })
		g.connected(host.Options{})
		s := g.open(host.Options{})
		g.count("Host.Connect", "connect() shares a port that is in use elsewhere", func() {
			_, _ = g.h.Connect(g.now, s, netip.MustParseAddrPort("10.0.0.8:443"))
		}, kernel.TWRecycled)
	},
	func(g *stage) {
		g.set(func(s *kernel.Sysctls) {
			s.TCPTWReuse, s.IPLocalPortRange = 1, kernel.PortRange{Low: 40000, High: 40001}
		})
		for range 2 {
			s := g.open(host.Options{})
			out, _ := g.h.Connect(g.now, s, stageFar)
			syn := out.Sent[0].Segment
			answer := host.Segment{From: syn.To, To: syn.From, Flags: host.FlagSYN | host.FlagACK, Ack: syn.End(), Window: 65535, Timestamp: true, TSVal: 7, TSEcr: syn.TSVal}
			_, _ = g.h.Receive(g.now, answer)
			out, _ = g.h.Close(g.now, s)
			answer.Flags, answer.Seq, answer.Ack = host.FlagFIN|host.FlagACK, 1, out.Sent[0].End()
			_, _ = g.h.Receive(g.now, answer)
		}
		g.now += 5 * time.Second
		s := g.open(host.Options{})
		g.count("Host.Connect", "connect() takes a TIME-WAIT entry over", func() { _, _ = g.h.Connect(g.now, s, stageFar) }, kernel.TWRecycled)
	},
}
