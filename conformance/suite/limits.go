package suite

import (
	"fmt"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
)

func init() {
	groups["limits"] = limits
	groups["relisten"] = relisten
	groups["show"] = func() []Case { return []Case{{Exp: "show", Run: show}} }
}

// limits: which backlog a listener gets, which values sysctls take, and what
// odd values of tcp_max_syn_backlog do.
func limits() []Case {
	var cs []Case
	for _, m := range []int{0, 1, 2, 3, 4, 5, 7, 8, -1, -2, -5, -2147483648, 2147483647} {
		in := M{"tcp_max_syn_backlog": m, "backlog": 1024, "syncookies": 0, "syns": 10}
		cs = append(cs, Case{Exp: "max-syn-backlog", In: in, Run: func(l *lab.Lab) M {
			set := num(l.Set("net.ipv4.tcp_max_syn_backlog", m))
			out := flood10(l)
			out["set"] = set
			return out
		}})
	}
	for _, somaxconn := range []int{128, 4096, 65535, 70000, 2147483647, 0} {
		cs = append(cs, Case{Exp: "clamp", In: M{"somaxconn": somaxconn}, Run: func(l *lab.Lab) M { return clamp(l, somaxconn) }})
	}
	for _, name := range []string{
		"net.core.somaxconn", "net.ipv4.tcp_max_syn_backlog", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_abort_on_overflow",
		"net.ipv4.tcp_synack_retries", "net.ipv4.tcp_syn_retries", "net.ipv4.tcp_migrate_req", "net.ipv4.tcp_invalid_ratelimit",
		"net.ipv4.tcp_no_metrics_save", "net.ipv4.tcp_timestamps", "net.ipv4.tcp_rto_max_ms", "net.ipv4.tcp_challenge_ack_limit",
	} {
		cs = append(cs, Case{Exp: "sysctl", In: M{"name": name}, Run: func(l *lab.Lab) M { return accepts(l, name) }})
	}
	return cs
}

func flood10(l *lab.Lab) M {
	l.MustSet("net.ipv4.tcp_syncookies", 0)
	s := l.Listen(port, 1024)
	before := l.Read()
	got := l.Flood(10, 0, port)
	return M{"counters": l.Since(before), "states": s.States(), "synacks": lab.SYNACKs(got)}
}

// clamp reads back the maximum of the accept queue: Send-Q of ss and the
// tcpi_sacked of TCP_INFO.
func clamp(l *lab.Lab, somaxconn int) M {
	out := M{"set": num(l.Set("net.core.somaxconn", somaxconn))}
	s := l.Listen(port, 1)
	for _, b := range []int{-2147483648, -2, -1, 0, 1, 127, 128, 129, 4096, 65535, 65536, 70000, 2147483647} {
		err := s.Again(b)
		out[fmt.Sprintf("listen(%d)", b)] = M{"errno": num(err), "sendQ": sendQ(s), "tcpiSacked": listenerInfo(s)["sacked"]}
	}
	return out
}

func sendQ(s *lab.Listener) int64 {
	d, err := s.Diag()
	if err != nil {
		return -1
	}
	return int64(d.WQueue)
}

func listenerInfo(s *lab.Listener) M {
	ti, err := unix.GetsockoptTCPInfo(s.FD, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return M{"error": num(err)}
	}
	return M{"unacked": ti.Unacked, "sacked": ti.Sacked, "state": ti.State}
}

// accepts writes values to one sysctl of the namespace and reads them back.
func accepts(l *lab.Lab, name string) M {
	out := M{"default": l.Sysctl(name)}
	for _, v := range []int64{-2147483648, -2, -1, 0, 1, 2, 3, 4, 127, 128, 255, 256, 999, 1000, 65535, 65536, 120000, 120001, 2147483647, 2147483648, 4294967295} {
		err := l.Set(name, v)
		r := num(err)
		if got := l.Sysctl(name); err == nil && got != fmt.Sprint(v) {
			r = "ok, reads " + got
		}
		out[fmt.Sprint(v)] = r
	}
	return out
}

// relisten: listen(2) again with another backlog.
func relisten() []Case {
	var cs []Case
	for _, c := range []int{0, 1} {
		cs = append(cs, Case{Exp: "relisten", In: M{"backlogs": []int{1000, 5, 1000}, "syns": []int{20, 10, 10}, "syncookies": c, "tcp_max_syn_backlog": 1024}, Run: func(l *lab.Lab) M {
			l.MustSet("net.ipv4.tcp_syncookies", c)
			l.MustSet("net.ipv4.tcp_max_syn_backlog", 1024)
			s := l.Listen(port, 1000)
			steps, host := []M{}, 0
			for i, n := range []int{20, 10, 10} {
				b := []int{1000, 5, 1000}[i]
				err := s.Again(b)
				before := l.Read()
				got := l.Flood(n, host, port)
				host += n
				steps = append(steps, M{"listen": b, "errno": num(err), "sendQ": sendQ(s), "synacks": lab.SYNACKs(got), "counters": l.Since(before), "states": s.States()})
			}
			return M{"steps": steps}
		}})
	}
	cs = append(cs, Case{Exp: "relisten", In: M{"backlogs": []int{10, 2, 10}, "connect": []int{5, 2, 2}}, Run: func(l *lab.Lab) M {
		s := l.Listen(port, 10)
		steps, host := []M{}, 0
		for i, n := range []int{5, 2, 2} {
			b := []int{10, 2, 10}[i]
			err := s.Again(b)
			before, ok := l.Read(), 0
			for range n {
				if l.Peer(lab.Addr(host), 40000, port).Connect() {
					ok++
				}
				host++
			}
			steps = append(steps, M{"listen": b, "errno": num(err), "sendQ": sendQ(s), "synacks": ok, "rq": s.RQ(), "counters": l.Since(before), "states": s.States()})
		}
		return M{"steps": steps}
	}})
	return cs
}

// show: how a listener with requests and children looks in
// /proc/net/tcp, in a sock_diag dump and in TCP_INFO.
func show(l *lab.Lab) M {
	s := l.Listen(port, 7)
	for i := range 2 {
		l.Peer(lab.Addr(i), 40000, port).Connect()
	}
	for i := range 3 {
		l.Peer(lab.Addr(10+i), 40000, port).SYN()
	}
	out := M{}
	rows := []string{}
	look := func() (proc, diag []string) {
		for _, w := range l.Rows(port) {
			if w[3] == "0A" || w[3] == "03" {
				w[0] = "sl"
				for i := 11; i < len(w); i++ {
					if len(w[i]) == 16 {
						w[i] = "ptr"
					}
				}
				w[9] = "inode"
				proc = append(proc, fmt.Sprint(w))
			}
		}
		ds, err := l.Diags(port)
		if err != nil {
			return proc, []string{err.Error()}
		}
		for _, d := range ds {
			diag = append(diag, fmt.Sprintf("state=%d timer=%d retrans=%d recvq=%d sendq=%d unacked=%d sacked=%d skmeminfo=%v", d.State, d.Timer, d.Retrans, d.RQueue, d.WQueue, d.Unacked, d.Sacked, d.MemInfo))
		}
		return proc, diag
	}
	proc, diag := look()
	out["columns"] = "sl local rem st tx:rx tr:tm->when retrnsmt uid timeout inode ..."
	out["proc"], out["diag"], out["tcpInfo"] = append(rows, proc...), diag, listenerInfo(s)
	l.Wait(1500e6)
	proc, diag = look()
	out["procAfter1.5s"], out["diagAfter1.5s"] = proc, diag
	return out
}
