package main

import (
	"io"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// leavingOf is the question of a command line.
func leavingOf(t *testing.T, flags ...string) leaving {
	t.Helper()
	o, err := parseFlags(append([]string{"-side", "client"}, flags...))
	if err != nil {
		t.Fatal(err)
	}
	c, err := resolve(o, goldenCase{proc: nothing}.env(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	return leaving{c: c, o: o}
}

// The smallest numbers are the smallest in a world of hosts: with them no connection fails, and with less some do.
func TestSmallestInAWorld(t *testing.T) {
	for _, release := range []string{"2.6.32", "3.10.108", "4.4.155", "4.9.154", "4.19.91", "5.10.223", "6.12.117", "7.2.13"} {
		for _, more := range [][]string{nil, {"-tcp_tw_reuse", "1", "-rate", "40"}, {"-close", "server", "-open", "3s"}, {"-bind", "-sources", "2"}} {
			q := leavingOf(t, append([]string{"-release", release, "-rate", "4", "-range", "61000 61019"}, more...)...)
			p := &progress{}
			r, err := q.report(p)
			if err != nil {
				t.Fatal(err)
			}
			u := q.use(q.c, q.o.bind)
			hold, err := u.Hold(u.Way(q.serverFirst()), q.o.rate)
			if err != nil {
				t.Fatal(err)
			}
			length := hold.Max + hold.Max/2 + time.Second
			failed := func(destinations, sources, ports int) uint64 {
				other, c := q, *q.c
				c.sys.IPLocalPortRange = kernel.PortRange{Low: 61000, High: 61000 + ports - 1}
				other.c = &c
				x, err := other.world(destinations, sources, length, "test", p)
				if err != nil {
					t.Fatal(err)
				}
				return x.Failed
			}
			n, d, s := r.Now, q.o.destinations, q.o.sources
			if got := failed(d, s, n.Ports); n.Ports == 0 || got > 0 {
				t.Errorf("%s %v: a range of %d ports: %d failed", release, more, n.Ports, got)
			}
			// The sizes are even and leave room for the longest TIME_WAIT; an eighth less is too few for the shortest.
			if less := n.Ports - 2 - n.Ports/8; less > 1 && failed(d, s, less) == 0 {
				t.Errorf("%s %v: %d ports are enough too, not only %d", release, more, less, n.Ports)
			}
			if n.Destinations > 0 {
				if got := failed(n.Destinations, s, 20); got > 0 {
					t.Errorf("%s %v: %d destinations: %d failed", release, more, n.Destinations, got)
				}
				if n.Destinations > 1 && failed(n.Destinations-1, s, 20) == 0 {
					t.Errorf("%s %v: %d destinations are enough too", release, more, n.Destinations-1)
				}
			} else if failed(50, s, 20) == 0 {
				t.Errorf("%s %v: 50 destinations are enough after all", release, more)
			}
			if n.Sources > 1 && (failed(d, n.Sources, 20) > 0 || failed(d, n.Sources-1, 20) == 0) {
				t.Errorf("%s %v: %d sources: %d failed; one less: %d", release, more, n.Sources, failed(d, n.Sources, 20), failed(d, n.Sources-1, 20))
			}
		}
	}
}

// The arrivals of all sources together are those of one.
func TestEveryNth(t *testing.T) {
	var at []time.Duration
	for i := range 3 {
		next := everyNth{sim.Times{1, 2, 3, 4, 5, 6, 7}, i, 3}.Begin(nil)
		for x, ok := next(); ok; x, ok = next() {
			at = append(at, x)
		}
	}
	want := []time.Duration{1, 4, 7, 2, 5, 3, 6}
	if len(at) != len(want) {
		t.Fatal(at)
	}
	for i := range want {
		if at[i] != want[i] {
			t.Fatal(at)
		}
	}
}

func TestConfirmLimits(t *testing.T) {
	for flags, want := range map[string]bool{
		"-release 6.12.117 -rate 1000 -open 1s -sources 3 -confirm -close server": true, // one destination is enough
		"-release 6.12.117 -rate 4000 -destinations 5000 -confirm -bind":          false,
	} {
		c := goldenCase{proc: nothing, args: append(args("-side client"), args(flags)...)}
		if status, out, errs := c.run(); (status == 0) != want {
			t.Errorf("%s: status %d, %s%s", flags, status, out, errs)
		}
	}
}
