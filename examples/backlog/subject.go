package main

import (
	"fmt"
	"math"

	"example.com/linuxtcp/queue"
)

// defaultBacklog is what a hypothetical listener passes to listen(): what Rust's
// standard library passes, and the most that anybody got before Linux 5.4.
const defaultBacklog = 128

// A subject is a listener with the numbers that its kernel's decisions look at.
type subject struct {
	name    string // "port 8080", to begin a sentence with
	live    *liveListener
	q       queue.Queues
	known   bool   // the accept queue's limit was read or given
	backlog *int32 // what the program passes to listen(), if given
	ipv6    bool   // only IPv6 clients can reach it
	notes   []string
}

// hypothetical is the listener that flags describe.
func hypothetical(c *config, o options) (subject, error) {
	b := int32(defaultBacklog)
	if o.backlog != nil {
		b = int32(*o.backlog)
	}
	s := subject{name: fmt.Sprintf("a listener with backlog %d", b), known: true, backlog: &b}
	s.limits(c)
	return s, s.override(c, o)
}

// real is a listener of the machine, changed by what flags say.
func real(c *config, o options, l *liveListener) (subject, error) {
	s := subject{
		name: fmt.Sprintf("port %d", l.local.Port()), live: l, known: l.hasLimit,
		ipv6: l.local.Addr().Is6() && !l.local.Addr().Is4In6() && (l.v6only || !l.local.Addr().IsUnspecified()),
		q:    queue.Queues{AcceptLen: l.acceptLen, Requests: l.requests, Young: l.young},
	}
	if o.backlog != nil {
		b := int32(*o.backlog)
		s.backlog, s.known = &b, true
	}
	s.limits(c)
	if l.sharing > 1 {
		s.notes = append(s.notes, fmt.Sprintf(
			"%d sockets share this address (SO_REUSEPORT). Their half-open requests cannot be told apart and are shown shared out evenly.", l.sharing))
	}
	return s, s.override(c, o)
}

// limits works out both limits: by listen() where the backlog is given, else from
// the limit that the kernel tells, as if that had been the backlog.
func (s *subject) limits(c *config) {
	b, somaxconn := int32(math.MaxInt32), int32(c.sys.Somaxconn)
	switch {
	case s.backlog != nil:
		b = *s.backlog
	case s.live.hasLimit:
		// The limit was clamped when the program called listen(), by the somaxconn of
		// that moment.
		b, somaxconn = int32(min(s.live.limit, math.MaxInt32)), math.MaxInt32
	}
	s.q.AcceptLimit = queue.AcceptLimit(&c.sem, b, somaxconn)
	s.q.SYNLimit = queue.SYNQueueLimit(&c.sem, b, somaxconn, int32(c.sys.TCPMaxSynBacklog))
}

// override puts the queue lengths that flags give in place.
func (s *subject) override(c *config, o options) error {
	if o.accept != nil {
		n := uint32(*o.accept)
		if c.sem.BacklogBits == 16 && n > math.MaxUint16 {
			return badFlag("-accept %d: Linux %s counts the queue in 16 bits", n, c.release)
		}
		if n > 0 && queue.AcceptQueueFull(n-1, s.q.AcceptLimit) {
			return badFlag("-accept %d: an accept queue with limit %d holds at most %d connections", n, s.q.AcceptLimit, uint64(s.q.AcceptLimit)+1)
		}
		s.q.AcceptLen = n
	}
	if o.synrecv != nil {
		n := uint32(*o.synrecv)
		if most := queue.SYNQueueCapacity(&c.sem, s.q.SYNLimit); uint64(n) > most {
			return badFlag("-synrecv %d: this listener's SYN queue holds at most %d requests on Linux %s", n, most, c.release)
		}
		s.q.Requests, s.q.Young = n, n
	}
	if o.young != nil {
		n := uint32(*o.young)
		if n > s.q.Requests {
			return badFlag("-young %d: they are some of the half-open requests, of which there are %d", n, s.q.Requests)
		}
		s.q.Young = n
	}
	return nil
}
