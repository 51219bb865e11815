package sim_test

import (
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawLoad is any load that Load.Run takes. Times are odd numbers of nanoseconds, so that no two things fall on
// the same one.
func drawLoad(t *rapid.T) sim.Load {
	release := rapid.SampledFrom([]string{"2.6.32", "3.10.108", "4.4.155", "4.9.154", "4.19.78", "5.10.223", "6.1.192", "6.12.117", "7.2.13"}).Draw(t, "release")
	server, err := sim.Stock(release, "10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	users, err := sim.Stock(rapid.SampledFrom([]string{"2.6.32", "4.19.78", "6.12.117", "7.2.13"}).Draw(t, "users"))
	if err != nil {
		t.Fatal(err)
	}
	span := func(name string, most time.Duration) sim.Span {
		d := time.Duration(rapid.Int64Range(0, int64(most)).Draw(t, name)) | 1
		switch rapid.IntRange(0, 2).Draw(t, name+" kind") {
		case 0:
			return sim.Span{}
		case 1:
			return sim.Exactly(d)
		}
		return sim.Exponential(d)
	}
	yes := func(name string) int { return rapid.IntRange(0, 1).Draw(t, name) }
	s := &server.Sysctls
	s.TCPSyncookies = 1 + yes("cookies always")
	s.TCPAbortOnOverflow = yes("abort")
	s.TCPTimestamps, users.Sysctls.TCPTimestamps = yes("timestamps"), yes("users' timestamps")
	s.TCPMaxTWBuckets = rapid.IntRange(0, 300).Draw(t, "tw buckets")
	s.TCPSynackRetries = rapid.IntRange(0, 6).Draw(t, "synack retries")
	s.TCPMaxSynBacklog = rapid.IntRange(1, 256).Draw(t, "max_syn_backlog")
	server.HZ = rapid.SampledFrom([]int{100, 250, 300, 1000}).Draw(t, "HZ")
	l := sim.Load{
		Seed: rapid.Uint64().Draw(t, "seed"), Sample: rapid.SampledFrom([]time.Duration{0, time.Second, 333*time.Millisecond + 1, 7 * time.Millisecond}).Draw(t, "sample"), For: time.Duration(rapid.Int64Range(1, int64(100*time.Second)).Draw(t, "for")) | 1,
		Server: server, Users: users, Count: rapid.IntRange(1, 300).Draw(t, "count"),
		Arrivals: sim.Poisson(rapid.Float64Range(10, 5000).Draw(t, "rate")),
		Delay:    time.Duration(rapid.Int64Range(0, int64(49*time.Millisecond)).Draw(t, "delay")) | 1,
		Program: sim.Server{
			Backlog: rapid.IntRange(0, 40).Draw(t, "backlog"), Workers: rapid.IntRange(0, 3).Draw(t, "workers"), CloseFirst: true,
			AcceptTime: span("accept time", 20*ms), Service: span("service", 20*ms), Leak: rapid.SampledFrom([]float64{0, 0, 0.1}).Draw(t, "leak"),
			NeverAccept: rapid.IntRange(0, 9).Draw(t, "never") == 0,
		},
	}
	if yes("stalls") == 1 {
		every := time.Duration(rapid.Int64Range(10, int64(5*time.Second)).Draw(t, "every")) | 1
		l.Program.Stall = sim.Stall{Every: every, For: every / time.Duration(rapid.IntRange(2, 9).Draw(t, "part")), First: time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "first")) | 1}
	}
	if yes("impatient") == 1 {
		l.Timeout = 2*l.Delay + time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "timeout")) | 1
	}
	return l
}

// Whatever the load, the fast way gives the report of the full world.
func TestAnyLoadEqualsWorld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLoad(t)
		full, err := l.RunWorld()
		if err != nil {
			t.Skip(err)
		}
		fast, err := l.Run()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(full, fast); d != "" {
			t.Fatalf("the full world (-) and the fast way (+): %.4000s", d)
		}
		if counted(fast, kernel.ListenOverflows) > 0 {
			t.Log("with overflows")
		}
	})
}
