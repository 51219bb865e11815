package host_test

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
)

// established is a connection in the middle of its life: it has sent up to 5000 and got up to 9001.
func established() host.Conn {
	return host.Conn{
		State: host.Established, SndUna: 5000, SndNxt: 5000, RcvNxt: 9001, RcvWup: 9001, RcvWnd: 64240,
		SndWnd: 64240, MaxWindow: 64240, BytesAcked: 4000,
	}
}

// decide is what a release does with a segment that meets a connection.
func decide(release string, c host.Conn, s host.Segment) host.Decision {
	sem := kernel.MustParse(release).Semantics()
	sys := kernel.Sysctls{TCPTimestamps: 1, TCPInvalidRatelimit: 500}
	return host.Decide(&sem, &sys, c, &s, host.Moment{Jiffies: 100_000, Seconds: 400})
}

// Can a stranger who guesses a number in the window reset my connection?
func ExampleConnVerdict() {
	guess := host.Segment{Flags: host.FlagRST, Seq: 9001 + 30000}
	for _, release := range []string{"2.6.32", "3.10.108", "6.12"} {
		fmt.Println(release, decide(release, established(), guess).Verdict)
	}
	// Output:
	// 2.6.32 close the socket with an error: a RST at the right sequence number (EstabResets)
	// 3.10.108 drop it and send a challenge ACK: a RST elsewhere in the window (TCPChallengeACK)
	// 6.12 drop it and send a challenge ACK: a RST elsewhere in the window (TCPChallengeACK)
}

// The peer's FIN: what becomes of the socket, and when it is acknowledged.
func ExampleDecision() {
	d := decide("6.12", established(), host.Segment{Flags: host.FlagFIN | host.FlagACK, Seq: 9001, Ack: 5000, Window: 64240})
	fmt.Println(d.Verdict)
	fmt.Println(d.After.State, d.After.RcvNxt, d.Reply.Flags)
	// Output:
	// take it: the peer's FIN
	// CLOSE-WAIT 9002 ACK
}

// What becomes of data that arrives after close()?
func ExampleConnAction() {
	c := established()
	c.State, c.Orphan, c.ReadShut, c.SndUna = host.FinWait1, true, true, 4999
	d := decide("6.12", c, host.Segment{Flags: host.FlagACK, Seq: 9001, Ack: 5000, Len: 10, Window: 64240})
	fmt.Println(d.Verdict.Action == host.ConnAbort, d.Verdict.Action)
	// Output: true close the socket and send a RST
}

// Which RSTs are challenged? Those in the window that are not at the next sequence number.
func ExampleConnReason() {
	for _, seq := range []uint32{9000, 9001, 9002, 80000} {
		fmt.Println(seq, decide("6.12", established(), host.Segment{Flags: host.FlagRST, Seq: seq}).Verdict.Reason)
	}
	// Output:
	// 9000 a RST outside the window
	// 9001 a RST at the right sequence number
	// 9002 a RST elsewhere in the window
	// 80000 a RST outside the window
}

// Data is acknowledged at once; the ACK of a FIN is left to the delayed ACK timer, since the process may close soon.
func ExampleReply() {
	for _, flags := range []host.Flags{host.FlagACK, host.FlagACK | host.FlagFIN} {
		r := decide("6.12", established(), host.Segment{Flags: flags, Seq: 9001, Ack: 5000, Len: 100, Window: 64240}).Reply
		fmt.Println(r.Flags, "ack", r.Ack, "delayed:", r.Delayed, r.Delay)
	}
	// Output:
	// ACK ack 9101 delayed: false 0s
	// ACK ack 9102 delayed: true 40ms
}

// A connection as a test needs it: closed by its peer, and never closed here.
func ExampleConn() {
	leaked := established()
	leaked.State, leaked.ReadShut = host.CloseWait, true
	d := decide("6.12", leaked, host.Segment{Flags: host.FlagRST, Seq: 9001})
	fmt.Println(d.After.State, d.After.Err)
	// Output: CLOSED EPIPE
}

// Two pieces of data come out of order: the gap is kept open, and what came early is remembered.
func ExampleAhead() {
	c := established()
	for _, seq := range []uint32{9101, 9301} {
		c = decide("6.12", c, host.Segment{Flags: host.FlagACK, Seq: seq, Ack: 5000, Len: 100, Window: 64240}).After
	}
	fmt.Println(c.RcvNxt, c.Ahead[:2])
	c = decide("6.12", c, host.Segment{Flags: host.FlagACK, Seq: 9001, Ack: 5000, Len: 100, Window: 64240}).After
	fmt.Println(c.RcvNxt, c.Ahead[:2])
	// Output:
	// 9001 [{9101 9201 false 0} {9301 9401 false 0}]
	// 9201 [{9301 9401 false 0} {0 0 false 0}]
}

// A FIN beyond a gap waits with its data.
func ExampleSpan() {
	c := decide("6.12", established(), host.Segment{Flags: host.FlagFIN | host.FlagACK, Seq: 9101, Ack: 5000, Len: 100, Window: 64240}).After
	s := c.Ahead[0]
	fmt.Println(c.State, s.From, s.To, s.FIN)
	// Output: ESTAB 9101 9202 true
}

