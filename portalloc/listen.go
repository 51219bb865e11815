package portalloc

import (
	"fmt"
	"net/netip"
)

// Listen is listen() of a bound socket (inet_csk_listen_start): the port is asked for
// once more, now as a socket in LISTEN, with whom SO_REUSEADDR shares nothing. It fails
// with EADDRINUSE if the port conflicts, and the socket stays bound. A listener may call
// it again.
//
// A socket that has only an address, since IP_BIND_ADDRESS_NO_PORT kept bind() from looking for a port, gets
// one now as by bind() to port 0, or EADDRINUSE if none is left (5.10.223 to 7.2.13). One without an address is an
// error: bind it first.
func (a *Allocator) Listen(id Socket) (Result, error) {
	i, k, err := a.find(id)
	if err != nil {
		return Result{}, err
	}
	if k.state == Listening {
		return Result{Port: k.port}, nil
	}
	if k.state == Unbound && k.addressed {
		return a.listenAnywhere(i), nil
	}
	if k.state != Bound {
		return Result{}, fmt.Errorf("portalloc: listen of a socket that is %v: bind it first", k.state)
	}
	k.state = Listening
	k.sync()
	if !a.settle(i, int(k.port), false) {
		k.state = Bound
		k.sync()
		return Result{Errno: EADDRINUSE}, nil
	}
	return Result{Port: k.port}, nil
}

// listenAnywhere finds a port for a listener.
func (a *Allocator) listenAnywhere(i uint32) Result {
	k := &a.socks[i-1]
	k.state = Listening
	k.sync()
	r := a.bindAny(i)
	if k.anyPort = r.Errno == 0; !k.anyPort {
		k.state = Unbound
		k.sync()
	}
	return r
}

// Accept makes the connection that a listener got from remote at its address local
// (__inet_inherit_port): another owner of the listener's port, with its options. The port
// of local is the listener's.
//
// It is an error if the socket does not listen, if addresses do not fit, or if there is
// such a connection already, in TIME_WAIT or not.
func (a *Allocator) Accept(id Socket, local netip.Addr, remote netip.AddrPort) (Socket, error) {
	_, l, err := a.find(id)
	if err != nil {
		return 0, err
	}
	if l.state != Listening {
		return 0, fmt.Errorf("portalloc: accept from a socket that is %v", l.state)
	}
	key, err := l.endpoints(local, remote)
	if err != nil {
		return 0, err
	}
	n, g := a.groupOf(key)
	if a.conn(n, l.port) != 0 {
		return 0, fmt.Errorf("portalloc: accept: %v has a connection to %v:%d already", remote, g.src, l.port)
	}
	port := int(l.port)
	i := a.slot()
	k := &a.socks[i-1]
	l = &a.socks[uint32(id)-1] // slot may have moved it
	k.opt, k.own, k.addressed, k.accepted, k.fixed = l.opt, l.own, true, true, l.fixed
	k.own.Addr = g.src
	a.own(i, port)
	a.enter(i, n)
	return k.name(i), nil
}
