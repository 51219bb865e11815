package portalloc

import (
	"net/netip"
	"slices"
	"testing"

	"example.com/linuxtcp/kernel"
)

// drain connects to a destination until no port is left, keeping the connections.
func drain(t testing.TB, a *Allocator, o Options, dst netip.AddrPort) (ports []int, last Result) {
	t.Helper()
	for {
		s := must(a.Open(o))
		last = must(a.Connect(0, s, sources[0], dst))
		if last.Errno != 0 {
			if err := a.Close(s); err != nil {
				t.Fatal(err)
			}
			return ports, last
		}
		ports = append(ports, int(last.Port))
	}
}

// A range with an odd number of ports loses one per call from 4.6 on: three ports give
// two connections, one port works. Observed on 4.4.155 and before: 3; 4.9.154 and later: 2.
func TestThreePortsGiveTwoConnections(t *testing.T) {
	for _, release := range eras {
		sem := kernel.MustParse(release).Semantics()
		want, examined := 3, 3
		if sem.PortSearch == kernel.PortSearchParity {
			want, examined = 2, 2
		}
		for seed := range uint64(8) {
			ports, last := drain(t, allocator(t, release, 61000, 61002, seed, nil), Options{}, places[0])
			if len(ports) != want || last.Errno != EADDRNOTAVAIL || last.Examined != examined || want == 2 && slices.Contains(ports, 61002) {
				t.Errorf("%s: %v, then %v", release, ports, last)
			}
			ports, last = drain(t, allocator(t, release, 61000, 61000, seed, nil), Options{}, places[0])
			if !slices.Equal(ports, []int{61000}) || last.Examined != 1 {
				t.Errorf("%s, one port: %v, then %v", release, ports, last)
			}
		}
	}
}

// Five ports fail at the fifth call or at the sixth (observed on 5.10, 6.18, 7.2).
func TestFivePortsFailAtTheFifthOrSixthCall(t *testing.T) {
	seen := map[int]bool{}
	for seed := range uint64(60) {
		ports, _ := drain(t, allocator(t, "6.18.44", 61000, 61004, seed, nil), Options{}, places[0])
		seen[len(ports)] = true
	}
	if !seen[4] || !seen[5] || len(seen) != 2 {
		t.Errorf("%v connections", seen)
	}
}

// Range 61000 to 61001: two connects to one destination, the third fails; another
// destination is fine. Every release.
func TestTwoPortRange(t *testing.T) {
	for _, release := range eras {
		for seed := range uint64(8) {
			a := allocator(t, release, 61000, 61001, seed, nil)
			for _, dst := range places[:3] {
				ports, last := drain(t, a, Options{}, dst)
				slices.Sort(ports)
				if !slices.Equal(ports, []int{61000, 61001}) || last != (Result{Errno: EADDRNOTAVAIL, Examined: 2}) {
					t.Errorf("%s: %v, then %v", release, ports, last)
				}
			}
		}
	}
	// From 4.2 on the lower one comes first.
	for _, release := range eras {
		sem := kernel.MustParse(release).Semantics()
		lower := 0
		for seed := range uint64(32) {
			ports, _ := drain(t, allocator(t, release, 61000, 61001, seed, nil), Options{}, places[0])
			if ports[0] == 61000 {
				lower++
			}
		}
		if sem.PortSearch == kernel.PortSearchNext && (lower == 0 || lower == 32) || sem.PortSearch != kernel.PortSearchNext && lower != 32 {
			t.Errorf("%s: the lower port first %d times of 32", release, lower)
		}
	}
}

// 2.6.32 to 4.1: ports ascend by one from a start and wrap.
func TestPortsAscendByOneAndWrap(t *testing.T) {
	for _, release := range []string{"2.6.32", "3.0", "3.10.108", "4.1"} {
		ports, _ := drain(t, allocator(t, release, 40000, 40015, 5, nil), Options{}, places[0])
		for i, port := range ports {
			if want := 40000 + (ports[0]-40000+i)%16; port != want {
				t.Errorf("%s: %v", release, ports)
				break
			}
		}
		if len(ports) != 16 {
			t.Errorf("%s: %v", release, ports)
		}
	}
}

