package portalloc

import (
	"net/netip"
	"testing"

	"example.com/linuxtcp/kernel"
)

// To 3.3 a search stops at the first port that may be shared once more sockets have a
// port than the range has.
func TestBindStopsEarlyWhenManySocketsHavePorts(t *testing.T) {
	for extra, examined := range map[int]int{0: 4, 1: 1} {
		sem := kernel.MustParse("2.6.32").Semantics()
		a := rowAllocator(&sem, kernel.PortRange{Low: 40000, High: 40003}, 0)
		for i := range 4 + extra {
			s := must(a.Open(Options{ReuseAddr: true}))
			must(a.Bind(s, netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), uint16(40000+i))))
		}
		s := must(a.Open(Options{ReuseAddr: true}))
		if r := must(a.Bind(s, netip.MustParseAddrPort("10.0.0.2:0"))); r.Errno != 0 || r.Examined != examined {
			t.Errorf("%d sockets: %v, want %d examined", 4+extra, r, examined)
		}
	}
}

// A socket without SO_REUSEPORT that joins a port of sockets that have it ends their way
// past the conflicts; to 4.10 not if SO_REUSEADDR let it past them itself.
func TestReusePortEndsWithAnotherKindOfSocket(t *testing.T) {
	for release, untraced := range map[string]bool{"3.10.108": true, "4.4.155": true, "5.10.223": false, "6.18.44": false} {
		sem := kernel.MustParse(release).Semantics()
		one, other := netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("10.0.0.9:80")
		run := func(first Options, second netip.AddrPort) Errno {
			a := rowAllocator(&sem, kernel.PortRange{Low: 40000, High: 40003}, 0)
			bind := func(o Options, at netip.AddrPort) Errno { return must(a.Bind(must(a.Open(o)), at)).Errno }
			if e := bind(first, one); e != 0 {
				t.Fatal(release, e)
			}
			if second.IsValid() {
				if e := bind(Options{ReuseAddr: true}, second); e != 0 {
					t.Fatal(release, e)
				}
				return bind(Options{ReusePort: true, UID: 1}, second)
			}
			return bind(Options{ReusePort: true, UID: 1}, one)
		}
		if e := run(Options{ReusePort: true, UID: 1}, netip.AddrPort{}); e != 0 {
			t.Errorf("%s: two of one user: %v", release, e)
		}
		if e := run(Options{ReusePort: true, UID: 2}, netip.AddrPort{}); e != EADDRINUSE {
			t.Errorf("%s: of two users: %v", release, e)
		}
		a := rowAllocator(&sem, kernel.PortRange{Low: 40000, High: 40003}, 0)
		for i, c := range []struct {
			at   netip.AddrPort
			uid  uint32
			want Errno
		}{{one, 1, 0}, {other, 2, 0}, {other, 1, EADDRINUSE}, {other, 2, 0}} {
			if r := must(a.Bind(must(a.Open(Options{ReusePort: true, UID: c.uid})), c.at)); r.Errno != c.want {
				t.Errorf("%s: step %d of two users at two addresses: %v", release, i, r)
			}
		}
		if e := run(Options{ReusePort: true, UID: 1}, other); e != EADDRINUSE {
			t.Errorf("%s: beside a socket without SO_REUSEPORT: %v", release, e)
		}
		want := EADDRINUSE
		if untraced {
			want = 0
		}
		if e := run(Options{ReuseAddr: true, ReusePort: true, UID: 1}, one); e != want {
			t.Errorf("%s: beside one that SO_REUSEADDR let in: %v", release, e)
		}
	}
}

// An IP_LOCAL_PORT_RANGE of one port is a range.
func TestOptionOfOnePort(t *testing.T) {
	sem := kernel.MustParse("6.18.44").Semantics()
	a := rowAllocator(&sem, kernel.PortRange{Low: 40000, High: 40009}, 0)
	s, err := a.Open(Options{RangeLow: 40005, RangeHigh: 40005})
	if err != nil {
		t.Fatal(err)
	}
	if r := must(a.Connect(0, s, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddrPort("10.0.0.2:80"))); r.Port != 40005 || r.Examined != 1 {
		t.Error(r)
	}
	if _, err := a.Open(Options{RangeLow: 40006, RangeHigh: 40005}); err == nil {
		t.Error("a range the wrong way round")
	}
}
