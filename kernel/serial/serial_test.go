package serial_test

import (
	"fmt"
	"testing"

	"example.com/linuxtcp/kernel/serial"
	"pgregory.net/rapid"
)

func TestEdges(t *testing.T) {
	for _, c := range []struct {
		a, b          uint32
		before, after bool
	}{
		{5, 5, false, false},
		{4, 5, true, false},
		{5, 4, false, true},
		{0xffffffff, 0, true, false},
		{0, 0xffffffff, false, true},
		{0, 0x7fffffff, true, false},
		{0, 0x80000001, false, true},
		{0, 0x80000000, true, true}, // half a circle apart: each is before the other
	} {
		if got := serial.Before(c.a, c.b); got != c.before {
			t.Errorf("Before(%#x, %#x) = %v", c.a, c.b, got)
		}
		if got := serial.After(c.a, c.b); got != c.after {
			t.Errorf("After(%#x, %#x) = %v", c.a, c.b, got)
		}
	}
}

// On a window that starts at low, the three agree with ordinary numbers.
func TestAgreesWithDistances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Uint32().Draw(t, "low")
		x := rapid.Uint64Range(0, 1<<32-1).Draw(t, "x")
		high := rapid.Uint64Range(0, 1<<32-1).Draw(t, "high")
		if got := serial.Between(low+uint32(x), low, low+uint32(high)); got != (x <= high) {
			t.Fatalf("Between: %d of %d: %v", x, high, got)
		}
		d := rapid.Uint32Range(1, 1<<31-1).Draw(t, "d")
		if !serial.Before(low, low+d) || serial.Before(low+d, low) || !serial.After(low+d, low) {
			t.Fatalf("%#x and %d beyond it", low, d)
		}
	})
}

func Example() {
	// A sequence number that wrapped lies after one that did not.
	fmt.Println(serial.Before(0xfffffff0, 0x10), serial.After(0x10, 0xfffffff0))
	fmt.Println(serial.Between(0x10, 0xfffffff0, 0x20))
	// Output:
	// true true
	// true
}
