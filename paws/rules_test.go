package paws

import (
	"math/big"
	"testing"
	"time"

	"example.com/linuxtcp/internal/oldstamp"
	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

var releases = []string{"2.6.32", "2.6.33", "2.6.38", "3.2", "3.6", "3.10.108", "3.13", "3.14", "3.17", "4.4.155", "4.9.154", "4.11", "4.12", "4.14", "4.19.78", "5.10.223", "6.1.192", "6.4", "6.6", "6.7", "6.12.107", "6.14", "6.18.44", "7.2"}

func drawSemantics(t *rapid.T) (string, *kernel.Semantics) {
	r := rapid.SampledFrom(releases).Draw(t, "release")
	return r, semantics(r)
}

// ticks draws timestamps near each other, near 0 and near the edges of half a circle.
func drawTS(t *rapid.T, name string, near uint32) uint32 {
	return rapid.OneOf(
		rapid.Uint32(),
		rapid.Uint32Range(0, 3),
		rapid.Map(rapid.IntRange(-4, 4), func(d int) uint32 { return near + uint32(d) }),
		rapid.Map(rapid.IntRange(-4, 4), func(d int) uint32 { return near + 1<<31 + uint32(d) }),
	).Draw(t, name)
}

// dumbOlder is by how much a is newer than b, in -2^31 to 2^31-1, in big numbers.
func dumbOlder(a, b uint32) int64 {
	d := new(big.Int).Sub(big.NewInt(int64(a)), big.NewInt(int64(b)))
	d.Mod(d, big.NewInt(1<<32))
	if d.Cmp(big.NewInt(1<<31)) >= 0 {
		d.Sub(d, big.NewInt(1<<32))
	}
	return d.Int64()
}

// at tells whether a release is that one or later, by its place in the list.
func at(release, since string) bool {
	for _, r := range releases {
		if r == since {
			return true
		}
		if r == release {
			return false
		}
	}
	panic(since)
}

func TestCheckAgainstDumbModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release, sem := drawSemantics(t)
		r := Recent{TS: drawTS(t, "recent", 0), Stamp: rapid.Int64Range(1, 1<<30).Draw(t, "stamp")}
		tsval := drawTS(t, "tsval", r.TS)
		window := rapid.Int32Range(0, 1).Draw(t, "window")
		limit := int64(2073600)
		if at(release, "6.7") {
			limit = 2147
		}
		age := rapid.OneOf(rapid.Int64Range(-100, 3000000), rapid.Int64Range(limit-2, limit+2), rapid.Int64Range(58, 62)).Draw(t, "age")
		rst := rapid.Bool().Draw(t, "rst")
		now := r.Stamp + age
		lapsed := age >= limit || at(release, "2.6.38") && r.TS == 0
		if got, want := Passes(sem, r, now, tsval, window), dumbOlder(r.TS, tsval) <= int64(window) || lapsed; got != want {
			t.Fatalf("Check %v, want %v", got, want)
		}
		if got, want := Rejects(sem, r, now, tsval, rst), !(dumbOlder(r.TS, tsval) <= 0 || lapsed || rst && age >= 60); got != want {
			t.Fatalf("Rejects %v, want %v", got, want)
		}
		// What passes and what passReason and rejectReason say is the same.
		if (passReason(sem, r, now, tsval, window, nil) != 0) != Passes(sem, r, now, tsval, window) {
			t.Fatal("passReason differs from Check")
		}
		if (rejectReason(sem, r, now, &Segment{RST: rst, TSVal: tsval}, nil) == 0) != Rejects(sem, r, now, tsval, rst) {
			t.Fatal("rejectReason differs from Rejects")
		}
	})
}

