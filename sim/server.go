package sim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
)

// A Server is a program that listens, accepts, serves and closes.
//
//	socket(), bind(), listen(Backlog)
//	accept() as soon as a connection waits, a worker is free, and no stall holds it up
//	serves for Service; then the worker is free again
//	leaked:     never closes
//	CloseFirst: close()
//	otherwise:  waits for the peer's FIN, close()
type Server struct {
	Name    string         // stands in traces and reports
	Node    *Node          // the host that it runs on
	At      netip.AddrPort // where it listens
	Backlog int            // the argument of listen()
	Options host.Options   // of its listening socket

	// NeverAccept listens and does no more: what a process does that hangs.
	NeverAccept bool
	// Workers is how many connections it serves at a time; 0 means all that come.
	Workers int
	// AcceptTime is the least time between two accept() calls, so 1 ms for 1000 a second.
	AcceptTime Span
	Service    Span // how long a connection keeps a worker
	// Stall holds up accept() and close().
	Stall Stall

	CloseFirst bool // it closes when it has served; otherwise it waits for the peer's FIN
	// Abort closes with SO_LINGER and a time of 0.
	Abort bool
	// Leak is the share of connections that it forgets to close: 0 to 1.
	Leak float64
}

// A Stall is a time in which a program does nothing, again and again: a collection of garbage, a full disk. What
// is due meanwhile is done at its end. The zero Stall is none.
type Stall struct {
	// Every is from the beginning of one to that of the next, For how long one lasts, First when the first
	// begins, in the time of the world.
	Every, For, First time.Duration
}

// until returns the end of the stall of a moment, and whether there is one.
func (s Stall) until(now time.Duration) (time.Duration, bool) {
	if s.For <= 0 || now < s.First {
		return 0, false
	}
	since := now - s.First
	if s.Every > 0 {
		since %= s.Every
	}
	return now - since + s.For, since < s.For
}

// A ServerRun is a server at work in a world.
type ServerRun struct {
	Server
	rng      *rand.Rand
	listener host.Socket
	busy     int
	paused   bool // between two accept() calls
	waiting  bool // for the end of a stall

	accepted, served, closed, resets uint64
	leaked                           []host.Socket
	peakAccept, peakRequests         uint32
}

// check reports what no server can be.
func (s *Server) check() error {
	switch {
	case s.Workers < 0 || s.AcceptTime.Mean < 0 || s.Service.Mean < 0 || s.Stall.Every < 0 || s.Stall.For < 0 || s.Stall.First < 0:
		return fmt.Errorf("sim: server %s: a time or a number is negative", s.Name)
	case s.Stall.Every > 0 && s.Stall.For >= s.Stall.Every:
		return fmt.Errorf("sim: server %s: stalls of %v every %v never end; NeverAccept is for that", s.Name, s.Stall.For, s.Stall.Every)
	case !(s.Leak >= 0 && s.Leak <= 1):
		return fmt.Errorf("sim: server %s: Leak %v is not between 0 and 1", s.Name, s.Leak)
	}
	return nil
}

