package queue_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// everySeries is one release of each series that ever behaved differently on the
// listen path, and the vendors' hybrids.
var everySeries = []string{
	"2.6.32", "2.6.33", "2.6.36", "2.6.38", "3.0", "3.1", "3.8", "3.10.108", "3.16", "3.19", "4.1", "4.3", "4.4.155", "4.6",
	"4.9.154", "4.9.166", "4.10", "4.14", "4.19.78", "5.4", "5.10.223", "5.10.234", "5.15.177", "6.1.192", "6.6.72", "6.12.107",
	"6.13", "6.18.44", "7.2.13", "2.6.32-642.el6.x86_64", "3.10.0-1160.el7.x86_64", "4.18.0-147.el8.x86_64",
}

// after floods a listener and returns it.
func afterFlood(t *testing.T, release string, backlog, somaxconn, m, cookies, syns int) *queue.Listener {
	t.Helper()
	sem := kernel.MustParse(release).Semantics()
	s := sysctls(sem)
	s.Somaxconn, s.TCPMaxSynBacklog, s.TCPSyncookies = somaxconn, m, cookies
	l, err := queue.NewListener(queue.Config{Semantics: sem, Sysctls: s})
	if err == nil {
		err = l.Listen(time.Minute, backlog)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range syns {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1024)
		if _, err := l.Receive(time.Minute, queue.Segment{From: from, Flags: queue.FlagSYN, MSS: 1460}); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// The last quarter of tcp_max_syn_backlog ends a flood at the same number in every
// release. A well-known article says 96 for 128.
func TestFloodEndsInTheLastQuarter(t *testing.T) {
	for _, release := range everySeries {
		for m, want := range map[int]uint32{128: 97, 256: 193, 512: 385} {
			l := afterFlood(t, release, 1024, 1024, m, 0, 900)
			if got := l.Queues().Requests; got != want {
				t.Errorf("%s, tcp_max_syn_backlog %d: %d in SYN-RECV, want %d", release, m, got, want)
			}
		}
		for m, want := range map[int]uint32{16: 13, 4: 4} {
			l := afterFlood(t, release, 4096, 4096, m, 0, 100)
			if got := l.Queues().Requests; got != want {
				t.Errorf("%s, tcp_max_syn_backlog %d: %d in SYN-RECV, want %d", release, m, got, want)
			}
		}
	}
}

// What bounds a flood otherwise: the four eras of the SYN queue.
func TestFloodEndsAtTheSYNQueue(t *testing.T) {
	for _, c := range []struct {
		release                         string
		b128, cookies5, zero, zeroCooky uint32
	}{
		{"2.6.32", 256, 16, 10, 10}, {"3.10.108", 256, 16, 10, 10}, {"3.10.0-1160.el7.x86_64", 256, 16, 10, 10}, {"4.3", 256, 16, 10, 10},
		{"4.4.155", 128, 5, 0, 0}, {"4.9.154", 128, 5, 0, 0}, {"4.19.78", 128, 5, 0, 0}, {"4.18.0-147.el8.x86_64", 128, 5, 0, 0},
		{"5.10.223", 128, 5, 0, 0}, {"5.10.234", 129, 6, 1, 1}, {"6.1.0", 128, 5, 0, 0}, {"6.1.192", 129, 6, 1, 1},
		{"6.12.107", 129, 6, 1, 1}, {"6.18.44", 129, 6, 1, 1}, {"7.2.13", 129, 6, 1, 1},
	} {
		queued := func(backlog, somaxconn, m, cookies, syns int) uint32 {
			return afterFlood(t, c.release, backlog, somaxconn, m, cookies, syns).Queues().Requests
		}
		for what, pair := range map[string][2]uint32{
			"backlog 128, cookies 0": {queued(128, 128, 512, 0, 600), c.b128},
			"backlog 128, cookies 1": {queued(128, 128, 512, 1, 600), c.b128},
			"backlog 5, cookies 1":   {queued(5, 5, 512, 1, 600), c.cookies5},
			"listen(0), cookies 0":   {queued(0, 4096, 1024, 0, 10), c.zero},
			"listen(0), cookies 1":   {queued(0, 4096, 1024, 1, 10), c.zeroCooky},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s, %s: %d in SYN-RECV, want %d", c.release, what, pair[0], pair[1])
			}
		}
		l := afterFlood(t, c.release, 128, 128, 512, 1, 600)
		sent, drops := l.Counters().Get(kernel.SyncookiesSent), l.Counters().Get(kernel.ListenDrops)
		if sent != 600-uint64(c.b128) {
			t.Errorf("%s: %d cookies for the SYNs that found no room, want %d", c.release, sent, 600-c.b128)
		}
		sem := kernel.MustParse(c.release).Semantics()
		if want := sent * uint64(b2u(sem.CookieListenDrops)); drops != want {
			t.Errorf("%s: ListenDrops %d, want %d", c.release, drops, want)
		}
	}
}

func b2u(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// Ten clients one after the other, backlog 5, nobody accepts: six get in, and before
// a full accept queue alone dropped SYNs two more stay half-open.
func TestTenClientsOneAfterTheOther(t *testing.T) {
	halfOpen := map[string]uint32{
		"2.6.32": 2, "3.10.108": 2, "4.4.155": 2, "4.4.178": 0, "4.9.154": 2, "4.9.166": 0, "4.10": 0, "4.19.78": 0, "5.10.223": 0, "6.12.107": 0, "7.2.13": 0,
	}
	for release, want := range halfOpen {
		l := afterFlood(t, release, 5, 128, 128, 1, 0)
		for i := range 10 {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1024)
			out, err := l.Receive(time.Minute, queue.Segment{From: from, Flags: queue.FlagSYN, MSS: 1460})
			if err != nil {
				t.Fatal(err)
			}
			if out.Action == queue.SendSYNACK {
				if _, err := l.Receive(time.Minute, queue.Segment{From: from, Flags: queue.FlagACK, Seq: 1, Ack: out.Reply.Seq + 1}); err != nil {
					t.Fatal(err)
				}
			}
		}
		q := l.Queues()
		if got := fmt.Sprint(q.AcceptLen, q.Requests); got != fmt.Sprint(6, want) {
			t.Errorf("%s: established and half-open %s, want 6 %d", release, got, want)
		}
	}
}
