package portalloc_test

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/timewait"
)

// An Allocator shares the ports that connect() finds between destinations, and tells what
// each call cost the kernel.
func ExampleAllocator() {
	a := allocator("3.10", 61000, 61001)
	for n := range 5 {
		s, _ := a.Open(portalloc.Options{})
		r, _ := a.Connect(0, s, source, destination(n/3))
		fmt.Println(destination(n/3), r)
	}
	// Output:
	// 10.9.0.0:443 port 61001 at candidate 1
	// 10.9.0.0:443 port 61000 at candidate 1
	// 10.9.0.0:443 EADDRNOTAVAIL after 2 candidates
	// 10.9.0.1:443 port 61000 at candidate 1
	// 10.9.0.1:443 port 61001 at candidate 1
}

func ExampleConfig() {
	r := kernel.MustParse("6.18.44")
	sys, _ := kernel.Defaults(r, kernel.Machine{MemoryBytes: 4 << 30})
	sys.IPLocalReservedPorts = "40000-49999"
	_, err := portalloc.New(portalloc.Config{Semantics: r.Semantics(), Sysctls: sys, HZ: 1000, Key: portalloc.Key{1, 2, 3}, Rand: draws()})
	fmt.Println(err)
	_, err = portalloc.New(portalloc.Config{Semantics: r.Semantics(), Sysctls: sys})
	fmt.Println(err)
	// Output:
	// <nil>
	// portalloc: Config.Rand is nil: a kernel draws random numbers
}

// A timewait.Table tells an Allocator which entries may be taken over.
type entries struct {
	table *timewait.Table
	sem   kernel.Semantics
	sys   kernel.Sysctls
}

func (e entries) Possible(src, dst netip.Addr) bool {
	old := timewait.Reuse{State: timewait.TimeWait, SeenAt: 1, Now: 1000, NowMs: 1000000, Loopback: timewait.IsLoopback(src, dst, false)}
	return timewait.DecideReuse(&e.sem, &e.sys, old).Action == timewait.Take
}

func (e entries) Take(now time.Duration, local, remote netip.AddrPort, bound bool) bool {
	v, _, err := e.table.Connect(now, local, remote, bound)
	return err == nil && v.Action == timewait.Take
}

func ExampleTimeWaits() {
	r := kernel.MustParse("6.12")
	sys, _ := kernel.Defaults(r, kernel.Machine{MemoryBytes: 4 << 30})
	sys.TCPTWReuse = 1
	sys.IPLocalPortRange = kernel.PortRange{Low: 61000, High: 61000}
	table, _ := timewait.New(timewait.Config{Semantics: r.Semantics(), Sysctls: sys})
	a, _ := portalloc.New(portalloc.Config{Semantics: r.Semantics(), Sysctls: sys, Rand: draws(), TimeWaits: entries{table, r.Semantics(), sys}})

	s, _ := a.Open(portalloc.Options{})
	a.Connect(time.Second, s, source, server)
	a.TimeWait(s)
	table.Enter(time.Second, timewait.Socket{Local: netip.AddrPortFrom(source, 61000), Remote: server, State: timewait.TimeWait, Timestamps: true, TSAt: time.Second})
	for _, now := range []time.Duration{1500 * time.Millisecond, 2 * time.Second} {
		s, _ := a.Open(portalloc.Options{})
		fmt.Println(a.Connect(now, s, source, server))
	}
	// Output:
	// EADDRNOTAVAIL after 1 candidates <nil>
	// port 61000 at candidate 1, taken over from TIME_WAIT (TWRecycled) <nil>
}

func ExampleResult() {
	a := allocator("6.12", 61000, 61000)
	s, _ := a.Open(portalloc.Options{})
	r, err := a.Connect(0, s, source, server)
	fmt.Println(r.Port, r.Examined, r.Errno, r.TookOver, err)
	// Output: 61000 1 success false <nil>
}

func ExampleErrno() {
	for _, release := range []string{"4.5", "4.6"} {
		sem := kernel.MustParse(release).Semantics()
		fmt.Println(release, "no memory for a bucket:", portalloc.NoBucketErrno(&sem))
	}
	// Output:
	// 4.5 no memory for a bucket: EADDRNOTAVAIL
	// 4.6 no memory for a bucket: ENOMEM
}