func TestCheckBoundaries(t *testing.T) {
	old, young := semantics("6.6"), semantics("6.7")
	r := Recent{TS: 5, Stamp: 1000}
	for _, c := range []struct {
		tsval  uint32
		window int32
		want   bool
	}{
		{5, 0, true}, {4, 0, false}, {4, 1, true}, {3, 1, false},
		{5 + 1<<31, 0, true}, {5 + 1<<31, 1, true}, // exactly 2^31 apart is older on neither side
		{5 + 1<<31 + 1, 1, false}, {5 + 1<<31 - 1, 0, true},
	} {
		if got := Passes(young, r, 1001, c.tsval, c.window); got != c.want {
			t.Errorf("5 against %d, window %d: %v", c.tsval, c.window, got)
		}
	}
	for _, c := range []struct {
		sem  *kernel.Semantics
		age  int64
		want bool
	}{
		{old, 2073599, false}, {old, 2073600, true}, {young, 2146, false}, {young, 2147, true},
		{young, -1, false}, {old, -1, false},
		{young, 2147 + 1<<31 - 1, true}, {young, 2147 + 1<<31, false}, // the clock has 32 bits from 4.19 on
		{semantics("4.18"), 2073600 + 1<<31, true},
	} {
		if got := Passes(c.sem, r, 1000+c.age, 1, 1); got != c.want {
			t.Errorf("limit %v, age %d: %v", IdleLimit(c.sem), c.age, got)
		}
	}
	for age, want := range map[int64]bool{59: true, 60: false} {
		if got := Rejects(young, r, 1000+age, 1, true); got != want {
			t.Errorf("RST at age %d: %v", age, got)
		}
		if !Rejects(young, r, 1000+age, 1, false) || Rejects(young, r, 1000+age, 5, true) {
			t.Errorf("age %d", age)
		}
	}
	if IdleLimit(old) != 24*24*time.Hour || IdleLimit(young) != 2147*time.Second {
		t.Error("idle limits")
	}
}

func TestHostRulesAgainstDumbModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release, sem := drawSemantics(t)
		old := Host{TS: drawTS(t, "C", 0), Stamp: rapid.OneOf(rapid.Uint32Range(1e9, 1e9+10), rapid.Uint32Range(0, 3)).Draw(t, "Cs")}
		age := rapid.OneOf(rapid.Int64Range(-3, 200), rapid.Int64Range(58, 62)).Draw(t, "age")
		now := uint32(max(0, int64(old.Stamp)+age))
		age = int64(now) - int64(old.Stamp)
		tsval := drawTS(t, "tsval", old.TS)
		stamped := rapid.Bool().Draw(t, "stamped")
		signed := age < 60
		if at(release, "2.6.33") && age < 0 {
			signed = false // a stamp of the future is old
		}
		if got := HostFresh(sem, old.Stamp, now); got != signed {
			t.Fatalf("HostFresh %v", got)
		}
		want := signed && !at(release, "4.12")
		if stamped {
			want = want && dumbOlder(old.TS, tsval) >= 2
		} else {
			want = want && at(release, "3.17")
		}
		if got := RecycleRejects(sem, old, now, stamped, tsval); got != want {
			t.Fatalf("RecycleRejects %v, want %v", got, want)
		}
		stale := age > 60 || at(release, "2.6.33") && age < 0
		closing := Host{TS: tsval, Stamp: rapid.OneOf(rapid.Just(old.Stamp), rapid.Just(old.Stamp-1), rapid.Just(now), rapid.Just(old.Stamp+1)).Draw(t, "s")}
		if got, want := StampRemembered(sem, old, closing, now), dumbOlder(old.TS, tsval) <= 0 || stale && old.Stamp <= closing.Stamp; got != want {
			t.Fatalf("StampRemembered %v, want %v", got, want)
		}
		v6 := rapid.Bool().Draw(t, "v6")
		sys := &kernel.Sysctls{TCPTwRecycle: rapid.IntRange(-1, 1).Draw(t, "recycle"), TCPTimestamps: rapid.IntRange(0, 1).Draw(t, "timestamps")}
		on := sys.TCPTwRecycle != 0 && !at(release, "4.12") && (!v6 || at(release, "2.6.38"))
		if got, want := FetchStamp(sem, sys, old, v6, now), on && !stale; got != want {
			t.Fatalf("FetchStamp %v, want %v", got, want)
		}
		known := rapid.Bool().Draw(t, "known")
		judged := on && (at(release, "3.17") || stamped && sys.TCPTimestamps != 0 && (known || at(release, "3.6")))
		if got := RecycleJudges(sem, sys, v6, known, stamped); got != judged {
			t.Fatalf("RecycleJudges %v, want %v", got, judged)
		}
		if got, want := PeerProven(sem, known), known && at(release, "4.14"); got != want {
			t.Fatalf("PeerProven %v", got)
		}
	})
}

