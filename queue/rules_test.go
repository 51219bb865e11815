package queue

import (
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// CookieStamp returns all 64 bits of the jiffies counter where the kernel compares those, and the low 32 where it
// compares these. The counter begins 300 s below 2^32.
func TestCookieStampWidth(t *testing.T) {
	for _, c := range []struct {
		release string
		long    bool
	}{{"2.6.32", true}, {"3.10.108", true}, {"4.1", true}, {"4.4.155", true}, {"4.9.154", true}, {"5.4.0", false}, {"5.5", false}, {"7.2.13", false}} {
		sem := kernel.MustParse(c.release).Semantics()
		clock, err := kernel.NewClock(sem, 250)
		if err != nil {
			t.Fatal(err)
		}
		now := 10 * time.Minute
		want := clock.Jiffies(now)
		if want < 1<<32 {
			t.Fatal("the counter has not passed 2^32")
		}
		if !c.long {
			want &= 1<<32 - 1
		}
		if got := CookieStamp(&sem, clock, now, 0); got != want {
			t.Errorf("%s: %#x, want %#x", c.release, got, want)
		}
	}
}

// A SYN that finds both queues full: the kernels that warn with a cookie do not warn, those that warn on the way to
// one do.
func TestFloodLogWhenBothAreFull(t *testing.T) {
	q := Queues{Requests: 1000, SYNLimit: 8, AcceptLen: 1000, AcceptLimit: 8, Young: 1000}
	for release, want := range map[string]bool{"2.6.32": false, "2.6.36": true, "3.2": true, "6.12.117": true} {
		sem := kernel.MustParse(release).Semantics()
		v := DecideSYN(&sem, &kernel.Sysctls{TCPSyncookies: 1}, q, SYN{})
		if v.Reason != AcceptQueueFullSYN || v.Logs != want {
			t.Errorf("%s: %v, logs: %v, want %v", release, v, v.Logs, want)
		}
	}
}

// For PAWS at a request 60 s are old enough. The kernel takes the SYN-ACK timeout that runs for the age, and
// tcp_rto_max_ms may make that 60 s exactly.
func TestRequestAgeOfAMinute(t *testing.T) {
	sem := kernel.MustParse("6.19").Semantics()
	r := request{tsRecent: 5000, timeouts: 6}
	for rtoMaxMs, rejects := range map[int]bool{59_999: true, 60_000: false, 120_000: false} {
		v := requestView{sem: &sem, sys: &kernel.Sysctls{TCPRTOMaxMs: rtoMaxMs}}
		if got := pawsRejects(&v, &r, 4999, true); got != rejects {
			t.Errorf("tcp_rto_max_ms %d: rejects %v", rtoMaxMs, got)
		}
	}
}

// A listener without TCP_DEFER_ACCEPT does not look at it.
func TestDeferAcceptIsNotLookedAt(t *testing.T) {
	sem := kernel.MustParse("6.12.117").Semantics()
	clock, err := kernel.NewClock(sem, 250)
	if err != nil {
		t.Fatal(err)
	}
	for deferred, looks := range map[int]bool{0: false, 1: true} {
		v := requestView{sem: &sem, sys: &kernel.Sysctls{}, q: Queues{AcceptLimit: 8}, deferred: deferred, window: 65535, clock: &clock}
		var tr trail
		var d decision
		decideRequest(&v, &request{isn: 7, peerISN: 99, timeouts: 1}, &Segment{Flags: FlagACK, Seq: 100, Ack: 8}, &tr, &d)
		looked := false
		for _, c := range tr.checks {
			looked = looked || strings.Contains(c.Name, "defer accept")
		}
		if d.verdict.Action != Establish || looked != looks {
			t.Errorf("deferred %d: %v, looked at: %v", deferred, d.verdict, looked)
		}
	}
}
