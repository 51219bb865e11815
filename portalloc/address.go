package portalloc

import "net/netip"

// An Address is what a socket is bound to, without its port, as far as conflicts go.
type Address struct {
	// Addr is the address, unspecified for a wildcard. An IPv4 address mapped into IPv6
	// counts as IPv4 with IPv6 set.
	Addr netip.Addr
	// IPv6 says that the socket is one of IPv6.
	IPv6 bool
	// V6Only says that it takes no IPv4: by IPV6_V6ONLY, or because it was bound to an
	// IPv6 address that is not the wildcard.
	V6Only bool
}

// BoundTo returns the Address of a socket that is bound to addr with IPV6_V6ONLY as
// given. The family of the socket is that of addr, IPv6 if it is a mapped address.
func BoundTo(addr netip.Addr, v6only bool) Address {
	a := Address{Addr: addr.Unmap().WithZone(""), IPv6: addr.Is6(), V6Only: v6only && addr.Is6()}
	if a.Addr.Is6() && !a.Addr.IsUnspecified() {
		a.V6Only = true
	}
	return a
}

// Overlap reports whether a socket that is to be bound to a overlaps one that has the
// address b already: one of them is a wildcard for the other, or they are equal
// (inet_rcv_saddr_equal).
//
//	a                    b: 0.0.0.0  1.2.3.4    ::         ::, V6Only  other IPv6
//	0.0.0.0              yes         yes        yes        no          only if connected
//	1.2.3.4              yes         if equal   yes        no          no
//	::                   yes         yes        yes        yes         yes
//	::, V6Only           no          no         yes        yes         yes
//	other IPv6           no          no         yes        yes         if equal
//
// "Only if connected": an IPv6 connection whose socket was not bound to its address
// stands in the way of an IPv4 socket that is to be bound to 0.0.0.0, though not of one
// that is to be bound to ::ffff:0.0.0.0.
//
// Evidence: all pairs, and connections, observed on 6.18.44; older releases from source.
func Overlap(a, b Address) bool { return overlap(a, b, true, true) }

// overlap with wildcards that count as such for a and for b.
func overlap(a, b Address, wildA, wildB bool) bool {
	a4, b4 := a.Addr.Is4(), b.Addr.Is4()
	anyA, anyB := wildA && a.Addr.IsUnspecified(), wildB && b.Addr.IsUnspecified()
	switch {
	case a4 && b4:
		return !b.V6Only && (a.Addr == b.Addr || anyA || anyB)
	case a4 && !a.IPv6: // the kernel compares IPv4 views: :: is 0.0.0.0, others are nothing
		return !b.V6Only && (b.Addr.IsUnspecified() && (a.Addr.IsUnspecified() || anyB) || anyA)
	case a4:
		return anyB && !b.V6Only
	case b4:
		return anyA && !a.V6Only
	}
	return a.Addr == b.Addr || anyA || anyB
}