// A socket's life, and what there is to know about it.
func ExampleInfo() {
	a := allocator("6.12", 61000, 61000)
	var s portalloc.Socket
	show := func() {
		info, ok := a.Info(s)
		fmt.Println(ok, info.State, info.Local, info.Remote)
	}
	s, _ = a.Open(portalloc.Options{})
	a.Connect(0, s, source, server)
	show()
	a.TimeWait(s)
	show()
	a.Close(s)
	show()
	// Output:
	// true connected 10.0.0.1:61000 10.9.0.1:443
	// true TIME_WAIT 10.0.0.1:61000 10.9.0.1:443
	// false State(0) invalid AddrPort invalid AddrPort
}

func ExampleSocket() {
	a := allocator("6.12", 32768, 60999)
	l, _ := a.Open(portalloc.Options{ReuseAddr: true})
	fmt.Println(a.Bind(l, netip.MustParseAddrPort("0.0.0.0:80")))
	fmt.Println(a.Listen(l))
	c, _ := a.Accept(l, source, netip.MustParseAddrPort("10.9.0.1:5555"))
	found, ok := a.Lookup(netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("10.9.0.1:5555"))
	fmt.Println(found == c, ok)
	// Output:
	// port 80, as given <nil>
	// port 80, as given <nil>
	// true true
}

// SO_REUSEADDR lets two sockets bind to one port, but not both listen.
func ExampleState() {
	a := allocator("6.12", 32768, 60999)
	var both []portalloc.Socket
	for range 2 {
		s, _ := a.Open(portalloc.Options{ReuseAddr: true})
		a.Bind(s, netip.MustParseAddrPort("0.0.0.0:80"))
		both = append(both, s)
	}
	for _, s := range both {
		r, _ := a.Listen(s)
		info, _ := a.Info(s)
		fmt.Println(r, "-", info.State)
	}
	// Output:
	// port 80, as given - listening
	// EADDRINUSE - bound
}

// IP_LOCAL_PORT_RANGE narrows the range of one socket; since 6.8 its ports come one by
// one.
func ExampleOptions() {
	for _, release := range []string{"6.3", "6.8"} {
		a := allocator(release, 32768, 60999)
		var ports []uint16
		for range 6 {
			s, _ := a.Open(portalloc.Options{RangeLow: 40000, RangeHigh: 40005})
			r, _ := a.Connect(0, s, source, server)
			ports = append(ports, r.Port)
		}
		fmt.Println(release, ports)
	}
	// Output:
	// 6.3 [40004 40002 40000 40003 40005 40001]
	// 6.8 [40005 40001 40002 40003 40000 40004]
}

// With the same key a destination begins at the same place, until the time span of the
// hash is over.
func ExampleKey() {
	var k portalloc.Key
	mapped := netip.MustParseAddr("::ffff:10.0.0.1")
	fmt.Println(k.Hash(source, server, 0) == k.Hash(mapped, server, 0), k.Hash(source, server, 0) == k.Hash(source, server, 1))
	// Output: true false
}

func ExampleSearch() {
	sem := kernel.MustParse("6.12").Semantics()
	s := portalloc.BindSearch(&sem, kernel.PortRange{Low: 40000, High: 40007}, 2)
	for i := range s.Len() {
		fmt.Print(s.Port(i), " ")
	}
	// Output: 40003 40005 40007 40001 40002 40004 40006 40000
}

func ExampleAddress() {
	dual := portalloc.BoundTo(netip.IPv6Unspecified(), false)
	only := portalloc.BoundTo(netip.IPv6Unspecified(), true)
	v4 := portalloc.BoundTo(source, false)
	fmt.Println(portalloc.Overlap(v4, dual), portalloc.Overlap(v4, only))
	// Output: true false
}

func ExampleOwner() {
	sem := kernel.MustParse("6.12").Semantics()
	s := portalloc.Owner{Address: portalloc.BoundTo(source, false), ReusePort: true, UID: 1000}
	o := s
	fmt.Println(portalloc.Conflicts(&sem, &s, &o, portalloc.ByNumber))
	o.UID = 0
	fmt.Println(portalloc.Conflicts(&sem, &s, &o, portalloc.ByNumber))
	// Output:
	// false
	// true
}

func ExampleStrictness() {
	sem := kernel.MustParse("6.12").Semantics()
	s := portalloc.Owner{Address: portalloc.BoundTo(source, false), ReuseAddr: true}
	fmt.Println("by number:", portalloc.Conflicts(&sem, &s, &s, portalloc.ByNumber))
	fmt.Println("by search:", portalloc.Conflicts(&sem, &s, &s, portalloc.Strictness{}))
	// Output:
	// by number: false
	// by search: true
}

func ExampleReach() {
	sem := kernel.MustParse("3.10").Semantics()
	fmt.Println(portalloc.ConnectReach(&sem, nil, 40000))
	// Output: anytime
}
