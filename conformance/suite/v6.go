package suite

import "example.com/linuxtcp/conformance/lab"

func init() { groups["v6"] = overV6 }

// overV6 repeats, over IPv6, what depends on the family: the cookies' MSS
// table, the way of a TIME_WAIT's SYN, and the queue limits.
func overV6() []Case {
	var cs []Case
	for _, mss := range []uint16{0, 536, 1219, 1220, 1221, 1300, 1419, 1420, 1439, 1440, 1441, 8939, 8940, 8960} {
		for _, c := range []int{2, 0} {
			cs = append(cs, Case{Exp: "cookie-mss", In: M{"syncookies": c, "mss": mss, "timestamps": false},
				Run: func(l *lab.Lab) M { return cookieOneMSS(l, c, mss, false) }})
		}
	}
	cs = append(cs, timeWait()...)
	cs = append(cs, drops()...)
	for _, f := range []struct{ somaxconn, m, b, c, n int }{
		{1024, 128, 1024, 0, 600}, {128, 512, 128, 0, 600}, {128, 512, 128, 1, 600}, {5, 512, 5, 1, 600}, {4096, 1024, 0, 0, 10},
	} {
		in := M{"backlog": f.b, "somaxconn": f.somaxconn, "syncookies": f.c, "syns": f.n, "tcp_max_syn_backlog": f.m}
		cs = append(cs, Case{Exp: "flood", In: in, Run: func(l *lab.Lab) M { return flood(l, f.b, f.somaxconn, f.c, f.n, f.m) }})
	}
	for i, c := range cs {
		cs[i].Exp += "-v6"
		cs[i].Run = func(l *lab.Lab) M {
			l.V6 = true
			return c.Run(l)
		}
	}
	return cs
}
