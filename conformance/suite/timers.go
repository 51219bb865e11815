package suite

import (
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
)

func init() {
	groups["timers"] = func() []Case { return append(timers(), retries()...) }
	groups["dupsyn"] = dupsyn
}

// A burst is n SYNs, gap apart, the first at a time after the start.
type burst struct {
	at  time.Duration
	n   int
	gap time.Duration
}

func (b burst) in() M {
	return M{"atMs": b.at.Milliseconds(), "n": b.n, "gapMs": b.gap.Milliseconds()}
}

// timers: silent clients. When their SYN-ACKs are repeated, in which order,
// and who is dropped early because the queue is more than half full.
func timers() []Case {
	var cs []Case
	add := func(exp string, b, c int, bursts ...burst) {
		in := M{"backlog": b, "syncookies": c, "tcp_max_syn_backlog": 1024}
		list := []M{}
		for _, x := range bursts {
			list = append(list, x.in())
		}
		in["syns"] = list
		cs = append(cs, Case{Exp: exp, In: in, Idle: true, Run: func(l *lab.Lab) M { return silent(l, b, c, bursts) }})
	}
	ms := time.Millisecond
	add("silent", 64, 1, burst{n: 1})
	add("silent", 128, 1, burst{n: 128})
	add("silent", 1024, 1, burst{n: 128})
	add("silent", 16, 1, burst{n: 12})
	add("silent", 64, 1, burst{n: 40})
	for _, gap := range []time.Duration{4, 10, 40, 100, 300} {
		add("silent", 16, 1, burst{n: 12, gap: gap * ms})
	}
	add("silent", 64, 1, burst{n: 40, gap: 10 * ms})
	add("silent", 16, 0, burst{n: 8})
	add("silent", 16, 0, burst{n: 9})
	add("silent", 4, 1, burst{n: 4})
	add("silent", 5, 1, burst{n: 5})
	add("silent", 7, 1, burst{n: 7})
	add("silent", 24, 1, burst{n: 12}, burst{at: 6500 * ms, n: 8})
	add("silent", 24, 1, burst{n: 12}, burst{at: 6500 * ms, n: 4})
	add("silent", 24, 1, burst{n: 16}, burst{at: 2500 * ms, n: 4}, burst{at: 6900 * ms, n: 2})
	return cs
}

func silent(l *lab.Lab, b, c int, bursts []burst) M {
	l.MustSet("net.ipv4.tcp_max_syn_backlog", 1024)
	l.MustSet("net.ipv4.tcp_syncookies", c)
	s := l.Listen(port, b)
	var got []lab.Got
	var sent []int64
	host := 0
	l.Inject(l.Peer(lab.Addr(0), 40000, port+1).SYNSegment()) // warms the path: refused
	l.Wait(10 * time.Millisecond)
	before := l.Read()
	zero := lab.JiffiesAtTickZero()
	l.NextTick()
	l.Restart()
	first := lab.Tick()
	for _, x := range bursts {
		for i := range x.n {
			if due := x.at + time.Duration(i)*x.gap; due > 0 && l.Now() < due {
				got = append(got, l.WaitUntil(due)...)
				l.NextTick() // right after idling, Tick may be one off
			}
			sent = append(sent, lab.Tick()-first)
			l.Inject(l.Peer(lab.Addr(host), 40000, port).SYNSegment())
			host++
		}
	}
	g, ch := l.Watch(port, 70*time.Second, nil)
	got = append(got, g...)
	return M{
		"firstAtJiffies": zero + uint64(first), "sentJiffies": sent, "rounds": lab.Rounds(got, 300*time.Millisecond), "changes": compact(ch),
		"counters": l.Since(before), "states": s.States(),
	}
}

// compact leaves out changes that say what the one before said.
func compact(ch []lab.Change) []lab.Change {
	var out []lab.Change
	for _, c := range ch {
		if n := len(out); n > 0 && out[n-1].States["SYN_RECV"] == c.States["SYN_RECV"] && len(out[n-1].States) == len(c.States) &&
			out[n-1].States["ESTABLISHED"] == c.States["ESTABLISHED"] {
			continue
		}
		out = append(out, c)
	}
	return out
}

