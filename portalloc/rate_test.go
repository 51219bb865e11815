package portalloc

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/timewait"
	"pgregory.net/rapid"
)

// dumbOrder is the order in which a search looks at ports lo to hi, written out once more
// from what the kernel does. sum is the hash and hint, or what bind() draws.
func dumbOrder(era string, lo, hi int, sum uint32) (order []int) {
	n := hi - lo + 1
	switch era {
	case "next": // 2.6.32 to 4.1
		for i := 1; i <= n; i++ {
			order = append(order, lo+int((uint32(i)+sum)%uint32(n)))
		}
	case "even": // 4.2 to 4.5
		for i := range n {
			order = append(order, lo+int((uint32(i)+sum&^1)%uint32(n)))
		}
	case "narrowed": // IP_LOCAL_PORT_RANGE from 6.8 on; bind() to 4.5
		for i := range n {
			order = append(order, lo+(int(sum%uint32(n))+i)%n)
		}
	case "parity", "odd": // connect() and bind() from 4.6 on
		m := n
		if m > 1 {
			m &^= 1
		}
		start := int(sum%uint32(m)) &^ 1
		passes := []int{start, start + 1}
		if era == "odd" {
			passes = []int{start + 1, start}
		}
		if m == 1 {
			passes = []int{0}
		}
		for _, o := range passes {
			port := lo + o
			for i := 0; i < m; i += 2 {
				if port > hi {
					port -= m
				}
				order = append(order, port)
				port += 2
			}
		}
	}
	return order
}

// rateEras are a kernel and picker for each order.
var rateEras = []struct {
	era, release string
	picker       Picker
}{
	{"next", "2.6.32", ConnectPicks}, {"next", "4.1", ConnectPicks},
	{"even", "4.2", ConnectPicks}, {"even", "4.5", ConnectPicks},
	{"parity", "4.6", ConnectPicks}, {"parity", "5.10.223", ConnectPicks}, {"parity", "7.2.13", ConnectPicks},
	{"parity", "6.3", ConnectPicksInRange}, {"parity", "6.7", ConnectPicksInRange},
	{"narrowed", "6.8", ConnectPicksInRange}, {"narrowed", "7.2", ConnectPicksInRange},
	{"narrowed", "2.6.32", BindPicks}, {"narrowed", "4.5", BindPicksWildcard},
	{"odd", "4.6", BindPicksWildcard}, {"odd", "6.12", BindPicks},
}

func portsTo(lo, hi int) kernel.PortRange { return kernel.PortRange{Low: lo, High: hi} }

// What every search finds at least, and all searches together, for all small ranges and
// all sets of excluded ports.
func TestUsablePortsAgainstEverySearch(t *testing.T) {
	for _, e := range rateEras {
		for _, lo := range []int{100, 101} {
			for n := 1; n <= 9; n++ {
				for mask := range 1 << n {
					p := Pool{Picker: e.picker, Range: portsTo(lo, lo+n-1), Sources: 1, Destinations: 1}
					for i := range n {
						if mask>>i&1 != 0 {
							p.Excluded = append(p.Excluded, portsTo(lo+i, lo+i))
						}
					}
					wantSure, all := n, map[int]bool{}
					for sum := range uint32(2 * n) {
						found := map[int]bool{}
						for _, port := range dumbOrder(e.era, lo, lo+n-1, sum) {
							if mask>>(port-lo)&1 == 0 {
								found[port], all[port] = true, true
							}
						}
						wantSure = min(wantSure, len(found))
					}
					sure, most, err := UsablePorts(kernelNamed(e.release), p)
					if err != nil || sure != wantSure || most != len(all) {
						t.Fatalf("%s %v %d ports without %v: %d to %d (%v), want %d to %d", e.release, e.picker, n, p.Excluded, sure, most, err, wantSure, len(all))
					}
				}
			}
		}
	}
}

