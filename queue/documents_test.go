package queue_test

import (
	"math/bits"
	"testing"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
	"pgregory.net/rapid"
)

// Tests named TestD3... hold the rules that a well-known article (an online problem,
// the half-open and the accept queue, 4.19.91) quotes, on the releases where they
// are true, and show where they are not.

func drawRule(t *rapid.T, want func(kernel.Semantics) bool) kernel.Semantics {
	return rapid.Custom(drawRelease).Filter(want).Draw(t, "semantics")
}

func every(kernel.Semantics) bool { return true }

func drawInt(t *rapid.T, name string) int32 {
	return rapid.OneOf(rapid.Int32(), rapid.Int32Range(-3, 300), rapid.Int32Range(65530, 65545)).Draw(t, name)
}

// TestD3ListenClamp: the accept queue's limit is min(unsigned(backlog), somaxconn).
func TestD3ListenClamp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sem := drawRule(t, every)
		b, max := drawInt(t, "backlog"), drawInt(t, "somaxconn")
		want := min(uint32(b), uint32(max))
		if got := queue.Clamp(b, max); got != want {
			t.Fatalf("Clamp(%d, %d) = %d, want %d", b, max, got, want)
		}
		if sem.BacklogBits == 16 {
			want %= 65536
		}
		if got := queue.AcceptLimit(&sem, b, max); got != want {
			t.Fatalf("AcceptLimit(%d, %d) = %d, want %d", b, max, got, want)
		}
	})
}

// TestD3ListenClampWraps: to 4.0 the limit has 16 bits.
func TestD3ListenClampWraps(t *testing.T) {
	for release, want := range map[string][2]uint32{"4.0": {0, 4464}, "3.10.0-1160.el7.x86_64": {0, 4464}, "4.1": {65536, 70000}} {
		sem := kernel.MustParse(release).Semantics()
		if got := [2]uint32{queue.AcceptLimit(&sem, 65536, 1<<30), queue.AcceptLimit(&sem, 70000, 1<<30)}; got != want {
			t.Errorf("%s: %v, want %v", release, got, want)
		}
	}
}

// TestD3AcceptQueueIsFull: sk_acceptq_is_full is length > limit, so limit+1 fit, on
// every release; a listener shows it.
func TestD3AcceptQueueIsFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, limit := rapid.Uint32().Draw(t, "length"), rapid.Uint32().Draw(t, "limit")
		if got := queue.AcceptQueueFull(n, limit); got != (n > limit) {
			t.Fatalf("AcceptQueueFull(%d, %d) = %v", n, limit, got)
		}
	})
	for _, release := range eras {
		b := listener(t, kernel.MustParse(release).Semantics(), 3, nil)
		for i := range 10 {
			s := theSYN
			s.From = addr(4, 4, i, 0)
			a := ackOf(b.get(s))
			a.From = s.From
			b.get(a)
		}
		if n := b.l.Queues().AcceptLen; n != 4 {
			t.Errorf("%s: %d connections after listen(3), want 4", release, n)
		}
	}
}

// TestD3SYNBacklogFormula: n = max(8, min(limit, max_syn_backlog)), and the SYN queue
// is the smallest power of two >= n + 1: 2.6.32 to 4.3, RHEL 6 and 7.
func TestD3SYNBacklogFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sem := drawRule(t, func(s kernel.Semantics) bool { return !s.RequestsInEhash })
		b, max := rapid.Int32Range(0, 1<<20).Draw(t, "backlog"), rapid.Int32Range(0, 1<<20).Draw(t, "somaxconn")
		m := rapid.OneOf(rapid.Int32Range(0, 1<<20), rapid.Int32Range(0, 40)).Draw(t, "M")
		n := uint32(8)
		if x := min(uint32(b), uint32(max), uint32(m)); x > n {
			n = x
		}
		want := uint32(1) << bits.Len32(n)
		if got := queue.SYNQueueLimit(&sem, b, max, m); got != want {
			t.Fatalf("SYNQueueLimit(%d, %d, %d) = %d, want %d", b, max, m, got, want)
		}
		if !queue.SYNQueueFull(&sem, want, 0) == queue.SYNQueueFull(&sem, want, want) || queue.SYNQueueFull(&sem, want-1, want) {
			t.Fatalf("not full at %d exactly", want)
		}
	})
}

