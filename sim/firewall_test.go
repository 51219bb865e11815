package sim_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/sim"
)

var inside = netip.MustParseAddrPort("10.0.0.9:5000")

// out and in are segments between inside and the server.
func out(f host.Flags, seq uint32) host.Segment {
	return host.Segment{From: inside, To: serverAt, Flags: f, Seq: seq}
}

func in(f host.Flags, seq uint32) host.Segment {
	return host.Segment{From: serverAt, To: inside, Flags: f, Seq: seq}
}

const (
	syn = host.FlagSYN
	ack = host.FlagACK
	fin = host.FlagFIN | host.FlagACK
	rst = host.FlagRST
)

// A connection's states, and when each is forgotten.
func TestFirewallStates(t *testing.T) {
	type step struct {
		outward bool
		f       host.Flags
		state   string
		lives   time.Duration
	}
	second := time.Second
	orderly := []step{
		{true, syn, "SYN_SENT", 120 * second}, {false, syn | ack, "SYN_RECV", 60 * second}, {true, ack, "ESTABLISHED", 5 * 24 * time.Hour},
		{true, fin, "FIN_WAIT", 120 * second}, {false, ack, "CLOSE_WAIT", 60 * second}, {false, fin, "LAST_ACK", 30 * second}, {true, ack, "TIME_WAIT", 120 * second},
	}
	reset := append(slices.Clone(orderly[:3]), step{false, rst, "CLOSE", 10 * second}, step{true, syn, "SYN_SENT", 120 * second})
	reopened := append(slices.Clone(orderly), step{true, syn, "SYN_SENT", 120 * second})
	again := append(slices.Clone(orderly[:5]), step{true, syn, "CLOSE_WAIT", 60 * second})
	for _, steps := range [][]step{orderly, reset, reopened, again} {
		for n := 1; n <= len(steps); n++ {
			fw := &sim.Firewall{}
			for i, x := range steps[:n] {
				s := out(x.f, uint32(i))
				if !x.outward {
					s = in(x.f, uint32(i))
				}
				if p := fw.Pass(0, x.outward, s); p.Stop != "" {
					t.Fatalf("step %d of %v: %s", i, steps, p.Stop)
				}
				if got := fw.State(0, inside, serverAt); got != x.state {
					t.Fatalf("step %d of %v: %s", i, steps, got)
				}
			}
			last := steps[n-1]
			if fw.State(last.lives-1, inside, serverAt) != last.state || fw.State(last.lives, inside, serverAt) != "" {
				t.Errorf("%s does not last %v", last.state, last.lives)
			}
			if p := fw.Pass(last.lives, true, out(ack, 9)); p.Stop == "" {
				t.Errorf("%s: a segment after %v passes", last.state, last.lives)
			}
		}
	}
}

// What each rule does, by its treatment.
func TestFirewallRules(t *testing.T) {
	for _, c := range []struct {
		name   string
		rules  func(x sim.Treatment) *sim.Firewall
		before []host.Segment // all but the first inward
		s      host.Segment
		pass   bool // by default
	}{
		{"ReusedSYN", func(x sim.Treatment) *sim.Firewall { return &sim.Firewall{ReusedSYN: x} }, []host.Segment{out(syn, 1), in(syn|ack, 1)}, out(syn, 7), true},
		{"StrayACK", func(x sim.Treatment) *sim.Firewall { return &sim.Firewall{StrayACK: x} }, []host.Segment{out(syn, 1)}, in(ack, 7), true},
		{"StrayRST", func(x sim.Treatment) *sim.Firewall { return &sim.Firewall{StrayRST: x} }, []host.Segment{out(syn, 1)}, out(rst, 3), true},
		{"Unknown", func(x sim.Treatment) *sim.Firewall { return &sim.Firewall{Unknown: x} }, nil, out(ack, 7), false},
	} {
		for _, x := range []sim.Treatment{0, sim.Pass, sim.Drop, sim.Reject} {
			fw := c.rules(x)
			for i, s := range c.before {
				fw.Pass(0, i == 0, s)
			}
			p := fw.Pass(0, c.s.From == inside, c.s)
			if passes := x == sim.Pass || x == 0 && c.pass; (p.Stop == "") != passes {
				t.Errorf("%s %v: %q", c.name, x, p.Stop)
			}
			if replies := x == sim.Reject && !c.s.Has(rst); (p.Reply.Flags != 0) != replies || replies && (!p.Reply.Has(rst) || p.Reply.To != c.s.From) {
				t.Errorf("%s %v: replies %v", c.name, x, p.Reply)
			}
		}
	}
	// A RST for the SYN itself is none that strays.
	for _, seq := range []uint32{1, 2} {
		fw := &sim.Firewall{StrayRST: sim.Drop}
		fw.Pass(0, true, out(syn, 1))
		if p := fw.Pass(0, true, out(rst, seq)); p.Stop != "" || fw.State(0, inside, serverAt) != "CLOSE" {
			t.Error(seq, p.Stop)
		}
	}
	fw := &sim.Firewall{OutwardOnly: true}
	if fw.Pass(0, false, in(syn, 1)).Stop == "" || fw.Pass(0, true, out(syn, 1)).Stop != "" {
		t.Error("OutwardOnly")
	}
}

