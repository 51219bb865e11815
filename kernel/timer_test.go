package kernel

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func clockOf(t testing.TB, release string, hz int) Clock {
	t.Helper()
	c, err := NewClock(MustParse(release).Semantics(), hz)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	slackKernel  = "4.7" // the last with exact timers and slack
	coarseKernel = "4.8" // the first with the non-cascading wheel
)

var allHZ = []int{100, 250, 300, 1000}

func TestNewClockRefuses(t *testing.T) {
	s := MustParse("6.1").Semantics()
	for _, hz := range []int{0, -250, 1, 99, 251, 512, 1024} {
		if _, err := NewClock(s, hz); err == nil || !strings.Contains(err.Error(), "100, 250, 300, 1000") {
			t.Errorf("HZ %d: %v", hz, err)
		}
	}
	if _, err := NewClock(Semantics{}, 250); err == nil || !strings.Contains(err.Error(), "zero Semantics") {
		t.Errorf("zero Semantics: %v", err)
	}
	for _, hz := range allHZ {
		if c := clockOf(t, "6.1", hz); c.HZ() != hz || c.Tick() != time.Second/time.Duration(hz) {
			t.Errorf("HZ %d: %d, tick %v", hz, c.HZ(), c.Tick())
		}
	}
}

func TestJiffiesStartFiveMinutesBeforeTheirWrap(t *testing.T) {
	for _, hz := range allHZ {
		c := clockOf(t, "6.1", hz)
		if got := int32(c.Jiffies32(0)); got != int32(-300*hz) {
			t.Errorf("HZ %d: jiffies start at %d", hz, got)
		}
		if got := c.Jiffies32(300 * time.Second); got != 0 {
			t.Errorf("HZ %d: jiffies after 300 s: %d", hz, got)
		}
		if got := c.Jiffies32(300*time.Second - 1); got != 1<<32-1 {
			t.Errorf("HZ %d: jiffies just before 300 s: %d", hz, got)
		}
		if got := c.Jiffies(300 * time.Second); got != 1<<32 {
			t.Errorf("HZ %d: 64-bit jiffies after 300 s: %d", hz, got)
		}
		if c.Jiffies(-time.Second) != c.Jiffies(0) {
			t.Errorf("HZ %d: jiffies before boot: %d", hz, c.Jiffies(-time.Second))
		}
	}
}

func TestJiffiesAgainstCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hz := rapid.SampledFrom(allHZ).Draw(t, "hz")
		c, err := NewClock(MustParse("6.1").Semantics(), hz)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Duration(rapid.Int64Range(0, int64(2000*24*time.Hour)).Draw(t, "now"))
		n := c.Jiffies(now) - c.Jiffies(0)
		// n jiffies have passed, n+1 have not: n/hz <= now < (n+1)/hz, without division.
		sec, ns := uint64(now/time.Second), uint64(now%time.Second)
		done := sec*uint64(hz)*1e9 + ns*uint64(hz)
		if n*1e9 > done || (n+1)*1e9 <= done {
			t.Fatalf("HZ %d at %v: %d jiffies", hz, now, n)
		}
	})
}

// A wheel is a deliberately plain simulation of the non-cascading wheel: nine
// levels of 64 lists, level n looked at every 8^n jiffies, one list at a time.
type wheel struct {
	now   uint64
	lists [9][64][]uint64 // of timers, each known by the jiffy it was armed for
}

func (w *wheel) arm(delay uint64) {
	expires := w.now + delay
	reach := []uint64{63, 504, 4032, 32256, 258048, 2064384, 16515072, 132120576, 1 << 62}
	for level, limit := range reach {
		if delay >= limit {
			continue
		}
		step := uint64(1)
		for range level {
			step *= 8
		}
		list := (expires/step + 1) % 64
		w.lists[level][list] = append(w.lists[level][list], expires)
		return
	}
}

// tick moves one jiffy on, and reports whether a timer fired.
func (w *wheel) tick() (fired bool) {
	w.now++
	step := uint64(1)
	for level := range w.lists {
		if w.now%step != 0 {
			break
		}
		list := &w.lists[level][w.now/step%64]
		fired = fired || len(*list) > 0
		*list = nil
		step *= 8
	}
	return fired
}