// From 4.6 on: all of the lower bound's parity first, then the other.
func TestLowParityFirst(t *testing.T) {
	for _, release := range eras {
		if kernel.MustParse(release).Semantics().PortSearch != kernel.PortSearchParity {
			continue
		}
		for _, low := range []int{40000, 40001} {
			ports, last := drain(t, allocator(t, release, low, low+15, 9, nil), Options{}, places[0])
			if len(ports) != 16 || last.Examined != 16 {
				t.Fatalf("%s: %v, then %v", release, ports, last)
			}
			for i, port := range ports {
				if (port-low)%2 != i/8 {
					t.Errorf("%s from %d: %v", release, low, ports)
					break
				}
			}
		}
	}
}

// Steps between ports to one destination when nobody else connects, and when two
// destinations take turns. Observed on the kernels named.
func TestSteps(t *testing.T) {
	for _, c := range []struct {
		release    string
		alone, two int // 0: 2 to 16 at random
	}{
		{"2.6.32.67", 1, 2}, {"3.10.108", 1, 2}, {"4.4.155", 2, 4}, {"4.9.154", 2, 4}, {"4.19.78", 2, 4},
		{"5.10.223", 0, 0}, {"6.1.192", 0, 0}, {"6.12.107", 0, 0}, {"6.18.44", 0, 0}, {"7.2.13", 0, 0},
	} {
		for k, want := range []int{c.alone, c.two} {
			a := allocator(t, c.release, 32768, 60999, 77, nil)
			last, seen := 0, map[int]bool{}
			for range 400 {
				port := int(must(a.Connect(0, must(a.Open(Options{})), sources[0], places[0])).Port)
				if k == 1 {
					must(a.Connect(0, must(a.Open(Options{})), sources[0], places[1]))
				}
				if step := port - last; last != 0 && step > 0 {
					seen[step] = true
					if want != 0 && step != want || want == 0 && (step%2 != 0 || step < 2 || step > 16) {
						t.Errorf("%s: step %d, want %d", c.release, step, want)
					}
				}
				last = port
			}
			if want == 0 && len(seen) != 8 {
				t.Errorf("%s: steps %v", c.release, seen)
			}
		}
	}
}

// 5.12 to 5.17: now and then a step of 4, else 2; about 100 of 1600.
func TestNoiseOf512(t *testing.T) {
	a := allocator(t, "5.12", 32768, 60999, 3, nil)
	last, four := 0, 0
	for range 1600 {
		port := int(must(a.Connect(0, must(a.Open(Options{})), sources[0], places[0])).Port)
		switch step := port - last; {
		case last == 0 || step < 0 || step == 2:
		case step == 4:
			four++
		default:
			t.Fatalf("step %d", step)
		}
		last = port
	}
	if four < 70 || four > 130 {
		t.Errorf("%d steps of 4", four)
	}
}

// bind() to port 0 on 40000 to 40015: 16 ports, odd ones first in each half where the era
// says so; then connect() finds nothing, since it passes over every bound port.
func TestBindTakesOddPortsFirstAndLeavesNoneToConnect(t *testing.T) {
	for _, release := range eras {
		sem := kernel.MustParse(release).Semantics()
		for _, reuse := range []bool{false, true} {
			a := allocator(t, release, 40000, 40015, 4, nil)
			var ports []int
			for range 16 {
				r := must(a.Bind(must(a.Open(Options{ReuseAddr: reuse})), netip.MustParseAddrPort("10.0.0.1:0")))
				if r.Errno != 0 {
					t.Fatal(release, r)
				}
				ports = append(ports, int(r.Port))
			}
			half := 16
			if reuse && sem.BindOddFirst {
				half = 8
			}
			for i, port := range ports {
				inHalf, odd := (port-40000)/half == i/half, port%2 != 0
				if sem.BindOddFirst && !(reuse && sem.BindShares) && (!inHalf || odd != (i%half < half/2)) {
					t.Errorf("%s, SO_REUSEADDR %v: %v", release, reuse, ports)
					break
				}
			}
			slices.Sort(ports)
			distinct := 16
			switch {
			case !reuse:
			case sem.BindAuto == kernel.BindAutoNoConflict: // 3.4 lets them share at once
				continue
			case sem.BindShares && sem.BindOddFirst: // 4.6 to 4.10: as soon as one parity of the lower half is full
				distinct = 4
			case sem.BindShares && sem.BindHalves: // 4.2 to 4.5: as soon as the lower half is
				distinct = 8
			}
			if n := len(slices.Compact(ports)); n != distinct {
				t.Errorf("%s, SO_REUSEADDR %v: %d distinct ports, want %d", release, reuse, n, distinct)
			}
			if distinct < 16 {
				continue
			}
			if r := must(a.Connect(0, must(a.Open(Options{})), sources[0], places[0])); r != (Result{Errno: EADDRNOTAVAIL, Examined: 16}) {
				t.Errorf("%s: connect after all were bound: %v", release, r)
			}
			r := must(a.Bind(must(a.Open(Options{ReuseAddr: reuse})), netip.MustParseAddrPort("10.0.0.1:0")))
			if shares := reuse && sem.BindShares; shares != (r.Errno == 0) {
				t.Errorf("%s, SO_REUSEADDR %v: one more: %v", release, reuse, r)
			}
			// Another address: refused on 2.6.32.67, served on RHEL 6.4 and later.
			other := must(a.Bind(must(a.Open(Options{})), netip.MustParseAddrPort("127.0.0.5:0")))
			if served := sem.BindAuto != kernel.BindAutoUnused; served != (other.Errno == 0) {
				t.Errorf("%s: another address: %v", release, other)
			}
		}
	}
}

