package paws

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/internal/cputime"
	"example.com/linuxtcp/kernel"
)

// benchCache is a recycling server of a release, which remembers n hosts.
func benchCache(b *testing.B, release string, n int) *Cache {
	b.Helper()
	c := recycling(b, release, func(cfg *Config) { cfg.MetricsSlots, cfg.PeerThreshold = 1<<20, 2<<20 })
	for i := range n {
		closing := Closing{From: benchHost(i), To: server, TS: uint32(i), Stamp: c.seconds(time.Minute)}
		if _, short, err := c.EnterTimeWait(time.Minute, closing); !short || err != nil {
			b.Fatal(short, err)
		}
	}
	return c
}

func benchHost(i int) netip.Addr {
	n := uint32(i) * 2654435761 // all over the address space, each once
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// BenchmarkLookup is the check of a SYN where a million IPv4 hosts are remembered: of
// hosts that are known, in random order, and of others.
func BenchmarkLookup(b *testing.B) {
	const hosts = 1_000_000
	for _, release := range []string{"2.6.32", "3.10.108", "4.4.155"} {
		c := benchCache(b, release, hosts)
		for _, k := range []struct {
			name string
			from int
		}{{"known", 0}, {"unknown", hosts}} {
			b.Run(release+"/"+k.name, func(b *testing.B) {
				b.ReportAllocs()
				rejects, random := 0, uint32(1)
				cpu := cputime.Used()
				for b.Loop() {
					random = random*1664525 + 1013904223
					from := benchHost(k.from + int(uint64(random)*hosts>>32))
					if _, _, rejected := c.Lookup(time.Minute, from, server, true, 0); rejected {
						rejects++
					}
				}
				b.ReportMetric(float64(cputime.Used()-cpu)/float64(b.N), "cpu-ns/op")
				b.ReportMetric(float64(c.v4.bytes())/float64(c.Len()), "B/host")
				b.ReportMetric(float64(c.Len()), "hosts")
			})
		}
	}
}

// BenchmarkMap stands beside BenchmarkLookup: the same hosts in a Go map. How they compare
// says more than either number, since both are the time of memory.
func BenchmarkMap(b *testing.B) {
	const hosts = 1_000_000
	m := make(map[netip.Addr]Host, hosts)
	for i := range hosts {
		m[benchHost(i)] = Host{TS: uint32(i)}
	}
	small := make(map[uint32]Host, hosts)
	for i := range hosts {
		small[uint32(i)*2654435761] = Host{TS: uint32(i)}
	}
	random := uint32(1)
	b.Run("netip.Addr", func(b *testing.B) {
		for b.Loop() {
			random = random*1664525 + 1013904223
			h := m[benchHost(int(uint64(random)*hosts>>32))]
			sinkBool = h.TS == 0
		}
	})
	b.Run("uint32", func(b *testing.B) {
		for b.Loop() {
			random = random*1664525 + 1013904223
			h := small[uint32(uint64(random)*hosts>>32)*2654435761]
			sinkBool = h.TS == 0
		}
	})
}

// BenchmarkEnterTimeWait is a connection's end where a million hosts are remembered:
// of hosts that are known, and of new ones in a cache that is full.
func BenchmarkEnterTimeWait(b *testing.B) {
	for _, k := range []struct {
		name, release string
		known, slots  int
	}{{"known", "3.10.108", 1_000_000, 1 << 20}, {"reclaim", "3.10.108", 0, 1 << 14}, {"evict", "2.6.32", 0, 0}} {
		b.Run(k.name, func(b *testing.B) {
			c := recycling(b, k.release, func(cfg *Config) { cfg.MetricsSlots = k.slots })
			n := max(k.known, 200_000)
			end := func(i int) {
				if _, _, err := c.EnterTimeWait(time.Minute, Closing{From: benchHost(i), To: server, TS: 1, Stamp: 7}); err != nil {
					b.Fatal(err)
				}
			}
			for i := range n {
				end(i)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if k.known > 0 {
					end(i % k.known)
				} else {
					end(n + i)
				}
				i++
			}
		})
	}
}

var (
	sink     Verdict
	sinkBool bool
)

func BenchmarkRules(b *testing.B) {
	sem := kernel.MustParse("6.12.107").Semantics()
	old := kernel.MustParse("3.10.108").Semantics()
	r := Recent{TS: 1000, Stamp: 100}
	c := &Conn{Recent: r, Timestamps: true, RcvNxt: 1, RcvWup: 1, RTO: 50, HZ: 250}
	b.Run("Check", func(b *testing.B) {
		for b.Loop() {
			sinkBool = Passes(&sem, r, 120, 998, 1)
		}
	})
	b.Run("Rejects", func(b *testing.B) {
		for b.Loop() {
			sinkBool = Rejects(&sem, r, 120, 998, true)
		}
	})
	b.Run("RecycleRejects", func(b *testing.B) {
		for b.Loop() {
			sinkBool = RecycleRejects(&old, Host{TS: 1000, Stamp: 100}, 120, true, 998)
		}
	})
	b.Run("DecideEstablished/passes", func(b *testing.B) {
		s := &Segment{ACK: true, Timestamp: true, TSVal: 1001, Seq: 1, Len: 1}
		for b.Loop() {
			sink = DecideEstablished(&sem, c, s, 120)
		}
	})
	b.Run("DecideEstablished/old", func(b *testing.B) {
		s := &Segment{ACK: true, Timestamp: true, TSVal: 7, Seq: 1, Len: 1}
		for b.Loop() {
			sink = DecideEstablished(&sem, c, s, 120)
		}
	})
	b.Run("DecideTimeWait", func(b *testing.B) {
		s := &Segment{SYN: true, Timestamp: true, TSVal: 7, Seq: 1, Len: 1}
		for b.Loop() {
			sink = DecideTimeWait(&sem, r, false, s, 120)
		}
	})
}
