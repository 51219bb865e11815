package queue_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
	"pgregory.net/rapid"
)

// FuzzReceive decodes bytes into a configuration and a script of segments, calls and
// times, and runs it against the dumb model with every invariant.
func FuzzReceive(f *testing.F) {
	for i := range 8 {
		seed := make([]byte, 4096)
		x := uint32(i + 1)
		for j := range seed {
			x = x*1664525 + 1013904223
			seed[j] = byte(x >> 24)
		}
		f.Add(seed)
	}
	f.Add([]byte{})
	f.Fuzz(rapid.MakeFuzz(runMachine))
}

// FuzzDecide puts any numbers to the level 1 rules: none panics, every explanation
// ends in the rule's verdict, and what is full stays full when it grows.
func FuzzDecide(f *testing.F) {
	f.Add(uint8(0), uint32(6), uint32(5), uint32(7), uint32(3), uint32(16), int32(128), 1, uint16(0))
	f.Add(uint8(60), uint32(math.MaxUint32), uint32(0), uint32(math.MaxUint32), uint32(math.MaxUint32), uint32(0), int32(math.MinInt32), -1, uint16(math.MaxUint16))
	f.Fuzz(func(t *testing.T, era uint8, length, limit, requests, young, synLimit uint32, m int32, n int, bits uint16) {
		sem := kernel.MustParse(eras[int(era)%len(eras)]).Semantics()
		q := queue.Queues{AcceptLen: length, AcceptLimit: limit, Requests: requests, Young: young, SYNLimit: synLimit, FloodLogged: bits&1 != 0}
		sys := kernel.Sysctls{TCPMaxSynBacklog: int(m), TCPSyncookies: n, TCPTwRecycle: int(bits >> 1 & 1), TCPTimestamps: int(bits >> 2 & 1), TCPAbortOnOverflow: n, TCPSynackRetries: n}
		syn := queue.SYN{
			IPv6: bits>>3&1 != 0, Timestamp: bits>>4&1 != 0, TimeWait: bits>>5&1 != 0, NotUnicast: bits>>6&1 != 0, Unroutable: bits>>7&1 != 0,
			Peer: queue.Peer{Proven: bits>>8&1 != 0, Judged: bits>>9&3 != 0, Rejected: bits>>10&1 != 0},
		}
		v := queue.DecideSYN(&sem, &sys, q, syn)
		if e := queue.ExplainSYN(&sem, &sys, q, syn); e.Verdict != v || len(e.Checks) == 0 {
			t.Fatalf("ExplainSYN %v, DecideSYN %v", e, v)
		}
		if e := queue.ExplainFinalACK(&sem, &sys, q); e.Verdict != queue.DecideFinalACK(&sem, &sys, q) {
			t.Fatalf("ExplainFinalACK %v", e)
		}
		if e := queue.ExplainCookieACK(&sem, q); e.Verdict != queue.DecideCookieACK(&sem, q) {
			t.Fatalf("ExplainCookieACK %v", e)
		}
		if queue.SYNQueueFull(&sem, requests, synLimit) && requests < math.MaxUint32 && !queue.SYNQueueFull(&sem, requests+1, synLimit) {
			t.Fatal("not full any more")
		}
		if c := queue.SYNQueueCapacity(&sem, synLimit); c <= math.MaxUint32 && !queue.SYNQueueFull(&sem, uint32(c), synLimit) || c > 0 && queue.SYNQueueFull(&sem, uint32(c-1), synLimit) {
			t.Fatalf("SYNQueueCapacity(%d) = %d", synLimit, c)
		}
		if r := queue.SYNACKRetries(&sem, n, q); r > n || n > 2 && r < 2 || n <= 2 && r != n {
			t.Fatalf("SYNACKRetries(%d) = %d", n, r)
		}
		if d := queue.DeferAcceptRetries(&sem, n); d < 0 || d > 255 || n > 0 && d == 0 {
			t.Fatalf("DeferAcceptRetries(%d) = %d", n, d)
		}
		if d := queue.SYNACKTimeout(&sem, int(bits), 0); d <= 0 || d > 120*time.Second {
			t.Fatalf("SYNACKTimeout(%d) = %v", bits, d)
		}
	})
}

