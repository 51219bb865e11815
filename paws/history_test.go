package paws_test

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/queue"
)

var _ queue.PeerHistory = (*paws.Cache)(nil)

// A listener that asks a cache drops what the cache rejects, and counts as the cache
// explains.
func TestCacheIsAListenersHistory(t *testing.T) {
	for _, c := range []struct {
		release   string
		timestamp bool
		dts       int32
		want      string
	}{
		{"2.6.32", true, -2, "PAWSPassive 1"},
		{"3.10.108", true, -2, "ListenDrops 1, PAWSPassive 1"},
		{"3.10.108", true, -1, "none"},
		{"3.10.108", false, 0, "none"},
		{"4.4.155", false, 0, "ListenDrops 1, PAWSPassive 1"},
		{"4.12", true, -2, "none"},
	} {
		r := kernel.MustParse(c.release)
		sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		if r.Semantics().Recycle != kernel.RecycleGone {
			sys.TCPTwRecycle = 1
		}
		cache, err := paws.NewCache(paws.Config{Semantics: r.Semantics(), Sysctls: sys, Wall: 1e9 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		from, to := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.2:80")
		if _, _, err := cache.EnterTimeWait(0, paws.Closing{From: from.Addr(), To: to.Addr(), TS: 1000, Stamp: 1e9}); err != nil {
			t.Fatal(err)
		}
		l, err := queue.NewListener(queue.Config{Semantics: r.Semantics(), Sysctls: sys, Peers: cache})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Listen(0, 8); err != nil {
			t.Fatal(err)
		}
		syn := queue.Segment{From: from, To: to, Flags: queue.FlagSYN, MSS: 1460, Timestamp: c.timestamp, TSVal: uint32(1000 + c.dts)}
		if _, err := l.Receive(time.Second, syn); err != nil {
			t.Fatal(err)
		}
		if got := l.Counters().String(); got != c.want {
			t.Errorf("%s, timestamp %v %+d: %s, want %s", c.release, c.timestamp, c.dts, got, c.want)
		}
	}
}

// PAWS of a half-open request is the same rule here and in package queue.
func TestListenerAgreesOnRequests(t *testing.T) {
	for _, release := range []string{"2.6.32", "3.10.108", "4.9.154", "6.12.107", "7.2"} {
		for _, ts := range []uint32{0, 1, 1000, 1 << 31} {
			for _, d := range []int32{0, 1, -1, -2, -1 << 31, 1<<31 - 1} {
				for _, rst := range []bool{false, true} {
					r := kernel.MustParse(release)
					sem := r.Semantics()
					sys, _ := kernel.Defaults(r, kernel.Machine{MemoryBytes: 1 << 30})
					l, err := queue.NewListener(queue.Config{Semantics: sem, Sysctls: sys})
					if err != nil || l.Listen(0, 8) != nil {
						t.Fatal(err)
					}
					from := netip.MustParseAddrPort("192.0.2.1:1")
					out, err := l.Receive(0, queue.Segment{From: from, Flags: queue.FlagSYN, MSS: 1460, Timestamp: true, TSVal: ts})
					if err != nil {
						t.Fatal(err)
					}
					before := l.Counters()
					seg := queue.Segment{From: from, Flags: queue.FlagACK, Seq: 1, Ack: out.Reply.Seq + 1, Timestamp: true, TSVal: ts + uint32(d)}
					if rst {
						seg.Flags = queue.FlagRST
					}
					if _, err := l.Receive(time.Millisecond, seg); err != nil {
						t.Fatal(err)
					}
					got := l.Counters().Sub(before).Get(kernel.PAWSEstab) == 1
					v := paws.DecideSYNRecv(&sem, &sys, paws.Request{TS: ts},
						&paws.Segment{ACK: !rst, RST: rst, Seq: 1, Timestamp: true, TSVal: ts + uint32(d)})
					if want := v.Counters.Has(kernel.PAWSEstab); got != want {
						t.Errorf("%s, %d%+d, RST %v: the listener says %v, %v here", release, ts, d, rst, got, v)
					}
				}
			}
		}
	}
}
