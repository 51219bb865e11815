package main

import (
	"errors"
	"fmt"
	"runtime"
)

// A work is a thing that several implementations do: one line of the table, and one benchmark.
type work struct {
	name  string // in the table
	bench string // of the benchmark, without the word Benchmark: "PortPick/used=99.9%"
	what  string // what its entries are, where they take memory: "entry", "host"

	nanoseconds float64 // the budget of linuxtcp for one, 0 for none
	bytes       float64 // and for the memory of an entry

	rate bool // the table tells how many a second that is, too

	sides []side // linuxtcp first
}

// A side is one implementation.
type side struct {
	name string // of the benchmark: "linuxtcp", "gvisor", "kernel"
	open func(scale) (worker, error)
}

// A worker is an implementation in the state that the work asks for.
type worker interface {
	// Do does the thing n times or a few more, as whole batches demand, and counts them with m.
	Do(n int, m *meter) error
	Close()
}

// A keeper is a worker whose entries take memory.
type keeper interface {
	// Entries is how many there are in memory.
	Entries() int
}

// A sized worker knows what an entry takes, where the memory is not that of this process.
type sized interface {
	EntryBytes() float64
}

// A scale is how large the works are: entries that are alive, hosts that are remembered, ports that there are,
// connections that a load begins with. Names and budgets are those of the full one.
type scale struct {
	live, hosts, ports, load int
}

var (
	full  = scale{live: 1_000_000, hosts: 1_000_000, ports: 28_232, load: 60 * perSecond}
	small = scale{live: 20_000, hosts: 20_000, ports: 2_800, load: perSecond}
)

// errUnavailable marks what this machine does not allow, which is said and is no failure.
var errUnavailable = errors.New("this machine does not allow it")

func unavailable(err error) error { return fmt.Errorf("%w: %w", errUnavailable, err) }

// heap is the memory of Go in use, after a garbage collection.
func heap() float64 {
	runtime.GC()
	runtime.GC() // what had finalizers in the first is gone in the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// opened opens a side, and tells how many bytes of memory an entry of it takes, 0 if it has none.
func (s *side) opened(sc scale) (worker, float64, error) {
	before := heap()
	w, err := s.open(sc)
	if err != nil {
		return nil, 0, err
	}
	switch k := w.(type) {
	case sized:
		return w, k.EntryBytes(), nil
	case keeper:
		return w, (heap() - before) / float64(max(k.Entries(), 1)), nil
	}
	return w, 0, nil
}

// works is everything that is measured, in the order of the table.
func works() []work {
	var all []work
	for _, group := range [][]work{ruleWorks(), listenWorks(), timeWaitWorks(), hostWorks(), portWorks(), connectionWorks()} {
		all = append(all, group...)
	}
	return all
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
