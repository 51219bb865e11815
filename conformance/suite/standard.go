package suite

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() { groups["standard"] = standard }

// standard is the set whose lines the first recordings have too.
func standard() []Case {
	var cs []Case
	cs = append(cs, Case{Exp: "defaults", Init: true, Run: defaults})
	for _, f := range []struct{ somaxconn, m, b, c, n int }{
		{1024, 128, 1024, 0, 600}, {128, 512, 128, 0, 600}, {128, 512, 128, 1, 600}, {5, 512, 5, 1, 600},
		{256, 128, 256, 1, 600}, {1024, 256, 1024, 0, 600}, {1024, 512, 1024, 0, 900}, {128, 512, 128, 2, 100},
		{16, 4096, 16, 0, 100}, {4096, 16, 4096, 0, 100}, {4096, 4, 4096, 0, 100}, {4096, 1024, 0, 0, 10},
		{4096, 1024, 0, 1, 10}, {4096, 1024, 1, 0, 10}, {4096, 1024, 7, 0, 40}, {4096, 1024, 8, 0, 40},
		{4096, 1024, 100, 0, 300},
	} {
		in := M{"backlog": f.b, "somaxconn": f.somaxconn, "syncookies": f.c, "syns": f.n, "tcp_max_syn_backlog": f.m}
		cs = append(cs, Case{Exp: "flood", In: in, Run: func(l *lab.Lab) M { return flood(l, f.b, f.somaxconn, f.c, f.n, f.m) }})
	}
	for _, a := range []struct{ abort, b, clients, c int }{
		{0, 5, 10, 1}, {0, 5, 10, 0}, {0, 0, 3, 1}, {0, 0, 3, 0}, {0, 1, 4, 1}, {1, 5, 10, 1}, {0, -1, 3, 1},
	} {
		in := M{"abort": a.abort, "backlog": a.b, "clients": a.clients, "syncookies": a.c}
		cs = append(cs, Case{Exp: "acceptq", In: in, Run: func(l *lab.Lab) M { return acceptq(l, a.abort, a.b, a.clients, a.c) }})
	}
	for _, o := range []struct{ abort, b, clients int }{{0, 2, 6}, {0, 5, 9}, {1, 2, 6}, {1, 5, 9}} {
		in := M{"abort": o.abort, "backlog": o.b, "clients": o.clients}
		cs = append(cs, Case{Exp: "overflowack", In: in, Run: func(l *lab.Lab) M { return overflowack(l, o.abort, o.b, o.clients) }})
	}
	cs = append(cs, Case{Exp: "cookie", In: M{"backlog": 3, "clients": 8, "flood": 10}, Run: cookie})
	cs = append(cs, Case{Exp: "cookie-bogus", Run: cookieBogus})
	for _, s := range []struct{ b, n int }{{64, 1}, {64, 40}, {16, 12}, {16, 15}} {
		in := M{"backlog": s.b, "synack_retries": "5", "syns": s.n}
		cs = append(cs, Case{Exp: "synackretx", In: in, Run: func(l *lab.Lab) M { return synackretx(l, s.b, s.n) }, Idle: true})
	}
	return cs
}

var sysctls = []string{
	"net.core.somaxconn", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_port_step_width", "net.ipv4.tcp_abort_on_overflow",
	"net.ipv4.tcp_challenge_ack_limit", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_invalid_ratelimit", "net.ipv4.tcp_max_orphans",
	"net.ipv4.tcp_max_syn_backlog", "net.ipv4.tcp_max_tw_buckets", "net.ipv4.tcp_rfc1337", "net.ipv4.tcp_syn_linear_timeouts",
	"net.ipv4.tcp_syn_retries", "net.ipv4.tcp_synack_retries", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_timestamps",
	"net.ipv4.tcp_tw_recycle", "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_tw_reuse_delay",
}

// defaults reads the sysctls as the kernel starts with them.
func defaults(l *lab.Lab) M {
	out := M{}
	for _, s := range sysctls {
		out[s] = l.Sysctl(s)
	}
	return out
}

// flood: SYNs from as many hosts, no answer to the SYN-ACKs.
func flood(l *lab.Lab, b, somaxconn, c, n, m int) M {
	l.MustSet("net.core.somaxconn", somaxconn)
	l.MustSet("net.ipv4.tcp_max_syn_backlog", m)
	l.MustSet("net.ipv4.tcp_syncookies", c)
	s := l.Listen(port, b)
	before := l.Read()
	got := l.Flood(n, 0, port)
	return M{"counters": l.Since(before), "rq": s.RQ(), "states": s.States(), "synacks": lab.SYNACKs(got)}
}

