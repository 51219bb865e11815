package suite

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() {
	groups["cookieseq"] = cookieSeq
	groups["cookiegate"] = cookieGate
	groups["cookiemss"] = cookieMSS
	groups["cookiebeside"] = cookieBeside
}

// cookieSeq: what a cookie client's segments do when their sequence
// number is not the one right after the SYN's, with room in the accept queue
// and without.
func cookieSeq() []Case {
	var cs []Case
	for _, mss := range []uint16{1460, 1300, 536} {
		for _, full := range []bool{true, false} {
			in := M{"acceptQueueFull": full, "mss": mss, "syncookies": 2}
			cs = append(cs, Case{Exp: "cookie-offset", In: in, Run: func(l *lab.Lab) M { return cookieOffsets(l, full, mss) }})
		}
	}
	return cs
}

func cookieOffsets(l *lab.Lab, full bool, mss uint16) M {
	l.MustSet("net.ipv4.tcp_syncookies", 2)
	s := l.Listen(port, 2)
	offsets := []int{-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 100, 1000}
	peers := map[int]*lab.Peer{}
	for i, k := range offsets {
		p := l.Peer(lab.Addr(i), 40000, port)
		p.MSS = mss
		p.SYN()
		peers[k] = p
	}
	if full {
		for i := range 3 {
			l.Peer(lab.Addr(50+i), 40000, port).Connect()
		}
	}
	out := M{"rq": s.RQ()}
	for _, k := range offsets {
		p, before, drops := peers[k], l.Read(), s.Drops()
		seg := p.Segment(wire.ACK | wire.PSH)
		seg.Seq += uint32(k)
		seg.Data = make([]byte, 5)
		got := p.Describe(l.Exchange(seg))
		o := M{"answers": got, "counters": l.Since(before), "drops": s.Drops() - drops}
		if !full {
			o["accepted"] = false
			if fd, err := s.Accept(); err == nil {
				o["accepted"] = true
				o["maxseg"], _ = unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_MAXSEG)
				if ti, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
					o["tcpinfo"] = M{"snd_mss": ti.Snd_mss, "rcv_mss": ti.Rcv_mss, "advmss": ti.Advmss, "options": ti.Options}
				}
				buf := make([]byte, 100)
				n, err := unix.Read(fd, buf)
				o["read"] = fmt.Sprint(n, " ", num(err))
				closeFD(fd)
				l.Wait(2 * time.Millisecond)
			}
		}
		out[fmt.Sprintf("ISN+1%+d", k)] = o
	}
	return out
}