// Within a second of the last answer, the same stray segment is not answered again.
func ExampleMoment() {
	sem := kernel.MustParse("6.12").Semantics()
	sys := kernel.Sysctls{TCPTimestamps: 1, TCPInvalidRatelimit: 500}
	c, stray := established(), host.Segment{Flags: host.FlagACK, Seq: 100, Ack: 5000}
	for _, jiffies := range []uint32{1000, 1124, 1126} { // 496 and 504 ms later at HZ 250
		d := host.Decide(&sem, &sys, c, &stray, host.Moment{Jiffies: jiffies, HZ: 250})
		fmt.Println(d.Verdict)
		c = d.After
	}
	// Output:
	// drop it and send an ACK: it lies outside the window
	// drop it: it lies outside the window, less than tcp_invalid_ratelimit after the last answer (TCPACKSkippedSeq)
	// drop it and send an ACK: it lies outside the window
}

// Why was this segment dropped? The checks in the kernel's order, the one that decided with a mark.
func ExampleExplanation() {
	sem := kernel.MustParse("6.12").Semantics()
	c := established()
	c.Timestamps, c.Recent = true, paws.Recent{TS: 7000, Stamp: 399}
	old := host.Segment{Flags: host.FlagACK, Seq: 9001, Ack: 5000, Len: 10, Timestamp: true, TSVal: 6000, TSEcr: 1}
	fmt.Println(host.Explain(&sem, &kernel.Sysctls{TCPTimestamps: 1}, c, &old, host.Moment{Seconds: 400}))
	// Output:
	// * PAWS           its timestamp is older than the remembered one  (tcp_validate_incoming)
	// = drop it and send an ACK: its timestamp is too old (PAWSEstab) [TCP_RFC7323_PAWS]
}

// The check that decided.
func ExampleCheck() {
	sem := kernel.MustParse("6.12").Semantics()
	x := host.Explain(&sem, &kernel.Sysctls{}, established(), &host.Segment{Flags: host.FlagRST, Seq: 9002}, host.Moment{})
	for _, check := range x.Checks {
		if check.Hit {
			fmt.Println(check.Name, "-", check.Detail, "-", check.Func)
		}
	}
	// Output: RST - +1 from the next number - tcp_validate_incoming
}

// An ACK of what was never sent.
func ExampleACKRule() {
	sem := kernel.MustParse("6.12").Semantics()
	c := established()
	rule := host.JudgeACK(&sem, &c, 5001)
	fmt.Println(rule == host.ACKUnseen, rule)
	// Output: true of what was not sent
}

// A SYN that meets an established connection, release by release.
func ExampleSYNRule() {
	c := established()
	for _, release := range []string{"3.5", "3.7", "3.10.108", "6.12"} {
		sem := kernel.MustParse(release).Semantics()
		fmt.Println(release, host.SYNOnConnection(&sem, &c, &host.Segment{Flags: host.FlagSYN, Seq: 9001}))
	}
	// Output:
	// 3.5 resets the connection
	// 3.7 a challenge ACK
	// 3.10.108 dropped
	// 6.12 a challenge ACK
}

// From 6.17 on, while data waits to be read, a segment that ends beyond the window is refused.
func ExamplePlace() {
	c := established()
	c.Unread = 100
	for _, release := range []string{"6.12", "6.18"} {
		sem := kernel.MustParse(release).Semantics()
		fmt.Println(release, host.InReceiveWindow(&sem, &c, &host.Segment{Flags: host.FlagACK, Seq: 9001 + 64000, Len: 1000}))
	}
	// Output:
	// 6.12 inside
	// 6.18 overhangs
}

// The first timeout of a connection is its round trip plus twice that, or plus 200 ms.
func ExampleRoundTrip() {
	for _, rtt := range []time.Duration{time.Millisecond, 50 * time.Millisecond, 300 * time.Millisecond} {
		var t host.RoundTrip
		t.Sample(rtt, 1, 2)
		fmt.Println(t.Mean(), time.Duration(t.Timeout(250))*4*time.Millisecond)
	}
	// Output:
	// 1ms 204ms
	// 50ms 252ms
	// 300ms 900ms
}

// How often is a FIN sent again that nobody acknowledges?
func ExampleFINTimeline() {
	sem := kernel.MustParse("6.12").Semantics()
	line, err := host.FINTimer{Orphan: true, OrphanRetries: 2, RTO: 200 * time.Millisecond}.Timeline(&sem)
	fmt.Println(line.Sent, line.GivenUp, err)
	// Output: [0s 200ms 600ms 1.4s] 3s <nil>
}

// How much does a server hold after three clients connected and one SYN is half-open?
func ExampleUsage() {
	h, at := exampleHost("6.12.43"), netip.MustParseAddrPort("10.0.0.1:80")
	l := ok(h.Open(0, host.Options{})).Socket
	ok(h.Bind(0, l, at))
	ok(h.Listen(0, l, 5))
	for i := range uint16(4) {
		syn := host.Segment{From: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.9"), 1024+i), To: at, Flags: host.FlagSYN, Window: 65535}
		synAck := ok(h.Receive(0, syn)).Sent[0]
		if i < 3 {
			ok(h.Receive(0, host.Segment{From: syn.From, To: at, Flags: host.FlagACK, Seq: 1, Ack: synAck.Seq + 1, Window: 65535}))
		}
	}
	fmt.Printf("%+v\n", h.Usage())
	// Output: {Connections:3 Requests:1 TimeWait:0 Bound:4}
}
