// Package serial compares TCP sequence numbers and timestamps: 32-bit numbers
// that wrap, where "before" means less than half the circle behind (RFC 1982,
// the kernel's before(), after() and between() of include/net/tcp.h).
//
// The order is not transitive and two numbers exactly 2^31 apart are each before
// the other; the kernel has the same hole, and TIME_WAIT's and PAWS's boundary
// cases depend on it.
package serial

// Before reports whether a lies before b: the signed difference a-b is negative.
func Before(a, b uint32) bool { return int32(a-b) < 0 }

// After reports whether a lies after b: b is before a.
func After(a, b uint32) bool { return Before(b, a) }

// Between reports whether low <= x <= high on the circle, going up from low.
func Between(x, low, high uint32) bool { return high-low >= x-low }

// InWindow reports whether a segment from seq up to end touches the window from low up
// to high (tcp_in_window): it starts at low, or some of it lies inside, or it is empty
// and stands at high.
//
// Every release. Evidence: from source.
func InWindow(seq, end, low, high uint32) bool {
	return seq == low || After(end, low) && Before(seq, high) || seq == high && seq == end
}