// TestBadConfig: what cannot be is an error that names the value.
func TestBadConfig(t *testing.T) {
	sem := kernel.MustParse("7.2").Semantics()
	good := queue.Config{Semantics: sem, Sysctls: sysctls(sem)}
	for _, c := range []struct {
		name string
		set  func(*queue.Config)
		says string
	}{
		{"semantics", func(c *queue.Config) { c.Semantics = kernel.Semantics{} }, "emantics"},
		{"HZ", func(c *queue.Config) { c.HZ = 123 }, "123"},
		{"HZ below", func(c *queue.Config) { c.HZ = -1 }, "-1"},
		{"somaxconn", func(c *queue.Config) { c.Sysctls.Somaxconn = -7 }, "-7"},
		{"syncookies", func(c *queue.Config) { c.Sysctls.TCPSyncookies = 256 }, "256"},
		{"recycle", func(c *queue.Config) { c.Sysctls.TCPTwRecycle = 1 }, "tcp_tw_recycle"},
		{"SYNCount", func(c *queue.Config) { c.SYNCount = 128 }, "128"},
		{"SYNCount below", func(c *queue.Config) { c.SYNCount = -1 }, "-1"},
	} {
		cfg := good
		c.set(&cfg)
		l, err := queue.NewListener(cfg)
		if err == nil || l != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v", c.name, l, err)
		}
	}
	for _, ok := range []func(*queue.Config){
		func(*queue.Config) {},
		func(c *queue.Config) { c.SYNCount = 127 },
		func(c *queue.Config) { c.SYNCount = 1 },
		func(c *queue.Config) { c.HZ = 100 },
	} {
		cfg := good
		ok(&cfg)
		if _, err := queue.NewListener(cfg); err != nil {
			t.Error(err)
		}
	}
}

// TestBadCalls: a call that makes no sense is an error that names the value, and
// leaves the listener as it was.
func TestBadCalls(t *testing.T) {
	for _, release := range []string{"2.6.32", "4.1", "7.2"} {
		sem := kernel.MustParse(release).Semantics()
		l, err := queue.NewListener(queue.Config{Semantics: sem, Sysctls: sysctls(sem)})
		if err != nil {
			t.Fatal(err)
		}
		syn := queue.Segment{From: addr(4, 1, 0, 0), Flags: queue.FlagSYN}
		isErr := func(name string, err, want error, says ...string) {
			t.Helper()
			if err == nil || want != nil && !errors.Is(err, want) {
				t.Errorf("%s: %s: %v, want %v", release, name, err, want)
				return
			}
			for _, s := range says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%s: %s: %q does not name %s", release, name, err, s)
				}
			}
		}
		before := see(l)
		_, err = l.Receive(0, syn)
		isErr("Receive before Listen", err, queue.ErrNotListening)
		_, err = l.Explain(0, syn)
		isErr("Explain before Listen", err, queue.ErrNotListening)
		_, _, err = l.Accept(0)
		isErr("Accept before Listen", err, queue.ErrNotListening)
		isErr("Listen(1<<31)", l.Listen(0, 1<<31), nil, "2147483648")
		isErr("Listen(-1<<31-1)", l.Listen(0, -1<<31-1), nil, "-2147483649")
		isErr("Listen before boot", l.Listen(-1, 1), nil, "-1ns")
		if after := see(l); after != before {
			t.Errorf("%s: %+v became %+v", release, before, after)
		}
		for _, b := range []int{1<<31 - 1, -1 << 31, 5} {
			if err := l.Listen(time.Second, b); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Receive(time.Second, syn); err != nil {
			t.Fatal(err)
		}
		before = see(l)
		_, err = l.Receive(time.Second, queue.Segment{Flags: queue.FlagSYN})
		isErr("no source", err, nil, "From", "valid")
		_, err = l.Explain(time.Second, queue.Segment{Flags: queue.FlagSYN})
		isErr("Explain, no source", err, nil, "From", "valid")
		_, err = l.Receive(time.Second-1, syn)
		isErr("Receive in the past", err, nil, "999.999999ms", "1s")
		_, err = l.Advance(time.Second - 1)
		isErr("Advance to the past", err, nil, "999.999999ms", "1s")
		bad := sysctls(sem)
		bad.TCPSynackRetries = 1 << 40
		isErr("SetSysctls", l.SetSysctls(time.Second, bad), nil, fmt.Sprint(1<<40))
		due, _ := l.Next()
		_, err = l.Receive(due, syn)
		isErr("timer due", err, queue.ErrTimerDue)
		_, err = l.Explain(due, syn)
		isErr("Explain, timer due", err, queue.ErrTimerDue)
		_, _, err = l.Accept(due)
		isErr("Accept, timer due", err, queue.ErrTimerDue)
		isErr("Listen, timer due", l.Listen(due, 1), queue.ErrTimerDue)
		isErr("SetSysctls, timer due", l.SetSysctls(due, sysctls(sem)), queue.ErrTimerDue)
		_, err = l.Close(due)
		isErr("Close, timer due", err, queue.ErrTimerDue)
		_, err = l.Shutdown(due)
		isErr("Shutdown, timer due", err, queue.ErrTimerDue)
		if after := see(l); after != before {
			t.Errorf("%s: %+v became %+v", release, before, after)
		}
		if _, err := l.Receive(due-1, syn); err != nil {
			t.Errorf("%s: just before the timer: %v", release, err)
		}
		if _, err := l.Close(due - 1); err != nil {
			t.Fatal(err)
		}
		isErr("Listen after Close", l.Listen(due-1, 1), queue.ErrClosed)
		_, err = l.Close(due - 1)
		isErr("Close after Close", err, queue.ErrClosed)
		_, err = l.Shutdown(due - 1)
		isErr("Shutdown after Close", err, queue.ErrClosed)
		_, _, err = l.Accept(due - 1)
		isErr("Accept after Close", err, nil)
	}
}
