package queue_test

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// From 4.13 on the timestamps of SYN-ACKs are milliseconds of CLOCK_MONOTONIC, before jiffies.
func TestTimestampsAreMonotonic(t *testing.T) {
	for release, want := range map[string]uint32{"6.12.117": 9200, "4.12": 0} {
		r := kernel.MustParse(release)
		sys, err := kernel.Defaults(r, kernel.Machine{EHashBuckets: 4096})
		if err != nil {
			t.Fatal(err)
		}
		tsval := func(ahead time.Duration) uint32 {
			l, err := queue.NewListener(queue.Config{Semantics: r.Semantics(), Sysctls: sys, Monotonic: ahead})
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Listen(10*time.Second, 8); err != nil {
				t.Fatal(err)
			}
			out, err := l.Receive(10*time.Second, queue.Segment{From: netip.MustParseAddrPort("10.1.0.1:1"), Flags: queue.FlagSYN, Timestamp: true, TSVal: 1})
			if err != nil || !out.Reply.Timestamp {
				t.Fatalf("%v, %v", out, err)
			}
			return out.Reply.TSVal
		}
		got := tsval(-800 * time.Millisecond)
		if want == 0 {
			want = tsval(0)
		}
		if got != want {
			t.Errorf("%s: %d, want %d", release, got, want)
		}
	}
	if _, err := queue.NewListener(queue.Config{Semantics: kernel.MustParse("6.12.117").Semantics(), Monotonic: -25 * time.Hour}); err == nil {
		t.Error("a clock that is a day off was taken")
	}
}
