package main

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

// A point is the median number of candidates that connect() examines with so many ports
// in use.
type point struct{ used, candidates int }

// examined does on the model what connectcost does on a kernel: it fills the range with
// connections to one destination, and at each level asks for one more, many times. Where a
// search begins depends on the kernel's secret: the median is over several.
func examined(release string, ports int) ([]point, error) {
	levels := grid()
	some := make([][]int, len(levels))
	for secret := range byte(7) {
		c, err := newCaller(release, ports, secret)
		if err != nil {
			return nil, err
		}
		used := 0
		for i, permille := range levels {
			for ; used < ports*permille/1000; used++ {
				if _, err := c.connect(true); err != nil {
					return nil, err
				}
			}
			for range 99 {
				n, err := c.connect(false)
				if err != nil {
					return nil, err
				}
				some[i] = append(some[i], n)
			}
		}
	}
	points := make([]point, len(levels))
	for i, permille := range levels {
		slices.Sort(some[i])
		points[i] = point{ports * permille / 1000, some[i][len(some[i])/2]}
	}
	return points, nil
}

// grid is the thousandths of the range at which to stop: every tenth, and each around the
// middle and the end.
func grid() (g []int) {
	for n := 0; n <= 1000; n++ {
		if n%10 == 0 || n > 490 && n < 500 || n > 990 {
			g = append(g, n)
		}
	}
	return g
}

// A caller calls connect() once a millisecond.
type caller struct {
	ports  *portalloc.Allocator
	source netip.Addr
	server netip.AddrPort
	now    time.Duration
}

func newCaller(release string, ports int, secret byte) (*caller, error) {
	r, err := kernel.Parse(release)
	if err != nil {
		return nil, err
	}
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 8 << 30})
	if err != nil {
		return nil, err
	}
	sys.IPLocalPortRange = kernel.PortRange{Low: 32768, High: 32768 + ports - 1}
	draw := uint32(secret)
	a, err := portalloc.New(portalloc.Config{
		Semantics: r.Semantics(),
		Sysctls:   sys,
		Key:       portalloc.Key{secret},
		Rand:      func() uint32 { draw = draw*1664525 + 1013904223; return draw >> 8 },
	})
	if err != nil {
		return nil, err
	}
	server := netip.MustParseAddrPort("127.0.0.1:5000")
	return &caller{ports: a, source: server.Addr(), server: server}, nil
}

// connect returns how many candidates one more connection takes, which stays or is closed
// at once.
func (c *caller) connect(stays bool) (int, error) {
	c.now += time.Millisecond
	s, err := c.ports.Open(portalloc.Options{})
	if err != nil {
		return 0, err
	}
	result, err := c.ports.Connect(c.now, s, c.source, c.server)
	switch {
	case err != nil:
		return 0, err
	case stays && result.Errno != 0:
		return 0, fmt.Errorf("a port is left, but %v", result)
	case !stays:
		err = c.ports.Close(s)
	}
	return result.Examined, err
}
