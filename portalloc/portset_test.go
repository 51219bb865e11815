package portalloc

import (
	"testing"

	"pgregory.net/rapid"
)

// The ports of a destination against a map, with few of them and with thousands that
// come, go, and turn to TIME_WAIT; and the search for a free one against a walk.
func TestUsedPortsAgainstAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u used
		var blocked portSet
		want := map[int]bool{} // in TIME_WAIT
		window := rapid.SampledFrom([]int{10, 130, 4200}).Draw(t, "window")
		base := rapid.SampledFrom([]int{1, 60, 2040, 32760, 65535 - window}).Draw(t, "base")
		port := func(name string) int { return base + rapid.IntRange(0, window).Draw(t, name) }
		fill := func(p int, tw bool) {
			u.set(p, tw)
			want[p] = tw
		}
		if rapid.Bool().Draw(t, "full") {
			for p := base; p <= base+window; p++ {
				fill(p, p%7 == 0)
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "ops") {
			switch rapid.IntRange(0, 4).Draw(t, "op") {
			case 0, 1:
				fill(port("set"), rapid.Bool().Draw(t, "TIME_WAIT"))
			case 2, 3:
				p := port("clear")
				if _, ok := want[p]; ok {
					u.clear(p)
					delete(want, p)
				}
			default:
				if p := port("blocked"); blocked.has(p) {
					blocked.remove(p)
				} else {
					blocked.add(p)
				}
			}
			if u.n != len(want) {
				t.Fatalf("%d ports, want %d", u.n, len(want))
			}
			lo := port("low")
			hi := rapid.IntRange(lo, base+window).Draw(t, "high")
			tw, step := rapid.Bool().Draw(t, "reuse"), rapid.IntRange(1, 2).Draw(t, "step")
			free := -1
			for p := lo; p <= hi && free < 0; p += step {
				if waiting, in := want[p]; !blocked.has(p) && (!in || tw && waiting) {
					free = p
				}
			}
			if got := u.next(&blocked, lo, hi, parityOf(step, lo), tw); got != free {
				t.Fatalf("next of %d to %d by %d: %d, want %d", lo, hi, step, got, free)
			}
		}
		for p := base; p <= base+window; p++ {
			all, tw := u.word(p >> 6)
			waiting, in := want[p]
			if all>>(p&63)&1 != 0 != in || tw>>(p&63)&1 != 0 != (in && waiting) {
				t.Fatalf("port %d: in use %v, waiting %v", p, in, waiting)
			}
		}
	})
}

// A full stretch of ports is passed over, and no other one is.
func TestFullStretchesArePassedOver(t *testing.T) {
	var u used
	var none portSet
	for p := 32768; p < 36864; p++ {
		u.set(p, false)
	}
	for lo := 64; lo < 65536-64; lo += 64 {
		want := lo
		if lo >= 32768 && lo < 36864 {
			want = 36864
		}
		for _, par := range []parity{evenPorts, allPorts} {
			if got := u.next(&none, lo, 65535, par, false); got != want {
				t.Fatalf("from %d on: %d, want %d", lo, got, want)
			}
		}
	}
}
