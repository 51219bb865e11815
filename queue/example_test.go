package queue_test

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// listenOn returns a listening socket of a release, with the sysctls of a machine
// of 8 GiB as it boots, changed by set.
func listenOn(release string, backlog int, set ...func(*kernel.Sysctls)) *queue.Listener {
	r := kernel.MustParse(release)
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 8 << 30})
	if err != nil {
		panic(err)
	}
	for _, f := range set {
		f(&sys)
	}
	l, err := queue.NewListener(queue.Config{Semantics: r.Semantics(), Sysctls: sys})
	if err == nil {
		err = l.Listen(0, backlog)
	}
	if err != nil {
		panic(err)
	}
	return l
}

// clientAddr is client n's address.
func clientAddr(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), 40000)
}

// Why is my queue 128? A program asked for 511, the kernel gave it 128: somaxconn
// was 128 until 5.4, and a container starts with the compiled-in default too.
func ExampleAcceptLimit() {
	for _, release := range []string{"4.19.91", "5.10.223", "6.12.107"} {
		r := kernel.MustParse(release)
		sem := r.Semantics()
		fmt.Println(release, queue.AcceptLimit(&sem, 511, int32(sem.SomaxconnDefault)))
	}
	// Raising net.core.somaxconn moves no socket that listens already. And before 4.1
	// the limit had 16 bits.
	old := kernel.MustParse("3.10.108").Semantics()
	fmt.Println("3.10.108, listen(65536) under somaxconn 65535:", queue.AcceptLimit(&old, 65536, 65535))
	older := kernel.MustParse("2.6.32").Semantics()
	fmt.Println("2.6.32, listen(65536) under somaxconn 65536:", queue.AcceptLimit(&older, 65536, 65536))
	// Output:
	// 4.19.91 128
	// 5.10.223 511
	// 6.12.107 511
	// 3.10.108, listen(65536) under somaxconn 65535: 65535
	// 2.6.32, listen(65536) under somaxconn 65536: 0
}

// Who dropped my SYN? The accept queue is full because nobody accepts; the SYN queue
// is empty, and cookies have nothing to do with it.
func ExampleExplainSYN() {
	sem := kernel.MustParse("5.10.223").Semantics()
	sys, _ := kernel.Defaults(kernel.MustParse("5.10.223"), kernel.Machine{MemoryBytes: 8 << 30})
	q := queue.Queues{AcceptLen: 129, AcceptLimit: 128, Requests: 0, SYNLimit: 128}
	fmt.Println(queue.ExplainSYN(&sem, &sys, q, queue.SYN{Timestamp: true}))
	// Output:
	//   SYN queue          0 requests queued, full if >= 128: not full  (inet_csk_reqsk_queue_is_full)
	// * accept queue       129 waiting, full if > 128: full: drop  (sk_acceptq_is_full)
	// = drop: the accept queue is full (ListenOverflows, ListenDrops)
}

// Is this "possible SYN flooding" message an attack? Not with a backlog of 5 and
// twelve players who all reconnect after a restart: the sixth SYN is enough. Their
// connections succeed by cookies; the message comes once.
func ExampleVerdict() {
	l := listenOn("4.4.155", 5)
	for n := 1; n <= 12; n++ {
		out, _ := l.Receive(time.Second, queue.Segment{From: clientAddr(n), Flags: queue.FlagSYN, MSS: 1460})
		if out.Logs || n == 12 {
			fmt.Printf("SYN %d: %v, logs: %v\n", n, out.Verdict, out.Logs)
		}
	}
	fmt.Println(l.Counters())
	// Output:
	// SYN 6: send a cookie SYN-ACK, keep nothing: the SYN queue is full and tcp_syncookies is on (TCPReqQFullDoCookies, SyncookiesSent, ListenDrops), logs: true
	// SYN 12: send a cookie SYN-ACK, keep nothing: the SYN queue is full and tcp_syncookies is on (TCPReqQFullDoCookies, SyncookiesSent, ListenDrops), logs: false
	// ListenDrops 7, TCPReqQFullDoCookies 7, SyncookiesSent 7
}

