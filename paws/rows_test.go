package paws

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// scenarios gives for each row of the table that concerns this package something that
// comes out otherwise with it than without it.
var scenarios = map[string]func(t *testing.T, sem kernel.Semantics) string{
	"host-stamp-u32": func(t *testing.T, sem kernel.Semantics) string {
		return fmt.Sprint(HostFresh(&sem, 1000, 900))
	},
	"host-peers-unlisted": func(t *testing.T, sem kernel.Semantics) string {
		c := scenarioCache(t, sem)
		_, judged, _ := c.Lookup(time.Hour, client, server, true, 5)
		return fmt.Sprint(judged)
	},
	"host-metrics": func(t *testing.T, sem kernel.Semantics) string {
		c := scenarioCache(t, sem)
		_, judged, _ := c.Lookup(0, server, server, true, 5) // a stranger
		return fmt.Sprint(judged)
	},
	"host-metrics-local": func(t *testing.T, sem kernel.Semantics) string {
		c := scenarioCache(t, sem)
		_, _, rejected := c.Lookup(0, client, netip.MustParseAddr("10.0.0.77"), true, 5)
		return fmt.Sprint(rejected)
	},
	"host-metrics-mapped": func(t *testing.T, sem kernel.Semantics) string {
		c := scenarioCache(t, sem)
		from := netip.MustParseAddr("::ffff:10.0.0.8")
		if _, _, err := c.EnterTimeWait(0, Closing{From: from, To: server, TS: 1000, Stamp: c.seconds(0)}); err != nil {
			t.Fatal(err)
		}
		_, _, rejected := c.Lookup(0, from.Unmap(), server, true, 5)
		return fmt.Sprint(rejected)
	},
	"no-ack-ignored": oldSYN,
	"syn-validated":  oldSYN,
	"ts-recent-after-ack": func(t *testing.T, sem kernel.Semantics) string {
		_, stored := UpdateRecent(&sem, conn(), &Segment{Timestamp: true, TSVal: 1001, Seq: 70}, 501, false)
		return fmt.Sprint(stored)
	},
	"paws-ack-rate-limit": func(t *testing.T, sem kernel.Semantics) string {
		return DecideEstablished(&sem, conn(late), &Segment{ACK: true, Timestamp: true, TSVal: 5}, 501).String()
	},
	"ts-offset-connection": offsets, "ts-offset-hosts": offsets, "ts-offset-ports": offsets,
	"stamps-monotonic": func(t *testing.T, sem kernel.Semantics) string {
		return fmt.Sprint(ClockSeconds(&sem, time.Second, time.Second))
	},
	"paws-syn-challenge": oldSYN,
	"zero-window-updates": func(t *testing.T, sem kernel.Semantics) string {
		return fmt.Sprint(DisorderedACK(&sem, conn(), &Segment{ACK: true, TSVal: 998, Seq: 70, AckSeq: 9}))
	},
	"paws-2147s": func(t *testing.T, sem kernel.Semantics) string { return IdleLimit(&sem).String() },
	"metrics-at-close": func(t *testing.T, sem kernel.Semantics) string {
		c := scenarioCache(t, sem)
		if err := c.Established(0, server, client); err != nil {
			t.Fatal(err)
		}
		_, _, known := c.Host(server, client)
		return fmt.Sprint(known)
	},
	"paws-replay-1200": func(t *testing.T, sem kernel.Semantics) string {
		return fmt.Sprint(ReplayWindow(&sem, 50, 250, false))
	},
	"ts-usec": func(t *testing.T, sem kernel.Semantics) string { return Tick(&sem, 250, true).String() },
	"paws-old-ack": func(t *testing.T, sem kernel.Semantics) string {
		return DecideEstablished(&sem, conn(), &Segment{ACK: true, Timestamp: true, TSVal: 5}, 501).String()
	},
	"paws-timewait-counter": func(t *testing.T, sem kernel.Semantics) string {
		return DecideTimeWait(&sem, Recent{1000, 500}, false, &Segment{Timestamp: true}, 501).String()
	},

	// Rows of other packages that this one asks.
	"paws-zero-passes": func(t *testing.T, sem kernel.Semantics) string {
		return fmt.Sprint(Passes(&sem, Recent{0, 500}, 501, 1<<31+5, 1))
	},
	"recycle-strict": func(t *testing.T, sem kernel.Semantics) string {
		return fmt.Sprint(RecycleRejects(&sem, Host{1000, 500}, 501, false, 0))
	},
	"tw-recycle-gone": func(t *testing.T, sem kernel.Semantics) string {
		return fmt.Sprint(RecycleRejects(&sem, Host{1000, 500}, 501, true, 0))
	},
	"proven-peers": func(t *testing.T, sem kernel.Semantics) string { return fmt.Sprint(PeerProven(&sem, true)) },
	"timestamp-millis": func(t *testing.T, sem kernel.Semantics) string {
		return Tick(&sem, 100, false).String()
	},
	"last-quarter-v6": func(t *testing.T, sem kernel.Semantics) string {
		return fmt.Sprint(RecycleJudges(&sem, &kernel.Sysctls{TCPTwRecycle: 1, TCPTimestamps: 1}, true, true, true))
	},
	"request-ack-rate-limit": func(t *testing.T, sem kernel.Semantics) string {
		return DecideSYNRecv(&sem, &kernel.Sysctls{TCPTimestamps: 1}, Request{TS: 9, AnsweredLately: true}, &Segment{ACK: true, Timestamp: true}).String()
	},
	"synack-timeout-1s": func(t *testing.T, sem kernel.Semantics) string { return RequestAge(&sem, 0, 0).String() },
	"synack-timeout-cap": func(t *testing.T, sem kernel.Semantics) string {
		return RequestAge(&sem, 9, 5000).String()
	},
	"syn-drop-counters": func(t *testing.T, sem kernel.Semantics) string {
		return scenarioCache(t, sem).Explain(0, client, server, true, 5).Verdict.String()
	},
}

