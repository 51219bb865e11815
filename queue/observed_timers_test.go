package queue

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// Replays of time: silent clients, repeated SYNs, deferred accepts. The recorder
// noted the jiffies counter, so the phase of every timer is known and the model's
// moments are exact; what is read off a wire comes up to lateness after them.

// lateness is how long after a segment was sent the recorder may have read it: in a
// guest with virtual time, and on a machine where other things ran.
func lateness(release string) time.Duration {
	if release == "6.18.44" {
		return 400 * time.Millisecond
	}
	return 60 * time.Millisecond
}

// startAt puts the bench at the moment at which the jiffies counter read so.
func (b *bench) startAt(jiffies uint64) {
	b.Helper()
	clock, err := kernel.NewClock(b.sem, 250)
	if err != nil {
		b.Fatal(err)
	}
	ticks := jiffies - clock.Jiffies(0)
	b.now = time.Duration(ticks)*clock.Tick() + 50*time.Microsecond
}

// An emission is a SYN-ACK that the model sent.
type emission struct {
	at   time.Duration
	host int
}

func hostOf(peer netip.AddrPort) int { a := peer.Addr().AsSlice(); return int(a[len(a)-1]) }

// replaySilent lets many requests time out. In which jiffy a SYN arrived, the
// recorder knows but for the ones next to a tick: it reads the counter before it sends,
// and after it was woken. So the replay holds if it holds for the jiffies in which the
// SYNs were due, for those that were read, or for those with the last SYN of each jiffy
// moved to the next, or the first to the one before.
func replaySilent(t *testing.T, b *bench, o observation) {
	variants := []func(due int, read []int, n int) int{
		func(due int, read []int, n int) int { return due },
		func(due int, read []int, n int) int { return read[n] },
		func(due int, read []int, n int) int { return read[min(n+1, len(read)-1)] },
		func(due int, read []int, n int) int { return read[max(n-1, 0)] },
	}
	var first []string
	for _, arrival := range variants {
		trial := newBench(t, o.Kernel)
		trial.trial = &[]string{}
		replaySilentAt(t, trial, o, arrival)
		if len(*trial.trial) == 0 {
			return
		}
		if first == nil {
			first = *trial.trial
		}
	}
	for _, e := range first {
		t.Error(e)
	}
}

func replaySilentAt(t *testing.T, b *bench, o observation, arrival func(due int, read []int, n int) int) {
	in := decode[struct {
		Backlog, Syncookies int
		M                   int `json:"tcp_max_syn_backlog"`
		Syns                []struct{ AtMs, GapMs, N int }
	}](t, o.In)
	want := decode[struct {
		FirstAtJiffies uint64
		SentJiffies    []int
		Counters       map[string]int
		States         map[string]int
		Rounds         []struct {
			T, Last float64
			N       int
			Order   []int
		}
	}](t, o.Out)
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog, b.sys.TCPSyncookies = 4096, in.M, in.Syncookies
	b.startAt(want.FirstAtJiffies)
	start := b.now
	b.listen(in.Backlog)
	var sent []emission
	resent := func(events []Event) {
		for _, e := range events {
			if e.Action == ResendSYNACK {
				sent = append(sent, emission{e.At - start, hostOf(e.Peer)})
			}
		}
	}
	n := 0
	for _, burst := range in.Syns {
		for i := range burst.N {
			at := time.Duration(arrival((burst.AtMs+i*burst.GapMs)/4, want.SentJiffies, n)) * 4 * time.Millisecond
			resent(b.advance(max(start+at, b.now) - b.now))
			n++ // the recorder's hosts count from 1
			if b.syn(n) {
				sent = append(sent, emission{b.now - start, n})
			}
		}
	}
	resent(b.advance(start + 70*time.Second - b.now))

	next := 0
	for i, round := range want.Rounds {
		if next+round.N > len(sent) {
			b.Errorf("round %d: the kernel sent %d SYN-ACKs, the model has %d left", i, round.N, len(sent)-next)
			return
		}
		var order []int
		for _, e := range sent[next : next+round.N] {
			order = append(order, e.host)
		}
		b.same(fmt.Sprintf("order of round %d", i), round.Order, order)
		first, last := sent[next].at, sent[next+round.N-1].at
		late := lateness(o.Kernel)
		if seen := seconds64(round.T); seen < first-late/4 || seen > first+late {
			b.Errorf("round %d: kernel at %v, model at %v", i, seen, first)
		}
		if seen := seconds64(round.Last); seen < last-late/4 || seen > last+late {
			b.Errorf("round %d: kernel's last at %v, model's at %v", i, seen, last)
		}
		next += round.N
	}
	b.same("SYN-ACKs in all", next, len(sent))
	b.same("counters", counters(t, want.Counters), counted(b.l.Counters()))
	b.same("states at the end", want.States, b.states())
}

