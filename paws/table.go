package paws

import (
	"math/bits"
	"slices"
)

// A table finds the entry of a host. Every bucket has two homes, blocks of eight slots,
// and an entry stands in either of them (cuckoo hashing): so the table may be nearly
// full and of any size, and all entries of a bucket are found in one look. Of each slot
// a tag of one byte stands apart, with few bits of the hash. The tags of a million hosts
// fit into a processor's cache, and tell which slot to look at.
type table[K comparable] struct {
	tags   []uint64 // of a block: a byte for each slot, 0 if it is free, else what tagOf says
	slots  []slot[K]
	rest   []slot[K] // what found no room in its homes, which takes many equal hashes
	used   int
	turn   int            // which entry of a full block makes room next
	bucket uint32         // the bits of a hash that make its bucket
	hash   func(K) uint32 // of a host
}

type slot[K comparable] struct {
	key K
	entry
}

const (
	blockSlots = 8
	tagLow     = 0x0101_0101_0101_0101 // the lowest bit of each tag
	tagHigh    = tagLow << 7
	tagRest    = tagHigh - tagLow // all bits but the highest
)

// tagOf is the tag of a host in a slot.
func tagOf(hash uint32) uint64 { return uint64(max(hash&0xff, 1)) }

// zeros marks the bytes that are 0 by their highest bit.
func zeros(x uint64) uint64 { return ^(x | (x&tagRest + tagRest)) & tagHigh }

// homes returns the two blocks in which entries of a hash's bucket stand. Both spread
// the buckets evenly, the second in an order of its own.
func (t *table[K]) homes(hash uint32) (uint64, uint64) {
	n := uint64(len(t.tags))
	b := hash & t.bucket
	return uint64(b) * n >> 32, uint64(b*0x9e3779b1) * n >> 32
}

// fits returns a bit for every slot of two blocks whose tag is the hash's: of the first
// block the highest bit of a byte, of the second the one below. Nearly always it is one
// slot if the host is known, else none.
func (t *table[K]) fits(hash uint32, first, second uint64) uint64 {
	tags := tagOf(hash) * tagLow
	return zeros(t.tags[first]^tags) | zeros(t.tags[second]^tags)>>1
}

// slotOf is the slot that the lowest bit of fits stands for.
func slotOf(fits, first, second uint64) uint64 {
	bit := uint64(bits.TrailingZeros64(fits))
	return (second+(first-second)*(bit&1))*blockSlots + bit/8
}

// find returns the entry of a host and one of our addresses, or nil. hash is the host's.
func (t *table[K]) find(hash uint32, k K, local uint16) *entry {
	if len(t.tags) == 0 {
		return nil
	}
	first, second := t.homes(hash)
	for fits := t.fits(hash, first, second); fits != 0; fits &= fits - 1 {
		if s := &t.slots[slotOf(fits, first, second)]; s.key == k && s.local() == local {
			return &s.entry
		}
	}
	for i := range t.rest {
		if s := &t.rest[i]; s.key == k && s.local() == local {
			return &s.entry
		}
	}
	return nil
}

// each calls f for every entry, in an order that follows from their history.
func (t *table[K]) each(f func(s *slot[K])) {
	for home := range t.tags {
		t.eachOf(home, f)
	}
	t.eachRest(f)
}

func (t *table[K]) eachOf(home int, f func(s *slot[K])) {
	for i := range blockSlots {
		if t.tags[home]>>(8*i)&0xff != 0 {
			f(&t.slots[home*blockSlots+i])
		}
	}
}

func (t *table[K]) eachRest(f func(s *slot[K])) {
	for i := range t.rest {
		f(&t.rest[i])
	}
}

// eachInBucket calls f for the entries of a hash's bucket.
func (t *table[K]) eachInBucket(hash uint32, f func(s *slot[K])) {
	if len(t.tags) == 0 {
		return
	}
	filter := func(s *slot[K]) {
		if (t.hash(s.key)^hash)&t.bucket == 0 {
			f(s)
		}
	}
	first, second := t.homes(hash)
	t.eachOf(int(first), filter)
	if second != first {
		t.eachOf(int(second), filter)
	}
	t.eachRest(filter)
}

