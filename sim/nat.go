package sim

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
)

const noMapping = "no mapping"

// A NAT is a box that hides the hosts inside (A's end) behind one address outside: it rewrites source
// addresses and ports on the way out, and destinations on the way in. As Linux does, it gives each connection
// the port that the inside host chose if no other connection to the same destination has it outside, and
// the next free one of its range if so. A mapping is forgotten when nothing passed for Idle. What comes in
// without a mapping is stopped.
//
// It passes timestamps on as they are, which is what makes two hosts inside look like one with a
// clock that goes back. With Timestamps set it gives each host inside an offset, so that outside all have the
// box's clock. A NAT of the kernel's netfilter does not do that.
//
// A NAT is made with a literal and has its state in unexported fields: it belongs to one world.
type NAT struct {
	Label   string     // its name in traces and reports
	Outside netip.Addr // the one address that the far end sees
	// PortLow and PortHigh are the ports for connections whose own is taken; 0 means 1024 and 65535.
	PortLow, PortHigh uint16
	// Idle is how long a mapping without traffic is kept; 0 means 5 days, as netfilter keeps established
	// connections.
	Idle time.Duration
	// Timestamps says that timestamps are rewritten.
	Timestamps bool

	out     map[pair]*mapping // by inside and destination
	in      map[pair]*mapping // by outside and destination
	offsets map[netip.Addr]uint32
}

type mapping struct {
	inside, outside, remote netip.AddrPort
	last                    time.Duration
}

// Name is its label.
func (n *NAT) Name() string { return n.Label }

func (n *NAT) idle() time.Duration {
	if n.Idle > 0 {
		return n.Idle
	}
	return 5 * 24 * time.Hour
}

// Inside returns whom a segment from outside is for, and whether there is a mapping for it.
func (n *NAT) Inside(now time.Duration, s host.Segment) (netip.AddrPort, bool) {
	m := n.live(now, n.in[pair{s.To, s.From}])
	if m == nil {
		return netip.AddrPort{}, false
	}
	return m.inside, true
}

// live returns a mapping if it is one still, and forgets it if not.
func (n *NAT) live(now time.Duration, m *mapping) *mapping {
	if m != nil && now-m.last >= n.idle() {
		delete(n.out, pair{m.inside, m.remote})
		delete(n.in, pair{m.outside, m.remote})
		return nil
	}
	return m
}

// Pass rewrites a segment.
func (n *NAT) Pass(now time.Duration, outward bool, s host.Segment) Passage {
	if n.out == nil {
		n.out, n.in, n.offsets = map[pair]*mapping{}, map[pair]*mapping{}, map[netip.Addr]uint32{}
	}
	if !outward {
		m := n.live(now, n.in[pair{s.To, s.From}])
		if m == nil {
			return Passage{Stop: noMapping}
		}
		m.last = now
		s.To = m.inside
		if off, ok := n.offsets[m.inside.Addr()]; ok && s.Timestamp && s.TSEcr != 0 {
			s.TSEcr -= off
		}
		return Passage{Segment: s}
	}
	m := n.live(now, n.out[pair{s.From, s.To}])
	if m == nil {
		port, ok := n.free(now, s)
		if !ok {
			return Passage{Stop: "no port is left"}
		}
		m = &mapping{inside: s.From, outside: netip.AddrPortFrom(n.Outside, port), remote: s.To}
		n.out[pair{s.From, s.To}], n.in[pair{m.outside, s.To}] = m, m
	}
	m.last = now
	s.From = m.outside
	if n.Timestamps && s.Timestamp {
		off, ok := n.offsets[m.inside.Addr()]
		if !ok {
			off = uint32(now/time.Millisecond) - s.TSVal
			n.offsets[m.inside.Addr()] = off
		}
		s.TSVal += off
	}
	return Passage{Segment: s}
}

// free finds the port for a new mapping.
func (n *NAT) free(now time.Duration, s host.Segment) (uint16, bool) {
	taken := func(port uint16) bool {
		return n.live(now, n.in[pair{netip.AddrPortFrom(n.Outside, port), s.To}]) != nil
	}
	if !taken(s.From.Port()) {
		return s.From.Port(), true
	}
	low, high := int(n.PortLow), int(n.PortHigh)
	if low == 0 {
		low = 1024
	}
	if high == 0 {
		high = 65535
	}
	width := high - low + 1
	first := max(int(s.From.Port())-low, 0)
	for i := range max(width, 0) {
		port := uint16(low + (first+i)%width)
		if !taken(port) {
			return port, true
		}
	}
	return 0, false
}