func TestUpdateRecent(t *testing.T) {
	for _, release := range []string{"3.7", "3.8"} {
		sem := semantics(release)
		for _, c := range []struct {
			name    string
			seq     uint32
			tsval   uint32
			age     int64
			conn    bool
			stamped bool
			ackOK   bool
			want    bool
		}{
			{"newer", 100, 11, 0, true, true, true, true},
			{"equal", 100, 10, 0, true, true, true, true},
			{"one tick old", 100, 9, 0, true, true, true, false},
			{"old, after the limit", 100, 9, oldstamp.Limit24Days, true, true, true, true},
			{"old, a second before", 100, 9, oldstamp.Limit24Days - 1, true, true, true, false},
			{"beyond what was acknowledged", 101, 11, 0, true, true, true, false},
			{"before it", 99, 11, 0, true, true, true, true},
			{"no option agreed", 100, 11, 0, false, true, true, false},
			{"no option", 100, 11, 0, true, false, true, false},
			{"bad ACK", 100, 11, 0, true, true, false, release == "3.7"},
		} {
			conn := &Conn{Recent: Recent{TS: 10, Stamp: 1000}, Timestamps: c.conn, RcvWup: 100, RcvNxt: 200}
			seg := &Segment{Timestamp: c.stamped, TSVal: c.tsval, Seq: c.seq}
			r, stored := UpdateRecent(sem, conn, seg, 1000+c.age, c.ackOK)
			if stored != c.want || stored && r != (Recent{c.tsval, 1000 + c.age}) || !stored && r != conn.Recent {
				t.Errorf("%s, %s: %v %v", release, c.name, r, stored)
			}
		}
	}
}

func TestClockSeconds(t *testing.T) {
	wall, mono := semantics("4.18"), semantics("4.19")
	for _, c := range []struct {
		sem       *kernel.Semantics
		now, wall time.Duration
		want      int64
	}{
		{mono, 1999 * time.Millisecond, time.Hour, 1}, {wall, 1999 * time.Millisecond, time.Hour, 3601},
		{wall, 500 * time.Millisecond, 500 * time.Millisecond, 1}, {mono, -time.Millisecond, 0, -1}, {mono, -time.Second, 0, -1}, {mono, 0, 9, 0},
	} {
		if got := ClockSeconds(c.sem, c.now, c.wall); got != c.want {
			t.Errorf("%v, %v: %d, want %d", c.now, c.wall, got, c.want)
		}
	}
}

func TestTicksAndWindows(t *testing.T) {
	for _, c := range []struct {
		release string
		rto     uint32
		hz      int
		usec    bool
		tick    time.Duration
		window  uint32
	}{
		{"4.12", 50, 250, false, 4 * time.Millisecond, 204}, {"4.12", 20, 100, true, 10 * time.Millisecond, 204},
		{"4.13", 200, 1000, false, time.Millisecond, 204}, {"6.6", 200, 1000, true, time.Millisecond, 204},
		{"6.7", 200, 1000, false, time.Millisecond, 240}, {"6.7", 50, 0, true, time.Microsecond, 200000},
		{"6.6", 50, 0, false, time.Millisecond, 204}, {"4.12", 50, -1, false, 4 * time.Millisecond, 204},
		{"6.7", 1, 300, true, time.Microsecond, 3333}, {"6.7", 1, 1, true, time.Microsecond, 1_000_000},
		{"6.7", 1, 1, false, time.Millisecond, 1200}, {"6.6", 1, 1, false, time.Millisecond, 1024}, {"4.12", 1, 1, false, time.Second, 1024},
	} {
		sem := semantics(c.release)
		if got := Tick(sem, c.hz, c.usec); got != c.tick {
			t.Errorf("%s: tick %v", c.release, got)
		}
		if got := ReplayWindow(sem, c.rto, c.hz, c.usec); got != c.window {
			t.Errorf("%s: replay window %d, want %d", c.release, got, c.window)
		}
	}
}

