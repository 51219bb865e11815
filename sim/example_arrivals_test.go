package sim_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"example.com/linuxtcp/sim"
)

// first returns the first n times of some arrivals.
func first(a sim.Arrivals, n int) (times []time.Duration) {
	next := a.Begin(rand.New(rand.NewPCG(1, 1)))
	for range n {
		at, more := next()
		if !more {
			break
		}
		times = append(times, at)
	}
	return times
}

// Arrivals of one's own: one at once, then each twice as late as the one before.
type doubling struct{}

func (doubling) Begin(*rand.Rand) func() (time.Duration, bool) {
	at := time.Duration(0)
	return func() (time.Duration, bool) {
		now := at
		at = max(time.Second, 2*at)
		return now, true
	}
}

func ExampleArrivals() {
	fmt.Println(first(doubling{}, 6))
	// Output: [0s 1s 2s 4s 8s 16s]
}

// Eight connections a second, evenly.
func ExampleConstant() {
	fmt.Println(first(sim.Constant(8), 4))
	// Output: [0s 125ms 250ms 375ms]
}

// A mean of 1000 a second: after 10,000 arrivals about 10 s have passed.
func ExamplePoisson() {
	all := first(sim.Poisson(1000), 10_000)
	fmt.Println(all[len(all)-1].Round(100 * time.Millisecond))
	// Output: 10s
}

// A job on 300 machines that all start at the full minute.
func ExampleBursts() {
	all := first(sim.Bursts{Size: 300, Period: time.Minute}, 301)
	fmt.Println(all[0], all[299], all[300])
	// Output: 0s 0s 1m0s
}

// From nobody to 100 a second within 10 s: 500 in all.
func ExampleRamp() {
	all := first(sim.Ramp{From: 0, To: 100, For: 10 * time.Second}, 1000)
	fmt.Println(len(all), all[0].Round(time.Millisecond), all[len(all)-1].Round(10*time.Millisecond))
	// Output: 500 0s 9.99s
}

// What a capture shows, in any order.
func ExampleTimes() {
	fmt.Println(first(sim.Times{time.Second, 0, 250 * time.Millisecond}, 5))
	// Output: [0s 250ms 1s]
}

// A service time that is always the same, and one that is drawn.
func ExampleSpan() {
	fmt.Println(sim.Exactly(time.Second), sim.Exponential(time.Second).Exponential)
	// Output: {1s false} true
}
