package portalloc

import (
	"net/netip"
	"testing"

	"example.com/linuxtcp/kernel"
)

// TestSuggestPort asks for every port of small ranges, with some of the ports taken, and
// holds what comes out against all that any beginning leads to.
func TestSuggestPort(t *testing.T) {
	src, dst := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddrPort("10.2.0.1:443")
	for _, release := range []string{"2.6.32", "4.2", "4.6", "5.12", "6.12"} {
		for low := 40000; low <= 40001; low++ {
			for size := 1; size <= 7; size++ {
				if size > 5 && (release != "4.6" || low%2 != 0) {
					break // a range of 7 is for the second pass of an odd one
				}
				for taken := range 1 << size {
					for bind := range 2 {
						// run is a host of which the ports of the mask are taken; begin is where it begins.
						run := func(suggest int, draw, key uint32) Result {
							a := allocator(t, release, low, low+size-1, uint64(key), func() uint32 { return draw })
							for i := range size {
								if taken>>i&1 != 0 {
									must(a.Bind(must(a.Open(Options{})), netip.AddrPortFrom(src, uint16(low+i))))
								}
							}
							a.SuggestPort(uint16(suggest))
							s := must(a.Open(Options{}))
							if bind != 0 {
								return must(a.Bind(s, netip.AddrPortFrom(src, 0)))
							}
							if suggest == 0 { // any sum: go through them by what was counted before
								_, g := a.groupOf(keyOf(src, dst))
								place, sum := a.start(g, 0)
								a.moved[place] += draw - sum
							}
							return must(a.Connect(0, s, src, dst))
						}
						may := map[uint16]bool{}
						for begin := range uint32(2*size + 2) {
							may[run(0, begin, 1).Port] = true
						}
						for i := range size {
							got := run(low+i, 3, 1).Port
							if want := uint16(low + i); may[want] && got != want || !may[got] {
								t.Fatalf("%s, %d to %d, taken %b, bind %d: suggested %d, got %d of %v", release, low, low+size-1, taken, bind, want, got, may)
							}
						}
					}
				}
			}
		}
	}
	sem := kernel.MustParse("6.12").Semantics()
	if _, ok := suggestedSum(&sem, kernel.PortRange{Low: 10, High: 20}, false, 21); ok {
		t.Error("a port outside of the range")
	}
}
