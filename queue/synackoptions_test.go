package queue_test

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// A SYN-ACK that is sent again, by the timer or for a repeated SYN, has the options of the first SYN,
// and a round trip is measured only where the SYN-ACK was sent once. Observed on 5.10.223, 6.1.192,
// 6.12.117, 6.18.44, 7.2.13.
func TestSYNACKOptions(t *testing.T) {
	r := kernel.MustParse("6.12.117")
	sys, err := kernel.Defaults(r, kernel.Machine{EHashBuckets: 4096})
	if err != nil {
		t.Fatal(err)
	}
	to := netip.MustParseAddrPort("10.0.0.1:80")
	for _, offered := range []bool{true, false} {
		l, err := queue.NewListener(queue.Config{Semantics: r.Semantics(), Sysctls: sys})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Listen(0, 8); err != nil {
			t.Fatal(err)
		}
		syn := func(port uint16, offer bool) queue.Segment {
			s := queue.Segment{From: netip.AddrPortFrom(netip.MustParseAddr("10.1.0.1"), port), To: to, Flags: queue.FlagSYN, Seq: 100}
			if offer {
				s.SACK, s.WindowScale = true, 3
			}
			return s
		}
		want := func(what string, got queue.Reply) {
			t.Helper()
			if got.Flags != queue.FlagSYN|queue.FlagACK || got.SACK != offered || got.WindowScale != offered {
				t.Errorf("%s for a SYN that offers %v: %+v", what, offered, got)
			}
		}
		out, _ := l.Receive(0, syn(1000, offered))
		want("SYN-ACK", out.Reply)
		out, _ = l.Receive(0, syn(1001, offered))
		isn := out.Reply.Seq
		out, _ = l.Receive(600*time.Millisecond, syn(1000, !offered))
		want("the answer to a repeated SYN", out.Reply)
		ack := syn(1001, false)
		ack.Flags, ack.Seq, ack.Ack = queue.FlagACK, 101, isn+1
		if out, _ = l.Receive(700*time.Millisecond, ack); out.Action != queue.Establish {
			t.Fatalf("%v", out)
		}
		if c, _ := l.Newest(); c.RTT != 700*time.Millisecond {
			t.Errorf("the round trip is measured as %v", c.RTT)
		}
		events, _ := l.Advance(2 * time.Second)
		if len(events) != 1 {
			t.Fatalf("events %+v", events)
		}
		want("the SYN-ACK of the timer", events[0].Reply)
		ack.From, ack.Ack = syn(1000, false).From, events[0].Reply.Seq+1
		if out, _ = l.Receive(2100*time.Millisecond, ack); out.Action != queue.Establish {
			t.Fatalf("%v", out)
		}
		if c, _ := l.Newest(); c.RTT != 0 {
			t.Errorf("a round trip of %v from a SYN-ACK that was sent again", c.RTT)
		}
	}
}
