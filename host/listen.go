package host

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"example.com/linuxtcp/queue"
)

// listener is a listening socket: its queues, and the connections that wait in the accept
// queue, oldest first.
type listener struct {
	q       *queue.Listener
	s       *sock
	at      netip.AddrPort
	ipv6    bool // a socket of IPv6
	v6only  bool
	waiting []*sock
	open    bool
}

// Listen is listen(). On a socket that listens already it changes the backlog. A socket that is
// not bound gets a port as from bind() to port 0. It fails with EINVAL for a connected socket and
// with EADDRINUSE if the port conflicts. A backlog that is no C int is an error, and so is one for
// which a kernel before 4.4 would not find the memory.
func (h *Host) Listen(now time.Duration, id Socket, backlog int) (Outcome, error) {
	s, err := h.find(now, id)
	if err != nil {
		return Outcome{}, err
	}
	if backlog < math.MinInt32 || backlog > math.MaxInt32 {
		return Outcome{}, fmt.Errorf("host: backlog %d is not a C int", backlog)
	}
	if s.listener != nil {
		h.start(now)
		if err := s.listener.q.Listen(now, backlog); err != nil {
			return Outcome{}, err
		}
		return h.end(Outcome{}), nil
	}
	if s.c.State != Closed || s.connecting || s.barred || s.linked {
		h.start(now)
		return h.end(Outcome{Errno: EINVAL}), nil
	}
	q, err := queue.NewListener(queue.Config{
		Semantics: h.sem, Sysctls: h.sys, HZ: h.cfg.HZ, Monotonic: h.cfg.Monotonic, Key: mix(h.cfg.Key ^ 0x9e3779b97f4a7c15), Peers: h.peers,
		DeferAccept: s.opt.DeferAccept, SYNCount: s.opt.SYNCount, Window: h.cfg.Window,
	})
	if err == nil {
		err = q.Listen(now, backlog)
	}
	if err != nil {
		return Outcome{}, err
	}
	h.start(now)
	if !s.bound {
		any := s.anyAddr()
		if s.local.Addr().IsValid() {
			any = s.local.Addr()
			if s.opt.IPv6 && any.Is4() {
				any = netip.AddrFrom16(any.As16())
			}
		}
		if e := h.bind(s, netip.AddrPortFrom(any, 0)); e != 0 {
			return h.end(Outcome{Errno: e}), nil
		}
	}
	r, err := h.ports.Listen(s.port)
	if err != nil || r.Errno != 0 {
		return h.end(Outcome{Errno: EADDRINUSE}), nil
	}
	s.local, s.bound = netip.AddrPortFrom(s.local.Addr(), r.Port), true // IP_BIND_ADDRESS_NO_PORT left that to listen()
	l := &listener{q: q, s: s, at: s.local, ipv6: s.opt.IPv6, v6only: s.opt.V6Only, open: true}
	s.listener, s.c.State = l, Listen
	h.listeners = append(h.listeners, l)
	h.byPort[l.at.Port()] = append(h.byPort[l.at.Port()], l)
	return h.end(Outcome{}), nil
}

// score is how well a listener fits an address that a segment was sent to: 0 not at all. An
// exact address comes before the wildcard, and a socket of IPv4 before one of IPv6 that takes
// IPv4 as well (compute_score).
func (l *listener) score(to netip.Addr) int {
	own := l.at.Addr()
	switch {
	case !l.open:
		return 0
	case own == to:
		return 4
	case !own.IsUnspecified():
		return 0
	case to.Is4() && own.Is4() && !l.ipv6:
		return 3
	case to.Is4() && !l.v6only && l.ipv6:
		return 2
	case to.Is6() && own.Is6():
		return 3
	}
	return 0
}

// listening returns the listener for a connection. Of several with SO_REUSEPORT a keyed hash of
// the connection picks one.
func (h *Host) listening(p pair) *listener {
	best, top := h.best[:0], 0
	for _, l := range h.byPort[p.local.Port()] {
		switch n := l.score(p.local.Addr()); {
		case n == 0 || n < top:
		case n > top:
			best, top = append(best[:0], l), n
		default:
			best = append(best, l)
		}
	}
	h.best = best
	switch len(best) {
	case 0:
		return nil
	case 1:
		return best[0]
	}
	return best[h.hash(p)%uint64(len(best))]
}

// asking returns the listener that has a half-open request of a connection, open or not.
func (h *Host) asking(p pair) (*listener, queue.HalfOpen, bool) {
	for _, l := range h.byPort[p.local.Port()] {
		if r, ok := l.q.Request(p.remote, p.local); ok {
			return l, r, true
		}
	}
	return nil, queue.HalfOpen{}, false
}

// retire forgets a closed listener without requests.
func (h *Host) retire(l *listener) {
	if l.open || l.q.Queues().Requests > 0 {
		return
	}
	for k, n := range l.q.Counters().All() {
		h.retired.Add(k, n)
	}
	h.listeners = without(h.listeners, l)
	port := l.at.Port()
	if h.byPort[port] = without(h.byPort[port], l); len(h.byPort[port]) == 0 {
		delete(h.byPort, port)
	}
}

func without(list []*listener, l *listener) []*listener {
	for i := range list {
		if list[i] == l {
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}

// Accept is accept() that does not wait: the oldest connection of the accept queue, even one that
// was reset meanwhile. It fails with EAGAIN if there is none, and with EINVAL if the socket does not
// listen.
func (h *Host) Accept(now time.Duration, id Socket) (Outcome, error) {
	s, err := h.find(now, id)
	if err != nil {
		return Outcome{}, err
	}
	h.start(now)
	if s.listener == nil {
		return h.end(Outcome{Errno: EINVAL}), nil
	}
	_, ok, err := s.listener.q.Accept(now)
	if err != nil || !ok || len(s.listener.waiting) == 0 {
		return h.end(Outcome{Errno: EAGAIN}), nil
	}
	child := s.listener.waiting[0]
	s.listener.waiting[0] = nil
	s.listener.waiting = s.listener.waiting[1:]
	h.last++
	child.id = h.last
	h.open[child.id] = child
	if child.port == 0 { // reset while it waited: it has no port, and may be bound to one
		child.port, _ = h.ports.Open(child.opt.forPort()) // it has its listener's options
	}
	return h.end(Outcome{Socket: child.id}), nil
}
