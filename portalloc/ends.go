package portalloc

import "fmt"

// Close ends a socket in whatever state, or a TIME_WAIT entry whose time has come: its
// port has an owner less.
func (a *Allocator) Close(id Socket) error {
	i, _, err := a.find(id)
	if err != nil {
		return err
	}
	a.end(i)
	return nil
}

func (a *Allocator) end(i uint32) {
	k := &a.socks[i-1]
	if k.group != 0 {
		a.leave(i)
	}
	if k.port != 0 {
		a.release(i)
	}
	*k = sock{gen: k.gen + 1}
	a.freeSock = append(a.freeSock, i)
}

// TimeWait turns a connection into an entry in TIME_WAIT, or in FIN_WAIT2 without a
// process. It keeps its port, and the options of its socket, until Close or until
// connect() takes it over. For a socket that a process still holds, see
// [Allocator.LeaveTimeWait].
func (a *Allocator) TimeWait(id Socket) error {
	i, err := a.connection(id)
	if err != nil {
		return err
	}
	a.wait(i)
	return nil
}

// LeaveTimeWait is TimeWait of a connection whose socket a process still holds, since it
// called shutdown() and not close() (tcp_time_wait): the entry has a name of its own, which
// is returned, and the socket is left as by [Allocator.Done]. So a port that bind() was told
// has two owners, and is free when both are gone: the entry's end alone does not free it.
//
// Evidence: bind() of another socket failed with EADDRINUSE 70 s after the connection went
// to TIME_WAIT, until close(), on 5.10.223 to 7.2.13.
func (a *Allocator) LeaveTimeWait(id Socket) (entry Socket, err error) {
	i, err := a.connection(id)
	if err != nil {
		return 0, err
	}
	j := a.slot()
	k, e := &a.socks[i-1], &a.socks[j-1]
	n := k.group
	g := a.dests[n-1]
	g.count++ // it does not end between the two
	a.leave(i)
	e.own, e.opt, e.auto, e.accepted, e.addressed = k.own, k.opt, k.auto, k.accepted, k.addressed
	a.own(j, int(k.port))
	a.enter(j, n)
	g.count--
	a.wait(j)
	a.over(i)
	return e.name(j), nil
}

// Done ends the connection of a socket that a process still holds, as a RST does (tcp_done).
// A port that bind() was told stays, and the socket is bound. A port that the kernel chose,
// and that of a connection that was accepted, goes; the socket is unbound and may be bound
// again.
//
// Evidence: sockets bound by number, to port 0 and not at all, and accepted ones, after a
// RST, a refusal and TIME_WAIT on 5.10.223 to 7.2.13 (nine kernels).
func (a *Allocator) Done(id Socket) error {
	i, err := a.connection(id)
	if err != nil {
		return err
	}
	a.leave(i)
	a.over(i)
	return nil
}

// Disconnect is what a connect() does to a socket when it returns the error of the attempt before
// (tcp_disconnect): the socket forgets the address that its last connection came from. One that
// was bound to a port of the wildcard overlaps with all addresses again. A connection that is
// still there ends as by [Allocator.Done]: that is connect() to AF_UNSPEC, and shutdown() in SYN_SENT. A listener is an error.
//
// Evidence: ports of 0.0.0.0, after a refusal, a RST and a shutdown() in SYN_SENT, on 5.10.223 to 7.2.13. AF_UNSPEC from source.
func (a *Allocator) Disconnect(id Socket) error {
	i, k, err := a.find(id)
	switch {
	case err != nil:
		return err
	case k.state == Connected:
		a.leave(i)
		a.over(i)
	case k.state != Unbound && k.state != Bound:
		return fmt.Errorf("portalloc: disconnect of a socket that is %v", k.state)
	}
	if k.state == Bound && !k.fixed {
		k.own.Address = k.wildcard()
	}
	return nil
}

// connection finds a socket that has a connection.
func (a *Allocator) connection(id Socket) (uint32, error) {
	i, k, err := a.find(id)
	if err == nil && k.state != Connected {
		err = fmt.Errorf("portalloc: socket %#x is %v: only a connection ends, and goes on to TIME_WAIT", uint64(id), k.state)
	}
	return i, err
}

// wait makes an entry of a connection.
func (a *Allocator) wait(i uint32) {
	k := &a.socks[i-1]
	k.state = TimeWait
	k.sync()
	a.bucket(int(k.port)).owners--
	a.live--
	if !k.accepted {
		a.dests[k.group-1].set(int(k.port), true)
	}
}

// over is what stays of a socket whose connection is gone: a port that it asked for by number
// (SOCK_BINDPORT_LOCK), else an address that it asked for (SOCK_BINDADDR_LOCK).
func (a *Allocator) over(i uint32) {
	k := &a.socks[i-1]
	if !k.auto && !k.anyPort && !k.accepted {
		k.state = Bound
		return
	}
	a.release(i)
	k.port, k.next, k.prev = 0, 0, 0
	k.auto, k.anyPort, k.accepted, k.state = false, false, false, Unbound
	if !k.fixed {
		k.addressed, k.own.Address = false, Address{}
	}
}
