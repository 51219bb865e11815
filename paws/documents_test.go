package paws

import (
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

// D1: a SYN older than the host's last remembered stamp is dropped, within 60 s. True
// of kernels with tcp_tw_recycle, if "older" means by two ticks, in signed arithmetic.
func TestD1PerHostTimestamp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom([]string{"2.6.32", "2.6.32-642.el6.x86_64", "3.5", "3.10.108", "3.10.0-1160.el7.x86_64", "4.4.155", "4.11"}).Draw(t, "release")
		sem := semantics(release)
		stamp := rapid.Uint32Range(1e9, 2e9).Draw(t, "stamp")
		ts := rapid.Uint32().Draw(t, "ts")
		older := rapid.Uint32Range(2, 1<<31-1).Draw(t, "older")
		age := rapid.Uint32Range(0, 59).Draw(t, "age")
		h := Host{TS: ts, Stamp: stamp}
		if !RecycleRejects(sem, h, stamp+age, true, ts-older) {
			t.Fatal("a SYN that is older passes")
		}
		// Where it is not: after 60 s, one tick back, ahead by less than half the circle.
		if RecycleRejects(sem, h, stamp+60+rapid.Uint32Range(0, 1e6).Draw(t, "later"), true, ts-older) {
			t.Fatal("an old stamp rejects")
		}
		if RecycleRejects(sem, h, stamp+age, true, ts-1) || RecycleRejects(sem, h, stamp+age, true, ts+rapid.Uint32Range(0, 1<<31).Draw(t, "ahead")) {
			t.Fatal("a newer SYN is dropped")
		}
	})
}

// D1: "a clock with larger numbers suffers nothing". Not if it is ahead by more than half of
// the circle.
func TestD1LargerNumberIsDroppedToo(t *testing.T) {
	if !RecycleRejects(semantics("3.10.108"), Host{TS: 1_200_000_000, Stamp: 1000}, 1001, true, 3_500_000_000) {
		t.Error("3.5e9 after 1.2e9 passes")
	}
}

// D1: both tcp_tw_recycle and tcp_timestamps are needed. To 3.16; from 3.17 on switching
// timestamps off makes it worse, until the stamps are a minute old.
func TestD1BothSysctlsAreNeeded(t *testing.T) {
	for _, release := range []string{"2.6.32", "3.10.108", "3.16", "3.17", "3.10.0-1160.el7.x86_64", "4.11"} {
		for recycle := range 2 {
			for timestamps := range 2 {
				c := recycling(t, release)
				if _, _, err := c.EnterTimeWait(0, Closing{From: client, To: server, TS: 1000, Stamp: c.seconds(0)}); err != nil {
					t.Fatal(err)
				}
				sys := c.sys
				sys.TCPTwRecycle, sys.TCPTimestamps = recycle, timestamps
				if err := c.SetSysctls(sys); err != nil {
					t.Fatal(err)
				}
				strict := c.sem.Recycle == kernel.RecycleStrict
				_, _, rejected := c.Lookup(time.Second, client, server, true, 5)
				if want := recycle == 1 && (timestamps == 1 || strict); rejected != want {
					t.Errorf("%s, recycle %d, timestamps %d: rejected %v", release, recycle, timestamps, rejected)
				}
			}
		}
	}
}

// D1: the server keeps one timestamp for each client address. To 3.13; from 3.14 on and in
// RHEL 7 one for each pair of addresses.
func TestD1OneTimestampPerAddress(t *testing.T) {
	for release, pair := range map[string]bool{"2.6.32": false, "3.10.108": false, "3.13": false, "3.14": true, "3.10.0-1160.el7.x86_64": true, "4.11": true} {
		c := scenarioCache(t, *semantics(release))
		if _, _, rejected := c.Lookup(0, client, client, true, 5); rejected == pair {
			t.Errorf("%s: a SYN to another of our addresses rejected: %v", release, rejected)
		}
	}
}

// D1: recycling was "removed in 4.1x / 4.2", the digits being lost: broken by 4.10,
// softened in 4.11, removed in 4.12.
func TestD1RemovedIn412(t *testing.T) {
	for _, c := range []struct {
		release string
		scope   Scope
		recycle bool
	}{
		{"4.2", ScopeHost, true}, {"4.9", ScopeHost, true}, {"4.10", ScopeConnection, true}, {"4.11", ScopePair, true}, {"4.12", ScopePair, false}, {"4.20", ScopePair, false},
	} {
		sem := semantics(c.release)
		if got := OffsetScope(sem, 1); got != c.scope {
			t.Errorf("%s: %v", c.release, got)
		}
		cache := scenarioCacheOf(t, c.release)
		if _, judged, rejected := cache.Lookup(0, client, server, true, 5); judged != c.recycle || rejected != c.recycle {
			t.Errorf("%s: judged %v, rejected %v", c.release, judged, rejected)
		}
	}
	// A client of 4.10 before a server of 4.9: about half of its connections are older than the last.
	rapid.Check(t, func(t *rapid.T) {
		last, next := rapid.Uint32().Draw(t, "last"), rapid.Uint32().Draw(t, "next")
		a := RecycleRejects(semantics("4.9"), Host{last, 9}, 10, true, next)
		b := RecycleRejects(semantics("4.9"), Host{next, 9}, 10, true, last)
		if d := dumbOlder(last, next); a == b && d > 1 && d < 1<<31-1 {
			t.Fatal("of two connections in either order exactly one is dropped")
		}
	})
}