// TestD3SYNBacklogFormulaGone: from 4.4 on, the article's own 4.19 among them, the
// formula is not used.
func TestD3SYNBacklogFormulaGone(t *testing.T) {
	for release, want := range map[string]uint64{
		"2.6.32": 256, "3.10.108": 256, "4.3": 256, "3.10.0-1160.el7.x86_64": 256,
		"4.4": 128, "4.19.91": 128, "5.10.223": 128, "6.12.9": 128, "4.18.0-147.el8.x86_64": 128,
		"6.12.10": 129, "6.1.192": 129, "5.10.262": 129, "5.4.290": 129, "7.2": 129,
	} {
		sem := kernel.MustParse(release).Semantics()
		limit := queue.SYNQueueLimit(&sem, 128, 128, 1024)
		if got := queue.SYNQueueCapacity(&sem, limit); got != want {
			t.Errorf("%s: %d requests, want %d", release, got, want)
		}
	}
}

// TestD3ReqskQueueIsFull: full iff half-open >= the accept queue's limit, 4.4 to 6.12.
func TestD3ReqskQueueIsFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sem := drawRule(t, func(s kernel.Semantics) bool { return s.RequestsInEhash })
		n := rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(0, 5)).Draw(t, "requests")
		limit := n + rapid.SampledFrom([]uint32{0, 1, 1<<32 - 1}).Draw(t, "limit")
		want := n >= limit
		if sem.SYNQueue == kernel.SYNQueueAboveBacklog {
			want = n > limit // where the article's rule no longer holds
		}
		if got := queue.SYNQueueFull(&sem, n, limit); got != want {
			t.Fatalf("SYNQueueFull(%d, %d) = %v", n, limit, got)
		}
	})
}

// TestD3LastQuarter: with cookies 0 a SYN is dropped when max_syn_backlog - half-open
// < max_syn_backlog / 4. The article says 96 for 128; it is 97, on every release.
func TestD3LastQuarter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.OneOf(rapid.Int32(), rapid.Int32Range(-8, 2000)).Draw(t, "M")
		n := rapid.Uint32Range(0, 1<<21).Draw(t, "requests")
		if int64(m)-int64(n) < -1<<31 {
			t.Skip("overflows")
		}
		if got, want := queue.LastQuarter(n, m), int64(m)-int64(n) < int64(m>>2); got != want {
			t.Fatalf("LastQuarter(%d, %d) = %v", n, m, got)
		}
		if m < 1<<21 {
			c := queue.LastQuarterCapacity(m)
			if queue.LastQuarter(c, m) != true || c > 0 && queue.LastQuarter(c-1, m) {
				t.Fatalf("LastQuarterCapacity(%d) = %d", m, c)
			}
		}
	})
	for _, release := range eras {
		for m, want := range map[int]uint32{128: 97, 256: 193, 16: 13, 4: 4, 0: 1, -1: 1, -2: 0} {
			b := listener(t, kernel.MustParse(release).Semantics(), 1024, func(s *kernel.Sysctls) {
				s.Somaxconn, s.TCPMaxSynBacklog, s.TCPSyncookies = 1024, m, 0
			})
			if b.flood(300); b.l.Queues().Requests != want {
				t.Errorf("%s: max_syn_backlog %d: %d requests, want %d", release, m, b.l.Queues().Requests, want)
			}
		}
	}
}