// oldest returns how many entries a hash's bucket has, and which of them was not used
// for longest; of several the one nearest to the head of the chain, where the kernel's
// search begins.
func (t *table[K]) oldest(hash uint32) (n int, oldest *slot[K]) {
	t.eachInBucket(hash, func(s *slot[K]) {
		n++
		if oldest == nil || s.before(&oldest.entry) {
			oldest = s
		}
	})
	return n, oldest
}

// set gives slot i to a host.
func (t *table[K]) set(i int, s slot[K]) {
	t.setTag(i, tagOf(t.hash(s.key)))
	t.slots[i] = s
}

func (t *table[K]) setTag(i int, tag uint64) {
	w, shift := &t.tags[i/blockSlots], i%blockSlots*8
	*w = *w&^(0xff<<shift) | tag<<shift
}

// remove takes out an entry.
func (t *table[K]) remove(k K, local uint16) {
	e := t.find(t.hash(k), k, local)
	if e == nil {
		return
	}
	t.used--
	first, second := t.homes(t.hash(k))
	for _, home := range [...]uint64{first, second} {
		for i := int(home) * blockSlots; i < int(home+1)*blockSlots; i++ {
			if &t.slots[i].entry == e {
				t.setTag(i, 0)
				t.slots[i] = slot[K]{}
				return
			}
		}
	}
	t.rest = slices.DeleteFunc(t.rest, func(s slot[K]) bool { return s.key == k && s.local() == local })
}

// sweep takes out every entry that drop names.
func (t *table[K]) sweep(drop func(*entry) bool) {
	t.rest = slices.DeleteFunc(t.rest, func(s slot[K]) bool { return drop(&s.entry) })
	t.used = len(t.rest)
	for i := range t.slots {
		switch {
		case t.tags[i/blockSlots]>>(i%blockSlots*8)&0xff == 0:
		case drop(&t.slots[i].entry):
			t.setTag(i, 0)
			t.slots[i] = slot[K]{}
		default:
			t.used++
		}
	}
}

const (
	fullPercent = 95 // of the slots are in use when the table grows
	mostMoves   = 100
)

// insert adds an entry and returns it. The table must not have it yet.
func (t *table[K]) insert(k K, e entry) *entry {
	if t.used >= len(t.slots)*fullPercent/100 {
		t.grow()
	}
	t.used++
	t.put(slot[K]{k, e})
	if len(t.rest) > 0 && !t.sparse() {
		t.grow()
	}
	return t.find(t.hash(k), k, e.local())
}

// sparse reports whether there is room enough: what finds none then has the same hash
// as many others, and would find none in a larger table.
func (t *table[K]) sparse() bool { return t.used <= len(t.slots)/2 }

// put gives an entry a slot. Where both homes are full it takes the slot of another,
// which moves to its other home, and so on; if that does not end soon, the one that
// moved last rests.
func (t *table[K]) put(s slot[K]) {
	home, other := t.homes(t.hash(s.key))
	if zeros(t.tags[home]) == 0 {
		home = other
	}
	for range mostMoves {
		if free := zeros(t.tags[home]); free != 0 {
			t.set(int(home)*blockSlots+bits.TrailingZeros64(free)/8, s)
			return
		}
		t.turn = (t.turn + 1) % blockSlots
		i := int(home)*blockSlots + t.turn
		moved := t.slots[i]
		t.set(i, s)
		s = moved
		if first, second := t.homes(t.hash(s.key)); first != home {
			home = first
		} else {
			home = second
		}
	}
	t.rest = append(t.rest, s)
}

// grow makes the table larger by a sixteenth, or as much as it takes.
func (t *table[K]) grow() {
	was := *t
	for n := len(t.tags); ; {
		n += n/16 + 1
		t.tags, t.slots, t.rest = make([]uint64, n), make([]slot[K], n*blockSlots), nil
		was.each(func(s *slot[K]) { t.put(*s) })
		if len(t.rest) == 0 || t.sparse() {
			return
		}
	}
}

func (t *table[K]) clone() table[K] {
	c := *t
	c.tags, c.slots, c.rest = slices.Clone(t.tags), slices.Clone(t.slots), slices.Clone(t.rest)
	return c
}
