package timewait

import (
	"fmt"
	"net/netip"
)

// A localAddr is one of our own addresses, and how many entries have it. Entries know
// its number only: most tables have few.
type localAddr struct {
	addr netip.Addr
	refs uint32
}

// localIndex finds the number of one of our own addresses.
func (s *store) localIndex(a netip.Addr) (uint16, bool) {
	if a == s.lastLoc && a.IsValid() {
		return s.lastIdx, true
	}
	i, ok := s.locals[a]
	if ok {
		s.lastLoc, s.lastIdx = a, i
	}
	return i, ok
}

// addLocal gives one of our own addresses a number.
func (s *store) addLocal(a netip.Addr) (uint16, error) {
	if i, ok := s.localIndex(a); ok {
		return i, nil
	}
	var i uint16
	switch n := len(s.freeLoc); {
	case n > 0:
		i, s.freeLoc = s.freeLoc[n-1], s.freeLoc[:n-1]
	case len(s.localTab) == maxLocalAddrs:
		return 0, fmt.Errorf("timewait: %v is local address number %d, more than the %d that a Table holds at once", a, maxLocalAddrs+1, maxLocalAddrs)
	default:
		i = uint16(len(s.localTab))
		s.localTab = append(s.localTab, localAddr{})
	}
	s.localTab[i] = localAddr{addr: a}
	if s.locals == nil {
		s.locals = map[netip.Addr]uint16{}
	}
	s.locals[a] = i
	s.lastLoc, s.lastIdx = a, i
	return i, nil
}

// dropLocal forgets an address that no entry uses.
func (s *store) dropLocal(i uint16) {
	l := &s.localTab[i]
	if l.refs > 0 {
		return
	}
	delete(s.locals, l.addr)
	if s.lastIdx == i {
		s.lastLoc = netip.Addr{}
	}
	*l = localAddr{}
	s.freeLoc = append(s.freeLoc, i)
}
