package timewait

import (
	"net/netip"
	"testing"
	"time"
)

// A timestamp of 0 is none (tcp_v4_send_ack with tsecr 0).
func TestReplyEchoesTheLastTimestamp(t *testing.T) {
	for _, last := range []uint32{0, 1, 2} {
		tab := newTable(t, "7.2", nil)
		must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: TimeWait, RcvNxt: 100, SndNxt: 7, Timestamps: true, TSRecent: last, TSAt: time.Second}))
		out, _, err := tab.Receive(2*time.Second, Segment{From: theirs, To: ours, Flags: FlagACK, Seq: 90})
		want := Reply{Flags: FlagACK, Seq: 7, Ack: 100}
		if last != 0 {
			want.Timestamp, want.TSVal, want.TSEcr = true, 2000, last
		}
		if err != nil || out.Reply != want {
			t.Errorf("after %d: %+v, want %+v (%v)", last, out.Reply, want, err)
		}
	}
}

func TestNoAddressHasNoEntry(t *testing.T) {
	tab := newTable(t, "7.2", nil)
	must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: TimeWait}))
	other := netip.MustParseAddrPort("10.0.0.77:7")
	for _, c := range [][2]netip.AddrPort{{ours, {}}, {{}, theirs}, {}, {ours, other}, {other, theirs}} {
		if _, ok, err := tab.Receive(2*time.Second, Segment{To: c[0], From: c[1]}); ok || err != nil {
			t.Errorf("%v: Receive %v %v", c, ok, err)
		}
		if state, ok := tab.Find(c[0], c[1]); ok || state != 0 {
			t.Errorf("%v: found in %v", c, state)
		}
		if v, _, err := tab.Connect(2*time.Second, c[0], c[1], true); v.Reason != NoEntry || err != nil {
			t.Errorf("%v: Connect %v %v", c, v, err)
		}
	}
}

func TestAdvanceBackEndsNothing(t *testing.T) {
	tab := newTable(t, "7.2", nil)
	must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: TimeWait}))
	if n, err := tab.Advance(999*time.Millisecond, nil); n != 0 || err == nil || tab.Now() != time.Second {
		t.Errorf("%d, %v, now %v", n, err, tab.Now())
	}
}
