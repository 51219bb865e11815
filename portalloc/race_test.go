package portalloc

import (
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/timewait"
	"pgregory.net/rapid"
)

func kernelNamed(name string) *kernel.Semantics {
	s := kernel.MustParse(name).Semantics()
	return &s
}

// raceKernels have the three orders.
var raceKernels = []string{"2.6.32", "2.6.32-431.el6.x86_64", "2.6.33"}

func raceConfigs() (all []RaceConfig) {
	for e := EntryTaken; e <= EntryAbsent; e++ {
		for _, free := range []bool{false, true} {
			for _, one := range []bool{false, true} {
				all = append(all, RaceConfig{Entry: e, FreePort: free, OneCPU: one})
			}
		}
	}
	return all
}

func explore(t testing.TB, sem *kernel.Semantics, c RaceConfig) Race {
	t.Helper()
	r, err := ExploreRace(sem, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A second model, written as a program and not as a table: each thread is a coroutine
// that gives the lock it wants before each of its steps, and the world is plain
// variables. It knows 2.6.32 and what was fixed.

type dumbWorld struct {
	lateHash, lateBind, countsAll bool
	hint, ports                   int
	refuses                       bool
	locks                         map[string]bool
	bucket                        [2]bool
	entry                         [2]bool // in the hash
	chain                         [2][]string
	port                          map[string]int
	took                          map[string]bool
	recycled                      int
}

func newDumbWorld(name string, c RaceConfig) *dumbWorld {
	w := &dumbWorld{ports: 1, locks: map[string]bool{}, port: map[string]int{}, took: map[string]bool{}}
	w.lateHash = name == "2.6.32"
	w.lateBind = name != "2.6.33"
	w.countsAll = name == "2.6.32"
	if c.FreePort {
		w.ports = 2
	}
	if c.Entry != EntryAbsent {
		w.bucket[0], w.entry[0] = true, true
		w.refuses = c.Entry == EntryRefused
	}
	return w
}

func (w *dumbWorld) connect(me string) iter.Seq[string] {
	return func(yield func(wants string) bool) {
		var stopped bool
		step := func(wants string) {
			if !stopped && !yield(wants) {
				stopped = true
			}
		}
		w.port[me] = -1
		step("")
		start := w.hint
		for i := range w.ports {
			p := (start + i) % w.ports
			bind, hash := "bind"+string(rune('0'+p)), "hash"+string(rune('0'+p))
			step(bind)
			w.locks[bind] = true
			step("")
			if !w.bucket[p] {
				step("")
				w.bucket[p] = true
				w.hint = (w.hint + i + 1) % w.ports
				step(hash)
				w.chain[p] = append(w.chain[p], me)
			} else {
				step(hash)
				w.locks[hash] = true
				step("")
				ok := len(w.chain[p]) == 0
				if w.entry[p] {
					ok = !w.refuses
					w.took[me] = ok
				}
				if !ok {
					step("")
					w.locks[hash] = false
					step("")
					w.locks[bind] = false
					continue
				}
				step("")
				w.chain[p] = append(w.chain[p], me)
				if w.took[me] && !w.lateHash {
					w.entry[p] = false
				}
				step("")
				w.locks[hash] = false
				if w.took[me] || w.countsAll {
					w.recycled++
				}
				step("")
				w.hint = (w.hint + i + 1) % w.ports
			}
			step("")
			w.locks[bind] = false
			if w.took[me] {
				step("")
				if w.lateHash {
					step(hash)
					removed := w.entry[p]
					w.entry[p] = false
					if removed {
						step(bind)
					}
				} else if w.lateBind {
					step(bind)
				}
				step("")
			}
			step("")
			step("")
			w.port[me] = p
			return
		}
	}
}

func (w *dumbWorld) result() RaceResult {
	end := func(me string) RaceEnd {
		switch {
		case w.port[me] == -1:
			return NoPort
		case w.took[me]:
			return TookEntry
		}
		return GotFreePort
	}
	r := RaceResult{A: end("A"), B: end("B"), TWRecycled: w.recycled}
	if w.port["A"] >= 0 && w.port["A"] == w.port["B"] {
		r.Winner = ThreadA
		if w.chain[w.port["A"]][1] == "B" {
			r.Winner = ThreadB
		}
	}
	return r
}

// dumbRun runs both threads to their ends. choose picks one of those that can move.
func dumbRun(name string, c RaceConfig, choose func(can []Thread) Thread) (RaceResult, []Thread) {
	w := newDumbWorld(name, c)
	var next [2]func() (string, bool)
	var wants [2]string
	var alive, begun [2]bool
	for i, me := range []string{"A", "B"} {
		n, stop := iter.Pull(w.connect(me))
		defer stop()
		next[i] = n
		wants[i], alive[i] = n()
	}
	var order []Thread
	for {
		var can []Thread
		for i := range 2 {
			waits := c.OneCPU && !begun[i] && begun[1-i] && alive[1-i]
			if alive[i] && !w.locks[wants[i]] && !waits {
				can = append(can, Thread(i+1))
			}
		}
		if len(can) == 0 {
			if alive[0] || alive[1] {
				panic("deadlock")
			}
			return w.result(), order
		}
		t := choose(can)
		order = append(order, t)
		begun[t-1] = true
		wants[t-1], alive[t-1] = next[t-1]()
	}
}

// All interleavings of the second model, one after the other, are as many as the
// explorer counts, with the same results.
func TestExploreRaceAgainstEveryInterleavingOfASecondModel(t *testing.T) {
	for _, name := range raceKernels {
		for _, c := range raceConfigs() {
			race := explore(t, kernelNamed(name), c)
			if race.Interleavings > 100_000 {
				continue // the random scheduler below looks at these
			}
			results := map[RaceResult]uint64{}
			var prefix []int // which of the threads that can move does
			for {
				depth, widths := 0, []int{}
				result, _ := dumbRun(name, c, func(can []Thread) Thread {
					if depth == len(prefix) {
						prefix = append(prefix, 0)
					}
					widths = append(widths, len(can))
					depth++
					return can[prefix[depth-1]]
				})
				results[result]++
				last := len(prefix) - 1
				for last >= 0 && prefix[last]+1 == widths[last] {
					last--
				}
				if last < 0 {
					break
				}
				prefix = prefix[:last+1]
				prefix[last]++
			}
			want := map[RaceResult]uint64{}
			var sum, doubles uint64
			for _, o := range race.Outcomes {
				want[o.RaceResult] = o.Schedules
				sum += o.Schedules
				if o.Double() {
					doubles += o.Schedules
				}
			}
			if !maps.Equal(results, want) || sum != race.Interleavings || doubles != race.Doubles {
				t.Errorf("%s: explorer:\n%v\nsecond model: %v", name, race, results)
			}
		}
	}
}

// Random schedules of the second model can be run by the first, end alike, and find no
// result that the explorer does not list, nor miss one.
func TestExploreRaceAgainstARandomScheduler(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, name := range raceKernels {
		for _, c := range raceConfigs() {
			sem := kernelNamed(name)
			race := explore(t, sem, c)
			seen := map[RaceResult]bool{}
			for range 1000 {
				result, order := dumbRun(name, c, func(can []Thread) Thread { return can[rng.IntN(len(can))] })
				seen[result] = true
				sched, got, err := RunRace(sem, c, order)
				if err != nil || got != result {
					t.Fatalf("%s, %v: %v (%v), want %v\n%v", name, c, got, err, result, order)
				}
				if double := gapHit(sched); double != got.Double() {
					t.Fatalf("%s: in the gap %v, double %v\n%v", name, double, got.Double(), sched)
				}
			}
			listed := map[RaceResult]bool{}
			for _, o := range race.Outcomes {
				listed[o.RaceResult] = true
			}
			if !maps.Equal(seen, listed) {
				t.Errorf("%s: random schedules end with %v, the explorer has\n%v", name, seen, race)
			}
		}
	}
}

// gapHit is the exact condition of the race: one thread's S3 to S6 lie after the other's
// S8 and before its S10, and it finds the entry.
func gapHit(s Schedule) bool {
	at := map[string]int{}
	for i, m := range s.Moves() {
		at[m.Thread.String()+m.Step.ID] = i + 1
	}
	in := func(x, y string) bool {
		return at[y+"S5"] > 0 && at[x+"S10"] > 0 && at[x+"S8"] < at[y+"S3"] && at[y+"S6"] < at[x+"S10"]
	}
	return in("A", "B") || in("B", "A")
}

// D2: removal of the TIME_WAIT bucket after the unlock: two connects may take one
// bucket. To 2.6.32 and RHEL 6.4; not from 2.6.33 and RHEL 6.5 on.
func TestTheRaceIsInTheReleasesThatHaveIt(t *testing.T) {
	racy := strings.Fields("2.6.32 2.6.32.2 2.6.32.67 2.6.32.69 2.6.32-71.el6.x86_64 2.6.32-131.el6.x86_64 2.6.32-220.el6.x86_64 2.6.32-279.el6.x86_64 2.6.32-357.el6.x86_64 2.6.32-358.el6.x86_64 2.6.32-383.el6.x86_64")
	fixed := strings.Fields("2.6.33 2.6.34 2.6.32-384.el6.x86_64 2.6.32-431.el6.x86_64 2.6.32-458.el6.x86_64 2.6.32-459.el6.x86_64 2.6.32-504.el6.x86_64 2.6.32-642.el6.x86_64 3.10.108 3.10.0-1160.el7.x86_64 4.4.155 6.1.192 7.2.13")
	for _, name := range append(racy, fixed...) {
		want := slices.Contains(racy, name)
		sem := kernelNamed(name)
		if HasRace(sem) != want {
			t.Errorf("%s has the race: %v", name, HasRace(sem))
		}
		for _, c := range raceConfigs() {
			doubles := want && c.Entry == EntryTaken && !c.OneCPU
			if race := explore(t, sem, c); (race.Doubles > 0) != doubles {
				t.Errorf("%s: %v", name, race)
			}
		}
	}
}

// The number of interleavings and what they end with, for the situation in which the race was
// reproduced: one port.
func TestRaceNumbers(t *testing.T) {
	for _, c := range []struct {
		release                string
		free                   bool
		interleavings, doubles uint64
		outcomes               int
	}{
		{"2.6.32", false, 94420, 92036, 4},
		{"2.6.32", true, 126310, 72800, 4},
	} {
		r := explore(t, kernelNamed(c.release), RaceConfig{Entry: EntryTaken, FreePort: c.free})
		if r.Interleavings != c.interleavings || r.Doubles != c.doubles || len(r.Outcomes) != c.outcomes {
			t.Errorf("%s: %v", c.release, r)
		}
		for _, o := range r.Outcomes {
			want := 1
			if o.Double() {
				want = 2
			}
			if o.TWRecycled != want {
				t.Errorf("%v", o.RaceResult)
			}
		}
	}
}

func threads(text string) (order []Thread) {
	for _, r := range text {
		if r != ' ' {
			order = append(order, Thread(r-'A'+1))
		}
	}
	return order
}

// The schedule that the wait for the port's lock makes likely.
func TestTheLoserOfThePortsLockWinsTheConnection(t *testing.T) {
	sem, c := kernelNamed("2.6.32-220.el6.x86_64"), RaceConfig{Entry: EntryTaken}
	order := threads("AB A AAAAA AA BB BB BB BB AAAA BBB AA BB")
	sched, result, err := RunRace(sem, c, order)
	want := RaceResult{A: TookEntry, B: TookEntry, Winner: ThreadB, TWRecycled: 2}
	if err != nil || result != want {
		t.Fatalf("%v (%v)\n%v", result, err, sched)
	}
	// While A has the lock B cannot move, and the order stops there.
	for n := 3; n < 10; n++ {
		_, _, err := RunRace(sem, c, append(slices.Clone(order[:n]), ThreadB))
		if err == nil || !strings.Contains(err.Error(), "B is before S1 and needs the port's lock, which A holds") {
			t.Errorf("after %d steps: %v", n, err)
		}
	}
	// The fixed kernel refuses B the port, and then the order has too many steps.
	_, _, err = RunRace(kernelNamed("2.6.33"), c, order)
	if err == nil || !strings.Contains(err.Error(), "is through") {
		t.Error(err)
	}
	_, result, err = RunRace(kernelNamed("2.6.33"), c, threads("AB A AAAAA AA BB BB BB AA AA"))
	if want := (RaceResult{A: TookEntry, B: NoPort, TWRecycled: 1}); err != nil || result != want {
		t.Error(result, err)
	}
}

func TestRaceRefusesBadInput(t *testing.T) {
	sem, good := kernelNamed("2.6.32"), RaceConfig{Entry: EntryTaken}
	for _, c := range []struct {
		sem   *kernel.Semantics
		c     RaceConfig
		order string
		want  string
	}{
		{nil, good, "", "no kernel"},
		{&kernel.Semantics{}, good, "", "no kernel"},
		{sem, RaceConfig{}, "", "Entry is 0"},
		{sem, RaceConfig{Entry: EntryAbsent + 1}, "", "Entry is 4"},
		{sem, good, "", "after 0 steps A is before S0"},
		{sem, good, "AC", "step 2 is of Thread(3)"},
		{sem, RaceConfig{Entry: EntryTaken, OneCPU: true}, "AB", "B is before S0 and there is one CPU"},
	} {
		if _, _, err := RunRace(c.sem, c.c, threads(c.order)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
		if c.order == "" && c.want[:5] != "after" {
			if r, err := ExploreRace(c.sem, c.c); err == nil || r.Outcomes != nil {
				t.Errorf("explored: %v", r)
			}
		}
	}
	if HasRace(nil) || RaceSteps(nil) != nil {
		t.Error("no kernel has the race")
	}
}

// What has to hold for the race besides two threads: what package timewait says of the
// entry, by each setting, with and without timestamps, and at each age.
func TestTheRaceNeedsReuseTimestampsAndAge(t *testing.T) {
	sem := kernelNamed("2.6.32")
	doubles := func(v timewait.Verdict) uint64 {
		c := RaceConfig{Entry: EntryRefused}
		if v.Action == timewait.Take {
			c.Entry = EntryTaken
		}
		return explore(t, sem, c).Doubles
	}
	for _, c := range timewait.ReuseTable(sem) {
		if c.Bound {
			continue // connect() looks for a port here
		}
		if want := c.Timestamps && c.Setting != 0 && c.Old; (doubles(c.Verdict) > 0) != want {
			t.Errorf("%v: race %v", c, !want)
		}
	}
	for age := range uint32(5) {
		v := timewait.DecideReuse(sem, &kernel.Sysctls{TCPTWReuse: 1}, timewait.Reuse{State: timewait.TimeWait, SeenAt: 100, Now: 100 + age})
		if (doubles(v) > 0) != (age >= 2) {
			t.Errorf("%d seconds: %d doubles", age, doubles(v))
		}
	}
}

// In every state that any order of steps reaches: a lock has one holder, a holder is
// between the steps that the lock is held for, nobody waits for ever, and where nobody
// runs any more both are through.
func TestRaceStates(t *testing.T) {
	holdsBind := "S2 S3 S4 S5 S6 S7 S8 N1 N2 X1 X2"
	holdsHash := "S4 S5 S6 X1"
	rapid.Check(t, func(t *rapid.T) {
		sem := kernelNamed(rapid.SampledFrom(raceKernels).Draw(t, "kernel"))
		c := rapid.SampledFrom(raceConfigs()).Draw(t, "config")
		run, s, err := newRaceRun(sem, c)
		if err != nil {
			t.Fatal(err)
		}
		for {
			var can []Thread
			for _, x := range []Thread{ThreadA, ThreadB} {
				if run.runnable(&s, x) {
					can = append(can, x)
				}
				if s.of(x).at == stepEnd {
					continue
				}
				next := run.ops[s.of(x).at].ID
				if p := s.port(x); (p.bind == x) != slices.Contains(strings.Fields(holdsBind), next) ||
					(p.hash == x) != slices.Contains(strings.Fields(holdsHash), next) {
					t.Fatalf("%v before %s holds %v, %v", x, next, p.bind, p.hash)
				}
			}
			if len(can) == 0 {
				break
			}
			run.step(&s, rapid.SampledFrom(can).Draw(t, "thread"))
		}
		if s.threads[0].at != stepEnd || s.threads[1].at != stepEnd {
			t.Fatal("both wait for ever")
		}
		for _, p := range s.port2 {
			if p.bind != 0 || p.hash != 0 {
				t.Fatalf("a lock is kept: %+v", p)
			}
			if c.Entry == EntryTaken && (p.entryHashed || p.entryOwner) || c.Entry == EntryTaken && s.entryTimed {
				t.Fatalf("the entry stays: %+v", s)
			}
		}
	})
}
