package sim_test

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

var port80 = netip.MustParseAddrPort("10.0.0.1:80")

// shop is a server of 6.12 and its users, 5 ms away, 200 a second unless they say otherwise.
func shop(cfg sim.Config, program sim.Server, users sim.Client, boxes ...sim.Box) (*sim.World, *sim.ServerRun, *sim.ClientRun) {
	w, client, server := two("6.12.43", cfg, boxes...)
	program.Name, program.Node, program.At = "web", server, port80
	users.Name, users.Node, users.To = "users", client, []netip.AddrPort{port80}
	if users.Arrivals == nil {
		users.Arrivals = sim.Constant(200)
	}
	s := must(w.AddServer(program))
	c := must(w.AddClient(users))
	return w, s, c
}

// Same seed, same world; another seed, another one.
func ExampleConfig() {
	for _, seed := range []uint64{1, 1, 2} {
		w, _, users := shop(sim.Config{Seed: seed}, sim.Server{Backlog: 128, CloseFirst: true}, sim.Client{Arrivals: sim.Poisson(100)})
		check(w.Run(10 * time.Second))
		fmt.Println(users.Report().Asked)
	}
	// Output:
	// 965
	// 965
	// 992
}

// The clock of a world stands still until Run moves it.
func ExampleWorld() {
	w := sim.New(sim.Config{})
	w.At(3*time.Second, func() { fmt.Println("at", w.Now()) })
	due, armed := w.Next()
	fmt.Println(w.Now(), due, armed)
	check(w.Run(5 * time.Second))
	fmt.Println(w.Now())
	// Output:
	// 0s 3s true
	// at 3s
	// 5s
}

// A server whose process hangs: it listens, and accepts nobody. Six fill the accept queue, and
// the seventh's SYN came before it was full.
func ExampleServer() {
	w, server, users := shop(sim.Config{}, sim.Server{Backlog: 5, NeverAccept: true}, sim.Client{Count: 20, CloseFirst: true})
	check(w.Run(time.Second))
	fmt.Println(users.Report().Connected, "connected,", server.Report().Accepted, "accepted")
	// Output: 7 connected, 0 accepted
}

// What the server did, and how full its queues were.
func ExampleServerReport() {
	w, server, _ := shop(sim.Config{}, sim.Server{Backlog: 5, AcceptTime: sim.Exactly(10 * time.Millisecond), CloseFirst: true}, sim.Client{Count: 100})
	check(w.Run(time.Minute))
	r := server.Report()
	fmt.Println(r.Accepted, r.Closed, r.AcceptQueue.Peak, r.AcceptQueue.Limit)
	// Output: 100 100 6 5
}

// A queue holds one more than its limit says.
func ExampleDepth() {
	w, server, _ := shop(sim.Config{}, sim.Server{Backlog: 5, NeverAccept: true}, sim.Client{Count: 20})
	check(w.Run(time.Second))
	fmt.Printf("%+v\n", server.Report().AcceptQueue)
	// Output: {Now:6 Peak:6 Limit:5}
}

// Which sockets did it forget to close?
func ExampleServerRun() {
	w, server, _ := shop(sim.Config{Seed: 1}, sim.Server{Backlog: 128, Leak: 0.01}, sim.Client{Count: 1000, CloseFirst: true})
	check(w.Run(10 * time.Second))
	leaked := server.Leaked()
	info, _ := server.Node.Host().Info(leaked[0])
	fmt.Println(len(leaked), "leaked; the first:", info.State)
	// Output: 13 leaked; the first: CLOSE-WAIT
}

// A stop of 300 ms each second: how many users get through at once, and how many after 1, 3, 7 s? A SYN that is sent
// again whole seconds later meets the next stop.
func ExampleStall() {
	w, _, users := shop(sim.Config{}, sim.Server{Backlog: 5, CloseFirst: true, Stall: sim.Stall{Every: time.Second, For: 300 * time.Millisecond}}, sim.Client{Count: 1000})
	check(w.Run(time.Minute))
	fmt.Println(users.Report().Connect.Steps)
	// Output: [730 58 100 112 0 0]
}

