package sim_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// The worked example of timewait_paws.md, 8: B's SYNs die until the address has been quiet for 60 s.
func TestPhonesBehindNAT(t *testing.T) {
	second := time.Second
	for _, c := range []struct {
		name, release string
		nat           sim.NAT
		timestamps    int
		dropped       uint64
		took          time.Duration // B's connect()
	}{
		{"3.10", "3.10.0", sim.NAT{}, 1, 6, 63 * second},
		{"4.9", "4.9.154", sim.NAT{}, 1, 6, 63 * second},
		{"removed", "4.12", sim.NAT{}, 1, 0, 0},
		{"the NAT has one clock", "3.10.0", sim.NAT{Timestamps: true}, 1, 0, 0},
		{"no timestamps", "3.10.0", sim.NAT{}, 0, 0, 0},
	} {
		scene, err := incident.Phones(c.release, c.nat, c.timestamps)
		if err != nil {
			t.Fatal(err)
		}
		l, srv := &lab{t, scene}, scene.Server
		l.run(100 * second)
		got := scene.Connections
		if len(got) != 2 || got[0].Failure != (sim.Failure{}) || got[1].Failure != (sim.Failure{}) {
			t.Errorf("%s: %+v", c.name, got)
			l.story()
			continue
		}
		if a, b := got[0].Ended-got[0].Asked, got[1].Ended-got[1].Asked; a != 40*ms || !around(b, c.took+40*ms) {
			t.Errorf("%s: A took %v, B %v", c.name, a, b)
		}
		if n := raised(srv, kernel.PAWSPassive); n != c.dropped {
			t.Errorf("%s: PAWSPassive %d", c.name, n)
		}
		if n := raised(srv, kernel.ListenOverflows); n != 0 {
			t.Errorf("%s: ListenOverflows %d", c.name, n)
		}
		if c.dropped > 0 {
			want := []time.Duration{0, 1 * second, 3 * second, 7 * second, 15 * second, 31 * second, 63 * second}
			if syns := scene.SYNs("phone B", incident.PhoneB); !slices.EqualFunc(syns, want, around) {
				t.Errorf("%s: B's SYNs at %v", c.name, syns)
			}
		}
	}
}

// A NAT keeps ports where it can, and two inside hosts with one port stay apart.
func TestNATPorts(t *testing.T) {
	nat := &sim.NAT{Outside: netip.MustParseAddr("198.51.100.1"), Idle: time.Minute}
	from := func(a string) host.Segment {
		return host.Segment{From: netip.MustParseAddrPort(a), To: serverAt, Flags: host.FlagSYN}
	}
	port := func(now time.Duration, s host.Segment) uint16 {
		p := nat.Pass(now, true, s)
		if p.Stop != "" {
			t.Fatal(p.Stop)
		}
		if p.Segment.From.Addr() != nat.Outside {
			t.Fatal(p.Segment)
		}
		return p.Segment.From.Port()
	}
	a, b := from("192.168.0.2:5000"), from("192.168.0.3:5000")
	first, second := port(0, a), port(0, b)
	if first != 5000 || second == 5000 || port(time.Second, a) != first || port(time.Second, b) != second {
		t.Error(first, second)
	}
	back := host.Segment{From: serverAt, To: netip.AddrPortFrom(nat.Outside, second), Flags: host.FlagSYN | host.FlagACK}
	if p := nat.Pass(time.Second, false, back); p.Segment.To != b.From {
		t.Error(p)
	}
	if p := nat.Pass(2*time.Minute, false, back); p.Stop != "no mapping" {
		t.Error(p)
	}
}
