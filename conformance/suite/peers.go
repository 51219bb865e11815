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
	groups["proven"] = proven
	groups["timewait"] = timeWait
}

// absorb moves what p acknowledges past data and FINs that it was sent.
func absorb(p *lab.Peer, got []lab.Got) {
	for _, g := range got {
		if !p.Mine(g) {
			continue
		}
		end := g.Seq + uint32(len(g.Data))
		if g.Flags&wire.FIN != 0 {
			end++
		}
		if int32(end-p.Ack) > 0 {
			p.Ack = end
		}
		if g.TS {
			p.TSEcr = g.TSVal
		}
	}
}

// serve completes p's handshake after rtt, exchanges data if asked to, and
// ends the connection; closer is "peer", "server" or "reset".
func serve(l *lab.Lab, s *lab.Listener, p *lab.Peer, rtt time.Duration, data bool, closer string) error {
	if !p.Learn(p.SYN()) {
		return fmt.Errorf("no SYN-ACK")
	}
	l.Wait(rtt)
	p.TSVal += uint32(rtt.Milliseconds())
	p.ACK()
	fd, err := s.Accept()
	if err != nil {
		return err
	}
	if data {
		absorb(p, p.Data(10))
		p.Next += 10
		unix.Read(fd, make([]byte, 100))
		unix.Write(fd, make([]byte, 10))
		absorb(p, l.Wait(rtt))
		p.TSVal += uint32(rtt.Milliseconds())
		p.ACK()
	}
	fin := func() {
		absorb(p, l.Exchange(p.Segment(wire.FIN|wire.ACK)))
		p.Next++
	}
	switch closer {
	case "peer":
		fin()
		unix.Close(fd)
		absorb(p, l.Wait(2*time.Millisecond))
		p.ACK()
	case "server":
		unix.Close(fd)
		absorb(p, l.Wait(2*time.Millisecond))
		l.Wait(rtt)
		p.ACK()
		fin()
	case "reset":
		l.Exchange(p.Segment(wire.RST))
		unix.Close(fd)
	}
	l.Wait(2 * time.Millisecond)
	return nil
}

// proven: the last quarter is full; a host with a past sends a SYN.
func proven() []Case {
	var cs []Case
	for _, c := range []struct {
		rtt         int
		data        bool
		closer      string
		noSave      int
		fill        int
		otherPort   bool
		tooManySYNs int
	}{
		{rtt: 20, data: true, closer: "peer", fill: 97}, {rtt: 20, data: true, closer: "peer", noSave: 1, fill: 97},
		{rtt: 20, closer: "peer", fill: 97}, {rtt: 0, closer: "peer", fill: 97}, {rtt: 20, data: true, closer: "server", fill: 97},
		{rtt: 20, closer: "server", fill: 97}, {rtt: 20, data: true, closer: "reset", fill: 97}, {rtt: 20, closer: "reset", fill: 97},
		{rtt: 20, data: true, closer: "none", fill: 97}, {rtt: 20, data: true, closer: "peer", fill: 97, tooManySYNs: 40},
	} {
		in := M{"rttMs": c.rtt, "data": c.data, "closedBy": c.closer, "tcp_no_metrics_save": c.noSave, "fill": c.fill,
			"tcp_max_syn_backlog": 128, "backlog": 1024, "syncookies": 0, "synsFromHost": 1 + c.tooManySYNs}
		cs = append(cs, Case{Exp: "proven", In: in, Run: func(l *lab.Lab) M {
			l.MustSet("net.ipv4.tcp_syncookies", 0)
			l.MustSet("net.ipv4.tcp_max_syn_backlog", 128)
			l.MustSet("net.ipv4.tcp_no_metrics_save", c.noSave)
			s := l.Listen(port, 1024)
			p := l.Peer([4]byte{10, 9, 9, 9}, 40000, port)
			err := serve(l, s, p, time.Duration(c.rtt)*time.Millisecond, c.data, c.closer)
			after := s.States()
			l.Flood(c.fill+20, 0, port)
			filled := s.States()
			before := l.Read()
			n := 0
			for i := range 1 + c.tooManySYNs {
				q := l.Peer(p.Addr, uint16(41000+i), port)
				n += lab.SYNACKs(q.SYN())
			}
			return M{"connection": num(err), "afterClose": after, "filled": filled, "synacks": n, "counters": l.Since(before), "states": s.States()}
		}})
	}
	return cs
}

