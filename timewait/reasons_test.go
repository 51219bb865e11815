package timewait

import "testing"

// TestReasons holds what a verdict says beyond its action: the reason, and the kernel's
// drop reason, which there is none of before kernels gave reasons.
func TestReasons(t *testing.T) {
	old := Segment{Flags: FlagACK, Seq: 90, Timestamp: true, TSVal: 9}
	below := Segment{Flags: FlagACK, Seq: 90}
	for _, c := range []struct {
		release string
		view    View
		segment Segment
		want    string
	}{
		{"2.6.32", View{State: TimeWait, TSRecent: 10, SeenAt: 1, Now: 1}, old,
			"send an ACK, keep the entry: its timestamp is older than the last one (PAWSEstab)"},
		{"5.16", View{State: TimeWait, TSRecent: 10, SeenAt: 1, Now: 1}, old,
			"send an ACK, keep the entry: its timestamp is older than the last one (PAWSEstab)"},
		{"5.17", View{State: TimeWait, TSRecent: 10, SeenAt: 1, Now: 1}, old,
			"send an ACK, keep the entry: its timestamp is older than the last one (PAWSEstab) [NOT_SPECIFIED]"},
		{"7.2", View{State: TimeWait, TSRecent: 10, SeenAt: 1, Now: 1}, old,
			"send an ACK, keep the entry: its timestamp is older than the last one (PAWSTimewait) [TCP_RFC7323_TW_PAWS]"},
		{"7.2", View{State: TimeWait, TSRecent: 10, SeenAt: 1, Now: 1, Answered: 5, Jiffies: 6, Limit: 125}, old,
			"drop, keep the entry: its timestamp is older than the last one, less than tcp_invalid_ratelimit after the last answer (PAWSTimewait, TCPACKSkippedTimeWait) [TCP_RFC7323_TW_PAWS]"},
		{"3.19", View{State: TimeWait, Answered: 5, Jiffies: 6, Limit: 125}, below,
			"send an ACK, keep the entry: an old segment, or data"},
		{"6.1", View{State: TimeWait, Answered: 5, Jiffies: 6, Limit: 125}, below,
			"drop, keep the entry: an answer is due, less than tcp_invalid_ratelimit after the last one (TCPACKSkippedTimeWait) [NOT_SPECIFIED]"},
		{"6.1", View{State: FinWait2, Answered: 5, Jiffies: 6, Limit: 125}, below,
			"drop, keep the entry: it lies outside the window or its timestamp is too old, less than tcp_invalid_ratelimit after the last answer (TCPACKSkippedFinWait2) [NOT_SPECIFIED]"},
		// A RST is held back for 60 s only, everything else for longer.
		{"5.10", View{State: TimeWait, TSRecent: 10, SeenAt: 1, Now: 60}, Segment{Flags: FlagRST, Seq: 100, Timestamp: true, TSVal: 9},
			"drop, keep the entry: its timestamp is older than the last one (PAWSEstab)"},
		{"5.10", View{State: TimeWait, TSRecent: 10, SeenAt: 1, Now: 61}, Segment{Flags: FlagRST, Seq: 100, Timestamp: true, TSVal: 9},
			"remove the entry, send nothing: a RST at the next sequence number"},
		{"5.10", View{State: TimeWait, TSRecent: 10, SeenAt: 1, Now: 61}, Segment{Flags: FlagACK, Seq: 100, Timestamp: true, TSVal: 9},
			"send an ACK, keep the entry: its timestamp is older than the last one (PAWSEstab)"},
	} {
		c.view.RcvNxt = 100
		if got := Decide(semOf(c.release), &c.view, &c.segment).Verdict.String(); got != c.want {
			t.Errorf("%s: %+v:\n%q", c.release, c.view, got)
		}
	}
}
