package timewait

import (
	"net/netip"
	"time"
)

// An entry is what the table keeps of one connection: 36 bytes, so that a million of
// them fits beside the program that asks. What few entries have stands in maps of the
// table. The address of an IPv6 peer stands in a slab of its own.
type entry struct {
	remote   uint32 // IPv4 address, or index into the slab of IPv6 addresses
	rcvNxt   uint32
	sndNxt   uint32
	tsRecent uint32
	seenAt   uint32 // second, 0 for no timestamps
	aux      uint32 // from 6.14 on the millisecond of its beginning, in 4.1 to 4.7 the jiffy of its timer
	window   uint32 // receive window, and flags in the upper two bits
	local    uint16 // index into the table of local addresses, and flagShort
	lport    uint16
	rport    uint16
	meta     uint16 // see below
}

// The upper bits of window: 30 bits hold every TCP window.
const (
	flagLo     = 1 << 31 // bound to the device lo
	flagMark   = 1 << 30 // seen by compaction
	windowMask = flagMark - 1
)

// meta holds the number of the entry's bucket, plus one, in 10 bits; 4 bits of window
// scale; whether it is in TIME_WAIT, and whether over IPv6.
const (
	bucketMask    = 1<<10 - 1
	scaleShift    = 10
	metaTimeWait  = 1 << 14
	metaIPv6      = 1 << 15
	pageShift     = 12
	pageSize      = 1 << pageShift
	maxEntries    = 1 << 24
	maxLocalAddrs = 1 << 15
	flagShort     = 1 << 15 // in local: armed last for at most 4 s
	localMask     = flagShort - 1
)

func (e *entry) bucket() int { return int(e.meta&bucketMask) - 1 } // -1 for no entry

func (e *entry) setBucket(b int) { e.meta = e.meta&^bucketMask | uint16(b+1) }

func (e *entry) short() bool { return e.local&flagShort != 0 }

// setShort notes whether the timer is armed for a time that counts TWKilled.
func (e *entry) setShort(timeout time.Duration) {
	e.local &= localMask
	if timeout <= killedLimit {
		e.local |= flagShort
	}
}

func (e *entry) state() State {
	if e.meta&metaTimeWait != 0 {
		return TimeWait
	}
	return FinWait2
}

// A conn names an entry.
type conn struct {
	remote       netip.Addr
	local        uint16
	lport, rport uint16
	sum          uint64 // hash, once it is known; 0 before
}

// A store holds entries, which it finds by address in a hash table of lines.
type store struct {
	pages []*[pageSize]entry
	used  uint32 // entries ever made
	free  uint32 // first of the free list, plus one; next in remote
	live  int

	lines    []line
	numbers  uint32 // the bits of a slot that hold an entry's number
	addrs6   [][16]byte
	free6    []uint32
	locals   map[netip.Addr]uint16
	localTab []localAddr
	freeLoc  []uint16
	lastLoc  netip.Addr
	lastIdx  uint16
}

func (s *store) at(i uint32) *entry { return &s.pages[i>>pageShift][i&(pageSize-1)] }

// hash mixes what c is.
func (c *conn) hash() uint64 {
	switch {
	case c.sum != 0:
	case c.remote.Is4():
		a := c.remote.As4()
		c.sum = hash4(be32(a[:]), c.local, c.lport, c.rport)
	default:
		c.sum = hash6(c.remote.As16(), c.local, c.lport, c.rport)
	}
	return c.sum
}

// hash is that of an entry's name, without the detour of a conn.
func (s *store) hash(e *entry) uint64 {
	if e.meta&metaIPv6 != 0 {
		return hash6(s.addrs6[e.remote], e.local&localMask, e.lport, e.rport)
	}
	return hash4(e.remote, e.local&localMask, e.lport, e.rport)
}

func hash4(remote uint32, local, lport, rport uint16) uint64 {
	return mix((uint64(remote)<<32 | uint64(lport)<<16 | uint64(rport)) + uint64(local)*0x9e3779b97f4a7c15)
}

func hash6(remote [16]byte, local, lport, rport uint16) uint64 {
	h := uint64(local)<<32 | uint64(lport)<<16 | uint64(rport)
	for i := 0; i < 16; i += 4 {
		h = (h ^ uint64(be32(remote[i:]))) * 0x9e3779b97f4a7c15
		h ^= h >> 32
	}
	return mix(h)
}

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// mix spreads a number over 64 bits (the finalizer of SplitMix64).
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// connOf is the name of an entry.
func (s *store) connOf(e *entry) conn {
	c := conn{local: e.local & localMask, lport: e.lport, rport: e.rport}
	if e.meta&metaIPv6 != 0 {
		c.remote = netip.AddrFrom16(s.addrs6[e.remote])
	} else {
		c.remote = netip.AddrFrom4([4]byte{byte(e.remote >> 24), byte(e.remote >> 16), byte(e.remote >> 8), byte(e.remote)})
	}
	return c
}

// is reports whether e is the entry of c.
func (s *store) is(e *entry, c *conn) bool {
	if e.local&localMask != c.local || e.lport != c.lport || e.rport != c.rport || (e.meta&metaIPv6 != 0) == c.remote.Is4() {
		return false
	}
	if e.meta&metaIPv6 != 0 {
		return s.addrs6[e.remote] == c.remote.As16()
	}
	a := c.remote.As4()
	return e.remote == be32(a[:])
}

// add makes an entry for c, which has none. The caller fills the rest in.
func (s *store) add(c *conn) (uint32, *entry) {
	s.room()
	var i uint32
	if s.free != 0 {
		i = s.free - 1
		s.free = s.at(i).remote
	} else {
		i = s.used
		if int(i>>pageShift) == len(s.pages) {
			s.pages = append(s.pages, new([pageSize]entry))
		}
		s.used++
	}
	e := s.at(i)
	*e = entry{local: c.local, lport: c.lport, rport: c.rport}
	if c.remote.Is4() {
		a := c.remote.As4()
		e.remote = be32(a[:])
	} else {
		e.meta |= metaIPv6
		if n := len(s.free6); n > 0 {
			e.remote, s.free6 = s.free6[n-1], s.free6[:n-1]
			s.addrs6[e.remote] = c.remote.As16()
		} else {
			e.remote = uint32(len(s.addrs6))
			s.addrs6 = append(s.addrs6, c.remote.As16())
		}
	}
	s.live++
	s.localTab[c.local].refs++
	s.place(i, c.hash())
	return i, e
}

// remove takes entry i out.
func (s *store) remove(i uint32) {
	e := s.at(i)
	s.displace(i, s.hash(e))
	if e.meta&metaIPv6 != 0 {
		s.free6 = append(s.free6, e.remote)
	}
	local := e.local & localMask
	l := &s.localTab[local]
	if l.refs--; l.refs == 0 {
		s.dropLocal(local)
	}
	*e = entry{remote: s.free}
	s.free = i + 1
	s.live--
}