// 16,384 ports to one destination on 6.18: the candidates examined jump from a few below
// one half to thousands just above it.
func TestParityCliff(t *testing.T) {
	a := allocator(t, "6.18.44", 40000, 56383, 11, nil)
	var cost []int
	for range 16384 {
		r := must(a.Connect(0, must(a.Open(Options{})), sources[0], places[0]))
		if r.Errno != 0 {
			t.Fatal(r)
		}
		cost = append(cost, r.Examined)
	}
	median := func(some []int) int { some = slices.Sorted(slices.Values(some)); return some[len(some)/2] }
	if m := median(cost[7000:7500]); m > 8 {
		t.Errorf("below one half: %d candidates", m)
	}
	for i := 8192; i < 8300; i++ {
		if cost[i] <= 8192 {
			t.Errorf("connection %d: %d candidates", i, cost[i])
		}
	}
	if cost[8192] > 8192+8 {
		t.Errorf("the first above one half: %d candidates", cost[8192])
	}
}

// A port whose only user by bind() is gone is lost to connect() while connections are on
// it, to 6.17; from 6.18 on it comes back. Observed on 4.4.155 to 7.2.13.
func TestPortComesBackWhenTheBinderLeaves(t *testing.T) {
	for _, release := range eras {
		sem := kernel.MustParse(release).Semantics()
		a := allocator(t, release, 40000, 40000, 1, nil)
		connect := func(dst netip.AddrPort) Errno {
			return must(a.Connect(0, must(a.Open(Options{})), sources[0], dst)).Errno
		}
		if e := connect(places[0]); e != 0 {
			t.Fatal(release, e)
		}
		binder := must(a.Open(Options{}))
		if r := must(a.Bind(binder, netip.MustParseAddrPort("127.0.0.9:40000"))); r.Errno != 0 {
			t.Fatal(release, r)
		}
		other := must(a.Open(Options{}))
		if r := must(a.Bind(other, netip.MustParseAddrPort("127.0.0.8:40000"))); r.Errno != 0 {
			t.Fatal(release, r)
		}
		if e := connect(places[1]); e != EADDRNOTAVAIL {
			t.Errorf("%s: while bound: %v", release, e)
		}
		if err := a.Close(other); err != nil {
			t.Fatal(err)
		}
		if e := connect(places[1]); e != EADDRNOTAVAIL {
			t.Errorf("%s: while one of two is bound: %v", release, e)
		}
		if err := a.Close(binder); err != nil {
			t.Fatal(err)
		}
		if e := connect(places[1]); (e == 0) != sem.PortRestored {
			t.Errorf("%s: after the binder left: %v", release, e)
		}
	}
}

// Restart of a server over connections in TIME_WAIT: only if both the old listener and
// the new one set SO_REUSEADDR. Observed on 4.4.155 to 7.2.13.
func TestRestartOverTimeWait(t *testing.T) {
	for _, release := range eras {
		for _, c := range []struct{ before, after, ok bool }{{false, false, false}, {false, true, false}, {true, false, false}, {true, true, true}} {
			a := allocator(t, release, 32768, 60999, 1, nil)
			l := must(a.Open(Options{ReuseAddr: c.before}))
			must(a.Bind(l, netip.MustParseAddrPort("0.0.0.0:80")))
			if r := must(a.Listen(l)); r.Errno != 0 {
				t.Fatal(r)
			}
			s := must(a.Accept(l, sources[0], netip.MustParseAddrPort("10.9.0.1:5555")))
			if err := a.TimeWait(s); err != nil {
				t.Fatal(err)
			}
			if err := a.Close(l); err != nil {
				t.Fatal(err)
			}
			again := must(a.Open(Options{ReuseAddr: c.after}))
			r := must(a.Bind(again, netip.MustParseAddrPort("0.0.0.0:80")))
			if (r.Errno == 0) != c.ok {
				t.Errorf("%s, SO_REUSEADDR %v then %v: %v", release, c.before, c.after, r)
			}
			if c.ok {
				if r := must(a.Listen(again)); r.Errno != 0 {
					t.Errorf("%s: listen: %v", release, r)
				}
			}
		}
	}
}

