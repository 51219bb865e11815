package portalloc_test

import (
	"fmt"
	"net/netip"
	"slices"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

// draws is a source of numbers for examples.
func draws() func() uint32 {
	n := uint32(1)
	return func() uint32 { n = n*1664525 + 1013904223; return n >> 8 }
}

func allocator(release string, low, high int) *portalloc.Allocator {
	r := kernel.MustParse(release)
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 4 << 30})
	if err != nil {
		panic(err)
	}
	sys.IPLocalPortRange = kernel.PortRange{Low: low, High: high}
	a, err := portalloc.New(portalloc.Config{Semantics: r.Semantics(), Sysctls: sys, Key: portalloc.Key{7}, Rand: draws()})
	if err != nil {
		panic(err)
	}
	return a
}

var (
	source = netip.MustParseAddr("10.0.0.1")
	server = netip.MustParseAddrPort("10.9.0.1:443")
)

func destination(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, 0, byte(n)}), 443)
}

// Ports run out although I use ten destinations: bind() before connect() makes each port
// one socket's own. Leave the port to connect(), with IP_BIND_ADDRESS_NO_PORT if the
// address has to be chosen.
func ExampleAllocator_Bind() {
	for _, way := range []struct {
		name string
		bind bool
		o    portalloc.Options
	}{
		{"connect()", false, portalloc.Options{}},
		{"bind(10.0.0.1, 0), connect()", true, portalloc.Options{}},
		{"the same with SO_REUSEADDR", true, portalloc.Options{ReuseAddr: true}},
		{"IP_BIND_ADDRESS_NO_PORT, bind, connect()", true, portalloc.Options{BindAddressNoPort: true}},
	} {
		a := allocator("6.12", 40000, 40099)
		connections := 0
		var failed portalloc.Result
		for n := 0; failed.Errno == 0; n++ {
			s, _ := a.Open(way.o)
			if way.bind {
				if failed, _ = a.Bind(s, netip.AddrPortFrom(source, 0)); failed.Errno != 0 {
					break
				}
			}
			if failed, _ = a.Connect(0, s, source, destination(n%10)); failed.Errno == 0 {
				connections++
			}
		}
		fmt.Printf("%-41s %4d connections, then %v\n", way.name, connections, failed.Errno)
	}
	// Output:
	// connect()                                 1000 connections, then EADDRNOTAVAIL
	// bind(10.0.0.1, 0), connect()               100 connections, then EADDRINUSE
	// the same with SO_REUSEADDR                 100 connections, then EADDRINUSE
	// IP_BIND_ADDRESS_NO_PORT, bind, connect()  1000 connections, then EADDRNOTAVAIL
}

// CPU explodes at half the port range: from 4.6 on connect() walks past all ports of one
// parity before it tries the other, so above one half each call examines half the range.
// The median of a hundred calls at each level of use:
func ExampleAllocator_Connect() {
	for _, release := range []string{"3.10", "6.12"} {
		a := allocator(release, 32768, 60999)
		var at []int
		for range 28232 {
			s, _ := a.Open(portalloc.Options{})
			r, _ := a.Connect(0, s, source, server)
			at = append(at, r.Examined)
		}
		s, _ := a.Open(portalloc.Options{})
		last, _ := a.Connect(0, s, source, server)
		fmt.Printf("%-5s", release)
		for _, percent := range []int{25, 45, 51, 75, 99} {
			n := 28232 * percent / 100
			some := slices.Sorted(slices.Values(at[n-100 : n]))
			fmt.Printf(" %d%%: %d,", percent, some[50])
		}
		fmt.Println(" full:", last)
	}
	// Output:
	// 3.10  25%: 1, 45%: 1, 51%: 1, 75%: 1, 99%: 1, full: EADDRNOTAVAIL after 28232 candidates
	// 6.12  25%: 1, 45%: 5, 51%: 14117, 75%: 14117, 99%: 14124, full: EADDRNOTAVAIL after 28232 candidates
}