// TestD3LastQuarterExceptions: proven peers pass from 4.14 on, tw_recycle switches the
// rule off from 3.17 to 4.11, and IPv6 did not have it to 2.6.37.
func TestD3LastQuarterExceptions(t *testing.T) {
	q := queue.Queues{AcceptLimit: 1000, SYNLimit: 1024, Requests: 97}
	sys := kernel.Sysctls{TCPMaxSynBacklog: 128, TCPTimestamps: 1}
	recycle := sys
	recycle.TCPTwRecycle = 1
	for _, release := range eras {
		sem := kernel.MustParse(release).Semantics()
		for _, c := range []struct {
			name string
			sys  kernel.Sysctls
			syn  queue.SYN
			pass bool
		}{
			{"unknown", sys, queue.SYN{}, false},
			{"proven", sys, queue.SYN{Peer: queue.Peer{Proven: true}}, sem.ProvenPeers},
			{"IPv6", sys, queue.SYN{IPv6: true}, !sem.LastQuarter6},
			{"recycle", recycle, queue.SYN{}, sem.Recycle == kernel.RecycleStrict},
			{"recycle judged", recycle, queue.SYN{Timestamp: true, Peer: queue.Peer{Judged: true}}, sem.Recycle != kernel.RecycleGone},
			{"TIME_WAIT", sys, queue.SYN{TimeWait: true}, !sem.TimeWaitISNLost4},
		} {
			v := queue.DecideSYN(&sem, &c.sys, q, c.syn)
			if pass := v.Action == queue.SendSYNACK; pass != c.pass || !pass && v.Reason != queue.LastQuarterDrop {
				t.Errorf("%s, %s: %v", release, c.name, v)
			}
		}
	}
}

// TestD3CookiesNotDrops: the article reads its measurement as "with cookies 1 a SYN is
// dropped when half-open > accept limit". It is answered with a cookie, on every
// release.
func TestD3CookiesNotDrops(t *testing.T) {
	for _, release := range eras {
		sem := kernel.MustParse(release).Semantics()
		b := listener(t, sem, 5, cookies(1))
		for i := range 60 {
			s := theSYN
			s.From = addr(4, 4, i, 0)
			if o := b.get(s); o.Reply.Flags != queue.FlagSYN|queue.FlagACK {
				t.Fatalf("%s: SYN %d: %v", release, i, o)
			}
		}
		want := map[kernel.SYNQueueRule]uint32{kernel.SYNQueuePowerOfTwo: 16, kernel.SYNQueueBacklog: 5, kernel.SYNQueueAboveBacklog: 6}[sem.SYNQueue]
		q, c := b.l.Queues(), b.l.Counters()
		if q.Requests != want || c.Get(kernel.SyncookiesSent) != uint64(60-want) {
			t.Errorf("%s: %d requests, %v; want %d", release, q.Requests, c, want)
		}
		drops := uint64(0)
		if sem.CookieListenDrops {
			drops = uint64(60 - want)
		}
		if c.Get(kernel.ListenDrops) != drops {
			t.Errorf("%s: %v; want %d ListenDrops", release, c, drops)
		}
	}
}

// TestD3AbortOnOverflow: 0 swallows the final ACK of a queued request, 1 answers it
// with a RST; neither matters to a cookie or a SYN.
func TestD3AbortOnOverflow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sem := drawRule(t, every)
		abort := rapid.SampledFrom([]int{0, 1, 2, 255}).Draw(t, "abort")
		sys := kernel.Sysctls{TCPAbortOnOverflow: abort, TCPMaxSynBacklog: 99, TCPSyncookies: 1}
		limit := rapid.Uint32Range(0, 9).Draw(t, "limit")
		n := rapid.Uint32Range(0, 12).Draw(t, "length")
		q := queue.Queues{AcceptLen: n, AcceptLimit: limit, SYNLimit: 16, Requests: 3, Young: 3}
		v := queue.DecideFinalACK(&sem, &sys, q)
		switch {
		case n <= limit:
			if v.Action != queue.Establish || v.Counters != kernel.CountersOf(kernel.PassiveOpens) {
				t.Fatalf("room: %v", v)
			}
		case abort == 0:
			if v.Action != queue.Hold || v.Counters != kernel.CountersOf(kernel.ListenOverflows, kernel.ListenDrops) {
				t.Fatalf("abort 0: %v", v)
			}
		default:
			if v.Action != queue.ResetRemove || !v.Counters.Has(kernel.EmbryonicRsts) || !v.Counters.Has(kernel.OutRsts) || v.Counters.Len() != 4 {
				t.Fatalf("abort %d: %v", abort, v)
			}
		}
		if v := queue.DecideCookieACK(&sem, q); n > limit && v.Action != queue.Drop || n <= limit && v.Action != queue.Establish {
			t.Fatalf("cookie: %v", v)
		}
		off := sys
		off.TCPAbortOnOverflow = 0
		if a, b := queue.DecideSYN(&sem, &sys, q, queue.SYN{}), queue.DecideSYN(&sem, &off, q, queue.SYN{}); a != b {
			t.Fatalf("abort matters to a SYN: %v, %v", a, b)
		}
	})
}

