package fuzz

import (
	"math/bits"
	"math/rand/v2"
)

// A source is where the choices of a script come from: 64 bits for each. All bits 0 is the
// simplest choice.
type source interface{ Uint64() uint64 }

// seeded is the source of script n of a seed: PCG, whose numbers the Go project has promised to
// keep, and nothing between it and the choices that is not in this file. So a seed gives the
// same scripts on every machine and with every version of Go and of rapid.
func seeded(seed, n uint64) source { return rand.NewPCG(seed, n*0x9e3779b97f4a7c15+1) }

// draw makes choices.
type draw struct{ source }

// below is a number from 0 to n-1, all alike.
func (d draw) below(n int) int {
	hi, _ := bits.Mul64(d.Uint64(), uint64(n))
	return int(hi)
}

// between is a number from lo to hi.
func (d draw) between(lo, hi int) int { return lo + d.below(hi-lo+1) }

// chance is true in so many of a hundred cases. Simplest is false.
func (d draw) chance(percent int) bool { return d.below(100) >= 100-percent }

// pick is one of the values.
func pick[T any](d draw, values ...T) T { return values[d.below(len(values))] }

// A weighted is a choice that is drawn in proportion to its weight.
type weighted[T any] struct {
	weight int
	choice T
}

func choose[T any](d draw, from []weighted[T]) T {
	total := 0
	for _, w := range from {
		total += w.weight
	}
	n := d.below(total)
	for _, w := range from {
		if n -= w.weight; n < 0 {
			return w.choice
		}
	}
	return from[0].choice
}
