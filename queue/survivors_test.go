package queue_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// TestTimerOrder packs many timers into few buckets, re-arms and removes some, and
// lets the dumb model look at the order in which they fire.
func TestTimerOrder(t *testing.T) {
	for _, release := range []string{"4.1", "4.7", "4.8", "5.10.223", "6.19", "7.2"} {
		for seed := range uint64(6) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			sem := cachedSemOf(release)
			s := sysctls(*sem)
			s.TCPInvalidRatelimit = 0
			hz := []int{100, 250, 1000}[seed%3]
			g := newRig(t.Fatalf, queue.Config{Semantics: *sem, Sysctls: s, HZ: hz, Peers: peers{}}, 100*time.Second)
			g.advance(g.now)
			g.listen(100)
			for range 700 {
				c := queue.Segment{From: addr(4, 4, rnd.IntN(60), 0), Flags: queue.FlagSYN, Seq: 7}
				switch rnd.IntN(8) {
				case 0:
					c.Flags, c.Seq = queue.FlagRST, 8
				case 1, 2, 3:
					g.advance(g.now + time.Duration(rnd.IntN(40))*time.Millisecond)
				case 4:
					if at, ok := g.a.Next(); ok {
						g.advance(at)
					}
				case 5:
					if sem.RTOMaxSysctl && rnd.IntN(10) == 0 {
						s.TCPRTOMaxMs = []int{1000, 1010, 2000, 120000}[rnd.IntN(4)]
						g.setSysctls(s)
					}
				}
				g.receive(c)
				g.check()
			}
			g.advance(g.now + 400*time.Second)
			g.check()
		}
	}
}

// TestTimerOrderInBucket: the last armed runs first from 4.8 on.
func TestTimerOrderInBucket(t *testing.T) {
	for release, want := range map[string]string{"4.8": "3 2 1 0 ", "7.2": "3 2 1 0 "} {
		b := listener(t, *semOf(release), 50, nil)
		for i := range 4 {
			s := theSYN
			s.From = addr(4, 4, i, 0)
			b.get(s)
		}
		order := ""
		for _, e := range b.wait(1100 * time.Millisecond) {
			order += fmt.Sprint(e.Peer.Port()-40000, " ")
		}
		same(t, release+" order", order, want)
	}
}

// TestCookieOffsets: a cookie holds for segments further on as far as the MSS index
// minus the distance stays in the table.
func TestCookieOffsets(t *testing.T) {
	table := []uint16{536, 1300, 1440, 1460}
	for i, mss := range table {
		for k := -5; k <= 5; k++ {
			b := listener(t, *cachedSemOf("5.10.223"), 5, cookies(2))
			s := theSYN
			s.MSS = mss
			a := ackOf(b.get(s))
			a.Seq += uint32(k)
			o := b.get(a)
			good := i-k >= 0 && i-k < len(table)
			same(t, fmt.Sprintf("MSS %d, %d bytes on: good", mss, k), o.Action == queue.Establish, good)
			if !good {
				same(t, "reason", o.Reason, queue.CookieBad)
				continue
			}
			c, _, err := b.l.Accept(b.now)
			same(t, "error", err, nil)
			same(t, fmt.Sprintf("MSS %d, %d bytes on", mss, k), c.MSS, table[i-k])
		}
	}
}

// TestCookieOfNineBits: kernels to 2.6.35 keep 9 bits, without ECN.
func TestCookieOfNineBits(t *testing.T) {
	sem := semOf("2.6.32")
	sys := kernel.Sysctls{TCPTimestamps: 1}
	same(t, "no options", queue.CookieTimestamp(sem, 1<<12|511, queue.CookieOptions{})&15, 0)
	for _, o := range []queue.CookieOptions{{}, {WindowScale: 3}, {SACK: true}, {WindowScale: 8, SACK: true}} {
		back, ok := queue.CookieOptionsFrom(sem, &sys, queue.CookieTimestamp(sem, 1<<12|511, o))
		same(t, "ok", ok, true)
		same(t, "options", back, o)
	}
}

