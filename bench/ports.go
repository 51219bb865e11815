package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

// lowPort is the first of ip_local_port_range. scale.ports are how many it has: 28,232 by default.
const lowPort = 32768

// batch is how many connections are closed, and then opened. With 99.9 % of the ports used the first of a batch finds
// 28 free ports, and the last finds one.
const batch = 28

// portWorks are the search for a local port by connect(), to one destination, with so many of the ports in use. The
// kernel's side is the whole of connect(), handshake over loopback included: what the search costs there is what
// it takes beyond the time at 0 %.
func portWorks() []work {
	var all []work
	for _, used := range []float64{0, 50, 90, 99, 99.9} {
		w := work{name: fmt.Sprintf("port pick, %v %% of 28,232 used", used), bench: fmt.Sprintf("PortPick/used=%v%%", used), sides: []side{
			{"linuxtcp", func(sc scale) (worker, error) { return newPicker(&modelPorts{}, sc, used) }},
			{"gvisor", func(sc scale) (worker, error) { return newPicker(&gvisorPorts{}, sc, used) }},
			{"kernel", func(sc scale) (worker, error) { return newPicker(&kernelPorts{}, sc, used) }},
		}}
		if used == 99.9 {
			w.nanoseconds = 150
		}
		all = append(all, w)
	}
	return all
}

// used is how many ports are taken before a batch opens: there is always room for the batch.
func (sc scale) used(percent float64) int {
	return min(int(float64(sc.ports)*percent/100), sc.ports-batch)
}

// A pool has connections to one destination, by their names: numbers from 0.
type pool interface {
	// begin makes a pool with so many ports, and room for so many names.
	begin(ports, names int) error
	// run calls f where the rest is to be called: on what thread.
	run(f func() error) error
	// first opens connections for the first time, a batch.
	first(names []int) error
	// open opens connections that were closed.
	open(names []int) error
	// opened does what is left to do for them: what another program would.
	opened(names []int) error
	// held tells that a connection stays open: it cannot be closed.
	held(name int) bool
	// free closes connections, and readies what opening them again needs besides a port.
	free(names []int) error
	end()
}

// A picker closes and opens a batch of a pool's connections, again and again. Opening is what counts.
type picker struct {
	pool
	names  []int // those that can be closed; the last batch of them is
	random *rand.Rand
}

func newPicker(p pool, sc scale, percent float64) (*picker, error) {
	w := &picker{pool: p, random: rand.New(rand.NewPCG(3, 4))}
	used := sc.used(percent)
	if err := p.begin(sc.ports, used+batch); err != nil {
		return nil, err
	}
	var some []int
	for n := range used + batch {
		if !p.held(n) {
			w.names = append(w.names, n)
		}
		if some = append(some, n); len(some) == batch || n == used+batch-1 {
			if err := p.first(some); err != nil {
				p.end()
				return nil, err
			}
			some = some[:0]
		}
	}
	if err := p.run(w.free); err != nil {
		p.end()
		return nil, err
	}
	return w, nil
}

func (w *picker) Do(n int, m *meter) error {
	return w.run(func() error {
		for range (n + batch - 1) / batch {
			m.start()
			err := w.open(w.closed())
			m.stop(batch)
			if err != nil {
				return err
			}
			if err := w.opened(w.closed()); err != nil {
				return err
			}
			if err := w.free(); err != nil {
				return err
			}
		}
		return nil
	})
}

// closed are the names of the last batch.
func (w *picker) closed() []int { return w.names[len(w.names)-batch:] }

// free closes a batch: any of those that are open.
func (w *picker) free() error {
	for i := len(w.names) - 1; i >= len(w.names)-batch; i-- {
		j := w.random.IntN(i + 1)
		w.names[i], w.names[j] = w.names[j], w.names[i]
	}
	return w.pool.free(w.closed())
}

func (w *picker) Close() { w.end() }

// modelPorts is linuxtcp's: package portalloc.
type modelPorts struct {
	a       *portalloc.Allocator
	sockets []portalloc.Socket
}

var (
	source      = netip.MustParseAddr("10.0.0.1")
	destination = netip.MustParseAddrPort("10.0.0.2:80")
)

func (p *modelPorts) begin(ports, names int) (err error) {
	r := kernel.MustParse(modelled)
	sys := must(kernel.Defaults(r, kernel.Machine{MemoryBytes: 1 << 30}))
	sys.IPLocalPortRange = kernel.PortRange{Low: lowPort, High: lowPort + ports - 1}
	p.a, err = portalloc.New(portalloc.Config{
		Semantics: r.Semantics(), Sysctls: sys, Key: portalloc.Key{1, 2, 3}, Rand: rand.New(rand.NewPCG(1, 2)).Uint32,
	})
	for range names {
		p.sockets = append(p.sockets, must(p.a.Open(portalloc.Options{})))
	}
	return err
}

func (p *modelPorts) free(names []int) (err error) {
	for _, n := range names {
		if err = p.a.Close(p.sockets[n]); err != nil {
			return err
		}
		if p.sockets[n], err = p.a.Open(portalloc.Options{}); err != nil {
			return err
		}
	}
	return nil
}

func (p *modelPorts) open(names []int) error {
	for _, n := range names {
		r, err := p.a.Connect(0, p.sockets[n], source, destination)
		if err != nil || r.Errno != 0 {
			return fmt.Errorf("connect: %v: %v", r, err)
		}
	}
	return nil
}

func (p *modelPorts) first(names []int) error  { return p.open(names) }
func (p *modelPorts) opened([]int) error       { return nil }
func (p *modelPorts) held(int) bool            { return false }
func (p *modelPorts) run(f func() error) error { return f() }
func (p *modelPorts) end()                     {}
