package suite

import (
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() {
	groups["twsegment"] = twSegment
	groups["twgone"] = twGone
	groups["twlimits"] = func() []Case { return append(twRateLimit(), twBuckets()...) }
}

// Kinds of segments: flags and length.
var segmentKinds = []probe{
	{flags: wire.SYN}, {flags: wire.SYN, n: 10}, {flags: wire.SYN | wire.ACK}, {flags: wire.SYN | wire.FIN}, {flags: wire.SYN | wire.RST},
	{flags: wire.ACK}, {flags: wire.ACK | wire.PSH, n: 10}, {flags: wire.PSH, n: 10}, {flags: wire.FIN | wire.ACK}, {flags: wire.FIN},
	{flags: wire.FIN | wire.ACK | wire.PSH, n: 10}, {flags: wire.RST}, {flags: wire.RST | wire.ACK}, {flags: 0},
}

// A stamping says whether the connection and the segment have timestamps.
type stamping struct {
	conn, seg bool
	dts       int64
}

var stamps = []stamping{
	{true, false, 0}, {true, true, -1}, {true, true, 0}, {true, true, 1}, {true, true, -1 << 31}, {false, false, 0}, {false, true, 1},
}

// positions of a segment's first number from rcv_nxt; w is added where inWnd.
var positions = []struct {
	d     int64
	inWnd bool
}{
	{-1 << 31, false}, {-100000, false}, {-10, false}, {-1, false}, {0, false}, {1, false}, {-10, true}, {-1, true}, {0, true}, {1, true}, {1<<31 - 1, false},
}

// twSegment: one segment to a minisock a second after its entry, for every
// kind, place and timestamp.
func twSegment() []Case {
	var cs []Case
	add := func(substate string, b probe, st stamping, rfc1337 int) {
		b.ts, b.dts = st.seg, st.dts
		in := b.in()
		in["substate"], in["connTS"], in["rfc1337"] = substate, st.conn, rfc1337
		cs = append(cs, Case{Exp: "tw-segment", In: in, Idle: true, Run: func(l *lab.Lab) M { return segmentRows(l, substate, b, st.conn, rfc1337) }})
	}
	for _, substate := range []string{"TIME_WAIT", "FIN_WAIT2"} {
		for _, st := range stamps {
			for _, b := range segmentKinds {
				add(substate, b, st, 0)
				if b.flags&wire.RST != 0 {
					add(substate, b, st, 1)
				}
			}
		}
	}
	return cs
}

func segmentRows(l *lab.Lab, substate string, b probe, ts bool, rfc1337 int) M {
	l.MustSet("net.ipv4.tcp_rfc1337", rfc1337)
	s := l.Listen(port, 64)
	conns := make([]*conn, len(positions))
	for i := range conns {
		conns[i] = dial(l, s, i, ts)
		conns[i].closing(substate)
	}
	l.Wait(time.Second)
	rows := []M{}
	for i, at := range positions {
		c := conns[i]
		b.dseq = at.d
		if at.inWnd {
			b.dseq += int64(c.window)
		}
		row := M{"dseq": b.dseq, "leftBefore": c.entry().Left}
		before := l.Read()
		row["answers"] = c.answers(c.own(l.Exchange(c.probe(b))))
		row["counters"] = l.Since(before)
		e := c.entry()
		row["state"], row["leftAfter"] = e.State, e.Left
		if e.State == "SYN_RECV" { // ends the request, so that it stays out of the next row
			l.Exchange(c.probe(probe{flags: wire.RST, dseq: b.dseq + 1, ts: b.ts, dts: b.dts}))
		}
		if ts && e.Timer == 3 { // what it answers to old data tells ts_recent
			got := l.Exchange(c.probe(probe{flags: wire.ACK | wire.PSH, n: 1, dseq: -1}))
			if len(got) == 1 && got[0].TS {
				row["tsRecentAfter"] = int32(got[0].TSEcr - c.TSVal)
			}
		}
		rows = append(rows, row)
	}
	return M{"rows": rows, "window": conns[0].window}
}

// twGone: the same 30 s after entry, and the time until the row is gone.
func twGone() []Case {
	var cs []Case
	add := func(substate string, rfc1337 int, ts bool, bs ...probe) {
		for _, b := range bs {
			in := b.in()
			in["substate"], in["connTS"], in["rfc1337"], in["dseq"], in["atMs"] = substate, ts, rfc1337, b.dseq, 30000
			cs = append(cs, Case{Exp: "tw-gone", In: in, Idle: true, Run: func(l *lab.Lab) M {
				l.MustSet("net.ipv4.tcp_rfc1337", rfc1337)
				return gone(l, substate, ts, b)
			}})
		}
	}
	ack, psh, fin, rst, syn := uint8(wire.ACK), uint8(wire.ACK|wire.PSH), uint8(wire.FIN|wire.ACK), uint8(wire.RST), uint8(wire.SYN)
	for _, ts := range []bool{false, true} {
		add("TIME_WAIT", 0, ts, probe{flags: ack, ts: ts}, probe{flags: ack, dseq: -1, ts: ts}, probe{flags: ack, dseq: 1, ts: ts},
			probe{flags: psh, n: 10, ts: ts}, probe{flags: psh, n: 10, dseq: -10, ts: ts}, probe{flags: fin, dseq: -1, ts: ts},
			probe{flags: wire.FIN, dseq: -1, ts: ts}, probe{flags: syn, ts: ts}, probe{flags: syn, dseq: -1, ts: ts},
			probe{flags: syn | ack, dseq: -1, ts: ts}, probe{flags: rst, dseq: 1, ts: ts}, probe{flags: 0, ts: ts}, probe{flags: 0, dseq: -1, ts: ts})
		add("TIME_WAIT", 1, ts, probe{flags: rst, ts: ts}, probe{flags: rst, dseq: 1, ts: ts})
		add("FIN_WAIT2", 0, ts, probe{flags: ack, ts: ts}, probe{flags: ack, dseq: -1, ts: ts}, probe{flags: fin, ts: ts}, probe{flags: wire.FIN, ts: ts},
			probe{flags: syn, dseq: -1, ts: ts})
	}
	add("TIME_WAIT", 0, true, probe{flags: syn, dseq: -1, ts: true, dts: -1}, probe{flags: syn, dseq: 1, ts: true, dts: -1}, probe{flags: rst, ts: true, dts: -1})
	for _, dts := range []int64{-1, 1} {
		add("TIME_WAIT", 0, true, probe{flags: ack, ts: true, dts: dts}, probe{flags: psh, n: 10, dseq: -10, ts: true, dts: dts})
		add("TIME_WAIT", 1, true, probe{flags: rst, ts: true, dts: dts})
		add("FIN_WAIT2", 0, true, probe{flags: ack, ts: true, dts: dts}, probe{flags: fin, ts: true, dts: dts})
	}
	return cs
}

func gone(l *lab.Lab, substate string, ts bool, b probe) M {
	s := l.Listen(port, 64)
	before := l.Read()
	w := newFollower(l)
	c := dial(l, s, 0, ts)
	c.finWait2()
	w.enter()
	if substate == "TIME_WAIT" {
		c.fin()
	}
	w.until(30 * time.Second)
	at := lab.Tick()
	answers := c.answers(l.Exchange(c.probe(b)))
	out := w.until(95 * time.Second)
	out["answers"], out["segmentAtJiffies"] = answers, w.zero+uint64(at)
	out["counters"] = l.Since(before)
	return out
}

// twRateLimit: the same segment again and again.
func twRateLimit() []Case {
	var cs []Case
	times := []int{0, 10, 300, 496, 500, 504, 700, 990, 1000, 1010, 1600, 2600}
	for _, substate := range []string{"TIME_WAIT", "FIN_WAIT2"} {
		for _, limit := range []int{500, 0, 1000} {
			for _, b := range []probe{
				{flags: wire.ACK, dseq: -1}, {flags: wire.SYN, dseq: -1}, {flags: wire.SYN | wire.ACK, dseq: -1}, {flags: wire.SYN, n: 10, dseq: -1}, {flags: wire.ACK | wire.PSH, n: 10, dseq: -10},
				{flags: wire.FIN | wire.ACK, dseq: -1}, {flags: wire.FIN, dseq: -1}, {flags: 0, dseq: -1}, {flags: wire.RST, dseq: -1}, {flags: wire.ACK, dseq: 100000},
				{flags: wire.ACK, ts: true, dts: -1}, {flags: wire.RST, ts: true, dts: -1}, {flags: wire.FIN | wire.ACK, dseq: -1, ts: true, dts: -1},
			} {
				if limit == 1000 && b.flags != wire.ACK {
					continue
				}
				in := b.in()
				in["substate"], in["tcp_invalid_ratelimit"], in["dseq"], in["connTS"], in["atMs"] = substate, limit, b.dseq, true, times
				cs = append(cs, Case{Exp: "tw-ratelimit", In: in, Idle: true, Run: func(l *lab.Lab) M {
					l.MustSet("net.ipv4.tcp_invalid_ratelimit", limit)
					s := l.Listen(port, 64)
					c := dial(l, s, 0, true)
					c.closing(substate)
					l.Wait(2 * time.Second)
					before := l.Read()
					l.NextTick()
					l.Restart()
					first := lab.Tick()
					rows := []M{}
					for _, ms := range times {
						l.WaitUntil(time.Duration(ms) * time.Millisecond)
						at := lab.Tick() - first
						n := len(l.Exchange(c.probe(b)))
						e := c.entry()
						rows = append(rows, M{"atMs": ms, "jiffies": at, "answers": n, "state": e.State, "left": e.Left})
					}
					return M{"rows": rows, "counters": l.Since(before)}
				}})
			}
		}
	}
	return cs
}

// twBuckets: more closes than tcp_max_tw_buckets, and what the peers get
// that have no minisock.
func twBuckets() []Case {
	var cs []Case
	for _, limit := range []int{0, 1, 3} {
		for _, substate := range []string{"TIME_WAIT", "FIN_WAIT2"} {
			cs = append(cs, buckets(limit, substate))
		}
	}
	return cs
}

func buckets(limit int, substate string) Case {
	in := M{"tcp_max_tw_buckets": limit, "substate": substate, "closes": 5}
	return Case{Exp: "tw-buckets", In: in, Run: func(l *lab.Lab) M {
		out := M{"set": num(l.Set("net.ipv4.tcp_max_tw_buckets", limit))}
		s := l.Listen(port, 64)
		conns := make([]*conn, 5)
		for i := range conns {
			conns[i] = dial(l, s, i, true)
		}
		before := l.Read()
		rows := []M{}
		for _, c := range conns {
			unix.Close(c.fd)
			c.hear(settle(l))
			c.l.Inject(c.Segment(wire.ACK))
			row := M{"afterACK": c.entry().State}
			if substate == "TIME_WAIT" {
				row["toFIN"] = c.answers(l.Exchange(c.Segment(wire.FIN | wire.ACK)))
				c.Next++
			}
			row["state"] = c.entry().State
			rows = append(rows, row)
		}
		out["counters"], out["states"] = l.Since(before), s.States()
		for i, c := range conns {
			rows[i]["toOldFIN"] = c.answers(l.Exchange(c.probe(probe{flags: wire.FIN | wire.ACK, dseq: -1, ts: true})))
		}
		out["closed"] = rows
		return out
	}}
}
