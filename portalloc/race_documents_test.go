package portalloc

import (
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

var raceReleases = []struct {
	name string
	race bool
	rto  time.Duration
}{
	{"2.6.32", true, 3 * time.Second}, {"2.6.32.69", true, 3 * time.Second},
	{"2.6.32-71.el6.x86_64", true, 3 * time.Second}, {"2.6.32-220.el6.x86_64", true, 3 * time.Second},
	{"2.6.32-279.el6.x86_64", true, time.Second}, {"2.6.32-358.el6.x86_64", true, time.Second},
	{"2.6.32-431.el6.x86_64", false, 0}, {"2.6.32-504.el6.x86_64", false, 0}, {"2.6.33", false, 0}, {"3.10.108", false, 0}, {"6.18.44", false, 0},
}

// D2: the TIME_WAIT entry is removed after the unlock, so two connects may take it; the
// socket that is inserted second gets every answer. Of every outcome of every kernel.
func TestD2RemovalOfTheTimeWaitEntryAfterTheUnlock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(raceReleases).Draw(t, "release")
		sem := kernel.MustParse(r.name).Semantics()
		c := RaceConfig{
			Entry:    rapid.SampledFrom([]RaceEntry{EntryTaken, EntryRefused, EntryAbsent}).Draw(t, "entry"),
			FreePort: rapid.Bool().Draw(t, "free port"), OneCPU: rapid.Bool().Draw(t, "one CPU"),
		}
		race, err := ExploreRace(&sem, c)
		if err != nil {
			t.Fatal(err)
		}
		if want := r.race && c.Entry == EntryTaken && !c.OneCPU; (race.Doubles > 0) != want {
			t.Fatalf("%s, %v: %d doubles", r.name, c, race.Doubles)
		}
		var sum uint64
		for _, o := range race.Outcomes {
			sum += o.Schedules
			if !o.Double() {
				continue
			}
			var second Thread
			for _, m := range o.Example.Moves() {
				if m.Step.ID == "S5" {
					second = m.Thread
				}
			}
			if o.Winner != second || o.TWRecycled != 2 || o.A != TookEntry || o.B != TookEntry {
				t.Fatalf("%s: %v wins, %v was inserted second; TWRecycled %d", r.name, o.Winner, second, o.TWRecycled)
			}
		}
		if sum != race.Interleavings {
			t.Fatalf("outcomes of %d interleavings of %d", sum, race.Interleavings)
		}
	})
}

// D2: the second SYN is sent again after 3 s, or 1 s; it is a connection then if the
// winner's has been closed, later if it is closed later, and ETIMEDOUT if never.
func TestD2TheSecondSYNIsSentAgainAfterThreeSeconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(raceReleases).Draw(t, "release")
		sem := kernel.MustParse(r.name).Semantics()
		closed := time.Duration(rapid.Int64Range(0, int64(80*time.Second)).Draw(t, "closed"))
		s, err := Starve(&sem, kernel.DefaultSYNTimer(&sem), closed)
		if !r.race {
			if err == nil {
				t.Fatalf("%s: %v", r.name, s)
			}
			return
		}
		if err != nil || s.Resent[0] != r.rto {
			t.Fatalf("%s: %v %v", r.name, s, err)
		}
		// A second model: the waits double; five retransmissions by count, two on kernels
		// that give up by a time that is too short.
		at, wait, n := time.Duration(0), r.rto, 5
		if r.rto == 3*time.Second {
			n = 2
		}
		for range n {
			if at += wait; at >= closed {
				if !s.Connected || s.At != at {
					t.Fatalf("%s, closed after %v: %v, want a connection after %v", r.name, closed, s, at)
				}
				return
			}
			wait *= 2
		}
		if s.Connected || s.At != at+wait {
			t.Fatalf("%s, closed after %v: %v, want ETIMEDOUT after %v", r.name, closed, s, at+wait)
		}
	})
}
