package portalloc

import (
	"fmt"
	"strings"

	"example.com/linuxtcp/kernel"
)

// A Schedule is one order in which two connect() calls take their steps. Its String is
// the story. The zero Schedule has no steps.
type Schedule struct {
	// Order has for each step the thread that takes it.
	Order []Thread

	start raceState
	run   raceRun
}

// A Move is one step of a schedule.
type Move struct {
	Thread Thread   // who took it
	Step   RaceStep // what it did
	Note   string   // what came of it: "TWRecycled 2"
}

// String is the move on one line.
func (m Move) String() string {
	line := fmt.Sprintf("%v %-3s %s", m.Thread, m.Step.ID, m.Step.Does)
	if m.Note != "" {
		line += ": " + m.Note
	}
	return line
}

// Moves are the steps in their order.
func (s Schedule) Moves() []Move {
	state := s.start
	moves := make([]Move, 0, len(s.Order))
	for _, t := range s.Order {
		op := &s.run.ops[state.of(t).at]
		s.run.step(&state, t)
		m := Move{Thread: t, Step: op.RaceStep}
		if op.say != nil {
			m.Note = op.say(&state, t)
		}
		moves = append(moves, m)
	}
	return moves
}

// String is one line for each step.
func (s Schedule) String() string {
	var b strings.Builder
	for i, m := range s.Moves() {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(m.String())
	}
	return b.String()
}

// RunRace takes the steps of two connect() calls in a given order, one thread for each
// step until both are through, and returns the schedule and its result. A thread that
// is through or waits for a lock cannot take a step, and an order that ends too soon
// leads nowhere: both are errors that tell where the threads are. So are a zero sem or
// Entry.
//
// Evidence: see [ExploreRace].
func RunRace(sem *kernel.Semantics, c RaceConfig, order []Thread) (Schedule, RaceResult, error) {
	run, state, err := newRaceRun(sem, c)
	if err != nil {
		return Schedule{}, RaceResult{}, err
	}
	sched := Schedule{start: state, run: run, Order: append([]Thread(nil), order...)}
	for i, t := range order {
		if t != ThreadA && t != ThreadB {
			return Schedule{}, RaceResult{}, fmt.Errorf("portalloc: step %d is of %v: must be ThreadA or ThreadB", i+1, t)
		}
		if !run.runnable(&state, t) {
			return Schedule{}, RaceResult{}, fmt.Errorf("portalloc: step %d cannot be of %v: %s", i+1, t, run.place(&state, t))
		}
		run.step(&state, t)
	}
	for t := ThreadA; t <= ThreadB; t++ {
		if state.of(t).at != stepEnd {
			return Schedule{}, RaceResult{}, fmt.Errorf("portalloc: after %d steps %s", len(order), run.place(&state, t))
		}
	}
	return sched, state.result(), nil
}
