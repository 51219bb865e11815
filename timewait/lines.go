package timewait

import "math/bits"

// The hash table of a store is made of cache lines, because a table of a million is in
// no cache: to find, add or remove costs one miss, that of the line where the hash says
// that the entry should be, its home. An entry that finds its home full goes to the
// next line that has a free slot, and each line on its way counts that it went past.
// A search ends at the first line that nothing went past; a removal counts back, and
// moves nothing between lines.

// A line is 64 bytes. A slot is an entry's number in the bits of store.numbers, and in
// those above the bits of its hash that fit, its tag.
type line struct {
	state uint32 // slots taken, in the low four bits; entries that went past, above
	slots [lineSlots]uint32
}

const (
	lineSlots = 15
	lineFill  = 12 // slots taken on average before the table grows
	onePast   = 1 << 4
)

// taken is how many slots are taken: the first ones.
func (l *line) taken() uint32 { return l.state & (onePast - 1) }

func (s *store) home(h uint64) int {
	p, _ := bits.Mul64(h, uint64(len(s.lines)))
	return int(p)
}

// next is the line after p, in a circle.
func (s *store) next(p int) int {
	if p++; p < len(s.lines) {
		return p
	}
	return 0
}

func (s *store) tag(h uint64) uint32 { return uint32(h) &^ s.numbers }

// find returns the number of the entry of c.
func (s *store) find(c *conn) (uint32, bool) {
	h := c.hash()
	p, tag, numbers := s.home(h), s.tag(h), s.numbers
	for range s.lines { // entries may have gone past every one of them
		l := &s.lines[p]
		// All slots are looked at, not only those taken: a loop whose end is known does
		// not make the processor wait for the line before it goes on.
		for j, v := range &l.slots {
			if i := v ^ tag; i <= numbers && uint32(j) < l.taken() && s.is(s.at(i), c) {
				return i, true
			}
		}
		if l.state < onePast {
			break
		}
		p = s.next(p)
	}
	return 0, false
}

// place puts entry i, whose hash is h, into the table, which has a free slot.
func (s *store) place(i uint32, h uint64) {
	p := s.home(h)
	l := &s.lines[p]
	for l.taken() == lineSlots {
		l.state += onePast
		p = s.next(p)
		l = &s.lines[p]
	}
	l.slots[l.taken()] = s.tag(h) | i
	l.state++
}

// displace takes entry i, which is there and whose hash is h, out of the table.
func (s *store) displace(i uint32, h uint64) {
	for p := s.home(h); ; p = s.next(p) {
		l := &s.lines[p]
		taken := l.slots[:l.taken()]
		for j, v := range taken {
			if v&s.numbers == i {
				taken[j] = taken[len(taken)-1]
				l.state--
				return
			}
		}
		l.state -= onePast
	}
}

// room makes the table anew, an eighth larger, if one entry more would fill it too much.
func (s *store) room() {
	if s.live < len(s.lines)*lineFill {
		return
	}
	s.lines = make([]line, len(s.lines)+len(s.lines)/8+4)
	s.numbers = 1<<bits.Len(uint(len(s.lines)*lineFill-1)) - 1
	for i := range s.used {
		if e := s.at(i); e.bucket() >= 0 { // it is not free
			s.place(i, s.hash(e))
		}
	}
}
