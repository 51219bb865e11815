package paws_test

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
)

// recycler is a server of a release with tcp_tw_recycle on, whose clock begins at
// second 0.
func recycler(release string) *paws.Cache {
	r := kernel.MustParse(release)
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 8 << 30})
	if err != nil {
		panic(err)
	}
	sys.TCPTwRecycle = 1
	c, err := paws.NewCache(paws.Config{Semantics: r.Semantics(), Sysctls: sys, HZ: 1000})
	if err != nil {
		panic(err)
	}
	return c
}

var (
	nat    = netip.MustParseAddr("203.0.113.7")
	server = netip.MustParseAddr("192.0.2.1")
)

// Behind NAT some phones cannot connect. Two phones share the address of their
// firewall; the clock of A stands at 1.2e9 milliseconds and that of B at 2e8 when the
// story begins. The server (3.10, tcp_tw_recycle=1) closes connections first.
func Example_twoPhones() {
	c := recycler("3.10.108")
	syn := func(who string, second int, base uint32) {
		now := time.Duration(second) * time.Second
		e := c.Explain(now, nat, server, true, base+uint32(second)*1000)
		c.Lookup(now, nat, server, true, base+uint32(second)*1000)
		fmt.Printf("%3d s  SYN of %s: %v\n", second, who, e.Verdict)
	}
	end := func(who string, ms int, base uint32) {
		now := time.Duration(ms) * time.Millisecond
		wrote, _, err := c.EnterTimeWait(now, paws.Closing{From: nat, To: server, TS: base + uint32(ms), Stamp: uint32(ms / 1000)})
		h, _, _ := c.Host(nat, server)
		fmt.Printf("%3d s  the server closes %s: written %v %v, remembered %d of second %d\n", ms/1000, who, wrote, err, h.TS, h.Stamp)
	}
	const a, b = 1_200_000_000, 200_000_000
	syn("A", 0, a)
	end("A", 1050, a)
	for _, second := range []int{5, 6, 8, 12, 20, 36} { // B's SYN and its retries
		syn("B", second, b)
	}
	syn("B", 68, b) // the sixth retry: connect() took 63 s
	end("B", 69000, b)
	syn("A", 70, a)
	end("A", 71000, a) // and B is locked out again
	syn("B", 72, b)
	// Output:
	//   0 s  SYN of A: passes: nothing is remembered of its host
	//   1 s  the server closes A: written true <nil>, remembered 1200001050 of second 1
	//   5 s  SYN of B: drop: its timestamp is older than the last one of its host (PAWSPassive, ListenDrops)
	//   6 s  SYN of B: drop: its timestamp is older than the last one of its host (PAWSPassive, ListenDrops)
	//   8 s  SYN of B: drop: its timestamp is older than the last one of its host (PAWSPassive, ListenDrops)
	//  12 s  SYN of B: drop: its timestamp is older than the last one of its host (PAWSPassive, ListenDrops)
	//  20 s  SYN of B: drop: its timestamp is older than the last one of its host (PAWSPassive, ListenDrops)
	//  36 s  SYN of B: drop: its timestamp is older than the last one of its host (PAWSPassive, ListenDrops)
	//  68 s  SYN of B: passes: what is remembered of its host is 60 s old or older
	//  69 s  the server closes B: written true <nil>, remembered 200069000 of second 69
	//  70 s  SYN of A: passes: its timestamp is not older than allowed
	//  71 s  the server closes A: written true <nil>, remembered 1200071000 of second 71
	//  72 s  SYN of B: drop: its timestamp is older than the last one of its host (PAWSPassive, ListenDrops)
}

// Why was this SYN dropped, and would it be on 4.12?
func ExampleCache_Explain() {
	c := recycler("3.10.108")
	c.EnterTimeWait(10*time.Second, paws.Closing{From: nat, To: server, TS: 5000, Stamp: 10})
	fmt.Println(c.Explain(69*time.Second, nat, server, true, 4998))
	fmt.Println(c.Explain(70*time.Second, nat, server, true, 4998))
	// Output:
	//   host            timestamp 5000 of second 10  (tcp_peer_is_proven)
	// * age             now second 69, less than 60 s: it counts  (tcp_peer_is_proven)
	// * timestamp       4998 against 5000: older by 2, more than 1  (tcp_peer_is_proven)
	// = drop: its timestamp is older than the last one of its host (PAWSPassive, ListenDrops)
	//   host            timestamp 5000 of second 10  (tcp_peer_is_proven)
	//   age             now second 70, not less than 60 s: it does not count  (tcp_peer_is_proven)
	// = passes: what is remembered of its host is 60 s old or older
}

// A client that does not use timestamps: passes on 3.10, is dropped on 4.4.
func ExampleCache_Lookup() {
	for _, release := range []string{"3.10.108", "4.4.155"} {
		c := recycler(release)
		c.EnterTimeWait(0, paws.Closing{From: nat, To: server, TS: 5000, Stamp: 1})
		_, judged, rejected := c.Lookup(2*time.Second, nat, server, false, 0)
		fmt.Println(release, "judged:", judged, "rejected:", rejected)
	}
	// Output:
	// 3.10.108 judged: false rejected: false
	// 4.4.155 judged: true rejected: true
}

