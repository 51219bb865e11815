package sim_test

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/sim"
)

// must is the result of a call that no example gets wrong.
func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// two is a world of a client and a server, 5 ms apart.
func two(release string, cfg sim.Config, boxes ...sim.Box) (w *sim.World, client, server *sim.Node) {
	w = sim.New(cfg)
	server = must(w.AddNode("server", must(sim.Stock(release, "10.0.0.1")), 0))
	client = must(w.AddNode("client", must(sim.Stock(release, "10.0.0.9")), 0))
	check(w.Join(client, server, sim.Path{Delay: 5 * time.Millisecond, Boxes: boxes}))
	return w, client, server
}

// At 300 connections a second, what does a stall of one second every ten do to users of a server with a
// backlog of 128?
func Example() {
	w, client, server := two("6.12.43", sim.Config{Seed: 1, Sample: time.Second})
	at := netip.MustParseAddrPort("10.0.0.1:80")
	must(w.AddServer(sim.Server{
		Name: "web", Node: server, At: at, Backlog: 128, Service: sim.Exponential(2 * time.Millisecond), CloseFirst: true,
		Stall: sim.Stall{First: 5 * time.Second, Every: 10 * time.Second, For: time.Second},
	}))
	must(w.AddClient(sim.Client{Name: "users", Node: client, To: []netip.AddrPort{at}, Arrivals: sim.Poisson(300), Count: 9000}))
	check(w.Run(2 * time.Minute))

	r := w.Report()
	check(r.WriteText(os.Stdout))
	// Output:
	// after 2m0s, seed 1
	//
	// client  asked  connected  failed  resets  p50   p99     max     <0.9s  1s   3s  7s  15s  31s+
	// users   9000   9000       0       0       10ms  1.032s  1.042s  8462   538  0   0   0    0
	//
	// server  accepted  served  closed  resets  leaked  accept queue  peak  limit  SYN queue  peak  limit
	// web     9000      9000    9000    0       0       0             129   128    0          25    128
	//
	// host    connections  TIME-WAIT  bound  KiB  peak: connections  TIME-WAIT  bound  KiB
	// server  0            0          1      0    130                7158       7159   1766
	// client  0            0          0      0    329                0          329    738
	//
	// server  548   ListenOverflows
	// server  548   ListenDrops
	// server  10    TCPTimeouts
	// server  10    TCPSynRetrans
	// server  10    RetransSegs
	// server  9000  PassiveOpens
	// server  9000  TW
	// client  10    TCPChallengeACK
	// client  538   TCPTimeouts
	// client  538   TCPSynRetrans
	// client  538   RetransSegs
	// client  10    TCPSYNChallenge
	// client  10    InErrs
	// client  9000  ActiveOpens
	// server  425   listener: drop: the accept queue is full (ListenOverflows, ListenDrops)
	// server  113   TIME-WAIT: remove the entry, hand the SYN to the listener: a SYN newer than the connection; listener: drop: the accept queue is full (ListenOverflows, ListenDrops)
	// server  10    request: mark the request as acknowledged, send nothing: the accept queue is full (ListenOverflows, ListenDrops) [NOT_SPECIFIED]
	// client  10    socket: drop it and send a challenge ACK: a SYN on a connection (InErrs, TCPSYNChallenge, TCPChallengeACK)
}

