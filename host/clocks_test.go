package host_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

// connect() has the only port again as soon as a second of the right clock has begun: to 4.18 the
// second one of the time of day, from 4.19 to 6.13 the next one of the monotonic clock.
func TestReuseAtTheSecond(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		release         string
		monotonic, wall time.Duration
		last            time.Duration // at which it is refused, the entry being of 10.3 s
	}{
		{"6.1.192", 0, 0, 10999 * ms},
		{"6.1.192", 96 * ms, 0, 10903 * ms},
		{"6.1.192", 96 * ms, 1_700_000_000_500 * ms, 10903 * ms},
		{"6.1.192", -4 * ms, 0, 11003 * ms},
		{"4.19", 152 * ms, 0, 10847 * ms},
		{"4.18.20", 152 * ms, 0, 11999 * ms},
		{"4.18.20", 0, 1_700_000_000_500 * ms, 11499 * ms},
		{"3.10.108", 96 * ms, 1_700_000_000_750 * ms, 12249 * ms},
	} {
		l := newLab(t, c.release, func(cfg *host.Config) {
			cfg.Monotonic, cfg.Wall = c.monotonic, c.wall
			cfg.Sysctls.TCPTWReuse = 1
			cfg.Sysctls.IPLocalPortRange = kernel.PortRange{Low: 61000, High: 61000}
		})
		to := netip.MustParseAddrPort("10.0.0.9:80")
		s := l.socket(host.Options{})
		syn := l.must(l.Connect(l.now, s, to)).Sent[0]
		me, isn := netip.AddrPortFrom(own, 61000), syn.Seq
		seg := func(flags host.Flags, seq, ack, ts uint32) {
			l.must(l.Receive(l.now, host.Segment{From: to, To: me, Flags: flags, Seq: seq, Ack: ack, Window: 64240, Timestamp: true, TSVal: ts, TSEcr: syn.TSVal}))
		}
		seg(host.FlagSYN|host.FlagACK, 0, isn+1, 1000)
		l.must(l.Close(l.now, s))
		l.now = 10300 * ms
		seg(host.FlagFIN|host.FlagACK, 1, isn+2, 1001)
		next := l.socket(host.Options{})
		l.now = c.last
		if o := l.must(l.Connect(l.now, next, to)); o.Errno != host.EADDRNOTAVAIL {
			t.Errorf("%s, monotonic %v, wall %v: %v at %v", c.release, c.monotonic, c.wall, o.Errno, l.now)
		}
		l.now += ms
		if o := l.must(l.Connect(l.now, next, to)); o.Errno != host.EINPROGRESS {
			t.Errorf("%s, monotonic %v, wall %v: %v at %v", c.release, c.monotonic, c.wall, o.Errno, l.now)
		}
	}
}

func TestMonotonicIsChecked(t *testing.T) {
	l := host.Config{Monotonic: -25 * time.Hour, Semantics: kernel.MustParse("6.12").Semantics()}
	if _, err := host.New(l); err == nil || !strings.Contains(err.Error(), "Monotonic -25h0m0s") {
		t.Error(err)
	}
}