func oldSYN(t *testing.T, sem kernel.Semantics) string {
	return DecideEstablished(&sem, conn(), &Segment{SYN: true, Len: 1, Timestamp: true, TSVal: 5}, 501).String()
}

func offsets(t *testing.T, sem kernel.Semantics) string { return OffsetScope(&sem, 1).String() }

// scenarioCache remembers the client, with timestamp 1000.
func scenarioCache(t *testing.T, sem kernel.Semantics) *Cache {
	t.Helper()
	sys := kernel.Sysctls{TCPTimestamps: 1}
	if sem.Recycle != kernel.RecycleGone {
		sys.TCPTwRecycle = 1
	}
	if sem.TWReuseDelay {
		sys.TCPTWReuseDelay = 1000
	}
	c, err := NewCache(Config{Semantics: sem, Sysctls: sys, Wall: 1e9 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.EnterTimeWait(0, Closing{From: client, To: server, TS: 1000, Stamp: 1e9}); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestEveryRowMatters runs each row's scenario with the row and without it, on the
// release before the row, and on every stable release from which it has a backport.
func TestEveryRowMatters(t *testing.T) {
	rows := map[string]bool{}
	for _, c := range kernel.Changes() {
		rows[c.ID] = true
		f := scenarios[c.ID]
		if f == nil {
			if c.Package == "paws" {
				t.Errorf("%s: no scenario", c.ID)
			}
			continue
		}
		without := releaseBefore(c).Semantics()
		with := without
		c.Apply(&with)
		if a, b := f(t, without), f(t, with); a == b {
			t.Errorf("%s changes nothing: %s", c.ID, a)
		}
		for _, b := range c.Backports {
			if b.Has == kernel.Unknown || b.Lacks < 0 || b.Stream[0] == 'e' {
				continue
			}
			lacks := kernel.MustParse(fmt.Sprintf("%s.%d", b.Stream, b.Lacks)).Semantics()
			has := kernel.MustParse(fmt.Sprintf("%s.%d", b.Stream, b.Has)).Semantics()
			if f(t, lacks) == f(t, has) {
				t.Errorf("%s: %s.%d does as %s.%d", c.ID, b.Stream, b.Has, b.Stream, b.Lacks)
			}
		}
	}
	for id := range scenarios {
		if !rows[id] {
			t.Errorf("no row %s", id)
		}
	}
}

// releaseBefore is a mainline release without the row, of the series before it.
func releaseBefore(c kernel.Change) kernel.Release {
	var major, minor, sub int
	if n, _ := fmt.Sscanf(c.Since, "2.6.%d", &sub); n == 1 {
		return kernel.MustParse(fmt.Sprintf("2.6.%d", sub-1))
	}
	fmt.Sscanf(c.Since, "%d.%d", &major, &minor)
	if minor > 0 {
		return kernel.MustParse(fmt.Sprintf("%d.%d", major, minor-1))
	}
	return kernel.MustParse(map[int]string{4: "3.19", 5: "4.20", 6: "5.19", 7: "6.19"}[major])
}

// What an upgrade from 3.10 to 6.12 changes in the memory of hosts and in PAWS.
func TestDiffTellsAnOperator(t *testing.T) {
	gained, _ := kernel.Diff(kernel.MustParse("3.10"), kernel.MustParse("6.12"))
	has := map[string]bool{}
	for _, c := range gained {
		has[c.ID] = true
	}
	for _, id := range []string{"tw-recycle-gone", "host-metrics-local", "stamps-monotonic", "paws-2147s", "paws-syn-challenge", "ts-offset-hosts"} {
		if !has[id] {
			t.Errorf("the upgrade does not name %s", id)
		}
	}
}
