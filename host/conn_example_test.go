package host_test

import (
	"fmt"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

// A leaked socket in CLOSE-WAIT and the SYN of a new connection with the same ports, on
// four kernels.
func ExampleDecide() {
	leaked := host.Conn{
		State: host.CloseWait, ReadShut: true, SndUna: 5000, SndNxt: 5000,
		RcvNxt: 9001, RcvWup: 9001, RcvWnd: 64240, MaxWindow: 64240,
	}
	syn := host.Segment{Flags: host.FlagSYN, Seq: 123456789}
	for _, release := range []string{"2.6.32", "3.7", "3.10.108", "6.18"} {
		sem := kernel.MustParse(release).Semantics()
		sys := kernel.Sysctls{TCPTimestamps: 1, TCPInvalidRatelimit: 500}
		d := host.Decide(&sem, &sys, leaked, &syn, host.Moment{Jiffies: 1000, Seconds: 100})
		fmt.Println(release, d.Verdict)
	}
	// Output:
	// 2.6.32 drop it and send an ACK: it lies outside the window
	// 3.7 drop it and send a challenge ACK: a SYN on a connection (TCPSYNChallenge, TCPChallengeACK)
	// 3.10.108 drop it: it has none of the flags that count here
	// 6.18 drop it and send a challenge ACK: a SYN on a connection (TCPSYNChallenge, TCPChallengeACK)
}

// The other end of the same collision: connect() gets an ACK for its SYN that makes no
// sense, answers with the RST that kills the leaked socket, and from 5.6 on does not wait.
func ExampleExplain() {
	sem := kernel.MustParse("6.18").Semantics()
	waiting := host.Conn{State: host.SynSent, SndUna: 123456789, SndNxt: 123456790}
	stray := host.Segment{Flags: host.FlagACK, Seq: 5000, Ack: 9001}
	x := host.Explain(&sem, &kernel.Sysctls{TCPTimestamps: 1}, waiting, &stray, host.Moment{})
	fmt.Println(x)
	fmt.Println(x.Decision.Reply.Flags, x.Decision.Reply.Seq, "again soon:", x.Decision.SYNSoon)
	// Output:
	// * ACK number     ours is 123456790, this one -123447789 from it  (tcp_rcv_synsent_state_process)
	// = drop it and send a RST, keep the socket: it does not acknowledge our SYN (OutRsts)
	// RST 9001 again soon: true
}

func ExampleDecideSYNSent() {
	sem := kernel.MustParse("6.18").Semantics()
	waiting := host.Conn{SndUna: 1000, SndNxt: 1001}
	refused := host.Segment{Flags: host.FlagRST | host.FlagACK, Ack: 1001}
	d := host.DecideSYNSent(&sem, &kernel.Sysctls{}, waiting, &refused, host.Moment{})
	fmt.Println(d.After.State, d.After.Err, d.Verdict)
	// Output: CLOSED ECONNREFUSED close the socket with an error: a RST that acknowledges our SYN (AttemptFails)
}

func ExampleACKAcceptable() {
	c := host.Conn{State: host.SynSent, SndUna: 1000, SndNxt: 1001}
	fmt.Println(host.ACKAcceptable(&c, 1001), host.ACKAcceptable(&c, 1000), host.ACKAcceptable(&c, 1002))
	// Output: true false false
}

func ExampleRSTAccepted() {
	c := host.Conn{State: host.CloseWait, RcvNxt: 9001, RcvWup: 9001, RcvWnd: 64240}
	for _, release := range []string{"2.6.32", "4.4", "6.18"} {
		sem := kernel.MustParse(release).Semantics()
		for _, seq := range []uint32{9000, 9001, 9002} {
			ends, challenge := host.RSTAccepted(&sem, &c, &host.Segment{Flags: host.FlagRST, Seq: seq})
			fmt.Print(seq, " ends: ", ends, " challenge: ", challenge, "; ")
		}
		fmt.Println(release)
	}
	// Output:
	// 9000 ends: false challenge: false; 9001 ends: true challenge: false; 9002 ends: true challenge: false; 2.6.32
	// 9000 ends: false challenge: false; 9001 ends: true challenge: false; 9002 ends: false challenge: true; 4.4
	// 9000 ends: true challenge: false; 9001 ends: true challenge: false; 9002 ends: false challenge: true; 6.18
}

func ExampleSYNOnConnection() {
	sem := kernel.MustParse("3.5").Semantics()
	c := host.Conn{State: host.Established, RcvNxt: 9001, RcvWup: 9001, RcvWnd: 64240}
	for _, seq := range []uint32{9000, 9001, 80000} {
		fmt.Println(host.SYNOnConnection(&sem, &c, &host.Segment{Flags: host.FlagSYN, Seq: seq}) == host.SYNResets)
	}
	// Output:
	// false
	// true
	// false
}

func ExampleInReceiveWindow() {
	sem := kernel.MustParse("6.18").Semantics()
	c := host.Conn{State: host.Established, RcvNxt: 9001, RcvWup: 9001, RcvWnd: 1000, Unread: 5}
	for _, seq := range []uint32{8000, 9001, 9990, 11000} {
		fmt.Println(host.InReceiveWindow(&sem, &c, &host.Segment{Flags: host.FlagACK, Seq: seq, Len: 20}))
	}
	// Output:
	// too old
	// inside
	// overhangs
	// too far
}

func ExampleJudgeACK() {
	sem := kernel.MustParse("6.18").Semantics()
	c := host.Conn{State: host.Established, SndUna: 1000, SndNxt: 1000, MaxWindow: 64240, BytesAcked: 100}
	for _, ack := range []uint32{1000, 950, 800, 1001} {
		fmt.Println(host.JudgeACK(&sem, &c, ack))
	}
	// Output:
	// good
	// old
	// too old
	// of what was not sent
}

func ExampleChallengeLimit() {
	for _, release := range []string{"3.5", "4.4", "4.9", "6.0"} {
		sem := kernel.MustParse(release).Semantics()
		fmt.Print(release, " ")
		fmt.Println(host.ChallengeLimit(&sem))
	}
	// Output:
	// 3.5 0 0
	// 4.4 100 100
	// 4.9 500 1499
	// 6.0 -1 -1
}

func ExampleChallengeBudget() {
	sem := kernel.MustParse("4.4").Semantics()
	var b host.ChallengeBudget
	sent := 0
	for range 150 { // SYNs to 150 connections within a second
		if b.Spend(&sem, 7, nil) {
			sent++
		}
	}
	fmt.Println(sent, b.Spent(&sem, 7), b.Spent(&sem, 8))
	// Output: 100 true false
}

func ExampleFINTimer_Timeline() {
	sem := kernel.MustParse("6.18").Semantics()
	line, err := host.FINTimer{Orphan: true}.Timeline(&sem)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(line.Sent)-1, "times again, given up after", line.GivenUp.Round(time.Second))
	// Output: 8 times again, given up after 1m44s
}
