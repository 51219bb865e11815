package script

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

// A System is what a script is run against: a model ([Model]), or a running kernel with
// forged peers on a TUN device (the module conformance). It has one network namespace
// with the address 10.0.0.1 and the loopback device; every other address of 10.0.0.0/8
// is a forged peer's.
type System interface {
	// Do carries out one call and then waits for call.Settle, or, for OpWait, for call.Wait. It
	// returns what was seen from the beginning of the call on. An error means that
	// the system cannot carry it out at all; what a kernel refuses is Seen.Errno.
	Do(call Call) (Seen, error)
}

// An Op is what a step does.
type Op uint8

const (
	OpSegment  Op = iota + 1 // a forged segment reaches the host
	OpWait                   // time passes
	OpSysctl                 // a sysctl of the namespace is written
	OpSocket                 // socket(), with options
	OpBind                   // bind()
	OpListen                 // listen()
	OpConnect                // connect(), which does not wait
	OpAccept                 // accept(), which does not wait
	OpShutdown               // shutdown(SHUT_WR)
	OpClose                  // close()
	OpAbort                  // close() after SO_LINGER with a time of 0
	OpRecv                   // recv() of all there is, which does not wait
	OpError                  // getsockopt(SO_ERROR)
	OpFlood                  // many SYNs reach the host at once
	OpCheck                  // nothing; a System never gets it, but an OpWait of 0
)

// A Call is one step with all names and relative numbers resolved.
type Call struct {
	Op     Op            // one of the Ops of system calls, OpSocket to OpError
	Settle time.Duration // how long to wait afterwards for what follows at once

	Segment host.Segment  // OpSegment
	Wait    time.Duration // OpWait
	Sysctl  string        // OpSysctl: "net.ipv4.tcp_tw_reuse"; one that the kernel lacks fails with EINVAL
	Value   string        // OpSysctl

	// Socket names the socket of the other operations; for OpSocket, and OpAccept, it is the
	// name that the new one gets. Names are the script's.
	Socket   string
	Listener string         // OpAccept: of whom
	Addr     netip.AddrPort // OpBind, OpConnect
	Backlog  int            // OpListen
	Options  Options        // OpSocket
	Flood    Flood          // OpFlood
}

// Options are the socket options of OpSocket.
type Options struct {
	ReuseAddr, ReusePort, BindAddressNoPort bool   // SO_REUSEADDR, SO_REUSEPORT, IP_BIND_ADDRESS_NO_PORT
	DeferAccept                             int    // seconds
	SYNCount                                int    // TCP_SYNCNT
	Linger2                                 int    // TCP_LINGER2 in seconds, 0 for unset
	RangeLow, RangeHigh                     uint16 // IP_LOCAL_PORT_RANGE, 0 and 0 for unset
	IPv6                                    bool   // AF_INET6
	V6Only                                  bool   // IPV6_V6ONLY, of a socket of IPv6
}

// Seen is what came of a call.
type Seen struct {
	// At is when the call began, and End when what came of it was collected: the time
	// since boot (CLOCK_MONOTONIC of a kernel).
	At, End time.Duration
	Errno   host.Errno // what a system call failed with; 0 for success
	// Local and Remote are the addresses of the socket after OpBind, OpListen, OpConnect and
	// OpAccept, where it has them.
	Local, Remote netip.AddrPort
	// N is how many bytes recv() read; N 0 and no Errno is the end of the stream.
	N int
	// Sent are the segments that left the host, those on loopback excepted, in order.
	Sent []Sent
	// Counters are how much each counter rose.
	Counters kernel.Counters
	// Sockets are the sockets that the namespace has afterwards, in no order.
	Sockets []host.SocketInfo
}

// Sent is a segment that left the host, and when.
type Sent struct {
	At time.Duration // since boot, as Seen.At
	host.Segment
}
