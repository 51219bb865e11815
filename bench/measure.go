package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// A result is what one side took.
type result struct {
	side   string
	each   []float64 // processor time of one, in nanoseconds, by round; none where it was not measured
	bytes  float64   // of an entry; 0 for none
	reason error     // why it was not measured
}

// A measured is a work and what its sides took. results[0] is linuxtcp's.
type measured struct {
	work
	results []result
}

// measure does a work on all sides in turn, so many rounds. A turn takes about the given processor time, and begins
// with a garbage collection that is not counted, so that nobody pays for what another left.
func measure(w work, sc scale, rounds int, turn time.Duration) (measured, error) {
	out := measured{work: w}
	workers, turns := make([]worker, len(w.sides)), make([]int, len(w.sides))
	defer func() {
		for _, k := range workers {
			if k != nil {
				k.Close()
			}
		}
	}()
	for i := range w.sides {
		k, bytes, err := w.sides[i].opened(sc)
		r := result{side: w.sides[i].name, bytes: bytes}
		switch {
		case errors.Is(err, errUnavailable):
			r.reason = err
		case err != nil:
			return out, fmt.Errorf("%s: %s: %w", w.name, r.side, err)
		default:
			workers[i] = k
			if turns[i], err = fit(k, turn); err != nil {
				return out, fmt.Errorf("%s: %s: %w", w.name, r.side, err)
			}
		}
		out.results = append(out.results, r)
	}
	for range rounds {
		for i, k := range workers {
			if k == nil {
				continue
			}
			runtime.GC()
			var m meter
			if err := k.Do(turns[i], &m); err != nil {
				return out, fmt.Errorf("%s: %s: %w", w.name, out.results[i].side, err)
			}
			if m.ops > 0 {
				out.results[i].each = append(out.results[i].each, m.each())
			}
		}
	}
	return out, nil
}

// fit tells how often a worker does its thing in a turn.
func fit(k worker, turn time.Duration) (int, error) {
	for n := 1; ; n *= 4 {
		var m meter
		if err := k.Do(n, &m); err != nil {
			return 0, err
		}
		if m.ops == 0 {
			return 1, nil // it has its memory to show only
		}
		if m.cpu >= turn/8 {
			return max(1, int(float64(turn)/m.each())), nil
		}
	}
}

// median of numbers; 0 of none.
func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(of))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// ratio is how many times as long as linuxtcp a side took: the median of the rounds' ratios, because what slows one
// turn of a round often slows the others.
func (m *measured) ratio(side int) float64 {
	subject, other := m.results[0].each, m.results[side].each
	var all []float64
	for i := range min(len(subject), len(other)) {
		all = append(all, other[i]/subject[i])
	}
	return median(all)
}
