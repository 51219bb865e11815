package paws

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// A Scope is among which connections of a host timestamps come from one clock, so
// that a later connection's are higher. It decides whether a server with
// tcp_tw_recycle drops the host's SYNs even without NAT.
type Scope uint8

const (
	ScopeHost       Scope = iota + 1 // all of the host's: the raw clock
	ScopePair                        // those between two addresses
	ScopeConnection                  // each connection has an offset of its own
)

var scopeNames = [...]string{
	ScopeHost: "one clock for the host", ScopePair: "one clock for a pair of addresses", ScopeConnection: "one clock for each connection",
}

// String says which timestamps come from one clock.
func (s Scope) String() string { return words.Name("Scope", scopeNames[:], uint8(s)) }

// OffsetScope returns where a host with these semantics and this value of
// net.ipv4.tcp_timestamps starts the timestamps of a connection:
//
//   - to 4.9 all at the host's clock;
//   - 4.10: each connection at its own random offset. A server that recycles sees the
//     next connection older with a probability of one half, while the last stamp is
//     fresh: such a host is dropped by itself;
//   - 4.11 to 6.19: one offset for a pair of addresses, so a lone host is in order
//     again. Behind NAT, two hosts differ as before;
//   - from 7.0 on, and late in 6.19.y, 6.12.y and 6.1.y: each connection again.
//
// Offsets need tcp_timestamps to be exactly 1; with 2 or any other value but 0 all
// connections use the raw clock.
//
// On 4.10 a connect() that takes a TIME_WAIT entry over starts without an offset, and so
// perhaps below the old connection's timestamps (fixed in 4.11); that is not modelled.
//
// From source (95a22caee396, 28ee1b746f49, 165573e41f2f); the rows ts-offset-connection,
// ts-offset-hosts and ts-offset-ports of [kernel.Changes].
func OffsetScope(sem *kernel.Semantics, tcpTimestamps int) Scope {
	sem = given.Kernel(sem)
	switch {
	case !sem.TimestampOffsets || tcpTimestamps != 1:
		return ScopeHost
	case sem.TimestampOffsetPorts:
		return ScopeConnection
	}
	return ScopePair
}
