package kernel

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func (l SYNTimeline) text() string {
	var b strings.Builder
	for _, at := range l.Sent {
		fmt.Fprintf(&b, "%g ", at.Seconds())
	}
	return fmt.Sprintf("%s| %g", b.String(), l.TimedOut.Seconds())
}

// The instants of every release, each kernel that was asked among them.
func TestSYNTimelineByRelease(t *testing.T) {
	const (
		short   = "0 3 9 | 21"
		old     = "0 3 9 21 45 93 | 189"
		five    = "0 1 3 7 15 31 | 63"
		six     = "0 1 3 7 15 31 63 | 127"
		four    = "0 1 3 7 15 | 31"
		linear4 = "0 1 2 3 4 5 7 11 19 35 67 | 131"
	)
	for _, c := range []struct{ want, releases string }{
		{short, "2.6.32 2.6.32.67 2.6.32.69 2.6.33 2.6.34 2.6.35 2.6.35.3 2.6.32-71.el6.x86_64 2.6.32-131.el6.x86_64 2.6.32-220.el6.x86_64"},
		{old, "2.6.36 2.6.37 2.6.38 2.6.39 3.0 3.0.27"},
		{five, "3.1 3.2 3.3 3.4.113 3.5 3.6.5 2.6.32-279.el6.x86_64 2.6.32-357.el6.x86_64 2.6.32-358.el6.x86_64 2.6.32-431.el6.x86_64 2.6.32-504.el6.x86_64 2.6.32-642.el6.x86_64"},
		{six, "3.7.2 3.10.108 3.10.0-1160.el7.x86_64 4.4.155 4.9.154 4.12 4.13 4.14.177 4.18.0-147.el8.x86_64 4.19 4.19.76 4.19.209 4.20 5.2 5.4 5.4.59 5.10.223 6.1.192 6.4"},
		{four, "4.19.77 4.19.78 4.19.208"},
		{linear4, "6.5 6.8 6.12.107 6.18.44 7.2.13"},
	} {
		for _, name := range strings.Fields(c.releases) {
			sem := MustParse(name).Semantics()
			line, err := DefaultSYNTimer(&sem).Timeline(&sem)
			if err != nil || line.text() != c.want {
				t.Errorf("%s: %s (%v), want %s", name, line.text(), err, c.want)
			}
		}
	}
}

// A setting other than the default, by hand from the rules.
func TestSYNTimelineByRetries(t *testing.T) {
	for _, c := range []struct {
		release         string
		retries, linear int
		rtoMax          time.Duration
		want            string
	}{
		{"2.6.32", 4, 0, 0, "0 3 | 9"}, // 6.2 s allowed
		{"2.6.32", 6, 0, 0, "0 3 9 21 | 45"},
		{"2.6.32", 7, 0, 0, "0 3 9 21 45 | 93"},
		{"2.6.32", 8, 0, 0, "0 3 9 21 45 93 | 189"},
		{"2.6.32", 1, 0, 0, "0 3 | 9"}, // 0.6 s have passed at 3 s, but none was sent again yet
		{"3.0", 1, 0, 0, "0 3 | 9"},
		{"3.0", 6, 0, 0, "0 3 9 21 45 93 189 | 309"}, // the pauses end at 120 s
		{"3.0", 7, 0, 0, "0 3 9 21 45 93 189 309 | 429"},
		{"3.10", 7, 0, 0, "0 1 3 7 15 31 63 127 | 247"},
		{"4.18", 8, 0, 0, "0 1 3 7 15 31 63 127 247 | 367"},
		{"4.19.78", 5, 0, 0, "0 1 3 7 | 15"},
		{"4.19.78", 7, 0, 0, "0 1 3 7 15 31 | 63"},
		{"4.19.78", 1, 0, 0, "0 1 | 3"},
		{"6.4", 1, 0, 0, "0 1 | 3"},
		{"6.12", 1, 4, 0, "0 1 2 | 3"}, // 3 s allowed, linear or not
		{"6.12", 2, 4, 0, "0 1 2 3 4 5 | 7"},
		{"6.12", 3, 4, 0, "0 1 2 3 4 5 7 11 | 19"},
		{"6.12", 6, 0, 0, "0 1 3 7 15 31 63 | 127"},
		{"6.12", 1, 1, 0, "0 1 2 | 4"},
		{"6.18", 6, 4, 4 * time.Second, "0 1 2 3 4 5 7 11 15 19 | 23"},
	} {
		sem := MustParse(c.release).Semantics()
		line, err := SYNTimer{Retries: c.retries, Linear: c.linear, RTOMax: c.rtoMax}.Timeline(&sem)
		if err != nil || line.text() != c.want {
			t.Errorf("%s, retries %d, linear %d, RTOMax %v: %s (%v), want %s", c.release, c.retries, c.linear, c.rtoMax, line.text(), err, c.want)
		}
	}
}