// TestFloodLogMinute: to 2.6.35 the warning comes with a cookie, once a minute.
func TestFloodLogMinute(t *testing.T) {
	b := listener(t, *semOf("2.6.32"), 5, nil)
	b.flood(16)
	one, two, three := theSYN, theSYN, theSYN
	one.From, two.From, three.From = addr(4, 4, 1, 0), addr(4, 4, 2, 0), addr(4, 4, 3, 0)
	same(t, "the first cookie logs", b.get(one).Logs, true)
	same(t, "the second cookie logs", b.get(two).Logs, false)
	b.wait(61 * time.Second)
	b.flood(16)
	o := b.get(three)
	same(t, "a cookie a minute later", o.Action, queue.SendCookie)
	same(t, "it logs", o.Logs, true)
	b.wait(61 * time.Second)
	b.flood(16)
	three.Unroutable, three.From = true, addr(4, 4, 4, 0)
	o = b.get(three)
	same(t, "a cookie for which there is no route", o.Reason, queue.Unroutable)
	same(t, "its route is looked for after the warning", o.Logs, true)
}

// TestEdgesConfig: the largest and the smallest values that a Config takes.
func TestEdgesConfig(t *testing.T) {
	sem := semOf("7.2")
	for _, c := range []struct {
		set func(*queue.Config)
		ok  bool
	}{
		{func(c *queue.Config) { c.DeferAccept = math.MaxInt32 }, true}, {func(c *queue.Config) { c.DeferAccept = math.MaxInt32 + 1 }, false}, {func(c *queue.Config) { c.DeferAccept = -1 }, false},
		{func(c *queue.Config) { c.Window = 1 << 30 }, true}, {func(c *queue.Config) { c.Window = 1<<30 + 1 }, false},
	} {
		cfg := queue.Config{Semantics: *sem, Sysctls: sysctls(*sem)}
		c.set(&cfg)
		_, err := queue.NewListener(cfg)
		same(t, fmt.Sprintf("%+v taken (%v)", cfg, err), err == nil, c.ok)
	}
	b := listener(t, *sem, 5, nil)
	for _, c := range []struct {
		s  queue.Segment
		ok bool
	}{
		{queue.Segment{From: addr(4, 1, 1, 0), To: addr(4, 2, 2, 0)}, true}, {queue.Segment{From: addr(4, 1, 1, 0), To: addr(6, 2, 2, 0)}, false},
		{queue.Segment{From: addr(6, 1, 1, 0), To: addr(4, 2, 2, 0)}, false}, {queue.Segment{From: addr(4, 1, 1, 0), To: addr(4, 2, 2, 1)}, true},
		{queue.Segment{From: addr(4, 1, 1, 0), WindowScale: 15}, true}, {queue.Segment{From: addr(4, 1, 1, 0), WindowScale: 16}, false},
	} {
		_, err := b.l.Receive(b.now, c.s)
		same(t, fmt.Sprintf("%+v taken (%v)", c.s, err), err == nil, c.ok)
	}
	same(t, "the zero Semantics defers", queue.DeferAcceptRetries(&kernel.Semantics{}, 5), 0)
	same(t, "the largest table", queue.SYNQueueLimit(semOf("2.6.32"), -1<<31, -1, -1), 1<<31)
	resends, _ := queue.SYNRecvLifetime(sem, 300, 0)
	same(t, "resends at most", len(resends), 255)
}

