package portalloc

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// filled has so many of 28,232 ports in use to one destination, and the sockets.
func filled(b testing.TB, release string, ports int) (*Allocator, []Socket) {
	b.Helper()
	r := kernel.MustParse(release)
	sys := must(kernel.Defaults(r, kernel.Machine{MemoryBytes: 1 << 30}))
	sys.IPLocalPortRange = kernel.PortRange{Low: 32768, High: 60999}
	a := must(New(Config{Semantics: r.Semantics(), Sysctls: sys, Key: Key{1, 2, 3}, Rand: rand.New(rand.NewPCG(1, 2)).Uint32}))
	var all []Socket
	for range ports {
		s := must(a.Open(Options{}))
		if got := must(a.Connect(0, s, sources[0], places[0])); got.Errno != 0 {
			b.Fatal(got)
		}
		all = append(all, s)
	}
	return a, all
}

// BenchmarkConnect closes connections drawn at random, and then opens as many, with so
// many ports in use that the kernel goes through the number of candidates that is
// reported. ns/connect is for one connect(); the budget is 150 ns. ns/op has close() and
// socket() too.
func BenchmarkConnect(b *testing.B) {
	for _, release := range []string{"3.10.108", "4.4.155", "4.19.78", "6.18.44", "7.2.13"} {
		for _, use := range []struct {
			name  string
			ports int
		}{{"50%", 14116}, {"99.9%", 28232}} {
			b.Run(release+"/"+use.name, func(b *testing.B) {
				a, all := filled(b, release, use.ports)
				rng := rand.New(rand.NewPCG(3, 4))
				const batch = 28
				var examined uint64
				var connecting time.Duration
				some := func() {
					for n := range batch {
						j := n + rng.IntN(len(all)-n)
						all[n], all[j] = all[j], all[n]
						if err := a.Close(all[n]); err != nil {
							b.Fatal(err)
						}
					}
					for n := range batch {
						all[n], _ = a.Open(Options{})
					}
					began := time.Now()
					for n := range batch {
						r, err := a.Connect(0, all[n], sources[0], places[0])
						if err != nil || r.Errno != 0 {
							b.Fatal(r, err)
						}
						examined += uint64(r.Examined)
					}
					connecting += time.Since(began)
				}
				for range 1000 {
					some()
				}
				examined, connecting = 0, 0
				b.ReportAllocs()
				for n := 0; b.Loop(); n++ {
					if n%batch == 0 {
						some()
					}
				}
				done := float64((b.N + batch - 1) / batch * batch)
				b.ReportMetric(float64(connecting)/done, "ns/connect")
				b.ReportMetric(float64(examined)/done, "candidates")
			})
		}
	}
}

// BenchmarkPick is the search alone: which port, and after how many candidates.
func BenchmarkPick(b *testing.B) {
	for _, release := range []string{"3.10.108", "6.18.44"} {
		b.Run(release, func(b *testing.B) {
			a, all := filled(b, release, 28232)
			rng := rand.New(rand.NewPCG(3, 4))
			for range 28 {
				j := rng.IntN(len(all))
				if err := a.Close(all[j]); err == nil {
					continue
				}
			}
			n, g := a.groupOf(keyOf(sources[0], places[0]))
			_ = n
			var examined uint64
			sum := uint32(0)
			b.ReportAllocs()
			for b.Loop() {
				sum += 7919
				s := ConnectSearch(&a.sem, a.ports, false, sum, 1)
				_, at, port := a.walk(&s, g, 0)
				if port < 0 {
					b.Fatal("none")
				}
				examined += uint64(at)
			}
			b.ReportMetric(float64(examined)/float64(b.N), "candidates")
		})
	}
}

// BenchmarkExhausted is a connect() that finds nothing.
func BenchmarkExhausted(b *testing.B) {
	a, _ := filled(b, "6.18.44", 28232)
	s := must(a.Open(Options{}))
	b.ReportAllocs()
	for b.Loop() {
		if r, _ := a.Connect(0, s, sources[0], places[0]); r.Errno != EADDRNOTAVAIL || r.Examined != 28232 {
			b.Fatal(r)
		}
	}
}

func BenchmarkRules(b *testing.B) {
	sem := kernel.MustParse("7.2.13").Semantics()
	r := kernel.PortRange{Low: 32768, High: 60999}
	b.Run("ConnectSearch", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if s := ConnectSearch(&sem, r, false, 12345, 1); s.Port(3) == 0 {
				b.Fatal(s)
			}
		}
	})
	b.Run("Conflicts", func(b *testing.B) {
		x := &Owner{Address: BoundTo(netip.MustParseAddr("10.0.0.1"), false), ReuseAddr: true}
		y := &Owner{Address: BoundTo(netip.MustParseAddr("0.0.0.0"), false), TimeWait: true}
		b.ReportAllocs()
		for b.Loop() {
			if !Conflicts(&sem, x, y, ByNumber) {
				b.Fatal()
			}
		}
	})
	b.Run("Advance", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if Advance(&sem, 3, 2, func() uint32 { return 9 }) == 0 {
				b.Fatal()
			}
		}
	})
}
