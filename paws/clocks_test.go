package paws

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What the clocks show is what they would show if they were read at every call, over the
// edges of jiffies and of seconds of the wall clock, and after it was set.
func TestClocksAreReadInTime(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		c := recycling(tt, "4.4.155", func(cfg *Config) {
			cfg.HZ = rapid.SampledFrom([]int{100, 250, 300, 1000}).Draw(t, "HZ")
			cfg.Wall = time.Duration(rapid.Int64Range(0, 3e9).Draw(t, "wall"))
		})
		now := time.Duration(0)
		for range rapid.IntRange(1, 50).Draw(t, "calls") {
			now += time.Duration(rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, 2e6), rapid.Int64Range(3_333_330, 3_333_336), rapid.Int64Range(0, 2e9)).Draw(t, "wait"))
			if rapid.IntRange(0, 5).Draw(t, "set") == 0 {
				if err := c.SetWall(now, time.Duration(rapid.Int64Range(0, 3e9).Draw(t, "wall"))); err != nil {
					t.Fatal(err)
				}
			} else if _, _, err := c.Fetch(now, client, server); err != nil {
				t.Fatal(err)
			}
			if c.jiffies != c.ticks.Jiffies(now) || c.second != c.seconds(now) || c.Now() != now {
				t.Fatalf("at %v: jiffy %d of second %d, want %d of %d", now, c.jiffies, c.second, c.ticks.Jiffies(now), c.seconds(now))
			}
		}
	})
}

// Remember is false where nothing is remembered: for a minisock's host without an entry,
// where the sysctl is off, and for what would be an error.
func TestRememberNothing(t *testing.T) {
	c := recycling(t, "3.10.108")
	if c.Remember(0, server.Unmap(), client, 5, 5, true) || c.Len() != 0 {
		t.Error("a minisock made an entry")
	}
	if !c.Remember(time.Second, server, client, 5, 5, false) || !c.Remember(time.Second, server, client, 6, 6, true) {
		t.Error("not remembered")
	}
	if c.Remember(0, server, client, 7, 7, false) || c.Remember(time.Second, server, netip.Addr{}, 7, 7, false) {
		t.Error("remembered in the past, or nobody")
	}
	if h, _, _ := c.Host(client, server); h != (Host{6, 6}) {
		t.Error(h)
	}
	off := recycling(t, "3.10.108", func(cfg *Config) { cfg.Sysctls.TCPTwRecycle = 0 })
	if off.Remember(0, server, client, 5, 5, false) {
		t.Error("remembered without the sysctl")
	}
}
