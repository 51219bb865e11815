package portalloc

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// A RaceResult is what two threads end with when both wait for answers to their SYNs,
// or have returned.
type RaceResult struct {
	A, B RaceEnd // what became of the two calls
	// Winner is, where both took the entry over, the one that gets every answer: its
	// socket was inserted second and so is found first, at the head of the hash chain.
	// The other one starves; see [Starve]. Zero if the two have different ports.
	Winner Thread
	// TWRecycled is how far the counter has moved.
	TWRecycled int
}

// Double reports whether two sockets have the same addresses, ports and sequence number.
func (r RaceResult) Double() bool { return r.Winner != 0 }

// String is a sentence.
func (r RaceResult) String() string {
	s := fmt.Sprintf("A %v, B %v (TWRecycled %d)", r.A, r.B, r.TWRecycled)
	if r.Double() {
		s = fmt.Sprintf("A and B take one entry over: two equal SYNs, %v gets every answer and %v starves (TWRecycled %d)", r.Winner, r.Winner.other(), r.TWRecycled)
	}
	return s
}

// A RaceOutcome is a result with the schedules that lead to it.
type RaceOutcome struct {
	RaceResult
	Schedules uint64   // how many interleavings end so
	Example   Schedule // one of them, with few changes from one thread to the other
}

// A Race is what all interleavings of two connect() calls lead to.
type Race struct {
	Config RaceConfig // what was explored
	// Interleavings is how many orders there are in which two threads can take their
	// steps, a thread waiting where the other holds its lock. Doubles is how many of them
	// end with two sockets on one set of addresses and ports, with one sequence number.
	Interleavings, Doubles uint64
	// States is how many different states they pass through, EndStates how many they
	// end in. End states may differ in the hint and the order of the SYNs where results do
	// not.
	States, EndStates int
	// Outcomes are the different results, the most frequent first.
	Outcomes []RaceOutcome
}

// String is the count and one line for each outcome.
func (r Race) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v\n%d interleavings, %d states, %d ends; %d with two equal SYNs", r.Config, r.Interleavings, r.States, r.EndStates, r.Doubles)
	for _, o := range r.Outcomes {
		fmt.Fprintf(&b, "\n%10d  %v", o.Schedules, o.RaceResult)
	}
	return b.String()
}

// ExploreRace goes through all interleavings of two connect() calls of one kernel, step by
// step as [RaceSteps] lists them, and returns what they lead to. Interleavings are
// counted, not walked one by one: those that reach equal states go on alike.
//
// How often a real machine takes an interleaving it does not tell. They are not equally
// likely: while one thread holds the port's lock the other waits for it, and gets it
// when S8 lets it go, just before the gap.
//
// A zero sem or Entry is an error.
//
// Evidence: the steps are from source. On RHEL 6 build 357 five of 960 trials with one
// port and two CPUs ended with two equal SYNs and TWRecycled 2, and the others with one
// connection and EADDRNOTAVAIL; on 6.1.192 and 7.2.13 all 600 did.
func ExploreRace(sem *kernel.Semantics, c RaceConfig) (Race, error) {
	run, start, err := newRaceRun(sem, c)
	if err != nil {
		return Race{}, err
	}
	x := explorer{raceRun: run, known: map[raceState]*raceNode{}}
	root := x.visit(start)
	race := Race{Config: c, States: len(x.known), EndStates: x.ends}
	for result, n := range root.results {
		race.Interleavings += n
		if result.Double() {
			race.Doubles += n
		}
		race.Outcomes = append(race.Outcomes, RaceOutcome{RaceResult: result, Schedules: n, Example: x.example(start, result)})
	}
	slices.SortFunc(race.Outcomes, func(a, b RaceOutcome) int {
		return cmp.Or(cmp.Compare(b.Schedules, a.Schedules), cmp.Compare(a.String(), b.String()))
	})
	return race, nil
}

func newRaceRun(sem *kernel.Semantics, c RaceConfig) (raceRun, raceState, error) {
	if sem == nil || !sem.Valid() {
		return raceRun{}, raceState{}, errors.New("portalloc: the Semantics describe no kernel; see Semantics.Valid")
	}
	if err := c.valid(); err != nil {
		return raceRun{}, raceState{}, err
	}
	return raceRun{ops: raceOps(sem), oneCPU: c.OneCPU}, newRaceState(c), nil
}

// A raceNode is a state that was visited: how many schedules lead from it to each result.
type raceNode struct{ results map[RaceResult]uint64 }

type explorer struct {
	raceRun
	known map[raceState]*raceNode
	ends  int
}

// visit explores a state depth first, once.
func (x *explorer) visit(s raceState) *raceNode {
	if n := x.known[s]; n != nil {
		return n
	}
	n := &raceNode{results: map[RaceResult]uint64{}}
	x.known[s] = n
	moved := false
	for _, t := range [...]Thread{ThreadA, ThreadB} {
		if !x.runnable(&s, t) {
			continue
		}
		moved = true
		next := s
		x.step(&next, t)
		for result, count := range x.visit(next).results {
			n.results[result] += count
		}
	}
	if !moved {
		x.ends++
		n.results[s.result()] = 1
	}
	return n
}

// example returns a schedule to a result that stays with one thread while it can.
func (x *explorer) example(s raceState, want RaceResult) Schedule {
	sched := Schedule{start: s, run: x.raceRun}
	for t := ThreadA; s.of(ThreadA).at != stepEnd || s.of(ThreadB).at != stepEnd; {
		if !x.leads(&s, t, want) {
			t = t.other()
		}
		x.step(&s, t)
		sched.Order = append(sched.Order, t)
	}
	return sched
}

// leads reports whether a step of t can still end in want.
func (x *explorer) leads(s *raceState, t Thread, want RaceResult) bool {
	if !x.runnable(s, t) {
		return false
	}
	next := *s
	x.step(&next, t)
	return x.known[next].results[want] > 0
}

// result is what a state in which nobody moves any more amounts to.
func (s *raceState) result() RaceResult {
	r := RaceResult{A: s.of(ThreadA).end, B: s.of(ThreadB).end, TWRecycled: int(s.recycled)}
	if r.A == TookEntry && r.B == TookEntry {
		r.Winner = s.port2[0].chain[0]
	}
	return r
}

// place is where a thread stands in words, for errors.
func (r *raceRun) place(s *raceState, t Thread) string {
	at := s.of(t).at
	if at == stepEnd {
		return fmt.Sprintf("%v is through", t)
	}
	if lock, holder := s.blocked(&r.ops[at], t); holder != 0 {
		return fmt.Sprintf("%v is before %s and needs the %v, which %v holds", t, r.ops[at].ID, lock, holder)
	}
	return fmt.Sprintf("%v is before %s%s", t, r.ops[at].ID, words.Pick(r.runnable(s, t), "", " and there is one CPU"))
}