// Which ports can my test's fixed port collide with? Connections that the kernel gave the
// same port, if it is one that a search comes to.
func ExampleConnectReach() {
	sem := kernel.MustParse("6.12").Semantics()
	sys := kernel.Sysctls{IPLocalReservedPorts: "50000"}
	for _, port := range []uint16{8080, 40000, 40001, 50000, 61000} {
		fmt.Printf("%5d: connect() comes to it %v, bind(0) %v\n", port, portalloc.ConnectReach(&sem, &sys, port), portalloc.BindReach(&sem, &sys, port))
	}
	// A connection that found 40000 keeps a listener from it, SO_REUSEADDR or not...
	a := allocator("6.12", 40000, 40000)
	c, _ := a.Open(portalloc.Options{})
	a.Connect(0, c, source, server)
	l, _ := a.Open(portalloc.Options{ReuseAddr: true})
	fmt.Println(a.Bind(l, netip.MustParseAddrPort("0.0.0.0:40000")))
	// ...but not from the port on another address.
	fmt.Println(a.Bind(l, netip.MustParseAddrPort("127.0.0.1:40000")))
	// Output:
	//  8080: connect() comes to it never, bind(0) never
	// 40000: connect() comes to it in the first pass, bind(0) in the second pass
	// 40001: connect() comes to it in the second pass, bind(0) in the first pass
	// 50000: connect() comes to it never, bind(0) never
	// 61000: connect() comes to it never, bind(0) never
	// EADDRINUSE <nil>
	// port 40000, as given <nil>
}

// A server cannot restart over its connections in TIME_WAIT unless SO_REUSEADDR was set
// on the old listener too.
func ExampleConflicts() {
	sem := kernel.MustParse("6.12").Semantics()
	any4 := portalloc.BoundTo(netip.MustParseAddr("0.0.0.0"), false)
	for _, old := range []bool{false, true} {
		tw := portalloc.Owner{Address: portalloc.BoundTo(source, false), TimeWait: true, ReuseAddr: old}
		s := portalloc.Owner{Address: any4, ReuseAddr: true}
		fmt.Println("old listener with SO_REUSEADDR:", old, "- EADDRINUSE:", portalloc.Conflicts(&sem, &s, &tw, portalloc.ByNumber))
	}
	// Output:
	// old listener with SO_REUSEADDR: false - EADDRINUSE: true
	// old listener with SO_REUSEADDR: true - EADDRINUSE: false
}

// An odd range loses a port per call: of three ports, 4.6 and later use two.
func ExampleConnectSearch() {
	r := kernel.PortRange{Low: 61000, High: 61002}
	for _, release := range []string{"4.5", "4.6"} {
		sem := kernel.MustParse(release).Semantics()
		s := portalloc.ConnectSearch(&sem, r, false, 0, 1)
		fmt.Print(release, ":")
		for _, port := range s.All() {
			fmt.Print(" ", port)
		}
		fmt.Println()
	}
	// Output:
	// 4.5: 61000 61001 61002
	// 4.6: 61000 61001
}

// A client that never closes the sockets of finished connections keeps a port that it bound by number, long after
// TIME_WAIT: bind() of the next one fails with EADDRINUSE, and ss shows nobody there.
func ExampleAllocator_LeaveTimeWait() {
	for _, port := range []uint16{0, 5000} {
		a := allocator("6.12", 40000, 40003)
		s, _ := a.Open(portalloc.Options{})
		r, _ := a.Bind(s, netip.AddrPortFrom(source, port))
		to := netip.AddrPortFrom(source, r.Port)
		_, _ = a.Connect(0, s, source, server)
		entry, _ := a.LeaveTimeWait(s) // shutdown(), and the server's FIN
		_ = a.Close(entry)             // 60 s later

		next, _ := a.Open(portalloc.Options{})
		r, _ = a.Bind(next, to)
		fmt.Printf("bind to port %d, TIME_WAIT, 60 s: the next bind() there: %v\n", port, word(r.Errno))
		_ = a.Close(s)
		if r.Errno != 0 {
			r, _ = a.Bind(next, to)
			fmt.Printf("and after close(): %v\n", word(r.Errno))
		}
	}
	// Output:
	// bind to port 0, TIME_WAIT, 60 s: the next bind() there: goes
	// bind to port 5000, TIME_WAIT, 60 s: the next bind() there: EADDRINUSE
	// and after close(): goes
}

func word(e portalloc.Errno) string {
	if e == 0 {
		return "goes"
	}
	return e.String()
}
