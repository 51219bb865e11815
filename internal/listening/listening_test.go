package listening

import (
	"net/netip"
	"strings"
	"testing"

	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/kernel"
)

// of is a listener of 6.18 with so much in its queues, under a somaxconn of 128.
func of(accept, limit, requests uint32) (Socket, *kernel.Semantics, *kernel.Sysctls) {
	sem := kernel.MustParse("6.18").Semantics()
	sys := kernel.Sysctls{Somaxconn: 128, TCPMaxSynBacklog: 512, TCPSyncookies: 1}
	s := Of(&machine.Listener{Local: netip.MustParseAddrPort("0.0.0.0:80"), AcceptLen: accept, Limit: limit, HasLimit: true, Requests: requests})
	s.Limits(&sem, &sys)
	return s, &sem, &sys
}

func TestHealth(t *testing.T) {
	for _, test := range []struct {
		accept, limit, requests uint32
		health, bound           string
	}{
		{0, 7, 0, "ok", "backlog"}, {5, 7, 0, "ok", "backlog"}, {6, 7, 0, "filling", "backlog"}, {8, 7, 0, "dropping", "backlog"},
		{0, 7, 5, "ok", "backlog"}, {0, 7, 6, "filling", "backlog"}, {0, 7, 8, "cookies", "backlog"},
		{0, 128, 0, "ok", "somaxconn"}, {0, 200, 0, "ok", "backlog"}, // of before somaxconn was lowered
	} {
		s, sem, sys := of(test.accept, test.limit, test.requests)
		a := Assess(sem, sys, s)
		if a.Health != test.health || a.Accept.Bound != test.bound || !strings.HasPrefix(a.Finding, "Port 80: ") {
			t.Errorf("%+v: %s, bound by %s: %s", test, a.Health, a.Accept.Bound, a.Finding)
		}
	}
}

// Only a listener that no IPv4 client reaches is one of IPv6.
func TestOfIPv6(t *testing.T) {
	for _, test := range []struct {
		local  string
		v6only bool
		want   bool
	}{{"0.0.0.0:80", false, false}, {"[::]:80", false, false}, {"[::]:80", true, true}, {"[2001:db8::1]:80", false, true}, {"[::ffff:10.0.0.1]:80", false, false}} {
		if got := Of(&machine.Listener{Local: netip.MustParseAddrPort(test.local), V6Only: test.v6only}).IPv6; got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// A limit that was not read is at most somaxconn.
func TestUnknownLimit(t *testing.T) {
	s, sem, sys := of(3, 0, 0)
	s.Live.HasLimit, s.Known = false, false
	s.Limits(sem, sys)
	if a := Assess(sem, sys, s); a.Health != "unknown" || a.Accept.Known || a.Accept.Limit != 128 {
		t.Errorf("%s, %+v", a.Health, a.Accept)
	}
}