// AddServer has a server listen, at once. A node of another world, an address that bind() or listen() refuses, a
// negative number or time, a share outside of 0 to 1, and stalls without end, are errors.
func (w *World) AddServer(s Server) (*ServerRun, error) {
	if s.Node == nil || s.Node.w != w {
		return nil, fmt.Errorf("sim: server %s: Node is none of this world", s.Name)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	who := s.Name + " on " + s.Node.name
	for _, other := range w.servers {
		if other.Name == s.Name && other.Node == s.Node {
			who += ", another"
		}
	}
	r := &ServerRun{Server: s, rng: w.stream("server " + who)}
	now := s.Node.HostNow()
	h := s.Node.h
	o, err := h.Open(now, s.Options)
	if err != nil {
		return nil, err
	}
	r.listener = o.Socket
	if o, err = h.Bind(now, r.listener, s.At); err == nil && o.Errno == 0 {
		o, err = h.Listen(now, r.listener, s.Backlog)
	}
	if err == nil && o.Errno != 0 {
		err = fmt.Errorf("sim: server %s: %v: %v", s.Name, s.At, o.Errno)
	}
	if err != nil {
		_, _ = h.Close(now, r.listener) // it was opened just now
		return nil, err
	}
	s.Node.servers[s.At.Port()] = append(s.Node.servers[s.At.Port()], r)
	w.servers = append(w.servers, r)
	return r, nil
}

// Listener returns its listening socket, for [host.Host.Info] and [host.Host.Queues].
func (r *ServerRun) Listener() host.Socket { return r.listener }

// Leaked returns the sockets that it forgot to close, oldest first.
func (r *ServerRun) Leaked() []host.Socket { return r.leaked }

// wake is called when the listener has a new connection.
func (r *ServerRun) wake() {
	if q, ok := r.Node.h.Queues(r.listener); ok {
		r.peakAccept = max(r.peakAccept, q.AcceptLen)
		r.peakRequests = max(r.peakRequests, q.Requests)
	}
	r.accept()
}

// accept takes what waits, as long as it may.
func (r *ServerRun) accept() {
	w := r.Node.w
	for !r.NeverAccept && !r.paused && (r.Workers == 0 || r.busy < r.Workers) {
		if end, stalled := r.Stall.until(w.now); stalled {
			if !r.waiting {
				r.waiting = true
				w.At(end, func() {
					r.waiting = false
					r.accept()
				})
			}
			return
		}
		o, err := r.Node.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { return h.Accept(now, r.listener) })
		if err != nil || o.Errno != 0 {
			return
		}
		r.accepted++
		r.busy++
		if r.AcceptTime != (Span{}) {
			r.paused = true
			w.After(r.AcceptTime.draw(r.rng), func() {
				r.paused = false
				r.accept()
			})
		}
		i, _ := r.Node.h.Info(o.Socket)
		c := &served{r: r, s: o.Socket, p: pair{i.Local, i.Remote}, leak: r.Leak > 0 && r.rng.Float64() < r.Leak}
		if r.Node.w.cfg.Trace != nil {
			r.Node.say(r.Name, "accepts %v", i.Remote)
		}
		if r.Service == (Span{}) {
			c.done()
			continue
		}
		at := w.now + r.Service.draw(r.rng)
		if end, stalled := r.Stall.until(at); stalled {
			at = end
		}
		w.At(at, func() {
			c.done()
			r.accept()
		})
	}
}

// served is a connection that a server accepted.
type served struct {
	r    *ServerRun
	s    host.Socket
	p    pair
	leak bool
}

// done is the end of the service.
func (c *served) done() {
	r := c.r
	r.busy--
	r.served++
	switch {
	case c.leak:
		r.leaked = append(r.leaked, c.s)
		r.Node.say(r.Name, "forgets to close %v", c.p.remote)
	case r.CloseFirst:
		c.close(r.Abort)
	default:
		r.Node.watch(c.s, c.p, c.look)
		c.look()
	}
}

// look waits for the peer to close.
func (c *served) look() {
	if c.s == 0 {
		return
	}
	o, err := c.r.Node.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { return h.Recv(now, c.s) })
	if err != nil || o.Errno == host.EAGAIN || o.N > 0 {
		return
	}
	if o.Errno != 0 {
		c.r.resets++
	}
	if end, stalled := c.r.Stall.until(c.r.Node.w.now); stalled {
		c.r.Node.unwatch(c.s, c.p)
		c.r.Node.w.At(end, func() { c.close(c.r.Abort) })
		return
	}
	c.close(c.r.Abort)
}

func (c *served) close(abort bool) {
	s := c.s
	c.s = 0
	c.r.closed++
	c.r.Node.unwatch(s, c.p)
	if c.r.Node.w.cfg.Trace != nil {
		c.r.Node.say(c.r.Name, "closes %v", c.p.remote)
	}
	_, _ = c.r.Node.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { // an error has ended the world
		if abort {
			return h.Abort(now, s)
		}
		return h.Close(now, s)
	})
}