func TestCoarseTimersAgainstAWheel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hz := rapid.SampledFrom(allHZ).Draw(t, "hz")
		c, err := NewClock(MustParse(coarseKernel).Semantics(), hz)
		if err != nil {
			t.Fatal(err)
		}
		// Delays around the edges of the levels, and others.
		edge := rapid.SampledFrom([]uint64{1, 63, 504, 4032, 32256}).Draw(t, "edge")
		delay := rapid.OneOf(rapid.Uint64Range(edge-1, edge+1), rapid.Uint64Range(0, 40000)).Draw(t, "delay")
		start := rapid.Uint64Range(0, 1<<22).Draw(t, "start")

		w := wheel{now: c.Jiffies(0) + start}
		w.arm(delay)
		ticks := uint64(1)
		for !w.tick() {
			ticks++
		}
		now := c.at(start)
		got := c.TimerExpiry(now, c.at(delay), TimerSlack)
		if want := c.at(start + ticks); got != want {
			t.Fatalf("HZ %d: %d jiffies armed at %d fire at %v, in the wheel %d jiffies later, at %v", hz, delay, start, got, ticks, want)
		}
		if exact := c.TimerExpiry(now, c.at(delay), TimerExact); exact != got {
			t.Fatalf("armed without slack it fires at %v, with it at %v", exact, got)
		}
	})
}

// Never early, and late by one step of the level at most; within TimerBounds.
func TestTimersAreNeverEarly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hz := rapid.SampledFrom(allHZ).Draw(t, "hz")
		release := rapid.SampledFrom([]string{slackKernel, coarseKernel}).Draw(t, "release")
		kind := rapid.SampledFrom([]TimerKind{TimerExact, TimerSlack}).Draw(t, "kind")
		c, err := NewClock(MustParse(release).Semantics(), hz)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "now"))
		d := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "d"))
		took := c.TimerExpiry(now, d, kind) - now
		lo, hi := c.TimerBounds(d, kind)
		if took < lo || took > hi {
			t.Fatalf("%v takes %v, outside %v to %v", d, took, lo, hi)
		}
		// Arming looks at whole jiffies only: what is left of this one is a gain.
		if took <= d-c.Tick()-1 {
			t.Fatalf("%v takes %v, more than a jiffy early", d, took)
		}
		if release == coarseKernel {
			step := c.Tick() + 1
			for range c.WheelLevel(d) {
				step *= 8
			}
			if took < d {
				t.Fatalf("%v takes %v", d, took)
			}
			if took > d+c.Tick()+step+1 {
				t.Fatalf("%v takes %v, later than a step of %v", d, took, step)
			}
		} else if c.WheelLevel(d) != 0 {
			t.Fatalf("level %d on a kernel without levels", c.WheelLevel(d))
		}
	})
}

func TestWheelLevels(t *testing.T) {
	c := clockOf(t, coarseKernel, 1000)
	for level, first := range []int{0, 63, 504, 4032, 32256, 258048, 2064384, 16515072, 132120576} {
		at := time.Duration(first) * time.Millisecond
		if got := c.WheelLevel(at); got != level {
			t.Errorf("%v is on level %d, want %d", at, got, level)
		}
		if first > 0 {
			if got := c.WheelLevel(at - time.Millisecond); got != level-1 {
				t.Errorf("a jiffy less than %v is on level %d, want %d", at, got, level-1)
			}
		}
	}
	if got := c.WheelLevel(2000 * time.Hour); got != 8 {
		t.Errorf("2000 h are on level %d", got)
	}
}

