package main

import (
	pq "container/heap"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/timewait"
)

// timeWaitWorks are entries that come at a rate at which so many are alive, and expire.
func timeWaitWorks() []work {
	return []work{{
		name: "TIME-WAIT, 1 M live: insert and expire", bench: "TimeWait", what: "TIME-WAIT entry", nanoseconds: 350, bytes: 48,
		sides: []side{
			{"linuxtcp", func(sc scale) (worker, error) { return newTable(sc.live) }},
			{"map+heap", func(sc scale) (worker, error) { return newMapHeap(sc.live) }},
			{"packed-map+queue", func(sc scale) (worker, error) { return newMapQueue(sc.live) }},
			{"gvisor", func(sc scale) (worker, error) { return newGvisorTimeWait(sc) }},
			{"kernel", func(scale) (worker, error) { return slabEntry("tw_sock_TCP") }},
		},
	}}
}

var here = netip.MustParseAddrPort("10.0.0.1:80")

// closer is the peer of the n-th connection to close.
func closer(n uint32) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 24), byte(n >> 16), byte(n >> 8)}), uint16(n))
}

// tableWorker is linuxtcp's: package timewait.
type tableWorker struct {
	t          *timewait.Table
	now, pause time.Duration
	n          uint32
	most       int
}

func newTable(live int) (*tableWorker, error) {
	release := kernel.MustParse(modelled)
	sys := must(kernel.Defaults(release, kernel.Machine{MemoryBytes: 64 << 30}))
	sys.TCPMaxTWBuckets = 4 * live
	sem := release.Semantics()
	t, err := timewait.New(timewait.Config{Semantics: sem, Sysctls: sys})
	if err != nil {
		return nil, err
	}
	lo, hi := timewait.Lifetime(&sem, 250, timewait.Length, true)
	w := &tableWorker{t: t, now: time.Second, pause: (lo + hi) / 2 / time.Duration(live)}
	return w, w.steps(3 * live) // twice over, so that what is in use is what stays in use
}

func (w *tableWorker) steps(n int) error {
	k := timewait.Socket{Local: here, State: timewait.TimeWait, Timestamps: true}
	for range n {
		w.now += w.pause
		w.n++
		if due, ok := w.t.Next(); ok && due <= w.now {
			w.most = max(w.most, w.t.Len())
			if _, err := w.t.Advance(w.now, nil); err != nil {
				return err
			}
		}
		k.Remote, k.TSAt = closer(w.n), w.now
		if _, err := w.t.Enter(w.now, k); err != nil {
			return err
		}
	}
	return nil
}

func (w *tableWorker) Do(n int, m *meter) error {
	m.start()
	err := w.steps(n)
	m.stop(n)
	return err
}

func (w *tableWorker) Entries() int { return max(w.most, w.t.Len()) }
func (w *tableWorker) Close()       {}

// A pair is the addresses and ports of a connection.
type pair struct{ local, remote netip.AddrPort }

// mapHeap is what one writes first: a map of connections, and a heap of when they end.
type mapHeap struct {
	entries    map[pair]timewait.Socket
	ends       ends
	now, pause time.Duration
	n          uint32
}

type end struct {
	at  time.Duration
	key pair
}

type ends []end

func (h ends) Len() int           { return len(h) }
func (h ends) Less(i, j int) bool { return h[i].at < h[j].at }
func (h ends) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ends) Push(x any)        { *h = append(*h, x.(end)) }
func (h *ends) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

var errTwice = errors.New("the same connection twice")

func newMapHeap(live int) (*mapHeap, error) {
	w := &mapHeap{entries: map[pair]timewait.Socket{}, pause: timewait.Length / time.Duration(live)}
	return w, w.steps(2 * live)
}

func (w *mapHeap) steps(n int) error {
	k := timewait.Socket{Local: here, State: timewait.TimeWait, Timestamps: true}
	for range n {
		w.now += w.pause
		w.n++
		for len(w.ends) > 0 && w.ends[0].at <= w.now {
			delete(w.entries, pq.Pop(&w.ends).(end).key)
		}
		k.Remote, k.TSAt = closer(w.n), w.now
		key := pair{k.Local, k.Remote}
		if _, ok := w.entries[key]; ok {
			return errTwice
		}
		w.entries[key] = k
		pq.Push(&w.ends, end{w.now + timewait.Length, key})
	}
	return nil
}

func (w *mapHeap) Do(n int, m *meter) error {
	m.start()
	err := w.steps(n)
	m.stop(n)
	return err
}

func (w *mapHeap) Entries() int { return len(w.entries) }
func (w *mapHeap) Close()       {}

// mapQueue is the least that Go's map can do it with: keys and entries without pointers, IPv4 only, a lifetime that is
// the same for all, so that a ring does for a heap, no FIN-WAIT-2, no slots of timers, and nothing of what a segment
// is checked against.
type mapQueue struct {
	entries    map[packed]kept
	ring       []packed
	head       int
	pause, now time.Duration
	n          uint32
}

type packed struct {
	local, remote         uint32
	localPort, remotePort uint16
}

type kept struct {
	rcvNxt, sndNxt, tsRecent, window uint32
	at                               time.Duration
}

func newMapQueue(live int) (*mapQueue, error) {
	w := &mapQueue{entries: map[packed]kept{}, ring: make([]packed, live), pause: timewait.Length / time.Duration(live)}
	return w, w.steps(2 * live)
}

func (w *mapQueue) steps(n int) error {
	for range n {
		w.now += w.pause
		w.n++
		if w.n > uint32(len(w.ring)) {
			delete(w.entries, w.ring[w.head])
		}
		key := packed{local: 10<<24 | 1, remote: 10<<24 | w.n>>8, localPort: 80, remotePort: uint16(w.n)}
		if _, ok := w.entries[key]; ok {
			return errTwice
		}
		w.entries[key] = kept{rcvNxt: w.n, sndNxt: w.n, tsRecent: w.n, window: w.n, at: w.now}
		w.ring[w.head] = key
		if w.head++; w.head == len(w.ring) {
			w.head = 0
		}
	}
	return nil
}

func (w *mapQueue) Do(n int, m *meter) error {
	m.start()
	err := w.steps(n)
	m.stop(n)
	return err
}

func (w *mapQueue) Entries() int { return len(w.entries) }
func (w *mapQueue) Close()       {}

// memoryOnly is a side that has only its memory to show.
type memoryOnly float64

func (memoryOnly) Do(int, *meter) error  { return nil }
func (memoryOnly) Close()                {}
func (b memoryOnly) EntryBytes() float64 { return float64(b) }

// slabEntry is the size of an object of the running kernel.
func slabEntry(slab string) (worker, error) {
	size, err := objectSize(slab)
	if err != nil {
		return nil, unavailable(fmt.Errorf("the size of a kernel's %s: %w", slab, err))
	}
	return memoryOnly(size), nil
}
