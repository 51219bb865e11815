package host

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/portalloc"
)

// Connect is connect() that does not wait. The first call sends the SYN and returns EINPROGRESS,
// always, or EADDRNOTAVAIL where the port or the whole connection is taken: from 4.4 on by a half-open request too, which
// a closed listener leaves behind (5.10.223 to 7.2.13). Later calls
// return EALREADY while the SYN is on its way, then once success or the error, then EISCONN; after
// an error the socket may connect again. What [Host.Shutdown] does is known to it: EISCONN at once where there
// was a connection, also when that is over (6.18.44), and EINVAL for good where the attempt had
// failed or SYNs had crossed (from source).
//
// The source is the address that the socket is bound to; for a loopback address
// [portalloc.LoopbackSource]; for another address of the host that one; else the first of
// Config.Addrs of the family, and none of that family is an error. A connection to an address of
// the host goes over loopback: what it sends arrives within the call, in order, and is not in
// Sent.
func (h *Host) Connect(now time.Duration, id Socket, to netip.AddrPort) (Outcome, error) {
	s, err := h.find(now, id)
	if err != nil {
		return Outcome{}, err
	}
	if to.Port() == 0 {
		return Outcome{}, fmt.Errorf("host: connect to %v: a destination has a port", to)
	}
	addr, err := s.family(to.Addr())
	if err != nil {
		return Outcome{}, err
	}
	dst := unmapped(netip.AddrPortFrom(addr, to.Port()))
	if dst.Addr().IsMulticast() {
		return Outcome{}, fmt.Errorf("host: connect to %v: it is no unicast address", to)
	}
	if dst.Addr().IsUnspecified() { // the kernel takes it for the loopback address
		loopback := netip.IPv6Loopback()
		if dst.Addr().Is4() {
			loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
		dst = netip.AddrPortFrom(loopback, dst.Port())
	}
	if s.opt.V6Only && dst.Addr().Is4() {
		return Outcome{}, fmt.Errorf("host: connect to %v: the socket takes IPv6 only", to)
	}
	var src netip.Addr
	if !s.barred && s.listener == nil && !s.connecting && !s.linked { // else the answer is at hand
		if src, err = h.source(s, dst.Addr()); err != nil {
			return Outcome{}, err
		}
	}
	h.start(now)
	switch {
	case s.barred:
		return h.end(Outcome{Errno: EINVAL}), nil
	case s.listener != nil:
		return h.end(Outcome{Errno: EISCONN}), nil
	case s.connecting:
		return h.end(Outcome{Errno: h.connected(s)}), nil
	case s.linked:
		return h.end(Outcome{Errno: EISCONN}), nil
	}
	return h.end(Outcome{Errno: h.connect(s, src, dst)}), nil
}

// connected is what a later connect() of a socket returns that has begun to connect.
func (h *Host) connected(s *sock) Errno {
	switch s.c.State {
	case SynSent, SynRecv:
		return EALREADY
	case Closed:
		s.connecting, s.linked, s.ended, s.fin = false, false, false, false
		h.disconnect(s)
		e := s.c.Err
		s.c.Err = 0
		if e == 0 {
			e = ECONNABORTED
		}
		return e
	}
	s.connecting = false
	return 0
}

// disconnect has a socket forget the address that its last connection came from (tcp_disconnect).
// getsockname() goes on to tell the port (6.18.44).
func (h *Host) disconnect(s *sock) {
	_ = h.ports.Disconnect(s.port) // it is no listener
	h.unlink(s)
	if s.bound {
		return
	}
	addr := s.local.Addr()
	if !addr.IsValid() {
		addr = s.anyAddr()
	}
	s.was = netip.AddrPortFrom(addr, s.was.Port())
}

// source is the address that a connection comes from.
func (h *Host) source(s *sock, dst netip.Addr) (netip.Addr, error) {
	if a := s.local.Addr(); a.IsValid() {
		both := a.IsUnspecified() && a.Is6() // 0.0.0.0 is the wildcard of IPv4 alone
		if a.Is4() != dst.Is4() && !both {
			return a, fmt.Errorf("host: connect to %v from a socket that is bound to %v: two protocols", dst, a)
		}
		if !a.IsUnspecified() {
			return a, nil
		}
	}
	if dst.IsLoopback() {
		return portalloc.LoopbackSource(&h.sem, dst), nil
	}
	if h.own[dst] {
		return dst, nil
	}
	for _, a := range h.cfg.Addrs {
		if a.Is4() == dst.Is4() {
			return a.WithZone(""), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("host: connect to %v: Config.Addrs has no address of that protocol to come from", dst)
}

// connect finds a port and sends the SYN.
func (h *Host) connect(s *sock, src netip.Addr, dst netip.AddrPort) Errno {
	h.inherited.ISN = 0
	if s.bound && h.sem.RequestsInEhash {
		if _, _, taken := h.asking(pair{netip.AddrPortFrom(src, s.local.Port()), dst}); taken {
			return EADDRNOTAVAIL
		}
	}
	r, err := h.ports.Connect(h.now, s.port, src, dst)
	if err != nil || r.Errno != 0 {
		h.unlink(s) // connect() may have taken the port away that bind() had chosen
		return EADDRNOTAVAIL
	}
	s.local, s.remote = netip.AddrPortFrom(src, r.Port), dst
	p := s.pair()
	isn := h.isn(p)
	linger2, window := s.c.Linger2, h.window(src, dst.Addr(), false)
	s.c = Conn{State: SynSent, RcvWnd: window, Timestamps: h.sys.TCPTimestamps != 0, FirstTS: h.tsClock(), RTO: h.jiffies(h.sem.SYNTimeout), Sent: max(h.now, 1), Linger2: linger2}
	if r.TookOver && h.inherited.ISN != 0 {
		isn = h.inherited.ISN
		if s.c.Timestamps {
			s.c.Recent = paws.Recent{TS: h.inherited.TSRecent, Stamp: int64(h.inherited.SeenAt)}
		}
	} else if host, ok, err := h.peers.Fetch(h.now, s.asPeer(), src); err == nil && ok && s.c.Timestamps {
		s.c.Recent = paws.Recent{TS: host.TS, Stamp: int64(host.Stamp)}
	}
	s.c.SndUna, s.c.SndNxt = isn, isn+1
	s.connecting, s.linked, s.ended, s.fin = true, false, false, false
	s.first, s.resent, s.rto = h.now, 0, h.sem.SYNTimeout
	h.hashIn(s)
	h.count(kernel.ActiveOpens)
	h.sendSYN(s)
	h.arm(&s.resend, s.rto)
	return EINPROGRESS
}

// sendSYN sends the SYN of a socket in SYN-SENT, or the SYN-ACK of one in SYN-RECV.
func (h *Host) sendSYN(s *sock) {
	t := Segment{From: s.local, To: s.remote, Flags: FlagSYN, Seq: s.c.SndUna}
	if s.c.State != SynSent {
		t.Flags, t.Ack = FlagSYN|FlagACK, s.c.RcvNxt
	}
	h.transmit(h.dress(s, t))
}
