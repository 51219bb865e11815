package timewait

import (
	"fmt"
	"time"

	"example.com/linuxtcp/kernel"
)

// A Crowd is the TIME_WAIT entries of a kernel where only their number matters: those of a server, say, whose
// clients never come back with the same address and port. They have no names, so no segment and no connect()
// finds them, and ten million take no more memory than ten: a few hundred kilobytes at most. When they end, what
// tcp_max_tw_buckets refuses and what that counts is as in a [Table], in all three eras.
//
// All of them are in TIME_WAIT for [Length]: none began as FIN_WAIT2, and tcp_tw_recycle, which would make them
// shorter, does not look at them. Time is a parameter as in a Table, with the same rules, and there is no limit to
// how many there are but that of the kernel. NewCrowd makes one; the zero Crowd is none. It is not safe for concurrent
// use; it stands for one CPU.
type Crowd struct{ t *Table }

// NewCrowd returns an empty Crowd. It reads no Hosts, and returns the errors of [New].
func NewCrowd(cfg Config) (*Crowd, error) {
	t, err := New(cfg)
	if err != nil {
		return nil, err
	}
	t.crowd = true
	if t.sem.TimeWaitTimers {
		t.w = &crowdTimers{t: t}
	}
	return &Crowd{t}, nil
}

// SetSysctls is [Table.SetSysctls].
func (c *Crowd) SetSysctls(now time.Duration, s kernel.Sysctls) error { return c.t.SetSysctls(now, s) }

// Enter is tcp_time_wait for n more sockets at one moment. It returns how many of them tcp_max_tw_buckets had room
// for; the others are closed without an entry, and count what [Table.Enter] says.
//
// It returns an error for a negative n, and for a time that goes back or leaves a due timer behind.
func (c *Crowd) Enter(now time.Duration, n int) (room int, err error) {
	t := c.t
	if n < 0 {
		return 0, fmt.Errorf("timewait: %d sockets: a number of sockets is not negative", n)
	}
	if err := t.check(now); err != nil {
		return 0, err
	}
	t.now = now
	for ; room < n; room++ {
		if _, full := t.full(n - room); full {
			break
		}
		t.s.live++
		t.w.schedule(0, Length)
		t.begun(false)
	}
	return room, nil
}

// Next is [Table.Next].
func (c *Crowd) Next() (time.Duration, bool) { return c.t.Next() }

// Advance moves time to now and ends the entries whose timers fire until then. It returns how many there were.
// They count what [Table.Advance] says. A time that goes back is an error.
func (c *Crowd) Advance(now time.Duration) (int, error) { return c.t.Advance(now, nil) }

// Len returns how many entries there are.
func (c *Crowd) Len() int { return c.t.Len() }

// Counters returns what the Crowd has added to its namespace's counters.
func (c *Crowd) Counters() kernel.Counters { return c.t.Counters() }

// Now returns the time of the last call that took one.
func (c *Crowd) Now() time.Duration { return c.t.Now() }

// String is how many there are, and when.
func (c *Crowd) String() string { return fmt.Sprintf("%d in TIME_WAIT at %v", c.Len(), c.Now()) }

// crowdTimers are the timers of a Crowd from 4.1 on. They all wait equally long, so they fire in the order in which
// they were armed, whatever the wheel makes of it: a ring of moments, and how many fire at each.
type crowdTimers struct {
	t          *Table
	ring       []moment
	head, size int
}

type moment struct {
	due time.Duration
	n   int
}

func (w *crowdTimers) schedule(_ uint32, timeout time.Duration) {
	due := w.t.expiry(timeout).due
	if w.size > 0 {
		if last := &w.ring[(w.head+w.size-1)&(len(w.ring)-1)]; last.due == due {
			last.n++
			return
		}
	}
	if w.size == len(w.ring) {
		bigger := make([]moment, max(2*w.size, 64))
		n := copy(bigger, w.ring[w.head:])
		copy(bigger[n:], w.ring[:w.head])
		w.ring, w.head = bigger, 0
	}
	w.ring[(w.head+w.size)&(len(w.ring)-1)] = moment{due, 1}
	w.size++
}

func (w *crowdTimers) next() (time.Duration, bool) {
	if w.size == 0 {
		return 0, false
	}
	return w.ring[w.head].due, true
}

func (w *crowdTimers) run() {
	n := w.ring[w.head].n
	w.head, w.size = (w.head+1)&(len(w.ring)-1), w.size-1
	w.t.depart(n, false)
}

// depart ends n entries of a Crowd.
func (t *Table) depart(n int, killed bool) {
	t.over(n, killed)
	t.s.live -= n
	t.waiting -= n
}

// reschedule and cancel are for entries that a segment finds: never called.
func (w *crowdTimers) reschedule(uint32, time.Duration) {}
func (w *crowdTimers) cancel(uint32)                    {}