// marker writes its name down and answers a SYN with a RST if told to.
type marker struct {
	name   string
	seen   *[]string
	refuse bool
}

func (m *marker) Name() string { return m.name }

func (m *marker) Pass(_ time.Duration, outward bool, s host.Segment) sim.Passage {
	*m.seen = append(*m.seen, fmt.Sprint(m.name, " ", map[bool]string{true: "out", false: "in"}[outward], " ", s.Flags))
	if m.refuse && s.Flags == syn {
		return sim.Passage{Stop: "refused", Reply: host.Segment{From: s.To, To: s.From, Flags: rst | ack, Ack: s.Seq + 1}}
	}
	return sim.Passage{Segment: s}
}

// Boxes stand in order, and what one answers goes back through those before it.
func TestBoxesInOrder(t *testing.T) {
	var seen []string
	l := newLab(t, sim.Config{})
	cli, srv := l.node("client", "6.12", "10.0.0.9", 0), l.node("server", "6.12", "10.0.0.1", 0)
	first, second := &marker{"first", &seen, false}, &marker{"second", &seen, false}
	l.join(cli, srv, sim.Path{Delay: ms, Boxes: []sim.Box{first, second}})
	l.server(sim.Server{Node: srv, At: serverAt, Backlog: 1})
	c := l.client(sim.Client{Node: cli, To: []netip.AddrPort{serverAt}, Arrivals: sim.Times{0, time.Second}, CloseFirst: true, Hold: sim.Exactly(time.Hour)})
	l.run(100 * ms)
	want := []string{"first out SYN", "second out SYN", "second in SYN|ACK", "first in SYN|ACK", "first out ACK", "second out ACK"}
	if !slices.Equal(seen, want) {
		t.Errorf("%q", seen)
	}
	seen, second.refuse = nil, true
	l.run(2 * time.Second)
	want = []string{"first out SYN", "second out SYN", "first in RST|ACK"}
	if !slices.Equal(seen, want) {
		t.Errorf("%q", seen)
	}
	r := l.Report()
	if x := c.Report(); x.Connected != 1 || x.Failed != 1 || x.Failures[0].What != "ECONNREFUSED" {
		t.Errorf("%+v", x)
	}
	if p := r.Paths[0]; len(p.Stopped) != 1 || p.Stopped[0] != (sim.Count{What: "second: refused", N: 1}) {
		t.Errorf("%+v", p)
	}
}

// Where no path leads, a SYN gets nowhere; attempts are made as told.
func TestNoPath(t *testing.T) {
	l := newLab(t, sim.Config{})
	cli := l.node("client", "4.19.78", "10.0.0.9", 0)
	c := l.client(sim.Client{
		Node: cli, To: []netip.AddrPort{serverAt}, Arrivals: sim.Times{0}, Timeout: 2 * time.Second, Attempts: 3, Pause: time.Second,
	})
	l.run(time.Minute)
	if r := c.Report(); r.Attempts != 3 || r.Failed != 1 || r.Failures[0] != (sim.Count{What: "own timeout", N: 3}) {
		t.Errorf("%+v", r)
	}
	if got, want := l.SYNs("client", 0), seconds(0, 1, 3, 4, 6, 7); !slices.EqualFunc(got, want, around) {
		t.Error(got)
	}
	if n := l.Report().Unrouted; n != 6 {
		t.Error(n, "led nowhere")
	}
}

// Clients that abort leave no TIME-WAIT, and their server hears of it.
func TestAbort(t *testing.T) {
	l := newLab(t, sim.Config{})
	cli, srv := l.node("client", "6.12", "10.0.0.9", 0), l.node("server", "6.12", "10.0.0.1", 0)
	l.join(cli, srv, sim.Path{Delay: ms})
	s := l.server(sim.Server{Node: srv, At: serverAt, Backlog: 16})
	l.client(sim.Client{Node: cli, To: []netip.AddrPort{serverAt}, Arrivals: sim.Constant(100), Count: 10, CloseFirst: true, Hold: sim.Exactly(10 * ms), Abort: true})
	l.run(time.Second)
	if r := s.Report(); r.Accepted != 10 || r.Closed != 10 || r.Resets != 10 {
		t.Errorf("%+v", r)
	}
	if left := len(cli.Host().Sockets()) + len(srv.Host().Sockets()); left != 1 {
		t.Errorf("%d sockets left", left)
	}
}

// A stalled server closes late.
func TestStalledClose(t *testing.T) {
	l := newLab(t, sim.Config{})
	cli, srv := l.node("client", "6.12", "10.0.0.9", 0), l.node("server", "6.12", "10.0.0.1", 0)
	l.join(cli, srv, sim.Path{Delay: ms})
	l.server(sim.Server{Node: srv, At: serverAt, Backlog: 16, Stall: sim.Stall{First: 50 * ms, For: 200 * ms}})
	l.client(sim.Client{Node: cli, To: []netip.AddrPort{serverAt}, Arrivals: sim.Times{0}, CloseFirst: true, Hold: sim.Exactly(100 * ms)})
	l.run(249 * ms)
	if got := states(srv); got[host.CloseWait] != 1 {
		t.Error(got)
	}
	l.run(260 * ms)
	if got := states(srv); got[host.CloseWait]+got[host.LastAck] != 0 {
		t.Error(got)
	}
}
