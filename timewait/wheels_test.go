package timewait

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

// What the table keeps of one timer for the next is what the clock would say anew.
func TestExpiryIsThatOfTheClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom([]string{"4.4", "6.12"}).Draw(t, "release")
		hz := rapid.SampledFrom([]int{100, 250, 300, 1000}).Draw(t, "HZ")
		tab, err := New(Config{Semantics: *semOf(release), HZ: hz, Sysctls: must(kernel.Defaults(kernel.MustParse(release), kernel.Machine{MemoryBytes: 1 << 30}))})
		if err != nil {
			t.Fatal(err)
		}
		jiffy := tab.clock.TimerExpiry(0, 0, kernel.TimerExact)
		for range 20 {
			if rapid.Bool().Draw(t, "at a jiffy") {
				tab.now = tab.clock.TimerExpiry(tab.now, 0, kernel.TimerExact)
			} else {
				tab.now += time.Duration(rapid.Int64Range(0, int64(jiffy)).Draw(t, "ns"))
			}
			timeout := rapid.SampledFrom([]time.Duration{0, time.Second, Length, 2 * Length}).Draw(t, "timeout")
			due := tab.clock.TimerExpiry(tab.now, timeout, kernel.TimerExact)
			if x := tab.expiry(timeout); x.due != due || x.jiffy != tab.clock.Jiffies(due) || x.level != tab.clock.WheelLevel(timeout) {
				t.Fatalf("%v at %v: %+v, should be due at %v", timeout, tab.now, *x, due)
			}
		}
	})
}

// shortest is a socket whose entry lasts 3.5 ms, so that it is on the lowest level.
func shortest(remote string) Socket {
	return Socket{Local: ours, Remote: netip.MustParseAddrPort(remote), State: FinWait2, RTO: time.Millisecond}
}

// The bucket that fires first may be any, number 0 as well.
func TestFirstBucket(t *testing.T) {
	long := Socket{Local: ours, Remote: theirs, State: TimeWait}
	zero := false
	for jiffy := range 64 {
		now := time.Second + time.Duration(jiffy)*4*time.Millisecond
		for _, asked := range []bool{false, true} {
			tab := newTable(t, "6.12", nil)
			next := func() time.Duration {
				due, ok := tab.Next()
				if !ok {
					t.Fatal("no timer")
				}
				return due
			}
			must(tab.Enter(now, shortest("10.1.1.1:1")))
			zero = zero || tab.s.at(0).bucket() == 0
			want := tab.clock.TimerExpiry(now, Floor(time.Millisecond), kernel.TimerExact)
			if asked && next() != want {
				t.Fatalf("due at %v, want %v", next(), want)
			}
			must(tab.Enter(now, long))
			if got := next(); got != want {
				t.Fatalf("due at %v, want %v", got, want)
			}
			if n := must(tab.Advance(want, nil)); n != 1 || next() < now+Length {
				t.Fatalf("%d ended, the next is due at %v", n, next())
			}
		}
	}
	if !zero {
		t.Error("no entry was in bucket 0")
	}
}

// In one jiffy the higher level ends first, in whichever order they were armed, and
// whether or not somebody asked for the next timer in between.
func TestHigherLevelFirst(t *testing.T) {
	high := shortest("10.2.2.2:2")
	high.Timeout = 400 * time.Millisecond // level 1: due at a multiple of eight jiffies
	for _, asked := range []bool{false, true} {
		for _, armedFirst := range []string{"high", "low"} {
			tab := newTable(t, "6.12", nil)
			now := time.Second
			must(tab.Enter(now, high))
			due := tab.clock.TimerExpiry(now, high.Timeout, kernel.TimerExact)
			at := due - 20*time.Millisecond
			low := shortest("10.1.1.1:1")
			for tab.clock.TimerExpiry(at, Floor(low.RTO), kernel.TimerExact) < due {
				at += 4 * time.Millisecond
			}
			if asked {
				tab.Next()
			}
			must(tab.Enter(at, low))
			if armedFirst == "low" { // the other one comes once more
				w, b := tab.w.(*coarseWheel), tab.s.at(0).bucket()
				w.cancel(0)
				if asked {
					tab.Next()
				}
				w.put(b, due, 0)
			}
			var order []uint16
			must(tab.Advance(due, func(e Ended) { order = append(order, e.Remote.Port()) }))
			if !slices.Equal(order, []uint16{2, 1}) {
				t.Errorf("asked %v, %s armed first: ended in the order %v", asked, armedFirst, order)
			}
		}
	}
}

// An entry of 4 s counts TWKilled, one of a jiffy more TW; to 5.17 when it ends.
func TestFourSecondsAreShort(t *testing.T) {
	for release, atEntry := range map[string]bool{"4.4": false, "5.10": false, "6.12": true} {
		for _, c := range []struct {
			timeout time.Duration
			want    kernel.Counter
		}{{killedLimit, kernel.TWKilled}, {killedLimit + 1, kernel.TW}} {
			tab := newTable(t, release, nil)
			v := must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: FinWait2, Timeout: c.timeout}))
			if v.Counters.Has(c.want) != atEntry {
				t.Errorf("%s: %v at entry counts %v", release, c.timeout, v.Counters)
			}
			must(tab.Advance(20*time.Second, nil))
			var want kernel.Counters
			want.Add(c.want, 1)
			if tab.Counters() != want {
				t.Errorf("%s: %v counted %v, want %v", release, c.timeout, tab.Counters(), want)
			}
		}
	}
}
