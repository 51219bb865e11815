package fuzz

import (
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/script"
)

// A flow is a light picture of what a connection has come to, as far as segments near the truth need
// it. It is optimistic: it takes for granted that the host answers, that queues have room, and that no
// sysctl says otherwise. Nothing is wrong with a script where it errs; the segments are
// then just farther from the truth than meant. It is no model on purpose: scripts of a seed stay
// the same when the model gets better.
type flow struct {
	name  string
	state host.State
	since time.Duration
	// client: the host connects, and the peer answers.
	client bool
	// open: a process has its socket, whatever became of the connection.
	open bool

	seq int32 // what the peer sends next, after its first number
	rcv int32 // what the host expects next
	// fin: the host has sent its FIN. acked: the peer has seen it.
	fin, acked bool
	orphan     bool
	// held: a process has a socket of it, or it waits for accept() at a listener.
	socket        string
	held, waiting bool
	listener      string

	ts   bool
	born uint32 // the peer's timestamp clock at the script's beginning
	last script.Segment
	// sent is how many segments the peer sent, opened how many connections the flow was.
	sent, opened int
}

// hostNext is the number that the host sends next, from its first.
func (f *flow) hostNext() int32 {
	if f.fin {
		return 2
	}
	return 1
}

func (f *flow) enter(s host.State, now time.Duration) { f.state, f.since = s, now }

// usable reports whether a process can do something with it.
func (f *flow) usable() bool { return f.held && f.state != host.Closed }

// crossed reports whether SYNs crossed and ours is not acknowledged yet.
func (f *flow) crossed() bool { return f.client && f.state == host.SynRecv }

// learn takes a segment of the peer into the picture, much as the host would.
func (g *generator) learn(f *flow, s *script.Segment) {
	f.last = *s
	f.sent++
	n := int32(s.Len)
	if s.Flags&host.FlagFIN != 0 {
		n++
	}
	syn, rst, ack := s.Flags&host.FlagSYN != 0, s.Flags&host.FlagRST != 0, s.Flags&host.FlagACK != 0
	if end := s.Seq.N + n; !syn && !rst && end > f.seq && end-f.seq < 1<<16 {
		f.seq = end
	}
	right := s.Seq.N == f.rcv
	acks := ack && s.Ack == script.Number{N: f.hostNext()}
	switch f.state {
	case host.Closed:
		if syn && !rst && !ack {
			g.arrive(f, s)
		}
		return
	case host.SynSent:
		switch {
		case ack && s.Ack != script.Number{N: 1}:
		case rst && ack:
			f.enter(host.Closed, g.now)
		case syn && ack && !rst:
			f.enter(host.Established, g.now)
			f.rcv = s.Seq.N + 1
			f.seq = f.rcv
		case syn && !rst:
			f.enter(host.SynRecv, g.now)
			f.rcv = s.Seq.N + 1
			f.seq = f.rcv
		}
		return
	case host.TimeWait:
		switch {
		case rst && right:
			f.enter(host.Closed, g.now)
		case syn && !ack && !rst && s.Seq.N >= f.rcv:
			g.arrive(f, s)
		}
		return
	}
	switch {
	case syn || !right:
		return
	case rst:
		f.enter(host.Closed, g.now)
		g.forget(f)
		return
	case f.state == host.SynRecv && acks:
		f.enter(host.Established, g.now)
		if !f.client {
			g.complete(f)
		}
	case f.state == host.SynRecv:
		return
	}
	f.rcv += n
	if acks && f.fin {
		f.acked = true
		switch f.state {
		case host.FinWait1:
			f.enter(host.FinWait2, g.now)
		case host.Closing:
			f.enter(host.TimeWait, g.now)
		case host.LastAck:
			f.enter(host.Closed, g.now)
		}
	}
	if s.Flags&host.FlagFIN != 0 {
		switch f.state {
		case host.Established:
			f.enter(host.CloseWait, g.now)
		case host.FinWait1:
			f.enter(host.Closing, g.now)
		case host.FinWait2:
			f.enter(host.TimeWait, g.now)
		}
	}
}

// arrive is a SYN at a listener.
func (g *generator) arrive(f *flow, s *script.Segment) {
	if f.client || !g.isListening(f.listener) {
		return
	}
	g.forget(f)
	f.fin, f.acked, f.orphan, f.held = false, false, false, false
	f.opened++
	f.enter(host.SynRecv, g.now)
	f.rcv = s.Seq.N + 1
	f.seq = f.rcv
}

// complete puts a connection into the accept queue.
func (g *generator) complete(f *flow) {
	if l := g.listeners[f.listener]; l != nil && !f.waiting && (l.backlog < 0 || len(l.queue) <= l.backlog) {
		f.waiting = true
		l.queue = append(l.queue, f)
	}
}

// forget takes a connection out of a process's hands.
func (g *generator) forget(f *flow) { f.held = false }

// abort is close() with a linger time of 0.
func (g *generator) abort(f *flow) {
	f.open = false
	g.forget(f)
	f.enter(host.Closed, g.now)
}

// hangup is close() or, with half, shutdown() of a flow's socket.
func (g *generator) hangup(f *flow, half bool) {
	if !half {
		f.orphan, f.open = true, false
		g.forget(f)
	}
	switch f.state {
	case host.SynSent:
		f.enter(host.Closed, g.now)
	case host.Established, host.SynRecv:
		f.fin = true
		f.enter(host.FinWait1, g.now)
	case host.CloseWait:
		f.fin = true
		f.enter(host.LastAck, g.now)
	}
}

// pass lets time go by.
func (g *generator) pass(d time.Duration) {
	g.now += d
	for _, f := range g.flows {
		age := g.now - f.since
		switch f.state {
		case host.TimeWait:
			if age > 61*time.Second {
				f.enter(host.Closed, g.now)
			}
		case host.FinWait2:
			if f.orphan && age > 61*time.Second {
				f.enter(host.Closed, g.now)
			}
		case host.SynRecv:
			if age > 63*time.Second {
				f.enter(host.Closed, g.now)
			}
		case host.SynSent:
			if age > 131*time.Second {
				f.enter(host.Closed, g.now)
			}
		}
	}
}