// D1: only who closes first ends in TIME_WAIT and remembers. True: a server whose client
// closes first remembers that it was there, but nothing of its clock.
func TestD1OnlyTheActiveCloserRemembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom([]string{"2.6.32", "3.5", "3.10.108", "4.4.155", "4.11"}).Draw(t, "release")
		r := kernel.MustParse(release)
		c, err := NewCache(Config{Semantics: r.Semantics(), Sysctls: kernel.Sysctls{TCPTwRecycle: 1, TCPTimestamps: 1}, Wall: 1e9 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		ts, next := rapid.Uint32().Draw(t, "timestamp"), rapid.Uint32().Draw(t, "next")
		closing := Closing{From: client, To: server, TS: ts, Stamp: 1e9}
		if err := c.Closed(0, closing, true); err != nil {
			t.Fatal(err)
		}
		if _, _, rejected := c.Lookup(0, client, server, true, next); rejected {
			t.Fatal("a SYN is dropped though the client closed first")
		}
		if _, _, err := c.EnterTimeWait(0, closing); err != nil {
			t.Fatal(err)
		}
		if _, _, rejected := c.Lookup(0, client, server, true, next); rejected != (dumbOlder(ts, next) > 1) {
			t.Fatalf("the server closed first: rejected %v", rejected)
		}
	})
}

// D1: any packet of the slower host is dropped. Not true: a connection that is there is
// none of the cache's business, in any release.
func TestD1OnlySYNsAreHeldAgainstTheHost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release, sem := drawSemantics(t)
		own := rapid.Uint32Range(1, 1<<32-1).Draw(t, "its own last timestamp")
		c := conn(func(c *Conn) { c.TS = own })
		v := DecideEstablished(sem, c, &Segment{ACK: true, Seq: 70, AckSeq: 9, Timestamp: true, TSVal: own + rapid.Uint32Range(0, 1<<31-1).Draw(t, "newer")}, 501)
		if v.Action != Pass {
			t.Fatalf("%s: %v", release, v)
		}
	})
}

// scenarioCacheOf is a recycling server of a release that remembers the client.
func scenarioCacheOf(t *testing.T, release string) *Cache {
	t.Helper()
	c := recycling(t, release)
	if _, _, err := c.EnterTimeWait(0, Closing{From: client, To: server, TS: 1000, Stamp: c.seconds(0)}); err != nil {
		t.Fatal(err)
	}
	return c
}

// D1's incident, second by second: two phones behind one address, 3.10. The example
// TwoPhones tells it.
func TestD1TwoPhones(t *testing.T) {
	c := recycling(t, "3.10.108", func(cfg *Config) { cfg.Wall = 0 })
	const a, b = 1_200_000_000, 200_000_000
	at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	syn := func(s float64, base uint32) bool {
		t.Helper()
		_, judged, rejected := c.Lookup(at(s), client, server, true, base+uint32(s*1000))
		if !judged {
			t.Errorf("%v s: not judged", s)
		}
		return rejected
	}
	end := func(s float64, base uint32) (wrote bool) {
		t.Helper()
		wrote, short, err := c.EnterTimeWait(at(s), Closing{From: client, To: server, TS: base + uint32(s*1000), Stamp: uint32(s)})
		if !short || err != nil {
			t.Error(short, err)
		}
		return wrote
	}
	if syn(0, a) || !end(1.05, a) {
		t.Error("A's first connection")
	}
	for _, s := range []float64{5, 6, 8, 12, 20, 36, 60.999} {
		if !syn(s, b) {
			t.Errorf("B passes after %v s", s)
		}
	}
	if syn(61, b) || syn(68, b) {
		t.Error("B is dropped after a minute")
	}
	if !end(69, b) {
		t.Error("B's connection leaves no stamp")
	}
	if h, _, _ := c.Host(client, server); h != (Host{200_069_000, 69}) {
		t.Errorf("remembered: %v", h)
	}
	if syn(70, a) || !end(71, a) || !syn(72, b) {
		t.Error("A passes, and its end locks B out again")
	}
	// At exactly 60 s B passes, but its end does not overwrite yet.
	if syn(131, b) || end(131.9, b) || !end(132, b) {
		t.Error("the boundary of a write")
	}
}
