package portalloc

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// An Owner is a socket on a port, or what is left of it, as bind() looks at it.
type Owner struct {
	Address
	ReuseAddr, ReusePort bool   // SO_REUSEADDR and SO_REUSEPORT
	UID                  uint32 // the user who made the socket
	Listening            bool   // it is in LISTEN
	TimeWait             bool   // it is in TIME_WAIT, or in FIN_WAIT2 without a process; it keeps the options of its socket
}

// A Strictness is how a search or a bind() by number treats sockets that agree to share.
type Strictness struct {
	// Relaxed lets sockets with SO_REUSEADDR share. bind() by number and listen() do, a
	// search for a port does not from 3.5 on.
	Relaxed bool
	// ReusePort lets sockets with SO_REUSEPORT of one user share. bind() by number and
	// listen() do, a search from 4.11 on does not.
	ReusePort bool
}

// ByNumber is the strictness of bind() by number and of listen().
var ByNumber = Strictness{Relaxed: true, ReusePort: true}

// Conflicts reports whether owner o keeps socket s from a port, under the strictness
// given (inet_csk_bind_conflict). No address, no conflict: their addresses must
// [Overlap]. Then
//
//   - both with SO_REUSEADDR and o not in LISTEN: no conflict, if relaxed;
//   - from 3.9 on, both with SO_REUSEPORT and of one user, or o in TIME_WAIT: no
//     conflict, if that counts;
//   - else they conflict.
//
// From 5.7 on, two sockets that a relaxed search could let share by SO_REUSEADDR do
// conflict if they have SO_REUSEPORT of one user as well.
//
// So a server restarts over its connections in TIME_WAIT only if both the old listener
// and the new one set SO_REUSEADDR, or SO_REUSEPORT from 3.9 on. And listen() fails with
// EADDRINUSE where another socket that shares the port listens already.
//
// In 6.1 (to a level between 6.1.1 and 6.1.170) bind() to an address that is no wildcard
// does not see TIME_WAIT.
//
// Evidence: the restart observed on 4.4.155 to 7.2.13; 3.9 and 5.7 from source.
func Conflicts(sem *kernel.Semantics, s, o *Owner, how Strictness) bool {
	sem = given.Kernel(sem)
	if sem.BindMissesTimeWait && o.TimeWait && !s.Addr.IsUnspecified() {
		return false
	}
	return disagree(sem, s, o, how) && Overlap(s.Address, o.Address)
}

// disagree is Conflicts without the addresses.
func disagree(sem *kernel.Semantics, s, o *Owner, how Strictness) bool {
	byAddr := s.ReuseAddr && o.ReuseAddr && !o.Listening
	byPort := sem.ReusePort && s.ReusePort && o.ReusePort && (o.TimeWait || s.UID == o.UID)
	switch {
	case !byAddr:
		return !(byPort && how.ReusePort)
	case !how.Relaxed:
		return true
	}
	return sem.AutobindReuse && byPort && !how.ReusePort
}