// retries: tcp_synack_retries and TCP_SYNCNT.
func retries() []Case {
	var cs []Case
	for _, r := range []struct{ sysctl, syncnt int }{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {5, 2}, {1, 2}} {
		in := M{"tcp_synack_retries": r.sysctl, "TCP_SYNCNT": r.syncnt}
		cs = append(cs, Case{Exp: "retries", In: in, Idle: true, Run: func(l *lab.Lab) M {
			l.MustSet("net.ipv4.tcp_synack_retries", r.sysctl)
			s := l.Listen(port, 64, func(fd int) error {
				if r.syncnt == 0 {
					return nil
				}
				return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_SYNCNT, r.syncnt)
			})
			before := l.Read()
			zero := lab.JiffiesAtTickZero()
			l.NextTick()
			l.Restart()
			first := zero + uint64(lab.Tick())
			l.Inject(l.Peer(lab.Addr(0), 40000, port).SYNSegment())
			got, ch := l.Watch(port, 20*time.Second, nil)
			return M{"firstAtJiffies": first, "synacks": lab.Times(got), "changes": compact(ch), "counters": l.Since(before), "states": s.States()}
		}})
	}
	return cs
}

// dupsyn: the same SYN again before the timer, and with the rate limit off.
func dupsyn() []Case {
	ms := time.Millisecond
	var cs []Case
	add := func(exp string, limit int, at ...time.Duration) {
		list := []int64{}
		for _, t := range at {
			list = append(list, (t * ms).Milliseconds())
		}
		cs = append(cs, Case{Exp: exp, In: M{"tcp_invalid_ratelimit": limit, "sameSYNAtMs": list}, Idle: true,
			Run: func(l *lab.Lab) M { return sameSYN(l, limit, at) }})
	}
	add("dup-syn", 500, 100, 300, 700)
	add("dup-syn", 500, 900)
	add("dup-syn", 500, 1500, 2900)
	add("dup-syn", 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
	add("dup-syn", 500, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
	for _, limit := range []int{0, 500} {
		cs = append(cs, Case{Exp: "oow-repeat", In: M{"tcp_invalid_ratelimit": limit, "n": 10, "everyMs": 10}, Idle: true,
			Run: func(l *lab.Lab) M { return outOfWindow(l, limit) }})
	}
	return cs
}

func sameSYN(l *lab.Lab, limit int, at []time.Duration) M {
	l.MustSet("net.ipv4.tcp_invalid_ratelimit", limit)
	s := l.Listen(port, 64)
	p := l.Peer(lab.Addr(0), 40000, port)
	before := l.Read()
	l.NextTick()
	l.Restart()
	l.Inject(p.SYNSegment())
	got := l.Drain()
	answered := []int64{}
	for _, t := range at {
		got = append(got, l.WaitUntil(t*time.Millisecond)...)
		g := l.Exchange(p.SYNSegment())
		if lab.SYNACKs(g) > 0 {
			answered = append(answered, int64(t))
		}
		got = append(got, g...)
	}
	atLast := l.Since(before)
	got = append(got, l.WaitUntil(8*time.Second)...)
	return M{"answeredAtMs": answered, "synacks": lab.Times(got), "countersAfterLast": atLast, "counters": l.Since(before), "states": s.States()}
}

func outOfWindow(l *lab.Lab, limit int) M {
	l.MustSet("net.ipv4.tcp_invalid_ratelimit", limit)
	s := l.Listen(port, 64)
	p := l.Peer(lab.Addr(0), 40000, port)
	p.SYN()
	before := l.Read()
	l.Restart()
	answers := []string{}
	for i := range 10 {
		l.WaitUntil(time.Duration(i) * 10 * time.Millisecond)
		seg := p.Segment(16)
		seg.Seq += 1 << 20
		answers = append(answers, p.Describe(l.Exchange(seg))...)
	}
	return M{"answers": answers, "counters": l.Since(before), "states": s.States()}
}
