package paws

import (
	"net/netip"
	"testing"
)

// As many of our addresses as a Cache tells apart stay apart, whichever was asked for
// last, and no address is one as well.
func TestLocalsStayApart(t *testing.T) {
	c := recycling(t, "4.4.155", func(cfg *Config) { cfg.MetricsSlots = 1 << 20 }) // few hosts to a bucket
	from := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 2, byte(i >> 8), byte(i)}) }
	to := func(i int) netip.Addr {
		if i == 0 {
			return netip.Addr{}
		}
		return netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
	}
	const most = maxLocals - 1
	for i := range most {
		if _, _, err := c.EnterTimeWait(0, Closing{From: from(i), To: to(i), TS: uint32(i), Stamp: 5}); err != nil {
			t.Fatal(i, err)
		}
	}
	if c.Len() != most {
		t.Fatalf("%d pairs, want %d", c.Len(), most)
	}
	for i := most - 1; i >= 0; i-- {
		if h, rtt, known := c.Host(from(i), to(i)); !known || rtt || h.TS != uint32(i) {
			t.Fatalf("address %d: %v %v %v", i, h, rtt, known)
		}
	}
	if _, _, known := c.Host(from(1), to(most)); known {
		t.Error("an address that was never ours")
	}
	// A mapped address of ours is the IPv4 one.
	if h, _, known := c.Host(from(7), netip.AddrFrom16(to(7).As16())); !known || h.TS != 7 {
		t.Error("mapped")
	}
}
