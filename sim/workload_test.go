package sim_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// workload is a world with something of everything in it.
func workload(t *testing.T, seed uint64) sim.Report {
	t.Helper()
	w := sim.New(sim.Config{Seed: seed, Sample: time.Second})
	l := &lab{t, &incident.Scene{World: w}}
	srv := l.node("server", "6.12.117", "10.0.0.1", 0)
	cli := l.node("client", "5.10.223", "10.0.0.9", time.Hour)
	l.join(cli, srv, sim.Path{Delay: 5 * ms, Jitter: ms, Loss: 0.02, Boxes: []sim.Box{&sim.Firewall{Label: "firewall"}}})
	l.server(sim.Server{
		Name: "web", Node: srv, At: serverAt, Backlog: 16, Workers: 4, Service: sim.Exponential(20 * ms), CloseFirst: true,
		Stall: sim.Stall{First: 2 * time.Second, Every: 5 * time.Second, For: 300 * ms}, Leak: 0.01,
	})
	l.client(sim.Client{
		Name: "users", Node: cli, To: []netip.AddrPort{serverAt}, Arrivals: sim.Poisson(150), Count: 3000, Timeout: 3 * time.Second,
		Attempts: 2, Pause: 100 * ms,
	})
	l.run(time.Minute)
	return w.Report()
}

