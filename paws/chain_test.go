package paws

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A dumbChain is the second model of one bucket of tcp_metrics: the head first, as the
// kernel's list stands.
type dumbChain []dumbLink

type dumbLink struct {
	host netip.Addr
	used time.Duration
}

func (d *dumbChain) find(host netip.Addr) *dumbLink {
	for i := range *d {
		if (*d)[i].host == host {
			return &(*d)[i]
		}
	}
	return nil
}

// add puts a host at the head, or, in the seventh place, over the one that was not used
// for longest, the first of several.
func (d *dumbChain) add(host netip.Addr, now time.Duration) {
	l := dumbLink{host, now}
	if len(*d) < 6 {
		*d = slices.Insert(*d, 0, l)
		return
	}
	oldest := 0
	for i, o := range *d {
		if o.used < (*d)[oldest].used {
			oldest = i
		}
	}
	(*d)[oldest] = l
}

// TestMetricsChain fills the bucket that all hosts share, often several in one jiffy.
func TestMetricsChain(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		release := rapid.SampledFrom([]string{"3.6", "3.10.108", "4.4.155"}).Draw(t, "release")
		c := recycling(tt, release, func(cfg *Config) { cfg.MetricsSlots = 1 })
		var hosts []netip.Addr
		for i := range 10 {
			hosts = append(hosts, netip.AddrFrom4([4]byte{10, 1, 0, byte(i)}), netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1)))
		}
		var chain dumbChain
		now := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += rapid.SampledFrom([]time.Duration{0, 0, 4 * time.Millisecond, time.Second}).Draw(t, "wait")
			host := rapid.SampledFrom(hosts).Draw(t, "host")
			l := chain.find(host)
			switch op := rapid.SampledFrom([]string{"enter", "fin", "closed", "lookup", "established", "fetch"}).Draw(t, "op"); op {
			case "lookup":
				c.Lookup(now, host, netip.Addr{}, true, 5)
			case "fin":
				if _, _, err := c.FinInFinWait2(now, Closing{From: host, TS: 5, Stamp: c.seconds(now)}); err != nil {
					t.Fatal(err)
				}
			case "enter":
				if _, _, err := c.EnterTimeWait(now, Closing{From: host, TS: 5, Stamp: c.seconds(now)}); err != nil {
					t.Fatal(err)
				}
				if l == nil {
					chain.add(host, now)
				}
			case "established", "fetch":
				var err error
				if op == "fetch" {
					_, _, err = c.Fetch(now, host, netip.Addr{})
				} else {
					err = c.Established(now, host, netip.Addr{})
				}
				if err != nil {
					t.Fatal(err)
				}
				if l == nil {
					chain.add(host, now)
				}
			case "closed":
				rtt := rapid.Bool().Draw(t, "rtt")
				if err := c.Closed(now, Closing{From: host}, rtt); err != nil {
					t.Fatal(err)
				}
				switch {
				case l != nil && rtt:
					l.used = now
				case rtt:
					chain.add(host, now)
				}
			}
			for _, host := range hosts {
				if _, _, known := c.Host(host, netip.Addr{}); known != (chain.find(host) != nil) {
					t.Fatalf("%v known: %v; the chain is %v", host, known, chain)
				}
			}
		}
	})
}

// A host that takes a place in a full bucket stands where the other stood, not at the
// head: it does not make the others older.
func TestMetricsChainKeepsPlaces(t *testing.T) {
	c := recycling(t, "4.4.155", func(cfg *Config) { cfg.MetricsSlots = 1 })
	host := func(i byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, 0, i}) }
	for i := byte(1); i <= 8; i++ {
		now := time.Second
		if i == 1 {
			now = 0 // the tail, whose place host 7 takes
		}
		if _, _, err := c.EnterTimeWait(now, Closing{From: host(i), TS: 5, Stamp: c.seconds(now)}); err != nil {
			t.Fatal(err)
		}
	}
	for i := byte(1); i <= 8; i++ {
		if _, _, known := c.Host(host(i), netip.Addr{}); known != (i != 1 && i != 6) {
			t.Errorf("host %d known: %v", i, known)
		}
	}
}