// A range with an odd number of ports loses one per call from 4.6.
func TestAnOddRangeLosesAPort(t *testing.T) {
	for _, c := range []struct {
		releases   string
		n          int
		sure, most int
	}{
		{"2.6.32.67 3.10.108 4.4.155", 3, 3, 3},
		{"4.9.154 4.19.78 5.10.223 6.1.192 6.12.107 6.18.44 7.2.13", 3, 2, 2},
		{"5.10.223 6.18.44 7.2.13", 5, 4, 5},
		{"2.6.32.67 4.4.155 4.9.154 7.2.13", 1, 1, 1},
		{"2.6.32.67 4.4.155 4.9.154 7.2.13", 2, 2, 2},
	} {
		for _, release := range strings.Fields(c.releases) {
			sure, most, err := UsablePorts(kernelNamed(release), Pool{ConnectPicks, portsTo(61000, 61000+c.n-1), nil, 1, 1})
			if err != nil || sure != c.sure || most != c.most {
				t.Errorf("%s, %d ports: %d to %d (%v)", release, c.n, sure, most, err)
			}
		}
	}
}

func TestCapacity(t *testing.T) {
	for _, c := range []struct {
		release    string
		picker     Picker
		sources    int
		dests      int
		sure, most int
	}{
		{"4.1", ConnectPicks, 1, 1, 28233, 28233},
		{"4.2", ConnectPicks, 1, 1, 28232, 28232},
		{"6.12", ConnectPicks, 2, 10, 564640, 564640},
		{"6.12", BindPicks, 2, 10, 56464, 56464},
		{"6.12", BindPicksWildcard, 2, 10, 28232, 28232},
		{"3.3", BindPicks, 2, 10, 28233, 28233},
		{"3.4", BindPicks, 2, 10, 56466, 56466},
		{"3.4", BindPicksWildcard, 2, 10, 28233, 28233},
	} {
		sem := kernelNamed(c.release)
		p := Pool{c.picker, kernel.DefaultPortRange(*sem), nil, c.sources, c.dests}
		sure, most, err := Capacity(sem, p)
		if err != nil || sure != c.sure || most != c.most {
			t.Errorf("%s %v: %d to %d (%v)", c.release, c.picker, sure, most, err)
		}
	}
	// Reserved ports as they stand in /proc/sys, overlapping and outside.
	out, err := kernel.ParsePortList("1-100,40000-40009,40005,60999,61000")
	if err != nil {
		t.Fatal(err)
	}
	p := Pool{ConnectPicks, portsTo(32768, 60999), out, 1, 1}
	if sure, _, err := Capacity(kernelNamed("6.12"), p); sure != 28232-11 || err != nil {
		t.Error(sure, err)
	}
	// The whole range of unprivileged ports.
	p.Range, p.Excluded = portsTo(1024, 65535), nil
	if sure, _, err := Capacity(kernelNamed("6.12"), p); sure != 64512 || err != nil {
		t.Error(sure, err)
	}
}

// ReuseWait has the bounds of what package timewait lets connect() take over.
func TestReuseWaitIsTheAgeThatTimewaitAsksFor(t *testing.T) {
	for _, c := range []struct {
		releases string
		delay    int
		want     Span
	}{
		{"2.6.32 3.10.108 4.18", 0, Span{time.Second, 2 * time.Second}},
		{"4.19 5.10.223 6.13", 0, Span{0, time.Second}},
		{"6.14 6.18.44 7.2", 1000, Span{time.Second, 1001 * time.Millisecond}},
		{"6.18.44", 20, Span{20 * time.Millisecond, 21 * time.Millisecond}},
	} {
		for _, release := range strings.Fields(c.releases) {
			sem := kernelNamed(release)
			got := ReuseWait(sem, time.Duration(c.delay)*time.Millisecond)
			if got != c.want {
				t.Errorf("%s: %v", release, got)
			}
			sys := kernel.Sysctls{TCPTWReuse: 1, TCPTWReuseDelay: c.delay}
			old := func(entry, after time.Duration) bool {
				at := func(d time.Duration) (s, ms uint32) { return uint32(d / time.Second), uint32(d / time.Millisecond) }
				r := timewait.Reuse{State: timewait.TimeWait}
				r.SeenAt, r.EntryMs = at(entry)
				r.Now, r.NowMs = at(entry + after)
				return timewait.ReuseAge(sem, &sys, r)
			}
			const step = 100 * time.Microsecond
			lo, hi := time.Hour, time.Duration(0)
			for phase := time.Duration(0); phase < time.Second; phase += 9700 * time.Microsecond {
				wait := time.Duration(0)
				for !old(50*time.Second+phase, wait) {
					wait += step
				}
				lo, hi = min(lo, wait), max(hi, wait)
			}
			const slack = 11 * time.Millisecond // of the phases tried
			if lo < got.Min || hi > got.Max || lo > got.Min+slack || hi < got.Max-slack {
				t.Errorf("%s: waits of %v to %v, want %v", release, lo, hi, got)
			}
		}
	}
	if got := ReuseWait(kernelNamed("6.18"), -1); got != (Span{0, time.Millisecond}) {
		t.Error(got)
	}
}

