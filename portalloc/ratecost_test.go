package portalloc

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// The mean over all places to begin and all sets of ports in use, for small ranges: any
// set where ports are searched in one go, sets that fill the parity that comes first where
// they are not.
func TestExpectedCandidatesAgainstEverySearch(t *testing.T) {
	for _, e := range rateEras {
		for _, lo := range []int{100, 101} {
			for n := 1; n <= 10; n++ {
				parity := e.era == "parity" || e.era == "odd"
				if parity && n > 1 && n%2 == 1 {
					continue
				}
				firstHalf := 0 // ports that are searched first, as bits
				if parity && n > 1 {
					for _, port := range dumbOrder(e.era, lo, lo+n-1, 0)[:n/2] {
						firstHalf |= 1 << (port - lo)
					}
				}
				looks, searches := make([]int, n+1), make([]int, n+1)
				for used := range 1 << n {
					if used&firstHalf != firstHalf && used&^firstHalf != 0 && firstHalf != 0 {
						continue // the first parity has room, and the other is in use
					}
					for sum := range uint32(2 * n) {
						searches[bits.OnesCount(uint(used))]++
						for _, port := range dumbOrder(e.era, lo, lo+n-1, sum) {
							looks[bits.OnesCount(uint(used))]++
							if used>>(port-lo)&1 == 0 {
								break
							}
						}
					}
				}
				p := Pool{e.picker, portsTo(lo, lo+n-1), nil, 1, 1}
				for used := range n + 1 {
					want := float64(looks[used]) / float64(searches[used])
					got, err := ExpectedCandidates(kernelNamed(e.release), p, used)
					if err != nil || math.Abs(got-want) > 1e-9 {
						t.Errorf("%s %v, %d of %d in use: %v (%v), want %v", e.release, e.picker, used, n, got, err, want)
					}
				}
			}
		}
	}
}

// CPU explodes at half the port range, from 4.6 on.
func TestTheCliffIsAtOneHalf(t *testing.T) {
	at := func(release string, n, used int) float64 {
		got, err := ExpectedCandidates(kernelNamed(release), Pool{ConnectPicks, portsTo(1024, 1024+n-1), nil, 1, 1}, used)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, release := range []string{"4.6", "4.19", "5.10", "6.18", "7.2"} {
		if below, above := at(release, 16384, 7168), at(release, 16384, 8193); below > 8 || above < 8000 {
			t.Errorf("%s: %v, %v", release, below, above)
		}
		if at(release, 28232, 14116) != 14117 || at(release, 28232, 14000) > 121 || at(release, 28232, 28232) != 28232 {
			t.Error(release, at(release, 28232, 14116), at(release, 28232, 14000), at(release, 28232, 28232))
		}
		// An odd range counts as one port less.
		for used := range 10 {
			if at(release, 9, used) != at(release, 8, min(used, 8)) {
				t.Errorf("%s: %d of 9 in use: %v", release, used, at(release, 9, used))
			}
		}
	}
	for _, release := range []string{"2.6.32", "4.1", "4.5"} {
		if below, above := at(release, 16384, 7168), at(release, 16384, 8193); below > 2 || above > 2.1 {
			t.Errorf("%s: %v, %v", release, below, above)
		}
	}
}

func TestCostCurve(t *testing.T) {
	sem, p := kernelNamed("6.12"), Pool{ConnectPicks, portsTo(32768, 60999), nil, 1, 1}
	curve, err := CostCurve(sem, p, 4)
	if err != nil || len(curve) != 5 {
		t.Fatal(curve, err)
	}
	for i, c := range curve {
		want, err := ExpectedCandidates(sem, p, 7058*i)
		if err != nil || c != (CostPoint{7058 * i, float64(i) / 4, want}) {
			t.Errorf("%d: %+v, want %v (%v)", i, c, want, err)
		}
	}
	p.Range = portsTo(1, 3)
	if curve, err := CostCurve(sem, p, 100); err != nil || len(curve) != 4 || curve[3].Used != 3 {
		t.Error(curve, err)
	}
}

func TestCostRefusesBadInput(t *testing.T) {
	sem, p := kernelNamed("6.12"), Pool{ConnectPicks, portsTo(1, 10), nil, 1, 1}
	refused := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for used, want := range map[int]string{-1: "-1 ports in use", 11: "11 ports in use"} {
		_, err := ExpectedCandidates(sem, p, used)
		refused(err, want)
	}
	_, err := ExpectedCandidates(nil, p, 1)
	refused(err, "no kernel")
	_, err = CostCurve(sem, Pool{}, 1)
	refused(err, "Picker is 0")
	for steps, want := range map[int]string{0: "0 steps", 65536: "65536 steps"} {
		_, err = CostCurve(sem, p, steps)
		refused(err, want)
	}
	for _, c := range []struct {
		n          float64
		base, each time.Duration
		want       string
	}{
		{-1, 0, 1, "-1 candidates"}, {math.NaN(), 0, 1, "NaN"}, {1, -1, 1, "-1ns"}, {1, 1, -1, "-1ns"}, {math.Inf(1), 0, 1, "longer"}, {1e10, 0, time.Second, "longer"},
	} {
		_, err := ConnectTime(c.n, c.base, c.each)
		refused(err, c.want)
	}
	// A third is a bit less than that, and three of them are 1 only once they are rounded: a processor that leaves that
	// rounding out ends 2 lower.
	if d, err := ConnectTime(1.0/3, 1<<53+2, 3); d != 1<<53+4 || err != nil {
		t.Error(d, err)
	}
	if d, err := ConnectTime(14117, 5*time.Microsecond, 40*time.Nanosecond); d != 569680*time.Nanosecond || err != nil {
		t.Error(d, err)
	}
}

// Connections to one destination come and go, as on 4.6 to 5.11: what a search looks at on
// average, against the estimate.
func TestConnectionsThatComeAndGoCostLessThanTheEstimate(t *testing.T) {
	const n = 400
	rng := rand.New(rand.NewPCG(3, 4))
	churn := func(inUse int, oldest bool) float64 {
		hint, used := uint32(0), [n]bool{}
		var open []int
		connect := func() int {
			for i, port := range dumbOrder("parity", 0, n-1, hint) {
				if !used[port] {
					used[port] = true
					open = append(open, port)
					hint += uint32(2*(i%(n/2)) + 2)
					return i + 1
				}
			}
			return n
		}
		for len(open) < inUse {
			connect()
		}
		looks, searches := 0, 0
		for k := range 6 * n {
			j := 0
			if !oldest {
				j = rng.IntN(len(open))
			}
			used[open[j]] = false
			open = append(open[:j:j], open[j+1:]...)
			if looked := connect(); k >= 3*n {
				looks += looked
				searches++
			}
		}
		return float64(looks) / float64(searches)
	}
	for _, inUse := range []int{120, 180, 196, 208, 280, 380} {
		want, err := ExpectedCandidates(kernelNamed("4.19.78"), Pool{ConnectPicks, portsTo(1, n), nil, 1, 1}, inUse)
		if err != nil {
			t.Fatal(err)
		}
		if any, turn := churn(inUse, false)/want, churn(inUse, true)/want; any < 0.4 || any > 0.85 || turn > 0.9 {
			t.Errorf("%d of %d in use: %.2f and %.2f of the estimate %.1f", inUse, n, any, turn, want)
		}
	}
}
