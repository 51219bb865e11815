package suite

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() {
	groups["twtimes"] = twTimes
	groups["twexpiry"] = twExpiry
	groups["twodd"] = twOdd
}

// A follower notes how the rows of one connection and the TIME_WAIT counters
// change with time.
type follower struct {
	l       *lab.Lab
	base    lab.Counters
	zero    uint64
	entered uint64
	changes []M
	last    string
	seen    uint64        // when the last look was
	left    time.Duration // the shortest timer then
	over    bool
}

// newFollower is called before anything is closed.
func newFollower(l *lab.Lab) *follower {
	return &follower{l: l, base: l.Read(), zero: lab.JiffiesAtTickZero()}
}

// enter is called right before the segment that makes the entry.
func (f *follower) enter() {
	f.l.NextTick()
	f.l.Restart()
	f.entered = f.jiffies()
}

func (f *follower) jiffies() uint64 { return f.zero + uint64(lab.Tick()) }

// look notes a change of state, kind of timer or counters.
func (f *follower) look() {
	now, t := f.jiffies(), lab.Seconds(f.l.Now())
	es := f.l.Entries(port)
	what := ""
	f.left = time.Second
	for _, e := range es {
		f.left = min(f.left, time.Duration(e.Left)*10*time.Millisecond)
		what += fmt.Sprintf("%s/%d ", e.State, e.Timer)
	}
	if what != f.last || f.changes == nil {
		tw := M{}
		for k, v := range f.l.Since(f.base) {
			switch k {
			case "TW", "TWKilled", "TWRecycled", "TCPTimeWaitOverflow", "TCPAbortOnLinger", "TCPAbortOnTimeout", "TCPAbortOnData", "OutRsts", "EstabResets":
				tw[k] = v
			}
		}
		c := M{"t": t, "jiffies": now, "rows": es, "counters": tw}
		if f.changes != nil {
			c["sinceJiffies"] = f.seen // the look before found no change
		}
		f.changes, f.last = append(f.changes, c), what
	}
	f.seen, f.over = now, len(es) == 0
}

// until looks once a second, and every 40 ms when a timer is about to end or
// should have, until t or until there is no row.
func (f *follower) until(t time.Duration) M {
	f.look()
	for f.l.Now() < t && !f.over {
		step := min(time.Second, max(f.left-20*time.Millisecond, 40*time.Millisecond))
		f.l.Wait(min(step, t-f.l.Now()))
		f.look()
	}
	return M{"enteredAtJiffies": f.entered, "changes": f.changes}
}

// twTimes: how long FIN_WAIT2 and TIME_WAIT last, as what, and when they are
// counted.
func twTimes() []Case {
	var cs []Case
	add := func(fin int, linger any, path string) { cs = append(cs, finTimeoutCase(fin, linger, path)) }
	for _, path := range []string{"close, ACK", "shutdown, ACK, close"} {
		for _, fin := range []int{1, 3, 4, 5, 10, 30, 60, 61, 63, 70, 90, 120} {
			add(fin, "not set", path)
		}
		for _, v := range []int{-1, 0, 1, 3, 30, 60, 61, 70, 120, 121, 200} {
			add(60, v, path)
		}
		add(10, 60, path)
		add(10, 120, path)
		add(120, 3, path)
	}
	for _, fin := range []int{3, 10, 60, 120} {
		in := M{"tcp_fin_timeout": fin}
		cs = append(cs, Case{Exp: "tw-counters", In: in, Idle: true, Run: func(l *lab.Lab) M {
			l.MustSet("net.ipv4.tcp_fin_timeout", fin)
			s := l.Listen(port, 64)
			c := dial(l, s, 0, true)
			w := newFollower(l)
			w.enter()
			c.timeWait()
			return w.until(70 * time.Second)
		}})
	}
	// TIME_WAITs that do not end by themselves.
	for _, how := range []string{"RST", "SYN", "FIN in FIN_WAIT2 after 2 s", "RST in FIN_WAIT2", "data in FIN_WAIT2"} {
		cs = append(cs, Case{Exp: "tw-counters-ended", In: M{"how": how}, Idle: true, Run: func(l *lab.Lab) M { return endEarly(l, how) }})
	}
	cs = append(cs, Case{Exp: "tw-kept", In: M{"segment": "ACK at rcv_nxt", "everyMs": 30000, "times": 6}, Idle: true, Run: func(l *lab.Lab) M {
		s := l.Listen(port, 64)
		c := dial(l, s, 0, true)
		w := newFollower(l)
		w.enter()
		c.timeWait()
		states := []string{}
		for i := range 6 {
			l.WaitUntil(time.Duration(30*(i+1)) * time.Second)
			l.Exchange(c.Segment(wire.ACK))
			states = append(states, c.entry().State)
		}
		w.changes = nil
		out := w.until(280 * time.Second)
		out["states"] = states
		return out
	}})
	return cs
}

func finTimeoutCase(fin int, linger any, path string) Case {
	in := M{"tcp_fin_timeout": fin, "TCP_LINGER2": linger, "path": path}
	return Case{Exp: "fin-timeout", In: in, Idle: true, Run: func(l *lab.Lab) M { return finTimeout(l, fin, linger, path) }}
}

// twOdd: values of the sysctls that are accepted and hardly meant.
func twOdd() []Case {
	var cs []Case
	for _, fin := range []int{0, -1, 1000} {
		for _, path := range []string{"close, ACK", "shutdown, ACK, close"} {
			cs = append(cs, finTimeoutCase(fin, "not set", path))
		}
	}
	for _, substate := range []string{"TIME_WAIT", "FIN_WAIT2"} {
		cs = append(cs, buckets(-1, substate))
	}
	list := []int64{-206, -207, -208, -209, -210, -243, -244, -245, -246}
	in := M{"flags": "ACK", "len": 0, "dseq": 0, "firstTSVal": firstTS, "variant": "same window", "dts": list}
	return append(cs, Case{Exp: "paws-disordered", In: in, Run: func(l *lab.Lab) M { return stampRows(l, probe{flags: wire.ACK}, firstTS, list, nil) }})
}

