// Package listening judges a listening socket by what a machine tells of it: what its queues
// hold, what bounds them, and what becomes of the next SYN and of the next final ACK. The
// rules are those of package queue; here they meet numbers of a live socket, and sentences.
package listening

import (
	"fmt"
	"math"

	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// A Socket is a listener with the numbers that its kernel's decisions look at.
type Socket struct {
	Name    string            // "port 8080", to begin a sentence with
	Live    *machine.Listener // nil for one that does not exist
	Queues  queue.Queues
	Known   bool   // the accept queue's limit was read or given
	Backlog *int32 // what the program passes to listen(), if given
	IPv6    bool   // only IPv6 clients can reach it
}

// Of is a listener of the machine. Its limits are still to be found: see Limits.
func Of(l *machine.Listener) Socket {
	addr := l.Local.Addr()
	return Socket{
		Name: fmt.Sprintf("port %d", l.Local.Port()), Live: l, Known: l.HasLimit,
		IPv6:   addr.Is6() && !addr.Is4In6() && (l.V6Only || !addr.IsUnspecified()),
		Queues: queue.Queues{AcceptLen: l.AcceptLen, Requests: l.Requests, Young: l.Young},
	}
}

// Limits works out both limits: by listen() where the backlog is given, else from
// the limit that the kernel tells, as if that had been the backlog.
func (s *Socket) Limits(sem *kernel.Semantics, sys *kernel.Sysctls) {
	b, somaxconn := int32(math.MaxInt32), int32(sys.Somaxconn)
	switch {
	case s.Backlog != nil:
		b = *s.Backlog
	case s.Live.HasLimit:
		// The limit was clamped when the program called listen(), by the somaxconn of
		// that moment.
		b, somaxconn = int32(min(s.Live.Limit, math.MaxInt32)), math.MaxInt32
	}
	s.Queues.AcceptLimit = queue.AcceptLimit(sem, b, somaxconn)
	s.Queues.SYNLimit = queue.SYNQueueLimit(sem, b, somaxconn, int32(sys.TCPMaxSynBacklog))
}
