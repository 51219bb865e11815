package kernel

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCounterNames(t *testing.T) {
	seen := map[string]bool{}
	n := 0
	for c := range AllCounters() {
		n++
		if c != Counter(n) {
			t.Errorf("counter %d stands in place %d", c, n)
		}
		name := c.String()
		if name == "" || seen[name] || strings.Contains(name, "(") {
			t.Errorf("counter %d is called %q", c, name)
		}
		seen[name] = true
		if p := c.Prefix(); p != "Tcp" && p != "TcpExt" {
			t.Errorf("%v has prefix %q", c, p)
		}
		for _, text := range []string{name, c.Prefix() + name} {
			if got, err := ParseCounter(text); got != c || err != nil {
				t.Errorf("ParseCounter(%q) = %v, %v", text, got, err)
			}
		}
	}
	if n != int(numCounters)-1 {
		t.Errorf("%d counters, want %d", n, numCounters-1)
	}
	for range AllCounters() {
		break
	}
}

// Which of the two /proc files has a counter is the kernel's choice, not ours.
func TestCounterPrefixes(t *testing.T) {
	for _, c := range []Counter{RetransSegs, PassiveOpens, AttemptFails, EstabResets, OutRsts} {
		if c.Prefix() != "Tcp" {
			t.Errorf("%v has prefix %s", c, c.Prefix())
		}
	}
	for _, c := range []Counter{ListenOverflows, ListenDrops, SyncookiesSent, PAWSEstab, EmbryonicRsts, TCPTimeouts, TCPSynRetrans} {
		if c.Prefix() != "TcpExt" {
			t.Errorf("%v has prefix %s", c, c.Prefix())
		}
	}
}

func TestParseCounterRefuses(t *testing.T) {
	for _, name := range []string{"", "TcpExt", "listendrops", "TcpListenDrops", "TcpExtRetransSegs", "InSegs", "Counter(0)"} {
		if c, err := ParseCounter(name); err == nil || c != 0 || !strings.Contains(err.Error(), `"`+name+`"`) {
			t.Errorf("ParseCounter(%q) = %v, %v", name, c, err)
		}
	}
	if got := Counter(0).String() + " " + numCounters.String(); !strings.HasPrefix(got, "Counter(0) Counter(") {
		t.Errorf("names of counters that are none: %s", got)
	}
}

func TestCounterSetKeepsOrder(t *testing.T) {
	s := CountersOf(ListenOverflows, ListenDrops)
	if s.String() != "ListenOverflows, ListenDrops" || s.Len() != 2 || !s.Has(ListenDrops) || s.Has(OutRsts) || s.Has(0) {
		t.Errorf("%v, %d", s, s.Len())
	}
	if s == CountersOf(ListenDrops, ListenOverflows) || s != (CounterSet{}).With(ListenOverflows).With(ListenDrops) {
		t.Error("sets are not equal exactly when their order is")
	}
	var none CounterSet
	if none.String() != "none" || none.Len() != 0 || none.Has(0) {
		t.Errorf("the zero set: %v", none)
	}
	eight := []Counter{ListenOverflows, ListenDrops, OutRsts, EmbryonicRsts, AttemptFails, PassiveOpens, OutRsts, TSEcrRejected}
	full := CountersOf(eight...)
	if full.Len() != 8 || full.With(TCPTimeouts) != full || !slices.Equal(slices.Collect(full.All()), eight) {
		t.Errorf("a full set: %v", full)
	}
	for range full.All() {
		break
	}
}

// Totals against a map.
func TestCountersAgainstAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var totals, middle Counters
		want, between := map[Counter]uint64{}, map[Counter]uint64{}
		anyCounter := rapid.Map(rapid.IntRange(0, int(numCounters)+2), func(n int) Counter { return Counter(n) })
		real := rapid.Map(rapid.IntRange(1, int(numCounters)-1), func(n int) Counter { return Counter(n) })
		steps := rapid.IntRange(0, 30).Draw(t, "steps")
		for i := range steps {
			if i == steps/2 {
				middle = totals
				clear(between)
			}
			if rapid.Bool().Draw(t, "set") {
				list := rapid.SliceOfN(real, 0, 6).Draw(t, "list")
				totals.Raise(CountersOf(list...))
				for _, c := range list {
					want[c]++
					between[c]++
				}
				continue
			}
			c, n := anyCounter.Draw(t, "counter"), rapid.Uint64Range(0, 1000).Draw(t, "n")
			totals.Add(c, n)
			if c > 0 && c < numCounters {
				want[c] += n
				between[c] += n
			}
		}
		diff := totals.Sub(middle)
		for c := Counter(0); c < numCounters+3; c++ {
			if totals.Get(c) != want[c] {
				t.Fatalf("%v is %d, want %d", c, totals.Get(c), want[c])
			}
			if steps > 0 && diff.Get(c) != between[c] {
				t.Fatalf("%v rose by %d, want %d", c, diff.Get(c), between[c])
			}
		}
		last := Counter(0)
		for c, n := range totals.All() {
			if c <= last || n == 0 || n != want[c] {
				t.Fatalf("All yields %v %d after %v", c, n, last)
			}
			last = c
		}
	})
}

func TestCountersText(t *testing.T) {
	var totals Counters
	if totals.String() != "none" {
		t.Errorf("nothing counted: %q", totals)
	}
	totals.Raise(CountersOf(ListenOverflows, ListenDrops))
	totals.Add(ListenDrops, 3)
	if totals.String() != "ListenOverflows 1, ListenDrops 4" {
		t.Errorf("%q", totals)
	}
	for range totals.All() {
		break
	}
}
