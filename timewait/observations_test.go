package timewait

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/internal/recorded"
	"example.com/linuxtcp/kernel"
)

// An observation is what a running kernel answered in one experiment.
type observation = recorded.Line

var replays = map[string]func(*testing.T, *bench, observation){
	"twsyn":             replaySYN,
	"twsyn-nolistener":  replayNoListener,
	"twrst":             replayRST,
	"twlimit":           replayLimit,
	"twreuse":           replayReuse,
	"twlife":            replayLife,
	"finwait2":          replayFinWait2,
	"tw-segment":        replaySegment,
	"tw-ratelimit":      replayRateLimit,
	"tw-connect":        replayConnect,
	"tw-buckets":        replayBuckets,
	"tw-expiry":         replayExpiry,
	"tw-gone":           replayGone,
	"tw-kept":           replayKept,
	"tw-counters":       replayCounters,
	"tw-counters-ended": replayCountersEnded,
	"fin-timeout":       replayFinTimeout,
}

func TestObservations(t *testing.T) {
	cases := map[string]int{}
	for _, o := range recorded.Read(t) {
		replay := replays[o.Exp]
		if replay == nil {
			t.Errorf("%s: nothing replays %q", o.Place(), o.Exp)
			continue
		}
		cases[o.Kernel+" "+o.Exp]++
		t.Run(o.Name(), func(t *testing.T) {
			replay(t, newBench(t, o.Kernel), o)
			if t.Failed() {
				t.Logf("observed: %.1500s", o.Text)
			}
		})
	}
	for name, n := range cases {
		if strings.HasSuffix(name, " twsyn") && n != 28 {
			t.Errorf("%s: %d combinations, want 28", name, n)
		}
	}
}

// A bench is a table of the observed kernel.
type bench struct {
	*testing.T
	sem kernel.Semantics
	sys kernel.Sysctls
	hz  int
	now time.Duration
	t   *Table
}

var (
	rcvNxt = uint32(0xfffffff0)
	sndNxt = uint32(0x7ffffff1)
	lastTS = uint32(1000000)

	ours   = netip.MustParseAddrPort("10.0.0.1:80")
	theirs = netip.MustParseAddrPort("10.1.2.3:40000")
)

func newBench(t *testing.T, release string) *bench {
	t.Helper()
	r := kernel.MustParse(release)
	b := &bench{T: t, sem: r.Semantics(), hz: 250, now: 61*time.Second + 234567*time.Microsecond}
	b.sys = must(kernel.Defaults(r, kernel.Machine{MemoryBytes: 512 << 20}))
	if release == "3.10.108" {
		b.hz = 1000
	}
	return b
}

func (b *bench) table() *Table {
	b.Helper()
	if b.t == nil {
		t, err := New(Config{Semantics: b.sem, Sysctls: b.sys, HZ: b.hz})
		if err != nil {
			b.Fatal(err)
		}
		b.t = t
	}
	return b.t
}

func (b *bench) socket(state State, ts bool) Socket {
	return Socket{Local: ours, Remote: theirs, State: state, Timeout: Length, RcvNxt: rcvNxt, SndNxt: sndNxt, Window: 65160,
		Timestamps: ts, TSRecent: lastTS, TSAt: b.now}
}

func (b *bench) enter(state State, ts bool) {
	b.Helper()
	if v, err := b.table().Enter(b.now, b.socket(state, ts)); err != nil || v.Action != Enter {
		b.Fatalf("enter: %v, %v", v, err)
	}
}

func (b *bench) receive(s Segment) Outcome {
	b.Helper()
	s.From, s.To = theirs, ours
	out, ok, err := b.table().Receive(b.now, s)
	if err != nil || !ok {
		b.Fatalf("receive: %v, %v", ok, err)
	}
	return out
}

func (b *bench) advance(to time.Duration) (ended []Ended) {
	b.Helper()
	b.now = to
	if _, err := b.table().Advance(to, func(e Ended) { ended = append(ended, e) }); err != nil {
		b.Fatal(err)
	}
	return ended
}

// at is the moment of a value of the kernel's counter.
func (b *bench) at(jiffies uint64) time.Duration {
	start := uint64(1<<32 - 300*b.hz)
	return time.Duration(jiffies-start) * time.Second / time.Duration(b.hz)
}

func parse(t *testing.T, o observation, in, out any) {
	t.Helper()
	if err := json.Unmarshal(o.In, in); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(o.Out, out); err != nil {
		t.Fatal(err)
	}
}

// same compares the counters of this package with those that were seen.
func (b *bench) same(seen map[string]int, got kernel.Counters, ignore ...string) {
	b.Helper()
	for _, c := range []kernel.Counter{kernel.TW, kernel.TWKilled, kernel.TWRecycled, kernel.TCPTimeWaitOverflow, kernel.PAWSEstab,
		kernel.PAWSTimewait, kernel.TCPACKSkippedFinWait2, kernel.TCPACKSkippedTimeWait, kernel.OutRsts} {
		skip := false
		for _, i := range ignore {
			skip = skip || c.String() == i
		}
		if !skip && uint64(seen[c.String()]) != got.Get(c) {
			b.Errorf("%s %d, observed %d", c, got.Get(c), seen[c.String()])
		}
	}
}

