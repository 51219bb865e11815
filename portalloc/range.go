package portalloc

import (
	"net/netip"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// SocketRange returns the range in which a socket with IP_LOCAL_PORT_RANGE low to high
// finds its port, and whether the option counts as set (inet_sk_get_local_port_range). 0
// for both is not set; 0 for one leaves that bound alone. Each bound that lies within
// net.ipv4.ip_local_port_range takes the place of that one; others are passed over, and
// the option counts as set all the same.
//
// From 6.3 on (and in late 6.1.y); older kernels have no such option. Evidence: from
// source.
func SocketRange(sem *kernel.Semantics, r kernel.PortRange, low, high uint16) (kernel.PortRange, bool) {
	if !given.Kernel(sem).PortRangeOption || low == 0 && high == 0 {
		return r, false
	}
	own := r
	if r.Contains(int(low)) {
		own.Low = int(low)
	}
	if r.Contains(int(high)) {
		own.High = int(high)
	}
	return own, true
}

// LoopbackSource returns the address from which connect() to a loopback address comes if
// the socket has none: 127.0.0.1, the preferred source of the loopback route; to 2.6.36
// the destination itself. It is the other half of what decides the port. For an address
// that is not loopback the route decides, and the result is the zero Addr.
//
// Evidence: observed on a RHEL 6.4 build (127.0.0.2 from itself) and 7.2.13; the release
// from source.
func LoopbackSource(sem *kernel.Semantics, dst netip.Addr) netip.Addr {
	dst = dst.Unmap()
	switch {
	case !dst.IsLoopback():
		return netip.Addr{}
	case dst.Is4() && given.Kernel(sem).LoopbackPreferredSource:
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return dst
}
