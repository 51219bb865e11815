package main

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// listenWorks are what a listening socket does. All sides do a step for 64 peers before the next: 64 SYNs, then
// their final ACKs, then accept(). For a stack that works with threads of its own that is the cheapest way.
func listenWorks() []work {
	sides := func(k admission) []side {
		return []side{
			{"linuxtcp", func(scale) (worker, error) { return newAdmitter(&modelListener{}, k) }},
			{"gvisor", func(scale) (worker, error) { return newAdmitter(&gvisorListener{}, k) }},
			{"kernel", func(scale) (worker, error) { return newAdmitter(&kernelListener{}, k) }},
		}
	}
	return []work{
		{name: "listener: SYN, final ACK, accept", bench: "Listener/answer=accept", nanoseconds: 250, sides: sides(accepted)},
		{name: "listener: SYN answered with a cookie", bench: "Listener/answer=cookie", sides: sides(cookie)},
		{name: "listener: SYN dropped, accept queue full", bench: "Listener/answer=drop", sides: sides(dropped)},
	}
}

// An admission is what becomes of a SYN.
type admission int

const (
	accepted admission = iota
	cookie
	dropped
)

// backlog is that of the listener.
func (k admission) backlog() int {
	return [...]int{accepted: deep, cookie: halfOpen, dropped: shallow}[k]
}

const (
	peers     = 1_000_000 // who come in turn, a multiple of volley
	volley    = 64        // who come at a time
	deep      = 4096      // the backlog where there is room
	shallow   = 1         // and where there is to be none
	halfOpen  = 128       // and where the SYN queue is to be full
	synWindow = 64240
)

// peer is the n-th to come, from 0. Those from number peers on are there to fill a queue.
func peer(n int) netip.AddrPort {
	v := uint32(n)
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1 + byte(v>>16), byte(v >> 8), byte(v)}), 40000)
}

// A listener is a listening socket, and volleys of segments that arrive at it.
type listener interface {
	// begin listens. For cookie the SYN queue is to be full, for dropped the accept queue.
	begin(k admission) error
	run(f func() error) error
	// ready makes the SYNs of the peers from a number on, where that is not part of the work.
	ready(from int)
	// syn lets the SYNs of a volley arrive, and takes the answers.
	syn(k admission) error
	// between makes the final ACKs.
	between() error
	// finish lets the final ACKs arrive, and accepts.
	finish() error
	// after closes what was accepted, or looks whether SYNs were dropped.
	after(k admission) error
	end()
}

// An admitter sends volley after volley.
type admitter struct {
	listener
	kind admission
	n    int
}

func newAdmitter(l listener, k admission) (*admitter, error) {
	w := &admitter{listener: l, kind: k}
	if err := l.begin(k); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *admitter) Do(n int, m *meter) error {
	return w.run(func() error {
		for range (n + volley - 1) / volley {
			if err := w.volley(m); err != nil {
				return fmt.Errorf("%d peers into it: %w", w.n, err)
			}
			w.n = (w.n + volley) % peers
		}
		return nil
	})
}

func (w *admitter) volley(m *meter) error {
	w.ready(w.n)
	m.start()
	err := w.syn(w.kind)
	if err == nil && w.kind == accepted {
		m.stop(0)
		err = w.between()
		m.start()
		if err == nil {
			err = w.finish()
		}
	}
	m.stop(volley)
	if err != nil {
		return err
	}
	return w.after(w.kind)
}

func (w *admitter) Close() { w.end() }

// modelListener is linuxtcp's: package queue.
type modelListener struct {
	l    *queue.Listener
	now  time.Duration
	from int
	acks [volley]uint32
}

func (p *modelListener) begin(k admission) error {
	r := kernel.MustParse(modelled)
	sys := must(kernel.Defaults(r, kernel.Machine{MemoryBytes: 8 << 30}))
	sys.Somaxconn = deep
	l, err := queue.NewListener(queue.Config{Semantics: r.Semantics(), Sysctls: sys, Key: 1})
	if err != nil {
		return err
	}
	p.l, p.now = l, time.Minute
	if err := l.Listen(p.now, k.backlog()); err != nil {
		return err
	}
	early := 0
	switch k {
	case cookie:
		early = 2 * halfOpen
	case dropped:
		early = shallow + 1
	}
	for i := range early {
		out, err := l.Receive(p.now, p.segment(peers+i, queue.FlagSYN, 0))
		if err != nil {
			return err
		}
		if k == dropped {
			if _, err := l.Receive(p.now, p.segment(peers+i, queue.FlagACK, out.Reply.Seq+1)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *modelListener) segment(n int, flags queue.Flags, ack uint32) queue.Segment {
	s := queue.Segment{From: peer(n), Flags: flags, Seq: uint32(n), Ack: ack, MSS: 1460}
	if flags == queue.FlagACK {
		s.Seq, s.MSS = s.Seq+1, 0
	}
	return s
}

func (p *modelListener) ready(from int) { p.from = from }

func (p *modelListener) syn(k admission) error {
	want := map[admission]queue.Action{accepted: queue.SendSYNACK, cookie: queue.SendCookie, dropped: queue.Drop}[k]
	for i := range volley {
		out, err := p.l.Receive(p.now, p.segment(p.from+i, queue.FlagSYN, 0))
		if err != nil || out.Action != want {
			return fmt.Errorf("SYN: %v: %v", out, err)
		}
		p.acks[i] = out.Reply.Seq + 1
	}
	return nil
}

func (p *modelListener) between() error { return nil }

func (p *modelListener) finish() error {
	for i := range volley {
		out, err := p.l.Receive(p.now, p.segment(p.from+i, queue.FlagACK, p.acks[i]))
		if err != nil || out.Action != queue.Establish {
			return fmt.Errorf("final ACK: %v: %v", out, err)
		}
	}
	for range volley {
		if _, ok, err := p.l.Accept(p.now); !ok || err != nil {
			return fmt.Errorf("accept: %v: %v", ok, err)
		}
	}
	return nil
}

func (p *modelListener) after(admission) error    { return nil }
func (p *modelListener) run(f func() error) error { return f() }
func (p *modelListener) end()                     {}
