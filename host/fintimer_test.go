package host

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

func (l FINTimeline) text() string {
	var b strings.Builder
	for _, at := range l.Sent {
		fmt.Fprintf(&b, "%d ", at.Milliseconds())
	}
	return fmt.Sprintf("%s| %d", b.String(), l.GivenUp.Milliseconds())
}

// The nominal instants of what 6.12.117 did, whose timers were up to an eighth late.
func TestFINTimeline(t *testing.T) {
	sem := kernel.MustParse("6.12.117").Semantics()
	const eight = "0 204 612 1428 3060 6324 12852 25908 52020 "
	for _, c := range []struct {
		timer FINTimer
		want  string
	}{
		{FINTimer{Orphan: true, OrphanRetries: 1}, "0 204 612 | 1428"},
		{FINTimer{Orphan: true, OrphanRetries: 2}, "0 204 612 1428 | 3060"},
		{FINTimer{Orphan: true, OrphanRetries: 3}, "0 204 612 1428 3060 | 6324"},
		{FINTimer{Orphan: true, OrphanRetries: 7}, "0 204 612 1428 3060 6324 12852 25908 | 52020"},
		{FINTimer{Orphan: true}, eight + "| 104244"},
		{FINTimer{Orphan: true, OrphanRetries: -1}, eight + "| 104244"},
		{FINTimer{Orphan: true, OrphanRetries: 8}, eight + "| 104244"},
		{FINTimer{Orphan: true, OrphanRetries: 9}, eight + "104244 | 208692"},
		{FINTimer{Retries2: 3}, "0 204 612 1428 3060 | 6324"},
		{FINTimer{Retries2: 10}, eight + "104244 208692 | 328692"},
		{FINTimer{}, "0 204 | 612"},
		{FINTimer{Probe: true}, "0 204 408 | 816"},
		{FINTimer{Retries2: 1}, "0 204 612 | 1428"},
		{FINTimer{Retries2: 15}, eight + "104244 208692 328692 448692 568692 688692 808692 | 928692"},
		{FINTimer{Orphan: true, Probe: true}, "0 204 408 816 1632 3264 6528 13056 26112 52224 | 104448"},
		{FINTimer{Orphan: true, RTO: 200 * time.Millisecond}, "0 200 600 1400 3000 6200 12600 25400 51000 102200 | 204600"},
		{FINTimer{Orphan: true, RTO: 201 * time.Millisecond}, "0 201 603 1407 3015 6231 12663 25527 51255 | 102711"},
		{FINTimer{Retries2: 15, RTO: 201 * time.Millisecond}, "0 201 603 1407 3015 6231 12663 25527 51255 102711 205623 325623 445623 565623 685623 805623 | 925623"},
		{FINTimer{Orphan: true, RTO: 130 * time.Second}, "0 120000 | 240000"}, // not alive
	} {
		line, err := c.timer.Timeline(&sem)
		if err != nil || line.text() != c.want {
			t.Errorf("%+v: %s (%v), want %s", c.timer, line.text(), err, c.want)
		}
	}
	late := kernel.MustParse("7.2").Semantics()
	line, err := FINTimer{Orphan: true, RTOMax: time.Second}.Timeline(&late)
	if want := "0 204 612 1428 | 2428"; err != nil || line.text() != want {
		t.Errorf("with a longest timeout of 1 s: %s (%v), want %s", line.text(), err, want)
	}
}

func TestFINTimerRefuses(t *testing.T) {
	sem := kernel.MustParse("5.10").Semantics()
	for _, c := range []struct {
		timer FINTimer
		want  string
	}{
		{FINTimer{RTO: 199 * time.Millisecond}, "199ms"}, {FINTimer{Retries2: 256}, "256"}, {FINTimer{Retries2: -1}, "-1"},
		{FINTimer{OrphanRetries: 256}, "256"}, {FINTimer{RTOMax: 999 * time.Millisecond}, "999ms"}, {FINTimer{RTOMax: time.Minute}, "1m0s"},
	} {
		if _, err := c.timer.Timeline(&sem); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.timer, err)
		}
	}
	if _, err := (FINTimer{}).Timeline(nil); err == nil {
		t.Error("no kernel was taken")
	}
}

// The route is lost with the timeout that would be the fourth after the first copy, 31 times 200 ms after that, and not
// before there is a copy.
func TestLostRoute(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		probe bool
		sent  []time.Duration
		now   time.Duration
		want  bool
	}{
		{false, []time.Duration{0}, time.Hour, false},
		{false, []time.Duration{0, 204 * ms}, 6404*ms - 1, false},
		{false, []time.Duration{0, 204 * ms}, 6404 * ms, true},
		{true, []time.Duration{0, 204 * ms}, time.Hour, false},
		{true, []time.Duration{0, 204 * ms, 408 * ms}, 6608*ms - 1, false},
		{true, []time.Duration{0, 204 * ms, 408 * ms}, 6608 * ms, true},
	} {
		if got := (FINTimer{Probe: c.probe, RTOMax: longestRTO}).lostRoute(c.sent, c.now); got != c.want {
			t.Errorf("probe %v, sent at %v, now %v: %v", c.probe, c.sent, c.now, got)
		}
	}
}

func TestTimeoutCounters(t *testing.T) {
	for _, c := range []struct {
		release string
		resent  int
		givenUp bool
		want    string
	}{
		{"2.6.32", 0, false, "TCPTimeouts, RetransSegs"}, {"2.6.32", 1, false, "RetransSegs"}, {"5.0", 3, true, "TCPAbortOnTimeout"},
		{"5.1", 0, false, "TCPTimeouts, RetransSegs"}, {"6.12.117", 1, false, "TCPTimeouts, RetransSegs"}, {"4.19.89", 8, true, "TCPTimeouts, TCPAbortOnTimeout"},
	} {
		sem := kernel.MustParse(c.release).Semantics()
		if got := TimeoutCounters(&sem, c.resent, c.givenUp).String(); got != c.want {
			t.Errorf("%s, %d sent again: %s, want %s", c.release, c.resent, got, c.want)
		}
	}
}
