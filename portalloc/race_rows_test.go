package portalloc

import (
	"fmt"
	"testing"

	"example.com/linuxtcp/kernel"
)

// raceRows has for each row of the race a scenario that gives different answers with and
// without it.
var raceRows = map[string]func(s *kernel.Semantics) any{
	"tw-taken-unhashed-locked": func(s *kernel.Semantics) any {
		r, err := ExploreRace(s, RaceConfig{Entry: EntryTaken})
		return fmt.Sprint(HasRace(s), r.Doubles > 0, err)
	},
	"tw-taken-unbound-locked": func(s *kernel.Semantics) any { return fmt.Sprint(RaceSteps(s)) },
	// A row of package timewait that this one looks at too.
	"tw-recycled-taken": func(s *kernel.Semantics) any {
		run, state, err := newRaceRun(s, RaceConfig{Entry: EntryAbsent})
		if err != nil {
			return err
		}
		state.port2[0].bucket = true // another destination has the port
		for run.runnable(&state, ThreadA) {
			run.step(&state, ThreadA)
		}
		return state.recycled
	},
}

func TestEveryRaceRowIsExercised(t *testing.T) {
	for id, scenario := range raceRows {
		c, ok := kernel.ChangeByID(id)
		if !ok {
			t.Errorf("%s is no row", id)
			continue
		}
		without := kernel.MustParse("2.6.32").Semantics()
		with := without
		c.Apply(&with)
		if a, b := scenario(&without), scenario(&with); a == b {
			t.Errorf("%s makes no difference: %v", id, a)
		}
	}
}
