package host_test

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

func exampleHost(release string) *host.Host {
	r := kernel.MustParse(release)
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 4 << 30})
	if err != nil {
		panic(err)
	}
	h, err := host.New(host.Config{Semantics: r.Semantics(), Sysctls: sys, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
	if err != nil {
		panic(err)
	}
	return h
}

// ok is the outcome of a call that no test gets wrong.
func ok(o host.Outcome, err error) host.Outcome {
	if err != nil {
		panic(err)
	}
	return o
}

// An accept loop that is stuck, with a backlog of 2: three clients are connected, the fourth is not
// even answered and will try again, and ss shows why.
func Example() {
	h, at := exampleHost("6.12.43"), netip.MustParseAddrPort("10.0.0.1:80")
	l := ok(h.Open(0, host.Options{})).Socket
	ok(h.Bind(0, l, at))
	ok(h.Listen(0, l, 2))
	for i := range uint16(4) {
		syn := host.Segment{From: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.9"), 1024+i), To: at, Flags: host.FlagSYN, Window: 65535}
		o := ok(h.Receive(0, syn))
		fmt.Println(o.Verdict)
		if len(o.Sent) > 0 {
			ack := host.Segment{From: syn.From, To: at, Flags: host.FlagACK, Seq: 1, Ack: o.Sent[0].Seq + 1, Window: 65535}
			ok(h.Receive(0, ack))
		}
	}
	info, _ := h.Info(l)
	fmt.Printf("%v %v Recv-Q %d Send-Q %d; %v\n", info.State, info.Local, info.RecvQ, info.SendQ, h.Counters())
	// Output:
	// listener: queue a request and send a SYN-ACK: the listener has room
	// listener: queue a request and send a SYN-ACK: the listener has room
	// listener: queue a request and send a SYN-ACK: the listener has room
	// listener: drop: the accept queue is full (ListenOverflows, ListenDrops)
	// LISTEN 10.0.0.1:80 Recv-Q 3 Send-Q 2; ListenOverflows 1, ListenDrops 1, PassiveOpens 3
}

// A SYN that nobody answers: when it is sent again, and when connect() fails.
func ExampleHost_Connect() {
	h := exampleHost("3.1")
	s := ok(h.Open(0, host.Options{SYNCount: 2})).Socket
	fmt.Println(ok(h.Connect(0, s, netip.MustParseAddrPort("10.0.0.9:443"))).Errno)
	for {
		due, armed := h.Next()
		if !armed {
			break
		}
		for _, sent := range ok(h.Advance(due)).Sent {
			fmt.Printf("%v %v to %v\n", sent.At, sent.Flags, sent.To)
		}
	}
	fmt.Println(h.Now(), ok(h.Error(h.Now(), s)).Errno)
	// Output:
	// EINPROGRESS
	// 1s SYN to 10.0.0.9:443
	// 3.004s SYN to 10.0.0.9:443
	// 7.008s ETIMEDOUT
}

// Why does my client get a RST?
func ExampleHost_Explain() {
	h := exampleHost("6.12.43")
	text, err := h.Explain(0, host.Segment{
		From: netip.MustParseAddrPort("10.0.0.9:1024"), To: netip.MustParseAddrPort("10.0.0.1:80"), Flags: host.FlagSYN,
	})
	fmt.Print(text, err)
	// Output:
	// connections: none of 10.0.0.1:80 and 10.0.0.9:1024
	// TIME-WAIT: none
	// listeners: none on 10.0.0.1:80
	// = no socket: send a RST (OutRsts)
	// <nil>
}

func ExampleHost_Sockets() {
	h := exampleHost("6.12.43")
	s := ok(h.Open(0, host.Options{})).Socket
	ok(h.Bind(0, s, netip.MustParseAddrPort("0.0.0.0:80")))
	ok(h.Listen(0, s, 5))
	for _, line := range h.Sockets() {
		fmt.Println(line.State, line.RecvQ, line.SendQ, line.Local, line.Remote)
	}
	// Output:
	// LISTEN 0 5 0.0.0.0:80 0.0.0.0:0
}

func ExampleConfig() {
	r := kernel.MustParse("6.12.43")
	sys, _ := kernel.Defaults(r, kernel.Machine{MemoryBytes: 4 << 30})
	cfg := host.Config{Semantics: r.Semantics(), Sysctls: sys, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}
	cfg.Trace = func(at time.Duration, s host.Segment, v host.Verdict) { fmt.Println(at, s, "->", v) }
	h, _ := host.New(cfg)
	ok(h.Receive(time.Second, host.Segment{
		From: netip.MustParseAddrPort("10.0.0.9:1024"), To: netip.MustParseAddrPort("10.0.0.1:80"), Flags: host.FlagRST, Seq: 7,
	}))
	// Output:
	// 1s 10.0.0.9:1024 > 10.0.0.1:80 RST seq 7 -> no socket: drop it, since a RST is not answered
}

func ExampleOptions() {
	h := exampleHost("6.12.43")
	_, err := h.Open(0, host.Options{SYNCount: 128})
	fmt.Println(err)
	// Output:
	// host: Options.SYNCount 128 is outside 0 to 127, the range of TCP_SYNCNT
}

func ExampleErrno() {
	h := exampleHost("6.12.43")
	a, b := ok(h.Open(0, host.Options{})).Socket, ok(h.Open(0, host.Options{})).Socket
	at := netip.MustParseAddrPort("0.0.0.0:80")
	fmt.Println(ok(h.Bind(0, a, at)).Errno, ok(h.Bind(0, b, at)).Errno, ok(h.Bind(0, b, netip.MustParseAddrPort("10.0.0.2:0"))).Errno)
	// Output:
	// success EADDRINUSE EADDRNOTAVAIL
}

func ExampleFlags() {
	fmt.Println(host.FlagSYN|host.FlagACK, host.Flags(0))
	// Output:
	// SYN|ACK none
}

func ExampleSegment() {
	s := host.Segment{From: netip.MustParseAddrPort("10.0.0.9:1024"), To: netip.MustParseAddrPort("10.0.0.1:80"), Flags: host.FlagFIN | host.FlagACK, Seq: 10, Len: 5}
	fmt.Println(s, s.End(), s.Has(host.FlagFIN))
	// Output:
	// 10.0.0.9:1024 > 10.0.0.1:80 FIN|ACK seq 10 ack 0 len 5 16 true
}

// What becomes of a connection that nobody accepts and the client resets.
func ExampleHost() {
	h, at := exampleHost("6.12.43"), netip.MustParseAddrPort("10.0.0.1:80")
	l := ok(h.Open(0, host.Options{})).Socket
	ok(h.Bind(0, l, at))
	ok(h.Listen(0, l, 5))
	syn := host.Segment{From: netip.MustParseAddrPort("10.0.0.9:1024"), To: at, Flags: host.FlagSYN, Window: 65535}
	o := ok(h.Receive(0, syn))
	ok(h.Receive(0, host.Segment{From: syn.From, To: at, Flags: host.FlagACK, Seq: 1, Ack: o.Sent[0].Seq + 1, Window: 65535}))
	fmt.Println(ok(h.Receive(0, host.Segment{From: syn.From, To: at, Flags: host.FlagRST, Seq: 1})).Verdict)
	s := ok(h.Accept(0, l)).Socket
	fmt.Println(ok(h.Recv(0, s)).Errno)
	// Output:
	// socket: close the socket with an error: a RST at the right sequence number (EstabResets)
	// ECONNRESET
}

func ExampleVerdict() {
	h := exampleHost("6.12.43")
	v := ok(h.Receive(0, host.Segment{
		From: netip.MustParseAddrPort("10.0.0.9:1024"), To: netip.MustParseAddrPort("10.0.0.1:80"), Flags: host.FlagSYN,
	})).Verdict
	fmt.Println(v.Place, v.Reset, v.Counters())
	fmt.Println(v)
	// Output:
	// no socket true OutRsts
	// no socket: send a RST (OutRsts)
}

func ExampleStop() {
	fmt.Println(host.AtConn, host.AtTimeWait, host.AtListener)
	// Output:
	// socket TIME-WAIT listener
}

func ExampleOutcome() {
	h := exampleHost("6.12.43")
	s := ok(h.Open(0, host.Options{})).Socket
	h.SuggestPort(40000) // as a recording says
	o := ok(h.Connect(0, s, netip.MustParseAddrPort("10.0.0.9:443")))
	fmt.Println(o.Errno, len(o.Sent), o.Sent[0].From)
	// Output:
	// EINPROGRESS 1 10.0.0.1:40000
}

func ExampleSent() {
	fmt.Println(host.Sent{At: 1500 * time.Millisecond, Segment: host.Segment{
		From: netip.MustParseAddrPort("10.0.0.1:80"), To: netip.MustParseAddrPort("10.0.0.9:1024"), Flags: host.FlagACK, Seq: 3, Ack: 4,
	}})
	// Output:
	// 1.500s 10.0.0.1:80 > 10.0.0.9:1024 ACK seq 3 ack 4
}

func ExampleSocket() {
	h := exampleHost("6.12.43")
	s := ok(h.Open(0, host.Options{})).Socket
	ok(h.Close(0, s))
	_, err := h.Close(0, s)
	fmt.Println(err)
	// Output:
	// host: there is no socket 1: it was closed or never opened
}

func ExampleState() {
	fmt.Println(host.SynSent, host.CloseWait, host.Closed)
	// Output:
	// SYN-SENT CLOSE-WAIT CLOSED
}

func ExampleSocketInfo() {
	h := exampleHost("6.12.43")
	s := ok(h.Open(0, host.Options{})).Socket
	ok(h.Bind(0, s, netip.MustParseAddrPort("127.0.0.1:80")))
	ok(h.Listen(0, s, 5))
	ok(h.Connect(0, ok(h.Open(0, host.Options{})).Socket, netip.MustParseAddrPort("127.0.0.1:80")))
	info, _ := h.Info(s)
	fmt.Println(info.State, info.Local, info.RecvQ, info.SendQ)
	// Output:
	// LISTEN 127.0.0.1:80 1 5
}