// TestReasons: which of several true reasons is given.
func TestReasons(t *testing.T) {
	for _, c := range []struct {
		cookies int
		flood   int
		want    queue.Reason
	}{{0, 0, queue.WrongACK}, {1, 0, queue.WrongACK}, {1, 20, queue.CookieBad}} {
		b := listener(t, *cachedSemOf("7.2"), 5, cookies(c.cookies))
		a := ackOf(b.get(theSYN))
		b.flood(c.flood)
		a.Ack += 5
		o := b.get(a)
		same(t, fmt.Sprintf("tcp_syncookies %d, %d SYNs", c.cookies, c.flood), o.Reason, c.want)
		same(t, "action", o.Action, queue.SendReset)
	}
	b := listener(t, *cachedSemOf("4.19.78"), 5, nil)
	b.flood(5)
	s := sysctls(b.sem())
	s.TCPSyncookies = 2
	if err := b.l.SetSysctls(b.now, s); err != nil {
		t.Fatal(err)
	}
	same(t, "tcp_syncookies 2 and full", b.get(theSYN).Reason, queue.CookieQueueFull)

	// A request that spent its retries under pressure was not pruned.
	sem := cachedSemOf("5.10.223")
	b = newLab(t, queue.Config{Semantics: *sem, Sysctls: sysctls(*sem), SYNCount: 3}, 5)
	b.get(theSYN)
	b.wait(10 * time.Second)
	b.flood(5)
	var reasons []queue.Reason
	for _, e := range b.wait(7 * time.Second) {
		if e.Peer == addr(4, 1, 0, 0) {
			reasons = append(reasons, e.Reason)
		}
	}
	same(t, "the end", fmt.Sprint(reasons), fmt.Sprint([]queue.Reason{queue.RetriesSpent}))
}

func (b *lab) sem() kernel.Semantics { return *cachedSemOf("4.19.78") }

// TestOutOfWindowReplies: which segments outside the window are answered.
func TestOutOfWindowReplies(t *testing.T) {
	b := listener(t, *cachedSemOf("5.10.223"), 5, nil)
	a := ackOf(b.get(theSYN))
	out := a
	out.Seq = 90
	data, rst, syn := out, out, out
	data.Len, data.Seq = 5, 95
	rst.Flags |= queue.FlagRST
	syn.Flags |= queue.FlagSYN
	same(t, "RST", b.get(rst).Action, queue.Drop)
	same(t, "data", b.get(data).Action, queue.SendACK)
	same(t, "first ACK", b.get(out).Action, queue.SendACK)
	same(t, "second ACK", b.get(out).Reason, queue.OutOfWindowTooSoon)
	same(t, "data again", b.get(data).Action, queue.SendACK)
	same(t, "SYN", b.get(syn).Reason, queue.OutOfWindowTooSoon)
}

// TestRateLimitStampZero: a stamp of 0 is none, also right after the jiffies wrap.
func TestRateLimitStampZero(t *testing.T) {
	sem := cachedSemOf("5.10.223")
	for at, second := range map[time.Duration]queue.Action{300 * time.Second: queue.ResendSYNACK, 300*time.Second + 100*time.Millisecond: queue.Drop, 299 * time.Second: queue.Drop} {
		l, err := queue.NewListener(queue.Config{Semantics: *sem, Sysctls: sysctls(*sem)})
		if err != nil {
			t.Fatal(err)
		}
		b := &lab{T: t, l: l, now: at}
		if err := l.Listen(at, 5); err != nil {
			t.Fatal(err)
		}
		b.get(theSYN)
		same(t, fmt.Sprintf("first at %v", at), b.get(theSYN).Action, queue.ResendSYNACK)
		same(t, fmt.Sprintf("second at %v", at), b.get(theSYN).Action, second)
	}
}

// TestCookieBesideRequest: a client that got a cookie and then a request completes by
// the cookie on old kernels, and the request stays until its timer.
func TestCookieBesideRequest(t *testing.T) {
	b := listener(t, *cachedSemOf("4.4.155"), 5, cookies(2))
	a := ackOf(b.get(theSYN))
	if err := b.l.SetSysctls(b.now, sysctls(*cachedSemOf("4.4.155"))); err != nil {
		t.Fatal(err)
	}
	same(t, "the second SYN", b.get(theSYN).Action, queue.SendSYNACK)
	same(t, "the cookie", b.get(a).Reason, queue.CookieCompleted)
	same(t, "requests", b.l.Queues().Requests, 1)
	c, ok, _ := b.l.Accept(b.now)
	same(t, "accepted by cookie", ok && c.Cookie, true)
}
