package suite

import (
	"time"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() {
	groups["halfopen"] = halfopen
	groups["bare"] = bare
	groups["paws"] = pawsCases
	groups["rstrate"] = rstRate
}

// request opens a listener and a half-open request on it. With cookie, the
// listener has just sent a cookie to another host.
func request(l *lab.Lab, cookie, ts bool) (*lab.Listener, *lab.Peer) {
	s := l.Listen(port, 64)
	if cookie {
		l.MustSet("net.ipv4.tcp_syncookies", 2)
		l.Peer(lab.Addr(99), 40000, port).SYN()
		l.MustSet("net.ipv4.tcp_syncookies", 1)
	}
	p := l.Peer(lab.Addr(0), 40000, port)
	p.TS, p.TSVal = ts, 1000000
	p.SYN()
	return s, p
}

// odd is a segment that is not what a request waits for. Numbers are
// relative to the next ones expected; w adds the advertised window.
type odd struct {
	name  string
	flags uint8
	dseq  int64
	w     bool
	dack  int64
	data  int
}

var odds = []odd{
	{"good ACK", wire.ACK, 0, false, 0, 0},
	{"ACK, ack one too high", wire.ACK, 0, false, 1, 0},
	{"ACK, ack one too low", wire.ACK, 0, false, -1, 0},
	{"ACK, ack one too high, seq far", wire.ACK, 1 << 20, false, 1, 0},
	{"ACK, seq far ahead", wire.ACK, 1 << 20, false, 0, 0},
	{"ACK, seq one too low", wire.ACK, -1, false, 0, 0},
	{"ACK, seq at last byte of window", wire.ACK, -1, true, 0, 0},
	{"ACK, seq at end of window", wire.ACK, 0, true, 0, 0},
	{"ACK, seq one past end of window", wire.ACK, 1, true, 0, 0},
	{"data, seq one too low, 1 byte", wire.ACK | wire.PSH, -1, false, 0, 1},
	{"data, seq one too low, 2 bytes", wire.ACK | wire.PSH, -1, false, 0, 2},
	{"data in order", wire.ACK | wire.PSH, 0, false, 0, 5},
	{"data ahead in window", wire.ACK | wire.PSH, 1000, false, 0, 5},
	{"data at end of window", wire.ACK | wire.PSH, 0, true, 0, 5},
	{"no flags", 0, 0, false, 0, 0},
	{"PSH only", wire.PSH, 0, false, 0, 0},
	{"PSH only with data", wire.PSH, 0, false, 0, 5},
	{"FIN only", wire.FIN, 0, false, 0, 0},
	{"no flags, seq far ahead", 0, 1 << 20, false, 0, 0},
	{"SYN same ISN", wire.SYN, -1, false, 0, 0},
	{"SYN same ISN with data", wire.SYN, -1, false, 0, 5},
	{"SYN same ISN with PSH", wire.SYN | wire.PSH, -1, false, 0, 0},
	{"SYN same ISN with ECE CWR", wire.SYN | wire.ECE | wire.CWR, -1, false, 0, 0},
	{"SYN other seq in window", wire.SYN, 100, false, 0, 0},
	{"SYN at next seq", wire.SYN, 0, false, 0, 0},
	{"SYN other seq far ahead", wire.SYN, 1 << 20, false, 0, 0},
	{"SYN other seq before", wire.SYN, -1000, false, 0, 0},
	{"SYN+FIN same ISN", wire.SYN | wire.FIN, -1, false, 0, 0},
	{"SYN+ACK same ISN good ack", wire.SYN | wire.ACK, -1, false, 0, 0},
	{"SYN+ACK same ISN bad ack", wire.SYN | wire.ACK, -1, false, 1, 0},
	{"SYN+ACK next seq good ack", wire.SYN | wire.ACK, 0, false, 0, 0},
	{"SYN+ACK next seq bad ack", wire.SYN | wire.ACK, 0, false, 1, 0},
	{"FIN+ACK", wire.FIN | wire.ACK, 0, false, 0, 0},
	{"FIN+ACK with data", wire.FIN | wire.ACK, 0, false, 0, 5},
	{"URG+ACK", wire.URG | wire.ACK, 0, false, 0, 0},
}

var rsts = []odd{
	{"RST at next seq", wire.RST, 0, false, 0, 0},
	{"RST at next seq+1", wire.RST, 1, false, 0, 0},
	{"RST at next seq-1", wire.RST, -1, false, 0, 0},
	{"RST at last byte of window", wire.RST, -1, true, 0, 0},
	{"RST at end of window", wire.RST, 0, true, 0, 0},
	{"RST past end of window", wire.RST, 1, true, 0, 0},
	{"RST far ahead", wire.RST, 1 << 20, false, 0, 0},
	{"RST+ACK at next seq, good ack", wire.RST | wire.ACK, 0, false, 0, 0},
	{"RST+ACK at next seq, bad ack", wire.RST | wire.ACK, 0, false, 1, 0},
	{"RST+ACK at next seq+1, good ack", wire.RST | wire.ACK, 1, false, 0, 0},
	{"RST+ACK at next seq+1, bad ack", wire.RST | wire.ACK, 1, false, 1, 0},
	{"RST+ACK far ahead, bad ack", wire.RST | wire.ACK, 1 << 20, false, 1, 0},
	{"RST+SYN at next seq", wire.RST | wire.SYN, 0, false, 0, 0},
	{"RST+SYN same ISN", wire.RST | wire.SYN, -1, false, 0, 0},
}

// halfopen sends one odd segment to a request and then the good ACK.
func halfopen() []Case {
	var cs []Case
	for _, set := range []struct {
		exp   string
		odds  []odd
		heeds []bool
	}{{"rst", rsts, []bool{false}}, {"odd-segment", odds, []bool{false, true}}} {
		for _, cookie := range set.heeds {
			for _, o := range set.odds {
				in := M{"segment": o.name, "recentCookie": cookie}
				cs = append(cs, Case{Exp: set.exp, In: in, Run: func(l *lab.Lab) M { return oddSegment(l, o, cookie) }})
			}
		}
	}
	return cs
}

func oddSegment(l *lab.Lab, o odd, cookie bool) M {
	s, p := request(l, cookie, false)
	window := synackWindow(l, p)
	seg := p.Segment(o.flags)
	seg.Seq += uint32(o.dseq)
	if o.w {
		seg.Seq += window
	}
	if o.flags&wire.ACK != 0 {
		seg.Ack += uint32(o.dack)
	}
	if o.flags&wire.SYN != 0 {
		seg.MSS = 1460
	}
	seg.Data = make([]byte, o.data)
	drops := s.Drops()
	before := l.Read()
	got := l.Exchange(seg)
	out := M{"answers": p.Describe(got), "counters": l.Since(before), "states": s.States(), "rq": s.RQ(), "window": window, "drops": s.Drops() - drops}
	if s.States()["SYN_RECV"] > 0 {
		before = l.Read()
		out["thenGoodACK"] = M{"answers": p.Describe(p.ACK()), "counters": l.Since(before), "states": s.States()}
	}
	return out
}

// synackWindow asks for the SYN-ACK again to read the window in it.
func synackWindow(l *lab.Lab, p *lab.Peer) uint32 {
	for _, g := range l.Exchange(p.SYNSegment()) {
		if g.Is(wire.SYN | wire.ACK) {
			l.Wait(600 * time.Millisecond) // so that rate limits forget it
			return uint32(g.Window)
		}
	}
	return 0
}

// bare: flags at a listener that has nothing else.
func bare() []Case {
	var cs []Case
	for _, cookie := range []bool{false, true} {
		for _, f := range []uint8{
			wire.RST, wire.RST | wire.ACK, wire.SYN | wire.FIN, wire.FIN, 0, wire.SYN | wire.ACK, wire.ACK, wire.SYN | wire.RST,
			wire.SYN | wire.PSH, wire.PSH, wire.PSH | wire.ACK, wire.FIN | wire.ACK, wire.SYN | wire.URG, wire.SYN | wire.ECE | wire.CWR,
			wire.SYN | wire.FIN | wire.ACK, wire.SYN,
		} {
			in := M{"flags": wire.FlagNames(f), "recentCookie": cookie}
			cs = append(cs, Case{Exp: "bare-flags", In: in, Run: func(l *lab.Lab) M {
				s := l.Listen(port, 64)
				if cookie {
					l.MustSet("net.ipv4.tcp_syncookies", 2)
					l.Peer(lab.Addr(99), 40000, port).SYN()
					l.MustSet("net.ipv4.tcp_syncookies", 1)
				}
				p := l.Peer(lab.Addr(0), 40000, port)
				seg := p.Segment(f)
				if f&wire.ACK != 0 {
					seg.Ack = p.ISN + 12345
				}
				if f&wire.SYN != 0 {
					seg.MSS = 1460
				}
				drops := s.Drops()
				before := l.Read()
				got := l.Exchange(seg)
				return M{"answers": p.Describe(got), "counters": l.Since(before), "states": s.States(), "drops": s.Drops() - drops}
			}})
		}
	}
	return cs
}

// pawsCases: timestamps on the segments that come to a request.
func pawsCases() []Case {
	var cs []Case
	for _, c := range []struct {
		name       string
		dval, decr int64
		zero, noTS bool
		flags      uint8
		data       int
		bareSYN    bool
	}{
		{name: "ACK, TSval one later", dval: 1, flags: wire.ACK},
		{name: "ACK, TSval same", flags: wire.ACK},
		{name: "ACK, TSval one older", dval: -1, flags: wire.ACK},
		{name: "ACK, TSval much older", dval: -1000, flags: wire.ACK},
		{name: "data, TSval one older", dval: -1, flags: wire.ACK | wire.PSH, data: 5},
		{name: "RST, TSval one older", dval: -1, flags: wire.RST},
		{name: "SYN same ISN, TSval one older", dval: -1, flags: wire.SYN, bareSYN: true},
		{name: "SYN same ISN, TSval later", dval: 1, flags: wire.SYN, bareSYN: true},
		{name: "ACK, TSecr 0", dval: 1, zero: true, flags: wire.ACK},
		{name: "ACK, TSecr one too high", dval: 1, decr: 1, flags: wire.ACK},
		{name: "ACK, TSecr 10000 too high", dval: 1, decr: 10000, flags: wire.ACK},
		{name: "ACK, TSecr one too low", dval: 1, decr: -1, flags: wire.ACK},
		{name: "ACK, TSecr 100000 too low", dval: 1, decr: -100000, flags: wire.ACK},
		{name: "ACK without timestamp", noTS: true, flags: wire.ACK},
		{name: "data, TSecr 10000 too high", dval: 1, decr: 10000, flags: wire.ACK | wire.PSH, data: 5},
		{name: "RST, TSecr 10000 too high", dval: 1, decr: 10000, flags: wire.RST},
	} {
		cs = append(cs, Case{Exp: "paws", In: M{"segment": c.name}, Run: func(l *lab.Lab) M {
			s, p := request(l, false, true)
			l.Wait(600 * time.Millisecond)
			seg := p.Segment(c.flags)
			if c.bareSYN {
				seg = p.SYNSegment()
			} else {
				seg.TSEcr += uint32(c.decr)
			}
			seg.TSVal += uint32(c.dval)
			if c.zero {
				seg.TSEcr = 0
			}
			if c.noTS {
				seg.TS = false
			}
			seg.Data = make([]byte, c.data)
			before := l.Read()
			got := l.Exchange(seg)
			out := M{"answers": p.Describe(got), "counters": l.Since(before), "states": s.States(), "rq": s.RQ()}
			if s.States()["SYN_RECV"] > 0 {
				before = l.Read()
				p.TSVal += 10
				out["thenGoodACK"] = M{"answers": p.Describe(p.ACK()), "counters": l.Since(before), "states": s.States()}
			}
			return out
		}})
	}
	return cs
}

// rstRate: inexact RSTs to one request, one after the other, and whether the
// answers share a rate limit with those to other segments.
func rstRate() []Case {
	var cs []Case
	for _, limit := range []int{0, 500} {
		cs = append(cs, Case{Exp: "rst-rate", In: M{"tcp_invalid_ratelimit": limit, "everyMs": 10}, Run: func(l *lab.Lab) M {
			l.MustSet("net.ipv4.tcp_invalid_ratelimit", limit)
			s, p := request(l, false, false)
			steps := []M{}
			send := func(what string, flags uint8, dseq uint32) {
				l.Wait(10 * time.Millisecond)
				seg := p.Segment(flags)
				seg.Seq += dseq
				before := l.Read()
				got := l.Exchange(seg)
				steps = append(steps, M{"t": lab.Seconds(l.Now()), "sent": what, "answers": p.Describe(got), "counters": l.Since(before), "states": s.States()})
			}
			l.Restart()
			for range 3 {
				send("RST at next seq+1", wire.RST, 1)
			}
			send("ACK far ahead", wire.ACK, 1<<20)
			send("ACK far ahead", wire.ACK, 1<<20)
			send("RST at next seq+1", wire.RST, 1)
			send("SYN same ISN", wire.SYN, 1<<32-1)
			l.Wait(600 * time.Millisecond)
			send("RST at next seq+1", wire.RST, 1)
			send("RST at next seq", wire.RST, 0)
			return M{"steps": steps}
		}})
	}
	return cs
}
