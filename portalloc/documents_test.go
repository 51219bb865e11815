package portalloc

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/linuxtcp/internal/rowtest"
	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

// The rules that public articles quote, for the releases for which they are true, and
// where they are not.

// D2: __inet_hash_connect tries port = low + (i + offset) mod range for i = 1 to range;
// the first candidate that passes wins. True for 2.6.32 to 4.1.
func TestD2InetHashConnectScan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom(rowtest.Mainline()).Draw(t, "release")
		sem := release.Semantics()
		low := rapid.IntRange(1024, 65000).Draw(t, "low")
		size := rapid.IntRange(1, 500).Draw(t, "range")
		offset := rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(1<<32-600, 1<<32-1)).Draw(t, "offset")
		s := ConnectSearch(&sem, kernel.PortRange{Low: low, High: low + size - 1}, false, offset, 1)
		var quoted []int
		for i := uint32(1); i <= uint32(size); i++ {
			quoted = append(quoted, low+int((i+offset)%uint32(size)))
		}
		var got []int
		for _, port := range s.All() {
			got = append(got, port)
		}
		if sem.PortSearch == kernel.PortSearchNext {
			if !slices.Equal(got, quoted) {
				t.Fatalf("%v: %v, quoted %v", release, got, quoted)
			}
		} else if size > 3 && slices.Equal(got, quoted) {
			t.Fatalf("%v: as quoted", release)
		}
	})
}

// D1: a two-port range: the third connect to the same destination fails with
// EADDRNOTAVAIL, another destination is fine. True in all releases.
func TestD1TwoPortRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom(rowtest.Mainline()).Draw(t, "release")
		low := rapid.IntRange(1024, 65534).Draw(t, "low")
		a := rowAllocatorOf(release, low, low+1)
		for _, dst := range places[:3] {
			for i, want := range []Errno{0, 0, EADDRNOTAVAIL} {
				if r := must(a.Connect(0, must(a.Open(Options{})), sources[0], dst)); r.Errno != want {
					t.Fatalf("%v, connect %d to %v: %v", release, i, dst, r)
				}
			}
		}
	})
	// Not so of a three-port range: from 4.6 on it gives two connections
	// (TestThreePortsGiveTwoConnections).
}

func rowAllocatorOf(release kernel.Release, low, high int) *Allocator {
	sem := release.Semantics()
	return rowAllocator(&sem, kernel.PortRange{Low: low, High: high}, 0)
}

// D0: ports are incremental if the kernel chooses the source address, and random
// otherwise. What counts is not the address but who finds the port: connect() goes on
// from where it was, by 1 to 4.1 and by 2 to 5.11 (nearly so to 5.17), and from 5.18 on by
// 2 to 16; bind() to port 0 is random in every release, unless IP_BIND_ADDRESS_NO_PORT
// leaves the port to connect().
func TestD0PortsIncrementalOrRandom(t *testing.T) {
	for _, release := range rowtest.Mainline() {
		sem := release.Semantics()
		state := uint32(1)
		sys := must(kernel.Defaults(release, kernel.Machine{MemoryBytes: 1 << 30}))
		a := must(New(Config{Semantics: sem, Sysctls: sys, Rand: func() uint32 { state = state*1664525 + 1013904223; return state >> 8 }}))
		steps := func(o Options, bind bool) (small, all int) {
			last := 0
			for range 200 {
				s := must(a.Open(o))
				if bind {
					must(a.Bind(s, netip.AddrPortFrom(sources[0], 0)))
				}
				r := must(a.Connect(0, s, sources[0], places[0]))
				if step := int(r.Port) - last; last != 0 && step > 0 {
					all++
					if step <= 16 {
						small++
					}
				}
				last = int(r.Port)
			}
			return small, all
		}
		if small, all := steps(Options{}, false); small != all || all < 198 {
			t.Errorf("%v: %d of %d steps of connect() are small", release, small, all)
		}
		if small, all := steps(Options{}, true); small > all/10 {
			t.Errorf("%v: %d of %d steps of bind() are small", release, small, all)
		}
		if sem.BindAddressNoPort {
			if small, all := steps(Options{BindAddressNoPort: true}, true); small != all {
				t.Errorf("%v: %d of %d steps with IP_BIND_ADDRESS_NO_PORT are small", release, small, all)
			}
		}
	}
}

// D2: the established chain is looked at only if there is no TIME_WAIT entry; a unique
// entry may be taken. For one thread that is the same in every release: a candidate is
// refused at once for a connection, and for an entry that may not be taken.
func TestD2InetCheckEstablishedOrder(t *testing.T) {
	for _, release := range rowtest.Mainline() {
		sem := release.Semantics()
		for _, c := range []struct {
			waits, may bool
			want       Errno
		}{{false, true, EADDRNOTAVAIL}, {true, false, EADDRNOTAVAIL}, {true, true, 0}} {
			sys := must(kernel.Defaults(release, kernel.Machine{MemoryBytes: 1 << 30}))
			sys.IPLocalPortRange = kernel.PortRange{Low: 40000, High: 40000}
			a := must(New(Config{Semantics: sem, Sysctls: sys, Rand: func() uint32 { return 0 }, TimeWaits: always(c.may)}))
			s := must(a.Open(Options{}))
			must(a.Connect(0, s, sources[0], places[0]))
			if c.waits {
				if err := a.TimeWait(s); err != nil {
					t.Fatal(err)
				}
			}
			r := must(a.Connect(0, must(a.Open(Options{})), sources[0], places[0]))
			if r.Errno != c.want || r.TookOver != (c.want == 0) || a.Counters().Get(kernel.TWRecycled) != uint64(1-min(int(c.want), 1)) {
				t.Errorf("%v, %+v: %v", release, c, r)
			}
		}
	}
}

// always is TimeWaits that lets connect() take every entry over, or none.
type always bool

func (m always) Possible(_, _ netip.Addr) bool                          { return bool(m) }
func (m always) Take(_ time.Duration, _, _ netip.AddrPort, _ bool) bool { return bool(m) }
