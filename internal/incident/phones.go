package incident

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/sim"
)

// PhoneB is when phone B connects in [Phones]; phone A connects at 0.
const PhoneB = 5 * time.Second

// Phones is D1: two phones behind one NAT and a server with tcp_tw_recycle, where the release has it. Phone
// A has run for 1.2 million seconds, phone B for 0.2 million. The server closes first, 1.05 s after it
// accepted. nat is the box between them, to be filled in: Timestamps says whether it rewrites
// timestamps. timestamps is the server's tcp_timestamps.
func Phones(release string, nat sim.NAT, timestamps int) (*Scene, error) {
	s := New(sim.Config{Seed: 1})
	s.Server = s.node("server", release, At.Addr().String(), 1000*time.Second, func(c *host.Config) {
		c.Sysctls.TCPTimestamps = timestamps
		recycling(c)
	})
	thousand := func(c *host.Config) { c.HZ = 1000 }
	a := s.node("phone A", "3.18", "192.168.0.2", 1_200_000*time.Second, thousand)
	s.Client = s.node("phone B", "3.18", "192.168.0.3", 200_000*time.Second, thousand)
	nat.Label, nat.Outside = "nat", netip.MustParseAddr("198.51.100.1")
	for _, phone := range []*sim.Node{a, s.Client} {
		s.join(phone, s.Server, sim.Path{Delay: 20 * ms, Boxes: []sim.Box{&nat}})
	}
	s.serve(sim.Server{Name: "server", Node: s.Server, At: At, Backlog: 128, Service: sim.Exactly(1050 * ms), CloseFirst: true})
	s.connect(sim.Client{Name: "A", Node: a, Arrivals: sim.Times{0}})
	s.connect(sim.Client{Name: "B", Node: s.Client, Arrivals: sim.Times{PhoneB}})
	return s.done()
}