func TestOffsetScope(t *testing.T) {
	for release, want := range map[string]Scope{"4.9.154": ScopeHost, "4.10": ScopeConnection, "4.11": ScopePair, "6.12.93": ScopePair, "6.12.94": ScopeConnection, "6.1.190": ScopePair, "6.1.191": ScopeConnection, "6.18": ScopePair, "7.0": ScopeConnection} {
		if got := OffsetScope(semantics(release), 1); got != want {
			t.Errorf("%s: %v, want %v", release, got, want)
		}
		for _, v := range []int{0, 2, -1} {
			if got := OffsetScope(semantics(release), v); got != ScopeHost {
				t.Errorf("%s, tcp_timestamps=%d: %v", release, v, got)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	for mem, want := range map[uint64][2]int{0: {16384, 65664}, 512 << 20: {16384, 65664}, 512<<20 - 1: {8192, 65664}, 32<<20 + 1: {8192, 65664},
		32 << 20: {8192, 32832}, 16<<20 + 1: {8192, 32832}, 16 << 20: {8192, 16416}, 8<<20 + 1: {8192, 16416}, 8 << 20: {8192, 4104}} {
		if got := [2]int{MetricsSlots(mem), PeerThreshold(mem)}; got != want {
			t.Errorf("%d bytes: %v, want %v", mem, got, want)
		}
	}
	for total, want := range map[int][2]time.Duration{0: {600 * time.Second, 120 * time.Second}, 100: {120 * time.Second, 10 * time.Second},
		200: {120 * time.Second, 10 * time.Second}, 50: {360 * time.Second, 65 * time.Second}, 25: {480 * time.Second, 93 * time.Second}, 1: {596 * time.Second, 119 * time.Second}, 99: {125 * time.Second, 12 * time.Second}} {
		if got := [2]time.Duration{PeerTTL(total, 100), PeerSweep(total, 100)}; got != want {
			t.Errorf("%d of 100: %v, want %v", total, got, want)
		}
	}
	if ttl, pause := PeerTTL(0, 0), PeerSweep(0, 0); ttl != 120*time.Second || pause != 10*time.Second {
		t.Errorf("none of none: %v, %v", ttl, pause)
	}
}

// A nil pointer is the zero value, everywhere.
func TestNil(t *testing.T) {
	if !Passes(nil, Recent{}, 0, 0, 0) || Passes(nil, Recent{TS: 2}, 0, 0, 1) || Rejects(nil, Recent{}, 0, 0, false) {
		t.Error("Passes, Rejects")
	}
	if v := DecideEstablished(nil, nil, nil, 0); v != (Verdict{Action: Pass, Reason: NoTimestamp}) {
		t.Error(v)
	}
	if v := DecideSYNSent(nil, nil, nil, 0, 0, 0); v.Action != Pass {
		t.Error(v)
	}
	if v := DecideSYNRecv(nil, nil, Request{}, nil); v.Action != Pass {
		t.Error(v)
	}
	if v := DecideTimeWait(nil, Recent{}, false, nil, 0); v.Action != Pass {
		t.Error(v)
	}
	if RecycleRejects(nil, Host{TS: 5}, 0, true, 0) || RecycleJudges(nil, nil, false, true, true) || PeerProven(nil, true) || FetchStamp(nil, nil, Host{}, false, 0) {
		t.Error("no kernel, and it recycles")
	}
	if !HostFresh(nil, 0, 59) || HostFresh(nil, 0, 60) || !StampRemembered(nil, Host{}, Host{}, 0) {
		t.Error("HostFresh")
	}
	if DisorderedACK(nil, nil, nil) || ReplayWindow(nil, 0, 0, false) != 0 || Tick(nil, 0, false) != 4*time.Millisecond || RequestAge(nil, 9, 0) != 0 {
		t.Error("numbers")
	}
	if r, stored := UpdateRecent(nil, nil, nil, 0, true); stored || r != (Recent{}) || ClockSeconds(nil, time.Second, time.Second) != 2 || IdleLimit(nil) != 24*24*time.Hour || OffsetScope(nil, 1) != ScopeHost {
		t.Error("others")
	}
}
