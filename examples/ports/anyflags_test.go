package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"example.com/linuxtcp/internal/outgoing"
)

// anyFlags draws a command line that is right.
func anyFlags(rng *rand.Rand) []string {
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	release := pick("2.6.32", "2.6.32-358.el6.x86_64", "2.6.37", "3.4", "3.10.0-693.el7.x86_64", "4.0", "4.4", "4.9",
		"4.18.0-348.el8.x86_64", "4.19.78", "5.10.223", "5.15.0-91-generic", "6.1.0-18-amd64", "6.8", "6.12.107", "7.2")
	a := []string{"-release", release}
	if rng.IntN(2) == 0 {
		low := 1024 + rng.IntN(64000)
		sizes := []int{1, 3, 10, 60000}
		a = append(a, "-range", fmt.Sprint(low, " ", min(65535, low+rng.IntN(1+sizes[rng.IntN(len(sizes))]))))
		if release != "2.6.32" && rng.IntN(3) == 0 {
			a = append(a, "-reserved", fmt.Sprintf("%d-%d", low, min(65535, low+rng.IntN(3))))
		}
	}
	perhaps := func(flag ...string) {
		if rng.IntN(2) == 0 {
			a = append(a, flag...)
		}
	}
	perhaps("-rate", pick("0.001", "1", "13.4", "500", "1e6", "1e9"))
	perhaps("-destinations", pick("1", "2", "1048576"))
	perhaps("-sources", pick("1", "2", "1048576"))
	perhaps("-open", pick("1us", "1ms", "10s", "8760h"))
	perhaps(pick("-bind", "-bind=wildcard"))
	perhaps(pick("-server-closes", "-loopback", "-curve"))
	perhaps("-reuse", pick("0", "1", "2"))
	perhaps("-buckets", pick("0", "100", "1000000"))
	return a
}

// Whatever is asked is answered, and the parts of the answer agree: one row is current,
// what is sure lasts, what is above the most fails, and what is needed is there exactly
// if the rate lasts.
func TestAnyFlags(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		c := goldenCase{name: "any", proc: nothing, args: anyFlags(rng)}
		r := c.report(t)
		if n := len(slices.DeleteFunc(slices.Clone(r.Rates), func(row RateReport) bool { return !row.Current })); n != 1 {
			t.Errorf("%q: %d rows are current", c.args, n)
		}
		row, at := current(r.Rates), r.AtRate
		if row.Sure > row.Most || row.HoldMin > row.HoldMax {
			t.Errorf("%q: %+v", c.args, row)
		}
		if at == nil {
			continue
		}
		// TIME_WAIT of an idle kernel to 4.0 is shorter than that of the table.
		if busy := at.PerSecond > outgoing.BusyRate; busy && at.Lasts && at.PerSecond > row.Most*1.001 || !at.Lasts && at.PerSecond < row.Sure*0.999 {
			t.Errorf("%q: %+v beside %+v", c.args, at, row)
		}
		for _, need := range at.Needs {
			counted := need.Now > 0 && need.Needed > 0 && r.Ports.Reserved == 0
			if counted && at.Lasts != (need.Needed <= need.Now) {
				t.Errorf("%q: lasts: %v, but %+v", c.args, at.Lasts, need)
			}
		}
	}
}

// FuzzFlags: any command line is read or refused as a mistake.
func FuzzFlags(f *testing.F) {
	for _, c := range goldenCases {
		f.Add(strings.Join(c.args, " "))
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := parseFlags(args(text))
		if err == nil && (o.sources < 1 || o.destinations < 1 || o.open < leastOpen || o.rate < 0 || o.csv && !o.curve) {
			t.Errorf("%q: %+v", text, o)
		}
	})
}
