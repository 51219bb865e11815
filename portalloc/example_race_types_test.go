package portalloc_test

import (
	"fmt"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

// explored is the race of 2.6.32 on one port.
func explored(c portalloc.RaceConfig) portalloc.Race {
	race, err := portalloc.ExploreRace(kernelNamed("2.6.32"), c)
	if err != nil {
		panic(err)
	}
	return race
}

// Of all orders in which two threads can take their steps, so many end with one port twice. It is a share of the
// orders and no probability: most calls do not meet at all.
func ExampleRace() {
	race := explored(portalloc.RaceConfig{Entry: portalloc.EntryTaken})
	fmt.Printf("%d of %d interleavings, %.1f %%\n", race.Doubles, race.Interleavings, 100*float64(race.Doubles)/float64(race.Interleavings))
	// Output: 92036 of 94420 interleavings, 97.5 %
}

// Does it take two CPUs?
func ExampleRaceConfig() {
	for _, one := range []bool{false, true} {
		race := explored(portalloc.RaceConfig{Entry: portalloc.EntryTaken, FreePort: true, OneCPU: one})
		fmt.Println("one CPU:", one, "- doubles:", race.Doubles)
	}
	// Output:
	// one CPU: false - doubles: 72800
	// one CPU: true - doubles: 0
}

// Which TIME_WAIT entries does it need? Those that connect() may take over.
func ExampleRaceEntry() {
	for _, entry := range []portalloc.RaceEntry{portalloc.EntryTaken, portalloc.EntryRefused, portalloc.EntryAbsent} {
		fmt.Println(entry, "-", explored(portalloc.RaceConfig{Entry: entry}).Doubles > 0)
	}
	// Output:
	// a TIME_WAIT entry that connect() may take over - true
	// a TIME_WAIT entry that connect() must leave alone - false
	// nothing - false
}

// One of the ways in which it ends, and how many lead there.
func ExampleRaceOutcome() {
	o := explored(portalloc.RaceConfig{Entry: portalloc.EntryTaken}).Outcomes[0]
	fmt.Println(o.Schedules, "interleavings:", o.RaceResult)
	// Output:
	// 46018 interleavings: A and B take one entry over: two equal SYNs, A gets every answer and B starves (TWRecycled 2)
}

// What nstat shows of it: TWRecycled counts both.
func ExampleRaceResult() {
	r := explored(portalloc.RaceConfig{Entry: portalloc.EntryTaken}).Outcomes[0].RaceResult
	fmt.Println("one port twice:", r.Double(), "- TWRecycled:", r.TWRecycled)
	// Output: one port twice: true - TWRecycled: 2
}

func ExampleRaceEnd() {
	r := explored(portalloc.RaceConfig{Entry: portalloc.EntryTaken}).Outcomes[0].RaceResult
	fmt.Println(r.A == portalloc.TookEntry, r.A)
	// Output: true takes the entry over
}

// Who gets every answer? The one whose socket was inserted second.
func ExampleThread() {
	for _, o := range explored(portalloc.RaceConfig{Entry: portalloc.EntryTaken}).Outcomes[:2] {
		fmt.Println(o.Winner, "-", o.Schedules)
	}
	// Output:
	// A - 46018
	// B - 46018
}

// Where is the mistake? The entry leaves the hash table after the lock is let go. 2.6.33 takes it out within S5.
func ExampleRaceStep() {
	for _, release := range []string{"2.6.32", "2.6.33"} {
		for _, s := range portalloc.RaceSteps(kernelNamed(release)) {
			if s.ID == "S5" || s.ID == "S10" {
				fmt.Println(release, s.ID, s.Does)
			}
		}
	}
	// Output:
	// 2.6.32 S5 insert the socket at the head of the hash chain
	// 2.6.32 S10 take the entry out of the hash
	// 2.6.33 S5 insert the socket at the head of the hash chain and take the entry out
}

// Which steps take the lock of the hash of connections?
func ExampleRaceLock() {
	for _, s := range portalloc.RaceSteps(kernelNamed("2.6.32")) {
		if s.Needs == portalloc.HashLock {
			fmt.Println(s.ID, s.Does)
		}
	}
	// Output:
	// S3 lock the connection's hash chain
	// S10 take the entry out of the hash
	// N2 insert the socket into the hash chain
}

// The steps that make both sockets look alike.
func ExampleMove() {
	race := explored(portalloc.RaceConfig{Entry: portalloc.EntryTaken})
	for _, m := range race.Outcomes[0].Example.Moves() {
		if m.Step.ID == "S6" {
			fmt.Println(m)
		}
	}
	// Output:
	// B S6  unlock the hash chain and count TWRecycled: TWRecycled 1
	// A S6  unlock the hash chain and count TWRecycled: TWRecycled 2
}

// "connect takes exactly 3 s now and then": when does the one that starves come through?
func ExampleStarving() {
	sem := kernelNamed("2.6.32")
	s, err := portalloc.Starve(sem, kernel.DefaultSYNTimer(sem), 50*time.Millisecond)
	fmt.Println(s.Connected, s.At, err)
	// Output: true 3s <nil>
}