// Two destinations over one port, no TIME_WAIT anywhere: TWRecycled 1 on 2.6.32, observed
// on 2.6.32.67 and a RHEL 6.4 build, 0 from 2.6.33 on.
func TestSharedPortCountsTWRecycledOn2632(t *testing.T) {
	for release, want := range map[string]uint64{"2.6.32.67": 1, "2.6.32-357.el6.x86_64": 1, "2.6.33": 0, "3.10.108": 0, "7.2.13": 0} {
		a := allocator(t, release, 40000, 40000, 1, nil)
		must(a.Connect(0, must(a.Open(Options{})), sources[0], places[0]))
		must(a.Connect(0, must(a.Open(Options{})), sources[0], places[1]))
		if got := a.Counters().Get(kernel.TWRecycled); got != want {
			t.Errorf("%s: TWRecycled %d", release, got)
		}
	}
}

// Two sockets on one port by SO_REUSEADDR may not connect to one destination; to another
// they may, and a TIME_WAIT entry may be taken over.
func TestConnectFromABoundPort(t *testing.T) {
	for _, release := range eras {
		r := kernel.MustParse(release)
		a := must(New(Config{Semantics: r.Semantics(), Sysctls: must(kernel.Defaults(r, kernel.Machine{MemoryBytes: 1 << 30})), Rand: func() uint32 { return 0 }, TimeWaits: always(true)}))
		var socks []Socket
		for range 3 {
			s := must(a.Open(Options{ReuseAddr: true}))
			if got := must(a.Bind(s, netip.AddrPortFrom(sources[0], 7000))); got.Errno != 0 {
				t.Fatal(release, got)
			}
			socks = append(socks, s)
		}
		connect := func(i int, dst netip.AddrPort) Result { return must(a.Connect(0, socks[i], netip.Addr{}, dst)) }
		if got := connect(0, places[0]); got != (Result{Port: 7000}) {
			t.Errorf("%s: %v", release, got)
		}
		if got := connect(1, places[0]); got != (Result{Errno: EADDRNOTAVAIL}) {
			t.Errorf("%s: to the same destination: %v", release, got)
		}
		if got := connect(1, places[1]); got.Errno != 0 || got.TookOver {
			t.Errorf("%s: to another: %v", release, got)
		}
		if err := a.TimeWait(socks[0]); err != nil {
			t.Fatal(err)
		}
		if got := connect(2, places[0]); got.Errno != 0 || !got.TookOver || a.Counters().Get(kernel.TWRecycled) != 1 {
			t.Errorf("%s: over TIME_WAIT: %v", release, got)
		}
		if _, ok := a.Info(socks[0]); ok {
			t.Errorf("%s: the entry is still there", release)
		}
	}
}

// SO_REUSEPORT is for the sockets of one user; who passes unchecked, and what a port
// remembers of a mixture.
func TestReusePortOfOneUser(t *testing.T) {
	for _, release := range eras {
		sem := kernel.MustParse(release).Semantics()
		if !sem.ReusePort {
			continue
		}
		a := allocator(t, release, 32768, 60999, 1, nil)
		bind := func(o Options, to string) Errno {
			s := must(a.Open(o))
			r := must(a.Bind(s, netip.MustParseAddrPort(to)))
			return r.Errno
		}
		mine, theirs := Options{ReusePort: true, UID: 5}, Options{ReusePort: true, UID: 6}
		for _, c := range []struct {
			what string
			o    Options
			to   string
			want Errno
		}{
			{"first", mine, "0.0.0.0:80", 0},
			{"the same user", mine, "0.0.0.0:80", 0},
			{"another user", theirs, "0.0.0.0:80", EADDRINUSE},
			{"another user, an address", theirs, "10.0.0.1:80", EADDRINUSE},
			{"no option", Options{UID: 5}, "0.0.0.0:80", EADDRINUSE},
			// A mixture on addresses of their own:
			{"no option, own address", Options{UID: 5}, "10.0.0.1:81", 0},
			{"then mine", mine, "10.0.0.2:81", 0},
			{"mine again", mine, "10.0.0.2:81", 0},
			{"mine, on the address of the first", mine, "10.0.0.1:81", EADDRINUSE},
			{"mine, wildcard", mine, "0.0.0.0:81", EADDRINUSE},
			{"theirs", theirs, "10.0.0.2:81", EADDRINUSE},
		} {
			// While the flags are inverted, a port in use takes those of the newcomer: the
			// first's address is not asked.
			want := c.want
			if sem.BindFlagsInverted && (c.what == "mine, on the address of the first" || c.what == "mine, wildcard") {
				want = 0
			}
			if got := bind(c.o, c.to); got != want {
				t.Errorf("%s, %s: %v, want %v", release, c.what, got, want)
			}
		}
	}
}

