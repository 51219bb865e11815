package host

import (
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/timewait"
)

// Shutdown is shutdown(SHUT_WR). It sends a FIN from ESTAB and CLOSE-WAIT, ends a socket in SYN-SENT
// without a word, and does nothing to a listener or to a connection that has sent its FIN. It fails with ENOTCONN
// for a socket that is not connected.
//
// In SYN-RECV, after SYNs that crossed, the FIN follows when the handshake is over, from 6.9 on and in many
// stable series (Semantics.FINAfterHandshake); before it went out at once, as that of close() still does.
//
// A connect() that nobody has asked about is settled by it (inet_shutdown): see [Host.Connect].
func (h *Host) Shutdown(now time.Duration, id Socket) (Outcome, error) {
	s, err := h.find(now, id)
	if err != nil {
		return Outcome{}, err
	}
	h.start(now)
	was := s.connecting
	s.connecting = false
	switch s.c.State {
	case Closed:
		s.barred = s.barred || was
		return h.end(Outcome{Errno: ENOTCONN}), nil
	case SynSent:
		s.c.State, s.c.Err = Closed, ECONNRESET
		s.barred = false
		h.gone(s, SynSent)
		s.ended = false // it is as if it had never tried (tcp_disconnect)
		h.disconnect(s)
	case SynRecv:
		s.barred = s.barred || was
		if h.sem.FINAfterHandshake {
			s.c.SendShut = true
			break
		}
		h.finish(s)
	default:
		h.finish(s)
	}
	return h.end(Outcome{}), nil
}

// finish sends our FIN if the state allows one (tcp_close_state), and reports whether it did.
func (h *Host) finish(s *sock) bool {
	switch s.c.State {
	case Established, SynRecv:
		s.c.State = FinWait1
	case CloseWait:
		s.c.State = LastAck
	default:
		return false
	}
	h.sendFIN(s)
	return true
}

// Close is close(). By state:
//
//	data that was not read  RST, gone; TCPAbortOnClose
//	SYN-SENT                gone, without a word
//	ESTAB                   FIN, then FIN-WAIT-1 of nobody
//	CLOSE-WAIT              FIN, then LAST-ACK
//	FIN-WAIT-2              waits for the peer's FIN as [timewait.PlanFinWait2] tells; with a negative
//	                        TCP_LINGER2 RST, gone; TCPAbortOnLinger
//	LISTEN                  the connections in the accept queue are reset; half-open requests as
//	                        [queue.Listener.Close] tells
//
// The name of the socket is gone in every case. What tcp_max_orphans does is not modelled.
func (h *Host) Close(now time.Duration, id Socket) (Outcome, error) { return h.close(now, id, false) }

// Abort is close() with SO_LINGER set and its time 0: a RST where the connection is one that a peer
// may still know, and gone at once. It counts TCPAbortOnData, in SYN-SENT too, where nothing is
// sent. Where data was not read, it is as [Host.Close].
func (h *Host) Abort(now time.Duration, id Socket) (Outcome, error) { return h.close(now, id, true) }

func (h *Host) close(now time.Duration, id Socket, abort bool) (Outcome, error) {
	s, err := h.find(now, id)
	if err != nil {
		return Outcome{}, err
	}
	h.start(now)
	delete(h.open, id)
	s.id = 0
	s.c.ReadShut = true
	switch {
	case s.listener != nil:
		h.closeListener(s)
	case s.c.State == Closed:
		if s.port != 0 {
			_ = h.ports.Close(s.port) // it is open
			s.port = 0
		}
	case s.c.Unread > 0:
		h.count(kernel.TCPAbortOnClose)
		h.discard(s, true)
	case abort:
		h.discard(s, s.c.needsReset())
		h.count(kernel.TCPAbortOnData)
	default:
		h.leave(s)
	}
	return h.end(Outcome{}), nil
}

// needsReset reports whether a peer may still take the connection for one (tcp_need_reset).
func (c *Conn) needsReset() bool {
	switch c.State {
	case SynRecv, Established, FinWait1, FinWait2, CloseWait:
		return true
	}
	return false
}

// discard ends a connection at once, with a RST or without.
func (h *Host) discard(s *sock, reset bool) {
	was := s.c.State
	if was == Established || was == CloseWait {
		h.count(kernel.EstabResets)
	}
	s.c.State = Closed
	if reset {
		h.reset(s)
	}
	h.gone(s, was)
}

// leave is close() of a connection in good order.
func (h *Host) leave(s *sock) {
	was := s.c.State
	s.c.Orphan = true
	if was == SynSent {
		s.c.State = Closed
		h.gone(s, was)
		return
	}
	if h.finish(s) || was != FinWait2 {
		return
	}
	switch wait := h.finTime(s); {
	case s.c.Linger2 < 0:
		h.count(kernel.TCPAbortOnLinger)
		h.discard(s, true)
	case wait > timewait.Length:
		h.arm(&s.resend, wait-timewait.Length)
	default:
		h.minisock(s, timewait.FinWait2, wait)
	}
}

// closeListener ends listening: the connections that nobody accepted are reset, half-open requests
// go at once to 4.3 and stay until their timer from 4.4 on.
func (h *Host) closeListener(s *sock) {
	l := s.listener
	l.open = false
	before := l.q.Counters()
	_, _ = l.q.Close(h.now) // no error: it listens, and what is due has fired
	for k, n := range l.q.Counters().Sub(before).All() {
		h.less.Add(k, n) // the queue counts every connection as established, which it may not be any more
	}
	for _, k := range l.waiting {
		if k.c.State != Closed {
			h.discard(k, k.c.needsReset())
		}
	}
	l.waiting = nil
	_ = h.ports.Close(s.port) // it is open
	s.port, s.c.State = 0, Closed
	h.retire(l)
}

// Recv is recv() of all there is, which does not wait. It fails with EAGAIN if nothing is there, with
// ENOTCONN if the socket never tried to connect, was shut down in SYN-SENT, or its connect() has told why it
// failed, and once with the error that ended the
// connection. N 0 without an error is the end of the stream.
func (h *Host) Recv(now time.Duration, id Socket) (Outcome, error) {
	s, err := h.find(now, id)
	if err != nil {
		return Outcome{}, err
	}
	h.start(now)
	n := s.c.Unread
	switch {
	case s.listener != nil:
		return h.end(Outcome{Errno: ENOTCONN}), nil
	case n > 0:
		s.c.Unread = 0
		return h.end(Outcome{N: int(n)}), nil
	case s.fin:
		s.c.FINUnread = false
		return h.end(Outcome{}), nil
	case s.c.Err != 0:
		e := s.c.Err
		s.c.Err = 0
		return h.end(Outcome{Errno: e}), nil
	case s.ended:
		return h.end(Outcome{}), nil
	case s.c.State == Closed:
		return h.end(Outcome{Errno: ENOTCONN}), nil
	}
	return h.end(Outcome{Errno: EAGAIN}), nil
}

// Error is getsockopt(SO_ERROR): the error that ended the connection, once.
func (h *Host) Error(now time.Duration, id Socket) (Outcome, error) {
	s, err := h.find(now, id)
	if err != nil {
		return Outcome{}, err
	}
	h.start(now)
	e := s.c.Err
	s.c.Err = 0
	return h.end(Outcome{Errno: e}), nil
}
