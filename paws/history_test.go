package paws_test

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/queue"
	"example.com/linuxtcp/timewait"
	"pgregory.net/rapid"
)

var (
	_ queue.PeerHistory   = (*paws.Cache)(nil)
	_ timewait.HostStamps = (*paws.Cache)(nil)
)

// recyclingHost is what a server with tcp_tw_recycle has of both packages.
func recyclingHost(t *testing.T, release string) (*paws.Cache, *timewait.Table, kernel.Sysctls) {
	t.Helper()
	r := kernel.MustParse(release)
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 8 << 30})
	if err != nil {
		t.Fatal(err)
	}
	sys.TCPTwRecycle = 1
	const wall = 1_400_000_000 * time.Second
	cache, err := paws.NewCache(paws.Config{Semantics: r.Semantics(), Sysctls: sys, Wall: wall})
	if err != nil {
		t.Fatal(err)
	}
	table, err := timewait.New(timewait.Config{Semantics: r.Semantics(), Sysctls: sys, Wall: wall, Hosts: cache})
	if err != nil {
		t.Fatal(err)
	}
	return cache, table, sys
}

// The three packages together: a server with tcp_tw_recycle closes a connection, its
// entry is a short one, and for a minute the listener drops older SYNs of that host.
func TestRecyclingFromCloseToSYN(t *testing.T) {
	for _, release := range []string{"2.6.32", "3.10.108", "4.4.155"} {
		cache, table, sys := recyclingHost(t, release)
		sem := kernel.MustParse(release).Semantics()
		listener, err := queue.NewListener(queue.Config{Semantics: sem, Sysctls: sys, Peers: cache})
		if err != nil {
			t.Fatal(err)
		}
		if err := listener.Listen(0, 128); err != nil {
			t.Fatal(err)
		}
		server, phone := netip.MustParseAddrPort("192.0.2.1:80"), netip.MustParseAddr("198.51.100.7")
		now := 10 * time.Second
		if _, err := table.Enter(now, timewait.Socket{
			Local: server, Remote: netip.AddrPortFrom(phone, 40000), State: timewait.TimeWait,
			Timestamps: true, TSRecent: 5000, TSAt: now,
		}); err != nil {
			t.Fatal(err)
		}
		if due, ok := table.Next(); !ok || due > now+2*time.Second {
			t.Errorf("%s: the entry ends at %v", release, due)
		}
		for _, syn := range []struct {
			at      time.Duration
			tsval   uint32
			dropped bool
		}{{11 * time.Second, 4998, true}, {12 * time.Second, 4999, false}, {69 * time.Second, 4998, true}, {71 * time.Second, 4998, false}} {
			if _, err := listener.Advance(syn.at); err != nil {
				t.Fatal(err)
			}
			port := uint16(40001 + syn.at/time.Second)
			out, err := listener.Receive(syn.at, queue.Segment{
				From: netip.AddrPortFrom(phone, port), To: server, Flags: queue.FlagSYN, MSS: 1460, Timestamp: true, TSVal: syn.tsval,
			})
			if err != nil {
				t.Fatal(err)
			}
			if dropped := out.Verdict.Counters.Has(kernel.PAWSPassive); dropped != syn.dropped {
				t.Errorf("%s: a SYN with %d at %v: %v", release, syn.tsval, syn.at, out.Verdict)
			}
		}
	}
}

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

// A segment for an entry fails PAWS here where it does in package timewait, and counts
// the same.
func TestTimeWaitAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sem := kernel.MustParse(rapid.SampledFrom([]string{"2.6.32", "2.6.38", "4.18", "4.19", "6.6", "6.7", "6.15", "6.16", "7.2"}).Draw(t, "release")).Semantics()
		last := rapid.SampledFrom([]uint32{0, 1, 1000, 1 << 31}).Draw(t, "last")
		tsval := last + uint32(rapid.SampledFrom([]int32{0, 1, -1, -2, -1 << 31, 1<<31 - 1}).Draw(t, "dts"))
		seen := rapid.Uint32Range(0, 2).Draw(t, "stored in second") * 500
		now := seen + rapid.SampledFrom([]uint32{0, 59, 60, 2146, 2147, 2073599, 2073600}).Draw(t, "age")
		rst, stamped := rapid.Bool().Draw(t, "RST"), rapid.Bool().Draw(t, "stamped")
		finWait2 := rapid.Bool().Draw(t, "FIN_WAIT2")
		// A segment that nothing but its timestamp decides about: in FIN_WAIT2 an empty one
		// in the window, in TIME_WAIT one beyond rcv_nxt.
		view := timewait.View{State: timewait.TimeWait, RcvNxt: 100, Window: 50, TSRecent: last, SeenAt: seen, Now: now}
		seg := timewait.Segment{Flags: timewait.FlagACK, Seq: 101, Timestamp: stamped, TSVal: tsval}
		if finWait2 {
			view.State = timewait.FinWait2
		}
		if rst {
			seg.Flags = timewait.FlagRST
		}
		d := timewait.Decide(&sem, &view, &seg)
		v := paws.DecideTimeWait(&sem, paws.Recent{TS: last, Stamp: int64(seen)}, finWait2,
			&paws.Segment{ACK: !rst, RST: rst, Seq: 101, Timestamp: stamped, TSVal: tsval}, int64(now))
		old := d.Reason == timewait.PAWSOld || finWait2 && d.Reason == timewait.OutOfWindow
		if old != (v.Action != paws.Pass) || d.Counters != v.Counters || old && (d.Action == timewait.SendACK) != (v.Action == paws.SendACK) {
			t.Fatalf("%v there, %v here", d.Verdict, v)
		}
	})
}

// An IPv6 socket with an IPv4 peer: 3.6 to 3.13 remember that peer where no SYN finds it,
// and its entry is a short one all the same, from FIN_WAIT2 too.
func TestRecyclingOfMappedPeers(t *testing.T) {
	for release, rejects := range map[string]bool{"2.6.32": true, "3.10.108": false, "4.4.155": true} {
		for _, state := range []timewait.State{timewait.TimeWait, timewait.FinWait2} {
			cache, table, _ := recyclingHost(t, release)
			const now = 10 * time.Second
			local, peer := netip.MustParseAddrPort("[::ffff:192.0.2.1]:80"), netip.MustParseAddrPort("[::ffff:198.51.100.7]:40000")
			if _, err := table.Enter(now, timewait.Socket{
				Local: local, Remote: peer, State: state, Timeout: time.Minute,
				Timestamps: true, TSRecent: 5000, TSAt: now, RcvNxt: 7, Window: 1000,
			}); err != nil {
				t.Fatal(err)
			}
			if state == timewait.FinWait2 {
				fin := timewait.Segment{From: peer, To: local, Flags: timewait.FlagFIN | timewait.FlagACK, Seq: 7, Timestamp: true, TSVal: 5001}
				if _, _, err := table.Receive(now, fin); err != nil {
					t.Fatal(err)
				}
			}
			if due, ok := table.Next(); !ok || due > now+2*time.Second {
				t.Errorf("%s, %v: the entry ends at %v", release, state, due)
			}
			if _, _, rejected := cache.Lookup(now, peer.Addr().Unmap(), local.Addr(), true, 100); rejected != rejects {
				t.Errorf("%s, %v: an older SYN is rejected: %v", release, state, rejected)
			}
		}
	}
}
