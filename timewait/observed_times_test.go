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
		Counters                           map[string]int
		EnteredAtJiffies, SegmentAtJiffies uint64
	}
	parse(t, o, &in, &out)
	b.sys.TCPRFC1337 = in.Rfc1337
	b.now = b.at(out.EnteredAtJiffies)
	b.enter(in.state(), in.ConnTS)
	b.now = b.at(out.SegmentAtJiffies)
	got := b.receive(in.segment(in.Dseq))
	b.answers(got, in.ConnTS, out.Answers)
	b.goneBy(last(out.Changes))
	if got.Action != Reopen { // else the row that is gone was a request
		b.advance(b.now + 130*time.Second)
		b.same(out.Counters, b.t.Counters())
	}
}

// answers compares what was sent in answer to a segment with what was seen.
func (b *bench) answers(got Outcome, ts bool, seen []string) {
	b.Helper()
	if got.Action == Reopen {
		if len(seen) != 1 || !strings.HasPrefix(seen[0], "SYN|ACK ") {
			b.Errorf("reopens, observed %q", seen)
		}
		return
	}
	// The window is the socket's, which these lines do not tell.
	if want := describe(got.Reply, ts); cutWindow(want) != cutWindow(strings.Join(seen, "; ")) {
		b.Errorf("answers %q, observed %q", want, seen)
	}
}

func cutWindow(s string) string {
	head, tail, ok := strings.Cut(s, " win=")
	if !ok {
		return s
	}
	_, tail, _ = strings.Cut(tail, " ")
	return head + " " + tail
}

// replayKept: an ACK at rcv_nxt every 30 s keeps an entry, and it ends 60 s after the
// last.
func replayKept(t *testing.T, b *bench, o observation) {
	var in struct{ EveryMs, Times int }
	var out struct {
		Changes          []change
		EnteredAtJiffies uint64
		States           []string
	}
	parse(t, o, &in, &out)
	b.now = b.at(out.EnteredAtJiffies)
	b.enter(TimeWait, true)
	start := b.now
	for i := range in.Times {
		if ended := b.advance(start + time.Duration((i+1)*in.EveryMs)*time.Millisecond); len(ended) > 0 {
			t.Fatalf("ended before segment %d", i)
		}
		if got := b.receive(Segment{Flags: FlagACK, Seq: rcvNxt, Ack: sndNxt, Timestamp: true, TSVal: lastTS}); got.Reply.Flags != 0 {
			t.Errorf("answered with %+v", got.Reply)
		}
		if st, _ := b.t.Find(ours, theirs); st.String() != out.States[i] {
			t.Errorf("in %v, observed %s", st, out.States[i])
		}
	}
	b.goneBy(last(out.Changes))
}

// goneBy checks when the table's one entry ends.
func (b *bench) goneBy(c change) {
	b.Helper()
	if due, ok := b.t.Next(); ok { // else a segment ended it
		b.firesBy(due, c)
	}
}