func finTimeout(l *lab.Lab, fin int, linger any, path string) M {
	set := num(l.Set("net.ipv4.tcp_fin_timeout", fin))
	s := l.Listen(port, 64)
	c := dial(l, s, 0, true)
	back := M{}
	if v, ok := linger.(int); ok {
		back["setsockopt"] = num(unix.SetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_LINGER2, v))
	}
	got, err := unix.GetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_LINGER2)
	back["getsockopt"], back["getsockoptErr"] = got, num(err)
	w := newFollower(l)
	w.enter()
	sent := []string{}
	if path == "close, ACK" {
		c.finWait2()
	} else {
		unix.Shutdown(c.fd, unix.SHUT_WR)
		c.hear(settle(l))
		l.Inject(c.Segment(wire.ACK))
		l.Wait(500 * time.Millisecond)
		w.enter()
		unix.Close(c.fd)
		sent = c.answers(l.Drain())
	}
	out := w.until(200 * time.Second)
	out["set"], out["TCP_LINGER2"], out["atClose"] = set, back, sent
	out["toOldFIN"] = c.answers(l.Exchange(c.Segment(wire.FIN | wire.ACK)))
	return out
}

func endEarly(l *lab.Lab, how string) M {
	s := l.Listen(port, 64)
	c := dial(l, s, 0, true)
	w := newFollower(l)
	w.enter()
	c.finWait2()
	answers := []string{}
	switch how {
	case "RST":
		c.fin()
		w.until(2 * time.Second)
		answers = c.answers(l.Exchange(c.Segment(wire.RST)))
	case "SYN":
		c.fin()
		w.until(2 * time.Second)
		answers = c.answers(l.Exchange(c.probe(probe{flags: wire.SYN, dseq: 1000, ts: true, dts: 1})))
		l.Exchange(c.probe(probe{flags: wire.RST, dseq: 1001, ts: true, dts: 1}))
	case "FIN in FIN_WAIT2 after 2 s":
		w.until(2 * time.Second)
		c.fin()
	case "RST in FIN_WAIT2":
		w.until(2 * time.Second)
		answers = c.answers(l.Exchange(c.Segment(wire.RST)))
	case "data in FIN_WAIT2":
		w.until(2 * time.Second)
		answers = c.answers(l.Exchange(c.probe(probe{flags: wire.ACK | wire.PSH, n: 10, ts: true})))
	}
	w.changes = append(w.changes, M{"then": how})
	out := w.until(70 * time.Second)
	out["answers"], out["counters"] = answers, l.Since(w.base)
	return out
}

// twExpiry: when exactly minisocks end that were made at many phases of the
// timer wheel.
func twExpiry() []Case {
	var cs []Case
	for _, c := range []struct {
		substate string
		fin, gap int
	}{{"TIME_WAIT", 60, 107}, {"TIME_WAIT", 60, 4}, {"FIN_WAIT2", 1, 17}, {"FIN_WAIT2", 3, 37}, {"FIN_WAIT2", 10, 37}, {"FIN_WAIT2", 30, 107}, {"FIN_WAIT2", 60, 107}} {
		in := M{"substate": c.substate, "tcp_fin_timeout": c.fin, "n": 24, "gapMs": c.gap}
		cs = append(cs, Case{Exp: "tw-expiry", In: in, Idle: true, Run: func(l *lab.Lab) M { return expiry(l, c.substate, c.fin, 24, c.gap) }})
	}
	return cs
}

func expiry(l *lab.Lab, substate string, fin, n, gap int) M {
	l.MustSet("net.ipv4.tcp_fin_timeout", fin)
	s := l.Listen(port, 64)
	conns := make([]*conn, n)
	for i := range conns {
		conns[i] = dial(l, s, i, true)
		if substate == "TIME_WAIT" {
			conns[i].finWait2()
		}
	}
	type life struct {
		Entered uint64 `json:"enteredAtJiffies"`
		Last    uint64 `json:"lastSeenJiffies"`
		Gone    uint64 `json:"goneJiffies"`
	}
	lives := make([]life, n)
	zero := lab.JiffiesAtTickZero()
	l.NextTick()
	l.Restart()
	for i, c := range conns {
		l.WaitUntil(time.Duration(i*gap) * time.Millisecond)
		l.NextTick()
		lives[i].Entered = zero + uint64(lab.Tick())
		c.closing2(substate)
	}
	last := time.Duration(n*gap) * time.Millisecond
	from := time.Duration(fin) * time.Second
	if substate == "TIME_WAIT" {
		from = time.Minute
	}
	for left := n; left > 0 && l.Now() < from+last+8*time.Second; {
		step := 100 * time.Millisecond
		if l.Now() > from-200*time.Millisecond {
			step = 12 * time.Millisecond
		}
		l.Wait(step)
		now := zero + uint64(lab.Tick())
		there := map[uint16]bool{}
		for _, e := range l.Entries(port) {
			there[e.Remote] = true
		}
		left = len(there)
		for i, c := range conns {
			if there[c.Port] {
				lives[i].Last = now
			} else if lives[i].Gone == 0 {
				lives[i].Gone = now
			}
		}
	}
	return M{"minisocks": lives, "HZ": lab.HZ()}
}

// closing2 sends the last segment before the substate.
func (c *conn) closing2(substate string) {
	if substate == "TIME_WAIT" {
		c.fin()
		return
	}
	c.finWait2()
}
