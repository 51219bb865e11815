package timewait

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/internal/rowtest"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
	"pgregory.net/rapid"
)

func semOf(release string) *kernel.Semantics {
	s := kernel.MustParse(release).Semantics()
	return &s
}

func TestFloor(t *testing.T) {
	for rto, want := range map[time.Duration]time.Duration{0: 0, 200 * time.Millisecond: 700 * time.Millisecond, time.Second: 3500 * time.Millisecond, 3: 11} {
		if got := Floor(rto); got != want {
			t.Errorf("Floor(%v) = %v, want %v", rto, got, want)
		}
	}
}

func TestLinger2(t *testing.T) {
	sys := &kernel.Sysctls{TCPFinTimeout: 60}
	for _, c := range []struct {
		release string
		seconds int
		want    time.Duration
	}{
		{"5.7", -1, -1}, {"5.8", -1, -1}, {"5.7", 0, 0}, {"5.7", 60, 60 * time.Second}, {"5.7", 61, 0}, {"5.7", 59, 59 * time.Second},
		{"5.8", 61, 61 * time.Second}, {"5.8", 120, 120 * time.Second}, {"5.8", 121, 120 * time.Second}, {"5.8", 0, 0},
	} {
		if got := Linger2(semOf(c.release), sys, c.seconds); got != c.want {
			t.Errorf("%s: Linger2(%d) = %v, want %v", c.release, c.seconds, got, c.want)
		}
	}
	if got := Linger2(nil, nil, 1); got != 0 {
		t.Errorf("without kernel: %v", got)
	}
}

func TestFinTimeAndPlan(t *testing.T) {
	rto := 200 * time.Millisecond
	for _, c := range []struct{ fin, full, entry int }{
		{1, 0, 1}, {3, 0, 3}, {59, 0, 59}, {60, 0, 60}, {61, 1, 1}, {63, 3, 3}, {70, 10, 10}, {90, 30, 30}, {120, 60, 60}, {200, 140, 140},
	} {
		sys := &kernel.Sysctls{TCPFinTimeout: c.fin}
		o := PlanFinWait2(FinTime(sys, 0, rto), 0, rto)
		if want := (Orphan{Full: time.Duration(c.full) * time.Second, Entry: time.Duration(c.entry) * time.Second}); o != want {
			t.Errorf("tcp_fin_timeout %d: %+v, want %+v", c.fin, o, want)
		}
		if o.Total() != o.Full+o.Entry {
			t.Errorf("total %v", o.Total())
		}
	}
	if o := PlanFinWait2(Length, -1, rto); o != (Orphan{Abort: true}) {
		t.Errorf("%+v", o)
	}
	// The floor: 3.5 s at an RTO of 1 s, also of the entry's part.
	sys := &kernel.Sysctls{TCPFinTimeout: 1}
	if got := FinTime(sys, 0, time.Second); got != 3500*time.Millisecond {
		t.Errorf("floor: %v", got)
	}
	if got := FinTime(sys, 5*time.Second, time.Second); got != 5*time.Second {
		t.Errorf("TCP_LINGER2: %v", got)
	}
	if o := PlanFinWait2(61*time.Second, 0, time.Second); o.Full != time.Second || o.Entry != 3500*time.Millisecond {
		t.Errorf("%+v", o)
	}
}

