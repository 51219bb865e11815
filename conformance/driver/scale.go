package driver

import (
	"net/netip"

	"example.com/linuxtcp/host"
)

// A flow is a connection's two ends, the host's first.
type flow struct{ host, peer netip.AddrPort }

// scales are the window scales of the forged connections: in a script a window is in bytes, on
// the wire it is shifted by what both ends' SYNs said.
type scales map[flow]*scale

type scale struct {
	// syn has the option of each SYN that the peer sent, by its number; it counts once the
	// host answers that one.
	syn map[uint32]uint8
	// own is the option of the host's SYN, without ACK, while it waits for its answer.
	own uint8
	// host and peer are the shifts in effect.
	host, peer uint8
}

func (m scales) of(f flow) *scale {
	s := m[f]
	if s == nil {
		s = &scale{syn: map[uint32]uint8{}}
		m[f] = s
	}
	return s
}

// agree takes the options of two SYNs, of which one without the option switches both off.
func (s *scale) agree(host, peer uint8) {
	if host == 0 || peer == 0 {
		s.host, s.peer = 0, 0
		return
	}
	// Both ends take more than 14 as 14.
	s.host, s.peer = min(host-1, 14), min(peer-1, 14)
}

// forged notes a segment that the peer sends and returns the window to write into it. A window that has no place
// in 16 bits is sent as the largest.
func (m scales) forged(g *host.Segment) uint16 {
	s := m.of(flow{g.To, g.From})
	if g.Has(host.FlagSYN) {
		s.syn[g.Seq] = g.WindowScale
		if g.Has(host.FlagACK) {
			s.agree(s.own, g.WindowScale)
		}
		return uint16(min(g.Window, 0xffff))
	}
	return uint16(min(g.Window>>s.peer, 0xffff))
}

// sent notes a segment that the host sends and returns its window in bytes.
func (m scales) sent(g *host.Segment, window uint16) uint32 {
	s := m.of(flow{g.From, g.To})
	switch {
	case g.Has(host.FlagSYN | host.FlagACK):
		if peer, ok := s.syn[g.Ack-1]; ok {
			s.agree(g.WindowScale, peer)
		}
		return uint32(window)
	case g.Has(host.FlagSYN):
		s.own = g.WindowScale
		return uint32(window)
	}
	return uint32(window) << s.host
}
