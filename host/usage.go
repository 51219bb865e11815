package host

import "example.com/linuxtcp/queue"

// A Usage is how much a host holds at a moment, as numbers that are known without a walk over its
// sockets.
type Usage struct {
	// Connections are full sockets in SYN-SENT and all states after it, those that nobody accepted yet
	// and those that no process holds among them.
	Connections int
	// Requests are half-open requests: SYN-RECV in ss.
	Requests int
	// TimeWait are the entries of package timewait: TIME-WAIT in ss, and FIN-WAIT-2 of nobody.
	TimeWait int
	// Bound is what has a local port: sockets that are bound, listen or are connected, a listener's children
	// with its own port among them, and TIME-WAIT entries that a socket of this host left behind.
	Bound int
}

// Usage returns what the host holds now.
func (h *Host) Usage() Usage {
	sockets, timeWaits := h.ports.Len()
	u := Usage{Connections: len(h.conns), TimeWait: h.tw.Len(), Bound: sockets + timeWaits}
	for _, l := range h.listeners {
		u.Requests += int(l.q.Queues().Requests)
	}
	return u
}

// Queues returns the queues of a listening socket, and whether there is such a socket: the accept
// queue, which [Host.Info] has too, and the SYN queue, which no tool shows.
func (h *Host) Queues(id Socket) (queue.Queues, bool) {
	s := h.open[id]
	if s == nil || s.listener == nil {
		return queue.Queues{}, false
	}
	return s.listener.q.Queues(), true
}