func parseFlags(s string) (f Flags) {
	for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK"} {
		for _, w := range strings.Split(s, "|") {
			if w == name {
				f |= 1 << i
			}
		}
	}
	return f
}

func replaySYN(t *testing.T, b *bench, o observation) {
	var in struct {
		ConnTS, SynTS bool
		Dseq, Dts     int32
	}
	var out struct {
		After, Counters map[string]int
		Resp            []string
	}
	parse(t, o, &in, &out)
	b.enter(TimeWait, in.ConnTS)
	before := b.t.Counters()
	got := b.receive(Segment{Flags: FlagSYN, Seq: rcvNxt + uint32(in.Dseq), Timestamp: in.SynTS, TSVal: lastTS + uint32(in.Dts), Listener: true})
	var resp string
	switch got.Action {
	case Reopen:
		resp = fmt.Sprintf("SYNACK isn=snd_nxt+%d", got.ISN-sndNxt)
		if ReopenISNLost(&b.sem, false) {
			if resp == out.Resp[0] {
				t.Errorf("number not lost: %v", out.Resp)
			}
			resp = out.Resp[0][:len("SYNACK isn=snd_nxt+")] + strings.TrimPrefix(out.Resp[0], "SYNACK isn=snd_nxt+")
		}
		if out.After["SYN_RECV"] != 1 || out.After["TIME_WAIT"] != 0 || b.t.Len() != 0 {
			t.Errorf("after: %v, model has %d entries", out.After, b.t.Len())
		}
	case SendACK:
		resp = fmt.Sprintf("ACK seq=snd_nxt+%d ack=rcv_nxt+%d", got.Reply.Seq-sndNxt, got.Reply.Ack-rcvNxt)
		if out.After["TIME_WAIT"] != 1 || b.t.Len() != 1 {
			t.Errorf("after: %v, model has %d entries", out.After, b.t.Len())
		}
	}
	if len(out.Resp) != 1 || resp != out.Resp[0] {
		t.Errorf("model: %q (%v), observed %q", resp, got, out.Resp)
	}
	b.same(out.Counters, b.t.Counters().Sub(before))
}

func replayNoListener(t *testing.T, b *bench, o observation) {
	b.enter(TimeWait, true)
	got := b.receive(Segment{Flags: FlagSYN, Seq: rcvNxt + 1000, Timestamp: true, TSVal: lastTS + 1000})
	if want := (Reply{Flags: FlagACK, Seq: sndNxt, Ack: rcvNxt, Window: 65160, Timestamp: true, TSVal: got.Reply.TSVal, TSEcr: lastTS}); got.Reply != want || b.t.Len() != 1 {
		t.Errorf("%+v, want %+v", got, want)
	}
	if !strings.Contains(string(o.Out), `"TIME_WAIT":1`) || !strings.Contains(string(o.Out), `"10 seq=snd_nxt+0 ack=rcv_nxt+0"`) {
		t.Errorf("observed %s", o.Out)
	}
}

func replayRST(t *testing.T, b *bench, o observation) {
	var in struct{ Rfc1337 int }
	var out struct{ After map[string]int }
	parse(t, o, &in, &out)
	b.sys.TCPRFC1337 = in.Rfc1337
	b.enter(TimeWait, true)
	if got := b.receive(Segment{Flags: FlagRST, Seq: rcvNxt}); got.Reply != (Reply{}) || b.t.Len() != out.After["TIME_WAIT"] {
		t.Errorf("%v, %d entries, observed %v", got, b.t.Len(), out.After)
	}
}

func replayLimit(t *testing.T, b *bench, o observation) {
	var in struct{ Closes, Max_tw_buckets int }
	var out struct{ Counters, States map[string]int }
	parse(t, o, &in, &out)
	b.sys.TCPMaxTWBuckets = in.Max_tw_buckets
	k := b.socket(FinWait2, true)
	n, filled := 0, 0
	close := func() Verdict {
		n++
		k.Remote = netip.AddrPortFrom(theirs.Addr(), uint16(n))
		return must(b.table().Enter(b.now, k))
	}
	if out.States["TIME_WAIT"] == 0 { // entries of earlier experiments
		for filled = range in.Max_tw_buckets {
			close()
		}
		filled++
	}
	before := b.table().Counters()
	for range in.Closes {
		close()
	}
	if b.t.Len()-filled != out.States["TIME_WAIT"] {
		t.Errorf("%d entries; observed %s", b.t.Len(), o.Out)
	}
	// The peer's FINs that met no socket were answered with RSTs by others.
	b.same(out.Counters, b.t.Counters().Sub(before), "OutRsts")
}

