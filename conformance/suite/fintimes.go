package suite

import (
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

func init() { groups["fintimes"] = finTimes }

// finTimes: a FIN, or the SYN-ACK of a socket in SYN_RECV, that nobody acknowledges: when it is sent, and when
// the socket is gone.
func finTimes() []Case {
	var cs []Case
	add := func(socket string, sack bool, sysctl string, value int, end time.Duration) {
		in := M{"socket": socket, "sack": sack, "sysctl": sysctl, "value": value}
		cs = append(cs, Case{Exp: "fin-times", In: in, Idle: true, Run: func(l *lab.Lab) M {
			if sysctl != "" {
				l.MustSet(sysctl, value)
			}
			return finTimesOf(l, socket, sack, end)
		}})
	}
	for _, sack := range []bool{false, true} {
		for _, k := range []string{"fw1-orphan", "lastack-orphan", "closing-orphan"} {
			add(k, sack, "", 0, 300*time.Second)
		}
	}
	for _, n := range []int{1, 2, 3, 7, 9} {
		add("fw1-orphan", false, "net.ipv4.tcp_orphan_retries", n, 400*time.Second)
	}
	for _, n := range []int{3, 8, 10} {
		add("fw1", false, "net.ipv4.tcp_retries2", n, 500*time.Second)
	}
	add("fw1", false, "", 0, 1100*time.Second)
	add("lastack", false, "", 0, 1100*time.Second)
	for _, n := range []int{1, 2} {
		add("syn-recv", false, "net.ipv4.tcp_syn_retries", n, 60*time.Second)
	}
	add("syn-recv", false, "", 0, 200*time.Second)
	return cs
}

func finTimesOf(l *lab.Lab, socket string, sack bool, end time.Duration) M {
	var c *conn
	var fd int
	if socket == "syn-recv" {
		f, syn, _ := connect(l, nil)
		fd = f
		p := l.Peer(remote, 443, int(syn.SPort))
		p.Ack = syn.Seq + 1
		c = &conn{p, l, fd, 0}
	} else {
		s := l.Listen(port, 16)
		p := l.Peer([4]byte{10, 9, 9, 9}, 40000, s.Port)
		syn := p.SYNSegment()
		syn.SACK = sack
		p.Learn(l.Exchange(syn))
		p.ACK()
		f, err := s.Accept()
		if err != nil {
			panic(err)
		}
		fd = f
		c = &conn{p, l, fd, 0}
		if socket == "lastack" || socket == "lastack-orphan" {
			c.peerFIN()
		}
		l.Wait(80 * time.Millisecond)
	}
	rtoUs := rto(fd)
	l.Drain()
	before := l.Read()
	l.NextTick()
	l.Restart()
	switch socket {
	case "fw1", "lastack":
		c.shut(unix.SHUT_WR)
	case "syn-recv":
		l.Inject(c.SYNSegment())
	default:
		unix.Close(fd)
		c.fd = -1
		if socket == "closing-orphan" {
			c.peerFIN()
		}
	}
	var got []lab.Got
	gone := int64(-1) // by the timer of the last look
	for l.Now() < end {
		got = append(got, l.Wait(min(time.Second, end-l.Now()))...)
		e := c.entry()
		if e.State == "none" {
			break
		}
		gone = l.Now().Milliseconds() + 10*e.Left
	}
	var times []int64
	var flags []string
	for _, g := range got {
		if c.Mine(g) {
			times, flags = append(times, g.At.Milliseconds()), append(flags, wire.FlagNames(g.Flags))
		}
	}
	out := M{"sentMs": times, "flags": flags, "goneMs": gone, "counters": l.Since(before), "rtoUs": rtoUs, "state": c.entry().State}
	if c.fd >= 0 {
		out["error"], _ = unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	}
	return out
}