func seconds64(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func replayRetries(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		SYNCNT  int `json:"TCP_SYNCNT"`
		Retries int `json:"tcp_synack_retries"`
	}](t, o.In)
	want := decode[struct {
		FirstAtJiffies   uint64
		Synacks          []float64
		Counters, States map[string]int
	}](t, o.Out)
	b.sys.TCPSynackRetries = in.Retries
	b.startAt(want.FirstAtJiffies)
	b.synCount = in.SYNCNT
	b.listen(64)
	start := b.now
	b.syn(1)
	times := []time.Duration{0}
	for _, e := range b.advance(20 * time.Second) {
		if e.Action == ResendSYNACK {
			times = append(times, e.At-start)
		}
	}
	b.sameTimes("SYN-ACKs", o.Kernel, want.Synacks, times)
	b.same("counters", counters(t, want.Counters), counted(b.l.Counters()))
	b.same("states", want.States, b.states())
}

func (b *bench) sameTimes(what, release string, seen []float64, model []time.Duration) {
	b.Helper()
	if len(seen) != len(model) {
		b.Errorf("%s: kernel at %v s, model at %v", what, seen, model)
		return
	}
	for i, s := range seen {
		if d := seconds64(s) - model[i]; d < -lateness(release)/4 || d > lateness(release) {
			b.Errorf("%s %d: kernel at %v s, model at %v", what, i, s, model[i])
		}
	}
}

// anyPhase runs a replay whose phase of the jiffies counter was not recorded: it
// holds if it holds in one of the phases, and the phases of a wheel repeat after 512
// jiffies as far as timers below 63 s go.
func anyPhase(replay func(*testing.T, *bench, observation)) func(*testing.T, *bench, observation) {
	return func(t *testing.T, b *bench, o observation) {
		var fewest []string
		for phase := range 512 {
			trial := newBench(t, o.Kernel)
			trial.now += time.Duration(phase) * 4 * time.Millisecond
			trial.trial = &[]string{}
			replay(t, trial, o)
			if len(*trial.trial) == 0 {
				return
			}
			if fewest == nil || len(*trial.trial) < len(fewest) {
				fewest = *trial.trial
			}
		}
		for _, e := range fewest {
			t.Error(e)
		}
	}
}

// replayDupSYN repeats the SYN.
func replayDupSYN(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Limit int   `json:"tcp_invalid_ratelimit"`
		At    []int `json:"sameSYNAtMs"`
	}](t, o.In)
	want := decode[struct {
		AnsweredAtMs                        []int
		Synacks                             []float64
		Counters, CountersAfterLast, States map[string]int
	}](t, o.Out)
	b.sys.TCPInvalidRatelimit = in.Limit
	b.listen(64)
	b.syn(1)
	start, c := b.now, b.clients[1]
	times := []time.Duration{0}
	resent := func(events []Event) {
		for _, e := range events {
			if e.Action == ResendSYNACK {
				times = append(times, e.At-start)
			}
		}
	}
	answered := []int{}
	for _, at := range in.At {
		resent(b.advance(start + time.Duration(at)*time.Millisecond - b.now))
		out := b.receive(Segment{From: c.from, Flags: FlagSYN, Seq: c.isn, MSS: 1460})
		if out.Action == ResendSYNACK {
			answered = append(answered, at)
			times = append(times, b.now-start)
		}
	}
	b.same("answered", want.AnsweredAtMs, answered)
	b.same("counters after the last", counters(t, want.CountersAfterLast), counted(b.l.Counters()))
	resent(b.advance(start + 8*time.Second - b.now))
	b.same("counters", counters(t, want.Counters), counted(b.l.Counters()))
	b.same("states", want.States, b.states())
	b.sameTimes("SYN-ACKs", o.Kernel, want.Synacks, times)
}

func replayOutOfWindowRepeat(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Limit   int `json:"tcp_invalid_ratelimit"`
		N       int
		EveryMs int
	}](t, o.In)
	want := decode[answered](t, o.Out)
	b.sys.TCPInvalidRatelimit = in.Limit
	b.listen(64)
	b.syn(1)
	c, answers := b.clients[1], []string{}
	for range in.N {
		out := b.receive(Segment{From: c.from, Flags: FlagACK, Seq: c.isn + 1 + 1<<20, Ack: c.ack})
		if out.Reply.Flags != 0 {
			answers = append(answers, c.describe(out.Reply))
		}
		b.advance(time.Duration(in.EveryMs) * time.Millisecond)
	}
	b.same("answers", want.Answers, answers)
	b.same("counters", counters(t, want.Counters), counted(b.l.Counters()))
	b.same("states", want.States, b.states())
}

