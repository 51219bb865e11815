package timewait

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// A bucket fills a chunk before it takes another, and gives back those that it emptied.
func TestBucketFillsItsChunks(t *testing.T) {
	for _, release := range []string{"2.6.32", "6.12"} {
		tab := newTable(t, release, nil)
		chunks := func(c *chunk) (n int) {
			for ; c != nil; c = c.below {
				n++
			}
			return n
		}
		k := Socket{Local: ours, State: TimeWait}
		for round := range 3 {
			now := time.Duration(1+200*round) * time.Second
			for i := range 1000 {
				k.Remote = netip.AddrPortFrom(theirs.Addr(), uint16(i))
				must(tab.Enter(now, k))
			}
			b := &tab.bk.b[tab.s.at(0).bucket()]
			if n := chunks(b.top); n != 4 || tab.bk.spare != nil || b.live != 1000 || tab.bk.stored != 1000 {
				t.Errorf("%s: %d chunks, %d spare for %d live, %d stored", release, n, chunks(tab.bk.spare), b.live, tab.bk.stored)
			}
			must(tab.Advance(now+150*time.Second, nil))
			if b.top != nil || chunks(tab.bk.spare) != 4 || tab.bk.stored != 0 || tab.Len() != 0 {
				t.Errorf("%s: %d chunks and %d spare for nothing", release, chunks(b.top), chunks(tab.bk.spare))
			}
		}
	}
}

// A sweep leaves the entries as they are, in their order, and drops every number that
// is no entry's.
func TestSweepKeepsEntries(t *testing.T) {
	tab := newTable(t, "6.12", nil)
	name := func(i int) netip.AddrPort { return netip.AddrPortFrom(theirs.Addr(), uint16(i)) }
	for i := range 10 {
		must(tab.Enter(time.Second, Socket{Local: ours, Remote: name(i), State: TimeWait, BoundToLo: i == 4, Window: 65535 << 14}))
	}
	for _, i := range []int{9, 3, 0} {
		if _, ok, err := tab.Receive(time.Second, Segment{From: name(i), To: ours, Flags: FlagRST}); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	tab.sweep()
	if tab.bk.stored != 7 {
		t.Errorf("%d numbers for 7 entries", tab.bk.stored)
	}
	for i := range uint32(10) {
		want := uint32(65535 << 14)
		switch i {
		case 9, 3, 0:
			want = 0
		case 4:
			want |= flagLo
		}
		if got := tab.s.at(i).window; got != want {
			t.Errorf("entry %d: window %#x, want %#x", i, got, want)
		}
	}
	var order []uint16
	must(tab.Advance(70*time.Second, func(e Ended) { order = append(order, e.Remote.Port()) }))
	if !slices.Equal(order, []uint16{8, 7, 6, 5, 4, 2, 1}) {
		t.Errorf("ended in the order %v", order)
	}
}
