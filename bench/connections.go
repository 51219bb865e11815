package main

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// perSecond is the load of a planner's server.
const perSecond = 50_000

// connectionWorks are whole connections: opened, accepted, closed by one side and then by the other. linuxtcp's side is
// the load of package sim, once its TIME-WAIT is as full as it gets, whose entries it counts without keeping them (timewait.Crowd); what a unit
// test uses, a host with its loopback device, stands beside it.
func connectionWorks() []work {
	return []work{{
		name: "a connection, open to close", bench: "Connection", what: "counted TIME-WAIT entry", rate: true,
		nanoseconds: 1000, // 3 minutes for an hour of 50,000 a second
		bytes:       200e6 / (60 * perSecond),
		sides: []side{
			{"linuxtcp", func(sc scale) (worker, error) { return newLoad(sc.load) }},
			{"linuxtcp-host", func(scale) (worker, error) { return newConnector(&hostLoopback{}) }},
			{"gvisor", func(scale) (worker, error) { return newConnector(&gvisorLoopback{}) }},
			{"kernel", func(scale) (worker, error) { return newConnector(&kernelLoopback{}) }},
		},
	}}
}

// A loadWorker is linuxtcp's: a Load that stops at each sample until it is told to go on.
type loadWorker struct {
	step    chan struct{}
	sampled chan error
	now     time.Duration
	entries int
}

// samplesPerSecond is how often the load can stop.
const samplesPerSecond = 10

func newLoad(before int) (*loadWorker, error) {
	server, err := sim.Stock(modelled, "10.0.0.1")
	if err != nil {
		return nil, err
	}
	users, err := sim.Stock(modelled)
	if err != nil {
		return nil, err
	}
	server.Sysctls.Somaxconn, server.Sysctls.TCPMaxTWBuckets = deep, 4<<20
	w := &loadWorker{step: make(chan struct{}), sampled: make(chan error)}
	l := sim.Load{
		Seed: 1, Sample: time.Second / samplesPerSecond, For: 1000 * time.Hour, Server: server, Users: users, Arrivals: sim.Poisson(perSecond),
		Delay: 5*time.Millisecond + 1, Program: sim.Server{Name: "web", Backlog: deep, Service: sim.Exponential(3 * time.Millisecond), CloseFirst: true},
		Progress: func(at time.Duration) {
			w.now = at
			w.sampled <- nil
			if _, more := <-w.step; !more {
				runtime.Goexit()
			}
		},
	}
	go func() {
		_, err := l.Run()
		w.sampled <- fmt.Errorf("the load ended: %v", err)
	}()
	if err := <-w.sampled; err != nil {
		return nil, err
	}
	w.entries = before
	return w, w.Do(before, &meter{})
}

func (w *loadWorker) Do(n int, m *meter) error {
	const each = perSecond / samplesPerSecond
	for range (n + each - 1) / each {
		m.start()
		w.step <- struct{}{}
		err := <-w.sampled
		m.stop(each)
		if err != nil {
			return err
		}
	}
	return nil
}

// Entries are those of TIME-WAIT, which are nearly all that takes memory.
func (w *loadWorker) Entries() int { return w.entries }
func (w *loadWorker) Close()       { close(w.step) }

// A loopbackStack is a stack that makes connections to itself.
type loopbackStack interface {
	begin() error
	run(f func() error) error
	// connection opens one to the n-th address, accepts it and closes both ends, the client's first.
	connection(to netip.AddrPort) error
	end()
}

// destinations are how many addresses the connections go to in turn, so that TIME-WAIT leaves ports enough.
const destinations = 16

func newConnector(l loopbackStack) (*connector, error) {
	if err := l.begin(); err != nil {
		return nil, err
	}
	return &connector{loopbackStack: l}, nil
}

// A connector opens and closes connections one after the other.
type connector struct {
	loopbackStack
	n int
}

func (w *connector) Do(n int, m *meter) error {
	return w.run(func() error {
		m.start()
		for range n {
			w.n++
			to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 2 + byte(w.n%destinations)}), 80)
			if err := w.connection(to); err != nil {
				return fmt.Errorf("connection %d: %w", w.n, err)
			}
		}
		m.stop(n)
		return nil
	})
}

func (w *connector) Close() { w.end() }

// hostLoopback is a host of package host.
type hostLoopback struct {
	h        *host.Host
	now      time.Duration
	listener host.Socket
}

func (p *hostLoopback) begin() error {
	r := kernel.MustParse(modelled)
	sys := must(kernel.Defaults(r, kernel.Machine{MemoryBytes: 8 << 30}))
	h, err := host.New(host.Config{Semantics: r.Semantics(), Sysctls: sys, Key: 1})
	if err != nil {
		return err
	}
	p.h, p.now = h, time.Minute
	s, err := h.Open(p.now, host.Options{})
	if err != nil {
		return err
	}
	p.listener = s.Socket
	if o, err := h.Bind(p.now, p.listener, netip.MustParseAddrPort("0.0.0.0:80")); err != nil || o.Errno != 0 {
		return fmt.Errorf("bind: %v: %v", o.Errno, err)
	}
	if o, err := h.Listen(p.now, p.listener, deep); err != nil || o.Errno != 0 {
		return fmt.Errorf("listen: %v: %v", o.Errno, err)
	}
	return nil
}

func (p *hostLoopback) run(f func() error) error { return f() }

func (p *hostLoopback) connection(to netip.AddrPort) error {
	p.now += time.Millisecond // 60,000 stay in TIME-WAIT
	s, err := p.h.Open(p.now, host.Options{})
	if err != nil {
		return err
	}
	if o, err := p.h.Connect(p.now, s.Socket, to); err != nil || o.Errno != host.EINPROGRESS {
		return fmt.Errorf("connect: %v: %v", o.Errno, err)
	}
	a, err := p.h.Accept(p.now, p.listener)
	if err != nil || a.Errno != 0 {
		return fmt.Errorf("accept: %v: %v", a.Errno, err)
	}
	_, err = p.h.Close(p.now, s.Socket)
	_, err2 := p.h.Close(p.now, a.Socket)
	return errors.Join(err, err2)
}

func (p *hostLoopback) end() {}
