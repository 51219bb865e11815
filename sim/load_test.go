package sim_test

import (
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/sim"
	"github.com/google/go-cmp/cmp"
)

// aLoad is a load of a release, whose users run 6.12.
func aLoad(t testing.TB, release string) sim.Load {
	server, err := sim.Stock(release, "10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	users, err := sim.Stock("6.12.117")
	if err != nil {
		t.Fatal(err)
	}
	return sim.Load{
		Seed: 1, Sample: time.Second, For: 100 * time.Second, Server: server, Users: users, Arrivals: sim.Poisson(200), Count: 1500,
		Delay: 5*ms + 1, Program: sim.Server{Name: "web", Backlog: 128, Service: sim.Exponential(3 * ms), CloseFirst: true},
	}
}

// extraSeeds is how many more seeds TestLoadEqualsWorld tries.
const extraSeeds = 0

// The fast way gives the report of the full world, on the same seed.
func TestLoadEqualsWorld(t *testing.T) {
	stall := sim.Stall{First: 300 * ms, Every: 3 * time.Second, For: 1500 * ms}
	loads := map[string]func(l *sim.Load){
		"quiet":    func(l *sim.Load) {},
		"stalls":   func(l *sim.Load) { l.Program.Stall = stall },
		"patience": func(l *sim.Load) { l.Program.Stall, l.Program.Backlog, l.Timeout = stall, 16, 2500*ms },
		"one round trip of patience": func(l *sim.Load) {
			l.Program.Stall, l.Program.Backlog, l.Timeout = stall, 16, 1011*ms
		},
		"workers":        func(l *sim.Load) { l.Program.Workers, l.Program.Service = 2, sim.Exactly(11*ms) },
		"slow accept":    func(l *sim.Load) { l.Program.AcceptTime = sim.Exponential(6 * ms) },
		"leaks":          func(l *sim.Load) { l.Program.Leak = 0.05 },
		"no service":     func(l *sim.Load) { l.Program.Service = sim.Span{} },
		"never":          func(l *sim.Load) { l.Program.NeverAccept = true; l.Timeout = 20 * time.Second },
		"bursts":         func(l *sim.Load) { l.Arrivals = sim.Bursts{Size: 400, Period: 3 * time.Second} },
		"little backlog": func(l *sim.Load) { l.Program.Backlog = 1; l.Arrivals = sim.Bursts{Size: 40, Period: time.Second} },
		"cookies":        func(l *sim.Load) { l.Program.Backlog = 8; l.Arrivals = sim.Poisson(2000); l.Program.Stall = stall },
		"no cookies": func(l *sim.Load) {
			l.Server.Sysctls.TCPSyncookies, l.Server.Sysctls.TCPMaxSynBacklog = 0, 64
			l.Arrivals, l.Program.Stall = sim.Poisson(4000), stall
		},
		"cookies always": func(l *sim.Load) { l.Server.Sysctls.TCPSyncookies = 2 },
		"abort":          func(l *sim.Load) { l.Server.Sysctls.TCPAbortOnOverflow = 1; l.Program.Stall = stall },
		"few TIME-WAIT":  func(l *sim.Load) { l.Server.Sysctls.TCPMaxTWBuckets = 300 },
		"no timestamps": func(l *sim.Load) {
			l.Server.Sysctls.TCPTimestamps, l.Users.Sysctls.TCPTimestamps = 0, 0
			l.Program.Stall = stall
		},
		"short": func(l *sim.Load) { l.For = 4*time.Second + 7; l.Program.Stall = stall },
	}
	for name, edit := range loads {
		for _, release := range []string{"4.4.155", "4.9.154", "4.19.78", "5.10.223", "6.12.117", "7.2.13"} {
			for seed := range uint64(1 + extraSeeds) {
				l := aLoad(t, release)
				l.Seed = seed
				edit(&l)
				fast, err := l.Run()
				if err != nil {
					t.Fatal(err)
				}
				full, err := l.RunWorld()
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(full, fast); d != "" {
					t.Errorf("%s on %s, seed %d: the full world (-) and the fast way (+): %.3000s", name, release, seed, d)
					break
				}
			}
		}
	}
}

// The same for users of other kernels, whose SYNs go out at other times, and for servers whose listeners have
// one timer for all requests.
func TestLoadEqualsWorldElsewhere(t *testing.T) {
	for _, releases := range [][2]string{{"6.12.117", "2.6.32"}, {"6.12.117", "4.19.78"}, {"6.12.117", "5.10.223"}, {"2.6.32", "6.12.117"}, {"3.10.108", "6.12.117"}, {"3.18", "6.12.117"}} {
		l := aLoad(t, releases[0])
		users, err := sim.Stock(releases[1])
		if err != nil {
			t.Fatal(err)
		}
		l.Users, l.Program.Backlog, l.Server.Sysctls.TCPSyncookies = users, 32, 1
		l.Program.Stall = sim.Stall{First: 300 * ms, Every: 3 * time.Second, For: 1500 * ms}
		fast, err := l.Run()
		if err != nil {
			t.Fatal(err)
		}
		full, err := l.RunWorld()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(full, fast); d != "" {
			t.Errorf("%v: the full world (-) and the fast way (+): %.3000s", releases, d)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, edit := range map[string]func(l *sim.Load){
		"IPv6":         func(l *sim.Load) { l.Server.Addrs = nil },
		"recycle":      func(l *sim.Load) { l.Server.Sysctls.TCPTwRecycle = 1 },
		"too many":     func(l *sim.Load) { l.Server.Sysctls.TCPSyncookies, l.Count = 0, 1<<24+1 },
		"client first": func(l *sim.Load) { l.Program.CloseFirst = false },
		"options":      func(l *sim.Load) { l.Program.Options = host.Options{DeferAccept: 1} },
		"no arrivals":  func(l *sim.Load) { l.Arrivals = nil },
		"far away":     func(l *sim.Load) { l.Delay = time.Second },
		"impatient":    func(l *sim.Load) { l.Timeout = ms },
		"no kernel":    func(l *sim.Load) { l.Users = host.Config{} },
		"leak":         func(l *sim.Load) { l.Program.Leak = 2 },
	} {
		l := aLoad(t, "6.12.117")
		edit(&l)
		if _, err := l.Run(); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := l.World(); err == nil {
			t.Errorf("%s: no error of World", name)
		}
	}
	l := aLoad(t, "6.12.117")
	l.Count = 0
	if _, err := l.World(); err == nil {
		t.Error("a world without a count")
	}
}