// Can anybody connect after listen(0)? One client at a time, unless cookies are off
// and the kernel is of the years in which the SYN queue then held nobody.
func ExampleSYNQueueCapacity() {
	for _, release := range []string{"3.10.108", "4.19.91", "5.10.223", "5.10.234", "6.12.9", "6.12.10", "6.13"} {
		sem := kernel.MustParse(release).Semantics()
		limit := queue.SYNQueueLimit(&sem, 0, int32(sem.SomaxconnDefault), 1024)
		fmt.Printf("%-9s SYN queue %2d, accept queue 1\n", release, queue.SYNQueueCapacity(&sem, limit))
	}
	// Output:
	// 3.10.108  SYN queue 16, accept queue 1
	// 4.19.91   SYN queue  0, accept queue 1
	// 5.10.223  SYN queue  0, accept queue 1
	// 5.10.234  SYN queue  1, accept queue 1
	// 6.12.9    SYN queue  0, accept queue 1
	// 6.12.10   SYN queue  1, accept queue 1
	// 6.13      SYN queue  1, accept queue 1
}

// What does ListenDrops count on my kernel? Here is one SYN at a time, and what it
// adds.
func ExampleDecideSYN() {
	acceptFull := queue.Queues{AcceptLen: 6, AcceptLimit: 5, Young: 2, SYNLimit: 16}
	synFull := queue.Queues{AcceptLimit: 5, Requests: 20, Young: 20, SYNLimit: 16}
	for _, release := range []string{"3.7", "3.10.108", "4.7"} {
		sem := kernel.MustParse(release).Semantics()
		fmt.Println(release)
		fmt.Println("  accept queue full:    ", queue.DecideSYN(&sem, &kernel.Sysctls{TCPSyncookies: 1, TCPMaxSynBacklog: 128}, acceptFull, queue.SYN{}).Counters)
		fmt.Println("  SYN queue full:       ", queue.DecideSYN(&sem, &kernel.Sysctls{TCPMaxSynBacklog: 128}, synFull, queue.SYN{}).Counters)
		fmt.Println("  the same with cookies:", queue.DecideSYN(&sem, &kernel.Sysctls{TCPSyncookies: 1, TCPMaxSynBacklog: 128}, synFull, queue.SYN{}).Counters)
	}
	// Output:
	// 3.7
	//   accept queue full:     none
	//   SYN queue full:        TCPReqQFullDrop
	//   the same with cookies: TCPReqQFullDoCookies, SyncookiesSent
	// 3.10.108
	//   accept queue full:     ListenOverflows, ListenDrops
	//   SYN queue full:        TCPReqQFullDrop, ListenDrops
	//   the same with cookies: TCPReqQFullDoCookies, SyncookiesSent, ListenDrops
	// 4.7
	//   accept queue full:     ListenOverflows, ListenDrops
	//   SYN queue full:        TCPReqQFullDrop, ListenDrops
	//   the same with cookies: TCPReqQFullDoCookies, SyncookiesSent
}

