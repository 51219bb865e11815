package timewait

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// The queue of 4.1 to 4.7 fills a piece before it takes another, and takes back those
// that it read.
func TestQueueFillsItsRuns(t *testing.T) {
	tab := newTable(t, "4.4", nil)
	w := tab.w.(*jiffyTimers)
	runs := func(r *run) (n int) {
		for ; r != nil; r = r.next {
			n++
		}
		return n
	}
	k := Socket{Local: ours, State: TimeWait}
	for round := range 3 {
		now := time.Duration(1+100*round) * time.Second
		for i := range 1000 {
			k.Remote = netip.AddrPortFrom(theirs.Addr(), uint16(i))
			must(tab.Enter(now, k))
		}
		if n := runs(w.head); n != 5 || w.spare != nil {
			t.Errorf("%d pieces for 1000 entries, %d spare", n, runs(w.spare))
		}
		if n := must(tab.Advance(now+Length, nil)); n != 1000 {
			t.Errorf("%d ended", n)
		}
		if _, ok := tab.Next(); ok || runs(w.spare) != 5 || w.head != nil {
			t.Errorf("%d pieces and %d spare for nothing", runs(w.head), runs(w.spare))
		}
	}
}

// A FIN_WAIT2 entry that becomes TIME_WAIT goes into the queue, in the order of arming,
// even if its timer is due in the same jiffy as before.
func TestSameJiffyButQueue(t *testing.T) {
	tab := newTable(t, "4.4", nil)
	first, second := theirs, netip.MustParseAddrPort("10.7.7.7:7")
	must(tab.Enter(time.Second, Socket{Local: ours, Remote: first, State: FinWait2, Timeout: 70 * time.Second, RcvNxt: 100}))
	due, _ := tab.Next()
	at := due - Length
	if out, ok, err := tab.Receive(at, Segment{From: first, To: ours, Flags: FlagFIN | FlagACK, Seq: 100}); !ok || err != nil {
		t.Fatal(out, ok, err)
	}
	must(tab.Enter(at, Socket{Local: ours, Remote: second, State: TimeWait}))
	if next, _ := tab.Next(); next != due {
		t.Fatalf("due at %v, before at %v", next, due)
	}
	var order []netip.AddrPort
	must(tab.Advance(due, func(e Ended) { order = append(order, e.Remote) }))
	if !slices.Equal(order, []netip.AddrPort{first, second}) {
		t.Errorf("ended in the order %v", order)
	}
}

// Timers of the heap that are due in one jiffy end in the order of arming.
func TestHeapKeepsOrder(t *testing.T) {
	tab := newTable(t, "4.4", nil)
	k := Socket{Local: ours, State: FinWait2, Timeout: 10 * time.Second}
	var want, order []uint16
	for i := range uint16(50) {
		k.Remote = netip.AddrPortFrom(theirs.Addr(), i*7919)
		must(tab.Enter(time.Second, k))
		want = append(want, k.Remote.Port())
	}
	must(tab.Advance(12*time.Second, func(e Ended) { order = append(order, e.Remote.Port()) }))
	if !slices.Equal(order, want) {
		t.Errorf("ended in the order %v", order)
	}
}
