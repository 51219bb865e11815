package main

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// question is the question of a command line.
func question(t testing.TB, text string) *incoming {
	t.Helper()
	o, err := parseFlags(args(text))
	if err != nil {
		t.Fatal(err)
	}
	env := goldenCase{proc: nothing}.env(io.Discard, io.Discard)
	c, err := resolve(o, env)
	if err != nil {
		t.Fatal(err)
	}
	w, err := readWorkload(o, env)
	if err != nil {
		t.Fatal(err)
	}
	users, err := sim.Stock(o.users)
	if err != nil {
		t.Fatal(err)
	}
	return &incoming{c: c, o: o, w: w, p: &progress{}, users: users}
}

// loads are questions of many kinds.
var loads = []string{
	"", "-release 2.6.32", "-release 3.10.108", "-release 4.4.155", "-release 4.9.154", "-release 5.10.223", "-release 7.2.13",
	"-arrivals bursts=700ms", "-arrivals constant", "-arrivals onoff=1s/1s", "-arrivals ramp=10 -rate 900", "-workers 5", "-workers 3 -service 4ms -fixed -stall 0s",
	"-accept 1ms", "-rtt 0s", "-rtt 99ms -service 0s", "-patience 500ms", "-tcp_syncookies 2", "-tcp_abort_on_overflow 1",
	"-tcp_syncookies 0 -tcp_max_syn_backlog 4096", "-release 4.4.155 -tcp_syncookies 0 -tcp_max_syn_backlog 256",
	"-release 3.10.108 -tcp_syncookies 0 -tcp_max_syn_backlog 256", "-stall 0s", "-lose 0.5%", "-lose 20%", "-rate 3", "-stall 1500ms -every 2s -rate 50",
}

// The answer is the smallest: with the same seeds it loses nothing, or no more than is allowed, and one less does. The
// runs here are those of package sim, with nothing of the search between.
func TestSmallestIsSmallest(t *testing.T) {
	for i, load := range loads {
		q := question(t, "-release 6.12.117 -rate 400 -for 5s -every 3s -runs 3 "+load)
		lost := func(backlog int) (most float64) {
			for seed := range uint64(q.o.runs) {
				r, err := q.load(q.c.allows(backlog), seed+1, backlog).Run()
				if err != nil {
					t.Fatal(err)
				}
				share := float64(r.Nodes[0].DroppedSYNs+r.Nodes[0].DroppedACKs) / float64(r.Clients[0].Asked)
				most = max(most, min(share, 1))
			}
			return most
		}
		for _, given := range [][]outcome{nil, q.batch(q.c, q.backlog(), seeds(q.o.runs)), q.batch(q.c, 2, seeds(q.o.runs))} {
			n, err := q.trial(q.c, q.o.runs).smallest(given, q.o.lose)
			if err != nil || !n.Found {
				t.Fatalf("%s: %+v, %v", load, n, err)
			}
			if got := lost(n.Backlog); got > q.o.lose || got != n.Lost {
				t.Errorf("%s: backlog %d loses %v, the answer says %v", load, n.Backlog, got, n.Lost)
			}
			if n.Backlog == 0 {
				continue
			}
			if got := lost(n.Backlog - 1); got <= q.o.lose || n.OneLess <= q.o.lose || n.OneLess > got {
				t.Errorf("%s: backlog %d loses %v, the answer says %v of one run", load, n.Backlog-1, got, n.OneLess)
			}
		}
		if i > 3 && testing.Short() {
			break
		}
	}
}