// Ten clients connect at once to a server that does not accept: backlog 5, 4.19.
// Six connections are established on the server, three exist only in the eyes of
// their clients, and one client times out. This is how, step by step.
func ExampleListener_tenClients() {
	l := listenOn("4.19.91", 5)
	now := time.Minute
	synack := map[int]uint32{}
	syn := func(n int) {
		out, err := l.Receive(now, queue.Segment{From: clientAddr(n), Flags: queue.FlagSYN, Seq: 100, MSS: 1460})
		if err != nil {
			panic(err)
		}
		synack[n] = out.Reply.Seq
		fmt.Printf("%4.1fs SYN %-2d %v\n", (now - time.Minute).Seconds(), n, out.Verdict)
	}
	ack := func(n int) {
		out, err := l.Receive(now, queue.Segment{From: clientAddr(n), Flags: queue.FlagACK, Seq: 101, Ack: synack[n] + 1})
		if err != nil {
			panic(err)
		}
		fmt.Printf("%4.1fs ACK %-2d %v\n", (now - time.Minute).Seconds(), n, out.Verdict)
	}
	show := func() {
		q := l.Queues()
		fmt.Printf("      %d in the accept queue, %d half-open\n", q.AcceptLen, q.Requests)
	}
	for n := 1; n <= 5; n++ {
		syn(n)
	}
	for n := 1; n <= 4; n++ {
		ack(n)
	}
	show()
	for n := 6; n <= 9; n++ {
		syn(n)
	}
	ack(5)
	ack(6)
	show()
	ack(7) // these three clients believe that they are connected
	ack(8)
	ack(9)
	syn(10) // and this one will send its SYN again at 1 s and at 3 s, and give up
	show()
	wait := func(d time.Duration) {
		now = time.Minute + d
		events, err := l.Advance(now)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%4.1fs timers: %d\n", d.Seconds(), len(events))
	}
	wait(1040 * time.Millisecond)
	syn(10)
	wait(3080 * time.Millisecond)
	syn(10)
	wait(70 * time.Second)
	show()
	fmt.Println(l.Counters())
	// Output:
	//  0.0s SYN 1  queue a request and send a SYN-ACK: the listener has room
	//  0.0s SYN 2  queue a request and send a SYN-ACK: the listener has room
	//  0.0s SYN 3  queue a request and send a SYN-ACK: the listener has room
	//  0.0s SYN 4  queue a request and send a SYN-ACK: the listener has room
	//  0.0s SYN 5  queue a request and send a SYN-ACK: the listener has room
	//  0.0s ACK 1  put a connection into the accept queue: the handshake is complete (PassiveOpens)
	//  0.0s ACK 2  put a connection into the accept queue: the handshake is complete (PassiveOpens)
	//  0.0s ACK 3  put a connection into the accept queue: the handshake is complete (PassiveOpens)
	//  0.0s ACK 4  put a connection into the accept queue: the handshake is complete (PassiveOpens)
	//       4 in the accept queue, 1 half-open
	//  0.0s SYN 6  queue a request and send a SYN-ACK: the listener has room
	//  0.0s SYN 7  queue a request and send a SYN-ACK: the listener has room
	//  0.0s SYN 8  queue a request and send a SYN-ACK: the listener has room
	//  0.0s SYN 9  queue a request and send a SYN-ACK: the listener has room
	//  0.0s ACK 5  put a connection into the accept queue: the handshake is complete (PassiveOpens)
	//  0.0s ACK 6  put a connection into the accept queue: the handshake is complete (PassiveOpens)
	//       6 in the accept queue, 3 half-open
	//  0.0s ACK 7  mark the request as acknowledged, send nothing: the accept queue is full (ListenOverflows, ListenDrops)
	//  0.0s ACK 8  mark the request as acknowledged, send nothing: the accept queue is full (ListenOverflows, ListenDrops)
	//  0.0s ACK 9  mark the request as acknowledged, send nothing: the accept queue is full (ListenOverflows, ListenDrops)
	//  0.0s SYN 10 drop: the accept queue is full (ListenOverflows, ListenDrops)
	//       6 in the accept queue, 3 half-open
	//  1.0s timers: 3
	//  1.0s SYN 10 drop: the accept queue is full (ListenOverflows, ListenDrops)
	//  3.1s timers: 3
	//  3.1s SYN 10 drop: the accept queue is full (ListenOverflows, ListenDrops)
	// 70.0s timers: 12
	//       6 in the accept queue, 0 half-open
	// ListenOverflows 6, ListenDrops 6, TCPTimeouts 18, TCPSynRetrans 15, RetransSegs 15, PassiveOpens 6
}

