package suite

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() { groups["twstandard"] = twStandard }

// An offset is where a SYN is relative to what it meets.
type offset struct {
	ts        bool
	dseq, dts int64
}

// twStandard is the part of the first recordings that is about closing.
func twStandard() []Case {
	var cs []Case
	for _, connTS := range []bool{true, false} {
		for _, o := range []offset{
			{true, 1, 1}, {true, 0, 1}, {true, -1, 1}, {true, 1, 0}, {true, 0, 0}, {true, -1000, 0}, {true, 1, -1}, {true, 1000, -1},
			{true, 1000, -2}, {true, -1000, -1}, {false, 1, 0}, {false, 0, 0}, {false, -1, 0}, {true, -100000, 5},
		} {
			in := M{"connTS": connTS, "dseq": o.dseq, "dts": o.dts, "synTS": o.ts}
			cs = append(cs, Case{Exp: "twsyn", In: in, Run: func(l *lab.Lab) M { return twSYN(l, connTS, o) }})
		}
	}
	cs = append(cs, Case{Exp: "twsyn-nolistener", Run: twNoListener})
	for _, v := range []int{0, 1} {
		cs = append(cs, Case{Exp: "twrst", In: M{"rfc1337": v}, Run: func(l *lab.Lab) M {
			l.MustSet("net.ipv4.tcp_rfc1337", v)
			s := l.Listen(port, 64)
			c := dial(l, s, 0, true)
			c.timeWait()
			l.Exchange(c.Segment(wire.RST))
			return M{"after": s.States()}
		}})
	}
	cs = append(cs, Case{Exp: "twlimit", In: M{"closes": 6, "max_tw_buckets": 3}, Run: func(l *lab.Lab) M {
		l.MustSet("net.ipv4.tcp_max_tw_buckets", 3)
		s := l.Listen(port, 64)
		before := l.Read()
		for i := range 6 {
			dial(l, s, i, true).timeWait()
		}
		return M{"counters": l.Since(before), "states": s.States()}
	}})
	for _, o := range []offset{
		{true, 1, 1}, {true, 1000000000, 1}, {true, -1000, 1}, {true, 1000000000, -10}, {true, 1000, -10}, {false, 1000, 0}, {false, 1000000000, 0},
	} {
		in := M{"dseq": o.dseq, "dts": o.dts, "synTS": o.ts}
		cs = append(cs, Case{Exp: "closewait", In: in, Run: func(l *lab.Lab) M { return closeWait(l, o) }})
	}
	for _, reuse := range []int{0, 1, 2} {
		for _, ts := range []bool{true, false} {
			for _, wait := range []int{0, 500, 1200, 2100, 3100} {
				in := M{"loopback": false, "reuse": reuse, "ts": ts, "waitMs": wait}
				cs = append(cs, Case{Exp: "twreuse", In: in, Idle: true, Run: func(l *lab.Lab) M { return twReuse(l, reuse, ts, wait) }})
			}
		}
	}
	for _, fin := range []int{60, 10} {
		cs = append(cs, Case{Exp: "twlife", In: M{"fin_timeout": fin}, Idle: true, Run: func(l *lab.Lab) M { return life(l, fin, "TIME_WAIT") }})
	}
	for _, fin := range []int{60, 30, 120} {
		cs = append(cs, Case{Exp: "finwait2", In: M{"fin_timeout": fin}, Idle: true, Run: func(l *lab.Lab) M { return life(l, fin, "FIN_WAIT2") }})
	}
	return append(cs, Case{Exp: "synretx", In: M{"retries": "6"}, Idle: true, Run: synRetransmissions})
}

// twSYN: a SYN of the same 4-tuple to a TIME_WAIT.
func twSYN(l *lab.Lab, connTS bool, o offset) M {
	s := l.Listen(port, 64)
	c := dial(l, s, 0, connTS)
	c.timeWait()
	out := M{"before": s.States()}
	before := l.Read()
	resp := []string{}
	for _, g := range l.Exchange(c.probe(probe{flags: wire.SYN, dseq: o.dseq, ts: o.ts, dts: o.dts})) {
		switch {
		case g.Is(wire.SYN | wire.ACK):
			resp = append(resp, fmt.Sprintf("SYNACK isn=snd_nxt%+d", int32(g.Seq-c.Ack)))
		default:
			resp = append(resp, fmt.Sprintf("%s seq=snd_nxt%+d ack=rcv_nxt%+d", wire.FlagNames(g.Flags), int32(g.Seq-c.Ack), int32(g.Ack-c.Next)))
		}
	}
	out["counters"], out["after"], out["resp"] = l.Since(before), s.States(), resp
	return out
}

