package sim

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

// A Config describes a world before anything is in it.
type Config struct {
	// Seed is what everything random comes from: arrivals, service times, lost segments, leaks and the
	// secrets of hosts without a key of their own. Same seed, same bytes.
	Seed uint64
	// Trace is called for everything that happens to a segment, and for what programs do, in the
	// order of time. nil: for nothing.
	Trace func(Event)
	// Sample is the pause between two lines of [Report].Samples; 0 takes none.
	Sample time.Duration
}

// A World is hosts, what joins them, the programs that run on them, and a clock that starts at 0 and moves
// from event to event. It starts no goroutine and looks at no clock of the machine.
//
// What an outside call could get wrong is an error of that call. A program that finds out later that it
// cannot go on (a client without an address of the protocol it needs, say) ends the world: [World.Run]
// returns its error and goes no further.
type World struct {
	cfg      Config
	now      time.Duration
	agenda   agenda
	nodes    []*Node
	byAddr   map[netip.Addr]*Node
	nats     map[netip.Addr]*NAT
	paths    map[[2]*Node]*path
	links    []*path
	clients  []*ClientRun
	servers  []*ServerRun
	samples  []Sample
	err      error
	unrouted uint64
}

// New returns an empty world at time 0.
func New(cfg Config) *World {
	w := &World{cfg: cfg, byAddr: map[netip.Addr]*Node{}, nats: map[netip.Addr]*NAT{}, paths: map[[2]*Node]*path{}}
	if cfg.Sample > 0 {
		w.Every(cfg.Sample, w.sample)
	}
	return w
}

// Now returns the world's time.
func (w *World) Now() time.Duration { return w.now }

// At has something happen at a moment; one that is past means now. Of one moment things happen in the
// order in which they were asked for.
func (w *World) At(at time.Duration, do func()) { w.agenda.put(max(at, w.now), do) }

// After has something happen when a time has passed.
func (w *World) After(wait time.Duration, do func()) { w.At(w.now+wait, do) }

// Every has something happen at each multiple of a period from now on, for ever. A period of 0 or less does
// nothing.
func (w *World) Every(period time.Duration, do func()) {
	if period <= 0 {
		return
	}
	next := w.now
	var tick func()
	tick = func() {
		do()
		next += period
		w.At(next, tick)
	}
	w.At(next, tick)
}

// Run lets everything happen that is to happen until a moment, that moment included, and returns the
// error that ended the world, if any.
func (w *World) Run(until time.Duration) error {
	for w.err == nil && len(w.agenda.heap) > 0 && w.agenda.heap[0].at <= until {
		e := w.agenda.take()
		w.now = e.at
		e.do()
	}
	if w.err == nil {
		w.now = max(w.now, until)
	}
	return w.err
}

// Next returns when the next event is due, and whether there is one.
func (w *World) Next() (time.Duration, bool) {
	if len(w.agenda.heap) == 0 {
		return 0, false
	}
	return w.agenda.heap[0].at, true
}

// fail ends the world.
func (w *World) fail(err error) {
	if w.err == nil && err != nil {
		w.err = fmt.Errorf("sim: at %v: %w", w.now, err)
	}
}

// stream is a source of random numbers for one purpose, so that one more client or box does not change what
// the others draw.
func (w *World) stream(purpose string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose)) // a hash takes everything
	return rand.New(rand.NewPCG(w.cfg.Seed, h.Sum64()))
}

// Stock returns a host as its kernel starts on a machine with 4 GiB of memory, with these addresses: a
// Config to change and to give to [World.AddNode].
func Stock(release string, addrs ...string) (host.Config, error) {
	r, err := kernel.Parse(release)
	if err != nil {
		return host.Config{}, err
	}
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 4 << 30})
	if err != nil {
		return host.Config{}, err
	}
	c := host.Config{Semantics: r.Semantics(), Sysctls: sys}
	for _, text := range addrs {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return host.Config{}, fmt.Errorf("sim: address %q: %w", text, err)
		}
		c.Addrs = append(c.Addrs, a)
	}
	return c, nil
}
