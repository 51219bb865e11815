package queue

import (
	"iter"
	"net/netip"
)

// A HalfOpen is a half-open request: a line of ss in state SYN-RECV.
type HalfOpen struct {
	From netip.AddrPort // the client
	To   netip.AddrPort // the zero AddrPort if its SYN named none
	// Timestamps says that both ends agreed on the timestamp option. TSRecent is then
	// what our segments echo.
	Timestamps bool
	TSRecent   uint32
}

// Requests yields the half-open requests, in an order that is the same for the same
// calls and Config.Key. Nothing may be changed meanwhile. A closed listener's are among
// them for as long as it has any ([Listener.Close]).
func (l *Listener) Requests() iter.Seq[HalfOpen] {
	return func(yield func(HalfOpen) bool) {
		for _, i := range l.requests.buckets {
			for ; i != 0; i = l.requests.slab[i].next {
				if !yield(l.requests.slab[i].ends()) {
					return
				}
			}
		}
	}
}

func (r *request) ends() HalfOpen {
	to := netip.AddrFrom16(r.key.to)
	if !r.ipv6 {
		to = to.Unmap()
	}
	h := HalfOpen{From: r.from(), Timestamps: r.stamped, TSRecent: r.tsRecent}
	if r.key.toPort != 0 {
		h.To = netip.AddrPortFrom(to, r.key.toPort)
	}
	return h
}

// Request returns the half-open request of these ends, if one is queued: a segment belongs to
// it, from 4.4 on before any TIME_WAIT is looked for.
func (l *Listener) Request(from, to netip.AddrPort) (h HalfOpen, ok bool) {
	i := l.lookup(from, to)
	if i == 0 {
		return HalfOpen{}, false
	}
	return l.requests.slab[i].ends(), true
}

func (l *Listener) lookup(from, to netip.AddrPort) int32 {
	if l.requests.used == 0 || !from.IsValid() {
		return 0
	}
	var key requestKey
	key.set(&Segment{From: from, To: to})
	return l.requests.find(&key, l.requests.hash(&key))
}

// Forget removes a half-open request of a closed listener, as a segment for it does from 4.4
// on when the kernel then finds somebody else to give it to: nothing is sent or counted.
// It reports whether there was one; a listener that listens keeps it.
func (l *Listener) Forget(from, to netip.AddrPort) bool {
	i := l.lookup(from, to)
	if i == 0 || l.state == stateListen {
		return false
	}
	l.removeRequest(i)
	return true
}
