package host

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/timewait"
)

// Options are what setsockopt() made of a socket before it is bound or connects.
type Options struct {
	ReuseAddr         bool // SO_REUSEADDR
	ReusePort         bool // SO_REUSEPORT, from 3.9 on
	BindAddressNoPort bool // IP_BIND_ADDRESS_NO_PORT, from 4.2 on
	V6Only            bool // IPV6_V6ONLY
	// RangeLow and RangeHigh are IP_LOCAL_PORT_RANGE, from 6.3 on.
	RangeLow, RangeHigh uint16
	UID                 uint32 // the user: SO_REUSEPORT shares a port among sockets of one only
	DeferAccept         int    // TCP_DEFER_ACCEPT in seconds, 0 for off
	SYNCount            int    // TCP_SYNCNT, 1 to 127, 0 for the sysctl
	Linger2             int    // TCP_LINGER2 in seconds, 0 for unset
	IPv6                bool   // the socket is one of IPv6
}

// sock is a socket: one that a process holds, a connection that none holds any more or that
// nobody has accepted yet.
type sock struct {
	id   Socket // 0: no process holds it
	opt  Options
	port portalloc.Socket // 0: it has none any more

	local, remote netip.AddrPort
	was           netip.AddrPort // what getsockname() tells once the port is gone
	bound         bool           // by bind(), to a port
	hashed        bool           // it is among Host.conns
	c             Conn

	// What the process has done.
	listener   *listener
	connecting bool // connect() has begun and no call has heard how it ended
	barred     bool // shutdown() came while it had not connected: no connect() goes any more (SS_DISCONNECTING)
	linked     bool // it is or was connected
	fin        bool // the peer's FIN came: recv() has an end, whatever comes later (SOCK_DONE)
	ended      bool // the connection is no more

	// The SYN, or the FIN.
	first     time.Duration   // when the SYN was first sent
	resent    int             // how many times it was sent again
	rto       time.Duration   // what the timer was armed for
	fins      []time.Duration // when the FIN was sent, as far as it matters
	backedOff bool            // a timeout has come, and no round trip was measured since
	unrouted  bool            // so many timeouts have come that the route is asked for anew with the next segment
	resend    timer
	delack    timer
}

func newSock() *sock {
	s := &sock{}
	s.resend.k, s.delack.k, s.delack.ack = s, s, true
	return s
}

// anyAddr is the wildcard of the socket's family.
func (s *sock) anyAddr() netip.Addr {
	if s.opt.IPv6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

func (s *sock) pair() pair { return pair{s.local, s.remote} }

// Open is socket() and setsockopt(). Options that the kernel does not have, and values that no
// option takes, are errors.
func (h *Host) Open(now time.Duration, o Options) (Outcome, error) {
	switch {
	case o.DeferAccept < 0 || o.DeferAccept > 1<<30:
		return Outcome{}, fmt.Errorf("host: Options.DeferAccept %d is not a number of seconds from 0 to %d", o.DeferAccept, 1<<30)
	case o.SYNCount < 0 || o.SYNCount > 127:
		return Outcome{}, fmt.Errorf("host: Options.SYNCount %d is outside 0 to 127, the range of TCP_SYNCNT", o.SYNCount)
	case o.V6Only && !o.IPv6:
		return Outcome{}, errors.New("host: Options.V6Only: a socket of IPv4 has no IPV6_V6ONLY")
	}
	if err := h.timely(now); err != nil {
		return Outcome{}, err
	}
	p, err := h.ports.Open(o.forPort())
	if err != nil {
		return Outcome{}, err
	}
	if err := h.begin(now); err != nil {
		return Outcome{}, err
	}
	h.last++
	s := newSock()
	s.id, s.opt, s.port = h.last, o, p
	s.c.Linger2 = int(timewait.Linger2(&h.sem, &h.sys, o.Linger2) / time.Second)
	if o.Linger2 < 0 {
		s.c.Linger2 = -1
	}
	h.open[s.id] = s
	return h.end(Outcome{Socket: s.id}), nil
}

func (o *Options) forPort() portalloc.Options {
	return portalloc.Options{
		ReuseAddr: o.ReuseAddr, ReusePort: o.ReusePort, UID: o.UID, BindAddressNoPort: o.BindAddressNoPort,
		RangeLow: o.RangeLow, RangeHigh: o.RangeHigh, V6Only: o.V6Only,
	}
}

// find returns the socket of that name and checks the time of a call.
func (h *Host) find(now time.Duration, id Socket) (*sock, error) {
	s := h.open[id]
	if s == nil {
		return nil, fmt.Errorf("host: there is no socket %d: it was closed or never opened", id)
	}
	return s, h.timely(now)
}

// family is an address as a socket of its family takes it.
func (s *sock) family(a netip.Addr) (netip.Addr, error) {
	switch {
	case !a.IsValid():
		return a, errors.New("host: the address is missing: 0.0.0.0 and :: are wildcards")
	case s.opt.IPv6 && a.Is4():
		return netip.AddrFrom16(a.As16()), nil
	case !s.opt.IPv6 && a.Unmap().Is6():
		return a, fmt.Errorf("host: %v is no address of IPv4, and the socket is one of IPv4", a)
	case s.opt.IPv6:
		return a.WithZone(""), nil
	}
	return a.Unmap(), nil
}

// asPeer is the peer's address as the socket has it: mapped to IPv6 if it is one of IPv6.
func (s *sock) asPeer() netip.Addr {
	a := s.remote.Addr()
	if s.opt.IPv6 && a.Is4() {
		return netip.AddrFrom16(a.As16())
	}
	return a
}

// Bind is bind(). It fails with EINVAL if the socket has a port already or is connected. A socket whose connection is over, or
// whose connect() failed, may be bound again, unless it keeps a port that it was bound to by number: package portalloc has
// the table (5.10.223 to 7.2.13). It fails with EADDRNOTAVAIL if the address is none of the host, and with EADDRINUSE as
// [portalloc.Allocator.Bind] tells. Privileges are not asked for.
func (h *Host) Bind(now time.Duration, id Socket, to netip.AddrPort) (Outcome, error) {
	s, err := h.find(now, id)
	if err != nil {
		return Outcome{}, err
	}
	addr, err := s.family(to.Addr())
	if err != nil {
		return Outcome{}, err
	}
	if s.opt.V6Only && addr.Is4In6() {
		return Outcome{}, fmt.Errorf("host: bind to %v: the socket takes IPv6 only", to)
	}
	if err := h.begin(now); err != nil {
		return Outcome{}, err
	}
	switch {
	case s.bound || s.c.State != Closed || s.listener != nil:
		return h.end(Outcome{Errno: EINVAL}), nil
	case !addr.Unmap().IsUnspecified() && !h.isOwn(addr.Unmap()):
		return h.end(Outcome{Errno: EADDRNOTAVAIL}), nil
	}
	return h.end(Outcome{Errno: h.bind(s, netip.AddrPortFrom(addr, to.Port()))}), nil
}

func (h *Host) bind(s *sock, to netip.AddrPort) Errno {
	r, err := h.ports.Bind(s.port, to)
	if err != nil || r.Errno != 0 {
		return EADDRINUSE
	}
	info, _ := h.ports.Info(s.port)
	s.local, s.was = netip.AddrPortFrom(to.Addr().Unmap(), info.Local.Port()), netip.AddrPort{}
	s.bound = s.local.Port() != 0
	return 0
}
