package queue

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

func benchConfig(b *testing.B, release string) Config {
	b.Helper()
	r := kernel.MustParse(release)
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 8 << 30})
	if err != nil {
		b.Fatal(err)
	}
	sys.Somaxconn = 4096
	return Config{Semantics: r.Semantics(), Sysctls: sys, Key: 1}
}

// benchPeers is how many distinct clients the benchmarks of a Listener go through.
const benchPeers = 1_000_000

func benchPeer(i int) netip.AddrPort {
	n := uint32(i % benchPeers)
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 40000)
}

// BenchmarkListener is a SYN, the final ACK and accept(), by a million peers in
// turn: with nothing else queued, and with half a SYN queue of idle requests.
func BenchmarkListener(b *testing.B) {
	for _, c := range []struct {
		name, release string
		idle          int
	}{
		{"6.12", "6.12.107", 0},
		{"6.12/idle=2048", "6.12.107", 2048},
		{"3.10", "3.10.108", 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			l, err := NewListener(benchConfig(b, c.release))
			if err != nil {
				b.Fatal(err)
			}
			now := time.Minute
			if err := l.Listen(now, 4096); err != nil {
				b.Fatal(err)
			}
			for i := range c.idle {
				from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), 1)
				if _, err := l.Receive(now, Segment{From: from, Flags: FlagSYN, MSS: 1460}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				from := benchPeer(i)
				seq := uint32(i)
				i++
				out, err := l.Receive(now, Segment{From: from, Flags: FlagSYN, Seq: seq, MSS: 1460})
				if err != nil || out.Action != SendSYNACK {
					b.Fatal(out, err)
				}
				out, err = l.Receive(now, Segment{From: from, Flags: FlagACK, Seq: seq + 1, Ack: out.Reply.Seq + 1})
				if err != nil || out.Action != Establish {
					b.Fatal(out, err)
				}
				if _, ok, err := l.Accept(now); !ok || err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTimeouts is a SYN every 50 ms that nobody answers, with the timers of all
// those before it.
func BenchmarkTimeouts(b *testing.B) {
	l, err := NewListener(benchConfig(b, "6.12.107"))
	if err != nil {
		b.Fatal(err)
	}
	now := time.Minute
	if err := l.Listen(now, 4096); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		now += 50 * time.Millisecond // some 1260 requests live, and each is heard of six times
		if _, err := l.Advance(now); err != nil {
			b.Fatal(err)
		}
		if _, err := l.Receive(now, Segment{From: benchPeer(i), Flags: FlagSYN, MSS: 1460}); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

var sink Verdict

func BenchmarkRules(b *testing.B) {
	cfg := benchConfig(b, "6.12.107")
	sem, sys := cfg.Semantics, cfg.Sysctls
	q := Queues{AcceptLen: 3, AcceptLimit: 128, Requests: 97, Young: 5, SYNLimit: 128}
	b.Run("SYNQueueFull", func(b *testing.B) {
		n := 0
		for b.Loop() {
			if SYNQueueFull(&sem, q.Requests, q.SYNLimit) {
				n++
			}
		}
	})
	b.Run("SYNQueueLimit", func(b *testing.B) {
		var n uint32
		for b.Loop() {
			n += SYNQueueLimit(&sem, 128, 4096, 1024)
		}
	})
	b.Run("LastQuarter", func(b *testing.B) {
		n := 0
		for b.Loop() {
			if LastQuarter(q.Requests, 128) {
				n++
			}
		}
	})
	b.Run("SYNACKTimeout", func(b *testing.B) {
		var n time.Duration
		for b.Loop() {
			n += SYNACKTimeout(&sem, 3, 0)
		}
	})
	b.Run("SYNACKRetries", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n += SYNACKRetries(&sem, 5, q)
		}
	})
	b.Run("CookieMSS", func(b *testing.B) {
		var n uint16
		for b.Loop() {
			n += CookieMSS(&sem, false, 1400)
		}
	})
	b.Run("DecideSYN", func(b *testing.B) {
		for b.Loop() {
			sink = DecideSYN(&sem, &sys, q, SYN{Timestamp: true})
		}
	})
	b.Run("DecideFinalACK", func(b *testing.B) {
		for b.Loop() {
			sink = DecideFinalACK(&sem, &sys, q)
		}
	})
	clock, err := kernel.NewClock(sem, 250)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("CookieExpected", func(b *testing.B) {
		n := 0
		for b.Loop() {
			if CookieExpected(&sem, clock, time.Hour, 1<<32) {
				n++
			}
		}
	})
}
