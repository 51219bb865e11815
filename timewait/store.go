package timewait

import (
	"fmt"
	"math/bits"
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

// A store holds entries and finds them by address: an open hash table in which an
// entry that is far from its place displaces one that is nearer (Robin Hood), so that
// removal needs no marks. A slot has seven bits of distance from its place in its low
// bits, then the entry's number plus one, then bits of the hash.
type store struct {
	pages [][]entry
	used  uint32 // entries ever made
	free  uint32 // first of the free list, plus one; next in remote
	live  int

	slots    []uint32
	idxBits  uint
	grown    int // how often the hash table was made anew
	addrs6   [][16]byte
	free6    []uint32
	locals   map[netip.Addr]uint16
	localTab []localAddr
	freeLoc  []uint16
	lastLoc  netip.Addr
	lastIdx  uint16
}

type localAddr struct {
	addr netip.Addr
	refs uint32
}

const (
	distBits = 7
	maxDist  = 1<<distBits - 1
)

func (s *store) at(i uint32) *entry { return &s.pages[i>>pageShift][i&(pageSize-1)] }

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

// hash mixes what names an entry.
func (c *conn) hash() uint64 {
	if c.sum != 0 {
		return c.sum
	}
	h := uint64(c.local)<<32 | uint64(c.lport)<<16 | uint64(c.rport)
	if c.remote.Is4() {
		a := c.remote.As4()
		h ^= uint64(be32(a[:])) << 29
	} else {
		a := c.remote.As16()
		for i := 0; i < 16; i += 4 {
			h = (h ^ uint64(be32(a[i:]))) * 0x9e3779b97f4a7c15
			h ^= h >> 32
		}
	}
	c.sum = mix(h)
	return c.sum
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

func (s *store) home(h uint64) int {
	hi, _ := bits.Mul64(h, uint64(len(s.slots)))
	return int(hi)
}

// tag is the bits of a hash that fit beside number and distance.
func (s *store) tag(h uint64) uint32 {
	shift := s.idxBits + distBits
	return uint32(h) >> shift << shift
}

func dist(slot uint32) uint32 { return slot & maxDist }

func (s *store) idx(slot uint32) uint32 { return slot>>distBits&(1<<s.idxBits-1) - 1 }

// find returns the number of the entry of c.
func (s *store) find(c *conn) (uint32, bool) {
	if len(s.slots) == 0 {
		return 0, false
	}
	h := c.hash()
	p, want := s.home(h), s.tag(h)
	numbers := (uint32(1)<<s.idxBits - 1) << distBits
	for ; ; want++ { // the distance is in the low bits
		v := s.slots[p]
		if v&^numbers == want && v != 0 {
			if i := s.idx(v); s.is(s.at(i), c) {
				return i, true
			}
		}
		if v == 0 || dist(v) < dist(want) || dist(want) == maxDist {
			return 0, false
		}
		if p++; p == len(s.slots) {
			p = 0
		}
	}
}

// slotOf finds the slot of entry i, which is there and whose hash is h.
func (s *store) slotOf(i uint32, h uint64) int {
	p, want := s.home(h), (i+1)<<distBits
	mask := uint32(1)<<(s.idxBits+distBits) - 1
	for ; ; want++ {
		if s.slots[p]&mask == want {
			return p
		}
		if p++; p == len(s.slots) {
			p = 0
		}
	}
}

// add makes an entry for c, which has none. The caller fills the rest in.
func (s *store) add(c *conn) (uint32, *entry) {
	var i uint32
	if s.free != 0 {
		i = s.free - 1
		s.free = s.at(i).remote
	} else {
		i = s.used
		if int(i>>pageShift) == len(s.pages) {
			s.pages = append(s.pages, make([]entry, pageSize))
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
	if s.live*8 > len(s.slots)*7 || !s.place(i, c.hash()) {
		s.grow(i)
	}
	return i, e
}

// place puts entry i into the hash table; false if something would end too far from
// its place, when the table is in no order and has to be made anew.
func (s *store) place(i uint32, h uint64) bool {
	p := s.home(h)
	v := s.tag(h) | (i+1)<<distBits
	for {
		w := s.slots[p]
		if w == 0 {
			s.slots[p] = v
			return true
		}
		if dist(w) < dist(v) {
			s.slots[p], v = v, w
		}
		if dist(v) == maxDist {
			return false
		}
		v++
		if p++; p == len(s.slots) {
			p = 0
		}
	}
}

// grow makes the hash table anew, a quarter larger. extra is an entry that may not be
// in it yet.
func (s *store) grow(extra uint32) {
	all := make([]uint32, 0, s.live)
	for _, v := range s.slots {
		if v != 0 && s.idx(v) != extra {
			all = append(all, s.idx(v))
		}
	}
	if len(all) < s.live-1 { // place was carrying one
		all = all[:0]
		for i := range s.used {
			if i != extra && s.at(i).bucket() >= 0 {
				all = append(all, i)
			}
		}
	}
	all = append(all, extra)
	for size := len(s.slots); ; {
		size += size/4 + 64
		s.slots = make([]uint32, size)
		s.idxBits = uint(bits.Len(uint(size)))
		s.grown++
		done := true
		for _, i := range all {
			c := s.connOf(s.at(i))
			if !s.place(i, c.hash()) {
				done = false
				break
			}
		}
		if done {
			return
		}
	}
}

// remove takes entry i out.
func (s *store) remove(i uint32) {
	e := s.at(i)
	c := s.connOf(e)
	p := s.slotOf(i, c.hash())
	for {
		next := p + 1
		if next == len(s.slots) {
			next = 0
		}
		v := s.slots[next]
		if dist(v) == 0 { // nothing there, or at its place
			break
		}
		s.slots[p] = v - 1
		p = next
	}
	s.slots[p] = 0
	if e.meta&metaIPv6 != 0 {
		s.free6 = append(s.free6, e.remote)
	}
	l := &s.localTab[c.local]
	if l.refs--; l.refs == 0 {
		s.dropLocal(c.local)
	}
	*e = entry{remote: s.free}
	s.free = i + 1
	s.live--
}
