package sim_test

import (
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// tenClients is the scene of D3's ten clients.
func tenClients(t *testing.T, release string, at sim.Times) (*lab, *sim.Node, *sim.ClientRun) {
	s, err := incident.TenClients(release, at)
	if err != nil {
		t.Fatal(err)
	}
	return &lab{t, s}, s.Server, s.Clients[0]
}

// The ten clients of D3 at a 4.19 server: six connections, three that only the client believes in, one timeout.
// The order of SYNs and ACKs is that of the recorded script accept-queue/six-three-one; every kernel
// that was asked answered it so.
func TestTenClientsSixThreeOne(t *testing.T) {
	at := incident.SixThreeOne()
	for _, c := range []struct {
		release string
		syns    uint64 // of the tenth client within 5 s: linear timeouts from 6.5 on
	}{{"4.19.91", 3}, {"5.10.223", 3}, {"6.1.192", 3}, {"6.12.117", 5}, {"7.2.13", 5}} {
		release, syns := c.release, c.syns
		l, srv, c := tenClients(t, release, at)
		l.run(4900 * ms)
		if got := states(srv); got[host.Established] != 6 || got[host.SynRecv] != 3 {
			t.Errorf("%s: the server has %v", release, got)
		}
		r := c.Report()
		if r.Asked != 10 || r.Connected != 9 || r.Failed != 0 {
			t.Errorf("%s: after 4.9 s %+v", release, r)
		}
		l.run(5100 * ms)
		r = c.Report()
		if r.Connected != 9 || r.Failed != 1 || len(r.Failures) != 1 || r.Failures[0] != (sim.Count{What: "own timeout", N: 1}) {
			t.Errorf("%s: after 5.1 s %+v", release, r)
		}
		// Three final ACKs at once, and after the SYN-ACKs of 1 s and 3 s again; and the tenth client's SYNs.
		for _, k := range []kernel.Counter{kernel.ListenOverflows, kernel.ListenDrops} {
			if n := raised(srv, k); n != 3+3+3+syns {
				t.Errorf("%s: %v %d", release, k, n)
			}
		}
		if t.Failed() {
			l.story()
			return
		}
		// With the request of a client that is gone the server goes on until it has sent its SYN-ACK five times.
		l.run(70 * time.Second)
		if got := states(srv); got[host.Established] != 6 || got[host.SynRecv] != 0 {
			t.Errorf("%s: after 70 s the server has %v", release, got)
		}
	}
}

// The same ten one after the other: observed on all kernels that were asked (listen.md, 10 c).
func TestTenClientsInTurn(t *testing.T) {
	at := incident.InTurn()
	for _, c := range []struct {
		release               string
		established, half     int
		connected, timedOut   uint64
		overflowsOfFirstRound uint64
	}{
		{"4.4.155", 6, 2, 8, 2, 2 + 2},
		{"4.9.154", 6, 2, 8, 2, 2 + 2},
		{"4.19.91", 6, 0, 6, 4, 4},
		{"5.10.223", 6, 0, 6, 4, 4},
		{"6.12.117", 6, 0, 6, 4, 4},
		{"7.2.13", 6, 0, 6, 4, 4},
	} {
		l, srv, run := tenClients(t, c.release, at)
		l.run(500 * ms)
		got := states(srv)
		if got[host.Established] != c.established || got[host.SynRecv] != c.half || raised(srv, kernel.ListenOverflows) != c.overflowsOfFirstRound {
			t.Errorf("%s: the server has %v, %v", c.release, got, srv.Host().Counters())
			l.story()
		}
		if c.half > 0 {
			continue // the retries of the last two meet requests that are not young any more
		}
		l.run(6 * time.Second)
		if r := run.Report(); r.Connected != c.connected || r.Failed != c.timedOut {
			t.Errorf("%s: %+v", c.release, r)
		}
	}
}
