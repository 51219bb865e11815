package suite

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() {
	groups["fullsocket"] = fullSocket
	// What is known to differ between patch levels.
	groups["fullsocketfew"] = func() (few []Case) {
		for _, c := range fullSocket() {
			k, f := c.In["socket"], c.In["flags"]
			if c.Exp == "full-socket" && c.In["timestamps"] == false && (k == "est" && f == "ACK" || k == "cw" && f == "ACK" || k == "fw2" && f == "ACK" || k == "syn-recv" && f == "SYN|ACK") {
				few = append(few, c)
			}
		}
		return few
	}
}

// A socketKind is a way to bring a socket into a state.
type socketKind struct {
	name   string
	state  string
	orphan bool
	// before is done once to all connections of a case, then a pause; last to each just ahead of its segment.
	before, last func(c *conn)
}

func (c *conn) shut(how int) { unix.Shutdown(c.fd, how) }

func (c *conn) peerFIN() {
	c.l.Inject(c.Segment(wire.FIN | wire.ACK))
	c.Next++
}

// ackFIN acknowledges our FIN.
func (c *conn) ackFIN() {
	c.Ack++
	c.l.Inject(c.Segment(wire.ACK))
}

func socketKinds() []socketKind {
	wr := func(c *conn) { c.shut(unix.SHUT_WR) }
	rdwr := func(c *conn) { c.shut(unix.SHUT_RDWR) }
	clo := func(c *conn) { c.close(); c.fd = -1 }
	then := func(fs ...func(*conn)) func(*conn) {
		return func(c *conn) {
			for _, f := range fs {
				f(c)
			}
		}
	}
	fin, ack := (*conn).peerFIN, (*conn).ackFIN
	linger := func(c *conn) { unix.SetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_LINGER2, -1) }
	return []socketKind{
		{"est", "ESTABLISHED", false, nil, nil},
		{"est-rd", "ESTABLISHED", false, nil, func(c *conn) { c.shut(unix.SHUT_RD) }},
		{"cw", "CLOSE_WAIT", false, fin, nil},
		{"fw1", "FIN_WAIT1", false, nil, wr},
		{"fw1-rdwr", "FIN_WAIT1", false, nil, rdwr},
		{"fw1-orphan", "FIN_WAIT1", true, nil, clo},
		{"fw1-linger", "FIN_WAIT1", true, nil, then(linger, clo)},
		{"fw2", "FIN_WAIT2", false, then(wr, ack), nil},
		{"fw2-rdwr", "FIN_WAIT2", false, then(rdwr, ack), nil},
		{"fw2-orphan", "FIN_WAIT2", true, then(clo, ack), nil},
		{"closing", "CLOSING", false, nil, then(wr, fin)},
		{"closing-orphan", "CLOSING", true, nil, then(clo, fin)},
		{"lastack", "LAST_ACK", false, fin, wr},
		{"lastack-orphan", "LAST_ACK", true, fin, clo},
	}
}

// fullProbe is one segment. dack counts from what we sent, dseq from what we expect; edge
// adds the window to dseq.
type fullProbe struct {
	n          int
	dseq, dack int64
	edge       bool
	ts         bool
	dts        int64
}

func fullProbes() []fullProbe {
	var ps []fullProbe
	for _, n := range []int{0, 10} {
		for _, d := range []int64{0, -1, 1, -5, -10, -11, -70000, 1 << 30, -1 << 31} {
			ps = append(ps, fullProbe{n: n, dseq: d})
		}
		for _, d := range []int64{-1000, -11, -10, -5, -1, 0, 1} {
			ps = append(ps, fullProbe{n: n, dseq: d, edge: true})
		}
		for _, a := range []int64{-1, -2, -3, -1000, -70000, 1, 1000, 1 << 30, -1 << 31} {
			for _, d := range []int64{0, -1, 1} {
				ps = append(ps, fullProbe{n: n, dseq: d, dack: a})
			}
		}
	}
	return ps
}

