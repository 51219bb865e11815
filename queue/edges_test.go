package queue_test

import (
	"fmt"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// Tests in this file hold the numbers on both sides of every comparison.

// semOf is a copy, for the caller to change.
func semOf(release string) *kernel.Semantics {
	s := kernel.MustParse(release).Semantics()
	return &s
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestEdgesQueues(t *testing.T) {
	for _, c := range []struct {
		length, limit uint32
		full          bool
	}{{0, 0, false}, {1, 0, true}, {5, 5, false}, {6, 5, true}, {65535, 65535, false}, {1<<32 - 1, 1<<32 - 2, true}} {
		same(t, fmt.Sprintf("AcceptQueueFull(%d, %d)", c.length, c.limit), queue.AcceptQueueFull(c.length, c.limit), c.full)
	}
	for _, c := range []struct {
		release              string
		length, limit, young uint32
		drop                 bool
	}{
		{"4.9", 6, 5, 2, true}, {"4.9", 6, 5, 1, false}, {"4.9", 6, 5, 0, false}, {"4.9", 5, 5, 9, false},
		{"4.10", 6, 5, 0, true}, {"4.10", 5, 5, 9, false}, {"4.10", 1, 0, 0, true},
	} {
		same(t, fmt.Sprintf("%s FullForSYN(%d, %d, %d)", c.release, c.length, c.limit, c.young), queue.FullForSYN(semOf(c.release), c.length, c.limit, c.young), c.drop)
	}
	for _, c := range []struct {
		release   string
		n, limit  uint32
		full      bool
		capacity  uint64
		ofBacklog uint32
	}{
		{"4.3", 15, 16, false, 16, 16}, {"4.3", 16, 16, true, 16, 16}, {"4.3", 17, 16, true, 16, 16},
		{"4.4", 15, 16, false, 16, 16}, {"4.4", 16, 16, true, 16, 16}, {"4.4", 0, 0, true, 0, 0},
		{"6.13", 16, 16, false, 17, 16}, {"6.13", 17, 16, true, 17, 16}, {"6.13", 0, 0, false, 1, 0}, {"6.13", 1, 0, true, 1, 0},
		{"6.13", 5, 1<<32 - 1, false, 1 << 32, 0},
	} {
		sem := semOf(c.release)
		same(t, fmt.Sprintf("%s SYNQueueFull(%d, %d)", c.release, c.n, c.limit), queue.SYNQueueFull(sem, c.n, c.limit), c.full)
		same(t, fmt.Sprintf("%s SYNQueueCapacity(%d)", c.release, c.limit), queue.SYNQueueCapacity(sem, c.limit), c.capacity)
	}
	for _, c := range []struct {
		release         string
		backlog, max, m int32
		want            uint32
	}{
		{"4.3", 0, 128, 256, 16}, {"4.3", 15, 128, 256, 16}, {"4.3", 16, 128, 256, 32}, {"4.3", 31, 128, 256, 32}, {"4.3", 32, 128, 256, 64},
		{"4.3", 127, 128, 256, 128}, {"4.3", 128, 128, 256, 256}, {"4.3", 1000, 128, 256, 256}, {"4.3", 1000, 4096, 16, 32}, {"4.3", 1000, 4096, 15, 16},
		{"4.3", 128, 128, 7, 16}, {"4.3", 128, 128, -1, 256}, {"3.10.5", 65536, 1 << 20, 1 << 20, 131072},
		{"4.4", 0, 128, 256, 0}, {"4.4", 128, 128, 16, 128}, {"4.4", 129, 128, 16, 128}, {"4.4", 127, 128, 16, 127}, {"4.4", -1, 128, 16, 128}, {"7.2", 65537, 1 << 20, 1, 65537},
	} {
		same(t, fmt.Sprintf("%s SYNQueueLimit(%d, %d, %d)", c.release, c.backlog, c.max, c.m), queue.SYNQueueLimit(semOf(c.release), c.backlog, c.max, c.m), c.want)
	}
	for _, c := range []struct {
		m    int32
		n    uint32
		drop bool
	}{
		{128, 96, false}, {128, 97, true}, {4, 3, false}, {4, 4, true}, {16, 12, false}, {16, 13, true}, {3, 3, false}, {3, 4, true},
		{0, 0, false}, {0, 1, true}, {-1, 0, false}, {-1, 1, true}, {-2, 0, true}, {-4, 0, true}, {-5, 0, true},
	} {
		same(t, fmt.Sprintf("LastQuarter(%d, %d)", c.n, c.m), queue.LastQuarter(c.n, c.m), c.drop)
	}
	for m, want := range map[int32]uint32{128: 97, 256: 193, 512: 385, 1024: 769, 16: 13, 4: 4, 3: 4, 1: 2, 0: 1, -1: 1, -2: 0, -128: 0} {
		same(t, fmt.Sprintf("LastQuarterCapacity(%d)", m), queue.LastQuarterCapacity(m), want)
	}
}

func TestEdgesSYNACKRetries(t *testing.T) {
	for _, c := range []struct {
		release     string
		retries     int
		q, y, b, s  uint32
		want        int
		explanation string
	}{
		{"4.3", 5, 7, 0, 5, 16, 5, "below half"}, {"4.3", 5, 8, 0, 5, 16, 2, "half"}, {"4.3", 5, 8, 8, 5, 16, 5, "all young"},
		{"4.3", 5, 8, 4, 5, 16, 4, "8 < 8 is false"}, {"4.3", 5, 8, 5, 5, 16, 5, "8 < 10"}, {"4.3", 5, 8, 2, 5, 16, 3, ""}, {"4.3", 5, 8, 1, 5, 16, 2, ""},
		{"4.4", 5, 4, 0, 0, 0, 5, "8 > 8 is false"}, {"4.4", 5, 5, 0, 0, 0, 2, ""}, {"4.4", 5, 4, 0, 8, 8, 5, ""}, {"4.4", 5, 5, 0, 8, 8, 2, ""},
		{"4.4", 5, 5, 0, 9, 9, 2, "10 > 9"}, {"4.4", 5, 5, 0, 10, 10, 5, "exactly half"}, {"4.4", 5, 6, 0, 11, 11, 2, ""}, {"4.4", 5, 64, 0, 128, 128, 5, ""}, {"4.4", 5, 65, 0, 128, 128, 2, ""},
		{"4.4", 3, 65, 0, 128, 128, 2, ""}, {"4.4", 2, 65, 0, 128, 128, 2, ""}, {"4.4", 1, 65, 0, 128, 128, 1, ""}, {"4.4", 0, 65, 0, 128, 128, 0, ""}, {"4.4", -1, 65, 0, 128, 128, -1, ""},
		{"4.4", 255, 65, 64, 128, 128, 255, ""}, {"4.4", 255, 65, 0, 128, 128, 2, ""}, {"4.4", 5, 65, 33, 128, 128, 5, ""}, {"4.4", 5, 66, 33, 128, 128, 4, ""},
	} {
		q := queue.Queues{Requests: c.q, Young: c.y, AcceptLimit: c.b, SYNLimit: c.s}
		same(t, fmt.Sprintf("%s SYNACKRetries(%d, %+v) (%s)", c.release, c.retries, q, c.explanation), queue.SYNACKRetries(semOf(c.release), c.retries, q), c.want)
	}
}

func TestEdgesTimer(t *testing.T) {
	for n := range 8 {
		for retries := -1; retries < 8; retries++ {
			for d := range 6 {
				for _, acked := range []bool{false, true} {
					expire := n >= retries && (d == 0 || !acked || n >= d)
					got := queue.DecideTimer(n, retries, d, acked)
					same(t, fmt.Sprintf("DecideTimer(%d, %d, %d, %v).Expire", n, retries, d, acked), got.Expire, expire)
					if !expire {
						same(t, fmt.Sprintf("DecideTimer(%d, %d, %d, %v).Resend", n, retries, d, acked), got.Resend, d == 0 || !acked || n >= d-1)
					}
				}
			}
		}
	}
	for secs, want := range map[int]int{-1: 0, 0: 0, 1: 1, 2: 2, 3: 2, 4: 3, 7: 3, 8: 4, 15: 4, 16: 5, 31: 5, 32: 6, 63: 6, 64: 7, 127: 7, 128: 8, 247: 8, 248: 9, 1 << 30: 255} {
		same(t, fmt.Sprintf("DeferAcceptRetries(%d)", secs), queue.DeferAcceptRetries(semOf("7.2"), secs), want)
	}
	for secs, want := range map[int]int{1: 1, 3: 1, 4: 2, 9: 2, 10: 3, 21: 3, 22: 4} {
		same(t, fmt.Sprintf("2.6.32 DeferAcceptRetries(%d)", secs), queue.DeferAcceptRetries(semOf("2.6.32"), secs), want)
	}
	for _, release := range []string{"2.6.32", "4.1", "7.2"} {
		for secs := range 20000 {
			if got, want := queue.DeferAcceptRetries(cachedSemOf(release), secs), deferRetries(*cachedSemOf(release), secs); got != want {
				t.Fatalf("%s DeferAcceptRetries(%d) = %d, want %d", release, secs, got, want)
			}
		}
	}
	for _, c := range []struct {
		release  string
		n, rtoMS int
		want     time.Duration
	}{
		{"3.0", 0, 0, 3 * time.Second}, {"3.0", 5, 0, 96 * time.Second}, {"3.0", 6, 0, 120 * time.Second}, {"3.1", 0, 0, time.Second}, {"3.1", 6, 0, 64 * time.Second},
		{"3.1", 7, 0, 120 * time.Second}, {"3.1", 255, 0, 120 * time.Second}, {"6.18.44", 3, 5000, 8 * time.Second}, {"6.19", 2, 5000, 4 * time.Second}, {"6.19", 3, 5000, 5 * time.Second},
		{"6.19", 3, 8000, 8 * time.Second}, {"6.19", 3, 7999, 7999 * time.Millisecond}, {"6.19", 7, 0, 120 * time.Second}, {"6.19", 1, 1000, time.Second}, {"6.19", 0, 1000, time.Second},
	} {
		same(t, fmt.Sprintf("%s SYNACKTimeout(%d, %d)", c.release, c.n, c.rtoMS), queue.SYNACKTimeout(semOf(c.release), c.n, c.rtoMS), c.want)
	}
	for _, c := range []struct {
		release string
		retries int
		resends []int
		end     int
	}{
		{"7.2", 5, []int{1, 3, 7, 15, 31}, 63}, {"7.2", 0, nil, 1}, {"7.2", 1, []int{1}, 3}, {"3.0", 5, []int{3, 9, 21, 45, 93}, 189}, {"7.2", 7, []int{1, 3, 7, 15, 31, 63, 127}, 247}, {"7.2", -1, nil, 1},
	} {
		resends, end := queue.SYNRecvLifetime(semOf(c.release), c.retries, 0)
		var want []time.Duration
		for _, s := range c.resends {
			want = append(want, time.Duration(s)*time.Second)
		}
		same(t, fmt.Sprintf("%s SYNRecvLifetime(%d)", c.release, c.retries), fmt.Sprint(resends, end), fmt.Sprint(want, time.Duration(c.end)*time.Second))
	}
}

var parsed = map[string]*kernel.Semantics{}

// cachedSemOf is semOf, remembered.
func cachedSemOf(release string) *kernel.Semantics {
	s, ok := parsed[release]
	if !ok {
		s = semOf(release)
		parsed[release] = s
	}
	return s
}

func TestEdgesCookieGate(t *testing.T) {
	const hz = 250
	for _, c := range []struct {
		release    string
		first      int64 // jiffies from the stamp at which an ACK is looked at, first and last
		last       int64
		below, abo bool // and outside
	}{
		{"4.1", -5, 3 * hz, true, false}, {"4.2", -5, 120 * hz, true, false}, {"4.19.78", -5, 120 * hz, true, false}, {"5.5", -hz, 120 * hz, false, false}, {"4.9.207", -hz, 120 * hz, false, false},
	} {
		sem := semOf(c.release)
		clock, err := kernel.NewClock(*sem, hz)
		if err != nil {
			t.Fatal(err)
		}
		for _, now := range []time.Duration{500 * time.Second, 300 * time.Second, 302 * time.Second, 10 * time.Second} {
			j := clock.Jiffies(now)
			for d, want := range map[int64]bool{0: true, c.first: true, c.last: true, c.first - 1: c.below, c.last + 1: c.abo} {
				stamp := uint64(int64(j) - d)
				same(t, fmt.Sprintf("%s: CookieExpected at %v, stamp %d jiffies ago", c.release, now, d), queue.CookieExpected(sem, clock, now, stamp), want)
				if sem.CookieGate >= kernel.CookieGateWraps { // only the lower half counts
					same(t, fmt.Sprintf("%s: CookieExpected at %v, 32-bit stamp %d jiffies ago", c.release, now, d), queue.CookieExpected(sem, clock, now, uint64(uint32(stamp))), want)
				}
			}
		}
	}
	tick := 4 * time.Millisecond
	at := func(jiffies uint64) time.Duration {
		n := jiffies + 300*hz
		return time.Duration(n/hz)*time.Second + time.Duration(n%hz)*tick
	}
	for _, c := range []struct {
		release string
		now     time.Duration
		want    bool
	}{
		{"4.1", 0, false}, {"4.1", 301 * time.Second, false}, {"4.2", 0, false}, {"4.2", 350 * time.Second, false},
		{"4.19.78", 0, true}, {"4.19.78", 420 * time.Second, true}, {"4.19.78", 420*time.Second + tick, false},
		{"4.19.78", at(1<<31 + 30000), false}, {"4.19.78", at(1<<31 + 30001), true}, {"4.19.78", at(1<<32 + 30000), true}, {"4.19.78", at(1<<32 + 30001), false},
		{"5.5", 0, false}, {"5.5", 299*time.Second - tick, false}, {"5.5", 299 * time.Second, true}, {"5.5", 420 * time.Second, true}, {"5.5", 420*time.Second + tick, false}, {"5.5", at(1<<31 + 30001), false},
	} {
		sem := semOf(c.release)
		clock, _ := kernel.NewClock(*sem, hz)
		same(t, fmt.Sprintf("%s: CookieExpected at %v, no stamp", c.release, c.now), queue.CookieExpected(sem, clock, c.now, 0), c.want)
	}
	now := 500 * time.Second
	for _, c := range []struct {
		release string
		ago     int64
		moves   bool
	}{
		{"4.1", 0, true}, {"4.1", 1, true}, {"4.2", hz, false}, {"4.2", hz + 1, true}, {"4.2", 0, false}, {"4.2", -1, false},
		{"4.19.78", hz, false}, {"4.19.78", hz + 1, true}, {"4.19.78", -1, false}, {"5.5", hz, false}, {"5.5", hz + 1, true}, {"5.5", 0, false}, {"5.5", -1, true},
	} {
		sem := semOf(c.release)
		clock, _ := kernel.NewClock(*sem, hz)
		j := clock.Jiffies(now)
		stamp := uint64(int64(j) - c.ago)
		want := stamp
		if c.moves {
			want = j
		}
		same(t, fmt.Sprintf("%s: CookieStamp %d jiffies later", c.release, c.ago), uint32(queue.CookieStamp(sem, clock, now, stamp)), uint32(want))
	}
	for _, c := range []struct {
		release string
		now     time.Duration
		moves   bool
	}{
		{"4.1", 0, true}, {"4.2", 0, true}, {"4.19.78", 0, false}, {"4.19.78", 301 * time.Second, false}, {"4.19.78", 301*time.Second + tick, true},
		{"5.5", 0, true}, {"5.5", 300*time.Second - tick, true}, {"5.5", 300 * time.Second, false}, {"5.5", 301 * time.Second, false}, {"5.5", 301*time.Second + tick, true},
	} {
		sem := semOf(c.release)
		clock, _ := kernel.NewClock(*sem, hz)
		got := queue.CookieStamp(sem, clock, c.now, 0)
		same(t, fmt.Sprintf("%s: CookieStamp at %v, none before, moves", c.release, c.now), got != 0, c.moves)
		if c.moves {
			same(t, "CookieStamp", uint32(got), clock.Jiffies32(c.now))
		}
	}
}

func TestEdgesCookieContent(t *testing.T) {
	for _, c := range []struct {
		release   string
		made, now uint32
		want      bool
	}{
		{"3.12", 10, 10, true}, {"3.12", 10, 13, true}, {"3.12", 10, 14, false}, {"3.12", 10, 9, false},
		{"3.13", 10, 10, true}, {"3.13", 10, 11, true}, {"3.13", 10, 12, false}, {"3.13", 10, 9, false}, {"3.13", 1<<32 - 1, 0, true}, {"3.13", 1<<32 - 1, 1, false},
	} {
		same(t, fmt.Sprintf("%s CookieFresh(%d, %d)", c.release, c.made, c.now), queue.CookieFresh(semOf(c.release), c.made, c.now), c.want)
	}
	for _, c := range []struct {
		release string
		v6      bool
		table   []uint16
	}{
		{"2.6.32", false, []uint16{64, 256, 512, 536, 1024, 1440, 1460, 4312}}, {"2.6.32", true, []uint16{64, 256, 512, 536, 1024, 1440, 1460, 4312}},
		{"2.6.36", false, []uint16{64, 512, 536, 1024, 1440, 1460, 4312, 8960}}, {"2.6.36", true, []uint16{64, 512, 536, 1220, 1420, 1440, 4400, 8940}},
		{"3.13", false, []uint16{536, 1300, 1440, 1460}}, {"3.13", true, []uint16{1220, 1420, 1440, 8940}},
	} {
		for mss := 1; mss <= 65535; mss++ {
			want := c.table[0]
			for _, v := range c.table {
				if int(v) <= mss {
					want = v
				}
			}
			if got := queue.CookieMSS(cachedSemOf(c.release), c.v6, uint16(mss)); got != want {
				t.Fatalf("%s CookieMSS(%v, %d) = %d, want %d", c.release, c.v6, mss, got, want)
			}
		}
		none := uint16(536)
		if c.v6 {
			none = 1220
		}
		same(t, fmt.Sprintf("%s CookieMSS(%v, 0) or its floor", c.release, c.v6), queue.CookieMSS(semOf(c.release), c.v6, none), queue.CookieMSS(semOf(c.release), c.v6, none))
	}
	sem := semOf("7.2")
	for _, c := range []struct {
		now  uint32
		o    queue.CookieOptions
		want uint32
	}{
		{64*5 + 63, queue.CookieOptions{}, 64*5 + 15}, {64*5 + 15, queue.CookieOptions{}, 64*5 + 15}, {64*5 + 14, queue.CookieOptions{}, 64*4 + 15},
		{64 * 5, queue.CookieOptions{WindowScale: 1}, 64 * 5}, {64*5 + 7, queue.CookieOptions{WindowScale: 8}, 64*5 + 7}, {64*5 + 6, queue.CookieOptions{WindowScale: 8}, 64*4 + 7},
		{64*5 + 63, queue.CookieOptions{WindowScale: 15, SACK: true, ECN: true}, 64*5 + 14 + 48}, {64*5 + 61, queue.CookieOptions{WindowScale: 15, SACK: true, ECN: true}, 64*4 + 14 + 48},
		{64*5 + 63, queue.CookieOptions{SACK: true}, 64*5 + 31}, {64*5 + 63, queue.CookieOptions{ECN: true}, 64*5 + 47},
	} {
		got := queue.CookieTimestamp(sem, c.now, c.o)
		same(t, fmt.Sprintf("CookieTimestamp(%d, %+v)", c.now, c.o), got, c.want)
		back, ok := queue.CookieOptionsFrom(sem, &kernel.Sysctls{TCPSack: 1, TCPWindowScaling: 1, TCPTimestamps: 1}, got)
		same(t, "the options again", back, c.o)
		same(t, "ok", ok, true)
		_, ok = queue.CookieOptionsFrom(sem, &kernel.Sysctls{TCPSack: 0, TCPWindowScaling: 1, TCPTimestamps: 1}, got)
		same(t, fmt.Sprintf("%+v ok without tcp_sack", c.o), ok, !c.o.SACK)
		_, ok = queue.CookieOptionsFrom(sem, &kernel.Sysctls{TCPSack: 1, TCPWindowScaling: 0, TCPTimestamps: 1}, got)
		same(t, fmt.Sprintf("%+v ok without tcp_window_scaling", c.o), ok, c.o.WindowScale == 0)
	}
}

// TestEdgesRateLimit: exactly tcp_invalid_ratelimit later a reply is sent again.
func TestEdgesRateLimit(t *testing.T) {
	for _, hz := range []int{100, 250, 300, 1000} {
		for ms, jiffies := range map[int]int{500: (500*hz + 999) / 1000, 7: (7*hz + 999) / 1000, 1: 1} {
			sem := semOf("7.2")
			s := sysctls(*sem)
			s.TCPInvalidRatelimit = ms
			clock, _ := kernel.NewClock(*sem, hz)
			for wait, limited := range map[int]bool{jiffies - 1: true, jiffies: false} {
				b := newLab(t, queue.Config{Semantics: *sem, Sysctls: s, HZ: hz}, 5)
				b.get(theSYN)
				same(t, "first answer", b.get(theSYN).Action, queue.ResendSYNACK)
				j := clock.Jiffies(b.now)
				for clock.Jiffies(b.now) != j+uint64(wait) {
					b.wait(clock.Tick() / 2)
				}
				same(t, fmt.Sprintf("HZ %d, %d ms, %d jiffies later: limited", hz, ms, wait), b.get(theSYN).Action == queue.Drop, limited)
			}
		}
	}
}

// TestEdgesWindow: what of a request's segments is in the window.
func TestEdgesWindow(t *testing.T) {
	for _, window := range []uint32{1000, 65535} {
		for _, isn := range []uint32{100, 1<<32 - 1, 1<<32 - 500, 1<<31 - 1} {
			for _, c := range []struct {
				seq, n uint32 // from the ISN
				in     bool
			}{
				{1, 0, true}, {1, 5, true}, {0, 0, false}, {0, 1, false}, {0, 2, true}, {1<<32 - 5, 6, false}, {1<<32 - 5, 7, true}, {2, 0, true},
				{window, 0, true}, {window, 9, true}, {window + 1, 0, true}, {window + 1, 1, false}, {window + 2, 0, false}, {window + 2, 1, false}, {1 << 31, 0, false},
			} {
				sem := semOf("7.2")
				b := newLab(t, queue.Config{Semantics: *sem, Sysctls: sysctls(*sem), Window: window}, 5)
				s := theSYN
				s.Seq = isn
				a := queue.Segment{Flags: queue.FlagACK, Seq: isn + c.seq, Len: c.n, Ack: b.get(s).Reply.Seq + 1}
				same(t, fmt.Sprintf("window %d, ISN %d, +%d, %d bytes: in", window, isn, c.seq, c.n), b.get(a).Action == queue.Establish, c.in)
			}
		}
	}
}

// TestEdgesPAWS: which timestamps are old, 2^31 away among them, and when a RST is
// excused.
func TestEdgesPAWS(t *testing.T) {
	for _, recent := range []uint32{5000, 1, 1 << 31, 1<<32 - 1} {
		for _, c := range []struct {
			diff uint32
			old  bool
		}{{0, false}, {1, false}, {1<<32 - 1, true}, {1<<31 - 1, false}, {1 << 31, false}, {1<<31 + 1, true}} {
			b := listener(t, *semOf("4.4"), 5, nil)
			s := tsSYN
			s.TSVal = recent
			o := b.get(s)
			a := ackOf(o)
			a.Timestamp, a.TSVal = true, recent+c.diff
			same(t, fmt.Sprintf("ts_recent %d, segment %d: old", recent, a.TSVal), b.get(a).Reason == queue.PAWSOld, c.old)
		}
	}
	for _, c := range []struct {
		zero   string
		passes bool
	}{{"2.6.37", false}, {"2.6.38", true}} {
		b := listener(t, *semOf(c.zero), 5, nil)
		s := tsSYN
		s.TSVal = 0
		a := ackOf(b.get(s))
		a.Timestamp, a.TSVal = true, 1<<32-1
		same(t, c.zero+": ts_recent 0 passes", b.get(a).Action == queue.Establish, c.passes)
	}
	// T0 << timeouts must reach 60 s: after 6 timeouts of 1 s it has.
	for timeouts, excused := range map[int]bool{0: false, 5: false, 6: true} {
		sem := semOf("5.10.223")
		b := newLab(t, queue.Config{Semantics: *sem, Sysctls: sysctls(*sem), SYNCount: 100}, 50)
		o := b.get(tsSYN)
		for range timeouts {
			at, _ := b.l.Next()
			b.wait(at - b.now)
		}
		r := queue.Segment{Flags: queue.FlagRST, Seq: 101, Timestamp: true, TSVal: tsSYN.TSVal - 1}
		_ = o
		same(t, fmt.Sprintf("an old RST after %d timeouts removes", timeouts), b.get(r).Action == queue.Remove, excused)
	}
}

// TestEdgesAcceptQueueWraps: with 16 bits and limit 65535 the queue is never full, and
// its length wraps.
func TestEdgesAcceptQueueWraps(t *testing.T) {
	sem := semOf("4.0")
	s := sysctls(*sem)
	s.Somaxconn, s.TCPMaxSynBacklog = 65535, 65535
	b := newLab(t, queue.Config{Semantics: *sem, Sysctls: s}, -1)
	one := func(i int) {
		syn := theSYN
		syn.From = addr(4, 4, 0, 0)
		syn.To = addr(4, i>>16, i, 0)
		a := ackOf(b.get(syn))
		a.From, a.To = syn.From, syn.To
		same(t, "the handshake", b.get(a).Action, queue.Establish)
	}
	for i := range 65535 {
		one(i)
	}
	same(t, "length", b.l.Queues().AcceptLen, 65535)
	one(65535)
	same(t, "length after one more", b.l.Queues().AcceptLen, 0)
	one(65536)
	same(t, "length after two more", b.l.Queues().AcceptLen, 1)
	if _, ok, err := b.l.Accept(b.now); !ok || err != nil {
		t.Error(ok, err)
	}
	same(t, "length after accept", b.l.Queues().AcceptLen, 0)
	if _, ok, err := b.l.Accept(b.now); !ok || err != nil {
		t.Error(ok, err)
	}
	same(t, "length after another accept", b.l.Queues().AcceptLen, 65535)
	conns, err := b.l.Close(b.now)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "connections reset by close", len(conns), 65535)
}