// The collision with a leaked socket as a story: the SYN of a reused port meets CLOSE-WAIT.
func Example_story() {
	story := func(e sim.Event) {
		if e.At >= 100*time.Second && (e.Kind == sim.Arrived || e.Kind == sim.Said) {
			fmt.Println(strings.Join(strings.Fields(e.String()), " "))
		}
	}
	w, client, server := two("4.19.78", sim.Config{Seed: 1, Trace: story})
	at := netip.MustParseAddrPort("10.0.0.1:80")
	must(w.AddServer(sim.Server{Name: "web", Node: server, At: at, Backlog: 5, Leak: 1}))
	must(w.AddClient(sim.Client{
		Name: "user", Node: client, To: []netip.AddrPort{at}, From: netip.MustParseAddrPort("10.0.0.9:40000"),
		Options: host.Options{ReuseAddr: true}, Arrivals: sim.Times{0, 100 * time.Second}, CloseFirst: true,
	}))
	check(w.Run(102 * time.Second))
	// Output:
	// 100.000000 client said user 2: connect() to 10.0.0.1:80 from port 40000
	// 100.005000 server arrived 10.0.0.9:40000 > 10.0.0.1:80 SYN seq 1382230422 -> socket: drop it and send a challenge ACK: a SYN on a connection (TCPSYNChallenge, TCPChallengeACK)
	// 100.010000 client arrived 10.0.0.1:80 > 10.0.0.9:40000 ACK seq 3554641122 ack 4114697720 -> socket: drop it and send a RST, keep the socket: it does not acknowledge our SYN (OutRsts)
	// 100.015000 server arrived 10.0.0.9:40000 > 10.0.0.1:80 RST seq 4114697720 -> socket: close the socket with an error: a RST at the right sequence number (EstabResets)
	// 101.029000 server arrived 10.0.0.9:40000 > 10.0.0.1:80 SYN seq 1382230422 -> listener: queue a request and send a SYN-ACK: the listener has room
	// 101.034000 client arrived 10.0.0.1:80 > 10.0.0.9:40000 SYN|ACK seq 838173825 ack 1382230423 -> socket: take it: a SYN-ACK for our SYN
	// 101.034000 client said user 2: connected after 1.034s
	// 101.034000 client said user 2: closes
	// 101.039000 server arrived 10.0.0.9:40000 > 10.0.0.1:80 ACK seq 1382230423 ack 838173826 -> request: put a connection into the accept queue: the handshake is complete (PassiveOpens)
	// 101.039000 server said web: accepts 10.0.0.9:40000
	// 101.039000 server said web: forgets to close 10.0.0.9:40000
	// 101.039000 server arrived 10.0.0.9:40000 > 10.0.0.1:80 FIN|ACK seq 1382230423 ack 838173826 -> socket: take it: the peer's FIN
	// 101.045000 client arrived 10.0.0.1:80 > 10.0.0.9:40000 ACK seq 838173826 ack 1382230424 -> socket: take it: it acknowledges our FIN
}

func ExampleNAT() {
	nat := &sim.NAT{Outside: netip.MustParseAddr("198.51.100.1")}
	web := netip.MustParseAddrPort("10.0.0.1:80")
	for _, phone := range []string{"192.168.0.2:5000", "192.168.0.3:5000"} {
		p := nat.Pass(0, true, host.Segment{From: netip.MustParseAddrPort(phone), To: web, Flags: host.FlagSYN})
		fmt.Println(phone, "is", p.Segment.From)
	}
	// Output:
	// 192.168.0.2:5000 is 198.51.100.1:5000
	// 192.168.0.3:5000 is 198.51.100.1:5001
}

func ExampleFirewall() {
	fw := &sim.Firewall{Label: "fw"}
	a, b := netip.MustParseAddrPort("10.0.0.9:5000"), netip.MustParseAddrPort("10.0.0.1:80")
	fmt.Println(fw.Pass(0, true, host.Segment{From: a, To: b, Flags: host.FlagACK}).Stop)
	fmt.Printf("%q\n", fw.Pass(0, true, host.Segment{From: a, To: b, Flags: host.FlagSYN}).Stop)
	fmt.Println(fw.State(0, a, b))
	// Output:
	// it belongs to no connection
	// ""
	// SYN_SENT
}

func ExampleFilter() {
	// A RST never reaches the server.
	_ = sim.Path{Boxes: []sim.Box{&sim.Filter{Label: "no RST", Drop: func(_ time.Duration, outward bool, s host.Segment) bool {
		return outward && s.Has(host.FlagRST)
	}}}}
	// Output:
}

func ExampleReadTimes() {
	fmt.Println(must(sim.ReadTimes(strings.NewReader("0.25\n250ms # the same\n"))))
	_, err := sim.ReadTimes(strings.NewReader("0\nsoon\n"))
	fmt.Println(err)
	// Output:
	// [250ms 250ms]
	// sim: line 2: "soon" is no time: give seconds, as 0.25, or a unit, as 250ms
}

