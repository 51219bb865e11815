package portalloc

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

func refused(t *testing.T, what string, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "portalloc: ") && !strings.HasPrefix(err.Error(), "kernel: ") {
		t.Errorf("%s: %v, want an error that says %q", what, err, says)
	}
}

// Impossible input is an error that names it, and changes nothing.
func TestImpossibleInput(t *testing.T) {
	good := Config{Semantics: kernel.MustParse("6.18.44").Semantics(), Rand: func() uint32 { return 0 }}
	good.Sysctls = must(kernel.Defaults(kernel.MustParse("6.18.44"), kernel.Machine{MemoryBytes: 1 << 30}))
	for what, c := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"no kernel": {func(c *Config) { c.Semantics = kernel.Semantics{} }, "describes no kernel"},
		"no draws":  {func(c *Config) { c.Rand = nil }, "Config.Rand is nil"},
		"HZ":        {func(c *Config) { c.HZ = 7 }, "HZ 7"},
		"sysctls":   {func(c *Config) { c.Sysctls.IPLocalPortRange = kernel.PortRange{Low: 9, High: 8} }, "below the lower one"},
		"reserved":  {func(c *Config) { c.Sysctls.IPLocalReservedPorts = "x" }, `"x"`},
	} {
		cfg := good
		c.change(&cfg)
		a, err := New(cfg)
		refused(t, what, err, c.says)
		if a != nil {
			t.Errorf("%s: an Allocator", what)
		}
	}
	var zero Allocator
	_, err := zero.Open(Options{})
	refused(t, "zero Allocator", err, "make one with New")

	a := must(New(good))
	old := rowAllocatorOf(kernel.MustParse("2.6.32"), 40000, 40009)
	for _, c := range []struct {
		o    Options
		says string
	}{{Options{ReusePort: true}, "SO_REUSEPORT"}, {Options{BindAddressNoPort: true}, "IP_BIND_ADDRESS_NO_PORT"}, {Options{RangeLow: 1}, "IP_LOCAL_PORT_RANGE"}, {Options{RangeHigh: 1}, "IP_LOCAL_PORT_RANGE"}} {
		_, err := old.Open(c.o)
		refused(t, "2.6.32", err, c.says)
	}
	_, err = a.Open(Options{RangeLow: 6, RangeHigh: 5})
	refused(t, "range", err, "RangeLow 6 is above RangeHigh 5")
	must(a.Open(Options{RangeLow: 6}))

	plain := must(a.Open(Options{}))
	only := must(a.Open(Options{V6Only: true}))
	v4 := must(a.Open(Options{BindAddressNoPort: true}))
	must(a.Bind(v4, netip.MustParseAddrPort("10.0.0.1:0")))
	wild4 := must(a.Open(Options{}))
	must(a.Bind(wild4, netip.MustParseAddrPort("0.0.0.0:99")))
	own6 := must(a.Open(Options{}))
	must(a.Bind(own6, netip.MustParseAddrPort("[fd00::1]:99")))
	conn := must(a.Open(Options{}))
	must(a.Connect(time.Hour, conn, sources[0], places[0]))
	listener := must(a.Open(Options{}))
	must(a.Bind(listener, netip.MustParseAddrPort("10.0.0.1:80")))
	must(a.Listen(listener))
	peer := netip.MustParseAddrPort("10.9.0.9:5")
	must(a.Accept(listener, sources[0], peer))
	before := a.live

	connect := func(s Socket, src netip.Addr, dst netip.AddrPort, says string) {
		t.Helper()
		_, err := a.Connect(time.Hour, s, src, dst)
		refused(t, "connect", err, says)
	}
	connect(0, sources[0], places[0], "there is no socket 0x0")
	connect(Socket(1)<<32|99, sources[0], places[0], "there is no socket")
	connect(plain+1<<32, sources[0], places[0], "there is no socket")
	connect(plain, sources[0], netip.AddrPort{}, "a destination is an address and a port")
	connect(plain, sources[0], netip.MustParseAddrPort("10.0.0.9:0"), "a destination is an address and a port")
	connect(plain, sources[0], netip.MustParseAddrPort("0.0.0.0:9"), "a destination is an address and a port")
	connect(plain, netip.Addr{}, places[0], "has a source address")
	connect(plain, homes[0], places[0], "has a source address")
	connect(plain, sources[2], places[0], "two protocols")
	connect(v4, sources[1], places[0], "bound to 10.0.0.1")
	connect(only, sources[0], places[0], "IPv6 only")
	connect(wild4, sources[2], places[3], "one of IPv4")
	connect(conn, sources[0], places[0], "that is connected")
	connect(listener, sources[0], places[0], "that is listening")
	_, err = a.Connect(time.Hour-1, plain, sources[0], places[0])
	refused(t, "time", err, "time must not go back")
	if r := must(a.Connect(time.Hour, v4, netip.Addr{}, places[0])); r.Errno != 0 {
		t.Error(r) // the bound address stands for the source
	}

	for _, c := range []struct {
		s    Socket
		to   string
		says string
	}{{wild4, "0.0.0.0:5", "it has a port"}, {conn, "0.0.0.0:5", "it has a port"}, {only, "0.0.0.0:5", "IPv6 only"}, {only, "[::ffff:10.0.0.1]:5", "IPv6 only"}} {
		_, err := a.Bind(c.s, netip.MustParseAddrPort(c.to))
		refused(t, "bind to "+c.to, err, c.says)
	}
	_, err = a.Bind(plain, netip.AddrPort{})
	refused(t, "bind", err, "no address")
	_, err = a.Bind(0, netip.MustParseAddrPort("0.0.0.0:5"))
	refused(t, "bind", err, "no socket")
	_, err = a.Listen(plain)
	refused(t, "listen", err, "bind it first")
	_, err = a.Listen(0)
	refused(t, "listen", err, "no socket")
	if r := must(a.Listen(listener)); r != (Result{Port: 80}) {
		t.Errorf("listen again: %v", r)
	}
	_, err = a.Accept(plain, sources[0], peer)
	refused(t, "accept", err, "from a socket that is unbound")
	_, err = a.Accept(0, sources[0], peer)
	refused(t, "accept", err, "no socket")
	_, err = a.Accept(listener, sources[0], peer)
	refused(t, "accept", err, "has a connection to 10.0.0.1:80 already")
	_, err = a.Accept(listener, sources[1], peer)
	refused(t, "accept", err, "bound to 10.0.0.1")
	refused(t, "TIME_WAIT", a.TimeWait(plain), "only a connection")
	refused(t, "TIME_WAIT", a.TimeWait(0), "no socket")
	refused(t, "done", a.Done(plain), "only a connection")
	refused(t, "done", a.Done(0), "no socket")
	_, err = a.LeaveTimeWait(plain)
	refused(t, "TIME_WAIT", err, "only a connection")
	_, err = a.LeaveTimeWait(0)
	refused(t, "TIME_WAIT", err, "no socket")
	refused(t, "disconnect", a.Disconnect(0), "no socket")
	refused(t, "disconnect", a.Disconnect(listener), "that is listening")
	refused(t, "close", a.Close(0), "no socket")
	bad := good.Sysctls
	bad.IPLocalPortRange = kernel.PortRange{Low: 5, High: 4}
	refused(t, "sysctls", a.SetSysctls(bad), "below the lower one")
	if a.sys != good.Sysctls || a.live != before+1 { // one more: the good connect
		t.Error("an error changed something")
	}
	if info, ok := a.Info(plain); !ok || info != (Info{State: Unbound}) {
		t.Errorf("%+v", info)
	}
	if _, ok := a.Info(0); ok {
		t.Error("socket 0")
	}
	if _, ok := a.Lookup(netip.AddrPortFrom(sources[0], 80), peer); !ok {
		t.Error("the accepted connection is not found")
	}
	if _, ok := a.Lookup(netip.AddrPortFrom(sources[0], 81), peer); ok {
		t.Error("another port")
	}
	if _, ok := a.Lookup(netip.AddrPortFrom(sources[1], 80), peer); ok {
		t.Error("another address")
	}
	if err := a.Close(plain); err != nil {
		t.Error(err)
	}
	refused(t, "closed twice", a.Close(plain), "was closed")
}

