package sim_test

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/sim"
)

// A path loses the share that it should, both ways, and whose SYN or SYN-ACK is lost waits for the timer.
func TestLoss(t *testing.T) {
	l := newLab(t, sim.Config{Seed: 1})
	cli, srv := l.node("client", "4.19.78", "10.0.0.9", 0), l.node("server", "4.19.78", "10.0.0.1", 0)
	l.join(cli, srv, sim.Path{Delay: ms, Loss: 0.1})
	l.server(sim.Server{Node: srv, At: serverAt, Backlog: 128})
	c := l.client(sim.Client{Node: cli, To: []netip.AddrPort{serverAt}, Arrivals: sim.Constant(100), Count: 2000, CloseFirst: true})
	l.run(3 * time.Minute)
	sent := [2]int{}
	for _, e := range l.Events {
		if e.Kind == sim.Sent {
			if e.Where == "client" {
				sent[0]++
			} else {
				sent[1]++
			}
		}
	}
	p := l.Report().Paths[0]
	for i, lost := range []uint64{p.LostToB, p.LostToA} {
		if share := float64(lost) / float64(sent[i]); share < 0.085 || share > 0.115 {
			t.Errorf("%d of %d lost", lost, sent[i])
		}
	}
	// 19 % of first attempts fail, of second ones, and so on.
	at := c.Report().Connect.Steps
	if n := float64(at[0]) / 2000; n < 0.78 || n > 0.84 {
		t.Error(at)
	}
	if n := float64(at[1]) / 2000; n < 0.12 || n > 0.19 {
		t.Error(at)
	}
}