func text(t *testing.T, r sim.Report) string {
	var b bytes.Buffer
	for _, write := range []func() error{func() error { return r.WriteText(&b) }, func() error { return r.WriteJSON(&b) }, func() error { return r.WriteCSV(&b) }} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// Same seed, same bytes; another seed, others.
func TestSameSeedSameBytes(t *testing.T) {
	a, b, c := text(t, workload(t, 1)), text(t, workload(t, 1)), text(t, workload(t, 2))
	if a != b {
		t.Error("the same seed, two reports")
	}
	if a == c {
		t.Error("two seeds, one report")
	}
}

// What is wanted is connected, failed or on its way; what is accepted is closed, leaked or served.
func TestReportAddsUp(t *testing.T) {
	for seed := range uint64(3) {
		r := workload(t, seed)
		c, s := r.Clients[0], r.Servers[0]
		if c.Asked != 3000 || c.Connected+c.Failed != c.Asked || c.Connect.N != c.Connected {
			t.Errorf("%+v", c)
		}
		failures := uint64(0)
		for _, f := range c.Failures {
			failures += f.N
		}
		if c.Attempts != c.Connected+failures {
			t.Errorf("%d attempts, %d failed and %d connected", c.Attempts, failures, c.Connected)
		}
		steps := uint64(0)
		for _, n := range c.Connect.Steps {
			steps += n
		}
		if steps != c.Connect.N {
			t.Errorf("steps %v of %d", c.Connect.Steps, c.Connect.N)
		}
		if s.Accepted != s.Served || s.Served != s.Closed+s.Leaked || s.Leaked == 0 || s.AcceptQueue.Peak > s.AcceptQueue.Limit+1 {
			t.Errorf("%+v", s)
		}
		if len(r.Samples) != 2*61 {
			t.Errorf("%d samples", len(r.Samples))
		}
		var back sim.Report
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || back.Clients[0].Connect != c.Connect {
			t.Error(err, back.Clients)
		}
	}
}

// Without loss and stalls nothing is lost, and connect() takes a round trip.
func TestQuietWorld(t *testing.T) {
	for _, release := range []string{"2.6.32", "3.10.108", "4.19.78", "7.2.13"} {
		l := newLab(t, sim.Config{Seed: 1})
		srv, cli := l.node("server", release, "10.0.0.1", 0), l.node("client", release, "10.0.0.9", 0)
		l.join(cli, srv, sim.Path{Delay: 5 * ms})
		s := l.server(sim.Server{Name: "web", Node: srv, At: serverAt, Backlog: 128, Service: sim.Exactly(ms)})
		c := l.client(sim.Client{
			Name: "users", Node: cli, To: []netip.AddrPort{serverAt}, Arrivals: sim.Constant(100), Count: 500, CloseFirst: true, Hold: sim.Exactly(50 * ms),
		})
		l.run(10 * time.Second)
		got, served := c.Report(), s.Report()
		if got.Connected != 500 || got.Connect.Min != 10*ms || got.Connect.Max != 10*ms || got.Session.Max != 60*ms || served.Closed != 500 || served.Resets != 0 {
			t.Errorf("%s: %+v %+v", release, got, served)
		}
		if n := states(cli)[host.TimeWait]; n != 500 {
			t.Errorf("%s: %d TIME-WAIT", release, n)
		}
		l.run(3 * time.Minute)
		if left := len(cli.Host().Sockets()) + len(srv.Host().Sockets()); left != 1 {
			t.Errorf("%s: %d sockets left", release, left)
		}
	}
}

// A client and a server on one host.
func TestLoopback(t *testing.T) {
	l := newLab(t, sim.Config{Seed: 1})
	n := l.node("host", "6.12.117", "10.0.0.1", 0)
	l.server(sim.Server{Name: "web", Node: n, At: serverAt, Backlog: 5, Workers: 1, Service: sim.Exactly(10 * ms), CloseFirst: true})
	c := l.client(sim.Client{Name: "users", Node: n, To: []netip.AddrPort{serverAt}, Arrivals: sim.Bursts{Size: 6, Period: time.Second}, Count: 60})
	l.run(20 * time.Second)
	if r := c.Report(); r.Connected != 60 || r.Closed != 60 || r.Connect.Max != 0 || r.Session.Max != 60*ms {
		t.Errorf("%+v", r)
	}
}

// Ports run out: two ports, three connections to one destination, and a fourth to another (D1).
func TestTwoPorts(t *testing.T) {
	l := newLab(t, sim.Config{Seed: 1})
	srv := l.node("server", "4.19.78", "10.0.0.1", 0)
	cli := l.node("client", "4.19.78", "10.0.0.9", 0, func(c *host.Config) {
		c.Sysctls.IPLocalPortRange = kernel.PortRange{Low: 61000, High: 61001}
	})
	l.join(cli, srv, sim.Path{Delay: ms})
	other := netip.MustParseAddrPort("10.0.0.1:81")
	for _, at := range []netip.AddrPort{serverAt, other} {
		l.server(sim.Server{Name: at.String(), Node: srv, At: at, Backlog: 5})
	}
	hold := sim.Exactly(time.Hour)
	a := l.client(sim.Client{Name: "a", Node: cli, To: []netip.AddrPort{serverAt}, Arrivals: sim.Constant(10), Count: 3, CloseFirst: true, Hold: hold})
	b := l.client(sim.Client{Name: "b", Node: cli, To: []netip.AddrPort{other}, Arrivals: sim.Times{time.Second}, CloseFirst: true, Hold: hold})
	l.run(2 * time.Second)
	if r := a.Report(); r.Connected != 2 || r.Failed != 1 || r.Failures[0].What != "EADDRNOTAVAIL" {
		t.Errorf("%+v", r)
	}
	if r := b.Report(); r.Connected != 1 {
		t.Errorf("%+v", r)
	}
}

// A flood of 600 SYNs that nobody completes, at a listener with backlog 128, as D3's third experiment: recorded
// as listen.md 10, (a) and (b).
func TestFloods(t *testing.T) {
	for _, c := range []struct {
		release                    string
		backlog, cookies, synLimit int
		half                       int
		cookiesSent                uint64
	}{
		{"4.19.78", 1024, 0, 128, 97, 0},
		{"4.19.78", 128, 0, 512, 128, 0},
		{"4.19.78", 128, 1, 512, 128, 600 - 128},
		{"4.19.78", 5, 1, 512, 5, 600 - 5},
		{"4.19.78", 256, 1, 128, 256, 600 - 256},
		{"3.10.108", 128, 1, 512, 256, 600 - 256},
		{"7.2.13", 128, 1, 512, 129, 600 - 129},
	} {
		l := newLab(t, sim.Config{Seed: 1})
		srv := l.node("server", c.release, "10.0.0.1", time.Minute, func(h *host.Config) {
			h.Sysctls.Somaxconn, h.Sysctls.TCPSyncookies, h.Sysctls.TCPMaxSynBacklog = 4096, c.cookies, c.synLimit
		})
		cli := l.node("client", c.release, "10.0.0.9", 0)
		l.join(cli, srv, sim.Path{Delay: ms, Boxes: []sim.Box{&sim.Filter{Label: "nothing back", Drop: func(_ time.Duration, outward bool, _ host.Segment) bool { return !outward }}}})
		s := l.server(sim.Server{Name: "web", Node: srv, At: serverAt, Backlog: c.backlog})
		l.client(sim.Client{Name: "flood", Node: cli, To: []netip.AddrPort{serverAt}, Arrivals: sim.Constant(10000), Count: 600})
		l.run(200 * ms)
		if got := s.Report().SYNQueue.Now; int(got) != c.half || raised(srv, kernel.SyncookiesSent) != c.cookiesSent {
			t.Errorf("%s backlog %d cookies %d: %d requests, %v", c.release, c.backlog, c.cookies, got, srv.Host().Counters())
		}
	}
}

func TestArrivals(t *testing.T) {
	take := func(a sim.Arrivals, n int) (at []time.Duration) {
		next := a.Begin(rand.New(rand.NewPCG(1, 2)))
		for range n {
			x, ok := next()
			if !ok {
				break
			}
			if len(at) > 0 && x < at[len(at)-1] {
				t.Errorf("%#v goes back: %v", a, x)
			}
			at = append(at, x)
		}
		return at
	}
	if got := take(sim.Poisson(1000), 100_000); math.Abs(got[len(got)-1].Seconds()-100) > 2 {
		t.Error("Poisson: 100,000 at 1,000/s take", got[len(got)-1])
	}
	if got := take(sim.Ramp{From: 0, To: 100, For: 10 * time.Second}, 10_000); len(got) != 500 {
		t.Error("a ramp to 100/s in 10 s brings", len(got))
	}
	if got := take(sim.Ramp{From: 100, To: 0, For: 10 * time.Second}, 10_000); len(got) != 500 {
		t.Error("and down", len(got))
	}
	if got := take(sim.Bursts{Size: 3, Period: time.Second}, 7); got[2] != 0 || got[3] != time.Second || got[6] != 2*time.Second {
		t.Error(got)
	}
	if got := take(sim.Times{3, 1, 2}, 9); len(got) != 3 || got[0] != 1 {
		t.Error(got)
	}
	nan := math.NaN()
	for _, a := range []sim.Arrivals{
		sim.Constant(0), sim.Constant(nan), sim.Poisson(-1), sim.Poisson(nan), sim.Bursts{}, sim.OnOff{}, sim.Ramp{}, sim.Times(nil),
		sim.Ramp{From: nan, For: 1}, sim.OnOff{Arrivals: sim.Constant(1), On: -1},
	} {
		if got := take(a, 9); len(got) != 0 {
			t.Errorf("%#v brings %v", a, got)
		}
	}
	for _, bad := range []string{"nan", "-1", "inf", "1e99", "x", "-3s"} {
		if _, err := sim.ReadTimes(strings.NewReader(bad)); err == nil {
			t.Errorf("ReadTimes takes %q", bad)
		}
	}
}

// The exponential distribution has its mean, its variance and its tail.
func TestExponential(t *testing.T) {
	next := sim.Poisson(1).Begin(rand.New(rand.NewPCG(7, 7)))
	const n = 200_000
	last, sum, squares, above := time.Duration(0), 0.0, 0.0, 0.0
	for range n {
		at, _ := next()
		x := (at - last).Seconds()
		last = at
		sum, squares = sum+x, squares+x*x
		if x > 3 {
			above++
		}
	}
	if math.Abs(sum/n-1) > 0.01 || math.Abs(squares/n-2) > 0.05 || math.Abs(above/n-math.Exp(-3)) > 0.002 {
		t.Error(sum/n, squares/n, above/n)
	}
}

func TestBadInput(t *testing.T) {
	w := sim.New(sim.Config{})
	l := &lab{t, &incident.Scene{World: w}}
	a, b := l.node("a", "6.12", "10.0.0.1", 0), l.node("b", "6.12", "10.0.0.9", 0)
	l.join(a, b, sim.Path{})
	cfg, err := sim.Stock("6.12", "10.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	taken, _ := sim.Stock("6.12", "10.0.0.1")
	to := []netip.AddrPort{serverAt}
	nat := &sim.NAT{Label: "n", Outside: netip.MustParseAddr("10.0.0.1")}
	other := sim.New(sim.Config{})
	far, err := other.AddNode("far", cfg, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := l.node("c", "6.12", "10.0.0.3", 0)
	for name, call := range map[string]func() error{
		"a name twice":      func() error { _, err := w.AddNode("a", cfg, 0); return err },
		"an address twice":  func() error { _, err := w.AddNode("x", taken, 0); return err },
		"negative uptime":   func() error { _, err := w.AddNode("x", cfg, -1); return err },
		"no release":        func() error { _, err := sim.Stock("x"); return err },
		"no address":        func() error { _, err := sim.Stock("6.12", "x"); return err },
		"joined twice":      func() error { return w.Join(a, b, sim.Path{}) },
		"joined to itself":  func() error { return w.Join(a, a, sim.Path{}) },
		"another world":     func() error { return w.Join(a, far, sim.Path{}) },
		"loss":              func() error { return w.Join(a, c, sim.Path{Loss: 1.1}) },
		"no loss":           func() error { return w.Join(a, c, sim.Path{Loss: math.NaN()}) },
		"delay":             func() error { return w.Join(a, c, sim.Path{Delay: -1}) },
		"no box":            func() error { return w.Join(a, c, sim.Path{Boxes: []sim.Box{nil}}) },
		"the NAT's address": func() error { return w.Join(a, c, sim.Path{Boxes: []sim.Box{nat}}) },
		"no node":           func() error { _, err := w.AddClient(sim.Client{To: to, Arrivals: sim.Constant(1)}); return err },
		"no destination":    func() error { _, err := w.AddClient(sim.Client{Node: a, Arrivals: sim.Constant(1)}); return err },
		"no arrivals":       func() error { _, err := w.AddClient(sim.Client{Node: a, To: to}); return err },
		"no port": func() error {
			_, err := w.AddClient(sim.Client{Node: a, To: make([]netip.AddrPort, 1), Arrivals: sim.Constant(1)})
			return err
		},
		"a server on no one": func() error { _, err := w.AddServer(sim.Server{At: serverAt}); return err },
		"endless stalls": func() error {
			_, err := w.AddServer(sim.Server{Node: a, At: serverAt, Stall: sim.Stall{Every: 1, For: 1}})
			return err
		},
		"leak":            func() error { _, err := w.AddServer(sim.Server{Node: a, At: serverAt, Leak: 2}); return err },
		"no such address": func() error { _, err := w.AddServer(sim.Server{Node: b, At: serverAt}); return err },
	} {
		if err := call(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := w.AddServer(sim.Server{Node: a, At: serverAt}); err != nil {
		t.Error("after all this:", err)
	}
	// A client that cannot go on ends the world.
	l.client(sim.Client{Name: "v6", Node: b, To: []netip.AddrPort{netip.MustParseAddrPort("[2001:db8::1]:80")}, Arrivals: sim.Times{0}})
	if err := w.Run(time.Second); err == nil || !strings.Contains(err.Error(), "2001:db8::1") {
		t.Error(err)
	}
}
