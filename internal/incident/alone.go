package incident

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/sim"
)

// Alone is a client with no NAT and no neighbour, and a server with tcp_tw_recycle where its release has it. The
// client connects at these times; the server closes first, 1.05 s after it accepted. timestamps is the client's
// tcp_timestamps. What differs is where the client's kernel starts the timestamps of a connection: see
// [paws.OffsetScope].
func Alone(server, client string, timestamps int, at sim.Times) (*Scene, error) {
	s := New(sim.Config{Seed: 1})
	s.Server = s.node("server", server, At.Addr().String(), 1000*time.Second, recycling)
	offsets := &clocks{}
	s.Client = s.node("client", client, "192.0.2.9", 200_000*time.Second, func(c *host.Config) {
		c.HZ, c.Sysctls.TCPTimestamps = 1000, timestamps
		offsets.scope = paws.OffsetScope(&c.Semantics, timestamps)
	})
	s.join(s.Client, s.Server, sim.Path{Delay: 20 * ms, Boxes: []sim.Box{offsets}})
	s.serve(sim.Server{Name: "server", Node: s.Server, At: At, Backlog: 128, Service: sim.Exactly(1050 * ms), CloseFirst: true})
	s.connect(sim.Client{Name: "client", Node: s.Client, Arrivals: at})
	return s.done()
}

// recycling sets tcp_tw_recycle where there is one.
func recycling(c *host.Config) {
	if tw, ok := kernel.SysctlByName("net.ipv4.tcp_tw_recycle"); ok && tw.Exists(c.Semantics) {
		c.Sysctls.TCPTwRecycle = 1
	}
}

// clocks is what package host leaves out of a client's kernel, as a box beside it: the secret offset at which the
// timestamps of a connection start.
type clocks struct{ scope paws.Scope }

func (*clocks) Name() string { return "offset" }

func (c *clocks) Pass(_ time.Duration, outward bool, s host.Segment) sim.Passage {
	if outward {
		s.TSVal += c.offset(s.From, s.To, s.Timestamp)
	} else if s.TSEcr != 0 {
		s.TSEcr -= c.offset(s.To, s.From, s.Timestamp)
	}
	return sim.Passage{Segment: s}
}

// offset is that of a connection, from its ends as far as they count: a hash with a key, which here is fixed.
func (c *clocks) offset(own, peer netip.AddrPort, timestamp bool) uint32 {
	if !timestamp || c.scope == paws.ScopeHost {
		return 0
	}
	x := uint64(0x5eed)
	mix := func(n uint64) { // SplitMix64's finalizer
		x += n + 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}
	for _, end := range []netip.AddrPort{own, peer} {
		for _, b := range end.Addr().As4() {
			mix(uint64(b))
		}
		if c.scope == paws.ScopeConnection {
			mix(uint64(end.Port()))
		}
	}
	return uint32(x)
}