// A test of an accept loop against a kernel whose queue overflows.
func ExampleListener() {
	l := listenOn("6.12.107", 1)
	now := time.Second
	connect := func(n int) queue.Verdict {
		out, _ := l.Receive(now, queue.Segment{From: clientAddr(n), Flags: queue.FlagSYN, Seq: 1, MSS: 1460})
		if out.Action != queue.SendSYNACK {
			return out.Verdict
		}
		out, _ = l.Receive(now, queue.Segment{From: clientAddr(n), Flags: queue.FlagACK, Seq: 2, Ack: out.Reply.Seq + 1})
		return out.Verdict
	}
	for n := 1; n <= 3; n++ {
		fmt.Println(connect(n).Action)
	}
	conn, ok, _ := l.Accept(now)
	fmt.Println("accepted", conn.From, ok)
	fmt.Println(connect(3).Action)
	// Output:
	// put a connection into the accept queue
	// put a connection into the accept queue
	// drop
	// accepted 192.0.2.1:40000 true
	// put a connection into the accept queue
}

// A request that nobody answers: its SYN-ACK is sent again after 1, 3, 7, 15 and
// 31 s, each up to an eighth late, and it ends without a sound.
func ExampleListener_Advance() {
	l := listenOn("6.1.192", 128)
	l.Receive(0, queue.Segment{From: clientAddr(1), Flags: queue.FlagSYN, MSS: 1460})
	for {
		due, ok := l.Next()
		if !ok {
			break
		}
		events, _ := l.Advance(due)
		for _, e := range events {
			fmt.Printf("%7.3fs %v: %v\n", e.At.Seconds(), e.Peer, e.Verdict)
		}
	}
	// Output:
	//   1.024s 192.0.2.1:40000: send the SYN-ACK again: the SYN-ACK was not answered in time (TCPTimeouts, RetransSegs, TCPSynRetrans)
	//   3.040s 192.0.2.1:40000: send the SYN-ACK again: the SYN-ACK was not answered in time (TCPTimeouts, RetransSegs, TCPSynRetrans)
	//   7.136s 192.0.2.1:40000: send the SYN-ACK again: the SYN-ACK was not answered in time (TCPTimeouts, RetransSegs, TCPSynRetrans)
	//  15.328s 192.0.2.1:40000: send the SYN-ACK again: the SYN-ACK was not answered in time (TCPTimeouts, RetransSegs, TCPSynRetrans)
	//  31.456s 192.0.2.1:40000: send the SYN-ACK again: the SYN-ACK was not answered in time (TCPTimeouts, RetransSegs, TCPSynRetrans)
	//  64.480s 192.0.2.1:40000: remove the request, send nothing: tcp_synack_retries is used up (TCPTimeouts)
}

// Where does the final ACK of a client go, and why?
func ExampleListener_Explain() {
	l := listenOn("6.18.44", 0)
	first, _ := l.Receive(0, queue.Segment{From: clientAddr(1), Flags: queue.FlagSYN, MSS: 1460})
	l.Receive(0, queue.Segment{From: clientAddr(1), Flags: queue.FlagACK, Seq: 1, Ack: first.Reply.Seq + 1})
	e, _ := l.Explain(0, queue.Segment{From: clientAddr(2), Flags: queue.FlagSYN, MSS: 1460})
	fmt.Println(e)
	// Output:
	//   SYN queue          0 requests queued, full if > 0: not full  (inet_csk_reqsk_queue_is_full)
	// * accept queue       1 waiting, full if > 0: full: drop  (sk_acceptq_is_full)
	// = drop: the accept queue is full (ListenOverflows, ListenDrops)
}

func ExampleExplainFinalACK() {
	sem := kernel.MustParse("3.10.108").Semantics()
	q := queue.Queues{AcceptLen: 129, AcceptLimit: 128, Requests: 1, SYNLimit: 256}
	fmt.Println(queue.ExplainFinalACK(&sem, &kernel.Sysctls{TCPAbortOnOverflow: 1}, q))
	// Output:
	// * accept queue       129 waiting, full if > 128: full  (tcp_v4_syn_recv_sock)
	// * abort on overflow  tcp_abort_on_overflow is 1: RST, request removed  (tcp_check_req)
	// = send a RST and remove the request: the accept queue is full (ListenOverflows, ListenDrops, OutRsts, EmbryonicRsts)
}

// The famous 96 is 97: M - q < M/4 is false for 128 and 96.
func ExampleLastQuarterCapacity() {
	for _, m := range []int32{4, 16, 128, 256, 512} {
		fmt.Print(queue.LastQuarterCapacity(m), " ")
	}
	fmt.Println()
	// Output: 4 13 97 193 385
}

