package timewait

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/internal/rowtest"
	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

// The rules that public articles quote, for the releases for which they are true, and
// where they are not.

// D2: tcp_twsk_unique lets connect() take an entry if its stamp is not 0 and either the
// port was bound or tw_reuse is on and more than 1 s has passed since the stamp. True
// to 4.18.
func TestD2TCPTwskUnique(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom(rowtest.Mainline()).Draw(t, "release")
		sem := release.Semantics()
		r := Reuse{
			Bound: rapid.Bool().Draw(t, "bound"), State: TimeWait, SeenAt: rapid.Uint32Range(0, 5).Draw(t, "stamp"), Now: rapid.Uint32Range(5, 9).Draw(t, "now"),
		}
		r.EntryMs, r.NowMs = r.SeenAt*1000, r.Now*1000
		reuse := rapid.IntRange(0, 1).Draw(t, "reuse")
		got := DecideReuse(&sem, &kernel.Sysctls{TCPTWReuse: reuse, TCPTWReuseDelay: 1000}, r).Action == Take
		quoted := r.SeenAt != 0 && (r.Bound || reuse != 0 && r.Now-r.SeenAt > 1)
		if !sem.MonotonicStamps && got != quoted {
			t.Fatalf("%v: %+v: %v", release, r, got)
		}
	})
	// Not so from 4.19 on: one second is enough.
	if v := DecideReuse(semOf("4.19"), &kernel.Sysctls{TCPTWReuse: 1}, Reuse{State: TimeWait, SeenAt: 1, Now: 2}); v.Action != Take {
		t.Errorf("4.19: %v", v)
	}
}

// D2: the new sequence number is snd_nxt + 65535 + 2, and 1 instead of 0. True in all
// releases for connect().
func TestD2NewSequenceNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snd := rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(1<<32-65540, 1<<32-65530)).Draw(t, "snd_nxt")
		want := snd + 65535 + 2
		if want == 0 {
			want = 1
		}
		release := rapid.SampledFrom(rowtest.Mainline()).Draw(t, "release")
		tab := must(New(Config{Semantics: release.Semantics(), Sysctls: must(kernel.Defaults(release, kernel.Machine{MemoryBytes: 1 << 30}))}))
		k := Socket{Local: ours, Remote: theirs, State: TimeWait, SndNxt: snd, Timestamps: true, TSAt: 2 * time.Second}
		must(tab.Enter(2*time.Second, k))
		v, in, err := tab.Connect(3*time.Second, ours, theirs, true)
		if err != nil || v.Action != Take || in.ISN != want {
			t.Fatalf("%v %v %v", v, in, err)
		}
	})
}

// D0: an orphaned FIN-WAIT-2 ends after tcp_fin_timeout. True in all releases up to
// 60 s; above, it is 2*(T-60).
func TestD0FinWait2Timeout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom(rowtest.Mainline()).Draw(t, "release")
		sys := must(kernel.Defaults(release, kernel.Machine{MemoryBytes: 1 << 30}))
		sys.TCPFinTimeout = rapid.IntRange(1, 200).Draw(t, "tcp_fin_timeout")
		got := PlanFinWait2(FinTime(&sys, 0, minRTO), 0, minRTO).Total()
		want := time.Duration(sys.TCPFinTimeout) * time.Second
		if want > Length {
			want = 2 * (want - Length)
		}
		if got != want {
			t.Fatalf("tcp_fin_timeout %d: %v, want %v", sys.TCPFinTimeout, got, want)
		}
		// And TIME_WAIT has no part in it.
		tab := must(New(Config{Semantics: release.Semantics(), Sysctls: sys}))
		must(tab.Enter(0, Socket{Local: ours, Remote: theirs, State: TimeWait}))
		if n := must(tab.Advance(52*time.Second, nil)); n != 0 {
			t.Fatal("TIME_WAIT was shortened")
		}
		if n := must(tab.Advance(67*time.Second, nil)); n != 1 {
			t.Fatal("TIME_WAIT did not end")
		}
	})
}

// D1: tcp_tw_recycle shortens TIME_WAIT, to 3.5 retransmission timeouts, to 4.11.
func TestD1RecycleShortensTimeWait(t *testing.T) {
	for _, release := range rowtest.Mainline() {
		sem := release.Semantics()
		sys := must(kernel.Defaults(release, kernel.Machine{MemoryBytes: 1 << 30}))
		if sem.Recycle == kernel.RecycleGone {
			continue
		}
		sys.TCPTwRecycle = 1
		tab := must(New(Config{Semantics: sem, Sysctls: sys}))
		k := Socket{Local: ours, Remote: theirs, State: TimeWait, Timestamps: true, TSAt: time.Second}
		if v := must(tab.Enter(time.Second, k)); v.Reason != Recycled {
			t.Errorf("%v: %v", release, v)
		}
		if n := must(tab.Advance(time.Second+800*time.Millisecond, nil)); n != 1 || tab.Counters().Get(kernel.TWKilled) != 1 {
			t.Errorf("%v: %d ended, %v", release, n, tab.Counters())
		}
	}
}

