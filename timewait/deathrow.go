package timewait

import (
	"time"

	"example.com/linuxtcp/kernel"
)

// A deathRow is how entries expire to 4.0, RHEL 6 and 7 among them: one for the whole
// machine (inet_twdr_hangman, inet_twdr_twcal_tick).
//
// The slow wheel has eight cells and a hand that moves on every 7.5 s. An entry is put
// k cells ahead, 7 for TIME_WAIT, so it ends at the k-th move after the next: 52.5 to
// 60 s. A move kills at most 101 entries by itself, hands the others to a worker that
// kills them right away, and then leaves the hand where it is until the next move
// finds the cell empty. So each cell with 101 entries takes 15 s.
//
// Timeouts below 32 ticks of 128 to 213 ms, which only tcp_tw_recycle and a tiny
// tcp_fin_timeout make, go to the recycle wheel of 32 rows. It starts when an entry
// comes to it empty; a later entry's row is counted from where the hand last stood,
// not from now, so it may end early.
//
// Buckets 0 to 7 are the cells, 8 to 39 the rows.
type deathRow struct {
	t      *Table
	period time.Duration
	shift  uint // of the recycle wheel: a tick is 2^shift jiffies

	hand  int
	armed bool
	due   time.Duration

	recycling bool // the recycle wheel runs
	row       int
	rowJiffy  uint64 // when row is due
	rowDue    time.Duration
}

const (
	slowCells   = 8
	recycleRows = 32
	killQuota   = 100
	firstRow    = slowCells
)

func newDeathRow(t *Table) *deathRow {
	return &deathRow{t: t, period: Length / slowCells, shift: recycleShift(t.clock.HZ())}
}

// recycleShift is INET_TWDR_RECYCLE_TICK: 32 ticks of 2^shift jiffies are 4 to 7 s.
func recycleShift(hz int) uint {
	shift := uint(0)
	for 1<<shift < hz {
		shift++
	}
	return shift + 2 - 5
}

// recycleSlot returns how many ticks of the recycle wheel a timeout takes, in jiffies.
func recycleSlot(jiffies uint64, shift uint) uint64 { return (jiffies + 1<<shift - 1) >> shift }

// slowCell returns how many cells ahead of the hand a timeout is put.
func slowCell(timeout time.Duration) int {
	const period = Length / slowCells
	return int(min((timeout+period-1)/period, slowCells-1))
}

// jiffiesIn is timeout in jiffies, rounded up.
func jiffiesIn(c *kernel.Clock, timeout time.Duration) uint64 {
	s, ns := uint64(timeout/time.Second), uint64(timeout%time.Second)
	hz := uint64(c.HZ())
	return s*hz + (ns*hz+uint64(time.Second)-1)/uint64(time.Second)
}

func (w *deathRow) arm(delay time.Duration) {
	w.due, w.armed = w.t.clock.TimerExpiry(w.t.now, delay, kernel.TimerSlack), true
}

// armRow sets the timer of the recycle wheel to go off in so many jiffies.
func (w *deathRow) armRow(jiffies uint64) {
	w.rowDue = w.t.clock.TimerExpiry(w.t.now, time.Duration(jiffies)*w.t.clock.Tick(), kernel.TimerSlack)
	w.recycling = true
}

// schedule puts entry i on a wheel. The timer of the slow wheel starts when the first
// entry of either comes.
func (w *deathRow) schedule(i uint32, timeout time.Duration) {
	first := w.waiting() == 0
	if slot := recycleSlot(jiffiesIn(&w.t.clock, timeout), w.shift); slot >= recycleRows {
		w.t.enter((w.hand+slowCell(timeout))%slowCells, i)
	} else {
		w.t.enter(firstRow+w.recycle(slot), i)
	}
	if first {
		w.arm(w.period)
	}
}

// recycle returns the row for an entry that should wait so many ticks, and sees to it
// that the timer goes off by then.
func (w *deathRow) recycle(slot uint64) int {
	now := w.t.clock.Jiffies(w.t.now)
	if !w.recycling {
		w.row, w.rowJiffy = 0, now
		w.armRow(slot << w.shift)
		return int(slot)
	}
	if w.t.clock.Jiffies(w.rowDue) > now+slot<<w.shift {
		w.armRow(slot << w.shift)
	}
	return (w.row + int(slot)) % recycleRows
}

// waiting is how many entries are on the wheels: tw_count.
func (w *deathRow) waiting() int { return w.t.waiting }

func (w *deathRow) reschedule(i uint32, timeout time.Duration) {
	w.t.leave(i)
	w.t.waiting-- // the last one's leaving does not stop the slow timer here
	w.schedule(i, timeout)
	w.t.waiting++
}

func (w *deathRow) cancel(i uint32) {
	w.t.leave(i)
	if w.waiting() == 1 {
		w.armed = false
	}
}

func (w *deathRow) next() (time.Duration, bool) {
	switch {
	case w.armed && (!w.recycling || w.due <= w.rowDue):
		return w.due, true
	case w.recycling:
		return w.rowDue, true
	}
	return 0, false
}

func (w *deathRow) run() {
	if w.armed && w.due <= w.t.now {
		w.move()
	}
	if w.recycling && w.rowDue <= w.t.now {
		w.tick()
	}
}

// move is the slow timer: inet_twdr_hangman, and the worker it may wake.
func (w *deathRow) move() {
	w.armed = false
	if w.waiting() == 0 {
		return
	}
	killed := w.drain(w.hand, false)
	if killed > killQuota {
		w.arm(w.period)
		return
	}
	if w.waiting() > 0 {
		w.arm(w.period)
	}
	w.hand = (w.hand + 1) % slowCells
}

func (w *deathRow) drain(b int, killed bool) (n int) {
	if w.t.crowd {
		n, w.t.bk.b[b].live = w.t.bk.b[b].live, 0
		w.t.depart(n, killed)
		return n
	}
	for {
		i, ok := w.t.take(b)
		if !ok {
			return n
		}
		n++
		w.t.end(i, killed)
	}
}

// tick is the recycle timer: inet_twdr_twcal_tick.
func (w *deathRow) tick() {
	now := w.t.clock.Jiffies(w.t.now)
	w.recycling = false
	row, j, moved, killed := w.row, w.rowJiffy, false, 0
	for range recycleRows {
		if j <= now {
			killed += w.drain(firstRow+row, true)
		} else {
			if !moved {
				moved, w.rowJiffy, w.row = true, j, row
			}
			if w.t.bk.b[firstRow+row].live > 0 {
				w.armRow(j - now)
				break
			}
		}
		j += 1 << w.shift
		row = (row + 1) % recycleRows
	}
	if w.waiting() == 0 {
		w.armed = false
	}
}
