package suite

import (
	"strings"
	"time"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() {
	groups["drops"] = drops
	groups["abort"] = abort
	groups["close"] = closing
}

// drops: what each way of losing a packet adds to ListenOverflows,
// ListenDrops and the listener's own sk_drops.
func drops() []Case {
	one := func(name string, run func(l *lab.Lab, step func(string, func() []lab.Got), set func(*lab.Listener))) Case {
		return Case{Exp: "sock-drops", In: M{"case": name}, Run: func(l *lab.Lab) M {
			var s *lab.Listener
			steps := []M{}
			step := func(what string, f func() []lab.Got) {
				before, d := l.Read(), s.Drops()
				got := f()
				names := []string{}
				for _, g := range got {
					names = append(names, wire.FlagNames(g.Flags))
				}
				steps = append(steps, M{"step": what, "answers": names, "counters": l.Since(before), "sk_drops": s.Drops() - d, "rq": s.RQ(), "states": s.States()})
			}
			run(l, step, func(x *lab.Listener) { s = x })
			return M{"steps": steps}
		}}
	}
	peer := func(l *lab.Lab, n int) *lab.Peer { return l.Peer(lab.Addr(n), 40000, port) }
	return []Case{
		one("request overflows twice", func(l *lab.Lab, step func(string, func() []lab.Got), set func(*lab.Listener)) {
			l.MustSet("net.ipv4.tcp_syncookies", 0)
			s := l.Listen(port, 2)
			set(s)
			p := peer(l, 0)
			step("SYN", p.SYN)
			for i := range 3 {
				peer(l, 1+i).Connect()
			}
			step("final ACK, accept queue full", p.ACK)
			step("data, accept queue full", func() []lab.Got { return p.Data(5) })
			step("same SYN, answered", func() []lab.Got { return l.Exchange(p.SYNSegment()) })
			step("same SYN at once, rate limited", func() []lab.Got { return l.Exchange(p.SYNSegment()) })
			step("SYN of a new host, accept queue full", peer(l, 9).SYN)
			fd, _ := s.Accept()
			defer closeFD(fd)
			step("data, room for one", func() []lab.Got { return p.Data(5) })
		}),
		one("SYN queue full, C=0", func(l *lab.Lab, step func(string, func() []lab.Got), set func(*lab.Listener)) {
			l.MustSet("net.ipv4.tcp_syncookies", 0)
			set(l.Listen(port, 2))
			l.Flood(3, 10, port)
			step("SYN", peer(l, 0).SYN)
		}),
		one("last quarter", func(l *lab.Lab, step func(string, func() []lab.Got), set func(*lab.Listener)) {
			l.MustSet("net.ipv4.tcp_syncookies", 0)
			l.MustSet("net.ipv4.tcp_max_syn_backlog", 4)
			set(l.Listen(port, 64))
			l.Flood(4, 10, port)
			step("SYN", peer(l, 0).SYN)
		}),
		one("cookie", func(l *lab.Lab, step func(string, func() []lab.Got), set func(*lab.Listener)) {
			l.MustSet("net.ipv4.tcp_syncookies", 1)
			s := l.Listen(port, 2)
			set(s)
			l.Flood(3, 10, port)
			p, q, r := peer(l, 0), peer(l, 1), peer(l, 2)
			step("SYN answered by a cookie", p.SYN)
			q.SYN()
			r.SYN()
			step("cookie's ACK, room", p.ACK)
			for i := range 2 {
				peer(l, 20+i).Connect()
			}
			step("cookie's ACK, accept queue full", q.ACK)
			step("cookie's data, accept queue full", func() []lab.Got { return q.Data(5) })
			r.Ack += 77
			step("bad cookie's ACK", r.ACK)
			step("SYN, both queues full", peer(l, 30).SYN)
		}),
		one("request and odd segments", func(l *lab.Lab, step func(string, func() []lab.Got), set func(*lab.Listener)) {
			set(l.Listen(port, 64))
			p := peer(l, 0)
			step("SYN", p.SYN)
			step("no flags", func() []lab.Got { return l.Exchange(p.Segment(0)) })
			step("ACK, wrong ack", func() []lab.Got { s := p.Segment(wire.ACK); s.Ack++; return l.Exchange(s) })
			step("ACK, out of window", func() []lab.Got { s := p.Segment(wire.ACK); s.Seq += 1 << 20; return l.Exchange(s) })
			step("RST", func() []lab.Got { return l.Exchange(p.Segment(wire.RST)) })
			q := peer(l, 1)
			step("SYN", q.SYN)
			step("good ACK", q.ACK)
			step("bogus ACK to the bare listener", func() []lab.Got {
				b := peer(l, 2)
				b.Ack = 77
				return b.ACK()
			})
			step("RST to the bare listener", func() []lab.Got { return l.Exchange(peer(l, 3).Segment(wire.RST)) })
			step("no flags to the bare listener", func() []lab.Got { return l.Exchange(peer(l, 4).Segment(0)) })
			step("SYN+FIN to the bare listener", func() []lab.Got { return l.Exchange(peer(l, 5).Segment(wire.SYN | wire.FIN)) })
		}),
	}
}

// abort: twenty requests, then room for four, then twenty final ACKs.
func abort() []Case {
	var cs []Case
	for _, on := range []int{0, 1} {
		cs = append(cs, Case{Exp: "abort", In: M{"abort": on, "backlog": 64, "backlogThen": 3, "clients": 20, "syncookies": 0}, Run: func(l *lab.Lab) M {
			l.MustSet("net.ipv4.tcp_syncookies", 0)
			l.MustSet("net.ipv4.tcp_max_syn_backlog", 1024)
			l.MustSet("net.ipv4.tcp_abort_on_overflow", on)
			s := l.Listen(port, 64)
			var peers []*lab.Peer
			for i := range 20 {
				p := l.Peer(lab.Addr(i), 40000, port)
				p.SYN()
				peers = append(peers, p)
			}
			out := M{"afterSyn": s.States()}
			s.Again(3)
			before, d := l.Read(), s.Drops()
			answers := []string{}
			for _, p := range peers {
				for _, g := range p.ACK() {
					answers = append(answers, p.Describe([]lab.Got{g})...)
				}
			}
			out["answers"], out["counters"], out["states"], out["rq"], out["sk_drops"] = answers, l.Since(before), s.States(), s.RQ(), s.Drops()-d
			before = l.Read()
			again := []string{}
			for _, p := range peers[4:6] {
				again = append(again, p.Describe(p.Data(5))...)
			}
			out["twoSendData"] = M{"answers": again, "counters": l.Since(before), "states": s.States()}
			return out
		}})
	}
	return cs
}

// closing: the listener goes away under three requests and two children.
func closing() []Case {
	var cs []Case
	for _, then := range []string{"silence", "ACK at 0.5 s", "same SYN at 0.5 s", "RST at 0.5 s", "new listener, ACK at 0.5 s", "new listener, same SYN at 0.5 s"} {
		cs = append(cs, Case{Exp: "close", In: M{"pending": 3, "children": 2, "then": then}, Idle: true, Run: func(l *lab.Lab) M { return closeListener(l, then) }})
	}
	return cs
}

func closeListener(l *lab.Lab, then string) M {
	s := l.Listen(port, 64)
	for i := range 2 {
		l.Peer(lab.Addr(10+i), 40000, port).Connect()
	}
	var peers []*lab.Peer
	for i := range 3 {
		p := l.Peer(lab.Addr(i), 40000, port)
		p.SYN()
		peers = append(peers, p)
	}
	out := M{"before": s.States()}
	before := l.Read()
	l.NextTick()
	l.Restart()
	s.Close()
	resets := []string{}
	for _, g := range l.Wait(5 * time.Millisecond) {
		resets = append(resets, wire.FlagNames(g.Flags))
	}
	out["onClose"] = M{"sent": resets, "counters": l.Since(before), "states": s.States()}
	if strings.HasPrefix(then, "new listener") {
		s = l.Listen(port, 64)
	}
	got, ch := l.Watch(port, 500*time.Millisecond, nil)
	p := peers[0]
	before = l.Read()
	var answer []lab.Got
	switch {
	case then == "silence":
	case strings.HasSuffix(then, "ACK at 0.5 s"):
		answer = p.ACK()
	case strings.HasSuffix(then, "SYN at 0.5 s"):
		answer = l.Exchange(p.SYNSegment())
	case strings.HasPrefix(then, "RST"):
		answer = l.Exchange(p.Segment(wire.RST))
	}
	out["then"] = M{"answers": p.Describe(answer), "counters": l.Since(before), "states": s.States()}
	before = l.Read()
	g, ch2 := l.Watch(port, 12*time.Second, nil)
	out["later"] = M{"synacks": lab.Times(append(got, g...)), "changes": append(ch, ch2...), "counters": l.Since(before)}
	return out
}