func ExampleOnOff() {
	next := sim.OnOff{Arrivals: sim.Constant(4), On: time.Second, Off: 9 * time.Second}.Begin(nil)
	for range 6 {
		at, _ := next()
		fmt.Print(at, " ")
	}
	// Output: 0s 250ms 500ms 750ms 10s 10.25s
}

// A program of one's own: something that asks the kernel by itself.
func ExampleNode_Do() {
	w, client, server := two("6.12.43", sim.Config{})
	to := netip.MustParseAddrPort("10.0.0.1:80") // where nobody listens
	w.At(time.Second, func() {
		s := must(client.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { return h.Open(now, host.Options{}) })).Socket
		must(client.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { return h.Connect(now, s, to) }))
		w.After(time.Second, func() {
			fmt.Println(must(client.Do(func(h *host.Host, now time.Duration) (host.Outcome, error) { return h.Error(now, s) })).Errno)
		})
	})
	check(w.Run(3 * time.Second))
	fmt.Println(server.Host().Counters())
	// Output:
	// ECONNREFUSED
	// OutRsts 1
}

// A million connections at 50,000 a second, of which a stall of 100 ms catches some.
func ExampleLoad() {
	r := must(sim.Load{
		Seed: 1, For: 30 * time.Second, Server: must(sim.Stock("6.12.43", "10.0.0.1")), Users: must(sim.Stock("6.12.43")),
		Arrivals: sim.Poisson(50_000), Count: 1_000_000, Delay: 10 * time.Millisecond,
		Program: sim.Server{
			Backlog: 4096, Service: sim.Exponential(2 * time.Millisecond), CloseFirst: true, Stall: sim.Stall{First: 10 * time.Second, For: 100 * time.Millisecond},
		},
	}.Run())
	c, s := r.Clients[0], r.Servers[0]
	fmt.Println(c.Asked, c.Connected, c.Connect.P50.Round(time.Millisecond), c.Connect.Steps, s.AcceptQueue.Peak)
	for _, x := range r.Nodes[0].Counters {
		fmt.Println(x.What, x.N)
	}
	// Output:
	// 1000000 1000000 20ms [999181 819 0 0 0 0] 4097
	// ListenOverflows 1689
	// ListenDrops 1689
	// TCPTimeouts 870
	// TCPSynRetrans 870
	// RetransSegs 870
	// PassiveOpens 1000000
	// TW 16384
	// TCPTimeWaitOverflow 983616
}

func ExampleFailure() {
	fmt.Println(sim.Failure{Errno: host.ECONNREFUSED}, sim.Failure{Timeout: true}, sim.Failure{})
	// Output: ECONNREFUSED own timeout none
}

func ExampleReport_WriteCSV() {
	w, _, _ := two("6.12.43", sim.Config{Sample: time.Second})
	check(w.Run(time.Second))
	r := w.Report()
	check(r.WriteCSV(os.Stdout))
	// Output:
	// seconds,node,accept_queue,syn_queue,connections,time_wait,bound,bytes
	// 0,server,0,0,0,0,0,0
	// 0,client,0,0,0,0,0,0
	// 1,server,0,0,0,0,0,0
	// 1,client,0,0,0,0,0,0
}

func ExampleBox() {
	// A box of one's own: it counts SYNs.
	count := &counter{}
	w, client, _ := two("6.12.43", sim.Config{}, count)
	must(w.AddClient(sim.Client{
		Name: "user", Node: client, To: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:80")}, Arrivals: sim.Constant(1), Count: 3,
	}))
	check(w.Run(10 * time.Second))
	fmt.Println(count.syns)
	// Output: 3
}

type counter struct{ syns int }

func (c *counter) Name() string { return "counter" }

func (c *counter) Pass(_ time.Duration, _ bool, s host.Segment) sim.Passage {
	if s.Has(host.FlagSYN) {
		c.syns++
	}
	return sim.Passage{Segment: s}
}
