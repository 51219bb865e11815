package sim_test

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/internal/cputime"
	"example.com/linuxtcp/sim"
)

// BenchmarkWorld is one connection, opened, accepted and closed, in the full world.
func BenchmarkWorld(b *testing.B) {
	w, client, server := two("6.12.117", sim.Config{Seed: 1})
	at := netip.MustParseAddrPort("10.0.0.1:80")
	must(w.AddServer(sim.Server{Name: "web", Node: server, At: at, Backlog: 4096, Service: sim.Exactly(time.Millisecond), CloseFirst: true}))
	must(w.AddClient(sim.Client{Name: "users", Node: client, To: []netip.AddrPort{at}, Arrivals: sim.Constant(1000)}))
	check(w.Run(2 * time.Minute)) // TIME-WAIT is as full as it gets
	b.ReportAllocs()
	b.ResetTimer()
	check(w.Run(2*time.Minute + time.Duration(b.N)*time.Millisecond))
}

// BenchmarkLoad is one connection of a load of 50,000 a second, with TIME-WAIT as full as it gets: an hour has 180
// million of them.
func BenchmarkLoad(b *testing.B) {
	l := aLoad(b, "6.12.117")
	l.Arrivals, l.Program.Backlog = sim.Poisson(50_000), 4096
	l.Server.Sysctls.Somaxconn = 4096
	for _, room := range []int{0, 4 << 20} {
		name := "default"
		if room > 0 {
			name = "room"
			l.Server.Sysctls.TCPMaxTWBuckets = room
		}
		b.Run(name, func(b *testing.B) {
			l.Count = 0
			l.For = time.Duration(b.N) * 20 * time.Microsecond
			b.ReportAllocs()
			before := cputime.Used()
			r, err := l.Run()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(cputime.Used()-before)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(r.Nodes[0].Peak.TimeWait), "time-waits")
		})
	}
}
