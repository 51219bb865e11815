package sim

import (
	"math/bits"
	"time"
)

// An item is something that is to happen to a connection of a load.
type item struct {
	at    time.Duration
	asked time.Duration
	n     uint64
	kind  itemKind
	seq   uint32 // of the server's SYN-ACK
	ts    uint32 // and its timestamp
	hasTS bool
}

type itemKind uint8

const (
	atSYN     itemKind = iota + 1 // the SYN reaches the server
	atACK                         // the answer to its SYN-ACK does
	atRST                         // the answer of a user who is gone
	atServed                      // a worker is free again
	atAccept                      // the next accept() may come
	atUnstall                     // a stall is over
	atTimer                       // the timer of a SYN fires
	atGiveUp                      // the user's own patience ends
)

// never is later than everything.
const never = time.Duration(1<<63 - 1)

// A ring is first in, first out.
type ring[T any] struct {
	buf        []T
	head, size int
}

func (r *ring[T]) put(x T) {
	if r.size == len(r.buf) {
		bigger := make([]T, max(2*len(r.buf), 64))
		n := copy(bigger, r.buf[r.head:])
		copy(bigger[n:], r.buf[:r.head])
		r.buf, r.head = bigger, 0
	}
	r.buf[(r.head+r.size)&(len(r.buf)-1)] = x
	r.size++
}

func (r *ring[T]) take() T {
	x := r.buf[r.head]
	r.head = (r.head + 1) & (len(r.buf) - 1)
	r.size--
	return x
}

// A fifo has items in the order in which they are due: each is put in at a constant time before. due is the time of
// the first, never if there is none.
type fifo struct {
	items ring[item]
	due   time.Duration
}

func (q *fifo) put(x item) {
	if q.items.size == 0 {
		q.due = x.at
	}
	q.items.put(x)
}

func (q *fifo) take() item {
	x := q.items.take()
	q.due = never
	if q.items.size > 0 {
		q.due = q.items.buf[q.items.head].at
	}
	return x
}

// itemHeap has items of any time, those of one moment in the order in which they were put in: a heap with four children
// to a node. The items themselves stay where they are. due is the time of the first, never if there is none.
type itemHeap struct {
	heap  []itemKey
	items []item
	free  []uint32
	last  uint64
	due   time.Duration
}

type itemKey struct {
	at    time.Duration
	order uint64
	i     uint32 // in items
}

func before(x, y *itemKey) bool { return x.at < y.at || x.at == y.at && x.order < y.order }

func (a *itemHeap) put(x item) {
	a.last++
	k := itemKey{at: x.at, order: a.last}
	if n := len(a.free); n > 0 {
		k.i, a.free = a.free[n-1], a.free[:n-1]
		a.items[k.i] = x
	} else {
		k.i = uint32(len(a.items))
		a.items = append(a.items, x)
	}
	a.heap = append(a.heap, k)
	i := len(a.heap) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !before(&k, &a.heap[up]) {
			break
		}
		a.heap[i] = a.heap[up]
		i = up
	}
	a.heap[i] = k
	a.due = a.heap[0].at
}

func (a *itemHeap) take() item {
	first := a.heap[0].i
	n := len(a.heap) - 1
	k := a.heap[n]
	a.heap = a.heap[:n]
	i := 0
	for {
		least, from := -1, 4*i+1
		for child := from; child < min(from+4, n); child++ {
			if least < 0 || before(&a.heap[child], &a.heap[least]) {
				least = child
			}
		}
		if least < 0 || !before(&a.heap[least], &k) {
			break
		}
		a.heap[i] = a.heap[least]
		i = least
	}
	a.due = never
	if n > 0 {
		a.heap[i] = k
		a.due = a.heap[0].at
	}
	a.free = append(a.free, first)
	return a.items[first]
}

// departures are moments that are put in in any order, though none before the last one that was taken, and are taken
// in the order of time, equal ones together: a radix heap. Moment x is in at[b] if the b-th bit, from 1, is the
// highest in which it differs from last, so whatever is in at[b] comes before what is in at[b+1], and equal ones are in
// one place. next is the earliest, never if there is none.
type departures struct {
	last, next time.Duration
	at         [64][]time.Duration
	full       uint64 // which of at have any
}

func (d *departures) put(x time.Duration) {
	b := bits.Len64(uint64(x ^ d.last))
	d.at[b] = append(d.at[b], x)
	d.full |= 1 << b
	d.next = min(d.next, x)
}

// take takes the earliest moment out, of which there are n. There has to be one.
func (d *departures) take() (at time.Duration, n int) {
	d.last = d.next
	first := bits.TrailingZeros64(d.full)
	for _, x := range d.at[first] {
		b := bits.Len64(uint64(x ^ d.last))
		if b == 0 {
			n++
			continue
		}
		d.at[b] = append(d.at[b], x)
		d.full |= 1 << b
	}
	d.at[first] = d.at[first][:0]
	d.full &^= 1 << first
	d.next = never
	if d.full != 0 {
		for _, x := range d.at[bits.TrailingZeros64(d.full)] {
			d.next = min(d.next, x)
		}
	}
	return d.last, n
}
