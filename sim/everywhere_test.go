package sim_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/internal/golden"
	"example.com/linuxtcp/sim"
)

// hashOf is the beginning of the SHA-256 of a report, as JSON, as CSV and as text.
func hashOf(r sim.Report) string {
	var b bytes.Buffer
	check(r.WriteJSON(&b))
	check(r.WriteCSV(&b))
	check(r.WriteText(&b))
	return fmt.Sprintf("%x", sha256.Sum256(b.Bytes()))[:16]
}

// TestSameReportEverywhere holds reports to hashes in testdata, by seed: of a full world with everything in it that draws
// or divides, and of a load on its short cut. They were seen on amd64 and arm64, so that every processor's go test proves
// that it has the bytes of the others. A change of a model changes them: then -update writes them anew.
func TestSameReportEverywhere(t *testing.T) {
	var text strings.Builder
	for seed := range uint64(4) {
		w := aWorldOfEverything(seed)
		check(w.Run(20 * time.Second))
		l := aLoad(t, "6.12.117")
		l.Seed, l.Arrivals, l.Program.Backlog, l.Timeout = seed, sim.Poisson(333.3+float64(seed)/3), 16, 2500*ms
		l.Program.Stall, l.Program.AcceptTime = sim.Stall{First: 300 * ms, Every: 3 * time.Second, For: 1500 * ms}, sim.Exponential(ms)
		fmt.Fprintf(&text, "seed %d: world %s, load %s\n", seed, hashOf(w.Report()), hashOf(must(l.Run())))
	}
	// Times of many arrivals, of which a rounding that is left out changes one in thousands.
	for _, a := range []sim.Arrivals{
		sim.Poisson(333.3), sim.Constant(333.3), sim.OnOff{Arrivals: sim.Poisson(333.3), On: 300 * ms, Off: 900 * ms}, sim.Ramp{From: 3333.3, To: 77.7, For: time.Hour},
	} {
		sum, next := fnv.New64a(), a.Begin(rand.New(rand.NewPCG(1, 2)))
		for range 100_000 {
			at, ok := next()
			fmt.Fprint(sum, at, ok)
		}
		fmt.Fprintf(&text, "%T: %x\n", a, sum.Sum64())
	}
	golden.Check(t, filepath.Join("testdata", "everywhere.golden"), text.String())
}

// aWorldOfEverything has every kind of arrivals, times that are drawn, losses and jitter, and every kind of box.
func aWorldOfEverything(seed uint64) *sim.World {
	w := sim.New(sim.Config{Seed: seed, Sample: 333 * ms})
	server := must(w.AddNode("server", must(sim.Stock("6.12.117", "10.0.0.1")), 0))
	old := must(w.AddNode("old", must(sim.Stock("2.6.32", "10.0.0.2")), time.Hour))
	web, other := netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("10.0.0.2:80")
	nat := &sim.NAT{Label: "nat", Outside: netip.MustParseAddr("198.51.100.1"), Timestamps: true}
	wall := &sim.Firewall{Label: "firewall", StrayRST: sim.Drop}
	must(w.AddServer(sim.Server{
		Name: "web", Node: server, At: web, Backlog: 16, Workers: 3, AcceptTime: sim.Exponential(2 * ms), Service: sim.Exponential(7 * ms),
		Stall: sim.Stall{First: 5 * time.Second, Every: 7 * time.Second, For: 700 * ms}, CloseFirst: true, Leak: 0.01,
	}))
	must(w.AddServer(sim.Server{Name: "old", Node: old, At: other, Backlog: 5, Service: sim.Exactly(3 * ms)}))
	for i, a := range []sim.Arrivals{
		sim.Poisson(70.7), sim.Constant(33.3), sim.Bursts{Size: 9, Period: 700 * ms},
		sim.OnOff{Arrivals: sim.Poisson(150), On: 300 * ms, Off: 900 * ms}, sim.Ramp{From: 3.3, To: 77.7, For: 30 * time.Second},
	} {
		release := []string{"2.6.32", "3.10.108", "4.4.155", "5.10.223", "7.2.13"}[i]
		n := must(w.AddNode("client of "+release, must(sim.Stock(release, fmt.Sprintf("192.168.0.%d", i+1))), time.Duration(i)*time.Hour))
		check(w.Join(n, server, sim.Path{Delay: 11 * ms, Jitter: 5 * ms, Loss: 0.02, Boxes: []sim.Box{nat}}))
		check(w.Join(n, old, sim.Path{Delay: 3 * ms, Loss: 0.001, Boxes: []sim.Box{wall}}))
		must(w.AddClient(sim.Client{
			Name: release, Node: n, To: []netip.AddrPort{web, other}, Arrivals: a, Timeout: 9 * time.Second, Attempts: 2, Pause: time.Second,
			CloseFirst: i%2 == 0, Hold: sim.Exponential(50 * ms),
		}))
	}
	return w
}

// Risk is the 20th part's root, which is not left to a logarithm.
func TestRisk(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 30, 300, 1 << 20} {
		got, want := sim.Answer{Found: true, Seeds: n}.Risk(), 1-math.Pow(0.05, 1/float64(n))
		if math.Abs(got-want) > 1e-14 {
			t.Errorf("%d seeds: %v, want %v", n, got, want)
		}
	}
	if r := (sim.Answer{Seeds: 9}).Risk(); r != 1 {
		t.Errorf("nothing found: %v", r)
	}
}