// timeWait: a SYN that matches a TIME_WAIT while the listener has
// no room for an ordinary one.
func timeWait() []Case {
	var cs []Case
	for _, c := range []struct {
		exp, fill string
		c, noSave int
	}{
		{"twsyn-full", "none", 0, 0}, {"twsyn-full", "none", 1, 0}, {"twsyn-full", "last quarter", 0, 0}, {"twsyn-full", "last quarter", 0, 1},
		{"twsyn-full", "SYN queue", 0, 0}, {"twsyn-full", "SYN queue", 0, 1}, {"twsyn-full", "SYN queue", 1, 0},
		{"twsyn-full", "none", 2, 0}, {"twsyn-full", "SYN queue", 2, 0}, {"twsyn-full", "accept queue", 0, 0}, {"twsyn-full", "accept queue", 1, 0},
		{"twsyn-full", "accept queue", 2, 0}, {"twsyn-full", "both queues", 1, 0}, {"twsyn-full", "minimum TTL", 1, 0}, {"twsyn-full", "minimum TTL, SYN queue", 0, 0},
	} {
		in := M{"fill": c.fill, "syncookies": c.c, "dseq": 1000, "dts": 1000, "tcp_no_metrics_save": c.noSave}
		cs = append(cs, Case{Exp: c.exp, In: in, Run: func(l *lab.Lab) M {
			l.MustSet("net.ipv4.tcp_no_metrics_save", c.noSave)
			return intoTimeWait(l, c.fill, c.c)
		}})
	}
	return cs
}

func intoTimeWait(l *lab.Lab, fill string, c int) M {
	l.MustSet("net.ipv4.tcp_syncookies", 1)
	l.MustSet("net.ipv4.tcp_max_syn_backlog", 1024)
	s := l.Listen(port, 64)
	p := l.Peer([4]byte{10, 9, 9, 9}, 40000, port)
	p.TS, p.TSVal = true, 1000000
	err := serve(l, s, p, 0, false, "server")
	sndNxt, rcvNxt := p.Ack, p.Next
	out := M{"connection": num(err), "afterClose": s.States()}
	l.MustSet("net.ipv4.tcp_syncookies", min(c, 1)) // cookies do not fill a queue
	switch fill {
	case "last quarter":
		l.MustSet("net.ipv4.tcp_max_syn_backlog", 16)
		l.Flood(20, 0, port)
	case "SYN queue", "minimum TTL, SYN queue":
		s.Again(4)
		l.Flood(6, 0, port)
	case "accept queue", "both queues":
		s.Again(1)
		if fill == "both queues" {
			s.Again(3)
			l.Flood(4, 100, port)
			s.Again(1)
		}
		for i := range 2 {
			l.Peer(lab.Addr(i), 40000, port).Connect()
		}
	}
	l.MustSet("net.ipv4.tcp_syncookies", c)
	out["filled"], out["rq"] = s.States(), s.RQ()
	q := l.Peer(p.Addr, p.Port, port)
	q.TS, q.TSVal = true, p.TSVal+1000
	q.ISN, q.Next = rcvNxt+1000, rcvNxt+1000
	before, d := l.Read(), s.Drops()
	syn := q.SYNSegment()
	if strings.HasPrefix(fill, "minimum TTL") { // dropped after TIME_WAIT let it through
		level, opt := unix.IPPROTO_IP, unix.IP_MINTTL
		if l.V6 {
			level, opt = unix.IPPROTO_IPV6, 73 // IPV6_MINHOPCOUNT
		}
		unix.SetsockoptInt(s.FD, level, opt, 64)
		syn.TTL = 10
	}
	got := l.Exchange(syn)
	answers := []string{}
	for _, g := range got {
		a := wire.FlagNames(g.Flags) + fmt.Sprintf(" ack=rcv_nxt%+d", int32(g.Ack-rcvNxt))
		if diff := int32(g.Seq - sndNxt); diff >= -200000 && diff <= 200000 {
			a += fmt.Sprintf(" seq=snd_nxt%+d", diff)
		} else {
			a += " seq=other"
		}
		answers = append(answers, a)
	}
	out["answers"], out["counters"], out["states"], out["sk_drops"] = answers, l.Since(before), s.States(), s.Drops()-d
	// A value kept from the TIME_WAIT would show in the next SYN's answer.
	before = l.Read()
	next := l.Peer([4]byte{10, 8, 8, 8}, 40000, port)
	fresh := []string{}
	for _, g := range next.SYN() {
		fresh = append(fresh, fmt.Sprintf("%s isSndNxtPlus65537=%t", wire.FlagNames(g.Flags), g.Seq == sndNxt+65537))
	}
	out["nextHostsSYN"] = M{"answers": fresh, "counters": l.Since(before)}
	if fill == "accept queue" { // room again, the same SYN again
		fd, _ := s.Accept()
		defer closeFD(fd)
		before = l.Read()
		again := []string{}
		for _, g := range l.Exchange(q.SYNSegment()) {
			again = append(again, fmt.Sprintf("%s seq=snd_nxt+65537:%t", wire.FlagNames(g.Flags), g.Seq == sndNxt+65537))
		}
		out["sameSYNWithRoom"] = M{"answers": again, "counters": l.Since(before), "states": s.States()}
	}
	return out
}
