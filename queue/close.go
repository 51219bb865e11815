package queue

import (
	"time"

	"example.com/linuxtcp/kernel"
)

// Close is close() of the socket. The connections in the accept queue are reset:
// each gets a RST and counts OutRsts and EstabResets. Close returns them, oldest
// first.
//
// Half-open requests are freed at once to 4.3. From 4.4 on they stay, still shown as
// SYN-RECV, until their timer fires or a segment arrives for them, which is then
// answered with a RST as if nobody had ever listened. (With tcp_migrate_req, from
// 5.14, another listener of a SO_REUSEPORT group may take them over; that is not
// modelled.) A closed Listener still takes Receive and Advance to play that out.
func (l *Listener) Close(now time.Duration) ([]Conn, error) {
	conns, err := l.Shutdown(now)
	if err != nil {
		return nil, err
	}
	l.state = stateClosed
	return conns, nil
}

// Shutdown is shutdown(SHUT_RD) of the listening socket: it ends listening as
// [Listener.Close] does, but the socket may listen() again. It then has no memory of
// cookies that it sent before (tcp_disconnect).
func (l *Listener) Shutdown(now time.Duration) ([]Conn, error) {
	if err := l.begin(now); err != nil {
		return nil, err
	}
	switch l.state {
	case stateClosed:
		return nil, ErrClosed
	case stateOpen:
		return nil, nil
	}
	l.state = stateOpen
	l.stamp = 0
	var conns []Conn
	for {
		var c Conn
		if !l.accept.pop(&c) {
			break
		}
		conns = append(conns, c)
		l.totals.Raise(kernel.CountersOf(kernel.EstabResets, kernel.OutRsts))
	}
	if !l.sem.RequestsInEhash && l.listened {
		l.requests = newRequestTable(l.cfg.Key, len(l.requests.buckets), l.requests.fixed)
		l.timers = timerLists{lifo: l.timers.lifo}
		l.scan = scanTimer{}
		l.young = 0
	}
	return conns, nil
}
