package timewait

import (
	"container/heap"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"example.com/linuxtcp/internal/cputime"
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
			cpu := cputime.Used()
			for b.Loop() {
				step()
			}
			b.ReportMetric(float64(cputime.Used()-cpu)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(t.s.used), "B/entry") // of the most that were alive
			b.ReportMetric(float64(t.s.used), "most-live")
			runtime.KeepAlive(t)
		})
	}
}

// BenchmarkMapAndHeap stands beside BenchmarkTable: the same entries in a Go map, with a
// heap of when they end. How they compare says more than either number, since both are
// the time of memory.
func BenchmarkMapAndHeap(b *testing.B) {
	const live = 1_000_000
	type pair struct{ local, remote netip.AddrPort }
	entries := map[pair]Socket{}
	var ends endHeap[pair]
	now, n := time.Duration(0), uint32(0)
	k := Socket{Local: netip.MustParseAddrPort("10.0.0.1:80"), State: TimeWait, Timestamps: true}
	step := func() {
		now += Length / live
		n++
		for len(ends) > 0 && ends[0].at <= now {
			delete(entries, heap.Pop(&ends).(end[pair]).key)
		}
		k.Remote = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 24), byte(n >> 16), byte(n >> 8)}), uint16(n))
		key := pair{k.Local, k.Remote}
		if _, ok := entries[key]; ok {
			b.Fatal("twice")
		}
		entries[key] = k
		heap.Push(&ends, end[pair]{now + Length, key})
	}
	for range 2 * live {
		step()
	}
	b.ReportAllocs()
	cpu := cputime.Used()
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(cputime.Used()-cpu)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(len(entries)), "most-live")
}

type end[K any] struct {
	at  time.Duration
	key K
}

type endHeap[K any] []end[K]

func (h endHeap[K]) Len() int           { return len(h) }
func (h endHeap[K]) Less(i, j int) bool { return h[i].at < h[j].at }
func (h endHeap[K]) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *endHeap[K]) Push(x any)        { *h = append(*h, x.(end[K])) }
func (h *endHeap[K]) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// BenchmarkDecide is one decision each, on rows at both ends of the table and with what
// costs most besides: a timestamp, counters, the rate limit. The budget is 10 ns and no
// allocation.
//
// The result is in no variable: b.Loop keeps variables alive, in memory, and bytes that
// are written one by one and copied together cost as much as the decision.
func BenchmarkDecide(b *testing.B) {
	sem := kernel.MustParse("7.2").Semantics()
	timeWait := View{State: TimeWait, RcvNxt: 1000, SndNxt: 5, TSRecent: 77, SeenAt: 3, Now: 4, Jiffies: 900, Limit: 125}
	finWait2, answered, plain := timeWait, timeWait, timeWait
	finWait2.State, finWait2.Window = FinWait2, 65535
	answered.Answered = 890
	plain.SeenAt = 0
	for _, c := range []struct {
		name   string
		view   *View
		s      Segment
		reason Reason
	}{
		{"Reopen", &timeWait, Segment{Flags: FlagSYN, Seq: 2000, Timestamp: true, TSVal: 78, Listener: true}, NewSYN},
		{"ReopenPlain", &plain, Segment{Flags: FlagSYN, Seq: 2000, Listener: true}, NewSYN},
		{"Assassinated", &timeWait, Segment{Flags: FlagRST, Seq: 1000}, Assassinated},
		{"BareSegment", &timeWait, Segment{Flags: FlagACK, Seq: 1000, Timestamp: true, TSVal: 78}, BareSegment},
		{"OldSegment", &timeWait, Segment{Flags: FlagACK, Seq: 900, Timestamp: true, TSVal: 78}, OldSegment},
		{"OldSYN", &plain, Segment{Flags: FlagSYN, Seq: 900}, OldSYN},
		{"FINAgain", &timeWait, Segment{Flags: FlagACK | FlagFIN, Seq: 999, Timestamp: true, TSVal: 77}, OldSegment},
		{"TooSoon", &answered, Segment{Flags: FlagACK, Seq: 900, Timestamp: true, TSVal: 78}, AnsweredTooSoon},
		{"PAWSOld", &timeWait, Segment{Flags: FlagACK, Seq: 900, Timestamp: true, TSVal: 70}, PAWSOld},
		{"PAWSOldTooSoon", &answered, Segment{Flags: FlagACK, Seq: 900, Timestamp: true, TSVal: 70}, PAWSOldTooSoon},
		{"PeerFIN", &finWait2, Segment{Flags: FlagACK | FlagFIN, Seq: 1000, Timestamp: true, TSVal: 78}, PeerFIN},
		{"OutOfWindow", &finWait2, Segment{Flags: FlagACK, Seq: 900, Timestamp: true, TSVal: 78}, OutOfWindow},
		{"DataAfterClose", &finWait2, Segment{Flags: FlagACK, Seq: 1000, Len: 100, Timestamp: true, TSVal: 78}, DataAfterClose},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if Decide(&sem, c.view, &c.s).Reason != c.reason {
					b.Fatal("another row")
				}
			}
		})
	}
}

// BenchmarkDecideReuse has the same budget.
func BenchmarkDecideReuse(b *testing.B) {
	sys := kernel.Sysctls{TCPTWReuse: 1, TCPTWReuseDelay: 1000}
	old := Reuse{State: TimeWait, SeenAt: 3, Now: 5, EntryMs: 3000, NowMs: 4001}
	young, bound, plain := old, old, old
	young.SeenAt, young.EntryMs = 5, 3001
	bound.Bound = true
	plain.SeenAt = 0
	for _, c := range []struct {
		name, release string
		r             Reuse
		reason        Reason
	}{
		{"Take", "7.2", old, OldEnough}, {"Take5.10", "5.10", old, OldEnough}, {"Take3.10", "3.10", old, OldEnough},
		{"TakeBound", "7.2", bound, BoundPort}, {"RefuseYoung", "7.2", young, TooYoung}, {"RefusePlain", "7.2", plain, NoTimestamps},
	} {
		b.Run(c.name, func(b *testing.B) {
			sem := kernel.MustParse(c.release).Semantics()
			b.ReportAllocs()
			for b.Loop() {
				if DecideReuse(&sem, &sys, c.r).Reason != c.reason {
					b.Fatal("another reason")
				}
			}
		})
	}
}