// A client that tries three times, half a second apart, where nobody listens.
func ExampleClient() {
	w, client, _ := two("6.12.43", sim.Config{})
	users := must(w.AddClient(sim.Client{
		Name: "users", Node: client, To: []netip.AddrPort{port80}, Arrivals: sim.Constant(1), Count: 1, Attempts: 3, Pause: 500 * time.Millisecond,
		Each: func(c sim.Connection) { fmt.Println(c.Attempts, c.Failure, c.Ended) },
	}))
	check(w.Run(5 * time.Second))
	fmt.Println(users.Report().Failed)
	// Output:
	// 3 ECONNREFUSED 1.03s
	// 1
}

// How long did each user wait?
func ExampleConnection() {
	each := func(c sim.Connection) { fmt.Println(c.N, c.Ended-c.Asked, c.Failure, c.Remote) }
	w, _, _ := shop(sim.Config{}, sim.Server{Backlog: 0, NeverAccept: true}, sim.Client{Count: 3, Timeout: 500 * time.Millisecond, Each: each})
	check(w.Run(5 * time.Second))
	// Output:
	// 1 10ms none 10.0.0.1:80
	// 2 10ms none 10.0.0.1:80
	// 3 500ms own timeout 10.0.0.1:80
}

func ExampleClientReport() {
	w, _, users := shop(sim.Config{}, sim.Server{Backlog: 0, NeverAccept: true}, sim.Client{Count: 3, Timeout: 500 * time.Millisecond})
	check(w.Run(5 * time.Second))
	r := users.Report()
	fmt.Println(r.Asked, r.Connected, r.Failed, r.Failures)
	// Output: 3 2 1 [{own timeout 1}]
}

// A client at work can be asked at any moment.
func ExampleClientRun() {
	w, _, users := shop(sim.Config{}, sim.Server{Backlog: 128, CloseFirst: true}, sim.Client{})
	for _, at := range []time.Duration{time.Second, 2 * time.Second} {
		check(w.Run(at))
		fmt.Println(at, users.Report().Connected)
	}
	// Output:
	// 1s 199
	// 2s 399
}

// What does a path do to connect() that loses 3 of 10 segments?
func ExampleLatency() {
	w := sim.New(sim.Config{Seed: 1})
	client := must(w.AddNode("client", must(sim.Stock("6.12.43", "10.0.0.9")), 0))
	server := must(w.AddNode("server", must(sim.Stock("6.12.43", "10.0.0.1")), 0))
	check(w.Join(client, server, sim.Path{Delay: 5 * time.Millisecond, Loss: 0.3}))
	must(w.AddServer(sim.Server{Name: "web", Node: server, At: port80, Backlog: 128, CloseFirst: true}))
	users := must(w.AddClient(sim.Client{Name: "users", Node: client, To: []netip.AddrPort{port80}, Arrivals: sim.Constant(10), Count: 1000}))
	check(w.Run(5 * time.Minute))
	l := users.Report().Connect
	fmt.Println(l.N, l.Min, l.P50.Round(10*time.Millisecond), l.P90.Round(10*time.Millisecond))
	// Output: 1000 10ms 1.01s 2.05s
}

// Jitter lets segments overtake each other; Loss is counted by the path.
func ExamplePath() {
	w := sim.New(sim.Config{Seed: 1})
	client := must(w.AddNode("client", must(sim.Stock("6.12.43", "10.0.0.9")), 0))
	server := must(w.AddNode("server", must(sim.Stock("6.12.43", "10.0.0.1")), 0))
	fmt.Println(w.Join(client, server, sim.Path{Loss: 1.5}))
	fmt.Println(w.Join(client, server, sim.Path{Delay: 10 * time.Millisecond, Jitter: 2 * time.Millisecond, Loss: 0.01}))
	// Output:
	// sim: Path.Loss 1.5 is not between 0 and 1
	// <nil>
}

// What a box stopped is in the report of its path.
func ExamplePathReport() {
	noSYN := &sim.Filter{Label: "no SYN", Drop: func(_ time.Duration, _ bool, s host.Segment) bool { return s.Has(host.FlagSYN) }}
	w, _, _ := shop(sim.Config{}, sim.Server{Backlog: 5}, sim.Client{Count: 2, Timeout: 1500 * time.Millisecond}, noSYN)
	check(w.Run(3 * time.Second))
	p := w.Report().Paths[0]
	fmt.Println(p.A, p.B, p.LostToA, p.LostToB, p.Stopped)
	// Output: client server 0 0 [{no SYN: filtered 4}]
}

