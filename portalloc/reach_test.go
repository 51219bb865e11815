package portalloc

import (
	"testing"

	"example.com/linuxtcp/kernel"
)

// Reach against all sums and draws.
func TestReachEqualsTheSearches(t *testing.T) {
	for _, release := range eras {
		sem := kernel.MustParse(release).Semantics()
		for size := 1; size <= 9; size++ {
			r := kernel.PortRange{Low: 40001, High: 40000 + size}
			sys := kernel.Sysctls{IPLocalPortRange: r}
			connect, bind := map[int]map[int]bool{}, map[int]map[int]bool{}
			note := func(m map[int]map[int]bool, s Search) {
				seen := map[int]bool{}
				for i, port := range s.All() {
					if m[port] == nil {
						m[port] = map[int]bool{}
					}
					if !seen[port] { // a search of one port by bind() comes to it twice
						m[port][i/s.perPass()] = true
					}
					seen[port] = true
				}
			}
			for sum := range uint32(2 * size) {
				note(connect, ConnectSearch(&sem, r, false, sum, 1))
				note(bind, BindSearch(&sem, r, sum))
			}
			for port := r.Low - 1; port <= r.High+1; port++ {
				want := func(m map[int]bool, parity bool) Reach {
					switch {
					case len(m) == 0:
						return OutOfReach
					case !parity:
						return AnyPass
					case m[0] && !m[1]:
						return FirstPass
					case m[1] && !m[0]:
						return SecondPass
					}
					return 0
				}
				if got, w := ConnectReach(&sem, &sys, uint16(port)), want(connect[port], sem.PortSearch == kernel.PortSearchParity); got != w {
					t.Errorf("%s, %d ports: connect comes to %d %v, want %v", release, size, port, got, w)
				}
				if got, w := BindReach(&sem, &sys, uint16(port)), want(bind[port], sem.BindOddFirst); got != w {
					t.Errorf("%s, %d ports: bind comes to %d %v, want %v", release, size, port, got, w)
				}
			}
		}
	}
	sem := kernel.MustParse("6.18.44").Semantics()
	sys := kernel.Sysctls{IPLocalReservedPorts: "40000-40009"}
	for port, want := range map[uint16]Reach{32767: OutOfReach, 32768: FirstPass, 32769: SecondPass, 40000: OutOfReach, 40009: OutOfReach, 40010: FirstPass, 60999: SecondPass, 61000: OutOfReach} {
		if got := ConnectReach(&sem, &sys, port); got != want {
			t.Errorf("%d: %v, want %v", port, got, want)
		}
	}
}