// ip_local_port_step_width draws once more in each search, but not on a range of one
// port.
func TestStepWidthDraws(t *testing.T) {
	for _, c := range []struct{ high, width, draws int }{{40000, 10, 1}, {40009, 0, 1}, {40009, 10, 2}} {
		n := 0
		a := allocator(t, "7.1", 40000, c.high, 1, func() uint32 { n++; return 1 })
		sys := a.sys
		sys.IPLocalPortStepWidth = c.width
		if err := a.SetSysctls(sys); err != nil {
			t.Fatal(err)
		}
		if must(a.Connect(0, must(a.Open(Options{})), sources[0], places[0])); n != c.draws {
			t.Errorf("%+v: %d draws", c, n)
		}
	}
}

// A socket that binds to the port of a connection takes it away from connect(), at
// whatever address; to 3.8 not if it has SO_REUSEADDR. The other releases observed on
// 6.18.44, with both options and with none.
func TestBindingTakesAPortFromConnect(t *testing.T) {
	for _, release := range eras {
		sem := kernel.MustParse(release).Semantics()
		for _, o := range []Options{{}, {ReuseAddr: true}, {ReusePort: true}, {ReuseAddr: true, ReusePort: true}} {
			if o.ReusePort && !sem.ReusePort {
				continue
			}
			a := allocator(t, release, 40000, 40000, 1, nil)
			must(a.Connect(0, must(a.Open(Options{})), sources[0], places[0]))
			if r := must(a.Bind(must(a.Open(o)), netip.MustParseAddrPort("127.0.0.9:40000"))); r.Errno != 0 {
				t.Fatal(release, r)
			}
			want := EADDRNOTAVAIL
			if !sem.ReusePort && o.ReuseAddr {
				want = 0
			}
			if r := must(a.Connect(0, must(a.Open(Options{})), sources[0], places[1])); r.Errno != want {
				t.Errorf("%s, %+v: %v", release, o, r)
			}
		}
	}
}

// A socket whose port the kernel chose loses it when its connect() fails; one that chose
// its own keeps it. Observed on 6.18.44.
func TestFailedConnectGivesBackAPortOfBindZero(t *testing.T) {
	for _, release := range eras {
		for _, c := range []struct {
			to    string
			port  uint16
			local string
		}{{"0.0.0.0:0", 40000, "invalid AddrPort"}, {"10.0.0.1:0", 40000, "10.0.0.1:0"}, {"10.0.0.1:40000", 40000, "10.0.0.1:40000"}} {
			a := allocator(t, release, 40000, 40000, 1, nil)
			first := must(a.Open(Options{ReuseAddr: true}))
			must(a.Connect(0, first, sources[0], places[0]))
			s := must(a.Open(Options{ReuseAddr: true}))
			to := netip.MustParseAddrPort(c.to)
			if r := must(a.Bind(s, to)); r.Port != c.port {
				continue // the port is not shared by this search
			}
			if r := must(a.Connect(0, s, sources[0], places[0])); r != (Result{Errno: EADDRNOTAVAIL}) {
				t.Fatal(release, r)
			}
			if info, _ := a.Info(s); info.Local.String() != c.local || (info.State == Bound) != (to.Port() != 0) {
				t.Errorf("%s, bound to %s: %+v", release, c.to, info)
			}
			if r := must(a.Connect(0, s, sources[0], places[1])); (r.Errno == 0) != (to.Port() != 0 || a.sem.PortRestored || !a.sem.ReusePort) {
				t.Errorf("%s, bound to %s: the next connect: %v", release, c.to, r)
			}
		}
	}
}
