package host

import "fmt"

// transmit sends a segment: to another host, or over loopback to this one.
func (h *Host) transmit(t Segment) {
	if h.isOwn(t.To.Addr()) {
		h.loop = append(h.loop, t)
		return
	}
	h.sent = append(h.sent, Sent{At: h.now, Segment: t})
}

// loopMost is how many segments may follow each other over loopback at one moment. Two sockets that
// answer each other without end, which releases without rate limits can come to, stop there; a
// kernel would go on until something is lost.
const loopMost = 10000

// drain lets arrive what is on its way over loopback, and what follows from it.
func (h *Host) drain() {
	for i := 0; i < len(h.loop) && i < loopMost; i++ {
		s := h.loop[i]
		v := h.walk(&s)
		h.trace(&s, v)
	}
	h.loop = h.loop[:0]
}

// text is a segment on one line.
func (s *Segment) text() string {
	t := fmt.Sprintf("%v > %v %v seq %d", s.From, s.To, s.Flags, s.Seq)
	if s.Has(FlagACK) {
		t += fmt.Sprintf(" ack %d", s.Ack)
	}
	if s.Len > 0 {
		t += fmt.Sprintf(" len %d", s.Len)
	}
	return t
}

// String is the segment on one line, without its options.
func (s Segment) String() string { return s.text() }