// acceptq: clients complete the handshake one after the other.
func acceptq(l *lab.Lab, abort, b, clients, c int) M {
	l.MustSet("net.ipv4.tcp_max_syn_backlog", 1024)
	l.MustSet("net.ipv4.tcp_syncookies", c)
	l.MustSet("net.ipv4.tcp_abort_on_overflow", abort)
	s := l.Listen(port, b)
	before := l.Read()
	n := 0
	for i := range clients {
		if l.Peer(lab.Addr(i), 40000, port).Connect() {
			n++
		}
	}
	return M{"counters": l.Since(before), "rq": s.RQ(), "states": s.States(), "synacks": n}
}

// overflowack: all SYNs, then all final ACKs, then data from the last
// client, a new client's SYN, one accept, and the data again.
func overflowack(l *lab.Lab, abort, b, clients int) M {
	l.MustSet("net.ipv4.tcp_max_syn_backlog", 1024)
	l.MustSet("net.ipv4.tcp_abort_on_overflow", abort)
	s := l.Listen(port, b)
	before := l.Read()
	out, resp, n := M{}, []string{}, 0
	note := func(what string, got []lab.Got) {
		for _, g := range got {
			resp = append(resp, fmt.Sprintf("%s%d:%x", what, g.Dst[3], g.Flags))
		}
	}
	peers := make([]*lab.Peer, clients)
	for i := range peers {
		peers[i] = l.Peer([4]byte{10, 1, 0, byte(i)}, 40000, port)
		if peers[i].Learn(peers[i].SYN()) {
			n++
		}
	}
	out["synacks"], out["afterSyn"], out["c1"] = n, s.States(), l.Since(before)
	for _, p := range peers {
		note("", p.ACK())
	}
	out["afterAck"], out["rq2"], out["c2"] = s.States(), s.RQ(), l.Since(before)
	last := peers[clients-1]
	note("data ", last.Data(5))
	note("newsyn ", l.Peer([4]byte{10, 1, 0, 200}, 40000, port).SYN())
	_, err := s.Accept()
	out["acceptErr"], out["rq3"], out["st3"] = fmt.Sprint(err), s.RQ(), s.States()
	note("afteraccept ", last.Data(5))
	out["rq4"], out["st4"], out["c4"], out["resp"] = s.RQ(), s.States(), l.Since(before), resp
	return out
}

// cookie: the SYN queue is full of silent clients; others try to complete.
func cookie(l *lab.Lab) M {
	l.MustSet("net.ipv4.tcp_max_syn_backlog", 1024)
	s := l.Listen(port, 3)
	before := l.Read()
	l.Flood(10, 100, port)
	n := 0
	for i := range 8 {
		if l.Peer(lab.Addr(i), 40000, port).Connect() {
			n++
		}
	}
	return M{"counters": l.Since(before), "rq": s.RQ(), "states": s.States(), "synacks": n}
}

// cookieBogus: an ACK with an invented number to a listener that never sent
// a cookie, then to one that did.
func cookieBogus(l *lab.Lab) M {
	l.MustSet("net.ipv4.tcp_max_syn_backlog", 1024)
	resp := []string{}
	before := l.Read()
	bogus := func(what string, port int) {
		p := l.Peer(lab.Addr(7), 41000, port)
		p.Next, p.Ack = p.ISN+1, 0x12345678
		for _, g := range p.ACK() {
			resp = append(resp, fmt.Sprintf("%s%x", what, g.Flags))
		}
	}
	l.Listen(port, 3)
	bogus("", port)
	l.Listen(port+1, 3)
	c := l.Read()
	l.Flood(10, 100, port+1)
	flooded := l.Since(c)
	bogus("flooded ", port+1)
	d := l.Since(before)
	for k := range flooded {
		if k != "SyncookiesFailed" && k != "OutRsts" {
			delete(d, k)
		}
	}
	return M{"counters": d, "resp": resp}
}

// synackretx: when SYN-ACKs are sent again and when the last request ends.
func synackretx(l *lab.Lab, b, n int) M {
	s := l.Listen(port, b)
	l.MustSet("net.ipv4.tcp_synack_retries", 5)
	l.MustSet("net.ipv4.tcp_max_syn_backlog", 1024)
	l.NextTick()
	l.Restart()
	for i := range n {
		l.Inject(l.Peer(lab.Addr(i), 40000, port).SYNSegment())
	}
	var got []lab.Got
	gone := 0.0
	for l.Now() < 100*time.Second {
		got = append(got, l.Wait(50*time.Millisecond)...)
		if s.States()["SYN_RECV"] == 0 {
			gone = float64(l.Now().Round(10*time.Millisecond)) / float64(time.Second)
			break
		}
	}
	bins, order := map[string]int{}, []string{}
	for _, g := range got {
		if g.Is(wire.SYN | wire.ACK) {
			k := fmt.Sprintf("%06.1f", g.At.Seconds())
			if bins[k]++; bins[k] == 1 {
				order = append(order, k)
			}
		}
	}
	for i, k := range order {
		order[i] = fmt.Sprintf("%s x%d", k, bins[k])
	}
	return M{"goneAfter": gone, "synacks": order}
}

// accepted closes what Accept returned.
func closeFD(fds ...int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}
