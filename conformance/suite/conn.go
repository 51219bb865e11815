package suite

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

// A conn is one connection of a forged peer with the server, which closes it
// first. Once closing, Ack is the server's snd_nxt and Next its rcv_nxt.
type conn struct {
	*lab.Peer
	l      *lab.Lab
	fd     int
	window int // what the server advertised last
}

// firstTS is the timestamp value of every peer's segments until a case
// changes it, so it is the server's ts_recent.
const firstTS = 1000000

// dial completes a handshake from the n-th port of one host and accepts.
func dial(l *lab.Lab, s *lab.Listener, n int, ts bool) *conn { return dialTS(l, s, n, ts, firstTS) }

func dialTS(l *lab.Lab, s *lab.Listener, n int, ts bool, val uint32) *conn {
	p := l.Peer([4]byte{10, 9, 9, 9}, uint16(40000+n), s.Port)
	p.TS, p.TSVal = ts, val
	if !p.Connect() {
		panic("no SYN-ACK")
	}
	fd, err := s.Accept()
	if err != nil {
		panic("accept: " + err.Error())
	}
	return &conn{p, l, fd, 0}
}

// settle reads what the kernel has sent, waiting a little if that is nothing.
func settle(l *lab.Lab) []lab.Got {
	if got := l.Drain(); got != nil {
		return got
	}
	return l.Wait(3 * time.Millisecond)
}

// hear absorbs answers and remembers the window.
func (c *conn) hear(got []lab.Got) {
	absorb(c.Peer, got)
	for _, g := range got {
		if c.Mine(g) && g.Flags&wire.RST == 0 {
			c.window = int(g.Window)
		}
	}
}

// finWait2 closes the server's end and acknowledges its FIN.
func (c *conn) finWait2() {
	unix.Close(c.fd)
	c.fd = -1
	c.hear(settle(c.l))
	c.l.Inject(c.Segment(wire.ACK))
}

// fin sends the peer's FIN; after finWait2 the server is in TIME_WAIT.
func (c *conn) fin() {
	c.hear(c.l.Exchange(c.Segment(wire.FIN | wire.ACK)))
	c.Next++
}

// timeWait closes, the server first.
func (c *conn) timeWait() {
	c.finWait2()
	c.fin()
}

// closing brings the connection to one of the two substates.
func (c *conn) closing(substate string) {
	c.finWait2()
	if substate == "TIME_WAIT" {
		c.fin()
	}
}

// entry is the connection's row of /proc/net/tcp.
func (c *conn) entry() lab.Entry { return c.l.Entry(int(c.DPort), c.Port) }

// close closes the server's end if that is still open.
func (c *conn) close() {
	if c.fd >= 0 {
		unix.Close(c.fd)
	}
}

// A probe is a segment relative to the connection's present numbers.
type probe struct {
	flags uint8
	n     int   // bytes of data
	dseq  int64 // from rcv_nxt
	dack  int64 // from snd_nxt
	ts    bool
	dts   int64 // from the last timestamp seen
}

// in are the parameters of a probe except dseq.
func (b probe) in() M {
	return M{"flags": wire.FlagNames(b.flags), "len": b.n, "segTS": b.ts, "dts": b.dts}
}

func (c *conn) probe(b probe) wire.Segment {
	s := c.Segment(b.flags)
	s.Seq = c.Next + uint32(b.dseq)
	if b.flags&wire.ACK != 0 {
		s.Ack = c.Ack + uint32(b.dack)
	}
	s.TS, s.TSVal = b.ts, c.TSVal+uint32(b.dts)
	if b.n > 0 {
		s.Data = make([]byte, b.n)
	}
	if b.flags&wire.SYN != 0 {
		s.MSS = 1460
		if b.flags&wire.ACK == 0 {
			s.TSEcr = 0
		}
	}
	return s
}

// own leaves out what is for other connections.
func (c *conn) own(got []lab.Got) []lab.Got {
	return slices.DeleteFunc(got, func(g lab.Got) bool { return !c.Mine(g) })
}

// answers spells out what came back relative to snd_nxt, rcv_nxt and the
// last timestamp seen.
func (c *conn) answers(got []lab.Got) []string {
	out := []string{}
	for _, g := range got {
		a := wire.FlagNames(g.Flags) + " seq="
		if g.Flags&wire.RST != 0 && g.Seq == 0 {
			a += "0"
		} else {
			a += fmt.Sprintf("snd_nxt%+d", int32(g.Seq-c.Ack))
		}
		if g.Flags&wire.ACK != 0 {
			a += fmt.Sprintf(" ack=rcv_nxt%+d", int32(g.Ack-c.Next))
		}
		if g.Flags&wire.RST == 0 {
			a += fmt.Sprintf(" win=%d", g.Window)
		}
		if g.TS && g.TSEcr == 0 {
			a += " tsecr=0"
		} else if g.TS {
			a += fmt.Sprintf(" tsecr=last%+d", int32(g.TSEcr-c.TSVal))
		}
		if !c.Mine(g) {
			a += " to another"
		}
		out = append(out, a)
	}
	return out
}
