package host_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"example.com/linuxtcp/host"
)

// flood sends n SYNs from peers that are all different, 10 us apart.
func flood(l *lab, from, n int) {
	for i := from; i < from+n; i++ {
		a := netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)})
		l.now += 10 * time.Microsecond
		l.receive(host.Segment{From: netip.AddrPortFrom(a, uint16(1024+i%50000)), To: server, Flags: host.FlagSYN, Seq: uint32(i), Window: 65535, MSS: 1460})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A flood leaves nothing behind but what the backlog allows.
func TestFloodMemory(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	for _, release := range []string{"2.6.32", "4.4", "6.12.107"} {
		l := newLab(t, release)
		l.listen(server, 16)
		flood(l, 0, 20_000)
		before := heap()
		flood(l, 20_000, n-20_000)
		if after := heap(); after > before+64<<10 {
			t.Errorf("%s: %d bytes more after %d SYNs", release, after-before, n)
		}
		if got := len(l.Sockets()); got > 40 {
			t.Errorf("%s: %d sockets", release, got)
		}
		runtime.KeepAlive(l)
	}
}

// BenchmarkSYNFlood is one SYN of a flood, the first thousand at a host beside those after a million.
func BenchmarkSYNFlood(b *testing.B) {
	for _, c := range []struct {
		name   string
		before int
	}{{"first", 0}, {"after1000000", 1_000_000}} {
		b.Run(c.name, func(b *testing.B) {
			l := newLab(b, "6.12.107")
			l.listen(server, 16)
			flood(l, 0, c.before)
			b.ReportAllocs()
			b.ResetTimer()
			flood(l, c.before, b.N)
		})
	}
}
