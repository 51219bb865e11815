package script

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel/serial"
)

// endpoints are what tells one flow from another: the host's side and the peer's. A
// listener has no remote side.
type endpoints struct{ local, remote netip.AddrPort }

// A flow is what is known of the numbers between two endpoints. It outlives
// connections.
type flow struct {
	endpoints
	name string // empty until something in the script is called so
	// flood says that the peer is one of a flood's, of whom answers tell together.
	flood bool
	isn   uint32 // the peer's first number

	iss      uint32 // the host's first number
	known    bool   // it has sent one
	oldISS   uint32 // the one before
	oldKnown bool
	next     uint32        // after the highest number that the host has sent
	tsval    uint32        // the last timestamp that the host sent
	last     time.Duration // when the last segment of either side passed
}

// PeerISN is the first sequence number of the peer's side of a flow. It follows from
// the addresses alone, so that a script gives the same numbers every time. Of ports that 4
// divides it is 3 below 2^32, so that their numbers wrap.
func PeerISN(peer, host netip.AddrPort) uint32 {
	if peer.Port()%4 == 0 {
		return 1<<32 - 3
	}
	a := peer.Addr().As16()
	low := uint32(a[14])<<24 | uint32(a[15])<<16 | uint32(peer.Port())
	return (low ^ uint32(host.Port())<<8) * 2654435761
}

// label is the name, or the endpoints where nothing in the script has them.
func (f *flow) label() string {
	if f.name != "" {
		return f.name
	}
	return f.local.String() + "/" + f.remote.String()
}

// resolve makes the segment that a step means, with the numbers of this moment.
func (f *flow) resolve(s *Segment) host.Segment {
	out := host.Segment{
		From: f.remote, To: f.local, Flags: s.Flags, Len: s.Len, Window: s.Window,
		Seq: uint32(s.Seq.N), Timestamp: s.Timestamp, MSS: s.MSS, WindowScale: s.WindowScale, SACK: s.SACK,
	}
	if s.Window == 0 && !s.ZeroWindow {
		out.Window = usualWindow
	}
	if s.Seq.Base == FromISN {
		out.Seq += f.isn
	}
	if s.Flags&host.FlagACK != 0 {
		out.Ack = uint32(s.Ack.N)
		switch s.Ack.Base {
		case FromISN:
			out.Ack += f.iss
		case FromOld:
			out.Ack += f.oldISS
		}
	}
	if s.Timestamp {
		out.TSVal, out.TSEcr = s.TSVal, uint32(s.TSEcr.N)
		if s.TSEcr.Last {
			out.TSEcr += f.tsval
		}
	}
	return out
}

// A question is the acknowledgement number of the segment that a step brought, which a RST may
// carry back, and how the script wrote it.
type question struct {
	ack  uint32
	text Number
	put  bool // there is one
}

func asked(s *Step, sent *host.Segment) question {
	if s.Op != OpSegment || !sent.Has(host.FlagACK) {
		return question{}
	}
	return question{sent.Ack, s.Segment.Ack, true}
}

// describe writes a segment of the host in relative numbers and takes note of its own.
func (f *flow) describe(s *host.Segment, q question) string {
	isn := ""
	if s.Has(host.FlagSYN) {
		isn = f.learn(s.Seq)
	}
	text := fmt.Sprintf("%s < %s seq %s", f.label(), s.Flags&^host.FlagPSH, f.number(s, q))
	if s.Has(host.FlagACK) {
		text += " ack " + relative(s.Ack, f.isn)
	}
	if s.Len != 0 {
		text += fmt.Sprintf(" len %d", s.Len)
	}
	if s.Timestamp {
		text += fmt.Sprintf(" ts * %d", s.TSEcr)
		f.tsval = s.TSVal
	}
	if s.Has(host.FlagSYN) {
		if s.MSS != 0 {
			text += fmt.Sprintf(" mss %d", s.MSS)
		}
		if s.WindowScale != 0 {
			text += " wscale"
		}
		if s.SACK {
			text += " sack"
		}
	}
	if end := s.End(); !s.Has(host.FlagRST) && (isn != "" || serial.After(end, f.next)) {
		f.next = end
	}
	return text + isn
}

// learn takes the number of a SYN or SYN-ACK of the host as its first, and returns what is
// to be said of it: nothing if it is the first one on the flow or the same again.
func (f *flow) learn(seq uint32) string {
	was, known := f.iss, f.known
	f.iss, f.known = seq, true
	switch {
	case !known:
		f.next = seq
		return ""
	case seq == was:
		return ""
	}
	f.oldISS, f.oldKnown = was, true
	if seq == f.next+65537 {
		return " isn next+65537"
	}
	return " isn new"
}

// near is how far from its base a number is still taken for one that was counted from it.
const near = 1 << 24

func isNear(v, base uint32) bool {
	d := int32(v - base)
	return -near <= d && d <= near
}

// closer reports whether v is closer to a than to b: two first numbers may be near each other by chance.
func closer(v, a, b uint32) bool {
	distance := func(base uint32) int32 {
		d := int32(v - base)
		return max(d, -d)
	}
	return isNear(v, a) && distance(a) < distance(b)
}

// number writes the sequence number of a segment of the host. That of a RST is often not its own:
// it is the number that was asked about, written as the script wrote it, or the 0 that
// answers a segment without ACK. Neither is put in relation to the host's first number, from which
// it may lie at any distance.
func (f *flow) number(s *host.Segment, q question) string {
	switch v := s.Seq; {
	case s.Flags&^host.FlagPSH == host.FlagRST && q.put && v == q.ack:
		if !f.known && q.text.Base == FromZero && v != 0 {
			return Number{FromISN, int32(v)}.String() // what counts from the host's number counts from zero yet
		}
		return q.text.String()
	case s.Has(host.FlagRST) && v == 0:
		return Number{Base: FromZero}.String()
	case f.known && isNear(v, f.iss) && !(f.oldKnown && closer(v, f.oldISS, f.iss)):
		return Number{FromISN, int32(v - f.iss)}.String()
	case f.oldKnown && isNear(v, f.oldISS):
		return Number{FromOld, int32(v - f.oldISS)}.String()
	}
	return "?"
}

// relative writes a number of the peer's side.
func relative(v, base uint32) string {
	if v == 0 && !isNear(v, base) {
		return Number{Base: FromZero}.String()
	}
	return Number{FromISN, int32(v - base)}.String()
}
