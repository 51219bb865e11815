// Package incident builds the incidents that this library was born from, in virtual time: what the command
// examples/incidents tells and what the tests of package sim hold to recordings.
package incident

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// At is where the server of each incident listens.
var At = netip.MustParseAddrPort("10.0.0.1:80")

const ms = time.Millisecond

// A Scene is a world with an incident in it, at time 0. Run it with World.Run.
type Scene struct {
	*sim.World
	Server *sim.Node
	// Client is the host of the clients: of phone B in [Phones].
	Client *sim.Node
	// Clients are those whose connections are told of.
	Clients []*sim.ClientRun
	// Events is the trace until now, Connections what came and failed until now.
	Events      []sim.Event
	Connections []sim.Connection

	err error
}

// New returns an empty scene whose world keeps its trace in Events.
func New(cfg sim.Config) *Scene {
	s := &Scene{}
	cfg.Trace = func(e sim.Event) { s.Events = append(s.Events, e) }
	s.World = sim.New(cfg)
	return s
}

// done returns the scene, or the first error of what built it.
func (s *Scene) done() (*Scene, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s, nil
}

func (s *Scene) keep(err error) {
	if s.err == nil {
		s.err = err
	}
}

// node adds a host of a release, changed by edit.
func (s *Scene) node(name, release, addr string, uptime time.Duration, edit func(*host.Config)) *sim.Node {
	cfg, err := sim.Stock(release, addr)
	if err != nil {
		s.keep(err)
		return nil
	}
	if edit != nil {
		edit(&cfg)
	}
	n, err := s.AddNode(name, cfg, uptime)
	s.keep(err)
	return n
}

// join, serve and connect do nothing once something has failed.
func (s *Scene) join(a, b *sim.Node, p sim.Path) {
	if s.err == nil {
		s.keep(s.Join(a, b, p))
	}
}

func (s *Scene) serve(server sim.Server) {
	if s.err == nil {
		_, err := s.AddServer(server)
		s.keep(err)
	}
}

func (s *Scene) connect(c sim.Client) {
	if s.err != nil {
		return
	}
	c.To, c.Each = []netip.AddrPort{At}, func(c sim.Connection) { s.Connections = append(s.Connections, c) }
	r, err := s.AddClient(c)
	s.keep(err)
	s.Clients = append(s.Clients, r)
}

// States counts the sockets of a node by state.
func States(n *sim.Node) map[host.State]int {
	m := map[host.State]int{}
	for _, s := range n.Host().Sockets() {
		m[s.State]++
	}
	return m
}

// Raised is how far a counter of a node has moved.
func Raised(n *sim.Node, c kernel.Counter) uint64 { return n.Host().Counters().Get(c) }

// SYNs are the times at which a node sent SYNs, counted from a moment.
func (s *Scene) SYNs(node string, since time.Duration) (at []time.Duration) {
	for _, e := range s.Events {
		if e.Kind == sim.Sent && e.Where == node && e.Segment.Flags == host.FlagSYN && e.At >= since {
			at = append(at, e.At-since)
		}
	}
	return at
}
