package portalloc

import (
	"fmt"
	"slices"
	"testing"

	"example.com/linuxtcp/kernel"
)

// A checker tells whether a kernel may give out ports in a given order to one
// destination, for some secret and some random draws, when nobody else connects. It
// keeps the set of all sums that connect() may begin from: not the sums themselves but
// their remainders by twice the size of the range, which tell the candidates of every era
// as long as no sum wraps at 2^32.
type checker struct {
	sem  kernel.Semantics
	r    kernel.PortRange
	sums []bool
	used map[int]bool
}

func newChecker(release string, low, high int) *checker {
	c := &checker{sem: kernel.MustParse(release).Semantics(), r: kernel.PortRange{Low: low, High: high}, used: map[int]bool{}}
	c.sums = make([]bool, 2*c.r.Size())
	for i := range c.sums {
		c.sums[i] = true
	}
	return c
}

// next takes one answer: a port, or 0 for EADDRNOTAVAIL. keep says that the port stays in
// use. It reports whether the answer is possible.
func (c *checker) next(port int, keep bool) bool {
	after := make([]bool, len(c.sums))
	possible := false
	for sum, may := range c.sums {
		if !may {
			continue
		}
		s := ConnectSearch(&c.sem, c.r, false, uint32(sum), 1)
		at := -1
		for i, p := range s.All() {
			if !c.used[p] {
				at = i
				break
			}
		}
		switch {
		case at < 0 && port == 0:
			possible, after[sum] = true, true
		case at >= 0 && s.Port(at) == port:
			possible = true
			for draw := range uint32(16) {
				n := Advance(&c.sem, at%s.perPass(), s.Step, func() uint32 { return draw })
				after[(sum+int(n))%len(after)] = true
			}
		}
	}
	c.sums = after
	if keep && port != 0 {
		c.used[port] = true
	}
	return possible
}

// allowed checks a whole sequence that ends in EADDRNOTAVAIL if exhausted.
func allowed(release string, low, high int, ports []int, exhausted bool) error {
	c := newChecker(release, low, high)
	for i, port := range ports {
		if !c.next(port, true) {
			return fmt.Errorf("port %d cannot come at place %d", port, i)
		}
	}
	if exhausted && !c.next(0, true) {
		return fmt.Errorf("no EADDRNOTAVAIL after %d ports", len(ports))
	}
	return nil
}

// The sequences that were observed on 5.10.223 and 6.18.44 are among those allowed, and
// with a pair swapped across parities they are not.
func TestObservedSequencesAreAllowedAndSwappedOnesNot(t *testing.T) {
	for release, ports := range map[string][]int{
		"5.10.223": {40010, 40000, 40004, 40006, 40012, 40014, 40008, 40002, 40005, 40003, 40007, 40009, 40015, 40011, 40013, 40001},
		"6.18.44":  {40000, 40012, 40006, 40008, 40014, 40002, 40004, 40010, 40013, 40003, 40005, 40001, 40015, 40007, 40009, 40011},
	} {
		if err := allowed(release, 40000, 40015, ports, true); err != nil {
			t.Errorf("%s: %v", release, err)
		}
		for i := range 8 {
			for j := 8; j < 16; j++ {
				swapped := slices.Clone(ports)
				swapped[i], swapped[j] = swapped[j], swapped[i]
				if allowed(release, 40000, 40015, swapped, true) == nil {
					t.Errorf("%s: places %d and %d swapped are allowed", release, i, j)
				}
			}
		}
		if allowed("4.19.78", 40000, 40015, ports, true) == nil || allowed("3.10.108", 40000, 40015, ports, true) == nil {
			t.Errorf("%s: its order is allowed on older kernels", release)
		}
		if allowed(release, 40000, 40015, ports[:15], true) == nil {
			t.Errorf("%s: EADDRNOTAVAIL is allowed while a port is left", release)
		}
	}
}
