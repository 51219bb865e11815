package timewait

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// A memory answers as it was told, and notes what it was asked.
type memory struct {
	answers []bool
	asked   []bool // whether the entry was there already
}

func (m *memory) Remember(_ time.Duration, _, _ netip.Addr, _, _ uint32, already bool) bool {
	m.asked = append(m.asked, already)
	a := m.answers[0]
	m.answers = m.answers[1:]
	return a
}

// The host is remembered before room is looked for: without room its stamp stays.
func TestHostIsRememberedWithoutRoom(t *testing.T) {
	m := &memory{answers: []bool{true}}
	tab := newTable(t, "3.10", func(c *Config) { c.Sysctls.TCPTwRecycle, c.Sysctls.TCPMaxTWBuckets, c.Hosts = 1, 0, m })
	if v := must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: TimeWait, Timestamps: true, TSAt: time.Second})); v.Reason != NoRoom || len(m.asked) != 1 || m.asked[0] {
		t.Errorf("%v, asked %v", v, m.asked)
	}
}

// A FIN_WAIT2 entry becomes a short TIME_WAIT only if its host was remembered when it
// began, is so again when the FIN comes, and the sysctl is still on.
func TestRecyclingOfFinWait2(t *testing.T) {
	for _, c := range []struct {
		first, then, off bool
		asked            int
		short            bool
	}{{true, true, false, 2, true}, {true, false, false, 2, false}, {false, true, false, 1, false}, {true, true, true, 1, false}} {
		m := &memory{answers: []bool{c.first, c.then}}
		tab := newTable(t, "3.10", func(cfg *Config) { cfg.HZ, cfg.Sysctls.TCPTwRecycle, cfg.Hosts = 1000, 1, m })
		k := Socket{Local: ours, Remote: theirs, State: FinWait2, Timeout: Length, Timestamps: true, TSRecent: 5, TSAt: time.Second}
		if v := must(tab.Enter(time.Second, k)); v.Reason != RoomForEntry {
			t.Error(v)
		}
		if c.off {
			sys := tab.cfg.Sysctls
			sys.TCPTwRecycle = 0
			if err := tab.SetSysctls(time.Second, sys); err != nil {
				t.Fatal(err)
			}
		}
		if out, ok, err := tab.Receive(2*time.Second, Segment{From: theirs, To: ours, Flags: FlagFIN | FlagACK, Timestamp: true, TSVal: 6}); out.Rule != "F6" || !ok || err != nil {
			t.Fatal(out, ok, err)
		}
		n := must(tab.Advance(3*time.Second, nil))
		if (n == 1) != c.short || len(m.asked) != c.asked || c.asked == 2 && !m.asked[1] {
			t.Errorf("%+v: %d ended within 1 s, asked %v", c, n, m.asked)
		}
	}
}

// TWKilled counts entries of up to 4 s, and to 4.0 those that the recycle wheel holds.
func TestWhatCountsAsKilled(t *testing.T) {
	for _, c := range []struct {
		release string
		hz      int
		timeout time.Duration
		killed  bool
	}{
		{"3.10", 1000, 3968 * time.Millisecond, true}, {"3.10", 1000, 3968*time.Millisecond + 1, false},
		{"3.10", 100, 4960 * time.Millisecond, true}, {"3.10", 100, 4960*time.Millisecond + 1, false},
		{"3.10", 300, 6613 * time.Millisecond, true}, {"3.10", 300, 6614 * time.Millisecond, false},
		{"4.1", 250, 4 * time.Second, true}, {"4.1", 250, 4*time.Second + 1, false},
		{"5.17", 250, 4 * time.Second, true}, {"5.17", 250, 4*time.Second + 1, false},
		{"5.18", 1000, 4 * time.Second, true}, {"5.18", 1000, 4*time.Second + 1, false},
	} {
		tab := newTable(t, c.release, func(cfg *Config) { cfg.HZ = c.hz })
		must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: FinWait2, Timeout: c.timeout}))
		must(tab.Advance(30*time.Second, nil))
		if got := tab.Counters(); got.Get(kernel.TWKilled) == 1 != c.killed || got.Get(kernel.TW)+got.Get(kernel.TWKilled) != 1 || tab.Len() != 0 {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// A SYN that may reopen, without a listener, is answered each time and renews nothing.
func TestNoListenerIsNotLimited(t *testing.T) {
	v := View{State: TimeWait, RcvNxt: 100, Answered: 5, Jiffies: 6, Limit: 125}
	d := Decide(semOf("6.12"), &v, &Segment{Flags: FlagSYN, Seq: 101})
	if d.Action != SendACK || d.Reason != NewSYNNoListener || d.Limited || d.Stamp || d.Rearm || d.Learn {
		t.Errorf("%+v", d)
	}
	// An old one is limited.
	if d := Decide(semOf("6.12"), &v, &Segment{Flags: FlagSYN, Seq: 100}); d.Action != Drop || !d.Limited {
		t.Errorf("%+v", d)
	}
}

// From 6.14 on the age counts from the entry; the peer's FIN begins it anew if it has a
// timestamp.
func TestFINBeginsTheAgeAnew(t *testing.T) {
	for _, stamped := range []bool{false, true} {
		tab := newTable(t, "6.14", func(c *Config) { c.Sysctls.TCPTWReuse = 1 })
		must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: FinWait2, Timeout: Length, Timestamps: true, TSRecent: 5, TSAt: time.Second}))
		fin := Segment{From: theirs, To: ours, Flags: FlagFIN | FlagACK, Timestamp: stamped, TSVal: 6}
		if out, _, err := tab.Receive(5*time.Second, fin); out.Rule != "F6" || err != nil {
			t.Fatal(out, err)
		}
		v, in, err := tab.Connect(6*time.Second, ours, theirs, false)
		if (v.Action == Take) == stamped || err != nil {
			t.Errorf("FIN with timestamp %v, 1 s after it: %v %v", stamped, v, err)
		}
		if !stamped {
			if in.TSRecent != 5 || in.SeenAt != 1 {
				t.Errorf("inherits %+v", in)
			}
			continue
		}
		if v, in, err = tab.Connect(6*time.Second+time.Millisecond, ours, theirs, false); v.Action != Take || in.TSRecent != 6 || in.SeenAt != 5 || err != nil {
			t.Errorf("1.001 s after it: %v %+v %v", v, in, err)
		}
	}
}

// What the upgrade from 3.10 to 6.12 changes for TIME_WAIT.
func TestDiffTellsAnOperator(t *testing.T) {
	gained, _ := kernel.Diff(kernel.MustParse("3.10.108"), kernel.MustParse("6.12"))
	got := map[string]bool{}
	for _, c := range gained {
		got[c.ID] = true
	}
	for _, id := range []string{"tw-ack-rate-limit", "tw-own-timer", "coarse-timers", "tw-recycle-gone", "tw-reuse-per-netns", "max-tw-buckets-per-netns", "rfc1337-per-netns",
		"tw-reuse-loopback", "stamps-monotonic", "tw-rst-keeps-timer", "linger2-cap", "tw-counted-at-entry", "tw-reuse-not-fin-wait2", "paws-2147s"} {
		if !got[id] {
			t.Errorf("the upgrade does not name %s", id)
		}
	}
	for _, id := range []string{"tw-reuse-delay", "paws-timewait-counter", "tw-overflow-counter"} {
		if got[id] {
			t.Errorf("the upgrade names %s", id)
		}
	}
}