// cookieGate: whether a listener looks at cookies at all, by uptime and
// by the time since it sent one, and how old a cookie may be.
func cookieGate() []Case {
	var cs []Case
	sec := func(list ...float64) []time.Duration {
		var d []time.Duration
		for _, s := range list {
			d = append(d, time.Duration(s*1e9))
		}
		return d
	}
	for _, at := range sec(10, 250, 298, 298.9, 299.1, 300, 310, 400, 419.9, 420.1, 421, 430) {
		cs = append(cs, Case{Exp: "cookie-gate-uptime", In: M{"uptime": at.Seconds(), "sentCookie": false}, Idle: true, Run: func(l *lab.Lab) M {
			if lab.Uptime() > at {
				return M{"skipped": "already up for " + lab.Uptime().Round(time.Second).String()}
			}
			s := l.Listen(port, 64)
			l.Wait(at - lab.Uptime())
			return bogusACK(l, s, 0)
		}})
	}
	for _, after := range sec(1, 60, 119, 119.9, 120.1, 121, 122) {
		cs = append(cs, Case{Exp: "cookie-gate", In: M{"bogusACKAfter": after.Seconds()}, Idle: true, Run: func(l *lab.Lab) M {
			s, _, sent := sendCookie(l)
			l.WaitUntil(after)
			out := bogusACK(l, s, 1)
			out["cookieSent"] = sent
			return out
		}})
	}
	// Each age at several phases of the cookie minute.
	for _, phase := range []int{1, 20, 45, 58} {
		for _, age := range sec(1, 14, 30, 59, 61, 90, 101, 103, 119, 121) {
			in := M{"validACKAfter": age.Seconds(), "secondsIntoMinute": phase}
			cs = append(cs, Case{Exp: "cookie-age", In: in, Idle: true, Run: func(l *lab.Lab) M { return cookieAge(l, phase, age) }})
		}
	}
	slices.SortStableFunc(cs, func(a, b Case) int { // absolute uptimes first
		return boolInt(b.Exp == "cookie-gate-uptime") - boolInt(a.Exp == "cookie-gate-uptime")
	})
	return cs
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// stamp says when it is: uptime, jiffies, and where in the cookie minute.
func stamp() M {
	j, hz := lab.Jiffies(), uint64(lab.HZ())
	return M{"uptime": lab.Seconds(lab.Uptime()), "jiffies": j, "minute": j / (60 * hz), "intoMinute": float64(j%(60*hz)) / float64(hz)}
}

func sendCookie(l *lab.Lab) (*lab.Listener, *lab.Peer, M) {
	l.MustSet("net.ipv4.tcp_syncookies", 2)
	s := l.Listen(port, 64)
	p := l.Peer(lab.Addr(0), 40000, port)
	l.NextTick()
	l.Restart()
	at := stamp()
	p.SYN()
	return s, p, at
}

func bogusACK(l *lab.Lab, s *lab.Listener, host int) M {
	p := l.Peer(lab.Addr(30+host), 41000, port)
	p.Next, p.Ack = p.ISN+1, 0x12345678
	before, at := l.Read(), stamp()
	got := l.Exchange(p.Segment(wire.ACK))
	names := []string{}
	for _, g := range got {
		names = append(names, wire.FlagNames(g.Flags))
	}
	return M{"at": at, "answers": names, "counters": l.Since(before)}
}

func cookieAge(l *lab.Lab, phase int, age time.Duration) M {
	if j, hz := lab.Jiffies(), uint64(lab.HZ()); j != 0 {
		into := time.Duration(j%(60*hz)) * time.Second / time.Duration(hz)
		l.Wait((time.Duration(phase)*time.Second - into + 60*time.Second) % (60 * time.Second))
	}
	s, p, sent := sendCookie(l)
	l.WaitUntil(age)
	before, at := l.Read(), stamp()
	got := p.ACK()
	return M{"sent": sent, "at": at, "answers": p.Describe(got), "counters": l.Since(before), "states": s.States()}
}

// cookieMSS: which MSS a connection gets whose SYN was answered by a cookie.
func cookieMSS() []Case {
	var cs []Case
	for _, c := range []int{2, 0} {
		for _, mss := range []uint16{0, 48, 100, 300, 536, 537, 1000, 1299, 1300, 1439, 1440, 1459, 1460, 1461, 8960} {
			for _, ts := range []bool{false, true} {
				if ts && (c == 0 || mss != 1460 && mss != 1300) {
					continue
				}
				in := M{"syncookies": c, "mss": mss, "timestamps": ts}
				cs = append(cs, Case{Exp: "cookie-mss", In: in, Run: func(l *lab.Lab) M { return cookieOneMSS(l, c, mss, ts) }})
			}
		}
	}
	return cs
}

func cookieOneMSS(l *lab.Lab, c int, mss uint16, ts bool) M {
	l.MustSet("net.ipv4.tcp_syncookies", c)
	s := l.Listen(port, 16)
	p := l.Peer(lab.Addr(0), 40000, port)
	p.MSS, p.TS, p.TSVal = mss, ts, 1000000
	before := l.Read()
	got := p.SYN()
	out := M{"synacks": lab.SYNACKs(got)}
	for _, g := range got {
		if g.Is(wire.SYN | wire.ACK) {
			out["synack"] = M{"mss": g.MSS, "ts": g.TS, "sack": g.SACK, "scaled": g.Scaled, "window": g.Window, "tsLow6": g.TSVal & 63}
		}
	}
	p.ACK()
	if fd, err := s.Accept(); err == nil {
		out["maxseg"], _ = unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_MAXSEG)
		if ti, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			out["tcpinfo"] = M{"snd_mss": ti.Snd_mss, "rcv_mss": ti.Rcv_mss, "advmss": ti.Advmss, "options": ti.Options}
		}
		n, werr := unix.Write(fd, make([]byte, 20000))
		first := 0
		for _, g := range l.Wait(2 * time.Millisecond) {
			first = max(first, len(g.Data))
		}
		out["write"], out["largestSegment"] = fmt.Sprint(n, " ", num(werr)), first
		closeFD(fd)
	}
	out["counters"] = l.Since(before)
	return out
}

// cookieBeside: a client got a cookie, then repeated its SYN and now has a
// request; what its ACK of the cookie does, and then the ACK of the request.
func cookieBeside() []Case {
	return []Case{{Exp: "cookie-beside-request", In: M{}, Run: func(l *lab.Lab) M {
		l.MustSet("net.ipv4.tcp_syncookies", 2)
		s := l.Listen(port, 16)
		p := l.Peer(lab.Addr(0), 40000, port)
		p.SYN()
		cookie := p.Ack
		l.MustSet("net.ipv4.tcp_syncookies", 1)
		p.SYN()
		request := p.Ack
		out := M{"before": s.States(), "sameNumber": cookie == request}
		for _, step := range []struct {
			name string
			ack  uint32
		}{{"ACK of the cookie", cookie}, {"ACK of the request", request}} {
			before, drops := l.Read(), s.Drops()
			p.Ack = step.ack
			names := []string{}
			for _, g := range p.ACK() {
				names = append(names, wire.FlagNames(g.Flags))
			}
			out[step.name] = M{"answers": names, "counters": l.Since(before), "states": s.States(), "rq": s.RQ(), "drops": s.Drops() - drops}
		}
		return out
	}}}
}
