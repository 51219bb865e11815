package sim

import (
	"fmt"
	"math"
)

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
	return 1 - math.Pow(0.05, 1/float64(a.Seeds))
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
	switch {
	case low > high:
		return Answer{}, fmt.Errorf("sim: Smallest: nothing lies from %d to %d", low, high)
	case seeds < 1:
		return Answer{}, fmt.Errorf("sim: Smallest: %d seeds: it takes one at least", seeds)
	case !(allowed >= 0 && allowed <= 1):
		return Answer{}, fmt.Errorf("sim: Smallest: an allowed share of %v is not between 0 and 1", allowed)
	}
	a := Answer{Seeds: seeds}
	// worst is the largest share lost; of a value that is not enough, the first that is too large.
	worst := func(value int) (float64, error) {
		most := 0.0
		for seed := 1; seed <= seeds && most <= allowed; seed++ {
			a.Runs++
			share, err := lost(value, uint64(seed))
			if err != nil {
				return 0, err
			}
			most = max(most, share)
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
