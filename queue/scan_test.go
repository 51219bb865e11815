package queue

import (
	"net/netip"
	"testing"
	"time"
)

// TestScanTimes holds the listener's timer of old kernels against its description:
// the first run one timeout after the first SYN, then one every 0.2 s, each looking
// at six of sixteen buckets (two where the timeout is 3 s) from where the last one
// ended.
func TestScanTimes(t *testing.T) {
	for _, c := range []struct {
		release string
		backlog int
		size    int
		timeout time.Duration
		perRun  int
	}{
		{"3.10.108", 5, 16, time.Second, 6},
		{"3.10.108", 100, 128, time.Second, 50},
		{"2.6.32", 5, 16, 3 * time.Second, 2},
		{"2.6.32", 100, 128, 3 * time.Second, 16},
	} {
		for key := range uint64(40) {
			b := newBench(t, c.release)
			b.sys.Somaxconn, b.sys.TCPMaxSynBacklog = 128, 1024
			b.now = 10 * time.Second
			l, err := NewListener(Config{Semantics: b.sem, Sysctls: b.sys, HZ: 250, Key: key})
			if err == nil {
				err = l.Listen(b.now, c.backlog)
			}
			if err != nil {
				t.Fatal(err)
			}
			b.l = l
			b.receive(Segment{From: netip.MustParseAddrPort("192.0.2.1:1"), Flags: FlagSYN, MSS: 1460})
			bucket := -1
			for n, i := range l.requests.buckets {
				if i != 0 {
					bucket = n
				}
			}
			if got := len(l.requests.buckets); got != c.size {
				t.Fatalf("%s: %d buckets, want %d", c.release, got, c.size)
			}
			// What the description gives. At HZ 250 a timer of 1 s is too short for slack.
			var want []time.Duration
			due, hand := b.now+c.timeout, 0
			for run, n := b.now+c.timeout, 0; n < 5; run += 200 * time.Millisecond {
				for range c.perRun {
					if hand == bucket && due <= run && n < 5 {
						n++
						want = append(want, run)
						due = run + c.timeout<<n
					}
					hand = (hand + 1) % c.size
				}
			}
			var got []time.Duration
			for _, e := range b.advance(200 * time.Second) {
				if e.Action == ResendSYNACK {
					got = append(got, e.At)
				}
			}
			b.same("times of SYN-ACKs on "+c.release, want, got)
		}
	}
}

// A negative number of timeouts counts as none.
func TestNegativeTimeouts(t *testing.T) {
	b := newBench(t, "6.1.192")
	b.same("timeout", time.Second, SYNACKTimeout(&b.sem, -1, 0))
}