func TestEntryTimeout(t *testing.T) {
	rto := time.Second
	for _, c := range []struct {
		state   State
		timeout time.Duration
		recycle bool
		want    time.Duration
	}{
		{TimeWait, 0, false, Length}, {TimeWait, 90 * time.Second, false, Length}, {TimeWait, 0, true, 3500 * time.Millisecond},
		{FinWait2, time.Second, false, 3500 * time.Millisecond}, {FinWait2, 4 * time.Second, true, 4 * time.Second},
	} {
		if got := EntryTimeout(c.state, c.timeout, rto, c.recycle); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if got := EntryTimeout(TimeWait, 0, 120*time.Second, false); got != Length {
		t.Errorf("the RTO has no part in TIME_WAIT: %v", got)
	}
}

func TestRecycles(t *testing.T) {
	on := &kernel.Sysctls{TCPTwRecycle: 1}
	for _, c := range []struct {
		release                   string
		sys                       *kernel.Sysctls
		v6, stamped, memory, want bool
	}{
		{"4.11", on, false, true, true, true}, {"4.12", on, false, true, true, false}, {"4.11", nil, false, true, true, false},
		{"4.11", on, false, false, true, false}, {"4.11", on, false, true, false, false}, {"2.6.37", on, true, true, true, false}, {"2.6.38", on, true, true, true, true},
	} {
		if got := Recycles(semOf(c.release), c.sys, c.v6, c.stamped, c.memory); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestReopenISN(t *testing.T) {
	for snd, want := range map[uint32]uint32{0: 65537, 1<<32 - 65537: 1, 1<<32 - 65536: 1, 1<<32 - 65535: 2} {
		if got := ReopenISN(snd); got != want {
			t.Errorf("%d: %d, want %d", snd, got, want)
		}
	}
	for _, c := range []struct {
		release string
		v4, v6  bool
	}{{"3.10", false, false}, {"4.14.6", false, true}, {"4.15", true, true}, {"6.9", true, true}, {"6.10", false, false}} {
		if ReopenISNLost(semOf(c.release), false) != c.v4 || ReopenISNLost(semOf(c.release), true) != c.v6 {
			t.Errorf("%s: lost", c.release)
		}
	}
}

func TestDefaultsOfMaxTWBuckets(t *testing.T) {
	for _, c := range []struct {
		release string
		memory  uint64
		want    int
	}{
		{"2.6.32", 8 << 20, 2048}, {"2.6.32", 16 << 20, 4096}, {"2.6.32", 32 << 20, 8192}, {"2.6.32", 64 << 20, 16384}, {"2.6.32", 1 << 30, 180000},
		{"2.6.36", 1 << 30, 65536}, {"3.10", 512 << 20, 2048}, {"6.18", 24 << 30, 131072}, {"7.2", 1 << 40, 262144},
	} {
		sys := must(kernel.Defaults(kernel.MustParse(c.release), kernel.Machine{MemoryBytes: c.memory}))
		if sys.TCPMaxTWBuckets != c.want {
			t.Errorf("%s with %d MiB: %d, want %d", c.release, c.memory>>20, sys.TCPMaxTWBuckets, c.want)
		}
	}
}

func TestPAWS(t *testing.T) {
	const half = 1 << 31
	for _, c := range []struct {
		release                   string
		recent, tsval, seen, then uint32
		rst, want                 bool
	}{
		{"7.2", 100, 100, 5, 5, false, false}, {"7.2", 100, 99, 5, 5, false, true}, {"7.2", 100, 101, 5, 5, false, false},
		{"7.2", 100, 100 + half, 5, 5, false, false}, {"7.2", 100, 101 + half, 5, 5, false, true},
		{"7.2", 100, 99, 5, 5 + 2146, false, true}, {"7.2", 100, 99, 5, 5 + 2147, false, false},
		{"6.6", 100, 99, 5, 5 + 24*86400 - 1, false, true}, {"6.6", 100, 99, 5, 5 + 24*86400, false, false},
		{"7.2", 100, 99, 5, 64, true, true}, {"7.2", 100, 99, 5, 65, true, false}, {"7.2", 100, 99, 5, 65, false, true},
		{"3.10", 100, 99, 5, 64, true, true}, {"3.10", 100, 99, 5, 65, true, false},
		{"2.6.37", 0, 1 << 31, 5, 5, false, false}, {"2.6.37", 0, 1<<31 + 1, 5, 5, false, true}, {"2.6.38", 0, 1<<31 + 1, 5, 5, false, false},
		{"4.18", 100, 99, 1000, 5, true, true}, {"4.19", 100, 99, 1000, 5, true, true},
		{"4.18", 100, 99, 1<<32 - 10, 60, true, true}, {"4.19", 100, 99, 1<<32 - 10, 60, true, false}, // wraps
	} {
		if got := PAWSRejects(semOf(c.release), c.recent, c.tsval, c.seen, c.then, c.rst); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestAnswerLimited(t *testing.T) {
	for _, c := range []struct {
		last, now, limit uint32
		want             bool
	}{
		{0, 10, 125, false}, {5, 5, 125, true}, {5, 129, 125, true}, {5, 130, 125, false}, {5, 4, 125, false}, {5, 5, 0, false},
		{1<<32 - 1, 3, 125, true}, {5, 5 + 1<<31, 1 << 31, false}, {1, 1<<31 - 1, 1 << 31, true},
	} {
		if got := AnswerLimited(c.last, c.now, c.limit); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	for f, want := range map[Flags]bool{FlagACK: false, FlagFIN: true, FlagSYN: false, FlagSYN | FlagFIN: false} {
		if AnswerExempt(&Segment{Flags: f}) != want {
			t.Errorf("%v", f)
		}
	}
	if !AnswerExempt(&Segment{Flags: FlagACK, Len: 1}) || AnswerExempt(&Segment{Flags: FlagSYN, Len: 1}) {
		t.Error("data")
	}
}

func TestReuseAge(t *testing.T) {
	one := &kernel.Sysctls{TCPTWReuse: 1, TCPTWReuseDelay: 1000}
	for _, c := range []struct {
		release string
		r       Reuse
		want    bool
	}{
		{"4.18", Reuse{SeenAt: 10, Now: 11}, false}, {"4.18", Reuse{SeenAt: 10, Now: 12}, true}, {"4.18", Reuse{SeenAt: 10, Now: 9}, true},
		{"4.19", Reuse{SeenAt: 10, Now: 10}, false}, {"4.19", Reuse{SeenAt: 10, Now: 11}, true}, {"4.19", Reuse{SeenAt: 10, Now: 9}, false},
		{"6.14", Reuse{SeenAt: 10, Now: 19, EntryMs: 500, NowMs: 1500}, false}, {"6.14", Reuse{SeenAt: 10, EntryMs: 500, NowMs: 1501}, true},
		{"6.14", Reuse{SeenAt: 10, EntryMs: 1<<32 - 500, NowMs: 501}, true}, {"6.14", Reuse{SeenAt: 10, EntryMs: 1<<32 - 500, NowMs: 500}, false},
	} {
		if got := ReuseAge(semOf(c.release), one, c.r); got != c.want {
			t.Errorf("%s %+v: %v", c.release, c.r, got)
		}
		if x := ExplainReuse(semOf(c.release), one, c.r); x.Verdict != DecideReuse(semOf(c.release), one, c.r) || len(x.Checks) < 3 {
			t.Errorf("%v", x)
		}
	}
}

func TestReuseCounters(t *testing.T) {
	one := kernel.CountersOf(kernel.TWRecycled)
	for _, c := range []struct {
		release      string
		bound, taken bool
		want         kernel.CounterSet
	}{
		{"2.6.32", false, true, one}, {"2.6.32", true, true, one}, {"2.6.32", false, false, one}, {"2.6.32", true, false, kernel.CounterSet{}},
		{"7.2", false, true, one}, {"7.2", true, true, one}, {"7.2", false, false, kernel.CounterSet{}}, {"7.2", true, false, kernel.CounterSet{}},
	} {
		if got := ReuseCounters(semOf(c.release), c.bound, c.taken); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for _, c := range []struct {
		local, remote string
		lo, want      bool
	}{
		{"127.0.0.1", "10.0.0.1", false, true}, {"10.0.0.1", "127.255.0.9", false, true}, {"10.0.0.1", "10.0.0.1", false, false},
		{"10.0.0.1", "10.0.0.2", true, true}, {"::1", "fd00::1", false, true}, {"fd00::1", "::ffff:127.0.0.1", false, true}, {"fd00::1", "fd00::1", false, false},
	} {
		if got := IsLoopback(netip.MustParseAddr(c.local), netip.MustParseAddr(c.remote), c.lo); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// In every case the truth table obeys the sentence that documents quote for its era.
func TestReuseTableRules(t *testing.T) {
	for _, r := range rowtest.Mainline() {
		sem := r.Semantics()
		all := ReuseTable(&sem)
		if len(all) != 96 {
			t.Fatalf("%d cases", len(all))
		}
		for _, c := range all {
			setting := c.Setting == 1 || c.Setting == 2 && (!sem.TWReuseLoopback || c.Loopback)
			want := c.Timestamps && (c.Bound || setting && c.Old && (c.State == TimeWait || !sem.TWReuseNotFinWait2))
			if (c.Verdict.Action == Take) != want {
				t.Errorf("%v: %v", r, c)
			}
		}
	}
}

func TestLifetime(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		release string
		hz      int
		timeout time.Duration
		busy    bool
		lo, hi  time.Duration
	}{
		{"3.10", 1000, Length, false, 52500 * ms, 60000 * ms}, {"3.10", 1000, Length, true, 97500 * ms, 112500 * ms},
		{"3.10", 1000, 30 * time.Second, false, 30000 * ms, 37500 * ms}, {"3.10", 1000, 5 * time.Second, false, 7500 * ms, 15000 * ms},
		{"3.10", 1000, 700 * ms, false, 0, 768 * ms}, {"3.10", 100, 700 * ms, false, 0, 800 * ms}, {"3.10", 250, 700 * ms, false, 0, 768 * ms},
		{"3.10", 1000, 3968 * ms, false, 0, 3968 * ms}, {"3.10", 1000, 3969 * ms, false, 7500 * ms, 15000 * ms},
		{"4.4", 250, Length, false, 59996 * ms, 60000 * ms}, {"4.7", 100, Length, true, 59990 * ms, 60000 * ms},
		{"5.10", 250, Length, false, 60000 * ms, 62048 * ms}, {"5.10", 250, Length, true, 60000 * ms, 62048 * ms}, {"4.8", 250, Length, false, 60000 * ms, 62048 * ms},
		{"5.10", 1000, Length, false, 60000 * ms, 64096 * ms}, {"5.10", 100, Length, false, 60000 * ms, 65120 * ms}, {"5.10", 17, Length, false, 60000 * ms, 62048 * ms},
		{"5.10", 300, Length, false, 60000 * ms, 61706666667}, {"7.2", 250, 3 * time.Second, false, 3000 * ms, 3256 * ms}, {"7.2", 250, 10 * time.Second, false, 10000 * ms, 10256 * ms},
		{"5.10", 250, 0, false, 0, 0}, {"5.10", 250, -1, false, 0, 0}, {"5.10", 250, 1, false, 4 * ms, 8 * ms}, {"4.7", 250, 1, false, 0, 4 * ms},
	} {
		if lo, hi := Lifetime(semOf(c.release), c.hz, c.timeout, c.busy); lo != c.lo || hi != c.hi {
			t.Errorf("%+v: %v to %v", c, lo, hi)
		}
	}
	if lo, hi := Lifetime(nil, 250, Length, false); lo != 0 || hi != 0 {
		t.Error("no kernel has a lifetime")
	}
	if got := Population(semOf("3.10"), 1000, 20); got != 2100 {
		t.Errorf("20 closes/s: %v", got)
	}
	// 100 in 7.5 s do not stall the wheel, more do.
	if a, b := Population(semOf("3.10"), 1000, 100/7.5), Population(semOf("3.10"), 1000, 13.34); a < 749 || a > 751 || b < 1400 || b > 1402 {
		t.Errorf("100 closes in 7.5 s: %v, a few more: %v", a, b)
	}
	if lo, hi := Lifetime(semOf("5.10"), 250, 1, false); hi <= lo {
		t.Errorf("the shortest timeout: %v to %v", lo, hi)
	}
	if got := Population(semOf("3.10"), 1000, 10); got != 562.5 {
		t.Errorf("10 closes/s: %v", got)
	}
}

// InWindow against its definition with plain numbers.
func TestInWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Uint32().Draw(t, "low")
		w := rapid.Uint32Range(0, 1<<30).Draw(t, "window")
		at := rapid.OneOf(rapid.Int64Range(-70000, 70000), rapid.Int64Range(int64(w)-2, int64(w)+2)).Draw(t, "seq")
		n := rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, 70000)).Draw(t, "len")
		want := at == 0 || at+n > 0 && at < int64(w) || at == int64(w) && n == 0
		if got := serial.InWindow(low+uint32(at), low+uint32(at+n), low, low+w); got != want {
			t.Fatalf("at %d, %d long, window %d: %v", at, n, w, got)
		}
	})
}

func TestEntryBytes(t *testing.T) {
	for release, want := range map[string][2]int{
		"2.6.32": {256, 320}, "2.6.32-642.el6.x86_64": {256, 320}, "3.8": {256, 320}, "3.9": {192, 256}, "3.10.0-1160.el7.x86_64": {192, 256}, "3.12": {192, 256},
		"3.13": {192, 192}, "4.0": {192, 192}, "4.1": {248, 248}, "5.9": {248, 248}, "5.10.223": {240, 240}, "6.0": {240, 240},
		"6.1.192": {264, 264}, "6.11": {264, 264}, "6.12.107": {248, 248}, "7.1": {248, 248}, "7.2": {264, 264},
	} {
		if got := [2]int{EntryBytes(semOf(release), false), EntryBytes(semOf(release), true)}; got != want {
			t.Errorf("%s: %v, want %v", release, got, want)
		}
	}
	if EntryBytes(nil, false) != 0 || ReopenISNLost(nil, true) || !LimitIsShared(nil) {
		t.Error("without kernel")
	}
}

func TestLimitIsShared(t *testing.T) {
	for release, want := range map[string]bool{"2.6.32": true, "4.10.17": true, "4.11": false, "7.2": false} {
		if LimitIsShared(semOf(release)) != want {
			t.Errorf("%s: not %v", release, want)
		}
	}
}
