package portalloc

import (
	"fmt"
	"maps"
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/internal/rowtest"
	"example.com/linuxtcp/kernel"
)

// rows has for every row of the table that concerns this package a scenario that gives
// different answers with and without the row.
var rows = map[string]func(s *kernel.Semantics) any{
	"reserved-ports": func(s *kernel.Semantics) any {
		return kernel.Sysctls{IPLocalReservedPorts: "80"}.Validate(*s) == nil
	},
	"loopback-preferred-source": func(s *kernel.Semantics) any {
		return LoopbackSource(s, netip.MustParseAddr("127.0.0.2"))
	},
	"port-hash-md5": func(s *kernel.Semantics) any { return HashEpoch(s, kernel.Clock{}, 301*time.Second) },
	"bind0-no-conflict": func(s *kernel.Semantics) any {
		a := rowAllocator(s, kernel.PortRange{Low: 40000, High: 40000}, 0)
		must(a.Bind(must(a.Open(Options{})), netip.MustParseAddrPort("127.0.0.1:0")))
		return must(a.Bind(must(a.Open(Options{})), netip.MustParseAddrPort("127.0.0.5:0")))
	},
	"bind0-strict": func(s *kernel.Semantics) any {
		a := rowAllocator(s, kernel.PortRange{Low: 40000, High: 40001}, 0)
		must(a.Bind(must(a.Open(Options{ReuseAddr: true})), netip.MustParseAddrPort("127.0.0.1:0")))
		return must(a.Bind(must(a.Open(Options{ReuseAddr: true})), netip.MustParseAddrPort("127.0.0.1:0")))
	},
	"reuseport": func(s *kernel.Semantics) any {
		_, err := rowAllocator(s, kernel.PortRange{}, 0).Open(Options{ReusePort: true})
		return err == nil
	},
	"port-range-per-netns":     func(s *kernel.Semantics) any { return s.PortRangePerNetns },
	"reserved-ports-per-netns": func(s *kernel.Semantics) any { return s.ReservedPortsPerNetns },
	"port-range-60999":         func(s *kernel.Semantics) any { return kernel.DefaultPortRange(*s) },
	"port-search-even":         rowOrder,
	"port-search-parity":       rowOrder,
	"bind0-halves": func(s *kernel.Semantics) any {
		part, last := BindScan(s, kernel.PortRange{Low: 40000, High: 40015}, 1)
		return fmt.Sprint(part, last)
	},
	"bind-address-no-port": func(s *kernel.Semantics) any {
		_, err := rowAllocator(s, kernel.PortRange{}, 0).Open(Options{BindAddressNoPort: true})
		return err == nil
	},
	"port-bucket-enomem": func(s *kernel.Semantics) any { return NoBucketErrno(s) },
	"bind0-odd-first": func(s *kernel.Semantics) any {
		b := BindSearch(s, kernel.PortRange{Low: 40000, High: 40015}, 4)
		return b.Port(0)
	},
	"port-hash-siphash": func(s *kernel.Semantics) any { return s.PortHash },
	"bind0-first-free": func(s *kernel.Semantics) any {
		a := rowAllocator(s, kernel.PortRange{Low: 40000, High: 40000}, 0)
		must(a.Bind(must(a.Open(Options{ReuseAddr: true})), netip.MustParseAddrPort("127.0.0.1:0")))
		return must(a.Bind(must(a.Open(Options{ReuseAddr: true})), netip.MustParseAddrPort("127.0.0.1:0")))
	},
	// After a plain socket left, and one of another user with SO_REUSEPORT and another
	// address came: does one of the first user join unchecked?
	"bind-strict-address": func(s *kernel.Semantics) any {
		a := rowAllocator(s, kernel.PortRange{}, 0)
		must(a.Bind(must(a.Open(Options{})), netip.MustParseAddrPort("127.0.0.1:80")))
		must(a.Bind(must(a.Open(Options{ReusePort: true})), netip.MustParseAddrPort("127.0.0.2:80")))
		return a.bucket(80).port
	},
	"bind-flags-inverted": rowFlags,
	"bind-flags-righted":  rowFlags,
	"unprivileged-port-start": func(s *kernel.Semantics) any {
		return kernel.Sysctls{IPUnprivilegedPortStart: 1024, IPLocalPortRange: kernel.PortRange{Low: 1000, High: 2000}}.Validate(*s).Error()
	},
	"autobind-reuse": func(s *kernel.Semantics) any {
		a := rowAllocator(s, kernel.PortRange{Low: 40000, High: 40000}, 1)
		must(a.Bind(must(a.Open(Options{ReuseAddr: true})), netip.MustParseAddrPort("127.0.0.1:0")))
		return must(a.Bind(must(a.Open(Options{ReuseAddr: true})), netip.MustParseAddrPort("127.0.0.1:0"))).Errno
	},
	"port-table-256": func(s *kernel.Semantics) any { return Places(s) },
	"port-table-65536": func(s *kernel.Semantics) any {
		return fmt.Sprint(Places(s), Advance(s, 0, 2, func() uint32 { return 7 }), HashEpoch(s, kernel.Clock{}, 20*time.Second) > 0)
	},
	"bhash2":           rowTimeWait,
	"bhash2-time-wait": rowTimeWait,
	"port-range-option": func(s *kernel.Semantics) any {
		r, set := SocketRange(s, kernel.PortRange{Low: 1000, High: 2000}, 1500, 0)
		return fmt.Sprint(r, set)
	},
	"port-range-option-no-parity": func(s *kernel.Semantics) any {
		return ConnectSearch(s, kernel.PortRange{Low: 1000, High: 2000}, true, 0, 1).Step
	},
	"port-restored": func(s *kernel.Semantics) any {
		a := rowAllocator(s, kernel.PortRange{Low: 40000, High: 40000}, 0)
		must(a.Connect(0, must(a.Open(Options{})), sources[0], places[0]))
		binder := must(a.Open(Options{}))
		must(a.Bind(binder, netip.MustParseAddrPort("127.0.0.1:40000")))
		if err := a.Close(binder); err != nil {
			panic(err)
		}
		return must(a.Connect(0, must(a.Open(Options{})), sources[0], places[1])).Errno
	},
	"port-step-width": func(s *kernel.Semantics) any {
		a := rowAllocator(s, kernel.PortRange{}, 0)
		sys := a.sys
		sys.IPLocalPortStepWidth = 10
		return a.SetSysctls(sys) == nil
	},
}

