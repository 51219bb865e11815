package script_test

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/script"
)

// parse reads a script that no example gets wrong.
func parse(text string) *script.Script {
	s, err := script.Parse("example.script", text)
	if err != nil {
		panic(err)
	}
	return s
}

// overflow fills the accept queue of a backlog of 0 and sends one SYN more.
const overflow = `socket s
bind s :80
listen s 0
	ss s LISTEN 0/0
p1 > SYN seq 0 mss 1460
	p1 < SYN|ACK seq 0 ack 1 mss 1460
	ss p1 SYN-RECV
p1 > ACK seq 1 ack 1
	ss p1 ESTAB
	ss s LISTEN 1/0
	nstat PassiveOpens 1
p2 > SYN seq 0 mss 1460
	[6.1.192] nstat ListenOverflows 1 ListenDrops 1

kernel 6.1.192 hz 250
`

// What is done, without what came of it.
func ExampleScript() {
	s := parse(overflow)
	fmt.Println(len(s.Steps), "steps,", len(s.Kernels), "kernel")
	fmt.Print(s.Without(2, 5).Bare())
	// Output:
	// 6 steps, 1 kernel
	// socket s
	// bind s 10.0.0.1:80
	// p2 > SYN seq 0 mss 1460
}

func ExampleStep() {
	step := parse("wait 1500ms\n").Steps[0]
	fmt.Println(step.Op, step.Wait, "-", &step)
	// Output: wait 1.5s - wait 1.5s
}

func ExampleOp() {
	fmt.Println(script.OpListen, script.OpSegment, script.OpShutdown)
	// Output: listen > shutdown
}

// Numbers of a script count from the first of each side, so that the same file fits every run.
func ExampleNumber() {
	seg := parse("socket s\nbind s :80\nlisten s 0\np1 > ACK seq -1 ack old+1\n").Steps[3].Segment
	fmt.Println(seg.Seq, seg.Ack, seg.Ack.Base == script.FromOld)
	// Output: -1 old+1 true
}

func ExampleBase() {
	for _, base := range []script.Base{script.FromISN, script.FromZero, script.FromOld} {
		fmt.Println(script.Number{Base: base, N: 5})
	}
	// Output:
	// 5
	// =5
	// old+5
}

// A forged segment that echoes the host's last timestamp.
func ExampleSegment() {
	seg := script.Segment{
		Flags: host.FlagACK, Seq: script.Number{N: 1}, Ack: script.Number{N: 1}, Len: 10,
		Timestamp: true, TSVal: 500, TSEcr: script.Echo{Last: true},
	}
	fmt.Println(&seg)
	// Output: ACK seq 1 ack 1 len 10 ts 500 last
}

func ExampleEcho() {
	fmt.Println(script.Echo{Last: true}, script.Echo{Last: true, N: -1}, script.Echo{N: 7})
	// Output: last last-1 7
}

// A flow with addresses of one's own: two clients behind one NAT address.
func ExamplePeer() {
	s := parse("peer phone 10.0.7.7:5000 > :80\npeer laptop 10.0.7.7:5001 > :80\n\nphone > SYN seq 0\n")
	for _, p := range s.Peers {
		fmt.Println(p.Name, p.From, p.To)
	}
	// Output:
	// phone 10.0.7.7:5000 10.0.0.1:80
	// laptop 10.0.7.7:5001 10.0.0.1:80
}

// The options of a socket, as a script has them.
func ExampleOptions() {
	s := parse("socket c reuseaddr defer_accept 3 port_range 40000-40005\n")
	o := s.Steps[0].Options
	fmt.Println(o.ReuseAddr, o.DeferAccept, o.RangeLow, o.RangeHigh)
	fmt.Println("socket c" + o.String())
	// Output:
	// true 3 40000 40005
	// socket c reuseaddr defer_accept 3 port_range 40000-40005
}

// A flood is many SYNs from as many addresses.
func ExampleFlood() {
	f := script.Flood{N: 600, To: netip.MustParseAddrPort("10.0.0.1:80")}
	fmt.Println(f)
	fmt.Println(f.Segment(0).From, f.Segment(599).From)
	// Output:
	// 600 > 10.0.0.1:80
	// 10.3.0.1:40000 10.3.2.88:40000
}

// An answer that only some kernels gave.
func ExampleExpect() {
	s := parse(overflow)
	for _, e := range s.Steps[5].Expect {
		fmt.Println(e.Kernels, "-", e.Answer)
	}
	// Output: [6.1.192] - nstat ListenOverflows 1 ListenDrops 1
}

// A segment in a wait has its time.
func ExampleAnswer() {
	fmt.Println(script.Answer{Text: "p1 < SYN|ACK seq 0 ack 1", Timed: true, At: 1004 * time.Millisecond})
	// Output: p1 < SYN|ACK seq 0 ack 1 @1.004
}

// A kernel that was asked, and when it came to each step.
func ExampleKernel() {
	s := parse("wait 1s\nwait 1s\n\nkernel 6.1.192 hz 250 cpus 1 at 4.25 1000.1 1000.2\n")
	k, ok := s.Kernel("6.1.192")
	fmt.Println(k.HZ, k.CPUs, k.At, ok)
	// Output: 250 1 [4.25s 5.2501s] true
}

// A kernel from which the model is known to differ, and why: a test that replays the script expects a difference.
func ExampleLimit() {
	s, err := script.Parse("close.script", `
limit 5.10.223: the FIN is sent again as soon as the SYN is acknowledged

socket c
connect c 10.2.0.1:9000
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Limit("5.10.223"))
	fmt.Println(s.Limits[0])
	_, limit := s.Limit("6.1.192")
	fmt.Println(limit)
	// Output:
	// the FIN is sent again as soon as the SYN is acknowledged true
	// limit 5.10.223: the FIN is sent again as soon as the SYN is acknowledged
	// false
}