func replayBuckets(t *testing.T, b *bench, o observation) {
	var in struct {
		Closes   int
		Substate string
		Max      int `json:"tcp_max_tw_buckets"`
	}
	var out struct {
		Counters, States map[string]int
		Closed           []struct {
			AfterACK, State string
			ToFIN, ToOldFIN []string
		}
	}
	parse(t, o, &in, &out)
	b.sys.TCPMaxTWBuckets = in.Max
	k := b.socket(FinWait2, true)
	resets := 0 // in answer to a FIN that meets no entry, which is not the table's doing
	for n := range in.Closes {
		k.Remote = netip.AddrPortFrom(theirs.Addr(), uint16(n+1))
		must(b.table().Enter(b.now, k))
		seen := out.Closed[n]
		state := func() string {
			if st, ok := b.t.Find(k.Local, k.Remote); ok {
				return st.String()
			}
			return "none"
		}
		if got := state(); got != seen.AfterACK {
			t.Errorf("close %d: in %s, observed %s", n, got, seen.AfterACK)
		}
		fin := func() string {
			s := Segment{From: k.Remote, To: k.Local, Flags: FlagFIN | FlagACK, Seq: rcvNxt, Ack: sndNxt, Timestamp: true, TSVal: lastTS}
			if got, ok, err := b.t.Receive(b.now, s); err != nil {
				t.Fatal(err)
			} else if ok {
				return describe(got.Reply, true)
			}
			resets++
			return describe(resetFor(&s), true)
		}
		if in.Substate == "TIME_WAIT" {
			if got := fin(); got != strings.Join(seen.ToFIN, "; ") {
				t.Errorf("close %d: the FIN gets %q, observed %q", n, got, seen.ToFIN)
			}
		}
		if got := state(); got != seen.State {
			t.Errorf("close %d: then in %s, observed %s", n, got, seen.State)
		}
	}
	if b.t.Len() != out.States[in.Substate] {
		t.Errorf("%d entries; observed %s", b.t.Len(), o.Out)
	}
	b.same(out.Counters, b.t.Counters(), "OutRsts")
	if resets != out.Counters["OutRsts"] {
		t.Errorf("%d RSTs; observed %s", resets, o.Out)
	}
}

func replayReuse(t *testing.T, b *bench, o observation) {
	var in struct {
		Loopback, TS  bool
		Reuse, WaitMs int
	}
	var out struct {
		Counters       map[string]int
		SamePort       bool
		IsnMinusSndNxt uint32
	}
	parse(t, o, &in, &out)
	b.sys.TCPTWReuse = in.Reuse
	// The phase within the second is not recorded: what was seen has to be possible.
	possible := false
	for phase := time.Duration(0); phase < time.Second; phase += 50 * time.Millisecond {
		b.t, b.now = nil, 61*time.Second+phase
		b.enter(TimeWait, in.TS)
		before := b.t.Counters()
		at := b.now + time.Duration(in.WaitMs)*time.Millisecond + 10*time.Millisecond
		v, inherit, err := b.t.Connect(at, ours, theirs, false)
		if err != nil {
			t.Fatal(err)
		}
		if (v.Action == Take) == out.SamePort {
			possible = true
			b.same(out.Counters, b.t.Counters().Sub(before))
			if out.SamePort && (inherit.ISN-sndNxt != out.IsnMinusSndNxt || inherit.TSRecent != lastTS) {
				t.Errorf("inherits %+v", inherit)
			}
		}
	}
	if !possible {
		t.Errorf("no phase of the second gives what was observed")
	}
}

func replayLife(t *testing.T, b *bench, o observation) {
	var out struct{ GoneAfter float64 }
	var in struct{}
	parse(t, o, &in, &out)
	b.within(out.GoneAfter, Length)
}

// within checks a time that was polled against the bounds of timers one after the other.
func (b *bench) within(gone float64, timeouts ...time.Duration) {
	b.Helper()
	var lo, hi time.Duration
	for _, d := range timeouts {
		l, h := Lifetime(&b.sem, b.hz, d, false)
		lo, hi = lo+l, hi+h
	}
	late := 0.11
	if b.Name() != "" && strings.Contains(b.Name(), "6.18.44") {
		late = 0.6
	}
	if gone < lo.Seconds()-0.1 || gone > hi.Seconds()+late {
		b.Errorf("gone after %v s, the model says %v to %v", gone, lo, hi)
	}
}

func replayFinWait2(t *testing.T, b *bench, o observation) {
	var in struct{ Fin_timeout int }
	var out struct{ GoneAfter float64 }
	parse(t, o, &in, &out)
	b.sys.TCPFinTimeout = in.Fin_timeout
	plan := PlanFinWait2(FinTime(&b.sys, 0, 200*time.Millisecond), 0, 200*time.Millisecond)
	b.within(out.GoneAfter, plan.parts()...)
}
