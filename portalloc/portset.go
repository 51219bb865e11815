package portalloc

import "math/bits"

// portSet is a set of ports.
type portSet [1024]uint64

func (s *portSet) has(port int) bool { return s[port>>6]>>(port&63)&1 != 0 }
func (s *portSet) add(port int)      { s[port>>6] |= 1 << (port & 63) }
func (s *portSet) remove(port int)   { s[port>>6] &^= 1 << (port & 63) }

// A parity is which ports of a word of 64 count.
type parity uint64

const (
	evenPorts parity = 0x5555555555555555
	oddPorts  parity = 0xaaaaaaaaaaaaaaaa
	allPorts  parity = 1<<64 - 1
)

// parityOf is the parity of a search with that step that begins at port.
func parityOf(step, port int) parity {
	switch {
	case step == 1:
		return allPorts
	case port&1 == 0:
		return evenPorts
	}
	return oddPorts
}

// few is how many connections a destination has in a list, before it gets an index.
const few = 8

// used is the ports that connections from one address to one destination have: a list
// while there are few, then two levels of bits.
type used struct {
	n    int
	list [few]uint16
	tw   uint8 // bits for list: in TIME_WAIT
	idx  *index
}

type index struct {
	pages [32]*page
	// For each word of 64 ports, a bit: all even ones and all odd ones are in use; some
	// are in TIME_WAIT.
	fullEven, fullOdd, waiting [16]uint64
}

// page is 2048 ports.
type page struct{ used, tw [32]uint64 }

// word returns which of the 64 ports of word w are in use, and which are in TIME_WAIT.
func (u *used) word(w int) (all, tw uint64) {
	if u.idx != nil {
		if p := u.idx.pages[w>>5]; p != nil {
			return p.used[w&31], p.tw[w&31]
		}
		return 0, 0
	}
	for i := range u.n {
		if port := int(u.list[i]); port>>6 == w {
			all |= 1 << (port & 63)
			tw |= uint64(u.tw>>i&1) << (port & 63)
		}
	}
	return all, tw
}

// set marks a port as in use, in TIME_WAIT or not.
func (u *used) set(port int, tw bool) {
	if u.idx == nil {
		for i := range u.n {
			if int(u.list[i]) == port {
				u.tw &^= 1 << i
				if tw {
					u.tw |= 1 << i
				}
				return
			}
		}
		if u.n < few {
			u.list[u.n] = uint16(port)
			u.tw &^= 1 << u.n
			if tw {
				u.tw |= 1 << u.n
			}
			u.n++
			return
		}
		u.idx = &index{}
		for i := range u.n {
			u.idx.set(int(u.list[i]), u.tw>>i&1 != 0)
		}
	}
	if all, _ := u.word(port >> 6); all>>(port&63)&1 == 0 {
		u.n++
	}
	u.idx.set(port, tw)
}

// clear takes a port out.
func (u *used) clear(port int) {
	if u.idx != nil {
		u.n--
		u.idx.clear(port)
		return
	}
	for i := range u.n {
		if int(u.list[i]) == port {
			u.n--
			u.list[i] = u.list[u.n]
			u.tw = u.tw&^(1<<i) | u.tw>>u.n&1<<i
			u.tw &= 1<<u.n - 1
			return
		}
	}
}

func (x *index) set(port int, tw bool) {
	w := port >> 6
	p := x.pages[w>>5]
	if p == nil {
		p = &page{}
		x.pages[w>>5] = p
	}
	bit := uint64(1) << (port & 63)
	p.used[w&31] |= bit
	p.tw[w&31] &^= bit
	if tw {
		p.tw[w&31] |= bit
	}
	x.sum(w, p)
}

func (x *index) clear(port int) {
	w := port >> 6
	p := x.pages[w>>5]
	bit := uint64(1) << (port & 63)
	p.used[w&31] &^= bit
	p.tw[w&31] &^= bit
	x.sum(w, p)
}

// sum brings the upper level up to date for one word.
func (x *index) sum(w int, p *page) {
	all := p.used[w&31]
	put := func(set *[16]uint64, on bool) {
		bit := uint64(1) << (w & 63)
		set[w>>6] &^= bit
		if on {
			set[w>>6] |= bit
		}
	}
	put(&x.fullEven, all&uint64(evenPorts) == uint64(evenPorts))
	put(&x.fullOdd, all&uint64(oddPorts) == uint64(oddPorts))
	put(&x.waiting, p.tw[w&31] != 0)
}

// skip returns the first word from w to last that may have a port of that parity that is
// not in use, or one in TIME_WAIT if those count; last+1 if there is none.
func (x *index) skip(w, last int, par parity, tw bool) int {
	for ; w <= last; w = (w | 63) + 1 {
		full := ^uint64(0)
		if par&evenPorts != 0 {
			full &= x.fullEven[w>>6]
		}
		if par&oddPorts != 0 {
			full &= x.fullOdd[w>>6]
		}
		open := ^full
		if tw {
			open |= x.waiting[w>>6]
		}
		if open = open >> (w & 63) << (w & 63); open != 0 {
			return min(w&^63+bits.TrailingZeros64(open), last+1)
		}
	}
	return last + 1
}

// next returns the lowest port from lo to hi of that parity that is not blocked and not
// in use, or in TIME_WAIT if those count; -1 if there is none.
func (u *used) next(blocked *portSet, lo, hi int, par parity, tw bool) int {
	last := hi >> 6
	for w := lo >> 6; w <= last; w++ {
		if u.idx != nil {
			if w = u.idx.skip(w, last, par, tw); w > last {
				break
			}
		}
		all, waiting := u.word(w)
		free := ^all
		if tw {
			free |= waiting
		}
		free &= uint64(par) &^ blocked[w]
		if w == lo>>6 {
			free = free >> (lo & 63) << (lo & 63)
		}
		if w == last {
			free = free << (63 - hi&63) >> (63 - hi&63)
		}
		if free != 0 {
			return w<<6 + bits.TrailingZeros64(free)
		}
	}
	return -1
}
