package host

import (
	"testing"

	"example.com/linuxtcp/kernel"
)

// Data and a FIN after a gap are kept, and what closes the gap acknowledges them all. Observed on 5.10.223, 6.1.192,
// 6.12.117, 6.18.44, 7.2.13 for data.
func TestGap(t *testing.T) {
	sem := kernel.MustParse("6.12.117").Semantics()
	type seg struct {
		at, n uint32
		fin   bool
	}
	for _, c := range []struct {
		name   string
		segs   []seg
		next   uint32
		unread uint32
		state  State
	}{
		{"closed", []seg{{2100, 100, false}, {2000, 100, false}}, 2200, 200, Established},
		{"open still", []seg{{2200, 100, false}, {2000, 100, false}}, 2100, 100, Established},
		{"two gaps", []seg{{2200, 50, false}, {2100, 50, false}, {2000, 100, false}, {2150, 50, false}}, 2250, 250, Established},
		{"overlap", []seg{{2200, 50, false}, {2150, 80, false}, {2240, 60, false}, {2000, 160, false}}, 2300, 300, Established},
		{"a FIN", []seg{{2100, 10, true}, {2000, 100, false}}, 2111, 110, CloseWait},
		{"nothing beyond a FIN", []seg{{2100, 10, true}, {2105, 90, false}, {2000, 100, false}}, 2111, 110, CloseWait},
		{"a FIN before it", []seg{{2100, 10, false}, {2000, 10, true}}, 2011, 10, CloseWait},
		{"five ranges", []seg{{2100, 10, false}, {2200, 10, false}, {2300, 10, false}, {2400, 10, false}, {2500, 10, false}, {2410, 90, false}, {2000, 400, false}}, 2500, 500, Established},
	} {
		k := rowConn(Established)
		var d Decision
		for _, s := range c.segs {
			x := Segment{Flags: FlagACK, Seq: s.at, Ack: 1000, Len: s.n}
			if s.fin {
				x.Flags |= FlagFIN
			}
			d = Decide(&sem, &rowSysctls, k, &x, Moment{Jiffies: 1000, Seconds: 100})
			k = d.After
			if d.Reply.Flags != FlagACK || d.Reply.Ack != k.RcvNxt {
				t.Errorf("%s: reply %+v to %v", c.name, d.Reply, x)
			}
		}
		if k.RcvNxt != c.next || k.Unread != c.unread || k.State != c.state {
			t.Errorf("%s: next %d, unread %d, %v; want %d, %d, %v", c.name, k.RcvNxt, k.Unread, k.State, c.next, c.unread, c.state)
		}
		if k.State == CloseWait && k.Ahead != (Ahead{}) {
			t.Errorf("%s: %v is kept after the FIN", c.name, k.Ahead)
		}
	}
}
