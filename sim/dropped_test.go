package sim_test

import (
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

// What a full listener turns away is told by SYNs and final ACKs, whichever limit it is.
func TestDropped(t *testing.T) {
	full := func(l *sim.Load) {
		l.Program.Stall = sim.Stall{First: 300 * ms, Every: 3 * time.Second, For: 1500 * ms}
		l.Program.Backlog = 16
	}
	for name, test := range map[string]struct {
		edit       func(l *sim.Load)
		syns, acks bool
		counter    kernel.Counter
	}{
		"quiet":        {func(*sim.Load) {}, false, false, kernel.ListenOverflows},
		"accept queue": {full, true, true, kernel.ListenOverflows},
		"with a RST":   {func(l *sim.Load) { full(l); l.Server.Sysctls.TCPAbortOnOverflow = 1 }, true, true, kernel.ListenOverflows},
		"cookies only": {func(l *sim.Load) { full(l); l.Server.Sysctls.TCPSyncookies = 2 }, true, true, kernel.ListenOverflows},
		"SYN queue": {func(l *sim.Load) {
			l.Server.Sysctls.TCPSyncookies, l.Server.Sysctls.TCPMaxSynBacklog, l.Arrivals = 0, 8, sim.Poisson(4000)
		}, true, false, kernel.ListenDrops},
	} {
		l := aLoad(t, "6.12.117")
		test.edit(&l)
		r := runLoad(t, l)
		n := r.Nodes[0]
		if (n.DroppedSYNs > 0) != test.syns || (n.DroppedACKs > 0) != test.acks || n.DroppedSYNs+n.DroppedACKs != counted(r, test.counter) {
			t.Errorf("%s: %d SYNs, %d ACKs, %v", name, n.DroppedSYNs, n.DroppedACKs, n.Counters)
		}
	}
}
