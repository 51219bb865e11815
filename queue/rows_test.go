package queue_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// A scenario asks the exported API something whose answer a row of the table
// changes, and returns the answer.
type scenario func(t *testing.T, sem kernel.Semantics) any

// A lab is a listener with short calls that fail the test on an error.
type lab struct {
	*testing.T
	l   *queue.Listener
	now time.Duration
}

func newLab(t *testing.T, cfg queue.Config, backlog int) *lab {
	t.Helper()
	l, err := queue.NewListener(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b := &lab{T: t, l: l, now: 1000 * time.Second}
	if err := l.Listen(b.now, backlog); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *lab) get(s queue.Segment) queue.Outcome {
	b.Helper()
	if !s.From.IsValid() {
		s.From = addr(4, 1, 0, 0)
	}
	o, err := b.l.Receive(b.now, s)
	if err != nil {
		b.Fatal(err)
	}
	return o
}

func (b *lab) wait(d time.Duration) []queue.Event {
	b.Helper()
	b.now += d
	ev, err := b.l.Advance(b.now)
	if err != nil {
		b.Fatal(err)
	}
	return ev
}

// sysctls are what a kernel takes, with small limits.
func sysctls(sem kernel.Semantics) kernel.Sysctls {
	s := kernel.Sysctls{
		Somaxconn: 128, TCPMaxSynBacklog: 256, TCPSyncookies: 1, TCPSynackRetries: 5,
		TCPTimestamps: 1, TCPSack: 1, TCPWindowScaling: 1,
	}
	if sem.RateLimitSysctl {
		s.TCPInvalidRatelimit = 500
	}
	if sem.RTOMaxSysctl {
		s.TCPRTOMaxMs = 120000
	}
	if sem.TWReuseDelay {
		s.TCPTWReuseDelay = 1000
	}
	return s
}

// listener is a lab with changed sysctls.
func listener(t *testing.T, sem kernel.Semantics, backlog int, set func(*kernel.Sysctls)) *lab {
	t.Helper()
	s := sysctls(sem)
	if set != nil {
		set(&s)
	}
	return newLab(t, queue.Config{Semantics: sem, Sysctls: s, Key: 7, Peers: peers{}}, backlog)
}

func cookies(n int) func(*kernel.Sysctls) {
	return func(s *kernel.Sysctls) { s.TCPSyncookies = n }
}

var theSYN = queue.Segment{Flags: queue.FlagSYN, Seq: 100, MSS: 1460}

// tsSYN carries a timestamp.
var tsSYN = queue.Segment{Flags: queue.FlagSYN, Seq: 100, MSS: 1460, Timestamp: true, TSVal: 5000}

func ackOf(o queue.Outcome) queue.Segment {
	return queue.Segment{Flags: queue.FlagACK, Seq: 101, Ack: o.Reply.Seq + 1}
}

// flood sends n SYNs of different hosts and returns the last answer.
func (b *lab) flood(n int) (o queue.Outcome) {
	b.Helper()
	for i := range n {
		s := theSYN
		s.From = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, byte(i >> 7), 128 | byte(i)}), 999)
		o = b.get(s)
	}
	return o
}

func onSYN(backlog, n int, set func(*kernel.Sysctls), s queue.Segment) scenario {
	return func(t *testing.T, sem kernel.Semantics) any {
		b := listener(t, sem, backlog, set)
		b.flood(n)
		return show(b.get(s))
	}
}

// onRequest queues a request and sends a segment for it.
func onRequest(syn queue.Segment, set func(*kernel.Sysctls), next func(o queue.Outcome) []queue.Segment) scenario {
	return func(t *testing.T, sem kernel.Semantics) any {
		b := listener(t, sem, 5, set)
		o := b.get(syn)
		var all string
		for _, s := range next(o) {
			all += show(b.get(s)) + fmt.Sprintf(" drops %d\n", b.l.SockDrops())
		}
		return all
	}
}

func timeouts(t *testing.T, sem kernel.Semantics) any {
	b := listener(t, sem, 5, nil)
	b.get(theSYN)
	var all string
	for _, e := range b.wait(200 * time.Second) {
		all += fmt.Sprintf("%v %v %v\n", e.At-1000*time.Second, e.Action, e.Counters)
	}
	return all
}

func defaults(name string) scenario {
	return func(t *testing.T, sem kernel.Semantics) any {
		c, ok := kernel.SysctlByName(name)
		if !ok {
			t.Fatalf("no sysctl %s", name)
		}
		return c.Default(sem, kernel.Machine{MemoryBytes: 8 << 30})
	}
}

func ranges(name string) scenario {
	return func(t *testing.T, sem kernel.Semantics) any {
		c, _ := kernel.SysctlByName(name)
		lo, hi := c.Range(sem)
		return [2]int{lo, hi}
	}
}

