package timewait

import "testing"

// What each row changes in an entry: with a timestamp, without, and on an entry without.
func TestUpdate(t *testing.T) {
	learn, none := Update{Learn: true, Rearm: true}, Update{}
	for _, c := range []struct {
		rule, release string
		state         State
		s             Segment
		want          Update
	}{
		{"F1", "7.2", FinWait2, Segment{Flags: FlagACK, Seq: 90, Len: 1}, none},
		{"F1", "7.2", FinWait2, Segment{Flags: FlagACK, Seq: 90}, Update{Stamp: true}},
		{"F2", "7.2", FinWait2, Segment{Flags: FlagRST, Seq: 100}, none},
		{"F3", "7.2", FinWait2, Segment{Flags: FlagSYN, Seq: 100}, none},
		{"F4", "7.2", FinWait2, Segment{Flags: FlagACK, Seq: 100}, none},
		{"F5", "7.2", FinWait2, Segment{Flags: FlagACK, Seq: 100, Len: 2}, none},
		{"F6", "7.2", FinWait2, Segment{Flags: FlagACK | FlagFIN, Seq: 100}, Update{Learn: true, Rearm: true, Become: true}},
		{"T1", "7.2", TimeWait, Segment{Flags: FlagRST, Seq: 100}, none},
		{"T3", "7.2", TimeWait, Segment{Flags: FlagACK, Seq: 100}, learn},
		{"T4", "7.2", TimeWait, Segment{Flags: FlagSYN, Seq: 101}, none},
		{"T6", "7.2", TimeWait, Segment{Flags: FlagRST, Seq: 101}, none},
		{"T8", "7.2", TimeWait, Segment{Flags: FlagACK, Seq: 101}, Update{Rearm: true, Stamp: true}},
		{"T8", "3.19", TimeWait, Segment{Flags: FlagACK, Seq: 101}, Update{Rearm: true}},
		{"T8", "7.2", TimeWait, Segment{Flags: FlagACK, Seq: 101, Len: 1}, Update{Rearm: true}},
		{"T9", "7.2", TimeWait, Segment{Flags: FlagSYN, Seq: 99}, Update{Stamp: true}},
	} {
		for _, stamped := range []bool{false, true} {
			for _, seen := range []uint32{0, 1} {
				v := View{State: c.state, RcvNxt: 100, Window: 10, TSRecent: 7, SeenAt: seen, Now: 1, Jiffies: 5, Limit: 10}
				s, want := c.s, c.want
				s.Timestamp, s.TSVal = stamped, 7
				want.Learn = want.Learn && stamped && seen != 0
				if d := Decide(semOf(c.release), &v, &s); d.Rule() != c.rule || d.Update != want {
					t.Errorf("%s on %s, timestamp %v and %d: %s %+v", c.rule, c.release, stamped, seen, d.Rule(), d.Update)
				}
			}
		}
	}
}

// T2 under tcp_rfc1337, T5 and T7 with an old timestamp.
func TestUpdateOfRFC1337AndOldTimestamps(t *testing.T) {
	for _, c := range []struct {
		rule, release string
		s             Segment
		want          Update
	}{
		{"T2", "4.18", Segment{Flags: FlagRST, Seq: 100, TSVal: 7}, Update{Learn: true, Rearm: true}},
		{"T2", "4.19", Segment{Flags: FlagRST, Seq: 100, TSVal: 7}, Update{Learn: true}},
		{"T5", "4.19", Segment{Flags: FlagRST, Seq: 100, TSVal: 6}, Update{}},
		{"T7", "4.19", Segment{Flags: FlagACK, Seq: 100, TSVal: 6}, Update{Rearm: true, Stamp: true}},
		{"T7", "3.19", Segment{Flags: FlagACK, Seq: 100, TSVal: 6}, Update{Rearm: true}},
	} {
		v := View{State: TimeWait, RcvNxt: 100, TSRecent: 7, SeenAt: 1, Now: 1, RFC1337: true, Limit: 10}
		c.s.Timestamp = true
		if d := Decide(semOf(c.release), &v, &c.s); d.Rule() != c.rule || d.Update != c.want {
			t.Errorf("%s on %s: %s %+v", c.rule, c.release, d.Rule(), d.Update)
		}
	}
}
