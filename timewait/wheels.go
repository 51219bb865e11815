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
	// run does what is due at the moment next: Table.end for each entry that ends.
	run()
}

// An expiry is when a timer fires that is armed now, from 4.1 on. It holds until the next
// jiffy begins, so the table keeps the last one: sockets close in bursts, and nearly all
// of them wait equally long.
type expiry struct {
	timeout, until time.Duration

	due   time.Duration
	jiffy uint64 // the same as a jiffy
	level int    // of the coarse wheel
}

func (t *Table) expiry(timeout time.Duration) *expiry {
	if x := &t.last; timeout == x.timeout && t.now < x.until {
		return x
	}
	due := t.clock.TimerExpiry(t.now, timeout, kernel.TimerExact)
	t.last = expiry{
		timeout: timeout, until: t.clock.TimerExpiry(t.now, 0, kernel.TimerExact),
		due: due, jiffy: t.clock.Jiffies(due), level: t.clock.WheelLevel(timeout),
	}
	return &t.last
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
	x := w.t.expiry(timeout)
	slot := int(x.jiffy>>(3*x.level)) & 63
	return x.level*64 + slot, x.due
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

func (w *coarseWheel) run() {
	b := w.first
	for {
		i, ok := w.t.take(b)
		if !ok {
			break
		}
		w.t.end(i, w.t.s.at(i).short())
	}
	w.emptied(b)
}