// replayDeferValue holds TCP_DEFER_ACCEPT's rounding against what getsockopt() gave
// back: the seconds until that many timeouts are over.
func replayDeferValue(t *testing.T, b *bench, o observation) {
	for secs, back := range decode[map[string]int](t, o.Out) {
		n, err := strconv.Atoi(secs)
		if err != nil {
			t.Fatal(err)
		}
		period := time.Duration(0)
		for i := range DeferAcceptRetries(&b.sem, n) {
			period += SYNACKTimeout(&b.sem, i, 0)
		}
		b.same(secs+" s", back, int(period/time.Second))
	}
}

func replayDeferAccept(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Seconds int
		Client  string
	}](t, o.In)
	want := decode[struct {
		Synacks          []float64
		Counters, States map[string]int
		RQ               int
		Steps            []json.RawMessage
	}](t, o.Out)
	b.deferAccept = in.Seconds
	b.listen(16)
	b.syn(1)
	start, c := b.now, b.clients[1]
	times := []time.Duration{0}
	ack := func(flags Flags, data uint32) {
		if b.established == 0 && b.l.Queues().Requests > 0 {
			b.receive(Segment{From: c.from, Flags: flags, Seq: c.isn + 1, Ack: c.ack, Len: data})
		}
	}
	b.advance(50 * time.Millisecond)
	switch in.Client {
	case "no ACK":
	case "data at once":
		ack(FlagACK|FlagPSH, 5)
	case "FIN at once":
		ack(FlagACK|FlagFIN, 0)
	default:
		ack(FlagACK, 0)
	}
	if in.Client == "bare ACK, data at 0.5 s" {
		b.advance(450 * time.Millisecond)
		ack(FlagACK|FlagPSH, 5)
	}
	for b.now < start+70*time.Second {
		due, ok := b.l.Next()
		if !ok || due > start+70*time.Second {
			break
		}
		for _, e := range b.advance(due - b.now) {
			if e.Action == ResendSYNACK {
				times = append(times, e.At-start)
				if in.Client == "bare ACK to every SYN-ACK" {
					ack(FlagACK, 0)
				}
			}
		}
	}
	b.same("counters", counters(t, want.Counters), counted(b.l.Counters()))
	b.same("accept queue", want.RQ, int(b.l.Queues().AcceptLen))
	b.same("half-open", want.States["SYN_RECV"], int(b.l.Queues().Requests))
	b.sameTimes("SYN-ACKs", o.Kernel, want.Synacks, times)
}

// replayRSTRate sends inexact RSTs and other segments that are answered, one after the
// other: they share one rate limit.
func replayRSTRate(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Limit int `json:"tcp_invalid_ratelimit"`
	}](t, o.In)
	want := decode[struct {
		Steps []struct {
			T    float64
			Sent string
			answered
		}
	}](t, o.Out)
	b.sys.TCPInvalidRatelimit = in.Limit
	b.listen(64)
	b.syn(0)
	c, start := b.clients[0], b.now
	segments := map[string]Segment{
		"RST at next seq":   {From: c.from, Flags: FlagRST, Seq: c.isn + 1},
		"RST at next seq+1": {From: c.from, Flags: FlagRST, Seq: c.isn + 2},
		"ACK far ahead":     {From: c.from, Flags: FlagACK, Seq: c.isn + 1 + 1<<20, Ack: c.ack},
		"SYN same ISN":      {From: c.from, Flags: FlagSYN, Seq: c.isn, MSS: 1460},
	}
	for i, step := range want.Steps {
		s, ok := segments[step.Sent]
		if !ok {
			t.Fatalf("unknown segment %q", step.Sent)
		}
		b.advance(start + seconds64(step.T) - b.now)
		out := b.receive(s)
		if b.l.Queues().Requests == 0 && s.Flags == FlagSYN {
			continue // a new request, with numbers of its own
		}
		what := fmt.Sprintf("step %d, %s", i, step.Sent)
		if i > 0 && step.States["SYN_RECV"] == 1 && want.Steps[i-1].States["SYN_RECV"] == 0 {
			// The first RST ended the request, and the SYN opened another: from here on the
			// recorder speaks of numbers that are not its own any more.
			b.same(what+": action", SendSYNACK, out.Action)
			return
		}
		b.check(what, c, step.answered, out, b.states())
	}
}