func TestHold(t *testing.T) {
	sem := kernelNamed("6.12")
	c := Closing{Open: Span{time.Second, 3 * time.Second}, TimeWait: Span{60 * time.Second, 62048 * time.Millisecond}}
	hold := func(c Closing, p Picker) Span {
		s, err := c.Hold(p)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const ms = time.Millisecond
	for p := ConnectPicks; p <= BindPicksWildcard; p++ {
		c := c
		if got := hold(c, p); got != (Span{61 * time.Second, 65048 * ms}) {
			t.Errorf("%v: %v", p, got)
		}
		c.Reuse, c.ReuseWait = true, ReuseWait(sem, 0)
		want := Span{time.Second, 4 * time.Second}
		if p.binds() {
			want = Span{61 * time.Second, 65048 * ms}
		}
		if got := hold(c, p); got != want {
			t.Errorf("%v with reuse: %v", p, got)
		}
		c.ServerFirst = true
		if got := hold(c, p); got != c.Open {
			t.Errorf("%v, server first: %v", p, got)
		}
	}
	// A delay above TIME_WAIT does not make it longer.
	c.Reuse, c.ReuseWait = true, Exactly(100*time.Second)
	if got := hold(c, ConnectPicks); got != (Span{61 * time.Second, 65048 * ms}) {
		t.Error(got)
	}
	for _, bad := range []Closing{
		{Open: Span{-1, 0}}, {TimeWait: Span{2, 1}}, {ReuseWait: Exactly(math.MaxInt64)},
	} {
		if s, err := bad.Hold(ConnectPicks); err == nil || s != (Span{}) {
			t.Errorf("%+v: %v", bad, s)
		}
	}
}

func TestRateRefusesBadInput(t *testing.T) {
	sem := kernelNamed("6.12")
	good := Pool{ConnectPicks, portsTo(32768, 60999), nil, 1, 1}
	with := func(change func(p *Pool)) Pool { p := good; change(&p); return p }
	for _, c := range []struct {
		sem  *kernel.Semantics
		p    Pool
		hold Span
		rate float64
		want string
	}{
		{nil, good, Exactly(1), 1, "no kernel"},
		{sem, Pool{}, Exactly(1), 1, "Picker is 0"},
		{sem, with(func(p *Pool) { p.Picker = 5 }), Exactly(1), 1, "Picker is 5"},
		{kernelNamed("6.2"), with(func(p *Pool) { p.Picker = ConnectPicksInRange }), Exactly(1), 1, "IP_LOCAL_PORT_RANGE"},
		{sem, with(func(p *Pool) { p.Range = portsTo(2, 1) }), Exactly(1), 1, "ports 2 to 1"},
		{sem, with(func(p *Pool) { p.Range = portsTo(0, 1) }), Exactly(1), 1, "ports 0 to 1"},
		{sem, with(func(p *Pool) { p.Range = portsTo(1, 65536) }), Exactly(1), 1, "65536"},
		{sem, with(func(p *Pool) { p.Sources = 0 }), Exactly(1), 1, "0 source addresses"},
		{sem, with(func(p *Pool) { p.Destinations = 0 }), Exactly(1), 1, "0 destinations"},
		{sem, with(func(p *Pool) { p.Destinations = mostAddresses + 1 }), Exactly(1), 1, "1048577 destinations"},
		{sem, with(func(p *Pool) { p.Excluded = []kernel.PortRange{{Low: 5, High: 4}} }), Exactly(1), 1, "excluded ports 5 to 4"},
		{sem, with(func(p *Pool) { p.Excluded = []kernel.PortRange{{Low: -1, High: 4}} }), Exactly(1), 1, "excluded ports -1 to 4"},
		{sem, with(func(p *Pool) { p.Excluded = []kernel.PortRange{{Low: 1, High: 65536}} }), Exactly(1), 1, "65536"},
		{sem, good, Span{}, 1, "hold 0s"},
		{sem, good, Span{-1, 1}, 1, "hold -1ns"},
		{sem, good, Span{2, 1}, 1, "hold 2ns"},
		{sem, good, Exactly(1), 0, "0 connections per second"},
		{sem, good, Exactly(1), -5, "-5 connections per second"},
		{sem, good, Exactly(1), math.NaN(), "NaN connections per second"},
		{sem, good, Exactly(1), math.Inf(1), "+Inf connections per second"},
	} {
		check := func(what string, zero bool, err error) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), c.want) || !zero {
				t.Errorf("%s: %v; want %q and nothing else", what, err, c.want)
			}
		}
		early, late, err := FirstFailure(c.sem, c.p, c.hold, c.rate)
		check("FirstFailure", early == 0 && late == 0, err)
		if !strings.Contains(c.want, "per second") {
			sure, most, err := SustainedRate(c.sem, c.p, c.hold)
			check("SustainedRate", sure == 0 && most == 0, err)
		}
		if !strings.Contains(c.want, "0 destinations") {
			n, err := DestinationsNeeded(c.sem, with(func(p *Pool) { *p = c.p }), c.hold, c.rate)
			if !strings.Contains(c.want, "destinations") {
				check("DestinationsNeeded", n == 0, err)
			}
		}
		if !strings.Contains(c.want, "source") {
			n, err := SourcesNeeded(c.sem, c.p, c.hold, c.rate)
			check("SourcesNeeded", n == 0, err)
		}
		if !strings.Contains(c.want, "ports") && !strings.Contains(c.want, "65536") {
			n, err := PortsNeeded(c.sem, c.p, c.hold, c.rate)
			check("PortsNeeded", n == 0, err)
		}
	}
}

