package sim

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Sweep makes n independent runs, numbered from 0, up to parallel of them at a time, and returns what they returned
// in the order of their numbers: a run for each seed, or for each value of something. The results do not depend on
// parallel, nor on how many processors there are.
//
// run is called from up to parallel goroutines, the only ones that this library starts; with parallel 1 there is
// none. It has to make a [World] or a [Load] of its own, and boxes of its own: what it shares with other runs, such
// as a host.Config, must not change. runtime.GOMAXPROCS(0) is what makes a sweep of Loads fastest, each of which
// takes one processor and a few megabytes.
//
// If runs fail, the error is that of the lowest number, and runs that had not begun are not made. A negative n and a
// parallel below 1 are errors.
func Sweep[T any](n, parallel int, run func(i int) (T, error)) ([]T, error) {
	if n < 0 || parallel < 1 {
		return nil, fmt.Errorf("sim: Sweep: %d runs, %d at a time: the first must not be negative, the second not below 1", n, parallel)
	}
	results, errs := make([]T, n), make([]error, n)
	var begun atomic.Int64
	var failed atomic.Bool
	work := func() {
		for !failed.Load() { // a number is taken only after all below it, so the lowest that fails is always made
			i := int(begun.Add(1)) - 1
			if i >= n {
				return
			}
			if results[i], errs[i] = run(i); errs[i] != nil {
				failed.Store(true)
			}
		}
	}
	if parallel == 1 {
		work()
	} else {
		var all sync.WaitGroup
		for range min(parallel, n) {
			all.Go(work)
		}
		all.Wait()
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}