// rowOrder is the first ports of a search from an odd sum.
func rowOrder(s *kernel.Semantics) any {
	c := ConnectSearch(s, kernel.PortRange{Low: 40000, High: 40015}, false, 5, 1)
	return fmt.Sprint(c.Port(0), c.Port(1), Advance(s, 0, c.Step, func() uint32 { return 1 }))
}

// rowFlags binds two sockets with SO_REUSEADDR to different addresses, and asks whether
// the port's flag lets a third one in unchecked.
func rowFlags(s *kernel.Semantics) any {
	a := rowAllocator(s, kernel.PortRange{}, 0)
	must(a.Bind(must(a.Open(Options{ReuseAddr: true})), netip.MustParseAddrPort("127.0.0.1:80")))
	return a.bucket(80).reuse
}

func rowTimeWait(s *kernel.Semantics) any {
	tw := &Owner{Address: BoundTo(sources[0], false), TimeWait: true}
	return Conflicts(s, &Owner{Address: BoundTo(sources[0], false)}, tw, ByNumber)
}

func rowAllocator(s *kernel.Semantics, r kernel.PortRange, autobind int) *Allocator {
	sys := kernel.Sysctls{IPLocalPortRange: r}
	for name := range sys.All() {
		c, _ := kernel.SysctlByName(name)
		if v := c.Default(*s, kernel.Machine{MemoryBytes: 1 << 30}); c.Exists(*s) {
			if err := sys.Set(name, v); err != nil {
				panic(err)
			}
		}
	}
	if s.AutobindReuse {
		sys.IPAutobindReuse = autobind
	}
	return must(New(Config{Semantics: *s, Sysctls: sys, Rand: func() uint32 { return 0 }}))
}

func TestEveryRowIsExercised(t *testing.T) {
	all := maps.Clone(rows)
	maps.Copy(all, raceRows)
	rowtest.Exercise(t, "portalloc", all)
}
