package portalloc

import (
	"net/netip"

	"example.com/linuxtcp/internal/words"
)

// A Socket names a socket of an [Allocator]. The zero Socket names none; a name is not
// used again after the socket is gone.
type Socket uint64

// A State is how far a socket has come.
type State uint8

const (
	Unbound   State = iota + 1 // no port, and perhaps an address
	Bound                      // a port
	Listening                  // in LISTEN
	Connected                  // a connection: from SYN_SENT or SYN_RECV on
	TimeWait                   // an entry in TIME_WAIT, or in FIN_WAIT2 without a process
)

var stateNames = [...]string{Unbound: "unbound", Bound: "bound", Listening: "listening", Connected: "connected", TimeWait: "TIME_WAIT"}

// String is the state in words.
func (s State) String() string { return words.Name("State", stateNames[:], uint8(s)) }

// Options are what setsockopt() and the process have made of a socket before it is bound
// or connects. The zero value is a plain socket of user 0.
type Options struct {
	// ReuseAddr is SO_REUSEADDR.
	ReuseAddr bool
	// ReusePort is SO_REUSEPORT, from 3.9 on.
	ReusePort bool
	// UID is the user who made the socket, which SO_REUSEPORT asks.
	UID uint32
	// BindAddressNoPort is IP_BIND_ADDRESS_NO_PORT, from 4.2 on: bind() to port 0 takes
	// the address only.
	BindAddressNoPort bool
	// RangeLow and RangeHigh are IP_LOCAL_PORT_RANGE, from 6.3 on; 0 and 0 is not set,
	// one 0 leaves that bound as it is.
	RangeLow, RangeHigh uint16
	// V6Only is IPV6_V6ONLY.
	V6Only bool
}

// Info is what there is to know about a socket.
type Info struct {
	State State // what became of it
	// Local is its address and port: the zero AddrPort if it has neither, port 0 if it
	// has only an address.
	Local netip.AddrPort
	// Remote is the other end of a connection.
	Remote netip.AddrPort
	// Found says that connect() found the port by itself.
	Found bool
}

// sock is a socket, in a slot of the Allocator.
type sock struct {
	gen        uint32
	state      State // 0: the slot is free
	auto       bool  // connect() found the port
	accepted   bool  // a child of a listener: no part of the search index
	addressed  bool  // own.Address is set
	fixed      bool  // bind() named that address
	anyPort    bool  // bind() to port 0 found the port
	port       uint16
	own        Owner
	opt        Options
	group      uint32 // of its connection, from 1
	next, prev uint32 // among the owners of its port, slots from 1
	chain      uint32 // in connTable
}

func (k *sock) sync() { k.own.Listening, k.own.TimeWait = k.state == Listening, k.state == TimeWait }

// wildcard is the address of a socket of its family that was bound to none.
func (k *sock) wildcard() Address {
	if k.own.IPv6 {
		return BoundTo(netip.IPv6Unspecified(), k.opt.V6Only)
	}
	return BoundTo(netip.IPv4Unspecified(), false)
}
