package timewait

import (
	"math/bits"
	"time"

	"example.com/linuxtcp/kernel"
)

// A wheel is how entries expire, which has seen three eras. Entries are in the table's
// buckets.
type wheel interface {
	// schedule arms the timer of entry i, which has none.
	schedule(i uint32, timeout time.Duration)
	// reschedule moves the timer of entry i.
	reschedule(i uint32, timeout time.Duration)
	// cancel disarms the timer of entry i.
	cancel(i uint32)
	// next is when the wheel has to run.
	next() (time.Duration, bool)
	// run does what is due at the moment next, and calls end for each entry that ends.
	run(end func(i uint32, killed bool))
}

// killedLimit is the longest timeout that counts TWKilled instead of TW.
const killedLimit = 4 * time.Second

// A coarseWheel is that of 4.8 and later: nine levels of 64 buckets, each eight times
// coarser than the one before (kernel/time/timer.c). Bucket level*64 + slot.
type coarseWheel struct {
	t     *Table
	due   [9 * 64]time.Duration
	full  [9]uint64 // which buckets have entries
	first int       // the bucket that fires first
	fresh bool      // first is right
}

func (w *coarseWheel) bucket(timeout time.Duration) (int, time.Duration) {
	due := w.t.clock.TimerExpiry(w.t.now, timeout, kernel.TimerExact)
	level := w.t.clock.WheelLevel(timeout)
	slot := int(w.t.clock.Jiffies(due)>>(3*level)) & 63
	return level*64 + slot, due
}

func (w *coarseWheel) schedule(i uint32, timeout time.Duration) {
	b, due := w.bucket(timeout)
	w.put(b, due, i)
}

func (w *coarseWheel) put(b int, due time.Duration, i uint32) {
	if w.t.bk.b[b].live == 0 {
		w.due[b] = due
		w.full[b/64] |= 1 << (b % 64)
		if w.fresh && (w.first < 0 || w.before(b, w.first)) {
			w.first = b
		}
	}
	w.t.enter(b, i)
}

// before orders buckets: by time, and in one jiffy the higher level first.
func (w *coarseWheel) before(a, b int) bool {
	return w.due[a] < w.due[b] || w.due[a] == w.due[b] && a/64 > b/64
}

// reschedule leaves a timer that stays in its bucket in its place there.
func (w *coarseWheel) reschedule(i uint32, timeout time.Duration) {
	b, due := w.bucket(timeout)
	if b != w.t.s.at(i).bucket() {
		w.cancel(i)
		w.put(b, due, i)
	}
}

func (w *coarseWheel) cancel(i uint32) { w.emptied(w.t.leave(i)) }

func (w *coarseWheel) emptied(b int) {
	if w.t.bk.b[b].live == 0 {
		w.full[b/64] &^= 1 << (b % 64)
		w.fresh = w.fresh && w.first != b
	}
}

func (w *coarseWheel) next() (time.Duration, bool) {
	if !w.fresh {
		w.first, w.fresh = -1, true
		for level, set := range w.full {
			for ; set != 0; set &= set - 1 {
				b := level*64 + bits.TrailingZeros64(set)
				if w.first < 0 || w.before(b, w.first) {
					w.first = b
				}
			}
		}
	}
	if w.first < 0 {
		return 0, false
	}
	return w.due[w.first], true
}

func (w *coarseWheel) run(end func(uint32, bool)) {
	b := w.first
	for {
		i, ok := w.t.take(b)
		if !ok {
			break
		}
		end(i, w.t.s.at(i).short())
	}
	w.emptied(b)
}

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
	due := w.t.clock.TimerExpiry(w.t.now, timeout, kernel.TimerExact)
	j := w.t.clock.Jiffies32(due)
	e := w.t.s.at(i)
	e.aux = j
	if timeout != Length {
		e.setBucket(inHeap)
		w.armed++
		w.push(timer{due, w.armed, i})
		return
	}
	e.setBucket(inQueue)
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
	due := w.t.clock.TimerExpiry(w.t.now, timeout, kernel.TimerExact)
	if e := w.t.s.at(i); w.t.clock.Jiffies32(due) != e.aux || e.bucket() == inHeap {
		w.cancel(i)
		w.schedule(i, timeout)
	}
}

func (w *jiffyTimers) cancel(i uint32) { w.t.s.at(i).setBucket(-1) }

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

func (w *jiffyTimers) run(end func(uint32, bool)) {
	now := w.t.clock.Jiffies32(w.t.now)
	for {
		i, ok := w.front()
		if !ok || w.t.s.at(i).aux != now {
			break
		}
		w.t.s.at(i).setBucket(-1)
		end(i, false)
	}
	for {
		m, ok := w.top()
		if !ok || m.due != w.t.now {
			break
		}
		w.pop()
		w.t.s.at(m.i).setBucket(-1)
		end(m.i, w.t.s.at(m.i).short())
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