// firesBy checks the moment at which a timer fires against the look that found it so
// and the look before.
func (b *bench) firesBy(due time.Duration, c change) {
	b.Helper()
	clock := must(kernel.NewClock(b.sem, b.hz))
	early, late := uint64(2), uint64(4) // of the clock that was polled
	if strings.Contains(b.Name(), "6.18.44") {
		early, late = 40, 250
	}
	since, gone := clock.Jiffies(b.at(c.SinceJiffies)), clock.Jiffies(b.at(c.Jiffies))
	if fires := clock.Jiffies(due); fires+late < since || fires > gone+early {
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
	var out struct {
		Counters map[string]int
		Answers  []string
	}
	parse(t, o, &in, &out)
	state := TimeWait
	if strings.Contains(in.How, "FIN_WAIT2") {
		state = FinWait2
	}
	b.enter(state, true)
	switch {
	case strings.HasPrefix(in.How, "RST"):
		b.answers(b.receive(Segment{Flags: FlagRST, Seq: rcvNxt}), true, out.Answers)
	case in.How == "SYN":
		b.answers(b.receive(Segment{Flags: FlagSYN, Seq: rcvNxt + 1000, Timestamp: true, TSVal: lastTS + 1, Listener: true}), true, out.Answers)
	case strings.HasPrefix(in.How, "data"):
		b.answers(b.receive(Segment{Flags: FlagACK, Seq: rcvNxt, Ack: sndNxt, Len: 10, Timestamp: true, TSVal: lastTS + 1}), true, out.Answers)
	default: // what the FIN gets is not recorded
		b.receive(Segment{Flags: FlagFIN | FlagACK, Seq: rcvNxt, Ack: sndNxt, Timestamp: true, TSVal: lastTS + 1})
	}
	got := b.t.Counters()
	if b.t.Len() > 0 {
		b.advance(b.now + 70*time.Second)
		got = b.t.Counters()
	}
	b.same(out.Counters, got, "OutRsts")
}

// parts are the timers of a plan.
func (o Orphan) parts() []time.Duration {
	if o.Full > 0 {
		return []time.Duration{o.Full, o.Entry}
	}
	return []time.Duration{o.Entry}
}

// replayFinTimeout: a socket without a process in FIN_WAIT2, as a full socket first and
// as an entry then, and what is counted meanwhile.
func replayFinTimeout(t *testing.T, b *bench, o observation) {
	var in struct {
		Linger2     json.RawMessage `json:"TCP_LINGER2"`
		Fin_timeout int             `json:"tcp_fin_timeout"`
		Path        string
	}
	var out struct {
		Linger2          struct{ Getsockopt int } `json:"TCP_LINGER2"`
		AtClose          []string
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
	// What TCP_LINGER2 reads back: 0 as tcp_fin_timeout, any negative value as -1.
	reads := int(linger2 / time.Second)
	if linger2 < 0 {
		reads = -1
	} else if linger2 == 0 {
		reads = in.Fin_timeout
	}
	if reads != out.Linger2.Getsockopt {
		t.Errorf("TCP_LINGER2 reads %d, observed %d", reads, out.Linger2.Getsockopt)
	}
	const rto = 204 * time.Millisecond // as tcpi_rto said of these connections
	plan := PlanFinWait2(FinTime(&b.sys, linger2, rto), linger2, rto)
	first := out.Changes[0]
	if plan.Abort {
		aborts, sent := "TCPAbortOnData", 0 // the ACK of the FIN is answered
		if in.Path == "shutdown, ACK, close" {
			aborts, sent = "TCPAbortOnLinger", 1 // close() sends
		}
		if len(first.Rows) != 0 || first.Counters[aborts] != 1 || first.Counters["OutRsts"] != 1 || len(out.AtClose) != sent {
			t.Errorf("aborts, observed %+v, at close %q", first, out.AtClose)
		}
		return
	}
	if len(first.Rows) == 0 || first.Rows[0].State != "FIN_WAIT2" || (first.Rows[0].Timer == 2) != (plan.Full > 0) {
		t.Errorf("plan %+v, observed %+v", plan, first)
	}
	if out.EnteredAtJiffies < 1<<31 { // two lines count jiffies from somewhere else, so the phase is not known
		b.within(last(out.Changes).T, plan.parts()...)
		return
	}
	b.now = b.at(out.EnteredAtJiffies)
	b.table()
	changes := out.Changes
	if plan.Full > 0 {
		b.same(first.Counters, b.t.Counters())
		clock := must(kernel.NewClock(b.sem, b.hz))
		due := clock.TimerExpiry(b.now, plan.Full, kernel.TimerSlack)
		if len(changes) == 1 { // looked at for 200 s
			if due < b.now+200*time.Second {
				t.Errorf("plan %+v, observed %+v", plan, first)
			}
			return
		}
		changes = changes[1:]
		b.firesBy(due, changes[0])
		// The entry begins when the timer fires, which the guest's clock may show late.
		b.now = max(due, b.at(changes[0].SinceJiffies))
	}
	if entry := changes[0]; len(entry.Rows) == 0 || entry.Rows[0].State != "FIN_WAIT2" || entry.Rows[0].Timer != 3 {
		t.Errorf("plan %+v, observed %+v", plan, entry)
	}
	k := b.socket(FinWait2, true)
	k.Timeout, k.RTO = plan.Entry, rto
	must(b.t.Enter(b.now, k))
	b.same(changes[0].Counters, b.t.Counters())
	b.goneBy(last(changes))
	b.advance(b.now + plan.Entry + plan.Entry/8 + time.Second)
	b.same(last(changes).Counters, b.t.Counters())
}
