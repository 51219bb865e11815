package queue

import (
	"net/netip"
	"time"
)

// A Conn is a connection whose handshake is complete.
type Conn struct {
	From netip.AddrPort // the client
	To   netip.AddrPort // zero if the segment that completed it named none
	// MSS is what the client offered, or what its cookie kept of it.
	MSS uint16
	// SndNxt and RcvNxt are the next sequence numbers in each direction, before any
	// data that the completing segment carried.
	SndNxt, RcvNxt uint32
	// Len is how much data the completing segment carried.
	Len uint32
	// Cookie says that it came by a cookie.
	Cookie bool
	// Timestamps says that both ends agreed on the timestamp option. TSRecent is then the
	// client's newest timestamp.
	Timestamps bool
	TSRecent   uint32
	// SACK says that both ends allow selective acknowledgements.
	SACK bool
	// RTT is the time from the SYN-ACK to the completing segment, 1 us or more, from which the
	// kernel estimates the round trip (tcp_synack_rtt_meas). It is 0 if the SYN-ACK was sent more
	// than once, for a cookie, and before 3.1, where timestamps alone tell.
	RTT time.Duration
}

// An acceptRing is the accept queue, first in, first out.
type acceptRing struct {
	ring []Conn
	head int
	n    int
}

// push adds a connection, for the caller to fill in.
func (a *acceptRing) push() *Conn {
	if a.n == len(a.ring) {
		grown := make([]Conn, max(8, 2*a.n))
		for i := range a.n {
			grown[i] = a.ring[(a.head+i)%len(a.ring)]
		}
		a.ring, a.head = grown, 0
	}
	c := &a.ring[(a.head+a.n)&(len(a.ring)-1)]
	a.n++
	return c
}

// pop takes the oldest connection off the queue.
func (a *acceptRing) pop(c *Conn) bool {
	if a.n == 0 {
		return false
	}
	*c = a.ring[a.head]
	a.head = (a.head + 1) & (len(a.ring) - 1)
	a.n--
	return true
}

func (a *acceptRing) clear() { a.head, a.n = 0, 0 }

// Newest returns the connection that came last into the accept queue, and whether there is one:
// after [Listener.Receive] with the action [Establish], the one that was just made.
func (l *Listener) Newest() (Conn, bool) {
	a := &l.accept
	if a.n == 0 {
		return Conn{}, false
	}
	return a.ring[(a.head+a.n-1)&(len(a.ring)-1)], true
}
