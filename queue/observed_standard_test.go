package queue

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// Replays of the standard experiments: defaults, floods, full queues, cookies, and
// SYN-ACKs that nobody answers.

// machines are the ones the defaults were read on; the others had 512 MiB.
var machines = map[string]kernel.Machine{"6.18.44": {MemoryBytes: 24 << 30}}

func replayDefaults(t *testing.T, b *bench, o observation) {
	machine, ok := machines[o.Kernel]
	if !ok {
		machine.MemoryBytes = 512 << 20
	}
	sys, err := kernel.Defaults(kernel.MustParse(o.Kernel), machine)
	if err != nil {
		t.Fatal(err)
	}
	observed := decode[map[string]string](t, o.Out)
	for name, value := range sys.All() {
		seen, ok := observed[name]
		if !ok {
			continue // not asked
		}
		if seen == "absent" {
			seen = "0"
		}
		b.same(name, seen, strconv.Itoa(value))
	}
}

// A tally is what the simplest experiments end with.
type tally struct {
	Counters, States map[string]int
	RQ, Synacks      int
}

func (b *bench) sameTally(want tally, synacks int) {
	b.Helper()
	b.same("SYN-ACKs", want.Synacks, synacks)
	b.same("states", want.States, b.states())
	b.same("counters", counters(b.T, want.Counters), counted(b.l.Counters()))
	b.same("accept queue", want.RQ, int(b.l.Queues().AcceptLen))
}

// connectEach lets clients connect one after the other and counts their SYN-ACKs; who
// gets none stays silent.
func (b *bench) connectEach(clients int) (synacks int) {
	b.Helper()
	for n := range clients {
		if b.syn(n) {
			synacks++
			b.ack(n, 0)
		}
	}
	return synacks
}

func replayFlood(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Backlog, Somaxconn, Syncookies, Syns int
		M                                    int `json:"tcp_max_syn_backlog"`
	}](t, o.In)
	want := decode[tally](t, o.Out)
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog, b.sys.TCPSyncookies = in.Somaxconn, in.M, in.Syncookies
	b.listen(in.Backlog)
	synacks := 0
	for n := range in.Syns {
		if b.syn(n) {
			synacks++
		}
	}
	b.sameTally(want, synacks)
}

func replayAcceptQueue(t *testing.T, b *bench, o observation) {
	in := decode[struct{ Abort, Backlog, Clients, Syncookies int }](t, o.In)
	want := decode[tally](t, o.Out)
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog = 4096, 1024
	b.sys.TCPAbortOnOverflow, b.sys.TCPSyncookies = in.Abort, in.Syncookies
	b.listen(in.Backlog)
	b.sameTally(want, b.connectEach(in.Clients))
}

func replayOverflowACK(t *testing.T, b *bench, o observation) {
	in := decode[struct{ Abort, Backlog, Clients int }](t, o.In)
	want := decode[struct {
		AfterSyn, AfterAck, St3, St4 map[string]int
		C1, C2, C4                   map[string]int
		RQ2, RQ3, RQ4, Synacks       int
		Resp                         []string
	}](t, o.Out)
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog = 4096, 1024
	b.sys.TCPAbortOnOverflow, b.sys.TCPSyncookies = in.Abort, 1
	b.listen(in.Backlog)
	var resp []string
	answer := func(prefix string, n int, out Outcome) {
		flags := out.Reply.Flags
		if out.Action == Establish && prefix != "" {
			flags = FlagACK // the new connection acknowledges the data
		}
		if flags != 0 {
			resp = append(resp, fmt.Sprintf("%s%d:%s", prefix, n, strconv.FormatUint(uint64(flags), 16)))
		}
	}

	synacks := 0
	for n := range in.Clients {
		if b.syn(n) {
			synacks++
		}
	}
	b.same("SYN-ACKs", want.Synacks, synacks)
	b.same("states after the SYNs", want.AfterSyn, b.states())
	b.same("counters after the SYNs", counters(t, want.C1), counted(b.l.Counters()))
	for n := range in.Clients {
		answer("", n, b.ack(n, 0))
	}
	b.same("states after the ACKs", want.AfterAck, b.states())
	b.same("counters after the ACKs", counters(t, want.C2), counted(b.l.Counters()))
	b.same("accept queue after the ACKs", want.RQ2, int(b.l.Queues().AcceptLen))
	last := in.Clients - 1
	answer("data ", last, b.ack(last, 5))
	if b.syn(200) {
		resp = append(resp, "newsyn 200:12")
	}
	b.same("states before accept", want.St3, b.states())
	if _, ok, err := b.l.Accept(b.now); !ok || err != nil {
		t.Fatal("nothing to accept", err)
	}
	b.same("accept queue after accept", want.RQ3, int(b.l.Queues().AcceptLen))
	answer("afteraccept ", last, b.ack(last, 5))
	b.same("states at the end", want.St4, b.states())
	b.same("counters at the end", counters(t, want.C4), counted(b.l.Counters()))
	b.same("accept queue at the end", want.RQ4, int(b.l.Queues().AcceptLen))
	b.same("answers", want.Resp, resp)
}