// D1: with a range of two ports the third connect() to a destination fails with
// EADDRNOTAVAIL, another destination works. True in all releases as far as TIME_WAIT is
// concerned: an entry keeps its port from its own destination alone, until it ends or
// tcp_tw_reuse gives it back.
func TestD1TwoPortRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom(rowtest.Mainline()).Draw(t, "release")
		sys := must(kernel.Defaults(release, kernel.Machine{MemoryBytes: 1 << 30}))
		sys.TCPTWReuse = 0
		tab := must(New(Config{Semantics: release.Semantics(), Sysctls: sys}))
		now := time.Duration(rapid.Int64Range(int64(time.Second), int64(50*time.Second)).Draw(t, "now"))
		local := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(ours.Addr(), port) }
		to := func(last byte) netip.AddrPort {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 2, 0, last}), 443)
		}
		for _, port := range []uint16{61000, 61001} {
			must(tab.Enter(now, Socket{Local: local(port), Remote: to(1), State: TimeWait, Timestamps: true, TSAt: now}))
		}
		later := now + time.Duration(rapid.Int64Range(0, int64(52*time.Second)).Draw(t, "later"))
		if n := must(tab.Advance(later, nil)); n != 0 {
			t.Fatal("an entry ended within 52 s")
		}
		connect := func(port uint16, last byte) Reason {
			v, _, err := tab.Connect(later, local(port), to(last), false)
			if err != nil || v.Action != Refuse {
				t.Fatal(v, err)
			}
			return v.Reason
		}
		for _, port := range []uint16{61000, 61001} {
			if why := connect(port, 1); why != ReuseOff {
				t.Fatalf("port %d to the same destination: %v", port, why)
			}
			if why := connect(port, 2); why != NoEntry {
				t.Fatalf("port %d to another destination: %v", port, why)
			}
		}
		sys.TCPTWReuse = 1
		if err := tab.SetSysctls(later, sys); err != nil {
			t.Fatal(err)
		}
		// Whatever the release counts: after more than 2 s it does, at once it does not.
		v, _, err := tab.Connect(later, local(61000), to(1), false)
		if err != nil || later > now+2*time.Second && v.Action != Take || later == now && v.Action == Take {
			t.Fatal(v, err)
		}
	})
}

// D1: the same addresses and ports cannot come again while TIME_WAIT lasts. Not true in
// any release: a SYN with a later number, or with a later timestamp, reopens the
// connection; only one that has neither may be an old duplicate and gets an ACK.
func TestD1SameConnectionComesAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release := rapid.SampledFrom(rowtest.Mainline()).Draw(t, "release")
		sys := must(kernel.Defaults(release, kernel.Machine{MemoryBytes: 1 << 30}))
		tab := must(New(Config{Semantics: release.Semantics(), Sysctls: sys}))
		connTS, synTS := rapid.Bool().Draw(t, "connection with timestamps"), rapid.Bool().Draw(t, "SYN with one")
		rcv, last := rapid.Uint32().Draw(t, "rcv_nxt"), rapid.Uint32Range(1, 1<<32-1).Draw(t, "last timestamp")
		must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: TimeWait, RcvNxt: rcv, SndNxt: 7, Timestamps: connTS, TSRecent: last, TSAt: time.Second}))
		dseq := rapid.OneOf(rapid.Int32Range(-2, 2), rapid.Int32Range(-1<<31+1, 1<<31-1)).Draw(t, "dseq")
		dts := rapid.OneOf(rapid.Int32Range(-2, 2), rapid.Int32Range(-1<<31+1, 1<<31-1)).Draw(t, "dts")
		s := Segment{From: theirs, To: ours, Flags: FlagSYN, Seq: rcv + uint32(dseq), Timestamp: synTS, TSVal: last + uint32(dts), Listener: true}
		out, ok, err := tab.Receive(1500*time.Millisecond, s)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		stamped := connTS && synTS
		reopens := dseq > 0 && !(stamped && dts < 0) || stamped && dts > 0
		if (out.Action == Reopen) != reopens || (tab.Len() == 0) != reopens || !reopens && out.Action != SendACK {
			t.Fatalf("%v: %v", release, out)
		}
	})
}
