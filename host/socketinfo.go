package host

import "net/netip"

// A SocketInfo is a line of `ss -tan`.
type SocketInfo struct {
	State         State          // as ss shows it
	Local, Remote netip.AddrPort // the two endpoints, the host's first; a listener's Remote is the wildcard
	// RecvQ and SendQ are a listener's accept queue and its limit; 0 for any other
	// socket, of which the models do not keep data.
	RecvQ, SendQ uint32
}