// What nstat shows on the server.
func ExampleNodeReport() {
	w, server, _ := shop(sim.Config{}, sim.Server{Backlog: 5, NeverAccept: true}, sim.Client{Count: 8})
	check(w.Run(500 * time.Millisecond))
	for _, c := range server.Node.Report().Counters {
		fmt.Println(c.What, c.N)
	}
	// Output:
	// ListenOverflows 2
	// ListenDrops 2
	// PassiveOpens 6
}

func ExampleCount() {
	fmt.Printf("%+v\n", sim.Count{What: "ListenDrops", N: 3})
	// Output: {What:ListenDrops N:3}
}

// TIME-WAIT on the server, second by second, and the memory that it takes.
func ExampleSample() {
	w, _, _ := shop(sim.Config{Sample: time.Second}, sim.Server{Backlog: 128, CloseFirst: true}, sim.Client{})
	check(w.Run(3 * time.Second))
	for _, s := range w.Report().Samples {
		if s.Node == "server" {
			fmt.Println(s.At, s.TimeWait, s.Bytes)
		}
	}
	// Output:
	// 0s 0 0
	// 1s 195 52960
	// 2s 395 102560
	// 3s 595 152160
}

// A trace of what happens to segments.
func ExampleEvent() {
	trace := func(e sim.Event) {
		if e.Kind == sim.Arrived {
			fmt.Println(e.At, e.Where, e.Segment.Flags, "-", e.Verdict)
		}
	}
	w, _, _ := shop(sim.Config{Trace: trace}, sim.Server{Backlog: 5, NeverAccept: true}, sim.Client{Count: 1})
	check(w.Run(time.Second))
	// Output:
	// 5ms server SYN - listener: queue a request and send a SYN-ACK: the listener has room
	// 10ms client SYN|ACK - socket: take it: a SYN-ACK for our SYN
	// 15ms server ACK - request: put a connection into the accept queue: the handshake is complete (PassiveOpens)
}

// How often did what happen?
func ExampleKind() {
	count := map[sim.Kind]int{}
	w, _, _ := shop(sim.Config{Trace: func(e sim.Event) { count[e.Kind]++ }}, sim.Server{Backlog: 5, NeverAccept: true}, sim.Client{Count: 1})
	check(w.Run(time.Second))
	for _, k := range []sim.Kind{sim.Sent, sim.Lost, sim.Arrived, sim.Said} {
		fmt.Println(k, count[k])
	}
	// Output:
	// sent 3
	// lost 0
	// arrived 3
	// said 2
}

// A firewall that answers a stray segment with a RST.
func ExampleTreatment() {
	fw := &sim.Firewall{Label: "fw", Unknown: sim.Reject}
	p := fw.Pass(0, true, host.Segment{From: netip.MustParseAddrPort("10.0.0.9:5000"), To: port80, Flags: host.FlagACK, Seq: 1, Ack: 77})
	fmt.Println(p.Stop, "-", p.Reply.Flags, p.Reply.Seq)
	// Output: it belongs to no connection - RST 77
}

// What a box did with a segment: on with it, or why not.
func ExamplePassage() {
	noReset := &sim.Filter{Label: "no RST", Drop: func(_ time.Duration, _ bool, s host.Segment) bool { return s.Has(host.FlagRST) }}
	for _, flags := range []host.Flags{host.FlagACK, host.FlagRST} {
		p := noReset.Pass(0, true, host.Segment{Flags: flags})
		fmt.Printf("%v %q\n", flags, p.Stop)
	}
	// Output:
	// ACK ""
	// RST "filtered"
}

// The smallest backlog with which 200 users a second lose no SYN to a stop of 300 ms.
func ExampleAnswer() {
	lost := func(backlog int, seed uint64) (float64, error) {
		w, server, _ := shop(sim.Config{Seed: seed}, sim.Server{
			Backlog: backlog, CloseFirst: true, Stall: sim.Stall{First: time.Second, For: 300 * time.Millisecond},
		}, sim.Client{Arrivals: sim.Poisson(200), Count: 600})
		err := w.Run(20 * time.Second)
		return float64(server.Node.Host().Counters().Get(kernel.ListenDrops)) / 600, err
	}
	a := must(sim.Smallest(1, 256, 10, 0, lost))
	fmt.Println(a)
	fmt.Printf("risk %.2f\n", a.Risk())
	// Output:
	// 77: at most 0 % lost with each of 10 seeds, 0.167 % with one less; with 95 % confidence fewer than 26 % of seeds lose more
	// risk 0.26
}
