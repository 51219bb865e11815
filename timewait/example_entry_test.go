package timewait_test

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/timewait"
)

var (
	web  = netip.MustParseAddrPort("10.0.0.1:443")
	user = netip.MustParseAddrPort("10.0.0.9:5000")
)

// closed is a table of a release with one entry in TIME_WAIT, that of a connection whose next numbers are 1000
// and 5000 and whose last timestamp, 70, came at 10 s.
func closed(release string) *timewait.Table {
	t, err := timewait.New(timewait.Config{Semantics: semantics(release), Sysctls: defaults(release)})
	if err != nil {
		panic(err)
	}
	_, err = t.Enter(10*time.Second, timewait.Socket{
		Local: web, Remote: user, State: timewait.TimeWait, RcvNxt: 1000, SndNxt: 5000, Window: 64240,
		Timestamps: true, TSRecent: 70, TSAt: 10 * time.Second,
	})
	if err != nil {
		panic(err)
	}
	return t
}

// May a client use its port again at once, while the server has it in TIME_WAIT? If its SYN is newer.
func ExampleSegment() {
	t := closed("6.12")
	syn := timewait.Segment{From: user, To: web, Flags: timewait.FlagSYN, Seq: 900, Timestamp: true, TSVal: 71, Listener: true}
	out, ok, err := t.Receive(11*time.Second, syn)
	fmt.Println(out.Verdict, ok, err)
	// Output:
	// remove the entry, hand the SYN to the listener: a SYN newer than the connection true <nil>
}

// The SYN-ACK of a connection that follows TIME_WAIT begins 65537 numbers on, and the row of the table says why.
func ExampleOutcome() {
	t := closed("6.12")
	out, _, _ := t.Receive(11*time.Second, timewait.Segment{From: user, To: web, Flags: timewait.FlagSYN, Seq: 1001, Timestamp: true, TSVal: 70, Listener: true})
	fmt.Println(out.Rule, out.Action, out.ISN)
	// Output: T4 remove the entry, hand the SYN to the listener 70537
}

// What does the peer get for its FIN, sent again because our last ACK was lost?
func ExampleReply() {
	t := closed("6.12")
	out, _, _ := t.Receive(11*time.Second, timewait.Segment{From: user, To: web, Flags: timewait.FlagFIN | timewait.FlagACK, Seq: 999, Ack: 5000, Timestamp: true, TSVal: 71})
	r := out.Reply
	fmt.Println(out.Verdict)
	fmt.Println(r.Flags, "seq", r.Seq, "ack", r.Ack, "echo", r.TSEcr)
	// Output:
	// send an ACK, keep the entry: an old segment, or data [NOT_SPECIFIED]
	// ACK seq 5000 ack 1000 echo 70
}

// A RST ends TIME_WAIT early, unless net.ipv4.tcp_rfc1337 is set.
func ExampleView() {
	sem := semantics("6.12")
	for _, set := range []bool{false, true} {
		v := timewait.View{State: timewait.TimeWait, RcvNxt: 1000, SndNxt: 5000, RFC1337: set}
		fmt.Println(timewait.Decide(&sem, &v, &timewait.Segment{Flags: timewait.FlagRST, Seq: 1000}).Verdict)
	}
	// Output:
	// remove the entry, send nothing: a RST at the next sequence number [NOT_SPECIFIED]
	// drop, keep the entry: a RST at the next sequence number, but tcp_rfc1337 is set [NOT_SPECIFIED]
}

// The rule that decided has a number in the table of Decisions.
func ExampleDecision() {
	sem := semantics("6.12")
	v := timewait.View{State: timewait.FinWait2, RcvNxt: 1000, SndNxt: 5000, Window: 64240}
	d := timewait.Decide(&sem, &v, &timewait.Segment{Flags: timewait.FlagFIN | timewait.FlagACK, Seq: 1000, Ack: 5000})
	fmt.Println(d.Rule(), d.Action, "- goes on to TIME_WAIT:", d.Become)
	// Output: F6 send an ACK, keep the entry - goes on to TIME_WAIT: true
}

// Does an old segment make TIME_WAIT last longer? An ACK does, a RST does not.
func ExampleUpdate() {
	sem := semantics("6.12")
	v := timewait.View{State: timewait.TimeWait, RcvNxt: 1000, SndNxt: 5000}
	for _, flags := range []timewait.Flags{timewait.FlagACK, timewait.FlagRST} {
		d := timewait.Decide(&sem, &v, &timewait.Segment{Flags: flags, Seq: 900, Ack: 5000, Len: 50})
		fmt.Println(flags, "- 60 s anew:", d.Rearm)
	}
	// Output:
	// ACK - 60 s anew: true
	// RST - 60 s anew: false
}

// Does data that arrives after close() get through? The entry answers with a RST and is gone.
func ExampleAction() {
	sem := semantics("6.12")
	v := timewait.View{State: timewait.FinWait2, RcvNxt: 1000, SndNxt: 5000, Window: 64240}
	d := timewait.Decide(&sem, &v, &timewait.Segment{Flags: timewait.FlagACK, Seq: 1000, Ack: 5000, Len: 10})
	fmt.Println(d.Action == timewait.ResetRemove, d.Action)
	// Output: true send a RST and remove the entry
}

// Why can connect() not have the port of an entry?
func ExampleReason() {
	sem, sys := semantics("6.12"), defaults("6.12")
	for _, how := range []timewait.Reuse{
		{State: timewait.TimeWait, SeenAt: 100, Now: 200}, {State: timewait.TimeWait}, {State: timewait.FinWait2, SeenAt: 100, Now: 200},
	} {
		fmt.Println(timewait.DecideReuse(&sem, &sys, how).Reason)
	}
	// Output:
	// tcp_tw_reuse is 2 and this is no loopback connection
	// the old connection used no timestamps
	// the entry is in FIN_WAIT2
}