// A brute-force pool: connections come evenly, each keeps its port for some time of the
// span, and each call searches in the order of its era from anywhere.
type dumbPool struct {
	era    string
	r      kernel.PortRange
	out    []kernel.PortRange
	shared bool // a port once for all destinations
	until  map[[2]int]time.Duration
	rng    *rand.Rand
}

func (d *dumbPool) connect(now time.Duration, group int, hold Span) bool {
	if d.shared {
		group = 0
	}
	for _, port := range dumbOrder(d.era, d.r.Low, d.r.High, d.rng.Uint32()>>1) {
		free := d.until[[2]int{group, port}]-now <= 1 // a rate is rounded
		for _, out := range d.out {
			free = free && !out.Contains(port)
		}
		if free {
			d.until[[2]int{group, port}] = now + hold.Min + time.Duration(d.rng.Int64N(int64(hold.Max-hold.Min)+1))
			return true
		}
	}
	return false
}

// firstFailure is when the first call fails of so many seconds' worth.
func (d *dumbPool) firstFailure(groups int, hold Span, perSecond float64, calls int) time.Duration {
	d.until = map[[2]int]time.Duration{}
	for k := range calls {
		now := time.Duration(float64(k) / perSecond * float64(time.Second))
		if !d.connect(now, k%groups, hold) {
			return now
		}
	}
	return Never
}

