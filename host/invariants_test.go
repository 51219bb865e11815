package host

import (
	"fmt"

	"example.com/linuxtcp/portalloc"
)

// wrong returns what does not hold together in a host, "" if all does: every socket is in exactly one
// place, and the pieces agree about who has which port.
func (h *Host) wrong() string {
	ported := 0
	for p, k := range h.conns {
		switch k.c.State {
		case SynSent, SynRecv, Established, FinWait1, FinWait2, CloseWait, LastAck, Closing:
		default:
			return fmt.Sprintf("%v is %v among the connections", p, k.c.State)
		}
		if p != k.pair() || !k.hashed {
			return fmt.Sprintf("%v is found as %v", k.pair(), p)
		}
		if k.c.Orphan != (k.id == 0 && !h.waits(k)) {
			return fmt.Sprintf("%v: orphan %v with descriptor %d", p, k.c.Orphan, k.id)
		}
		if _, tw := h.tw.Find(p.local, p.remote); tw {
			return fmt.Sprintf("%v has an entry of TIME-WAIT", p)
		}
		if k.port != 0 {
			ported++
			if i, ok := h.ports.Info(k.port); !ok || i.State != portalloc.Connected || i.Local != p.local || i.Remote != p.remote {
				return fmt.Sprintf("%v: its port is %+v", p, i)
			}
		}
	}
	for id, k := range h.open {
		if k.id != id {
			return fmt.Sprintf("socket %d thinks that it is %d", id, k.id)
		}
		if k.hashed != (h.conns[k.pair()] == k) {
			return fmt.Sprintf("socket %d is not where it thinks", id)
		}
		if k.hashed {
			continue
		}
		if k.c.State != Closed && k.c.State != Listen || (k.c.State == Listen) != (k.listener != nil) {
			return fmt.Sprintf("socket %d is %v and in no table", id, k.c.State)
		}
		if k.resend.on() || k.delack.on() {
			return fmt.Sprintf("socket %d is %v and has a timer", id, k.c.State)
		}
		if k.port == 0 {
			continue
		}
		i, ok := h.ports.Info(k.port)
		if !ok {
			return fmt.Sprintf("socket %d has a port that is nobody's", id)
		}
		if i.State != portalloc.Unbound {
			ported++
		}
		if k.bound != (i.State == portalloc.Bound || i.State == portalloc.Listening) {
			return fmt.Sprintf("socket %d: bound %v, port %v", id, k.bound, i.State)
		}
	}
	entries := 0
	for e := range h.tw.All() {
		entries++
		id, ok := h.ports.Lookup(e.Local, e.Remote)
		if i, _ := h.ports.Info(id); !ok || i.State != portalloc.TimeWait {
			return fmt.Sprintf("the entry %v has the port %+v", e, i)
		}
	}
	if live, tw := h.ports.Len(); live != ported || tw != entries || entries != h.tw.Len() {
		return fmt.Sprintf("%d sockets have a port and %d entries, of %d and %d", live, tw, ported, entries)
	}
	for i, t := range h.timers {
		if t.place != i+1 || !t.k.hashed || t.at <= h.now {
			return fmt.Sprintf("timer %d of %v at %v, now %v, is at place %d", i, t.k.pair(), t.at, h.now, t.place)
		}
	}
	for _, l := range h.listeners {
		if q := l.q.Queues(); l.open && int(q.AcceptLen) != len(l.waiting) {
			return fmt.Sprintf("%v: %d wait, the queue has %d", l.at, len(l.waiting), q.AcceptLen)
		} else if !l.open && q.Requests == 0 {
			return fmt.Sprintf("%v is closed, without requests, and still there", l.at)
		}
	}
	if len(h.loop) != 0 {
		return fmt.Sprintf("%d segments stayed on loopback", len(h.loop))
	}
	return ""
}

// waits reports whether a connection waits in an accept queue.
func (h *Host) waits(k *sock) bool {
	for _, l := range h.listeners {
		for _, w := range l.waiting {
			if w == k {
				return true
			}
		}
	}
	return false
}
