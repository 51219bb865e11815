package sim_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"example.com/linuxtcp/sim"
)

func TestSmallest(t *testing.T) {
	for low := range 6 {
		for high := low; high < 12; high++ {
			for need := range 14 {
				a, err := sim.Smallest(low, high, 3, 0.1, func(v int, seed uint64) (float64, error) {
					if v < need-int(seed%2) { // the odd seeds need one less
						return 0.5, nil
					}
					return 0.1, nil
				})
				want := max(low, need)
				if err != nil || a.Found != (want <= high) || a.Found && (a.Value != want || a.Lost != 0.1 || (a.Below == 0.5) != (want > low)) {
					t.Fatalf("%d to %d, %d needed: %+v, %v", low, high, need, a, err)
				}
			}
		}
	}
	failed := errors.New("no")
	if _, err := sim.Smallest(1, 9, 1, 0, func(int, uint64) (float64, error) { return 0, failed }); err != failed {
		t.Error(err)
	}
	for _, bad := range []func() (sim.Answer, error){
		func() (sim.Answer, error) { return sim.Smallest(2, 1, 1, 0, nil) },
		func() (sim.Answer, error) { return sim.Smallest(1, 2, 0, 0, nil) },
		func() (sim.Answer, error) { return sim.Smallest(1, 2, 1, math.NaN(), nil) },
	} {
		if _, err := bad(); err == nil {
			t.Error("no error")
		}
	}
}

// Which backlog loses nothing at 3,000 connections a second, where nobody accepts for 200 ms now and then? The rule of
// thumb, rate times stall, says 600.
func ExampleSmallest() {
	users, server := must(sim.Stock("6.12.43")), must(sim.Stock("6.12.43", "10.0.0.1"))
	a := must(sim.Smallest(1, 4096, 5, 0, func(backlog int, seed uint64) (float64, error) {
		r, err := sim.Load{
			Seed: seed, For: 10 * time.Second, Server: server, Users: users, Arrivals: sim.Poisson(3000), Count: 6000, Delay: 5 * time.Millisecond,
			Program: sim.Server{
				Backlog: backlog, Service: sim.Exactly(time.Millisecond), CloseFirst: true,
				Stall: sim.Stall{First: time.Second, For: 200 * time.Millisecond},
			},
		}.Run()
		if err != nil {
			return 0, err
		}
		atOnce := r.Clients[0].Connect.Steps[0] // no SYN was sent twice
		return 1 - float64(atOnce)/float64(r.Clients[0].Asked), nil
	}))
	fmt.Println(a.Value, a.Runs)
	fmt.Printf("%.2f\n", a.Risk())
	// Output:
	// 608 45
	// 0.45
}
