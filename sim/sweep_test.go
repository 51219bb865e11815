package sim_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"example.com/linuxtcp/sim"
	"github.com/google/go-cmp/cmp"
)

// However many runs are made at a time, and on however many processors, the reports are the same ones, in order.
func TestSweepIsInOrder(t *testing.T) {
	l := aLoad(t, "6.12.117")
	l.Count, l.For = 300, 5*time.Second
	run := func(i int) (sim.Report, error) {
		l := l
		l.Seed, l.Program.Backlog = uint64(i), i
		return l.Run()
	}
	var want []sim.Report
	for i := range 12 {
		want = append(want, must(run(i)))
	}
	for _, processors := range []int{1, 4} {
		before := runtime.GOMAXPROCS(processors)
		for _, parallel := range []int{1, 2, 5, 100} {
			got, err := sim.Sweep(len(want), parallel, run)
			if err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("%d at a time on %d processors: %v, %.1000s", parallel, processors, err, cmp.Diff(want, got))
			}
		}
		runtime.GOMAXPROCS(before)
	}
}

func TestSweepFails(t *testing.T) {
	for _, parallel := range []int{1, 2, 3, 50} {
		_, err := sim.Sweep(40, parallel, func(i int) (int, error) {
			if i >= 7 {
				return 0, fmt.Errorf("run %d", i)
			}
			return i, nil
		})
		if err == nil || err.Error() != "run 7" {
			t.Errorf("%d at a time: %v", parallel, err)
		}
	}
	made := 0
	if _, err := sim.Sweep(40, 1, func(i int) (int, error) { made++; return 0, errors.New("no") }); err == nil || made != 1 {
		t.Errorf("%d runs after one failed, %v", made, err)
	}
	for _, bad := range [][2]int{{-1, 1}, {1, 0}} {
		if _, err := sim.Sweep(bad[0], bad[1], func(int) (int, error) { return 0, nil }); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
	if got, err := sim.Sweep(0, 3, func(int) (int, error) { return 0, nil }); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
}

// SmallestParallel answers as Smallest does, errors and the number of runs included.
func TestSmallestParallel(t *testing.T) {
	failed := errors.New("no")
	for need := range 14 {
		for bad := range uint64(6) {
			lost := func(v int, seed uint64) (float64, error) {
				switch {
				case v < need-int(seed%3):
					return 0.5 + float64(seed)/100, nil
				case seed == bad && v < need+3:
					return 0, failed
				}
				return 0.1 - float64(seed)/100, nil
			}
			want, wantErr := sim.Smallest(1, 12, 5, 0.1, lost)
			for _, parallel := range []int{1, 2, 3, 5, 9} {
				if got, err := sim.SmallestParallel(1, 12, 5, 0.1, parallel, lost); got != want || err != wantErr {
					t.Fatalf("%d needed, %d at a time: %+v, %v; Smallest: %+v, %v", need, parallel, got, err, want, wantErr)
				}
			}
		}
	}
	if _, err := sim.SmallestParallel(1, 2, 1, 0, 0, nil); err == nil {
		t.Error("0 at a time")
	}
}

// How many of 3,000 connections a second are lost to a stall of 200 ms, by backlog and with three seeds each.
func ExampleSweep() {
	users, server := must(sim.Stock("6.12.43")), must(sim.Stock("6.12.43", "10.0.0.1"))
	backlogs := []int{128, 512, 1024}
	const seeds = 3
	late := must(sim.Sweep(len(backlogs)*seeds, runtime.GOMAXPROCS(0), func(i int) (uint64, error) {
		r, err := sim.Load{
			Seed: uint64(i % seeds), For: 10 * time.Second, Server: server, Users: users, Arrivals: sim.Poisson(3000), Count: 6000, Delay: 5 * time.Millisecond,
			Program: sim.Server{
				Backlog: backlogs[i/seeds], Service: sim.Exactly(time.Millisecond), CloseFirst: true,
				Stall: sim.Stall{First: time.Second, For: 200 * time.Millisecond},
			},
		}.Run()
		if err != nil {
			return 0, err
		}
		return r.Clients[0].Asked - r.Clients[0].Connect.Steps[0], nil // a SYN was sent twice
	}))
	for i, backlog := range backlogs {
		fmt.Println(backlog, late[i*seeds:(i+1)*seeds])
	}
	// Output:
	// 128 [466 474 442]
	// 512 [81 84 64]
	// 1024 [0 0 0]
}
