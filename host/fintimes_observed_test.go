package host

import (
	"slices"
	"testing"
	"time"

	"example.com/linuxtcp/internal/recorded"
	"example.com/linuxtcp/kernel"
)

// Every recorded FIN was sent as often as the timeline says, each no earlier and, by the
// rounding of timers, no more than an eighth and two jiffies of its pause later.
func TestObservedFINTimes(t *testing.T) {
	seen := 0
	for _, l := range recorded.Read(t) {
		if l.Exp != "fin-times" {
			continue
		}
		var in struct {
			Socket, Sysctl string
			Sack           bool
			Value          int
		}
		var out struct {
			SentMs   []int64
			Flags    []string
			GoneMs   int64
			RtoUs    int64
			Counters map[string]int
		}
		l.Decode(t, &in, &out)
		if in.Socket == "syn-recv" {
			continue // goes by its SYN's timer
		}
		seen++
		sem := kernel.MustParse(l.Kernel).Semantics()
		timer := FINTimer{Orphan: in.Socket != "fw1" && in.Socket != "lastack", Probe: in.Sack, Retries2: 15, RTO: time.Duration(out.RtoUs) * time.Microsecond}
		switch in.Sysctl {
		case "net.ipv4.tcp_orphan_retries":
			timer.OrphanRetries = in.Value
		case "net.ipv4.tcp_retries2":
			timer.Retries2 = in.Value
		}
		line, err := timer.Timeline(&sem)
		if err != nil {
			t.Fatal(err)
		}
		var sent []int64
		for i, ms := range out.SentMs {
			if seenFlags(out.Flags[i]).String() == "FIN|ACK" || seenFlags(out.Flags[i]) == FlagFIN|FlagACK {
				sent = append(sent, ms)
			}
		}
		want := append(slices.Clone(line.Sent), line.GivenUp)
		sent = append(sent, out.GoneMs)
		if len(sent) != len(want) {
			t.Errorf("%s: %+v: sent at %v, want %v", l.Place(), in, sent, want)
			continue
		}
		for i := 1; i < len(want); i++ {
			pause, was := (want[i] - want[i-1]).Milliseconds(), sent[i]-sent[i-1]
			if was < pause-40 || was > pause+pause/8+60 {
				t.Errorf("%s: %+v: pause %d of %d ms, want %d", l.Place(), in, i, was, pause)
			}
		}
		resent := len(want) - 2
		timeouts := resent + 1
		if in.Sack {
			timeouts--
		}
		if out.Counters["RetransSegs"] != resent || out.Counters["TCPTimeouts"] != timeouts || out.Counters["TCPAbortOnTimeout"] != 1 {
			t.Errorf("%s: %+v: counters %v, %d sent again", l.Place(), in, out.Counters, resent)
		}
	}
	if seen == 0 {
		t.Error("nothing recorded")
	}
	t.Logf("%d timelines", seen)
}
