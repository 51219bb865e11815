package timewait

import (
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
