package paws

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The timer of inet_peer does in one long pause what it does second by second.
func TestPeerTimerInOneGo(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		threshold := rapid.IntRange(3, 12).Draw(t, "threshold")
		c := recycling(tt, "2.6.32", func(cfg *Config) { cfg.PeerThreshold = threshold })
		now := time.Duration(0)
		for i := range rapid.IntRange(0, 6).Draw(t, "hosts") {
			now += time.Duration(rapid.IntRange(0, 300).Draw(t, "wait")) * time.Second
			if _, _, err := c.EnterTimeWait(now, Closing{From: netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), TS: 5, Stamp: 5}); err != nil {
				t.Fatal(err)
			}
		}
		twin := c.twin()
		end := now + time.Duration(rapid.IntRange(1, 2000).Draw(t, "pause"))*time.Second
		for ; now < end; now += time.Second {
			twin.pass(now)
		}
		twin.pass(end)
		c.pass(end)
		if c.Len() != twin.Len() || c.peers.due != twin.peers.due {
			t.Fatalf("%d hosts, next run at %v; by seconds %d, %v", c.Len(), c.peers.due, twin.Len(), twin.peers.due)
		}
	})
}