func replayCookie(t *testing.T, b *bench, o observation) {
	in := decode[struct{ Backlog, Clients, Flood int }](t, o.In)
	want := decode[tally](t, o.Out)
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog, b.sys.TCPSyncookies = 4096, 1024, 1
	b.listen(in.Backlog)
	for n := range in.Flood {
		b.syn(1000 + n)
	}
	b.sameTally(want, b.connectEach(in.Clients))
}

// replayCookieBogus sends an ACK with an invented number to a listener that never
// sent a cookie, then to one that did. The counters of the flood that made it send
// some are not in the observation.
func replayCookieBogus(t *testing.T, b *bench, o observation) {
	want := decode[struct {
		Counters map[string]int
		Resp     []string
	}](t, o.Out)
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog, b.sys.TCPSyncookies = 4096, 1024, 1
	bogus := Segment{From: b.addr(10, 3, 0, 1, 5), Flags: FlagACK, Seq: 1000, Ack: 123456789}
	var resp []string
	b.listen(1)
	out := b.receive(bogus)
	resp = append(resp, fmt.Sprintf("%x", uint8(out.Reply.Flags)))
	total := counted(b.l.Counters())
	b.listen(1)
	for n := range 40 {
		b.syn(n)
	}
	before := b.l.Counters()
	out = b.receive(bogus)
	resp = append(resp, fmt.Sprintf("flooded %x", uint8(out.Reply.Flags)))
	for name, n := range counted(b.l.Counters().Sub(before)) {
		total[name] += n
	}
	b.same("counters", counters(t, want.Counters), total)
	b.same("answers", want.Resp, resp)
}

// hzOf is CONFIG_HZ of an observed kernel.
func hzOf(release string) int {
	if release == "3.10.108" {
		return 1000
	}
	return 250
}

// replaySYNACKTimes lets requests time out. The guest's phase of the jiffies counter
// is not known, so the times are held against the bounds that the model gives; how
// many SYN-ACKs went out in each round is exact.
func replaySYNACKTimes(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Backlog, Syns int
		Retries       string `json:"synack_retries"`
	}](t, o.In)
	want := decode[struct {
		GoneAfter float64
		Synacks   []string
	}](t, o.Out)
	retries, err := strconv.Atoi(in.Retries)
	if err != nil {
		t.Fatal(err)
	}
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog, b.sys.TCPSynackRetries = 4096, 1024, retries
	b.listen(in.Backlog)
	answered := 0
	for n := range in.Syns {
		answered += b2i(b.syn(n))
	}
	clock, err := kernel.NewClock(b.sem, hzOf(o.Kernel))
	if err != nil {
		t.Fatal(err)
	}
	// A listener before 4.1 looks at a request up to a sweep of its table late.
	sweep := time.Duration(0)
	if !b.sem.RequestTimers {
		runs := float64(b.l.Queues().SYNLimit) / float64(2*(int(b.l.Queues().SYNLimit)/int(b.sem.SYNACKTimeout/scanInterval)))
		sweep = time.Duration(runs+2) * scanInterval
	}
	// The window of each round: when its SYN-ACKs may go out.
	type window struct{ lo, hi time.Duration }
	windows := []window{{0, 0}}
	for n := range retries + 1 {
		last := windows[n]
		lo, hi := clock.TimerBounds(SYNACKTimeout(&b.sem, n, b.sys.TCPRTOMaxMs), kernel.TimerExact)
		windows = append(windows, window{last.lo + lo, last.hi + hi + sweep})
	}
	roundOf := func(at time.Duration) int {
		for n, w := range windows {
			// The recorder rounds to tenths of a second, and reads a segment up to some
			// 20 ms after the kernel sent it.
			if at+50*time.Millisecond >= w.lo && at <= w.hi+(50+20)*time.Millisecond {
				return n
			}
		}
		t.Errorf("a SYN-ACK at %v is in no round: %v", at, windows)
		return 0
	}
	model, seen := make([]int, retries+1), make([]int, retries+1)
	model[0] = answered
	for _, e := range b.advance(400 * time.Second) {
		if e.Action == ResendSYNACK {
			model[roundOf(e.At-benchStart)]++
		}
	}
	for _, s := range want.Synacks {
		at, n, ok := strings.Cut(s, " x")
		secs, err1 := strconv.ParseFloat(at, 64)
		count, err2 := strconv.Atoi(n)
		if !ok || err1 != nil || err2 != nil {
			t.Fatalf("bad time %q", s)
		}
		seen[roundOf(time.Duration(secs*float64(time.Second)))] += count
	}
	if !b.sem.RequestTimers {
		// How many a scan prunes depends on the secret that places them.
		seen, model = seen[:3], model[:3]
	}
	b.same("SYN-ACKs in each round", seen, model)
	end := windows[retries+1]
	if gone := time.Duration(want.GoneAfter * float64(time.Second)); gone < end.lo || gone > end.hi+200*time.Millisecond {
		t.Errorf("gone after %v, outside %v to %v", gone, end.lo, end.hi)
	}
	if q := b.l.Queues().Requests; q != 0 {
		t.Errorf("%d requests are left", q)
	}
}
