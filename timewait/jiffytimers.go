package timewait

import (
	"time"

	"example.com/linuxtcp/kernel"
)

// jiffyTimers are those of 4.1 to 4.7, which fire at their jiffy. All of TIME_WAIT
// waits equally long, so one queue in the order of arming holds nearly all; a heap
// holds those with another timeout. Those due in one jiffy end about in the order of
// arming; a real kernel may reverse them.
type jiffyTimers struct {
	t     *Table
	head  *run
	tail  *run
	spare *run
	at    uint8 // how far head is read
	heap  []timer
	armed uint64

	first time.Duration // when the next timer is due
	some  bool          // there is one
	fresh bool          // first and some are right
}

// A run is part of the queue, 1 KiB: entries and their jiffies as distances from base.
type run struct {
	next  *run
	base  uint32
	n     uint8
	delta [200]uint8
	idx   [200]uint32
}

type timer struct {
	due   time.Duration
	order uint64
	i     uint32
}

// Buckets of an entry here: whether it is in the queue or in the heap.
const (
	inQueue = iota
	inHeap
)

func (w *jiffyTimers) schedule(i uint32, timeout time.Duration) {
	x := w.t.expiry(timeout)
	j := uint32(x.jiffy)
	e := w.t.s.at(i)
	e.aux = j
	if timeout != Length {
		e.setBucket(inHeap)
		w.armed++
		w.push(timer{x.due, w.armed, i})
		w.fresh = false
		return
	}
	e.setBucket(inQueue)
	w.fresh = w.fresh && w.head != nil
	if w.tail == nil || int(w.tail.n) == len(w.tail.idx) || j-w.tail.base > 255 {
		r := w.spare
		if r == nil {
			r = new(run)
		} else {
			w.spare = r.next
		}
		r.next, r.base, r.n = nil, j, 0
		if w.tail == nil {
			w.head, w.at = r, 0
		} else {
			w.tail.next = r
		}
		w.tail = r
	}
	w.tail.delta[w.tail.n], w.tail.idx[w.tail.n] = uint8(j-w.tail.base), i
	w.tail.n++
}

func (w *jiffyTimers) reschedule(i uint32, timeout time.Duration) {
	if e := w.t.s.at(i); uint32(w.t.expiry(timeout).jiffy) != e.aux || e.bucket() == inHeap {
		w.cancel(i)
		w.schedule(i, timeout)
	}
}

func (w *jiffyTimers) cancel(i uint32) {
	w.t.s.at(i).setBucket(-1)
	w.fresh = false
}

// front skips what was cancelled and returns the first entry of the queue.
func (w *jiffyTimers) front() (uint32, bool) {
	for w.head != nil {
		if w.at == w.head.n {
			r := w.head
			w.head, w.at = r.next, 0
			r.next, w.spare = w.spare, r
			if w.head == nil {
				w.tail = nil
			}
			continue
		}
		i := w.head.idx[w.at]
		if e := w.t.s.at(i); e.bucket() == inQueue && e.aux == w.head.base+uint32(w.head.delta[w.at]) {
			return i, true
		}
		w.at++
	}
	return 0, false
}

// top skips what was cancelled and returns the first of the heap.
func (w *jiffyTimers) top() (timer, bool) {
	for len(w.heap) > 0 {
		m := w.heap[0]
		if w.armedNow(m) {
			return m, true
		}
		w.pop()
	}
	return timer{}, false
}

func (w *jiffyTimers) next() (time.Duration, bool) {
	if !w.fresh {
		w.first, w.some = w.soonest()
		w.fresh = true
	}
	return w.first, w.some
}

// soonest looks for what next returns.
func (w *jiffyTimers) soonest() (time.Duration, bool) {
	m, some := w.top()
	i, ok := w.front()
	if !ok {
		return m.due, some
	}
	// The jiffy is less than 60 s ahead: its distance from now tells the moment.
	left := w.t.s.at(i).aux - w.t.clock.Jiffies32(w.t.now)
	due := w.t.clock.TimerExpiry(w.t.now, time.Duration(left)*w.t.clock.Tick(), kernel.TimerExact)
	if some && m.due < due {
		return m.due, true
	}
	return due, true
}

func (w *jiffyTimers) run() {
	w.fresh = false
	now := w.t.clock.Jiffies32(w.t.now)
	for {
		i, ok := w.front()
		if !ok || w.t.s.at(i).aux != now {
			break
		}
		w.t.s.at(i).setBucket(-1)
		w.t.end(i, false)
	}
	for {
		m, ok := w.top()
		if !ok || m.due != w.t.now {
			break
		}
		w.pop()
		w.t.s.at(m.i).setBucket(-1)
		w.t.end(m.i, w.t.s.at(m.i).short())
	}
}

func (m timer) before(o timer) bool { return m.due < o.due || m.due == o.due && m.order < o.order }

func (w *jiffyTimers) push(m timer) {
	if len(w.heap) > 2*w.t.s.live+64 {
		w.prune()
	}
	h := append(w.heap, m)
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
	w.heap = h
}

func (w *jiffyTimers) pop() {
	h := w.heap
	n := len(h) - 1
	h[0] = h[n]
	h = h[:n]
	for i := 0; ; {
		down := 2*i + 1
		if down >= n {
			break
		}
		if down+1 < n && h[down+1].before(h[down]) {
			down++
		}
		if !h[down].before(h[i]) {
			break
		}
		h[i], h[down] = h[down], h[i]
		i = down
	}
	w.heap = h
}

// prune drops timers that were cancelled.
func (w *jiffyTimers) prune() {
	old := w.heap
	w.heap = w.heap[:0]
	for _, m := range old {
		if w.armedNow(m) {
			w.push(m)
		}
	}
}

// armedNow reports whether a timer of the heap is still its entry's.
func (w *jiffyTimers) armedNow(m timer) bool {
	e := w.t.s.at(m.i)
	return e.bucket() == inHeap && e.aux == w.t.clock.Jiffies32(m.due)
}