// TestD3SSColumns: Recv-Q of a LISTEN socket is the accept queue, Send-Q its limit,
// and Send-Q follows listen() alone.
func TestD3SSColumns(t *testing.T) {
	for _, release := range eras {
		b := listener(t, kernel.MustParse(release).Semantics(), 5, nil)
		for i := range 3 {
			s := theSYN
			s.From = addr(4, 4, i, 0)
			a := ackOf(b.get(s))
			a.From = s.From
			b.get(a)
		}
		s := sysctls(kernel.MustParse(release).Semantics())
		s.Somaxconn = 2
		if err := b.l.SetSysctls(b.now, s); err != nil {
			t.Fatal(err)
		}
		if q := b.l.Queues(); q.AcceptLen != 3 || q.AcceptLimit != 5 {
			t.Errorf("%s: Recv-Q %d Send-Q %d", release, q.AcceptLen, q.AcceptLimit)
		}
		if err := b.l.Listen(b.now, 5); err != nil {
			t.Fatal(err)
		}
		if q := b.l.Queues(); q.AcceptLen != 3 || q.AcceptLimit != 2 {
			t.Errorf("%s: after listen: Recv-Q %d Send-Q %d", release, q.AcceptLen, q.AcceptLimit)
		}
	}
}

// TestD3ListenCounters is section 9 of the table of counters: ListenOverflows and
// ListenDrops by path and era. "SYNs to LISTEN sockets dropped" is a misnomer.
func TestD3ListenCounters(t *testing.T) {
	free := queue.Queues{AcceptLimit: 5, SYNLimit: 16}
	full := queue.Queues{AcceptLen: 6, AcceptLimit: 5, SYNLimit: 16, Requests: 4, Young: 4}
	synFull := queue.Queues{AcceptLimit: 5, SYNLimit: 16, Requests: 17}
	off, on := kernel.Sysctls{TCPMaxSynBacklog: 128}, kernel.Sysctls{TCPMaxSynBacklog: 128, TCPSyncookies: 1}
	for _, release := range eras {
		sem := kernel.MustParse(release).Semantics()
		syn, cookie := 0, 0
		if sem.SYNDropCounters {
			syn = 1
		}
		if sem.CookieListenDrops {
			cookie = 1
		}
		quarter := free
		quarter.Requests, quarter.SYNLimit = 97, 256
		for _, c := range []struct {
			name   string
			v      queue.Verdict
			lo, ld int
		}{
			{"final ACK", queue.DecideFinalACK(&sem, &off, full), 1, 1},
			{"cookie's ACK", queue.DecideCookieACK(&sem, full), 1, 1},
			{"SYN, accept queue full", queue.DecideSYN(&sem, &on, full, queue.SYN{}), syn, syn},
			{"SYN queue full", queue.DecideSYN(&sem, &off, synFull, queue.SYN{}), 0, syn},
			{"cookie", queue.DecideSYN(&sem, &on, synFull, queue.SYN{}), 0, cookie},
			{"last quarter", queue.DecideSYN(&sem, &off, quarter, queue.SYN{}), 0, syn},
			{"multicast", queue.DecideSYN(&sem, &off, free, queue.SYN{NotUnicast: true}), 0, syn},
			{"no route", queue.DecideSYN(&sem, &off, free, queue.SYN{Unroutable: true}), 0, syn},
			{"room", queue.DecideSYN(&sem, &off, free, queue.SYN{}), 0, 0},
		} {
			var n kernel.Counters
			n.Raise(c.v.Counters)
			if n.Get(kernel.ListenOverflows) != uint64(c.lo) || n.Get(kernel.ListenDrops) != uint64(c.ld) {
				t.Errorf("%s, %s: %v; want %d ListenOverflows, %d ListenDrops", release, c.name, c.v, c.lo, c.ld)
			}
			if drops := n.Get(kernel.ListenDrops) == 1 && sem.SockDrops; drops && c.v.SockDrops == 0 {
				t.Errorf("%s, %s: ListenDrops without sk_drops", release, c.name)
			}
		}
	}
}
