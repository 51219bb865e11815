package raised

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

var hostScenes = []Scene{
	{"connect() sends its first SYN", "host.Host.Connect", "tcp_connect", func(sem *kernel.Semantics) kernel.CounterSet {
		return during(sem, func(t *stage) { t.connect() }, nil)
	}},
	{"connect() sends its SYN again", "kernel.SYNTimer", "tcp_retransmit_timer", func(sem *kernel.Semantics) kernel.CounterSet {
		return during(sem, func(t *stage) { t.advance() }, func(t *stage) { t.connect() })
	}},
	{"connect() gives up its SYN", "kernel.SYNTimer", "tcp_write_timeout", func(sem *kernel.Semantics) kernel.CounterSet {
		return during(sem, func(t *stage) { t.advance() }, func(t *stage) {
			t.connect()
			t.advance()
		})
	}},
	{"a handshake completes", "queue.Listener.Receive", "tcp_check_req", func(sem *kernel.Semantics) kernel.CounterSet {
		return during(sem, func(t *stage) { t.handshake() }, nil)
	}},
	{"a segment meets no socket", "host.Host.Receive", "tcp_v4_send_reset", func(sem *kernel.Semantics) kernel.CounterSet {
		return during(sem, func(t *stage) {
			t.receive(host.Segment{To: netip.AddrPortFrom(here.Addr(), 81), Flags: host.FlagACK, Seq: 1, Ack: 1})
		}, nil)
	}},
	{"close() finds data that nobody read", "host.Host.Close", "tcp_close", func(sem *kernel.Semantics) kernel.CounterSet {
		return during(sem, func(t *stage) { t.close() }, func(t *stage) {
			t.accepted()
			t.data()
		})
	}},
	{"data arrives for a socket that was closed", "host.Decide", "tcp_rcv_state_process", func(sem *kernel.Semantics) kernel.CounterSet {
		return during(sem, func(t *stage) { t.data() }, func(t *stage) {
			t.accepted()
			t.close()
		})
	}},
	{"close() with a linger time of 0", "host.Host.Abort", "tcp_close", func(sem *kernel.Semantics) kernel.CounterSet {
		return during(sem, func(t *stage) { t.call(t.h.Abort(hour, t.socket)) }, func(t *stage) { t.accepted() })
	}},
	{"close() in FIN-WAIT-2 with a negative TCP_LINGER2", "timewait.Orphan", "tcp_close", func(sem *kernel.Semantics) kernel.CounterSet {
		return during(sem, func(t *stage) { t.close() }, func(t *stage) {
			t.options.Linger2 = -1
			t.restart()
			t.accepted()
			t.call(t.h.Shutdown(hour, t.socket))
			t.receive(host.Segment{Flags: host.FlagACK, Seq: 1, Ack: t.ack + 1})
		})
	}},
	{"a segment beyond the window meets a connection", "host.InReceiveWindow", "tcp_sequence", func(sem *kernel.Semantics) kernel.CounterSet {
		return during(sem, func(t *stage) { t.receive(beyond) }, func(t *stage) { t.accepted() })
	}},
	{"a connection would answer a second such segment within tcp_invalid_ratelimit", "host.Decide", "tcp_oow_rate_limited", func(sem *kernel.Semantics) kernel.CounterSet {
		return during(sem, func(t *stage) { t.receive(beyond) }, func(t *stage) {
			t.accepted()
			t.receive(beyond)
		})
	}},
	{"a connection would send a second challenge ACK within tcp_invalid_ratelimit", "host.Decide", "tcp_send_challenge_ack", func(sem *kernel.Semantics) kernel.CounterSet {
		syn := host.Segment{Flags: host.FlagSYN, Seq: 1 << 30}
		return during(sem, func(t *stage) { t.receive(syn) }, func(t *stage) {
			t.accepted()
			t.receive(syn)
		})
	}},
}

var beyond = host.Segment{Flags: host.FlagACK, Seq: 1 << 30}

// A stage is a host with a listener, and the socket and the numbers of one connection. Once
// a call has failed nothing is done any more.
type stage struct {
	h                *host.Host
	listener, socket host.Socket
	ack              uint32
	options          host.Options // of the listener
	err              error
}

// during returns what some actions raise, after others.
func during(sem *kernel.Semantics, actions, before func(*stage)) (c kernel.CounterSet) {
	sys := sysctls(sem, 100)
	sys.TCPSynRetries = 1
	t := &stage{}
	if t.h, t.err = host.New(host.Config{Semantics: *sem, Sysctls: sys, Addrs: []netip.Addr{here.Addr()}}); t.err != nil {
		return c
	}
	t.restart()
	if before != nil {
		before(t)
	}
	start := t.h.Counters()
	actions(t)
	if t.err != nil {
		return c
	}
	return set(t.h.Counters().Sub(start))
}

// restart opens the listener, or closes it and opens another.
func (t *stage) restart() {
	if t.listener != 0 {
		t.call(t.h.Close(hour, t.listener))
	}
	t.listener = t.call(t.h.Open(hour, t.options)).Socket
	t.call(t.h.Bind(hour, t.listener, here))
	t.call(t.h.Listen(hour, t.listener, 5))
}

func (t *stage) call(o host.Outcome, err error) host.Outcome {
	if t.err == nil {
		t.err = err
	}
	return o
}

func (t *stage) receive(s host.Segment) host.Outcome {
	s.From, s.Window = client, 65535
	if !s.To.IsValid() {
		s.To = here
	}
	return t.call(t.h.Receive(hour, s))
}

func (t *stage) connect() {
	t.socket = t.call(t.h.Open(hour, host.Options{})).Socket
	t.call(t.h.Connect(hour, t.socket, netip.AddrPortFrom(client.Addr(), 443)))
}

// advance fires the next timer.
func (t *stage) advance() {
	if due, ok := t.h.Next(); ok {
		t.call(t.h.Advance(due))
	}
}

func (t *stage) handshake() {
	o := t.receive(host.Segment{Flags: host.FlagSYN})
	if len(o.Sent) > 0 {
		t.ack = o.Sent[0].Seq + 1
	}
	t.receive(host.Segment{Flags: host.FlagACK, Seq: 1, Ack: t.ack})
}

func (t *stage) accepted() {
	t.handshake()
	t.socket = t.call(t.h.Accept(hour, t.listener)).Socket
}

func (t *stage) data()  { t.receive(host.Segment{Flags: host.FlagACK, Seq: 1, Ack: t.ack, Len: 10}) }
func (t *stage) close() { t.call(t.h.Close(hour, t.socket)) }

const hour = time.Hour
