package timewait

import "testing"

// walk is the decision table as it is read: rows in order, the first of the state with a
// term that holds.
func walk(state State, f facts) *row {
	for i := range decisions {
		r := &decisions[i]
		if r.state != state {
			continue
		}
		if r.when == nil {
			return r
		}
		for _, t := range r.when {
			if t.holds(f) {
				return r
			}
		}
	}
	return nil
}

func TestIndexIsTheTable(t *testing.T) {
	reached := map[*row]bool{}
	for state := range TimeWait + 3 {
		for i := range 1 << 16 {
			f := facts(i)
			got, want := rowIndex.match(state, f), walk(state, f)
			if got != want {
				t.Fatalf("%v, %016b: %+v, want %+v", state, f, got, want)
			}
			reached[got] = true
		}
	}
	if len(reached) != len(decisions)+1 {
		t.Errorf("%d of %d rows and none", len(reached), len(decisions))
	}
}
