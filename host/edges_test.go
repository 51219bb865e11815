package host

import (
	"math"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// A budget of nobody has no limit, on kernels with one and without; nor has one in which no challenge ACKs exist, whatever
// the sysctl says.
func TestNoBudget(t *testing.T) {
	for _, release := range []string{"3.2", "4.6", "4.9", "6.0", "7.2.13"} {
		sem := kernel.MustParse(release).Semantics()
		var nobody *ChallengeBudget
		if nobody.Spent(&sem, 5) || !nobody.Spend(&sem, 5, nil) {
			t.Error(release)
		}
	}
	sem := kernel.MustParse("3.2").Semantics()
	b := ChallengeBudget{Limit: -1}
	if b.Spent(&sem, 5) || !b.Spend(&sem, 5, func() uint32 { return math.MaxUint32 }) || b.Spent(&sem, 5) {
		t.Error("3.2 with a sysctl of 0")
	}
}

// The largest values of the sysctls, and one more.
func TestFINTimerBounds(t *testing.T) {
	sem := kernel.MustParse("6.12.117").Semantics()
	for _, c := range []struct {
		timer FINTimer
		ok    bool
	}{
		{FINTimer{Retries2: 255}, true}, {FINTimer{Retries2: 256}, false},
		{FINTimer{Orphan: true, OrphanRetries: 255}, true}, {FINTimer{Orphan: true, OrphanRetries: 256}, false},
	} {
		if _, err := c.timer.Timeline(&sem); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.timer, err)
		}
	}
}

// A probe is sent two round trips and 200 ms after the FIN.
func TestProbeTime(t *testing.T) {
	timer := FINTimer{Probe: true, RTO: time.Second, RTT: 50 * time.Millisecond}
	if got := timer.first(); got != 300*time.Millisecond {
		t.Error(got)
	}
}

// A socket is given up at the instant, not after it; a longest timeout of 0 is 120 s.
func TestExpiredAtTheInstant(t *testing.T) {
	sent := []time.Duration{0, time.Second}
	for _, rtoMax := range []time.Duration{0, 120 * time.Second} {
		timer := FINTimer{Retries2: 3, RTOMax: rtoMax} // three doublings of 200 ms take 3 s
		if at := 4 * time.Second; !timer.Expired(sent, at, time.Second) || timer.Expired(sent, at-1, time.Second) {
			t.Errorf("longest timeout %v", rtoMax)
		}
	}
}

// Fifteen retries of 200 ms: nine doublings take 204.6 s, and six of the longest pause 720 s.
func TestAllowed(t *testing.T) {
	if got, want := allowed(15, 120*time.Second), 924600*time.Millisecond; got != want {
		t.Error(got, want)
	}
	if got, want := allowed(9, 120*time.Second), 204600*time.Millisecond; got != want {
		t.Error(got, want)
	}
}

// A RST within what is kept after a gap is one within the window: only the right edge of the last range ends the connection.
func TestRSTWithinRanges(t *testing.T) {
	sem := kernel.MustParse("7.2.13").Semantics()
	c := Conn{State: Established, RcvNxt: 2000, RcvWup: 2000, RcvWnd: 65535, SACK: true, Ahead: Ahead{{From: 2010, To: 2020}, {From: 2030, To: 2040}}}
	for _, seq := range []uint32{2001, 2010, 2020, 2030, 2039, 2041} {
		if ends, challenge := RSTAccepted(&sem, &c, &Segment{Flags: FlagRST, Seq: seq}); ends || !challenge {
			t.Errorf("RST at %d: %v, %v", seq, ends, challenge)
		}
	}
}

// No connection and no segment are dropped.
func TestRulesOfNothing(t *testing.T) {
	sem := kernel.MustParse("7.2.13").Semantics()
	c := rowConn(Established)
	s := Segment{Flags: FlagRST, Seq: 2000}
	for _, of := range []struct {
		c *Conn
		s *Segment
	}{{nil, &s}, {&c, nil}, {nil, nil}} {
		ends, challenge := RSTAccepted(&sem, of.c, of.s)
		if rule := SYNOnConnection(&sem, of.c, of.s); ends || challenge || rule != SYNDropped {
			t.Error(of.c != nil, of.s != nil, ends, challenge, rule)
		}
	}
}