func fullSocket() []Case {
	var cs []Case
	kinds := []uint8{wire.ACK, wire.FIN | wire.ACK, wire.RST, wire.RST | wire.ACK, wire.SYN, wire.SYN | wire.ACK, 0, wire.FIN}
	for _, k := range socketKinds() {
		for _, f := range kinds {
			cs = append(cs, Case{Exp: "full-socket", In: M{"socket": k.name, "flags": wire.FlagNames(f), "timestamps": false}, Run: func(l *lab.Lab) M {
				var ps []fullProbe
				for _, p := range fullProbes() {
					if f&wire.ACK == 0 && p.dack != 0 || (f&(wire.RST|wire.SYN) != 0 && p.n > 0 && p.dseq != 0) {
						continue
					}
					ps = append(ps, p)
				}
				return fullRows(l, k, f, false, ps)
			}})
			cs = append(cs, Case{Exp: "full-socket", In: M{"socket": k.name, "flags": wire.FlagNames(f), "timestamps": true}, Run: func(l *lab.Lab) M {
				var ps []fullProbe
				for _, dts := range []int64{0, -5, 5} {
					for _, d := range []int64{0, -1, 1, 1 << 30} {
						ps = append(ps, fullProbe{dseq: d, ts: true, dts: dts}, fullProbe{n: 10, dseq: d, ts: true, dts: dts})
					}
				}
				return fullRows(l, k, f, true, ps)
			}})
		}
	}
	for _, ts := range []bool{false, true} {
		for _, k := range []string{"syn-sent", "syn-recv"} {
			for _, f := range append(kinds, wire.FIN|wire.SYN|wire.ACK, wire.FIN|wire.SYN, wire.SYN|wire.RST, wire.SYN|wire.RST|wire.ACK) {
				cs = append(cs, Case{Exp: "full-socket", In: M{"socket": k, "flags": wire.FlagNames(f), "timestamps": ts}, Run: func(l *lab.Lab) M { return openRows(l, k, f, ts) }})
			}
		}
	}
	return append(cs, fullLimits()...)
}

// shown are the counters that tell nothing here.
var dull = []string{"TCPHPAcks", "TCPPureAcks", "TCPHPHits", "TCPOrigDataSent", "TCPDelivered", "CurrEstab", "TCPAutoCorking", "TCPKeepAlive", "TCPRcvCoalesce"}

func counted(l *lab.Lab, before lab.Counters) string {
	m := l.Since(before)
	var s []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(dull, k) {
			s = append(s, fmt.Sprintf("%s %d", k, m[k]))
		}
	}
	return strings.Join(s, ", ")
}

// fullRows: one segment to each of as many sockets in the same state. A row is
// "len dseq dack dts | answers | counters | state timer error", an answer
// "FLAGS seq ack @milliseconds" with seq from our next number, ack from the peer's.
func fullRows(l *lab.Lab, k socketKind, flags uint8, ts bool, ps []fullProbe) M {
	l.MustSet("net.ipv4.tcp_fin_timeout", 200)
	s := l.Listen(port, 4096)
	conns := make([]*conn, len(ps))
	edges := make([]uint32, len(ps)) // right edges of the windows offered
	hear := func(got []lab.Got) {
		for _, g := range got {
			if i := int(g.DPort) - 40000; i >= 0 && i < len(ps) && g.Flags&wire.ACK != 0 {
				edges[i] = g.Ack + uint32(g.Window)
			}
		}
	}
	for i := range ps {
		p := l.Peer([4]byte{10, 9, 9, 9}, uint16(40000+i), s.Port)
		p.TS, p.TSVal = ts, firstTS
		got := p.SYN()
		hear(got)
		p.ACK()
		fd, err := s.Accept()
		if err != nil {
			panic("accept: " + err.Error())
		}
		conns[i] = &conn{p, l, fd, 0}
		if k.before != nil {
			k.before(conns[i])
		}
		hear(l.Drain())
	}
	hear(l.Wait(80 * time.Millisecond))
	var rows []string
	var wnd uint32
	for i, p := range ps {
		c := conns[i]
		if k.last != nil {
			k.last(c)
		}
		hear(l.Drain())
		sndNxt, rcvNxt := c.Ack, c.Next
		if k.last != nil {
			sndNxt++ // our FIN
		}
		wnd = edges[i] - rcvNxt
		seg := c.Segment(flags)
		if p.edge {
			p.dseq += int64(wnd)
		}
		seg.Seq = rcvNxt + uint32(p.dseq)
		if flags&wire.ACK != 0 {
			seg.Ack = sndNxt + uint32(p.dack)
		}
		seg.TS, seg.TSVal = p.ts, c.TSVal+uint32(p.dts)
		seg.Data = make([]byte, p.n)
		row := fmt.Sprintf("%d %d %d %d | ", p.n, p.dseq, p.dack, p.dts)
		rows = append(rows, row+c.told(seg, sndNxt, rcvNxt))
		c.close()
		c.l.Inject(func() wire.Segment { s := c.Segment(wire.RST); s.Seq = rcvNxt; return s }())
	}
	return M{"rows": rows, "window": wnd}
}

// told sends a segment and says what came of it.
func (c *conn) told(seg wire.Segment, sndNxt, rcvNxt uint32) string {
	l := c.l
	l.Drain()
	before := l.Read()
	start := l.Now()
	l.Inject(seg)
	got := c.own(l.Drain())
	if len(got) == 0 && seg.Flags&wire.RST == 0 && (len(seg.Data) > 0 || seg.Flags&wire.FIN != 0) {
		got = c.own(l.Wait(60 * time.Millisecond))
	}
	e := c.entry()
	var as []string
	for _, g := range got {
		seq := fmt.Sprint(int32(g.Seq - sndNxt))
		if g.Seq == 0 {
			seq = "=0"
		}
		ack := "-"
		if g.Flags&wire.ACK != 0 {
			ack = fmt.Sprint(int32(g.Ack - rcvNxt))
		}
		as = append(as, fmt.Sprintf("%s %s %s @%d", wire.FlagNames(g.Flags), seq, ack, (g.At-start)/time.Millisecond))
	}
	errno := "-"
	if c.fd >= 0 {
		n, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			n = -1
		}
		errno = fmt.Sprint(n)
	}
	return strings.Join(as, ", ") + " | " + counted(l, before) + " | " + fmt.Sprintf("%s %d %s", e.State, e.Timer, errno)
}