func TestSYNTimerRefuses(t *testing.T) {
	old, now, newest := MustParse("6.4").Semantics(), MustParse("6.5").Semantics(), MustParse("7.2").Semantics()
	for _, c := range []struct {
		timer SYNTimer
		sem   *Semantics
		want  string
	}{
		{SYNTimer{Retries: 0}, &now, "tcp_syn_retries 0"},
		{SYNTimer{Retries: 128}, &now, "tcp_syn_retries 128"},
		{SYNTimer{Retries: 6, Linear: -1}, &now, "tcp_syn_linear_timeouts -1"},
		{SYNTimer{Retries: 6, Linear: 128}, &now, "tcp_syn_linear_timeouts 128"},
		{SYNTimer{Retries: 6, Linear: 1}, &old, "does not have it"},
		{SYNTimer{Retries: 6, RTOMax: time.Second - 1}, &newest, "999.999999ms"},
		{SYNTimer{Retries: 6, RTOMax: time.Second}, &old, "no tcp_rto_max_ms"},
		{SYNTimer{Retries: 6}, &Semantics{}, "no kernel"},
		{SYNTimer{Retries: 6}, nil, "no kernel"},
	} {
		line, err := c.timer.Timeline(c.sem)
		if err == nil || !strings.Contains(err.Error(), c.want) || line.Sent != nil || line.TimedOut != 0 {
			t.Errorf("%+v: %v, %v; want an error with %q", c.timer, line, err, c.want)
		}
	}
	if DefaultSYNTimer(nil) != (SYNTimer{}) {
		t.Error("a nil Semantics has retries")
	}
}

// On every kernel: pauses never shrink, none is longer than RTOMax, and more retries
// never end sooner.
func TestSYNTimelineHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sem := MustParse(rapid.SampledFrom(allSeries).Draw(t, "series")).Semantics()
		sem.SYNExpiry = SYNExpiryRule(rapid.IntRange(int(SYNExpiry200ms), int(SYNExpiryCountOrTime)).Draw(t, "rule"))
		timer := SYNTimer{Retries: rapid.IntRange(1, 126).Draw(t, "retries")}
		if sem.SYNLinearTimeouts {
			timer.Linear = rapid.IntRange(0, 127).Draw(t, "linear")
		}
		line, err := timer.Timeline(&sem)
		if err != nil {
			t.Fatal(err)
		}
		last := time.Duration(0)
		for i, at := range append(line.Sent, line.TimedOut) {
			if i == 0 {
				continue
			}
			pause := at - line.Sent[i-1]
			if pause < last || pause > longestRTO {
				t.Fatalf("pauses %v, %v in %v", last, pause, line)
			}
			last = pause
		}
		timer.Retries++
		if more, err := timer.Timeline(&sem); err != nil || more.TimedOut < line.TimedOut {
			t.Fatalf("%d retries end at %v, one less at %v (%v)", timer.Retries, more.TimedOut, line.TimedOut, err)
		}
	})
}

// How long does connect() wait, and when does it try again?
func ExampleSYNTimer_Timeline() {
	for _, release := range []string{"2.6.32-220.el6.x86_64", "3.10.108", "6.12"} {
		sem := MustParse(release).Semantics()
		line, err := DefaultSYNTimer(&sem).Timeline(&sem)
		fmt.Println(release, line.Sent, line.TimedOut, err)
	}
	// Output:
	// 2.6.32-220.el6.x86_64 [0s 3s 9s] 21s <nil>
	// 3.10.108 [0s 1s 3s 7s 15s 31s 1m3s] 2m7s <nil>
	// 6.12 [0s 1s 2s 3s 4s 5s 7s 11s 19s 35s 1m7s] 2m11s <nil>
}
