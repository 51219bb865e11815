package queue

import "math/bits"

// A requestTable holds a listener's requests in a slab, found by key through hashed
// buckets. Entries are addressed by index, freed ones are used again, so that a
// listener at steady state allocates nothing.
//
// Kernels before 4.4 keep such a table in the listener, of as many buckets as the
// SYN queue's limit, and their timer walks it; there the number of buckets is fixed
// and the order within one is the kernel's. Later kernels use the machine's table
// of established sockets, and ours just grows.
type requestTable struct {
	slab    []request
	buckets []int32
	free    int32
	used    int
	fixed   bool
	key     uint64
}

func newRequestTable(key uint64, buckets int, fixed bool) requestTable {
	return requestTable{slab: make([]request, 1, 8), buckets: make([]int32, buckets), key: key, fixed: fixed}
}

// hash spreads keys by a secret, as the kernel's does: which requests share a
// bucket depends on it, and before 4.1 with that when their timers fire.
func (t *requestTable) hash(k *requestKey) uint32 {
	from := mix(mix(t.key^le64(k.from[:8])) ^ le64(k.from[8:]))
	to := mix(mix(^t.key^le64(k.to[:8])) ^ le64(k.to[8:]))
	return uint32(mix(from ^ bits.RotateLeft64(to, 32) ^ uint64(k.fromPort)<<16 ^ uint64(k.toPort)))
}

func (t *requestTable) find(k *requestKey, hash uint32) int32 {
	for i := t.buckets[hash&uint32(len(t.buckets)-1)]; i != 0; i = t.slab[i].next {
		if r := &t.slab[i]; r.hash == hash && r.key == *k {
			return i
		}
	}
	return 0
}

// insert adds a request at the head of its bucket and returns its index.
func (t *requestTable) insert(k *requestKey, hash uint32) int32 {
	if !t.fixed && t.used >= len(t.buckets) {
		t.grow()
	}
	i := t.free
	if i != 0 {
		t.free = t.slab[i].next
	} else {
		i = int32(len(t.slab))
		t.slab = append(t.slab, request{})
	}
	head := &t.buckets[hash&uint32(len(t.buckets)-1)]
	r := &t.slab[i]
	*r = request{}
	r.key, r.hash, r.next = *k, hash, *head
	*head = i
	t.used++
	return i
}

func (t *requestTable) remove(i int32) {
	r := &t.slab[i]
	p := &t.buckets[r.hash&uint32(len(t.buckets)-1)]
	for *p != i {
		p = &t.slab[*p].next
	}
	*p = r.next
	*r = request{next: t.free}
	t.free = i
	t.used--
}

func (t *requestTable) grow() {
	old := t.buckets
	t.buckets = make([]int32, 2*len(old))
	for _, i := range old {
		for i != 0 {
			r := &t.slab[i]
			next := r.next
			head := &t.buckets[r.hash&uint32(len(t.buckets)-1)]
			r.next, *head = *head, i
			i = next
		}
	}
}

func le64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// mix folds 64 bits into 64 well spread ones.
func mix(x uint64) uint64 {
	hi, lo := bits.Mul64(x^0x9e3779b97f4a7c15, 0xe7037ed1a0b428db)
	return hi ^ lo
}