// openRows: segments to a socket in SYN_SENT or, after SYNs that crossed, SYN_RECV.
func openRows(l *lab.Lab, kind string, flags uint8, ts bool) M {
	var rows []string
	for _, n := range []int{0, 10} {
		for _, dseq := range []int64{0, -1, 1, 1 << 30, -1 << 31} {
			if kind == "syn-sent" && dseq > 0 {
				continue
			}
			for _, dack := range []int64{0, -1, -2, 1, -1000, 1000, 1 << 30} {
				if flags&wire.ACK == 0 && dack != 0 || n > 0 && dack < -1 {
					continue
				}
				for _, dts := range []int64{0, -5, 5} {
					if dts != 0 && !ts {
						continue
					}
					rows = append(rows, fmt.Sprintf("%d %d %d %d | ", n, dseq, dack, dts)+openRow(l, kind, flags, ts, n, dseq, dack, dts))
				}
			}
		}
	}
	return M{"rows": rows}
}

func openRow(l *lab.Lab, kind string, flags uint8, ts bool, n int, dseq, dack, dts int64) string {
	fd, syn, err := connect(l, nil)
	if syn == nil {
		panic("no SYN: " + num(err))
	}
	p := l.Peer(remote, 443, int(syn.SPort))
	p.TS, p.TSVal, p.TSEcr, p.Ack = ts, firstTS, syn.TSVal, syn.Seq+1
	c := &conn{p, l, fd, 0}
	if kind == "syn-recv" {
		l.Inject(p.SYNSegment())
		p.Next++
		l.Drain()
	}
	seg := p.Segment(flags)
	seg.Seq = p.Next + uint32(dseq)
	if flags&wire.ACK != 0 {
		seg.Ack += uint32(dack)
	}
	if flags&wire.SYN != 0 {
		seg.MSS = 1460
	}
	seg.TSVal += uint32(dts)
	seg.Data = make([]byte, n)
	out := c.told(seg, p.Ack, p.Next)
	left := c.entry().Left
	unix.Close(fd)
	l.Inject(func() wire.Segment { s := c.Segment(wire.RST | wire.ACK); s.Seq = p.Next; return s }())
	l.Drain()
	return fmt.Sprintf("%s %d", out, left)
}

// fullLimits: the same segment twice, 100 ms apart.
func fullLimits() []Case {
	var cs []Case
	for _, k := range socketKinds() {
		if k.last != nil { // retransmits
			continue
		}
		for _, b := range []struct {
			f          uint8
			n          int
			dseq, dack int64
		}{
			{wire.ACK, 0, 100000, 0}, {wire.ACK, 10, 100000, 0}, {wire.ACK, 0, 0, -70000}, {wire.ACK, 10, 0, -70000}, {wire.ACK, 0, 0, 1000}, {wire.ACK, 10, 0, 1000},
			{wire.SYN, 0, 0, 0}, {wire.SYN, 10, 0, 0}, {wire.RST, 0, 1, 0}, {wire.RST, 10, 1, 0}, {wire.FIN | wire.ACK, 0, 100000, 0}, {wire.FIN | wire.ACK, 0, -1, 0}, {wire.ACK, 0, 0, -1},
		} {
			in := M{"socket": k.name, "flags": wire.FlagNames(b.f), "len": b.n, "dseq": b.dseq, "dack": b.dack}
			cs = append(cs, Case{Exp: "full-twice", In: in, Idle: true, Run: func(l *lab.Lab) M {
				l.MustSet("net.ipv4.tcp_fin_timeout", 200)
				c := dial(l, l.Listen(port, 64), 0, false)
				if k.before != nil {
					k.before(c)
				}
				l.Wait(80 * time.Millisecond)
				l.Restart()
				var rows []string
				for _, ms := range []int{0, 100, 450, 550, 700} {
					l.WaitUntil(time.Duration(ms) * time.Millisecond)
					seg := c.Segment(b.f)
					seg.Seq += uint32(b.dseq)
					if b.f&wire.ACK != 0 {
						seg.Ack += uint32(b.dack)
					}
					seg.Data = make([]byte, b.n)
					rows = append(rows, fmt.Sprintf("%d | ", ms)+c.told(seg, c.Ack, c.Next))
				}
				c.close()
				return M{"rows": rows}
			}})
		}
	}
	return cs
}
