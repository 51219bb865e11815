package paws_test

import (
	"fmt"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
)

// connection agreed on timestamps; the newest one of its peer, 1000, came in second 5.
var connection = paws.Conn{Recent: paws.Recent{TS: 1000, Stamp: 5}, Timestamps: true, RcvNxt: 5000, RcvWup: 5000, RTO: 50}

func established(release string, s paws.Segment) paws.Verdict {
	sem := kernel.MustParse(release).Semantics()
	return paws.DecideEstablished(&sem, &connection, &s, 6)
}

// Does a timestamp that is one tick older get through? One tick is not old, two are.
func ExampleConn() {
	for _, tsval := range []uint32{999, 998} {
		fmt.Println(established("6.12", paws.Segment{ACK: true, Seq: 5000, Len: 10, Timestamp: true, TSVal: tsval}))
	}
	// Output:
	// passes: its timestamp is not older than allowed
	// drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]
}

// Which segments with an old timestamp are dropped, and which are not?
func ExampleSegment() {
	for _, s := range []struct {
		what string
		paws.Segment
	}{
		{"data", paws.Segment{ACK: true, Seq: 5000, Len: 10}}, {"RST", paws.Segment{RST: true, Seq: 5000}},
		{"SYN", paws.Segment{SYN: true, Seq: 9000, Len: 1}}, {"no timestamp", paws.Segment{ACK: true, Seq: 5000, Len: 10}},
	} {
		s.Timestamp, s.TSVal = s.what != "no timestamp", 900
		fmt.Printf("%-12s %v\n", s.what, established("6.12", s.Segment).Action)
	}
	// Output:
	// data         drop and send an ACK
	// RST          passes
	// SYN          drop and send a challenge ACK
	// no timestamp passes
}

// The counters of an old SYN, release by release.
func ExampleVerdict() {
	for _, release := range []string{"2.6.32", "4.4.155", "6.12"} {
		v := established(release, paws.Segment{SYN: true, Seq: 9000, Len: 1, Timestamp: true, TSVal: 900})
		fmt.Println(release, v.Counters)
	}
	// Output:
	// 2.6.32 PAWSEstab
	// 4.4.155 PAWSEstab
	// 6.12 InErrs, TCPSYNChallenge, TCPChallengeACK
}

func ExampleAction() {
	v := established("6.12", paws.Segment{SYN: true, Seq: 9000, Len: 1, Timestamp: true, TSVal: 900})
	fmt.Println(v.Action == paws.Challenge, v.Action)
	// Output: true drop and send a challenge ACK
}

// An old bare ACK below the window was answered to 6.13, and is dropped in silence since.
func ExampleReason() {
	for _, release := range []string{"6.13", "6.14"} {
		v := established(release, paws.Segment{ACK: true, Seq: 4000, Timestamp: true, TSVal: 900})
		fmt.Println(release, v.Reason)
	}
	// Output:
	// 6.13 its timestamp is older than the remembered one
	// 6.14 a bare ACK below the window with an older timestamp
}

// What does a tracer of drops call it?
func ExampleDropReason() {
	for _, release := range []string{"5.15", "5.17", "5.19"} {
		fmt.Printf("%s %q\n", release, established(release, paws.Segment{ACK: true, Seq: 5000, Len: 10, Timestamp: true, TSVal: 900}).Drop)
	}
	// Output:
	// 5.15 ""
	// 5.17 "NOT_SPECIFIED"
	// 5.19 "TCP_RFC7323_PAWS"
}

// The checks one by one.
func ExampleExplanation() {
	sem := kernel.MustParse("6.12").Semantics()
	e := paws.ExplainTimeWait(&sem, connection.Recent, false, &paws.Segment{RST: true, Timestamp: true, TSVal: 900}, 6)
	fmt.Println(e)
	// Output:
	// * timestamp       900 against 1000: older by 100, more than 0  (tcp_paws_check)
	//   idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
	//   RST             stored 1 s ago, less than 60 s: holds  (tcp_paws_reject)
	// = drop: its timestamp is older than the remembered one (PAWSEstab)
}

// The check that decided.
func ExampleCheck() {
	sem := kernel.MustParse("6.12").Semantics()
	e := paws.ExplainTimeWait(&sem, connection.Recent, false, &paws.Segment{ACK: true, Timestamp: true, TSVal: 900}, 6)
	for _, c := range e.Checks {
		if c.Hit {
			fmt.Println(c.Name, "-", c.Detail, "-", c.Func)
		}
	}
	// Output: timestamp - 900 against 1000: older by 100, more than 0 - tcp_paws_check
}

// Which timestamp does the connection remember next?
func ExampleRecent() {
	sem := kernel.MustParse("6.12").Semantics()
	for _, s := range []paws.Segment{
		{ACK: true, Seq: 5000, Len: 10, Timestamp: true, TSVal: 1010}, // the next data
		{ACK: true, Seq: 6000, Len: 10, Timestamp: true, TSVal: 1020}, // data after a gap
	} {
		recent, stored := paws.UpdateRecent(&sem, &connection, &s, 6, true)
		fmt.Println(recent.TS, stored)
	}
	// Output:
	// 1010 true
	// 1000 false
}