// Without a port there is no state that a failed call leaves behind.
func TestAFailedCallLeavesTheSocketAsItWas(t *testing.T) {
	a := allocator(t, "6.18.44", 40000, 40000, 1, nil)
	must(a.Bind(must(a.Open(Options{})), netip.MustParseAddrPort("0.0.0.0:40000")))
	s := must(a.Open(Options{}))
	if r := must(a.Connect(0, s, sources[0], places[0])); r.Errno != EADDRNOTAVAIL {
		t.Fatal(r)
	}
	if r := must(a.Bind(s, netip.MustParseAddrPort("10.0.0.1:40000"))); r.Errno != EADDRINUSE {
		t.Fatal(r)
	}
	if r := must(a.Bind(s, netip.MustParseAddrPort("10.0.0.1:0"))); r.Errno != EADDRINUSE || r.Examined != 2 {
		t.Fatal(r) // an odd pass and an even one, over the only port
	}
	if info, _ := a.Info(s); info != (Info{State: Unbound}) || len(a.groups) != 0 {
		t.Errorf("%+v, %d destinations", info, len(a.groups))
	}
	if r := must(a.Bind(s, netip.MustParseAddrPort("10.0.0.1:40001"))); r != (Result{Port: 40001}) {
		t.Error(r)
	}
	if a.Reserved(40001) {
		t.Error("reserved")
	}
}

// A million destinations come and go without leaving anything behind.
func TestDestinationsAreForgotten(t *testing.T) {
	a := allocator(t, "6.18.44", 32768, 60999, 1, nil)
	for n := range 100000 {
		s := must(a.Open(Options{}))
		dst := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 80)
		must(a.Connect(0, s, sources[0], dst))
		if err := a.Close(s); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.groups) != 0 || len(a.dests) != 1 || len(a.socks) != 1 || a.table.n != 0 {
		t.Errorf("%d destinations, %d places, %d sockets", len(a.groups), len(a.dests), len(a.socks))
	}
}