// Which counter tells of segments with an old timestamp in TIME_WAIT?
func ExampleVerdict() {
	old := timewait.Segment{From: user, To: web, Flags: timewait.FlagACK, Seq: 1000, Ack: 5000, Timestamp: true, TSVal: 60}
	for _, release := range []string{"6.12", "6.18"} {
		out, _, _ := closed(release).Receive(11*time.Second, old)
		fmt.Println(release, out.Verdict)
	}
	// Output:
	// 6.12 send an ACK, keep the entry: its timestamp is older than the last one (PAWSEstab) [NOT_SPECIFIED]
	// 6.18 send an ACK, keep the entry: its timestamp is older than the last one (PAWSTimewait) [TCP_RFC7323_TW_PAWS]
}

// What do drop monitors such as dropwatch see of it?
func ExampleDropReason() {
	old := timewait.Segment{From: user, To: web, Flags: timewait.FlagACK, Seq: 1000, Ack: 5000, Timestamp: true, TSVal: 60}
	for _, release := range []string{"5.15", "5.17", "6.12", "6.18"} {
		out, _, _ := closed(release).Receive(11*time.Second, old)
		fmt.Printf("%s %q\n", release, out.Drop)
	}
	// Output:
	// 5.15 ""
	// 5.17 "NOT_SPECIFIED"
	// 6.12 "NOT_SPECIFIED"
	// 6.18 "TCP_RFC7323_TW_PAWS"
}

func ExampleFlags() {
	fmt.Println(timewait.FlagFIN|timewait.FlagACK, timewait.Flags(0))
	// Output: FIN|ACK none
}

// ss shows an entry as FIN-WAIT-2 until the peer's FIN has come.
func ExampleState() {
	t := closed("6.12")
	state, there := t.Find(web, user)
	fmt.Println(state, there)
	// Output: TIME_WAIT true
}

// The entries, as `ss -tan` lists them.
func ExampleLive() {
	for e := range closed("6.12").All() {
		fmt.Println(e.State, e.Local, e.Remote)
	}
	// Output: TIME_WAIT 10.0.0.1:443 10.0.0.9:5000
}

// When does TIME_WAIT that began at 10 s end? Kernel by kernel at HZ 250.
func ExampleEnded() {
	for _, release := range []string{"3.10", "4.4", "6.12"} {
		t := closed(release)
		for t.Len() > 0 {
			due, _ := t.Next()
			if _, err := t.Advance(due, func(e timewait.Ended) { fmt.Println(release, e.State, e.At) }); err != nil {
				fmt.Println(err)
				return
			}
		}
	}
	// Output:
	// 3.10 TIME_WAIT 1m10.144s
	// 4.4 TIME_WAIT 1m10s
	// 6.12 TIME_WAIT 1m10.624s
}

// Two sockets that close while tcp_max_tw_buckets is 1.
func ExampleSocket() {
	sys := defaults("6.12")
	sys.TCPMaxTWBuckets = 1
	t, err := timewait.New(timewait.Config{Semantics: semantics("6.12"), Sysctls: sys})
	if err != nil {
		fmt.Println(err)
		return
	}
	for port := uint16(5000); port < 5002; port++ {
		fmt.Println(t.Enter(0, timewait.Socket{Local: web, Remote: netip.AddrPortFrom(user.Addr(), port), State: timewait.TimeWait}))
	}
	// Output:
	// begin an entry: tcp_max_tw_buckets allows one more (TW) <nil>
	// close the socket without an entry: there are tcp_max_tw_buckets already (TCPTimeWaitOverflow) <nil>
}

// How late a timer of 60 s fires follows from CONFIG_HZ: up to 5.12 s, 2.048 s, 4.096 s.
func ExampleConfig() {
	for _, hz := range []int{100, 250, 1000} {
		t, err := timewait.New(timewait.Config{Semantics: semantics("6.12"), Sysctls: defaults("6.12"), HZ: hz})
		if err != nil {
			fmt.Println(err)
			return
		}
		t.Enter(10*time.Second, timewait.Socket{Local: web, Remote: user, State: timewait.TimeWait})
		due, _ := t.Next()
		fmt.Println(hz, due-10*time.Second)
	}
	// Output:
	// 100 1m4.72s
	// 250 1m0.624s
	// 1000 1m0.624s
}

// forgetful is a kernel's memory of hosts that has no room for any.
type forgetful struct{}

func (forgetful) Remember(time.Duration, netip.Addr, netip.Addr, uint32, uint32, bool) bool {
	return false
}

// tcp_tw_recycle shortens TIME_WAIT only of hosts that the kernel remembers.
func ExampleHostStamps() {
	sys := defaults("3.10")
	sys.TCPTwRecycle = 1
	for _, hosts := range []timewait.HostStamps{nil, forgetful{}} {
		t, err := timewait.New(timewait.Config{Semantics: semantics("3.10"), Sysctls: sys, Hosts: hosts})
		if err != nil {
			fmt.Println(err)
			return
		}
		v, _ := t.Enter(time.Second, timewait.Socket{Local: web, Remote: user, State: timewait.TimeWait, Timestamps: true, TSRecent: 70, TSAt: time.Second})
		fmt.Println(v)
	}
	// Output:
	// begin an entry: tcp_tw_recycle makes it last 3.5 retransmission timeouts
	// begin an entry: tcp_max_tw_buckets allows one more
}
