package sim_test

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

const ms = time.Millisecond

var serverAt = netip.MustParseAddrPort("10.0.0.1:80")

// lab is a scene in a test.
type lab struct {
	*testing.T
	*incident.Scene
}

func newLab(t *testing.T, cfg sim.Config) *lab { return &lab{t, incident.New(cfg)} }

// node adds a host of a release, changed by edit.
func (l *lab) node(name, release, addr string, uptime time.Duration, edit ...func(*host.Config)) *sim.Node {
	l.Helper()
	cfg, err := sim.Stock(release, addr)
	if err != nil {
		l.Fatal(err)
	}
	for _, e := range edit {
		e(&cfg)
	}
	n, err := l.AddNode(name, cfg, uptime)
	if err != nil {
		l.Fatal(err)
	}
	return n
}

func (l *lab) join(a, b *sim.Node, p sim.Path) {
	l.Helper()
	if err := l.Join(a, b, p); err != nil {
		l.Fatal(err)
	}
}

func (l *lab) server(s sim.Server) *sim.ServerRun {
	l.Helper()
	r, err := l.AddServer(s)
	if err != nil {
		l.Fatal(err)
	}
	return r
}

func (l *lab) client(c sim.Client) *sim.ClientRun {
	l.Helper()
	r, err := l.AddClient(c)
	if err != nil {
		l.Fatal(err)
	}
	return r
}

func (l *lab) run(until time.Duration) {
	l.Helper()
	if err := l.World.Run(until); err != nil {
		l.Fatal(err)
	}
}

// story logs the trace.
func (l *lab) story() {
	for _, e := range l.Events {
		l.Log(e)
	}
}

func states(n *sim.Node) map[host.State]int { return incident.States(n) }

func raised(n *sim.Node, c kernel.Counter) uint64 { return incident.Raised(n, c) }

// around reports whether a time is the nominal one, as timers round it.
func around(got, want time.Duration) bool {
	return got >= want-10*ms && got <= want+want/8+10*ms
}
