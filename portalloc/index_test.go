package portalloc

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

// On ranges of tens of thousands of ports, in every state of use, the index finds the
// candidate that a walk from one to the next finds.
func TestIndexEqualsAWalkOverLargeRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom(eras).Draw(t, "release")
		low := rapid.SampledFrom([]int{1, 1024, 1025, 32768, 32769, 40000}).Draw(t, "low")
		high := rapid.SampledFrom([]int{60999, 61000, 65535, 65534}).Draw(t, "high")
		a := allocator(t, release, max(low, 1024), high, 1, nil)
		r := kernel.PortRange{Low: low, High: high}
		days := &moody{day: rapid.IntRange(0, 7).Draw(t, "day")}
		a.tw = days
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		_, g := a.groupOf(keyOf(sources[0], places[0]))
		in, waiting, blocked := rapid.SampledFrom([]float64{0, 0.3, 0.98, 0.999, 1}).Draw(t, "in use"), rapid.SampledFrom([]float64{0, 0.001, 0.5}).Draw(t, "TIME_WAIT"), rapid.SampledFrom([]float64{0, 0.2, 0.999}).Draw(t, "blocked")
		parity := rapid.IntRange(-1, 1).Draw(t, "one parity")
		kind := map[int]byte{}
		for port := low; port <= high; port++ {
			if rng.Float64() < blocked {
				a.blocked.add(port)
				kind[port] = 'b'
			}
			if rng.Float64() < in || port%2 == parity {
				tw := rng.Float64() < waiting
				g.set(port, !tw) // and the other way round once, as connections go on
				g.set(port, tw)
				if kind[port] == 0 {
					kind[port] = 'u'
					if tw {
						kind[port] = 'w'
					}
				}
			}
		}
		for port := low; port <= high; port++ { // some end
			if rng.Float64() < 0.0005 && kind[port] != 0 && kind[port] != 'b' {
				g.clear(port)
				delete(kind, port)
			}
		}
		local := func(port int) netip.AddrPort { return netip.AddrPortFrom(sources[0], uint16(port)) }
		for range 4 {
			sum := rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(1<<32-40000, 1<<32-1)).Draw(t, "sum")
			s := ConnectSearch(&a.sem, r, rapid.Bool().Draw(t, "narrowed"), sum, Stride(rapid.SampledFrom([]int{0, 0, 0, 99}).Draw(t, "width"), 14116, func() uint32 { return sum }))
			at, port := 0, -1
			for i, p := range s.All() {
				k := kind[p]
				if k == 0 || k == 'w' && days.Possible(sources[0], places[0].Addr()) && days.Take(0, local(p), places[0], false) {
					at, port = i, p
					break
				}
			}
			pass, n, got := a.walk(&s, g, 0)
			if got != port || port >= 0 && pass*s.perPass()+n != at {
				t.Fatalf("%s, sum %d: port %d at %d, want %d at %d", release, sum, got, pass*s.perPass()+n, port, at)
			}
		}
	})
}
