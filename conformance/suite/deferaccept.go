package suite

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() {
	groups["defer"] = deferAccept
	groups["log"] = floodLog
}

// deferAccept: TCP_DEFER_ACCEPT. How the option is read back, and what
// becomes of a client that sends the bare ACK and no data.
func deferAccept() []Case {
	cs := []Case{{Exp: "defer-value", In: M{"seconds": "0..40, 60, 63, 64, 120, 127, 128, 255, 300, 600, 1000, -1"}, Run: func(l *lab.Lab) M {
		out := M{}
		s := l.Listen(port, 16)
		secs := []int{60, 63, 64, 120, 127, 128, 255, 300, 600, 1000, -1}
		for v := range 41 {
			secs = append(secs, v)
		}
		for _, v := range secs {
			err := unix.SetsockoptInt(s.FD, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, v)
			got, _ := unix.GetsockoptInt(s.FD, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT)
			out[fmt.Sprint(v)] = got
			if err != nil {
				out[fmt.Sprint(v)] = num(err)
			}
		}
		return out
	}}}
	for _, sec := range []int{1, 3, 5, 10, 30} {
		for _, client := range []string{"bare ACK then silence", "bare ACK to every SYN-ACK", "no ACK", "bare ACK, data at 0.5 s", "data at once", "FIN at once"} {
			if sec != 3 && sec != 5 && !strings.HasPrefix(client, "bare ACK") {
				continue
			}
			in := M{"seconds": sec, "client": client}
			cs = append(cs, Case{Exp: "defer-accept", In: in, Idle: true, Run: func(l *lab.Lab) M { return deferred(l, sec, client) }})
		}
	}
	return cs
}

func deferred(l *lab.Lab, sec int, client string) M {
	s := l.Listen(port, 16, func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, sec) })
	p := l.Peer(lab.Addr(0), 40000, port)
	before := l.Read()
	l.NextTick()
	l.Restart()
	got := p.SYN()
	steps := []M{}
	step := func(what string, answers []lab.Got) {
		steps = append(steps, M{"t": lab.Seconds(l.Now()), "sent": what, "answers": p.Describe(answers), "states": s.States()})
	}
	var changes []lab.Change
	watch := func(until time.Duration, react func([]lab.Got)) {
		g, ch := l.Watch(port, until, react)
		got, changes = append(got, g...), append(changes, ch...)
	}
	watch(50*time.Millisecond, nil)
	switch client {
	case "no ACK":
	case "data at once":
		step("data", p.Data(5))
	case "FIN at once":
		step("FIN", l.Exchange(p.Segment(wire.FIN|wire.ACK)))
	default:
		step("ACK", p.ACK())
	}
	if client == "bare ACK, data at 0.5 s" {
		watch(500*time.Millisecond, nil)
		step("data", p.Data(5))
	}
	watch(70*time.Second, func(g []lab.Got) {
		if client == "bare ACK to every SYN-ACK" && lab.SYNACKs(g) > 0 {
			step("ACK", p.ACK())
		}
	})
	return M{"synacks": lab.Times(got), "steps": steps, "changes": compact(changes), "counters": l.Since(before), "states": s.States(), "rq": s.RQ()}
}

// floodLog: what the kernel log says about SYN floods.
func floodLog() []Case {
	var cs []Case
	for _, c := range []int{0, 1, 2} {
		cs = append(cs, Case{Exp: "flood-log", In: M{"syncookies": c, "listeners": 2, "floodsEach": 2, "backlog": 4}, Run: func(l *lab.Lab) M {
			l.MustSet("net.ipv4.tcp_syncookies", c)
			l.Wait(6 * time.Second) // the kernel limits such lines to ten in five seconds
			log := kernelLog()
			since := func() []string {
				old := len(log)
				log = kernelLog()
				return log[min(old, len(log)):]
			}
			s, out := []*lab.Listener{l.Listen(port, 4), l.Listen(port+1, 4)}, M{}
			for i, x := range s {
				for j := range 2 {
					l.Flood(20, 20*j, x.Port)
					l.Wait(200 * time.Millisecond)
					out[fmt.Sprintf("listener %d, flood %d", i+1, j+1)] = since()
				}
			}
			s[0].Again(4)
			l.Flood(20, 100, port)
			out["listener 1 after listen() again"] = since()
			s[0].Close()
			l.Listen(port, 4)
			l.Flood(20, 120, port)
			out["listener 1 closed and opened again"] = since()
			return out
		}})
	}
	return cs
}

// kernelLog returns the lines about TCP in the kernel's log.
func kernelLog() []string {
	buf := make([]byte, 1<<20)
	n, err := unix.Klogctl(unix.SYSLOG_ACTION_READ_ALL, buf)
	if err != nil {
		return []string{num(err)}
	}
	return logLines(string(buf[:n]))
}

// logLines keeps the lines about TCP, without their time.
func logLines(s string) []string {
	lines := []string{}
	for line := range strings.Lines(s) {
		if !strings.Contains(line, "TCP") {
			continue
		}
		if _, after, ok := strings.Cut(line, "] "); ok {
			line = after
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}