// What was seen at HZ=250 since 4.8: 60 s take 60 s to 62.048 s, 3 s and 10 s up
// to 0.256 s more.
func TestCoarseTimersAsObserved(t *testing.T) {
	c := clockOf(t, "5.10.223", 250)
	for _, o := range []struct{ d, late time.Duration }{
		{time.Second, 32 * time.Millisecond},
		{3 * time.Second, 256 * time.Millisecond},
		{10 * time.Second, 256 * time.Millisecond},
		{60 * time.Second, 2048 * time.Millisecond},
	} {
		lo, hi := c.TimerBounds(o.d, TimerSlack)
		if lo != o.d || hi != o.d+o.late {
			t.Errorf("%v: %v to %v", o.d, lo, hi)
		}
		// Over all phases of the counter, from the beginning of a jiffy; armed late in one,
		// nearly a jiffy less.
		least, most := time.Hour, time.Duration(0)
		for n := range uint64(1 << 10) {
			took := c.TimerExpiry(c.at(n), o.d, TimerSlack) - c.at(n)
			least, most = min(least, took), max(most, took)
		}
		late := c.TimerExpiry(c.at(1<<10-1)-1, o.d, TimerSlack) - c.at(1<<10-1) + 1
		if least != o.d+c.Tick() || most != hi || late <= lo {
			t.Errorf("%v takes %v to %v", o.d, least, most)
		}
	}
}

// Slack, one candidate after the other: of the jiffies above the expiry and up to
// 1/256 of the delay beyond it, the one that the most powers of two divide.
func TestSlackAgainstSearch(t *testing.T) {
	c := clockOf(t, slackKernel, 1000)
	rapid.Check(t, func(t *rapid.T) {
		start := rapid.Uint64Range(0, 1<<22).Draw(t, "start")
		delay := rapid.OneOf(rapid.Uint64Range(254, 258), rapid.Uint64Range(0, 200000)).Draw(t, "delay")
		expires := c.Jiffies(0) + start + delay
		want := max(expires, c.Jiffies(0)+start+1)
		best := -1
		for x := expires + 1; x <= expires+delay/256; x++ {
			zeros := 0
			for y := x; y%2 == 0; y /= 2 {
				zeros++
			}
			if zeros > best {
				want, best = x, zeros
			}
		}
		got := c.TimerExpiry(c.at(start), c.at(delay), TimerSlack)
		if got != c.at(want-c.Jiffies(0)) {
			t.Fatalf("%d jiffies at %d fire at %v, want jiffy %d", delay, start, got, want-c.Jiffies(0))
		}
		if exact := c.TimerExpiry(c.at(start), c.at(delay), TimerExact); exact != c.at(start+max(delay, 1)) {
			t.Fatalf("%d jiffies at %d without slack fire at %v", delay, start, exact)
		}
	})
}

func TestBoundsOfExactTimers(t *testing.T) {
	c := clockOf(t, slackKernel, 1000)
	for _, o := range []struct {
		kind  TimerKind
		d, hi time.Duration
	}{
		{TimerExact, 10 * time.Second, 10 * time.Second},
		{TimerSlack, 10 * time.Second, 10*time.Second + 39*time.Millisecond},
		{TimerSlack, 255 * time.Millisecond, 255 * time.Millisecond},
		{TimerSlack, 256 * time.Millisecond, 257 * time.Millisecond},
		{TimerExact, 256 * time.Millisecond, 256 * time.Millisecond},
	} {
		if lo, hi := c.TimerBounds(o.d, o.kind); lo != o.d-time.Millisecond || hi != o.hi {
			t.Errorf("%v: %v to %v, want up to %v", o.d, lo, hi, o.hi)
		}
	}
}

func TestDelaysAreRoundedUpToJiffies(t *testing.T) {
	c := clockOf(t, slackKernel, 250)
	for _, o := range []struct{ d, want time.Duration }{
		{-time.Second, 4 * time.Millisecond}, // the next jiffy
		{0, 4 * time.Millisecond},
		{1, 4 * time.Millisecond},
		{4 * time.Millisecond, 4 * time.Millisecond},
		{4*time.Millisecond + 1, 8 * time.Millisecond},
		{time.Second, time.Second},
	} {
		if got := c.TimerExpiry(0, o.d, TimerExact); got != o.want {
			t.Errorf("%v fires at %v, want %v", o.d, got, o.want)
		}
		// Armed in the middle of a jiffy, the part that has passed counts.
		if got := c.TimerExpiry(3*time.Millisecond, o.d, TimerExact); got != o.want {
			t.Errorf("%v armed at 3 ms fires at %v, want %v", o.d, got, o.want)
		}
	}
	if lo, hi := c.TimerBounds(0, TimerExact); lo != 0 || hi != c.Tick() {
		t.Errorf("no delay: %v to %v", lo, hi)
	}
}