func TestRatesAgainstABruteForcePool(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(rateEras).Draw(t, "era")
		sem := kernelNamed(e.release)
		lo := rapid.IntRange(100, 101).Draw(t, "lo")
		p := Pool{Picker: e.picker, Range: portsTo(lo, lo+rapid.IntRange(0, 13).Draw(t, "size-1")), Sources: 1, Destinations: rapid.IntRange(1, 3).Draw(t, "destinations")}
		if rapid.Bool().Draw(t, "excluded") {
			at := lo + rapid.IntRange(0, 13).Draw(t, "at")
			p.Excluded = []kernel.PortRange{portsTo(at, at)}
		}
		hold := Span{time.Duration(rapid.IntRange(1, 5000).Draw(t, "min")) * time.Millisecond, 0}
		hold.Max = hold.Min + time.Duration(rapid.IntRange(0, 2000).Draw(t, "more"))*time.Millisecond
		sure, most, err := SustainedRate(sem, p, hold)
		if err != nil {
			t.Fatal(err)
		}
		groups := p.Destinations
		dumb := &dumbPool{era: e.era, r: p.Range, out: p.Excluded, shared: e.picker.binds(), rng: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7))}
		try := func(rate float64) (got, earliest, latest time.Duration) {
			earliest, latest, err := FirstFailure(sem, p, hold, rate)
			if err != nil {
				t.Fatal(err)
			}
			got = dumb.firstFailure(groups, hold, rate, 400)
			const rounding = time.Microsecond
			if got < earliest-rounding {
				t.Fatalf("%s %+v %v at %v/s: fails at %v, not before %v was promised", e.release, p, hold, rate, got, earliest)
			}
			// A group's own call may come up to a round of the groups later.
			round := time.Duration(float64(groups) / rate * float64(time.Second))
			if latest != Never && got > latest+round+rounding {
				t.Fatalf("%s %+v %v at %v/s: fails at %v, by %v was promised", e.release, p, hold, rate, got, latest)
			}
			return got, earliest, latest
		}
		if sure > 0 {
			if got, earliest, latest := try(sure * 0.999); got != Never || earliest != Never || latest != Never {
				t.Fatalf("below the sure rate %v/s: %v, %v, %v", sure, got, earliest, latest)
			}
			if hold.Min == hold.Max {
				try(sure)
			}
		}
		if _, earliest, latest := try(max(most, 0.001) * 1.05); earliest == Never || latest == Never {
			t.Fatalf("above %v/s: %v, %v", most, earliest, latest)
		}
		try(max(most, 0.001) * 3)
	})
}

// The inverses are the smallest numbers with which the rate is surely sustained.
func TestWhatIsNeededSustainsTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(rateEras).Draw(t, "era")
		sem := kernelNamed(e.release)
		low := rapid.IntRange(1024, 40000).Draw(t, "low")
		p := Pool{Picker: e.picker, Range: portsTo(low, low+rapid.IntRange(0, 20000).Draw(t, "size-1")), Sources: rapid.IntRange(1, 4).Draw(t, "sources"), Destinations: rapid.IntRange(1, 4).Draw(t, "destinations")}
		hold := Exactly(time.Duration(rapid.IntRange(1, 60000).Draw(t, "hold")) * time.Millisecond)
		rate := float64(rapid.IntRange(1, 2000).Draw(t, "rate")) / 2
		holds := func(p Pool) bool {
			earliest, _, err := FirstFailure(sem, p, hold, rate)
			return err == nil && earliest == Never
		}
		if n, err := PortsNeeded(sem, p, hold, rate); err == nil {
			q := p
			for i, want := range []bool{true, false, false, false} {
				if n-i < 1 {
					break
				}
				q.Range = portsTo(1, n-i)
				if holds(q) != want {
					t.Fatalf("%s %+v at %v/s for %v: %d needed, %d: %v", e.release, p, rate, hold, n, n-i, holds(q))
				}
			}
		} else if q := p; true {
			if q.Range = portsTo(1, 65535); holds(q) && rate*hold.Max.Seconds() < 65534 {
				t.Fatal(err)
			}
		}
		for _, inverse := range []struct {
			need func(*kernel.Semantics, Pool, Span, float64) (int, error)
			set  func(*Pool, int)
		}{
			{DestinationsNeeded, func(p *Pool, n int) { p.Destinations = n }},
			{SourcesNeeded, func(p *Pool, n int) { p.Sources = n }},
		} {
			q := p
			n, err := inverse.need(sem, p, hold, rate)
			if err != nil {
				if inverse.set(&q, mostAddresses); holds(q) {
					t.Fatal(err)
				}
				continue
			}
			if inverse.set(&q, n); !holds(q) {
				t.Fatalf("%+v at %v/s: %d do not do", p, rate, n)
			}
			if inverse.set(&q, n-1); n > 1 && holds(q) {
				t.Fatalf("%+v at %v/s: %d do, not only %d", p, rate, n-1, n)
			}
		}
	})
}