// A server of 6.12 remembers no timestamps, but whom it has talked to: such a host
// passes the last quarter of tcp_max_syn_backlog.
func ExampleCache_Closed() {
	r := kernel.MustParse("6.12.107")
	sys, _ := kernel.Defaults(r, kernel.Machine{MemoryBytes: 8 << 30})
	c, err := paws.NewCache(paws.Config{Semantics: r.Semantics(), Sysctls: sys})
	if err != nil {
		fmt.Println(err)
		return
	}
	c.Closed(0, paws.Closing{From: nat, To: server}, true)
	for _, after := range []time.Duration{time.Minute, time.Hour, time.Hour + time.Second} {
		proven, _, _ := c.Lookup(after, nat, server, true, 1)
		fmt.Println(after, proven)
	}
	// Output:
	// 1m0s true
	// 1h0m0s true
	// 1h0m1s false
}

// A connection was silent for 36 minutes. Does an older timestamp get through?
func ExamplePasses() {
	recent := paws.Recent{TS: 90_000, Stamp: 100}
	for _, release := range []string{"6.1.192", "6.12.107"} {
		sem := kernel.MustParse(release).Semantics()
		fmt.Println(release, paws.IdleLimit(&sem), paws.Passes(&sem, recent, 100+36*60, 80_000, 1))
	}
	// Output:
	// 6.1.192 576h0m0s false
	// 6.12.107 35m47s true
}

// An old SYN to a connection, kernel by kernel.
func ExampleDecideEstablished() {
	conn := &paws.Conn{Recent: paws.Recent{TS: 1000, Stamp: 5}, Timestamps: true, RcvNxt: 1}
	syn := &paws.Segment{SYN: true, Len: 1, Timestamp: true, TSVal: 900}
	for _, release := range []string{"2.6.32", "3.10.108", "4.4.155", "6.12.107"} {
		sem := kernel.MustParse(release).Semantics()
		v := paws.DecideEstablished(&sem, conn, syn, 6)
		fmt.Printf("%-9s %v\n", release, v)
	}
	// Output:
	// 2.6.32    drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)
	// 3.10.108  drop: it has neither ACK nor RST
	// 4.4.155   drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)
	// 6.12.107  drop and send a challenge ACK: a SYN with an older timestamp (InErrs, TCPSYNChallenge, TCPChallengeACK) [TCP_INVALID_SYN]
}

// What PAWSEstab counts: an old segment, with the tests that it failed.
func ExampleExplainEstablished() {
	sem := kernel.MustParse("6.12.107").Semantics()
	conn := &paws.Conn{Recent: paws.Recent{TS: 1000, Stamp: 5}, Timestamps: true, RcvNxt: 1, RTO: 50}
	data := &paws.Segment{ACK: true, Seq: 1, Len: 100, Timestamp: true, TSVal: 900}
	e := paws.ExplainEstablished(&sem, conn, data, 6)
	fmt.Println(e)
	// Output:
	// * timestamp       900 against 1000: older by 100, more than 1  (tcp_paws_check)
	//   idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
	//   disordered ACK  not a bare ACK, updates the window  (tcp_disordered_ack)
	//   rate limit      does not hold an answer back  (tcp_oow_rate_limited)
	// = drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]
}

// The counter of an old segment in TIME_WAIT moved in 6.16.
func ExampleDecideTimeWait() {
	old := &paws.Segment{SYN: true, Timestamp: true, TSVal: 900}
	for _, release := range []string{"6.12.107", "6.18.44"} {
		sem := kernel.MustParse(release).Semantics()
		fmt.Println(release, paws.DecideTimeWait(&sem, paws.Recent{TS: 1000, Stamp: 5}, false, old, 6).Counters)
	}
	// Output:
	// 6.12.107 PAWSEstab
	// 6.18.44 PAWSTimewait
}

// A half-open request answers an old segment; a RST is dropped without an answer.
func ExampleRequest() {
	sem := kernel.MustParse("6.12.107").Semantics()
	sys := &kernel.Sysctls{TCPTimestamps: 1}
	r := paws.Request{TS: 1000}
	fmt.Println(paws.DecideSYNRecv(&sem, sys, r, &paws.Segment{ACK: true, Timestamp: true, TSVal: 999}).Action)
	fmt.Println(paws.DecideSYNRecv(&sem, sys, r, &paws.Segment{RST: true, Timestamp: true, TSVal: 999}).Action)
	// Output:
	// drop and send an ACK
	// drop
}

// The boundaries of tcp_tw_recycle: two ticks, 60 seconds, signed.
func ExampleRecycleRejects() {
	sem := kernel.MustParse("3.10.108").Semantics()
	host := paws.Host{TS: 1_200_000_000, Stamp: 1000}
	fmt.Println("1 tick older:", paws.RecycleRejects(&sem, host, 1000, true, 1_199_999_999))
	fmt.Println("2 ticks older:", paws.RecycleRejects(&sem, host, 1059, true, 1_199_999_998))
	fmt.Println("after 60 s:", paws.RecycleRejects(&sem, host, 1060, true, 1_199_999_998))
	fmt.Println("a clock at 3.5e9:", paws.RecycleRejects(&sem, host, 1000, true, 3_500_000_000))
	// Output:
	// 1 tick older: false
	// 2 ticks older: true
	// after 60 s: false
	// a clock at 3.5e9: true
}

// Which clients does a recycling server drop even without NAT?
func ExampleScope() {
	for _, release := range []string{"3.10.108", "4.10", "4.11", "6.12.107", "6.18.44", "7.2"} {
		sem := kernel.MustParse(release).Semantics()
		fmt.Printf("%-9s %v\n", release, paws.OffsetScope(&sem, 1))
	}
	// Output:
	// 3.10.108  one clock for the host
	// 4.10      one clock for each connection
	// 4.11      one clock for a pair of addresses
	// 6.12.107  one clock for each connection
	// 6.18.44   one clock for a pair of addresses
	// 7.2       one clock for each connection
}
