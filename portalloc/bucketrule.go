package portalloc

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// ConnectMayShare reports whether connect() that looks for a port considers one that is
// in use. fastreuse and fastreuseport are the flags of the port's bucket: -1 if only
// connections that found it themselves have ever had it, else 0 or more: somebody bound
// to it. To 3.8 there is the first flag only, and a socket with SO_REUSEADDR that binds to
// the port of such connections leaves it alone: connect() goes on to share that port.
//
// A port that may be shared is free if no connection of the same addresses and
// destination port has it, or a TIME_WAIT entry that may be taken over; one that is in
// use by nobody is free without a look.
//
// Evidence: observed on 4.4.155 to 7.2.13: EADDRNOTAVAIL while a socket was bound to the
// only port, to whatever address.
func ConnectMayShare(sem *kernel.Semantics, fastreuse, fastreuseport int) bool {
	return fastreuse < 0 && (!given.Kernel(sem).ReusePort || fastreuseport < 0)
}

// NoBucketErrno returns what connect() that found a port fails with if there is no memory
// for the port's bucket: ENOMEM from 4.6 on, EADDRNOTAVAIL before. bind() fails with
// EADDRINUSE in every release. An [Allocator] never runs out of memory.
//
// Evidence: from source.
func NoBucketErrno(sem *kernel.Semantics) Errno {
	if given.Kernel(sem).PortBucketENOMEM {
		return ENOMEM
	}
	return EADDRNOTAVAIL
}
