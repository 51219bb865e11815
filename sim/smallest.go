package sim

import "fmt"

// An Answer is what [Smallest] found.
type Answer struct {
	// Value is the smallest that is enough, if Found; else none up to the upper bound is.
	Value int
	Found bool
	// Seeds is how many seeds it was enough with.
	Seeds int
	// Lost is the largest share that was lost with Value, Below the largest with the value before it: 0 if
	// there is none.
	Lost, Below float64
	// Runs is how many runs that took.
	Runs int
}

// Risk is what the runs do not rule out: with a confidence of 95 %, the share of all seeds with which Value is
// not enough is below this. With 1 seed that is 0.95, with 10 seeds 0.26, with 30 seeds 0.095, with 300 seeds
// 0.01. It says nothing about a workload that is not the one that was run.
func (a Answer) Risk() float64 {
	if !a.Found {
		return 1
	}
	return 1 - root(0.05, a.Seeds)
}

// root is the n-th root of a number from 0 to 1. It multiplies only, which every processor does the same way.
func root(x float64, n int) float64 {
	low, high := 0.0, 1.0
	for {
		middle := (low + high) / 2
		if middle <= low || middle >= high {
			return low
		}
		power := 1.0
		for b, k := middle, n; k > 0; b, k = b*b, k>>1 {
			if k&1 == 1 {
				power *= b
			}
		}
		if power < x {
			low = middle
		} else {
			high = middle
		}
	}
}

// String is the answer and how sure it is.
func (a Answer) String() string {
	if !a.Found {
		return fmt.Sprintf("none of these is enough (%d runs)", a.Runs)
	}
	return fmt.Sprintf("%d: at most %.3g %% lost with each of %d seeds, %.3g %% with one less; with 95 %% confidence fewer than %.2g %% of seeds lose more",
		a.Value, 100*a.Lost, a.Seeds, 100*a.Below, 100*a.Risk())
}

// Smallest searches the smallest value from low to high, such as a backlog, with which a workload loses at most
// the share allowed, with each of the seeds from 1 on. lost runs the workload with a value and a seed and
// returns the share that it lost.
//
// It halves the range, so it takes for granted that more never loses more. It ends at once where lost fails, and
// seeds, a range or a share that make no sense are errors.
func Smallest(low, high, seeds int, allowed float64, lost func(value int, seed uint64) (float64, error)) (Answer, error) {
	return SmallestParallel(low, high, seeds, allowed, 1, lost)
}

// SmallestParallel is [Smallest] with up to parallel seeds at a time: lost is called from that many goroutines, and
// has to share nothing that changes between them. The answer and the error are those of Smallest, whatever
// parallel is, and so is Answer.Runs: runs beyond a seed that lost too much are not counted. A parallel below 1 is
// an error.
func SmallestParallel(low, high, seeds int, allowed float64, parallel int, lost func(value int, seed uint64) (float64, error)) (Answer, error) {
	switch {
	case low > high:
		return Answer{}, fmt.Errorf("sim: Smallest: nothing lies from %d to %d", low, high)
	case seeds < 1:
		return Answer{}, fmt.Errorf("sim: Smallest: %d seeds: it takes one at least", seeds)
	case parallel < 1:
		return Answer{}, fmt.Errorf("sim: Smallest: %d runs at a time: it takes one at least", parallel)
	case !(allowed >= 0 && allowed <= 1):
		return Answer{}, fmt.Errorf("sim: Smallest: an allowed share of %v is not between 0 and 1", allowed)
	}
	a := Answer{Seeds: seeds}
	// worst is the largest share lost; of a value that is not enough, the first that is too large.
	type run struct {
		share float64
		err   error
	}
	worst := func(value int) (float64, error) {
		most := 0.0
		for seed := 1; seed <= seeds && most <= allowed; {
			runs, _ := Sweep(min(parallel, seeds-seed+1), parallel, func(i int) (r run, _ error) { // it cannot fail
				r.share, r.err = lost(value, uint64(seed+i))
				return r, nil
			})
			for _, r := range runs { // what comes after one that is too large was not asked for
				if seed++; most <= allowed {
					a.Runs++
					if r.err != nil {
						return 0, r.err
					}
					most = max(most, r.share)
				}
			}
		}
		return most, nil
	}
	share, err := worst(high)
	if err != nil || share > allowed {
		return a, err
	}
	a.Value, a.Found, a.Lost = high, true, share
	for low < a.Value {
		middle := low + (a.Value-low)/2
		if share, err = worst(middle); err != nil {
			return Answer{}, err
		}
		if share <= allowed {
			a.Value, a.Lost = middle, share
		} else {
			low, a.Below = middle+1, share
		}
	}
	return a, nil
}