// A run that is taken for the same as another is the same.
func TestSameRun(t *testing.T) {
	skipped := 0
	for _, load := range loads {
		q := question(t, "-release 6.12.117 -rate 400 -for 4s -every 3s -runs 2 "+load)
		tr := q.trial(q.c, q.o.runs)
		list, err := tr.all(largestBacklog(&q.c.sem))
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range list {
			if x.drops > 0 {
				continue
			}
			var backlogs []int // about the lengths of both queues
			for i := range 7 {
				backlogs = append(backlogs, max(int(x.peak)-3, 0)+i, max(int(x.synPeak)-3, 0)+i)
			}
			for _, backlog := range backlogs {
				run := q.batch(q.c.allows(backlog), backlog, []uint64{uint64(i + 1)})[0]
				if same := tr.same(x, backlog); same && (run != x) {
					t.Errorf("%s: backlog %d, seed %d: %+v is not %+v", load, backlog, i+1, run, x)
				} else if same {
					skipped++
				}
				if uint32(backlog) < x.peak-1 && x.peak > 1 && run.drops == 0 {
					t.Errorf("%s: backlog %d, seed %d loses nothing, with a queue of %d", load, backlog, i+1, x.peak)
				}
			}
		}
	}
	if skipped == 0 {
		t.Error("no run is the same as another")
	}
}

// Where no backlog is enough the answer says so.
func TestNoBacklog(t *testing.T) {
	q := question(t, "-release 6.12.117 -rate 800 -for 3s -every 2s -runs 2 -tcp_syncookies 0 -tcp_max_syn_backlog 16")
	n, err := q.trial(q.c, 2).smallest(nil, 0)
	if err != nil || n.Found || n.Largest != 1<<20 {
		t.Errorf("%+v, %v", n, err)
	}
	q = question(t, "-release 2.6.32")
	if n := largestBacklog(&q.c.sem); n != 65534 {
		t.Errorf("16 bits: %d", n)
	}
}

// Which of the two closes first makes no difference to what is needed, for until something is lost it makes none to the
// queues: the fast way, which knows servers that close first, answers for both. Here is a world with clients that do.
func TestCloseClientInAWorld(t *testing.T) {
	for _, release := range []string{"2.6.32", "4.4.155", "6.12.117"} {
		q := question(t, "-release "+release+" -rate 300 -for 6s -every 3s -close client -runs 1")
		n, err := q.trial(q.c, 1).smallest(nil, 0)
		if err != nil || !n.Found || n.Backlog < 10 {
			t.Fatalf("%+v, %v", n, err)
		}
		q.o.backlog = &n.Backlog
		q.c = q.c.allows(n.Backlog)
		r, err := q.report()
		if err != nil {
			t.Fatal(err)
		}
		clients, server, program := closingClients(t, q, n.Backlog)
		c, s := clients.Report(), server.Report()
		if u := r.Users; u.Asked != c.Asked || u.Connected != c.Connected || u.Connect != times(c.Connect) {
			t.Errorf("users: %+v, in a world %+v", u, c)
		}
		if s.DroppedSYNs+s.DroppedACKs != 0 || program.Report().AcceptQueue.Peak != r.Memory.AcceptQueue {
			t.Errorf("losses in a world: %d and %d; queue %d, in a world %+v", s.DroppedSYNs, s.DroppedACKs, r.Memory.AcceptQueue, program.Report())
		}
		if s.Now.TimeWait != 0 || r.Memory.TimeWait != 0 || clients.Node.Report().Now.TimeWait == 0 {
			t.Errorf("%d in TIME_WAIT, in a world %d", r.Memory.TimeWait, s.Now.TimeWait)
		}
		for _, k := range r.Counters {
			if k.Name == kernel.TW.String() {
				t.Errorf("%+v", k)
			}
		}
		if _, server, _ = closingClients(t, q, n.Backlog-1); server.Report().DroppedSYNs+server.Report().DroppedACKs == 0 {
			t.Errorf("%s: backlog %d loses nothing in a world", release, n.Backlog-1)
		}
	}
}

