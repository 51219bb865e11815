package lab

import (
	"fmt"
	"time"

	"example.com/linuxtcp/conformance/wire"
)

// A Peer is one forged client connection: a 4-tuple, the sequence numbers it
// keeps, and the options that its SYN carries.
type Peer struct {
	l     *Lab
	Addr  [4]byte
	Port  uint16
	DPort uint16

	ISN    uint32 // our first sequence number
	Next   uint32 // our next sequence number
	ISS    uint32 // the kernel's first sequence number, once Known
	Ack    uint32 // what we acknowledge
	Known  bool
	MSS    uint16 // on the SYN; 0: no option
	TS     bool   // timestamps on every segment
	TSVal  uint32
	TSEcr  uint32
	Cookie bool // only a note for the experiment
}

// Addr numbers forged hosts: 10.1.0.0 plus n, skipping last bytes 0 and 255.
func Addr(n int) [4]byte { return [4]byte{10, 1, byte(n / 250), byte(n%250 + 1)} }

// Peer makes a client at a forged address for a server port. Its ISN depends
// on nothing but its address and port.
func (l *Lab) Peer(addr [4]byte, port uint16, dport int) *Peer {
	isn := uint32(addr[2])<<24 + uint32(addr[3])<<16 + uint32(port) + 1<<30
	return &Peer{l: l, Addr: addr, Port: port, DPort: uint16(dport), ISN: isn, Next: isn, MSS: 1460}
}

// Segment makes a segment of this connection: its present numbers, these
// flags.
func (p *Peer) Segment(flags uint8) wire.Segment {
	s := wire.Segment{
		V6: p.l.V6, Src: p.Addr, Dst: Server, SPort: p.Port, DPort: p.DPort,
		Seq: p.Next, Flags: flags, Window: 64240, TS: p.TS, TSVal: p.TSVal, TSEcr: p.TSEcr,
	}
	if flags&wire.ACK != 0 {
		s.Ack = p.Ack
	}
	return s
}

// SYNSegment is the opening SYN; sending it twice sends the same again.
func (p *Peer) SYNSegment() wire.Segment {
	s := p.Segment(wire.SYN)
	s.Seq, s.MSS, s.TSEcr = p.ISN, p.MSS, 0
	return s
}

// SYN sends the opening SYN and reports the answers. A SYN-ACK among them is
// taken note of.
func (p *Peer) SYN() []Got {
	got := p.l.Exchange(p.SYNSegment())
	p.Learn(got)
	return got
}

// Learn takes the kernel's sequence number and timestamp from SYN-ACKs for
// this connection and reports whether there was one.
func (p *Peer) Learn(got []Got) bool {
	found := false
	for _, g := range got {
		if p.Mine(g) && g.Is(wire.SYN|wire.ACK) {
			p.ISS, p.Ack, p.Known = g.Seq, g.Seq+1, true
			p.Next = p.ISN + 1
			if g.TS {
				p.TSEcr = g.TSVal
			}
			found = true
		}
	}
	return found
}

// Mine reports whether a segment belongs to this connection.
func (p *Peer) Mine(g Got) bool {
	return g.Dst == p.Addr && g.DPort == p.Port && g.SPort == p.DPort
}

// ACK sends a bare acknowledgement.
func (p *Peer) ACK() []Got { return p.l.Exchange(p.Segment(wire.ACK)) }

// Data sends n bytes at the present sequence number without moving it.
func (p *Peer) Data(n int) []Got {
	s := p.Segment(wire.ACK | wire.PSH)
	s.Data = make([]byte, n)
	return p.l.Exchange(s)
}

// Connect sends the SYN, and the final ACK if the answer was a SYN-ACK.
func (p *Peer) Connect() bool {
	if !p.Learn(p.SYN()) {
		return false
	}
	p.l.Inject(p.Segment(wire.ACK))
	return true
}

// Describe spells out answers: flags, and numbers relative to iss and isn,
// the first numbers of the kernel's and the peer's side.
func (p *Peer) Describe(got []Got) []string {
	out := []string{}
	for _, g := range got {
		s := wire.FlagNames(g.Flags) + " seq=" + p.rel(g.Seq, true)
		if g.Flags&wire.ACK != 0 {
			s += " ack=" + p.rel(g.Ack, false)
		}
		if len(g.Data) > 0 {
			s += fmt.Sprintf(" len=%d", len(g.Data))
		}
		if !p.Mine(g) {
			s += fmt.Sprintf(" to %d.%d.%d.%d:%d", g.Dst[0], g.Dst[1], g.Dst[2], g.Dst[3], g.DPort)
		}
		out = append(out, s)
	}
	return out
}

// rel writes a number relative to iss or isn, whichever is its own side's.
func (p *Peer) rel(v uint32, kernels bool) string {
	near := func(base uint32) bool { d := int32(v - base); return d >= -1<<21 && d <= 1<<21 }
	switch {
	case v == 0:
		return "0"
	case kernels && p.Known && near(p.ISS):
		return fmt.Sprintf("iss%+d", int32(v-p.ISS))
	case near(p.ISN):
		return fmt.Sprintf("isn%+d", int32(v-p.ISN))
	case p.Known && near(p.ISS):
		return fmt.Sprintf("iss%+d", int32(v-p.ISS))
	case kernels:
		return "other"
	}
	return fmt.Sprint(v)
}

// Flood sends n SYNs, each from another host, all within as few jiffies as
// possible, and returns the SYN-ACKs.
func (l *Lab) Flood(n, firstHost, dport int) []Got {
	var got []Got
	for i := range n {
		l.Inject(l.Peer(Addr(firstHost+i), 40000, dport).SYNSegment())
		got = append(got, l.Drain()...)
	}
	return append(got, l.Wait(5*time.Millisecond)...)
}

// SYNACKs counts SYN-ACKs.
func SYNACKs(got []Got) int {
	n := 0
	for _, g := range got {
		if g.Is(wire.SYN | wire.ACK) {
			n++
		}
	}
	return n
}