func ExampleSYNRecvLifetime() {
	for _, release := range []string{"3.0", "3.1"} {
		sem := kernel.MustParse(release).Semantics()
		resends, end := queue.SYNRecvLifetime(&sem, 5, 0)
		fmt.Println(release, resends, "ends at", end)
	}
	// Output:
	// 3.0 [3s 9s 21s 45s 1m33s] ends at 3m9s
	// 3.1 [1s 3s 7s 15s 31s] ends at 1m3s
}

// A cookie keeps the client's MSS only roughly.
func ExampleCookieMSS() {
	for _, release := range []string{"2.6.32", "3.10", "6.1"} {
		sem := kernel.MustParse(release).Semantics()
		fmt.Println(release, queue.CookieMSS(&sem, false, 1400), queue.CookieMSS(&sem, false, 300), queue.CookieMSS(&sem, false, 9000))
	}
	// Output:
	// 2.6.32 1024 256 4312
	// 3.10 1024 64 8960
	// 6.1 1300 536 1460
}

func ExampleCookieOptions() {
	sem := kernel.MustParse("6.1").Semantics()
	ts := queue.CookieTimestamp(&sem, 1_000_000, queue.CookieOptions{WindowScale: 8, SACK: true})
	o, ok := queue.CookieOptionsFrom(&sem, &kernel.Sysctls{TCPSack: 1, TCPWindowScaling: 1}, ts)
	fmt.Println(ts, o.WindowScale-1, o.SACK, o.ECN, ok)
	// Output: 999959 7 true false true
}

func ExampleDecideTimer() {
	// A request that was acknowledged, but not taken because the accept queue was
	// full, is no different from one that was not: its SYN-ACK is sent again.
	fmt.Printf("%+v\n", queue.DecideTimer(0, 5, 0, true))
	// Under TCP_DEFER_ACCEPT the acknowledged one is left in peace.
	fmt.Printf("%+v\n", queue.DecideTimer(0, 5, 3, true))
	// Output:
	// {Expire:false Resend:true}
	// {Expire:false Resend:false}
}

func ExampleDeferAcceptRetries() {
	sem := kernel.MustParse("6.1").Semantics()
	for _, secs := range []int{0, 1, 2, 3, 4, 7, 8} {
		fmt.Print(queue.DeferAcceptRetries(&sem, secs), " ")
	}
	fmt.Println()
	// Output: 0 1 2 2 3 3 4
}

func ExampleFlags() {
	fmt.Println(queue.FlagSYN|queue.FlagACK, queue.Flags(0))
	// Output: SYN|ACK none
}

// known is a history of hosts whose round-trip time is remembered.
type known []netip.Addr

func (k known) Lookup(_ time.Duration, from, _ netip.Addr, _ bool, _ uint32) (proven, judged, rejected bool) {
	return slices.Contains(k, from), false, false
}

// A host that is known passes the last quarter from 4.14 on.
func ExamplePeerHistory() {
	for _, release := range []string{"4.13", "4.14"} {
		r := kernel.MustParse(release)
		sys, _ := kernel.Defaults(r, kernel.Machine{MemoryBytes: 512 << 20})
		sys.TCPSyncookies, sys.Somaxconn = 0, 1024
		l, _ := queue.NewListener(queue.Config{Semantics: r.Semantics(), Sysctls: sys, Peers: known{clientAddr(200).Addr()}})
		l.Listen(0, 1024)
		for n := range 100 {
			l.Receive(0, queue.Segment{From: clientAddr(n), Flags: queue.FlagSYN})
		}
		out, _ := l.Receive(0, queue.Segment{From: clientAddr(200), Flags: queue.FlagSYN})
		fmt.Println(release, l.Queues().Requests, out.Verdict)
	}
	// Output:
	// 4.13 97 drop: less than a quarter of tcp_max_syn_backlog is left and the peer is not proven (ListenDrops)
	// 4.14 98 queue a request and send a SYN-ACK: the listener has room
}
