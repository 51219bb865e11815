package timewait

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// trail is an explanation's checks in short: "PAWS -", "T7 *: timestamp too old"... The
// rows that did not decide are left out, but counted.
func trail(x Explanation) string {
	var parts []string
	passed := 0
	for _, c := range x.Checks {
		if c.Func == "tcp_timewait_state_process" && !c.Hit {
			passed++
			continue
		}
		mark := "-"
		if c.Hit {
			mark = "*"
		}
		parts = append(parts, fmt.Sprintf("%s %s %s", mark, c.Name, c.Detail))
	}
	return fmt.Sprintf("%s; %d rows passed", strings.Join(parts, "; "), passed)
}

func TestExplainSegment(t *testing.T) {
	timeWait := View{State: TimeWait, RcvNxt: 100, TSRecent: 7, SeenAt: 1, Now: 1, Jiffies: 9, Limit: 125}
	answered, plain, finWait2 := timeWait, timeWait, timeWait
	answered.Answered = 5
	plain.SeenAt = 0
	finWait2.State, finWait2.Window = FinWait2, 10
	const none = "- PAWS no timestamp on the segment; "
	for _, c := range []struct {
		release string
		v       View
		s       Segment
		want    string
	}{
		{"7.2", answered, Segment{Flags: FlagACK, Seq: 99, Timestamp: true, TSVal: 6},
			"* PAWS last timestamp 7, this one -1: too old; * T7 seq is rcv_nxt-1: timestamp too old; * rate limit answered 4 jiffies ago, limit 125; 6 rows passed"},
		{"7.2", timeWait, Segment{Flags: FlagACK, Seq: 99, Timestamp: true, TSVal: 7},
			"- PAWS last timestamp 7, this one +0: passes; * T8 seq is rcv_nxt-1: ACK; - rate limit not answered before; 7 rows passed"},
		{"7.2", timeWait, Segment{Flags: FlagACK, Seq: 99, Len: 1}, none + "* T8 seq is rcv_nxt-1: ACK; - rate limit data or FIN: always answered; 7 rows passed"},
		{"3.19", answered, Segment{Flags: FlagACK, Seq: 99}, none + "* T8 seq is rcv_nxt-1: ACK; 7 rows passed"},
		{"3.19", answered, Segment{Flags: FlagACK, Seq: 99, Len: 1}, none + "* T8 seq is rcv_nxt-1: ACK; 7 rows passed"},
		{"7.2", answered, Segment{Flags: FlagRST, Seq: 99, Len: 1}, none + "* T6 seq is rcv_nxt-1: RST; 5 rows passed"},
		{"7.2", answered, Segment{Seq: 99}, none + "* T9 seq is rcv_nxt-1: none of these; * rate limit answered 4 jiffies ago, limit 125; 8 rows passed"},
		{"7.2", plain, Segment{Flags: FlagRST, Seq: 100, Timestamp: true, TSVal: 6},
			"- PAWS the connection used no timestamps: the segment's is not looked at; * T1 seq is rcv_nxt+0: RST, timestamp not too old, seq = rcv_nxt, tcp_rfc1337 off; 0 rows passed"},
		{"7.2", finWait2, Segment{Flags: FlagACK | FlagFIN, Seq: 100}, none + "* F6 seq is rcv_nxt+0: none of these; 5 rows passed"},
		{"7.2", finWait2, Segment{Flags: FlagSYN, Seq: 100}, none + "* F3 seq is rcv_nxt+0: SYN, seq not before rcv_nxt; 2 rows passed"},
		{"7.2", View{State: 3}, Segment{Flags: FlagSYN}, "- PAWS no timestamp on the segment; 0 rows passed"},
	} {
		x := ExplainSegment(semOf(c.release), &c.v, &c.s)
		if got := trail(x); got != c.want {
			t.Errorf("%s %v:\n%s\n%s", c.release, c.s.Flags, got, c.want)
		}
		if want := Decide(semOf(c.release), &c.v, &c.s).Verdict; x.Verdict != want {
			t.Errorf("%v, want %v", x.Verdict, want)
		}
	}
	for listener, want := range map[bool]string{true: "* listener somebody listens", false: "- listener nobody listens: answered with an ACK"} {
		x := ExplainSegment(semOf("7.2"), &plain, &Segment{Flags: FlagSYN, Seq: 101, Listener: listener})
		if got := trail(x); !strings.HasSuffix(got, want+"; 3 rows passed") {
			t.Errorf("%s", got)
		}
	}
}

