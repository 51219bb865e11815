package host_test

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

func TestRoundTrip(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		samples []time.Duration
		hz      int
		want    uint32
	}{
		{[]time.Duration{0}, 250, 51}, {[]time.Duration{0}, 1000, 201}, {[]time.Duration{62 * ms}, 250, 66},
		{[]time.Duration{100 * ms}, 250, 75}, {[]time.Duration{300 * ms}, 250, 225}, {[]time.Duration{time.Hour}, 250, 30000},
		{[]time.Duration{100 * ms, 100 * ms}, 250, 75}, {[]time.Duration{100 * ms, 20 * ms}, 250, 74},
	} {
		var r host.RoundTrip
		for i, s := range c.samples {
			r.Sample(s, uint32(i), uint32(i+1))
		}
		if got := r.Timeout(c.hz); got != c.want {
			t.Errorf("%v at HZ %d: %d jiffies, want %d; %+v", c.samples, c.hz, got, c.want, r)
		}
	}
}

// The first timeout of a FIN is the handshake's round trip and 200 ms; 3 s if the SYN-ACK was sent twice, but
// with timestamps their echo tells. Observed: the first on 5.10.223, 6.1.192, 6.12.117, 6.18.44, 7.2.13.
func TestFINTimeoutFromHandshake(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		release string
		rtt     time.Duration
		stamped bool
		echoAgo time.Duration
		want    time.Duration
	}{
		{"at once", "6.12.117", 0, false, 0, 204 * ms},
		{"a round trip of 62 ms", "6.12.117", 62 * ms, false, 0, 264 * ms},
		{"one of 400 ms", "6.12.117", 400 * ms, false, 0, 1200 * ms},
		{"a SYN-ACK sent twice", "6.12.117", 1500 * ms, false, 0, 3 * time.Second},
		{"the same with timestamps", "6.12.117", 1500 * ms, true, 50 * ms, 252 * ms},
		{"without a measure", "3.0", 62 * ms, false, 0, 3 * time.Second},
		{"3.0 with timestamps", "3.0", 64 * ms, true, 64 * ms, 264 * ms},
	} {
		r := kernel.MustParse(c.release)
		sys, err := kernel.Defaults(r, kernel.Machine{EHashBuckets: 4096})
		if err != nil {
			t.Fatal(err)
		}
		h, err := host.New(host.Config{Semantics: r.Semantics(), Sysctls: sys, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
		if err != nil {
			t.Fatal(err)
		}
		now := 100 * time.Second
		o, _ := h.Open(now, host.Options{})
		to := netip.MustParseAddrPort("10.0.0.1:80")
		h.Bind(now, o.Socket, to)
		h.Listen(now, o.Socket, 5)
		s := host.Segment{From: netip.MustParseAddrPort("10.0.0.9:999"), To: to, Flags: host.FlagSYN, Seq: 9, Timestamp: c.stamped, TSVal: 5}
		out, _ := h.Receive(now, s)
		isn, tsval := out.Sent[0].Seq, out.Sent[0].TSVal
		now += c.rtt
		s.Flags, s.Seq, s.Ack, s.Window = host.FlagACK, 10, isn+1, 5000
		if c.stamped {
			s.TSEcr = tsval + uint32((c.rtt-c.echoAgo)/ms)
			if c.release == "3.0" {
				s.TSEcr = tsval + uint32((c.rtt-c.echoAgo)/(4*ms))
			}
		}
		h.Receive(now, s)
		a, _ := h.Accept(now, o.Socket)
		out, err = h.Close(now, a.Socket)
		if err != nil || len(out.Sent) != 1 {
			t.Fatalf("%s: %v, %v", c.name, out.Sent, err)
		}
		due, _ := h.Next()
		// A wheel of 4.8 and later has the timer fire up to an eighth late.
		if wait := due - now; wait < c.want-4*ms || wait > c.want+c.want/8+8*ms {
			t.Errorf("%s: the FIN is sent again after %v, not %v", c.name, wait, c.want)
		}
	}
}

// A round-trip time of nothing measured, and an HZ of no kernel.
func TestTimeoutOfAnyHZ(t *testing.T) {
	var zero, trip host.RoundTrip
	trip.Sample(50*time.Millisecond, 1, 2)
	for _, hz := range []int{-1, 0, 1_000_001} {
		if got, want := trip.Timeout(hz), trip.Timeout(250); got != want || zero.Timeout(hz) != 0 {
			t.Errorf("HZ %d: %d jiffies, and %d of nothing; want %d and 0", hz, got, zero.Timeout(hz), want)
		}
	}
	if trip.Timeout(1) != 1 || trip.Timeout(1_000_000) != 250_000 {
		t.Error(trip.Timeout(1), trip.Timeout(1_000_000))
	}
}
