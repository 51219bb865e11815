package timewait

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// BenchmarkTable inserts entries at a rate that keeps a million alive, and expires
// them. ns/op is for one insertion and one expiry; the budget is 350 ns and 48 bytes.
func BenchmarkTable(b *testing.B) {
	for _, release := range []string{"2.6.32", "4.4", "7.2"} {
		b.Run(release, func(b *testing.B) {
			const live = 1_000_000
			sys := must(kernel.Defaults(kernel.MustParse(release), kernel.Machine{MemoryBytes: 64 << 30}))
			sys.TCPMaxTWBuckets = 4 * live
			sem := kernel.MustParse(release).Semantics()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			t := must(New(Config{Semantics: sem, Sysctls: sys}))
			lo, hi := Lifetime(&sem, 250, Length, true)
			pause := (lo + hi) / 2 / live
			now, n := time.Second, uint32(0)
			k := Socket{Local: netip.MustParseAddrPort("10.0.0.1:80"), State: TimeWait, Timestamps: true}
			step := func() {
				now += pause
				n++
				if due, ok := t.Next(); ok && due <= now {
					if _, err := t.Advance(now, nil); err != nil {
						b.Fatal(err)
					}
				}
				k.Remote = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 24), byte(n >> 16), byte(n >> 8)}), uint16(n))
				k.TSAt = now
				if _, err := t.Enter(now, k); err != nil {
					b.Fatal(err)
				}
			}
			for range 3 * live {
				step()
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportAllocs()
			cpu := cpuTime()
			for b.Loop() {
				step()
			}
			b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(t.s.used), "B/entry") // of the most that were alive
			b.ReportMetric(float64(t.s.used), "most-live")
			runtime.KeepAlive(t)
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func BenchmarkDecide(b *testing.B) {
	sem := kernel.MustParse("7.2").Semantics()
	v := View{State: TimeWait, RcvNxt: 1000, SndNxt: 5, TSRecent: 77, SeenAt: 3, Now: 4}
	s := Segment{Flags: FlagSYN, Seq: 2000, Timestamp: true, TSVal: 78, Listener: true}
	b.ReportAllocs()
	for b.Loop() {
		if d := Decide(&sem, &v, &s); d.Action != Reopen {
			b.Fatal(d)
		}
	}
}

func BenchmarkDecideReuse(b *testing.B) {
	sem := kernel.MustParse("7.2").Semantics()
	sys := kernel.Sysctls{TCPTWReuse: 1, TCPTWReuseDelay: 1000}
	r := Reuse{State: TimeWait, SeenAt: 3, Now: 4, EntryMs: 3000, NowMs: 4001}
	b.ReportAllocs()
	for b.Loop() {
		if v := DecideReuse(&sem, &sys, r); v.Action != Take {
			b.Fatal(v)
		}
	}
}