// hex spells out answers the way the first recordings do.
func (c *conn) hex(what string, got []lab.Got) []string {
	var out []string
	for _, g := range got {
		out = append(out, fmt.Sprintf("%s%x seq=snd_nxt%+d ack=rcv_nxt%+d", what, g.Flags, int32(g.Seq-c.Ack), int32(g.Ack-c.Next)))
	}
	return out
}

func twNoListener(l *lab.Lab) M {
	s := l.Listen(port, 64)
	c := dial(l, s, 0, true)
	c.timeWait()
	s.Close()
	got := l.Exchange(c.probe(probe{flags: wire.SYN, dseq: 1000, ts: true, dts: 1}))
	return M{"resp": c.hex("", got), "after": l.States(port)}
}

// closeWait: SYNs of the same 4-tuple to a connection that the peer closed
// and the server did not.
func closeWait(l *lab.Lab, o offset) M {
	s := l.Listen(port, 64)
	c := dial(l, s, 0, true)
	defer c.close()
	c.fin()
	out := M{"before": s.States()}
	before := l.Read()
	syn := c.probe(probe{flags: wire.SYN, dseq: o.dseq, ts: o.ts, dts: o.dts})
	got := l.Exchange(syn)
	resp := c.hex("syn1 ", got)
	out["c1"] = l.Since(before)
	again := l.Exchange(syn)
	resp = append(resp, c.hex("syn2 ", again)...)
	out["c2"] = l.Since(before)
	for _, g := range got {
		if g.Is(wire.ACK) {
			rst := c.Segment(wire.RST)
			rst.Seq, rst.TS = g.Ack, false
			resp = append(resp, c.hex("rst ", l.Exchange(rst))...)
			break
		}
	}
	out["afterRst"] = s.States()
	resp = append(resp, c.hex("syn3 ", l.Exchange(syn))...)
	out["afterSyn3"], out["resp"] = s.States(), resp
	return out
}

// twReuse: connect() while the only free port is in TIME_WAIT.
func twReuse(l *lab.Lab, reuse int, ts bool, wait int) M {
	l.MustSet("net.ipv4.tcp_tw_reuse", reuse)
	release := holdPort(l)
	defer release()
	a := outward(l, ts, nil)
	a.close()
	a.finish()
	l.Wait(time.Duration(wait) * time.Millisecond)
	out := M{"before": l.States(int(a.port))}
	before := l.Read()
	syn, err := a.again(nil)
	out["counters"], out["err"] = l.Since(before), fmt.Sprint(err)
	out["samePort"] = syn != nil && syn.SPort == a.port
	if syn != nil {
		out["isnMinusSndNxt"] = int32(syn.Seq - a.sndNxt)
	}
	return out
}

// life polls for the end of a minisock.
func life(l *lab.Lab, fin int, substate string) M {
	l.MustSet("net.ipv4.tcp_fin_timeout", fin)
	s := l.Listen(port, 64)
	c := dial(l, s, 0, true)
	c.closing(substate)
	l.Restart()
	for c.entry().State != "none" && l.Now() < 200*time.Second {
		l.Wait(50 * time.Millisecond)
	}
	return M{"goneAfter": lab.Seconds(l.Now())}
}

// synRetransmissions: connect() to a silent host.
func synRetransmissions(l *lab.Lab) M {
	l.MustSet("net.ipv4.tcp_syn_retries", 6)
	fd := socket()
	defer unix.Close(fd)
	l.Restart()
	err := unix.Connect(fd, &unix.SockaddrInet4{Port: 443, Addr: remote})
	syns := []float64{}
	for l.Now() < 200*time.Second {
		for _, g := range l.Wait(50 * time.Millisecond) {
			if g.Is(wire.SYN) {
				syns = append(syns, lab.Seconds(g.At))
			}
		}
		e, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err = unix.Errno(e); e != 0 {
			break
		}
	}
	return M{"end": lab.Seconds(l.Now()), "err": num(err), "syns": syns}
}
