package main

import (
	"fmt"
	"math"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/listening"
	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/queue"
)

// defaultBacklog is what a hypothetical listener passes to listen(): what Rust's
// standard library passes, and the most that anybody got before Linux 5.4.
const defaultBacklog = 128

// A subject is a listener, and what to know about its numbers.
type subject struct {
	listening.Socket
	notes []string
}

// hypothetical is the listener that flags describe.
func hypothetical(c *config, o options) (subject, error) {
	b := int32(defaultBacklog)
	if o.backlog != nil {
		b = int32(*o.backlog)
	}
	s := subject{Socket: listening.Socket{Name: fmt.Sprintf("a listener with backlog %d", b), Known: true, Backlog: &b}}
	s.Limits(&c.sem, &c.sys)
	return s, s.override(c, o)
}

// real is a listener of the machine, changed by what flags say.
func real(c *config, o options, l *machine.Listener) (subject, error) {
	s := subject{Socket: listening.Of(l)}
	if o.backlog != nil {
		b := int32(*o.backlog)
		s.Backlog, s.Known = &b, true
	}
	s.Limits(&c.sem, &c.sys)
	if l.Sharing > 1 {
		s.notes = append(s.notes, fmt.Sprintf(
			"%d sockets share this address (SO_REUSEPORT). Their half-open requests cannot be told apart and are shown shared out evenly.", l.Sharing))
	}
	return s, s.override(c, o)
}

// override puts the queue lengths that flags give in place.
func (s *subject) override(c *config, o options) error {
	if o.accept != nil {
		n := uint32(*o.accept)
		if c.sem.BacklogBits == 16 && n > math.MaxUint16 {
			return asked.Mistakef("-accept %d: Linux %s counts the queue in 16 bits", n, c.release)
		}
		if n > 0 && queue.AcceptQueueFull(n-1, s.Queues.AcceptLimit) {
			return asked.Mistakef("-accept %d: an accept queue with limit %d holds at most %d connections", n, s.Queues.AcceptLimit, uint64(s.Queues.AcceptLimit)+1)
		}
		s.Queues.AcceptLen = n
	}
	if o.synrecv != nil {
		n := uint32(*o.synrecv)
		if most := queue.SYNQueueCapacity(&c.sem, s.Queues.SYNLimit); uint64(n) > most {
			return asked.Mistakef("-synrecv %d: this listener's SYN queue holds at most %d requests on Linux %s", n, most, c.release)
		}
		s.Queues.Requests, s.Queues.Young = n, n
	}
	if o.young != nil {
		n := uint32(*o.young)
		if n > s.Queues.Requests {
			return asked.Mistakef("-young %d: they are some of the half-open requests, of which there are %d", n, s.Queues.Requests)
		}
		s.Queues.Young = n
	}
	return nil
}
