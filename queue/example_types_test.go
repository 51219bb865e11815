package queue_test

import (
	"fmt"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// Actions read as what the kernel does.
func ExampleAction() {
	fmt.Println(queue.SendCookie)
	fmt.Println(queue.ResetRemove)
	// Output:
	// send a cookie SYN-ACK, keep nothing
	// send a RST and remove the request
}

// Reasons read as why.
func ExampleReason() {
	fmt.Println(queue.AcceptQueueFullSYN)
	fmt.Println(queue.CookieNotExpected)
	// Output:
	// the accept queue is full
	// no cookie was sent lately, so its number is not looked at
}

// A SYN that a queue limit drops has no drop reason in any release, so tracing drops
// does not show it. The final ACK has one from 6.15 on.
func ExampleDropReason() {
	for _, release := range []string{"5.10", "6.1", "6.18"} {
		sem := kernel.MustParse(release).Semantics()
		full := queue.Queues{AcceptLen: 6, AcceptLimit: 5, SYNLimit: 5}
		syn := queue.DecideSYN(&sem, &kernel.Sysctls{TCPSyncookies: 1}, full, queue.SYN{})
		ack := queue.DecideFinalACK(&sem, &kernel.Sysctls{}, full)
		fmt.Printf("%-4s SYN %q, final ACK %q\n", release, syn.Drop, ack.Drop)
	}
	// Output:
	// 5.10 SYN "", final ACK ""
	// 6.1  SYN "", final ACK "NOT_SPECIFIED"
	// 6.18 SYN "", final ACK "TCP_LISTEN_OVERFLOW"
}

// What `ss -m` adds up as d<N>: an overflowing final ACK counts twice there.
func ExampleTrace() {
	sem := kernel.MustParse("6.1.192").Semantics()
	full := queue.Queues{AcceptLen: 6, AcceptLimit: 5, SYNLimit: 5}
	fmt.Println(queue.DecideSYN(&sem, &kernel.Sysctls{TCPSyncookies: 1}, full, queue.SYN{}).SockDrops)
	fmt.Println(queue.DecideFinalACK(&sem, &kernel.Sysctls{}, full).SockDrops)
	// Output:
	// 1
	// 2
}

// A program can read the checks of an explanation one by one.
func ExampleCheck() {
	sem := kernel.MustParse("5.10.223").Semantics()
	e := queue.ExplainSYN(&sem, &kernel.Sysctls{TCPMaxSynBacklog: 128}, queue.Queues{AcceptLimit: 1024, Requests: 97, SYNLimit: 1024}, queue.SYN{})
	for _, c := range e.Checks {
		if c.Hit {
			fmt.Println(c.Name, "|", c.Detail, "|", c.Func)
		}
	}
	// Output: last quarter | 97 of 128 used, 31 < 32: last quarter, peer not proven: drop | tcp_conn_request
}

func ExampleExplanation() {
	sem := kernel.MustParse("6.1.192").Semantics()
	fmt.Println(queue.ExplainCookieACK(&sem, queue.Queues{AcceptLen: 6, AcceptLimit: 5}))
	// Output:
	// * accept queue       6 waiting, full if > 5: full: drop, tcp_abort_on_overflow is not looked at  (tcp_get_cookie_sock)
	// = drop: it carries a good cookie, but the accept queue is full (SyncookiesRecv, ListenOverflows, ListenDrops) [NOT_SPECIFIED]
}

// The numbers of a live listener: Recv-Q and Send-Q of `ss -lt`, and its sockets in
// SYN-RECV. They are all that a decision needs.
func ExampleQueues() {
	sem := kernel.MustParse("4.9.154").Semantics()
	q := queue.Queues{AcceptLen: 129, AcceptLimit: 128, Requests: 1, Young: 1, SYNLimit: 128}
	fmt.Println(queue.DecideSYN(&sem, &kernel.Sysctls{TCPSyncookies: 1}, q, queue.SYN{}).Action)
	q.Young = 2
	fmt.Println(queue.DecideSYN(&sem, &kernel.Sysctls{TCPSyncookies: 1}, q, queue.SYN{}).Action)
	// Output:
	// queue a request and send a SYN-ACK
	// drop
}

// A SYN that reopens a TIME_WAIT connection passes a full SYN queue on releases that
// keep its number.
func ExampleSYN() {
	full := queue.Queues{AcceptLimit: 5, Requests: 6, SYNLimit: 5}
	for _, release := range []string{"4.9.154", "5.10.223", "6.12.107"} {
		sem := kernel.MustParse(release).Semantics()
		fmt.Println(release, queue.DecideSYN(&sem, &kernel.Sysctls{}, full, queue.SYN{TimeWait: true}).Reason)
	}
	// Output:
	// 4.9.154 it reopens a TIME_WAIT connection, which skips the SYN queue's checks
	// 5.10.223 the SYN queue is full and tcp_syncookies is off
	// 6.12.107 it reopens a TIME_WAIT connection, which skips the SYN queue's checks
}

// A host that tw_recycle holds against its timestamp.
func ExamplePeer() {
	sem := kernel.MustParse("3.10.108").Semantics()
	sys := kernel.Sysctls{TCPTwRecycle: 1, TCPTimestamps: 1, TCPSyncookies: 1}
	q := queue.Queues{AcceptLimit: 128, SYNLimit: 256}
	old := queue.Peer{Judged: true, Rejected: true}
	fmt.Println(queue.DecideSYN(&sem, &sys, q, queue.SYN{Timestamp: true, Peer: old}))
	// Output: drop: tcp_tw_recycle holds its timestamp against the last one of its host (PAWSPassive, ListenDrops)
}

// Acknowledged or not: what the SYN-ACK timer does at the end.
func ExampleTimerStep() {
	last := queue.DecideTimer(5, 5, 0, true)
	fmt.Println(last.Expire)
	// Output: true
}

// A Config says which kernel, which sysctls and which socket options.
func ExampleConfig() {
	r := kernel.MustParse("5.10.223")
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 512 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	sys.TCPSynackRetries = 300
	_, err = queue.NewListener(queue.Config{Semantics: r.Semantics(), Sysctls: sys})
	fmt.Println(err)
	_, err = queue.NewListener(queue.Config{})
	fmt.Println(err)
	// Output:
	// kernel: net.ipv4.tcp_synack_retries = 300: this kernel takes 0 to 255
	// queue: Config.Semantics describes no kernel; take it from a kernel.Release
}

// The reply to a SYN, and the segment that completes the handshake.
func ExampleSegment() {
	l := listenOn("6.1.192", 128)
	syn := queue.Segment{From: clientAddr(1), Flags: queue.FlagSYN, Seq: 4711, MSS: 1460}
	out, _ := l.Receive(0, syn)
	fmt.Println(out.Reply.Flags, out.Reply.Ack)
	ack := queue.Segment{From: clientAddr(1), Flags: queue.FlagACK, Seq: 4712, Ack: out.Reply.Seq + 1}
	out, _ = l.Receive(0, ack)
	fmt.Println(out.Action)
	// Output:
	// SYN|ACK 4712
	// put a connection into the accept queue
}

// The same secret gives the same numbers.
func ExampleReply() {
	syn := queue.Segment{From: clientAddr(1), Flags: queue.FlagSYN, Seq: 4711}
	a, _ := listenOn("6.1.192", 128).Receive(0, syn)
	b, _ := listenOn("6.1.192", 128).Receive(0, syn)
	fmt.Println(a.Reply == b.Reply, a.Reply.Seq != 0)
	// Output: true true
}

// An Outcome is a verdict and what it sends. A stray ACK gets a RST.
func ExampleOutcome() {
	out, _ := listenOn("6.1.192", 128).Receive(0, queue.Segment{From: clientAddr(1), Flags: queue.FlagACK, Seq: 5, Ack: 99})
	fmt.Println(out.Verdict)
	fmt.Println(out.Reply.Flags, out.Reply.Seq)
	// Output:
	// send a RST: no cookie was sent lately, so its number is not looked at (OutRsts) [NOT_SPECIFIED]
	// RST 99
}

// A connection that came by a cookie has lost some of the client's MSS.
func ExampleConn() {
	l := listenOn("6.1.192", 128, func(s *kernel.Sysctls) { s.TCPSyncookies = 2 })
	syn := queue.Segment{From: clientAddr(1), Flags: queue.FlagSYN, Seq: 1, MSS: 1400}
	out, _ := l.Receive(0, syn)
	l.Receive(0, queue.Segment{From: clientAddr(1), Flags: queue.FlagACK, Seq: 2, Ack: out.Reply.Seq + 1})
	conn, _, _ := l.Accept(0)
	fmt.Println(conn.From, conn.Cookie, conn.MSS)
	// Output: 192.0.2.1:40000 true 1300
}

// Events tell whose timer fired.
func ExampleEvent() {
	l := listenOn("3.10.108", 128)
	l.Receive(0, queue.Segment{From: clientAddr(1), Flags: queue.FlagSYN})
	events, _ := l.Advance(2 * time.Second)
	for _, e := range events {
		fmt.Println(e.Peer, e.Action)
	}
	// Output: 192.0.2.1:40000 send the SYN-ACK again
}
