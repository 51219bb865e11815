package timewait

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

func parseAP(s string) (netip.AddrPort, error) { return netip.ParseAddrPort(s) }

func replayExpiry(t *testing.T, b *bench, o observation) {
	var in struct {
		Substate    string
		Fin_timeout int `json:"tcp_fin_timeout"`
	}
	var out struct {
		HZ        int
		Minisocks []struct{ EnteredAtJiffies, LastSeenJiffies, GoneJiffies uint64 }
	}
	parse(t, o, &in, &out)
	b.hz = out.HZ
	state := TimeWait
	if in.Substate == "FIN_WAIT2" {
		state = FinWait2
	}
	clock := must(kernel.NewClock(b.sem, b.hz))
	early, late, slips := uint64(1), uint64(1), uint64(1)
	if o.Kernel == "6.18.44" {
		early, late, slips = 30, 500, 130
	}
	missed := 0
	for _, m := range out.Minisocks {
		// The state was read within a jiffy of the entry.
		hit := false
		for slip := uint64(0); slip <= slips; slip++ {
			b.t, b.now = nil, b.at(m.EnteredAtJiffies-slip)
			k := b.socket(state, true)
			k.Timeout = time.Duration(in.Fin_timeout) * time.Second
			must(b.table().Enter(b.now, k))
			due, _ := b.t.Next()
			if fires := clock.Jiffies(due); fires+late >= m.LastSeenJiffies && fires <= m.GoneJiffies+early && m.GoneJiffies <= fires+4+late {
				hit = true
				break
			}
		}
		if !hit {
			missed++
		}
	}
	if missed > 1 { // one is a jiffy early by the polling clock
		t.Errorf("%d of %d ends are not the model's", missed, len(out.Minisocks))
	}
}

type change struct {
	Counters     map[string]int
	Jiffies      uint64
	SinceJiffies uint64
	Rows         []struct {
		State string
		Timer int
	}
	T    float64
	Then string
}

// last is the change by which all rows were gone.
func last(changes []change) change { return changes[len(changes)-1] }

func replayGone(t *testing.T, b *bench, o observation) {
	var in segmentIn
	var out struct {
		Changes                            []change
		Answers                            []string
		EnteredAtJiffies, SegmentAtJiffies uint64
	}
	parse(t, o, &in, &out)
	b.sys.TCPRFC1337 = in.Rfc1337
	b.now = b.at(out.EnteredAtJiffies)
	b.enter(in.state(), in.ConnTS)
	b.now = b.at(out.SegmentAtJiffies)
	b.receive(in.segment(in.Dseq))
	b.goneBy(last(out.Changes))
}

// goneBy checks when the table's one entry ends.
func (b *bench) goneBy(c change) {
	b.Helper()
	due, ok := b.t.Next()
	if !ok {
		return // a segment ended it
	}
	clock := must(kernel.NewClock(b.sem, b.hz))
	early, late := uint64(1), uint64(4) // of the clock that was polled
	if strings.Contains(b.Name(), "6.18.44") {
		early, late = 30, 250
	}
	if fires := clock.Jiffies(due); fires+8+late < c.SinceJiffies || fires > c.Jiffies+early || c.Jiffies > fires+late+4 {
		b.Errorf("ends at jiffy %d, observed between %d and %d", fires, c.SinceJiffies, c.Jiffies)
	}
}

func replayCounters(t *testing.T, b *bench, o observation) {
	var in struct {
		Fin_timeout int `json:"tcp_fin_timeout"`
	}
	var out struct {
		Changes          []change
		EnteredAtJiffies uint64
	}
	parse(t, o, &in, &out)
	b.sys.TCPFinTimeout = in.Fin_timeout
	b.now = b.at(out.EnteredAtJiffies)
	// An ordinary close: FIN_WAIT2 until the peer's FIN comes, at once.
	k := b.socket(FinWait2, true)
	k.Timeout = PlanFinWait2(FinTime(&b.sys, 0, minRTO), 0, minRTO).Entry
	must(b.table().Enter(b.now, k))
	b.receive(Segment{Flags: FlagFIN | FlagACK, Seq: rcvNxt, Ack: sndNxt, Timestamp: true, TSVal: lastTS + 1})
	b.goneBy(last(out.Changes))
	b.advance(b.now + 70*time.Second)
	b.same(last(out.Changes).Counters, b.t.Counters()) // totals since the entry began
}

func replayCountersEnded(t *testing.T, b *bench, o observation) {
	var in struct{ How string }
	var out struct{ Counters map[string]int }
	parse(t, o, &in, &out)
	state := TimeWait
	if strings.Contains(in.How, "FIN_WAIT2") {
		state = FinWait2
	}
	b.enter(state, true)
	switch {
	case strings.HasPrefix(in.How, "RST"):
		b.receive(Segment{Flags: FlagRST, Seq: rcvNxt})
	case in.How == "SYN":
		b.receive(Segment{Flags: FlagSYN, Seq: rcvNxt + 1000, Timestamp: true, TSVal: lastTS + 1, Listener: true})
	case strings.HasPrefix(in.How, "data"):
		b.receive(Segment{Flags: FlagACK, Seq: rcvNxt, Ack: sndNxt, Len: 10, Timestamp: true, TSVal: lastTS + 1})
	default:
		b.receive(Segment{Flags: FlagFIN | FlagACK, Seq: rcvNxt, Ack: sndNxt, Timestamp: true, TSVal: lastTS + 1})
	}
	got := b.t.Counters()
	if b.t.Len() > 0 {
		b.advance(b.now + 70*time.Second)
		got = b.t.Counters()
	}
	b.same(out.Counters, got, "OutRsts")
}

func replayFinTimeout(t *testing.T, b *bench, o observation) {
	var in struct {
		Linger2     json.RawMessage `json:"TCP_LINGER2"`
		Fin_timeout int             `json:"tcp_fin_timeout"`
		Path        string
	}
	var out struct {
		Changes          []change
		EnteredAtJiffies uint64
	}
	parse(t, o, &in, &out)
	b.sys.TCPFinTimeout = in.Fin_timeout
	var linger2 time.Duration
	var seconds int
	if json.Unmarshal(in.Linger2, &seconds) == nil {
		linger2 = Linger2(&b.sem, &b.sys, seconds)
	}
	plan := PlanFinWait2(FinTime(&b.sys, linger2, minRTO), linger2, minRTO)
	first := out.Changes[0]
	if plan.Abort {
		if len(first.Rows) != 0 {
			t.Errorf("aborts, observed %+v", first)
		}
		return
	}
	if len(first.Rows) == 0 || (first.Rows[0].Timer == 2) != (plan.Full > 0) {
		t.Errorf("plan %+v, observed %+v", plan, first)
	}
	if plan.Full > 0 {
		b.within(last(out.Changes).T, 0, plan.Full, plan.Entry)
	} else {
		b.within(last(out.Changes).T, 0, plan.Entry)
	}
}
