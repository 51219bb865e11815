package timewait

import (
	"net/netip"
	"testing"
	"time"
)

// Timeouts of up to 31 ticks of the recycle wheel go there, longer ones to the slow
// wheel, whose hand moves every 7.5 s.
func TestWhichWheel(t *testing.T) {
	for hz, longest := range map[int]time.Duration{
		100: 31 * 16 * 10 * time.Millisecond, 250: 31 * 32 * 4 * time.Millisecond, 1000: 31 * 128 * time.Millisecond,
	} {
		for timeout, want := range map[time.Duration]time.Duration{longest: longest, longest + 1: 7500 * time.Millisecond} {
			tab := newTable(t, "2.6.32", func(c *Config) { c.HZ = hz })
			must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: FinWait2, Timeout: timeout}))
			if due, ok := tab.Next(); !ok || due != time.Second+want {
				t.Errorf("HZ %d: %v is due at %v, want %v later than 1 s", hz, timeout, due, want)
			}
		}
	}
}

// The slow timer stops when nothing waits any more.
func TestSlowTimerStops(t *testing.T) {
	tab := newTable(t, "2.6.32", nil)
	must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: TimeWait}))
	if n := must(tab.Advance(61*time.Second, nil)); n != 1 {
		t.Errorf("%d ended", n)
	}
	if due, ok := tab.Next(); ok {
		t.Errorf("a timer is due at %v for no entry", due)
	}
}

// A move of the slow wheel leaves the recycle wheel alone, whose timer may come later
// than its row.
func TestWheelsDoNotDisturbEachOther(t *testing.T) {
	tab := newTable(t, "2.6.32", nil)
	enter := func(now time.Duration, port uint16, state State, timeout time.Duration) {
		must(tab.Enter(now, Socket{Local: ours, Remote: netip.AddrPortFrom(theirs.Addr(), port), State: state, Timeout: timeout, RTO: time.Millisecond}))
	}
	const ms = time.Millisecond
	enter(1000*ms, 1, TimeWait, 0) // the slow wheel moves at 8.5 s
	enter(8352*ms, 2, FinWait2, 512*ms)
	enter(8440*ms, 3, FinWait2, 128*ms) // its row is due at 8.48 s, the timer 128 ms from now
	for _, at := range []time.Duration{8500 * ms, 8568 * ms, 8864 * ms} {
		if due, ok := tab.Next(); !ok || due != at {
			t.Fatalf("a timer is due at %v, want %v", due, at)
		}
		want := map[time.Duration]uint16{8568 * ms: 3, 8864 * ms: 2}[at]
		var ended uint16
		must(tab.Advance(at, func(e Ended) { ended = e.Remote.Port() }))
		if ended != want {
			t.Errorf("at %v port %d ended, want %d", at, ended, want)
		}
	}
}

// A move that kills 101 entries leaves the hand where it is, one of 100 does not.
func TestMoveStallsAt101(t *testing.T) {
	for n, want := range map[int]time.Duration{100: 68500 * time.Millisecond, 101: 76 * time.Second} {
		tab := newTable(t, "2.6.32", nil)
		k := Socket{Local: ours, State: TimeWait}
		for i := range n {
			k.Remote = netip.AddrPortFrom(theirs.Addr(), uint16(1+i))
			must(tab.Enter(time.Second, k))
		}
		must(tab.Advance(9*time.Second, nil))
		k.Remote = theirs
		must(tab.Enter(9*time.Second, k))
		var at time.Duration
		must(tab.Advance(100*time.Second, func(e Ended) { at = e.At }))
		if at != want {
			t.Errorf("after a cell of %d the next ended at %v, want %v", n, at, want)
		}
	}
}