func field[T any](f func(kernel.Semantics) T) scenario {
	return func(t *testing.T, sem kernel.Semantics) any { return f(sem) }
}

func gate(now time.Duration, since time.Duration) scenario {
	return func(t *testing.T, sem kernel.Semantics) any {
		c, err := kernel.NewClock(sem, 250)
		if err != nil {
			t.Fatal(err)
		}
		stamp := uint64(0)
		if since >= 0 {
			stamp = queue.CookieStamp(&sem, c, now-since, 0)
		}
		return queue.CookieExpected(&sem, c, now, stamp)
	}
}

var scenarios = map[string]scenario{
	"syncookies-on":         defaults("net.ipv4.tcp_syncookies"),
	"synack-timer-counters": timeouts,
	"defer-accept-counter": func(t *testing.T, sem kernel.Semantics) any {
		b := newLab(t, queue.Config{Semantics: sem, Sysctls: sysctls(sem), DeferAccept: 5}, 5)
		return show(b.get(ackOf(b.get(theSYN))))
	},
	"cookie-mss-8960": field(func(s kernel.Semantics) uint16 { return queue.CookieMSS(&s, false, 9000) }),
	"cookie-ecn": field(func(s kernel.Semantics) uint32 {
		return queue.CookieTimestamp(&s, 1<<20, queue.CookieOptions{WindowScale: 3, ECN: true})
	}),
	"flood-log-drops":       onSYN(5, 16, cookies(0), theSYN),
	"max-syn-backlog-ehash": defaults("net.ipv4.tcp_max_syn_backlog"),
	"last-quarter-v6": onSYN(100, 13, func(s *kernel.Sysctls) { s.TCPSyncookies, s.TCPMaxSynBacklog = 0, 16 },
		queue.Segment{From: addr(6, 9, 9, 0), Flags: queue.FlagSYN}),
	"paws-zero-passes": onRequest(queue.Segment{Flags: queue.FlagSYN, Seq: 100, Timestamp: true}, nil, func(o queue.Outcome) []queue.Segment {
		a := ackOf(o)
		a.Timestamp, a.TSVal, a.TSEcr = true, 1<<32-5, o.Reply.TSVal
		return []queue.Segment{a}
	}),
	"synack-timeout-1s": field(func(s kernel.Semantics) time.Duration { return queue.SYNACKTimeout(&s, 0, 0) }),
	"reqqfull-counters": onSYN(5, 16, nil, theSYN),
	"flood-log-once": func(t *testing.T, sem kernel.Semantics) any {
		b := listener(t, sem, 5, nil)
		return show(b.flood(17)) + show(b.flood(18))
	},
	"syn-fin-ignored": onSYN(5, 0, nil, queue.Segment{Flags: queue.FlagSYN | queue.FlagFIN}),
	"embryonic-after-reset": onRequest(theSYN, nil, func(o queue.Outcome) []queue.Segment {
		return []queue.Segment{{Flags: queue.FlagSYN, Seq: 150}}
	}),
	"syn-drop-counters": onSYN(5, 16, cookies(0), theSYN),
	"dup-syn-rearms": func(t *testing.T, sem kernel.Semantics) any {
		b := listener(t, sem, 5, nil)
		b.get(theSYN)
		b.wait(900 * time.Millisecond)
		b.get(theSYN)
		return len(b.wait(990 * time.Millisecond))
	},
	"somaxconn-range":    ranges("net.core.somaxconn"),
	"always-cookies":     onSYN(5, 0, cookies(2), theSYN),
	"cookie-two-minutes": field(func(s kernel.Semantics) bool { return queue.CookieFresh(&s, 10, 12) }),
	"cookie-yields-to-request": func(t *testing.T, sem kernel.Semantics) any {
		b := listener(t, sem, 5, cookies(2))
		a := ackOf(b.get(theSYN))
		if err := b.l.SetSysctls(b.now, sysctls(sem)); err != nil {
			t.Fatal(err)
		}
		b.get(theSYN)
		return show(b.get(a))
	},
	"cookie-mss-four":    field(func(s kernel.Semantics) uint16 { return queue.CookieMSS(&s, false, 300) }),
	"synack-syn-retrans": timeouts,
	"recycle-strict": func(t *testing.T, sem kernel.Semantics) any {
		return show(queue.DecideSYN(&sem, &kernel.Sysctls{TCPTwRecycle: 1, TCPTimestamps: 1, TCPMaxSynBacklog: 100}, queue.Queues{AcceptLimit: 9, SYNLimit: 16},
			queue.SYN{Peer: queue.Peer{Judged: true, Rejected: true}}))
	},
	"failed-cookies-only": onSYN(5, 0, nil, queue.Segment{Flags: queue.FlagACK}),
	"timewait-isn-lost-v6": onSYN(5, 16, cookies(0),
		queue.Segment{From: addr(6, 9, 9, 0), Flags: queue.FlagSYN, TimeWaitISN: 5}),
	"dup-syn-rate-limit": onRequest(theSYN, nil, func(o queue.Outcome) []queue.Segment { return []queue.Segment{theSYN, theSYN} }),
	"backlog-32-bit":     field(func(s kernel.Semantics) uint32 { return queue.AcceptLimit(&s, 65536, 65536) }),
	"request-timers": func(t *testing.T, sem kernel.Semantics) any {
		b := listener(t, sem, 5, nil)
		b.get(theSYN)
		b.wait(2 * time.Second)
		at, _ := b.l.Next()
		return at - b.now
	},
	"cookie-gate-120s": gate(1000*time.Second, 60*time.Second),
	"synq-backlog":     field(func(s kernel.Semantics) uint32 { return queue.SYNQueueLimit(&s, 5, 128, 256) }),
	"requests-in-ehash": func(t *testing.T, sem kernel.Semantics) any {
		b := listener(t, sem, 5, nil)
		b.get(theSYN)
		if _, err := b.l.Close(b.now); err != nil {
			t.Fatal(err)
		}
		return b.l.Queues().Requests
	},
	"syncookies-per-netns": field(func(s kernel.Semantics) bool { return s.SyncookiesPerNetns }),
	"cookies-not-drops":    onSYN(5, 16, cookies(2), theSYN),
	"listener-sock-drops": func(t *testing.T, sem kernel.Semantics) any {
		b := listener(t, sem, 5, cookies(0))
		b.flood(20)
		return b.l.SockDrops()
	},
	"request-ack-rate-limit": onRequest(theSYN, nil, func(o queue.Outcome) []queue.Segment {
		a := ackOf(o)
		a.Seq = 99
		return []queue.Segment{a, a}
	}),
	"coarse-timers": func(t *testing.T, sem kernel.Semantics) any {
		b := listener(t, sem, 5, nil)
		b.wait(12 * time.Millisecond)
		b.get(theSYN)
		at, _ := b.l.Next()
		return at - b.now
	},
	"request-sock-drops":        onRequest(theSYN, nil, func(o queue.Outcome) []queue.Segment { return []queue.Segment{theSYN} }),
	"accept-full-alone":         field(func(s kernel.Semantics) bool { return queue.FullForSYN(&s, 6, 5, 1) }),
	"max-syn-backlog-per-netns": field(func(s kernel.Semantics) bool { return s.MaxSYNBacklogPerNetns }),
	"tw-recycle-gone": func(t *testing.T, sem kernel.Semantics) any {
		return show(queue.DecideSYN(&sem, &kernel.Sysctls{TCPTwRecycle: 1, TCPTimestamps: 1, TCPMaxSynBacklog: 100}, queue.Queues{AcceptLimit: 9, SYNLimit: 16},
			queue.SYN{Timestamp: true, Peer: queue.Peer{Judged: true, Rejected: true}}))
	},
	"timestamp-millis": onSYN(5, 0, nil, tsSYN),
	"proven-peers": onSYN(100, 13, func(s *kernel.Sysctls) { s.TCPSyncookies, s.TCPMaxSynBacklog = 0, 16 },
		queue.Segment{From: addr(4, 1, 9, 0), Flags: queue.FlagSYN}),
	"timewait-isn-lost-v4":    onSYN(5, 16, cookies(0), queue.Segment{Flags: queue.FlagSYN, TimeWaitISN: 5}),
	"abort-per-netns":         field(func(s kernel.Semantics) bool { return s.AbortPerNetns }),
	"cookie-gate-wraps":       gate(60*time.Second, -1),
	"somaxconn-4096":          defaults("net.core.somaxconn"),
	"max-syn-backlog-doubled": defaults("net.ipv4.tcp_max_syn_backlog"),
	"cookie-gate-between":     gate(60*time.Second, -1),
	"byte-sysctls":            ranges("net.ipv4.tcp_syncookies"),
	"drop-reasons":            onSYN(5, 0, nil, queue.Segment{}),
	"drop-reasons-listener":   onSYN(5, 0, nil, queue.Segment{}),
	"drop-reasons-ack":        onSYN(5, 0, nil, queue.Segment{Flags: queue.FlagACK}),
	"request-window-clamp": func(t *testing.T, sem kernel.Semantics) any {
		b := newLab(t, queue.Config{Semantics: sem, Sysctls: sysctls(sem), Window: 70000}, 5)
		a := ackOf(b.get(theSYN))
		a.Seq += 66000
		return show(b.get(a))
	},
	"timewait-isn-kept":  onSYN(5, 16, cookies(0), queue.Segment{Flags: queue.FlagSYN, TimeWaitISN: 5}),
	"synq-above-backlog": field(func(s kernel.Semantics) bool { return queue.SYNQueueFull(&s, 5, 5) }),
	"request-ts-deferred": onRequest(tsSYN, nil, func(o queue.Outcome) []queue.Segment {
		// A segment without ACK moves the timestamp, and the ACK is older.
		late := queue.Segment{Seq: 101, Timestamp: true, TSVal: 6000, TSEcr: o.Reply.TSVal}
		a := ackOf(o)
		a.Timestamp, a.TSVal, a.TSEcr = true, 5500, o.Reply.TSVal
		return []queue.Segment{late, a}
	}),
	"request-tsecr": onRequest(tsSYN, nil, func(o queue.Outcome) []queue.Segment {
		a := ackOf(o)
		a.Timestamp, a.TSVal, a.TSEcr = true, 5500, o.Reply.TSVal+1
		return []queue.Segment{a}
	}),
	"drop-reasons-request": onRequest(theSYN, nil, func(o queue.Outcome) []queue.Segment {
		return []queue.Segment{{Flags: queue.FlagACK, Seq: 99, Ack: o.Reply.Seq + 1}}
	}),
	"synack-timeout-cap": field(func(s kernel.Semantics) time.Duration { return queue.SYNACKTimeout(&s, 4, 5000) }),
	"request-rst-exact": onRequest(theSYN, nil, func(o queue.Outcome) []queue.Segment {
		return []queue.Segment{{Flags: queue.FlagRST, Seq: 102}}
	}),
}