// A rate that SustainedRate returned is one that FirstFailure and the inverses take as
// sustained, rounded as it is.
func TestRatesRoundTrip(t *testing.T) {
	sem := kernelNamed("6.12")
	for n := 2; n < 60000; n += 998 {
		p := Pool{ConnectPicks, portsTo(1024, 1024+n-1), nil, 1, 1}
		for _, hold := range []Span{Exactly(60 * time.Second), Exactly(61400 * time.Millisecond), Exactly(7)} {
			sure, _, err := SustainedRate(sem, p, hold)
			if err != nil {
				t.Fatal(err)
			}
			earliest, latest, err := FirstFailure(sem, p, hold, sure)
			ports, err2 := PortsNeeded(sem, p, hold, sure)
			dests, err3 := DestinationsNeeded(sem, p, hold, sure)
			if fmt.Sprint(earliest, latest, err, ports, err2, dests, err3) != fmt.Sprint(Never, Never, nil, n, nil, 1, nil) {
				t.Errorf("%d ports, %v: %v %v %v, %d %v, %d %v", n, hold, earliest, latest, err, ports, err2, dests, err3)
			}
		}
	}
}

// Between the two rates it depends on how long the single connections take; what is in
// circulation is off by release.
func TestFirstFailureByHand(t *testing.T) {
	for _, c := range []struct {
		release        string
		n              int
		hold           Span
		rate           float64
		earliest, last time.Duration
	}{
		{"6.12", 14, Span{time.Second, 2 * time.Second}, 7, Never, Never},
		{"6.12", 14, Span{time.Second, 2 * time.Second}, 8, 1750 * time.Millisecond, Never},
		{"6.12", 14, Span{time.Second, 2 * time.Second}, 14, time.Second, Never},
		{"6.12", 14, Span{time.Second, 2 * time.Second}, 28, 500 * time.Millisecond, 500 * time.Millisecond},
		{"6.12", 15, Span{time.Second, 2 * time.Second}, 28, 500 * time.Millisecond, 535714285 * time.Nanosecond},
		{"4.4", 28232, Exactly(60 * time.Second), 28232. / 60, Never, Never}, // ports / 60
		{"4.4", 28232, Exactly(60 * time.Second), 471, 59940552016, 59940552016},
		{"3.10", 28233, Span{97500 * time.Millisecond, 112500 * time.Millisecond}, 28233. / 60, 60 * time.Second, 60 * time.Second},
	} {
		earliest, last, err := FirstFailure(kernelNamed(c.release), Pool{ConnectPicks, portsTo(32768, 32768+c.n-1), nil, 1, 1}, c.hold, c.rate)
		near := func(a, b time.Duration) bool { return a-b <= 1 && b-a <= 1 }
		if err != nil || !near(earliest, c.earliest) || !near(last, c.last) {
			t.Errorf("%+v: %v, %v, %v", c, earliest, last, err)
		}
	}
}

func TestNothingHelpsWithoutAPort(t *testing.T) {
	sem, p := kernelNamed("6.12"), Pool{ConnectPicks, portsTo(5, 6), []kernel.PortRange{{Low: 1, High: 9}}, 1, 1}
	if n, err := DestinationsNeeded(sem, p, Exactly(1), 1); err == nil || n != 0 {
		t.Error(n, err)
	}
	if n, err := SourcesNeeded(sem, p, Exactly(1), 1); err == nil || n != 0 {
		t.Error(n, err)
	}
	if sure, most, err := SustainedRate(sem, p, Span{0, 1}); sure != 0 || most != 0 || err != nil {
		t.Error(sure, most, err)
	}
	if early, late, err := FirstFailure(sem, p, Exactly(1), 1); early != 0 || late != 0 || err != nil {
		t.Error(early, late, err)
	}
	p.Excluded = nil
	if sure, most, err := SustainedRate(sem, p, Span{0, time.Second}); sure != 2 || !math.IsInf(most, 1) || err != nil {
		t.Error(sure, most, err)
	}
	// Without a TIME_WAIT and with bind() one destination is enough as long as the ports are.
	p = Pool{BindPicks, portsTo(1, 10), nil, 1, 7}
	if n, err := DestinationsNeeded(sem, p, Exactly(time.Second), 10); n != 1 || err != nil {
		t.Error(n, err)
	}
}
