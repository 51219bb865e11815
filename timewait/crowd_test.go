package timewait_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/timewait"
	"pgregory.net/rapid"
)

// Whatever the kernel and whenever they come: a Crowd has as many entries as a Table of the same sockets, the same
// verdicts, timers and counters.
func TestCrowdIsTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom([]string{"2.6.32", "2.6.37", "3.10.108", "4.0", "4.1", "4.4.155", "4.7", "4.8", "4.19.78", "5.17", "5.18", "6.12.117", "7.2.13"}).Draw(t, "release")
		r := kernel.MustParse(release)
		sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 4 << 30})
		if err != nil {
			t.Fatal(err)
		}
		sys.TCPMaxTWBuckets = rapid.SampledFrom([]int{0, 1, 50, 500, 1 << 20}).Draw(t, "tcp_max_tw_buckets")
		cfg := timewait.Config{Semantics: r.Semantics(), Sysctls: sys, HZ: rapid.SampledFrom([]int{100, 250, 300, 1000}).Draw(t, "HZ")}
		table, err := timewait.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		crowd, err := timewait.NewCrowd(cfg)
		if err != nil {
			t.Fatal(err)
		}
		now, n := time.Duration(rapid.Int64Range(0, int64(400*time.Second)).Draw(t, "begin")), 0
		same := func() {
			a, okA := table.Next()
			b, okB := crowd.Next()
			if a != b || okA != okB || table.Len() != crowd.Len() || table.Counters() != crowd.Counters() || table.Now() != crowd.Now() {
				t.Fatalf("%s at %v: the table has %d, next %v %v, %v; the crowd %v, next %v %v, %v",
					release, now, table.Len(), a, okA, table.Counters(), crowd, b, okB, crowd.Counters())
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			longest := rapid.SampledFrom([]time.Duration{8 * time.Millisecond, 8 * time.Second, 100 * time.Second}).Draw(t, "longest wait")
			now += time.Duration(rapid.Int64Range(0, int64(longest)).Draw(t, "wait"))
			if due, ok := crowd.Next(); ok && due <= now {
				if _, err := crowd.Enter(now, 1); err != timewait.ErrTimerDue {
					t.Fatalf("with a timer due: %v", err)
				}
			}
			a, err := table.Advance(now, nil)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := crowd.Advance(now); err != nil || a != b {
				t.Fatalf("%s at %v: %d ended in the table, %d in the crowd, %v", release, now, a, b, err)
			}
			same()
			room, sockets := 0, rapid.IntRange(0, 150).Draw(t, "sockets")
			for range sockets {
				n++
				from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)}), 40000)
				v, err := table.Enter(now, timewait.Socket{Local: netip.MustParseAddrPort("10.0.0.1:80"), Remote: from, State: timewait.TimeWait})
				if err != nil {
					t.Fatal(err)
				}
				if v.Action == timewait.Enter {
					room++
				}
			}
			if got, err := crowd.Enter(now, sockets); err != nil || got != room {
				t.Fatalf("%s at %v: room for %d of %d in the table, for %d in the crowd, %v", release, now, room, sockets, got, err)
			}
			same()
		}
	})
}

func TestCrowdRefuses(t *testing.T) {
	if _, err := timewait.NewCrowd(timewait.Config{}); err == nil {
		t.Error("a crowd of no kernel")
	}
	c := aCrowd(t, 2)
	if _, err := c.Advance(time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Enter(0, 1); err == nil {
		t.Error("Enter went back")
	}
	if _, err := c.Enter(time.Second, -1); err == nil {
		t.Error("-1 sockets")
	}
	if _, err := c.Advance(0); err == nil {
		t.Error("Advance went back")
	}
	if err := c.SetSysctls(0, kernel.Sysctls{}); err == nil {
		t.Error("SetSysctls went back")
	}
	if c.Now() != time.Second || c.Len() != 0 {
		t.Errorf("an error left %v", c)
	}
}

func aCrowd(t testing.TB, buckets int) *timewait.Crowd {
	r := kernel.MustParse("6.12.117")
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 4 << 30})
	if err != nil {
		t.Fatal(err)
	}
	sys.TCPMaxTWBuckets = buckets
	c, err := timewait.NewCrowd(timewait.Config{Semantics: r.Semantics(), Sysctls: sys})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A server that closes 1,000 connections a second, and has room for 60,000 entries.
func ExampleCrowd() {
	sem, sys := semantics("6.12"), defaults("6.12")
	sys.TCPMaxTWBuckets = 60_000
	c, _ := timewait.NewCrowd(timewait.Config{Semantics: sem, Sysctls: sys})
	for n := range 1000 {
		now := time.Duration(n) * 100 * time.Millisecond
		c.Advance(now)
		c.Enter(now, 100)
	}
	fmt.Println(c)
	fmt.Println(c.Counters())
	// Output:
	// 58600 in TIME_WAIT at 1m39.9s
	// TW 97900, TCPTimeWaitOverflow 2100
}

// BenchmarkCrowd is an entry's beginning and end, with three million there.
func BenchmarkCrowd(b *testing.B) {
	c := aCrowd(b, 1<<30)
	now := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		now += 20 * time.Microsecond
		if due, ok := c.Next(); ok && due <= now {
			c.Advance(now)
		}
		c.Enter(now, 1)
	}
}
