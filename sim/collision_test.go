package sim_test

import (
	"slices"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// collide plays D0's collision. It returns how the second connection ended, and when it sent SYNs.
func collide(t *testing.T, release string, boxes ...sim.Box) (l *lab, srv *sim.Node, second sim.Connection, syns []time.Duration) {
	s, err := incident.Collision(release, boxes...)
	if err != nil {
		t.Fatal(err)
	}
	l = &lab{t, s}
	l.run(incident.Again - time.Second)
	if got := states(s.Server); got[host.CloseWait] != 1 || len(s.Client.Host().Sockets()) != 0 {
		t.Fatalf("%s: the server has %v, the client %v", release, got, s.Client.Host().Sockets())
	}
	l.run(incident.Again + 200*time.Second)
	if len(s.Connections) != 2 {
		t.Fatalf("%s: %+v", release, s.Connections)
	}
	return l, s.Server, s.Connections[1], s.SYNs("client", incident.Again)
}

func seconds(n ...int) (d []time.Duration) {
	for _, s := range n {
		d = append(d, time.Duration(s)*time.Second)
	}
	return d
}

// How long connect() takes over a leftover, by release: ports_collisions.md E.4, each row observed on kernels
// of it.
func TestCollisionByRelease(t *testing.T) {
	for _, c := range []struct {
		release string
		end     host.Errno
		took    time.Duration
	}{
		{"2.6.32", 0, 3 * time.Second},
		{"3.1", 0, time.Second},
		{"3.5", 0, time.Second},
		{"3.7", 0, time.Second},
		{"3.10.108", host.ETIMEDOUT, 127 * time.Second},
		{"4.4.155", 0, time.Second},
		{"4.19.78", 0, time.Second},
		{"5.10.223", 0, 8 * ms},
		{"6.12.117", 0, 8 * ms},
		{"7.2.13", 0, 8 * ms},
	} {
		// A firewall as netfilter's changes nothing.
		for _, boxes := range [][]sim.Box{nil, {&sim.Firewall{Label: "firewall"}}} {
			l, srv, got, syns := collide(t, c.release, boxes...)
			if took := got.Ended - got.Asked; got.Failure.Errno != c.end || !around(took, c.took+2*ms) {
				t.Errorf("%s: %v after %v, SYNs at %v", c.release, got.Failure, took, syns)
				l.story()
			}
			resets := uint64(1)
			if c.end != 0 {
				resets = 0
			}
			if n := raised(srv, kernel.EstabResets); n != resets {
				t.Errorf("%s: EstabResets %d", c.release, n)
			}
		}
	}
}

// The same through firewalls that eat the stray ACK or the RST: E.5.
func TestCollisionThroughFirewall(t *testing.T) {
	const d = 8 * ms
	noACK, noRST := sim.Firewall{Label: "firewall", StrayACK: sim.Drop}, sim.Firewall{Label: "firewall", StrayRST: sim.Drop}
	open := sim.Firewall{Label: "firewall", Unknown: sim.Pass}
	soon := func(n ...int) []time.Duration {
		all := seconds(n...)
		for i := range all {
			all[i] += d
		}
		return slices.Insert(all, 0, 0)
	}
	old, linear := seconds(0, 1, 3, 7, 15, 31, 63), seconds(0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67)
	for _, c := range []struct {
		release    string
		rules      sim.Firewall
		syns       []time.Duration
		end        time.Duration
		challenges uint64 // TCPSYNChallenge
		held       uint64 // TCPACKSkippedChallenge
	}{
		{"2.6.32", noACK, seconds(0, 3, 9), 21 * time.Second, 0, 0},
		{"3.5", noRST, seconds(0, 1, 3, 7, 15, 31), 63 * time.Second, 0, 0},
		{"4.4.155", noACK, old, 127 * time.Second, 7, 0},
		{"5.5", noRST, old, 127 * time.Second, 7, 0},
		{"5.10.223", noACK, old, 127 * time.Second, 7, 0},
		{"5.10.223", noRST, soon(0, 2, 6, 14, 30, 62), 126*time.Second + d, 7, 1},
		{"6.18.44", noACK, linear, 131 * time.Second, 11, 0},
		{"6.18.44", noRST, soon(0, 1, 2, 3, 4, 6, 10, 18, 34, 66), 130*time.Second + d, 11, 1},
		{"6.18.44", open, soon(0), d, 1, 0}, // both pass: connected at the second SYN
	} {
		rules := c.rules
		l, srv, got, syns := collide(t, c.release, &rules)
		took := got.Ended - got.Asked
		want := host.ETIMEDOUT
		if c.end == d {
			want = 0
		}
		if got.Failure.Errno != want || !around(took, c.end+2*ms) || !slices.EqualFunc(syns, c.syns, around) {
			t.Errorf("%s: %v after %v, SYNs at %v, not %v", c.release, got.Failure, took, syns, c.syns)
			l.story()
		}
		if n, held := raised(srv, kernel.TCPSYNChallenge), raised(srv, kernel.TCPACKSkippedChallenge); n != c.challenges || held != c.held {
			t.Errorf("%s: TCPSYNChallenge %d, TCPACKSkippedChallenge %d", c.release, n, held)
		}
	}
}