// closingClients runs the load of a question with clients that close first.
func closingClients(t *testing.T, q *incoming, backlog int) (*sim.ClientRun, *sim.Node, *sim.ServerRun) {
	t.Helper()
	l := q.load(q.c, 1, backlog)
	w := sim.New(sim.Config{Seed: 1})
	server, err := w.AddNode("server", l.Server, 0)
	if err != nil {
		t.Fatal(err)
	}
	users := l.Users
	users.Addrs = []netip.Addr{netip.MustParseAddr("10.0.0.9")}
	client, err := w.AddNode("users", users, 0)
	if err == nil {
		err = w.Join(client, server, sim.Path{Delay: l.Delay})
	}
	if err != nil {
		t.Fatal(err)
	}
	program := l.Program
	program.Node, program.At, program.CloseFirst = server, netip.MustParseAddrPort("10.0.0.1:80"), false
	run, err := w.AddServer(program)
	if err != nil {
		t.Fatal(err)
	}
	clients, err := w.AddClient(sim.Client{
		Name: "users", Node: client, To: []netip.AddrPort{program.At}, Arrivals: l.Arrivals, CloseFirst: true, Hold: sim.Exactly(30 * time.Millisecond),
	})
	if err == nil {
		err = w.Run(l.For)
	}
	if err != nil {
		t.Fatal(err)
	}
	return clients, server, run
}

// The number of processors changes nothing.
func TestBatchOrder(t *testing.T) {
	q := question(t, "-release 6.12.117 -rate 300 -for 3s -every 2s")
	list := []uint64{5, 1, 3, 1, 9}
	got := q.batch(q.c, 10, list)
	for i, seed := range list {
		if one := q.batch(q.c, 10, []uint64{seed}); one[0] != got[i] {
			t.Errorf("seed %d: %+v alone, %+v beside others", seed, one[0], got[i])
		}
	}
	if got[0] == got[1] || got[1] != got[3] {
		t.Errorf("%+v", got)
	}
}

// A setting that is said to end the losses ends them, and one that is said not to does not.
func TestRemedies(t *testing.T) {
	for _, test := range []struct {
		flags       string
		enough, not []string
	}{
		{"-backlog 8", []string{"listen(%d) in the program"}, nil},
		{"-backlog 8 -somaxconn 8", []string{"listen(%d) and net.core.somaxconn=%d"}, []string{"listen(%d) in the program", "net.core.somaxconn=%d"}},
		{"-backlog 4096 -somaxconn 8", []string{"net.core.somaxconn=%d"}, nil},
		{"-release 2.6.32 -backlog 65536 -somaxconn 65536", []string{"listen(%d) in the program"}, []string{"net.ipv4.tcp_syncookies=1", "net.ipv4.tcp_max_syn_backlog=131072"}},
		{"-tcp_syncookies 0 -tcp_max_syn_backlog 8 -rate 2000 -stall 0s -workers 64 -backlog 4096", []string{"net.ipv4.tcp_syncookies=1", "net.ipv4.tcp_max_syn_backlog=131072"}, nil},
		{"-backlog 200 -workers 2", []string{"3 workers"}, nil},
	} {
		q := question(t, "-release 6.12.117 -rate 400 -for 6s -every 3s -runs 3 "+test.flags)
		r, err := q.report()
		if err != nil {
			t.Fatal(err)
		}
		var enough, not []string
		for _, x := range r.Remedies {
			if x.Enough {
				enough = append(enough, x.Change)
			} else {
				not = append(not, x.Change)
			}
			if x.Enough != (x.Lost <= r.Allowed) {
				t.Errorf("%s: %+v", test.flags, x)
			}
		}
		for _, want := range [][]string{test.enough, test.not} {
			for i, s := range want {
				switch n := r.Needed.Backlog; {
				case len(s) > 30 && s[:6] == "listen" && s != "listen(%d) in the program":
					want[i] = fmt.Sprintf(s, n, n)
				case slices.Contains([]string{"listen(%d) in the program", "net.core.somaxconn=%d"}, s):
					want[i] = fmt.Sprintf(s, n)
				}
			}
		}
		for _, s := range test.enough {
			if !slices.Contains(enough, s) {
				t.Errorf("%s: %q should be enough: %v", test.flags, s, r.Remedies)
			}
		}
		for _, s := range test.not {
			if !slices.Contains(not, s) {
				t.Errorf("%s: %q should not be enough: %v", test.flags, s, r.Remedies)
			}
		}
	}
}
