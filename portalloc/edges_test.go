package portalloc

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// A wildcard that does not count as one is an address like any other: in the kernel's comparison of IPv4 views :: is
// 0.0.0.0, which is not 10.0.0.1.
func TestOverlapWildcardThatDoesNotCount(t *testing.T) {
	one, any6 := BoundTo(netip.MustParseAddr("10.0.0.1"), false), BoundTo(netip.MustParseAddr("::"), false)
	if !overlap(one, any6, true, true) || overlap(one, any6, true, false) {
		t.Error("10.0.0.1 and ::")
	}
}

// What is just at a bound is within it.
func TestRateBounds(t *testing.T) {
	if above(0, 0) || above(3, 3) || !above(3.1, 3) {
		t.Error("above")
	}
	sem := kernel.MustParse("3.10.108").Semantics()
	pool := Pool{Picker: ConnectPicks, Range: kernel.PortRange{Low: 1024, High: 1024}, Sources: 1, Destinations: 1}
	second := Exactly(time.Second)

	if n, err := PortsNeeded(&sem, pool, second, 65535); n != 65535 || err != nil {
		t.Error("65535 ports:", n, err)
	}
	if n, err := PortsNeeded(&sem, pool, second, 65536); err == nil {
		t.Error("65536 ports:", n)
	}
	if _, err := PortsNeeded(&sem, pool, second, 1<<31-1); err == nil || !strings.Contains(err.Error(), "there are 65535") {
		t.Error("2^31-1 ports:", err)
	}
	if n, err := DestinationsNeeded(&sem, pool, second, mostAddresses); n != mostAddresses || err != nil {
		t.Error("destinations:", n, err)
	}

	wide := pool
	wide.Sources, wide.Destinations = mostAddresses, mostAddresses
	wide.Excluded = []kernel.PortRange{{Low: 0, High: 0}, {Low: 65535, High: 65535}}
	if n, _, err := Capacity(&sem, wide); n != mostAddresses*mostAddresses || err != nil {
		t.Error("capacity:", n, err)
	}
	if d, err := ConnectTime(0, time.Second, time.Second); d != time.Second || err != nil {
		t.Error("no candidates:", d, err)
	}
	if d, err := ConnectTime(5, time.Second, 0); d != time.Second || err != nil {
		t.Error("candidates that take no time:", d, err)
	}
	if d, err := ConnectTime(2, 0, 1<<62); err == nil {
		t.Error("2^63 ns:", d)
	}
	century := Exactly(100 * 365 * 24 * time.Hour)
	if _, _, err := SustainedRate(&sem, pool, century); err != nil {
		t.Error(err)
	}
	century.Max++
	if _, _, err := SustainedRate(&sem, pool, century); err == nil {
		t.Error("more than a century")
	}
	for steps, points := range map[int]int{1: 2, 65535: 2} {
		if curve, err := CostCurve(&sem, pool, steps); len(curve) != points || err != nil {
			t.Error(steps, "steps:", curve, err)
		}
	}
}

// Stride draws once if the width is not 0, for the smallest search too; its number has no divisor in common with that
// of the candidates.
func TestStrideDraws(t *testing.T) {
	for _, n := range []int{1, 2, 7, 12, 30} {
		for width := range 40 {
			for number := range uint32(60) {
				draws := 0
				s := Stride(width, n, func() uint32 { draws++; return number })
				if want := min(width, 1); draws != want || s < 1 || s > max(1, min(width, n)) || gcd(s, n) != 1 {
					t.Fatalf("width %d, %d candidates, number %d: %d with %d draws", width, n, number, s, draws)
				}
			}
		}
	}
}