func TestExplainReuse(t *testing.T) {
	const (
		used  = "- timestamps the old connection used them; "
		looks = used + "- bound port connect() looks for a port; "
	)
	old := Reuse{State: TimeWait, SeenAt: 10, Now: 12, EntryMs: 500, NowMs: 1501}
	change := func(f func(*Reuse)) Reuse { r := old; f(&r); return r }
	for _, c := range []struct {
		release string
		setting int
		r       Reuse
		want    string
	}{
		{"7.2", 1, change(func(r *Reuse) { r.SeenAt = 0 }), "* timestamps the old connection used none: refuse"},
		{"7.2", 0, change(func(r *Reuse) { r.Bound, r.State = true, FinWait2 }), used + "* bound port bound before: take"},
		{"7.2", 1, change(func(r *Reuse) { r.State = FinWait2 }), looks + "* state FIN_WAIT2"},
		{"7.2", 0, old, looks + "- state TIME_WAIT; * tcp_tw_reuse 0: never"},
		{"7.2", 2, old, looks + "- state TIME_WAIT; * tcp_tw_reuse 2: loopback connections only, which this is not"},
		{"7.2", 2, change(func(r *Reuse) { r.Loopback = true }), looks + "- state TIME_WAIT; - tcp_tw_reuse 2: loopback connections only, which this is; - age 1001 ms since it began, more than tcp_tw_reuse_delay 1000: old enough"},
		{"7.2", 1, change(func(r *Reuse) { r.NowMs = 1500 }), looks + "- state TIME_WAIT; - tcp_tw_reuse 1: allowed; * age 1000 ms since it began, more than tcp_tw_reuse_delay 1000: too young"},
		{"5.10", 1, change(func(r *Reuse) { r.Now = 10 }), looks + "- tcp_tw_reuse 1: allowed; * age 0 second boundaries since the last timestamp, 1 or more: too young"},
		{"5.10", 1, change(func(r *Reuse) { r.State = FinWait2 }), looks + "- tcp_tw_reuse 1: allowed; - age 2 second boundaries since the last timestamp, 1 or more: old enough"},
		{"4.18", 2, old, looks + "- tcp_tw_reuse 2: allowed; - age 2 second boundaries since the last timestamp, more than 1: old enough"},
	} {
		x := ExplainReuse(semOf(c.release), &kernel.Sysctls{TCPTWReuse: c.setting, TCPTWReuseDelay: 1000}, c.r)
		if got := strings.TrimSuffix(trail(x), "; 0 rows passed"); got != c.want {
			t.Errorf("%s:\n%s\n%s", c.release, got, c.want)
		}
	}
}

// An ACK at the next sequence number renews the peer's timestamp, not the entry's
// beginning, which the age is counted from since 6.14.
func TestConnectCountsFromTheBeginning(t *testing.T) {
	tab := newTable(t, "7.2", func(c *Config) { c.Sysctls.TCPTWReuse = 1 })
	must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: TimeWait, Timestamps: true, TSRecent: 5, TSAt: time.Second, RcvNxt: 100}))
	out, _, err := tab.Receive(1900*time.Millisecond, Segment{From: theirs, To: ours, Flags: FlagACK, Seq: 100, Timestamp: true, TSVal: 9})
	if err != nil || out.Rule != "T3" {
		t.Fatal(out, err)
	}
	if v, _, err := tab.Connect(2000*time.Millisecond, ours, theirs, false); err != nil || v.Reason != TooYoung {
		t.Error(v, err)
	}
	if v, in, err := tab.Connect(2001*time.Millisecond, ours, theirs, false); err != nil || v.Action != Take || in.TSRecent != 9 {
		t.Error(v, in, err)
	}
}