// before is a release just before each row; a row without one takes the mainline
// release before its series.
var before = map[string]string{
	"dup-syn-rate-limit": "3.19", "cookie-gate-between": "5.4.4", "timewait-isn-kept": "6.9", "synq-above-backlog": "6.12",
	"cookie-gate-wraps": "4.18.0", "always-cookies": "3.11", "backlog-32-bit": "4.0", "request-rst-exact": "7.1",
	"request-ts-deferred": "6.12",
}

// previous returns the newest mainline release below a series.
func previous(t *testing.T, since string) kernel.Release {
	t.Helper()
	at := kernel.MustParse(since)
	best := kernel.MustParse("2.6.32")
	for major, minors := range map[string]int{"3": 19, "4": 20, "5": 19, "6": 19, "7": 2} {
		for m := range minors + 1 {
			if r, err := kernel.Parse(fmt.Sprintf("%s.%d", major, m)); err == nil && r.Compare(at) < 0 && r.Compare(best) > 0 {
				best = r
			}
		}
	}
	for m := 32; m <= 39; m++ {
		if r, err := kernel.Parse(fmt.Sprintf("2.6.%d", m)); err == nil && r.Compare(at) < 0 && r.Compare(best) > 0 {
			best = r
		}
	}
	return best
}

// TestEveryRowOnBothSides: every row of the table that concerns this package changes
// the answer to a question, and nobody can add one without saying which.
func TestEveryRowOnBothSides(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range kernel.Changes() {
		if c.Package != "queue" {
			continue
		}
		seen[c.ID] = true
		t.Run(c.ID, func(t *testing.T) {
			run := scenarios[c.ID]
			if run == nil {
				t.Fatalf("no scenario shows what %q changes: add one", c.ID)
			}
			r := previous(t, c.Since)
			if name, ok := before[c.ID]; ok {
				r = kernel.MustParse(name)
			}
			if has, known := r.Has(c); has || !known {
				t.Fatalf("%s is not without it", r)
			}
			without := r.Semantics()
			with := without
			c.Apply(&with)
			if x, y := fmt.Sprint(run(t, without)), fmt.Sprint(run(t, with)); x == y {
				t.Errorf("the same with and without on %s: %s", r, x)
			} else {
				t.Logf("%s: %s\nwith it: %s", r, x, y)
			}
		})
	}
	for id := range scenarios {
		if !seen[id] {
			t.Errorf("a scenario for %q, which is no row", id)
		}
	}
}

// TestRowsShowInReleases: the first release of each row answers as the scenario with
// the row does, where no other row of that release changes the same answer.
func TestRowsShowInReleases(t *testing.T) {
	for _, c := range kernel.Changes() {
		if c.Package != "queue" || scenarios[c.ID] == nil {
			continue
		}
		r := previous(t, c.Since)
		if name, ok := before[c.ID]; ok {
			r = kernel.MustParse(name)
		}
		without, first := r.Semantics(), kernel.MustParse(c.Since).Semantics()
		if x, y := fmt.Sprint(scenarios[c.ID](t, without)), fmt.Sprint(scenarios[c.ID](t, first)); x == y {
			t.Errorf("%s: %s and %s answer the same: %s", c.ID, r, c.Since, x)
		}
	}
}
