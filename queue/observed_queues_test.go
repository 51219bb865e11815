package queue

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Replays of limits: of sysctls, of listen(), of full queues, and of closing.

func replayMaxSYNBacklogEdge(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Backlog, Syncookies, Syns int
		M                         int `json:"tcp_max_syn_backlog"`
	}](t, o.In)
	want := decode[struct {
		Counters, States map[string]int
		Synacks          int
	}](t, o.Out)
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog, b.sys.TCPSyncookies = 4096, in.M, in.Syncookies
	b.listen(in.Backlog)
	synacks := 0
	for n := range in.Syns {
		synacks += b2i(b.syn(n))
	}
	b.same("SYN-ACKs", want.Synacks, synacks)
	b.same("states", want.States, b.states())
	b.same("counters", counters(t, want.Counters), counted(b.l.Counters()))
}

func replayClamp(t *testing.T, b *bench, o observation) {
	in := decode[struct{ Somaxconn int }](t, o.In)
	for name, raw := range decode[map[string]json.RawMessage](t, o.Out) {
		backlog, ok := strings.CutPrefix(name, "listen(")
		if !ok {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSuffix(backlog, ")"))
		if err != nil {
			t.Fatal(err)
		}
		want := decode[struct{ SendQ uint32 }](t, raw)
		b.sys.Somaxconn = in.Somaxconn
		b.listen(n)
		b.same(name, want.SendQ, b.l.Queues().AcceptLimit)
	}
}

// replaySysctl holds the ranges of sysctls against what the kernel took.
func replaySysctl(t *testing.T, b *bench, o observation) {
	in := decode[struct{ Name string }](t, o.In)
	if _, err := b.sys.Get(in.Name); err != nil {
		t.Skipf("%s is no sysctl of the models", in.Name)
	}
	for text, answer := range decode[map[string]string](t, o.Out) {
		value, err := strconv.Atoi(text)
		if err != nil || strings.HasPrefix(answer, "no such file") {
			continue
		}
		if value == 0 && in.Name == "net.ipv4.tcp_syn_retries" {
			continue // kernels refuse it; in Sysctls it stands for the default
		}
		sys := b.sys
		err = sys.Set(in.Name, value)
		if err == nil {
			err = sys.Validate(b.sem)
		}
		b.same(in.Name+" = "+text, strings.HasPrefix(answer, "ok"), err == nil)
	}
}

func replayRelisten(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Backlogs, Syns, Connect []int
		Syncookies              int
	}](t, o.In)
	want := decode[struct {
		Steps []struct {
			Counters, States map[string]int
			SendQ, Synacks   int
		}
	}](t, o.Out)
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog = 4096, 1024
	if in.Connect == nil {
		b.sys.TCPSyncookies = in.Syncookies
	}
	b.listen(in.Backlogs[0])
	host := 0
	for i, step := range want.Steps {
		if err := b.l.Listen(b.now, in.Backlogs[i]); err != nil {
			t.Fatal(err)
		}
		before, answered := b.l.Counters(), 0
		if in.Connect != nil {
			for range in.Connect[i] {
				if b.syn(host) {
					answered += b2i(b.ack(host, 0).Action == Establish)
				}
				host++
			}
		} else {
			for range in.Syns[i] {
				answered += b2i(b.syn(host))
				host++
			}
		}
		what := fmt.Sprintf("step %d: ", i)
		b.same(what+"answered", step.Synacks, answered)
		b.same(what+"Send-Q", step.SendQ, int(b.l.Queues().AcceptLimit))
		b.same(what+"states", step.States, b.states())
		b.same(what+"counters", counters(t, step.Counters), counted(b.l.Counters().Sub(before)))
	}
}

func replayAbort(t *testing.T, b *bench, o observation) {
	in := decode[struct{ Abort, Backlog, BacklogThen, Clients, Syncookies int }](t, o.In)
	want := decode[struct {
		AfterSyn, Counters, States map[string]int
		Answers                    []string
		RQ                         int
		SkDrops                    int `json:"sk_drops"`
		TwoSendData                struct {
			Answers          []string
			Counters, States map[string]int
		}
	}](t, o.Out)
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog = 4096, 1024
	b.sys.TCPSyncookies, b.sys.TCPAbortOnOverflow = in.Syncookies, in.Abort
	b.listen(in.Backlog)
	for n := range in.Clients {
		b.syn(n)
	}
	b.same("states after the SYNs", want.AfterSyn, b.states())
	if err := b.l.Listen(b.now, in.BacklogThen); err != nil {
		t.Fatal(err)
	}
	answers := func(list *[]string, n int, out Outcome) {
		if out.Reply.Flags != 0 {
			*list = append(*list, b.clients[n].describe(out.Reply))
		}
	}
	before, got := b.l.Counters(), []string{}
	for n := range in.Clients {
		answers(&got, n, b.ack(n, 0))
	}
	b.same("answers", want.Answers, got)
	b.same("states", want.States, b.states())
	b.same("counters", counters(t, want.Counters), counted(b.l.Counters().Sub(before)))
	b.same("accept queue", want.RQ, int(b.l.Queues().AcceptLen))
	b.same("sk_drops", want.SkDrops, int(b.l.SockDrops()))
	before, got = b.l.Counters(), []string{}
	for n := 4; n < 6; n++ {
		answers(&got, n, b.ack(n, 5))
	}
	b.same("answers to data", want.TwoSendData.Answers, got)
	b.same("states after data", want.TwoSendData.States, b.states())
	b.same("counters of data", counters(t, want.TwoSendData.Counters), counted(b.l.Counters().Sub(before)))
}

// replayClose closes a listener under three requests and two children.
func replayClose(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Pending, Children int
		Then              string
	}](t, o.In)
	want := decode[struct {
		OnClose struct {
			Counters, States map[string]int
			Sent             []string
		}
		Then  answered
		Later struct {
			Counters map[string]int
			Synacks  []float64
		}
	}](t, o.Out)
	b.sys.Somaxconn = 4096
	b.listen(64)
	for n := range in.Children {
		b.syn(10 + n)
		b.ack(10+n, 0)
	}
	for n := range in.Pending {
		b.syn(n)
	}
	before := b.l.Counters()
	conns, err := b.l.Close(b.now)
	if err != nil {
		t.Fatal(err)
	}
	b.established -= len(conns)
	b.same("connections reset", len(want.OnClose.Sent), len(conns))
	states := b.states()
	delete(states, "LISTEN")
	b.same("states after close", want.OnClose.States, states)
	b.same("counters of close", counters(t, want.OnClose.Counters), counted(b.l.Counters().Sub(before)))
	if strings.HasPrefix(in.Then, "new listener") {
		return // what follows is between two listeners
	}
	b.advance(500 * time.Millisecond)
	c := b.clients[0]
	s := Segment{From: c.from, Flags: FlagACK, Seq: c.isn + 1, Ack: c.ack}
	switch in.Then {
	case "silence":
		b.advance(time.Second)
		if q := b.l.Queues().Requests; q != 0 {
			t.Errorf("%d requests outlive their first timer", q)
		}
		return
	case "same SYN at 0.5 s":
		s = Segment{From: c.from, Flags: FlagSYN, Seq: c.isn, MSS: 1460}
	case "RST at 0.5 s":
		s = Segment{From: c.from, Flags: FlagRST, Seq: c.isn + 1}
	}
	out := b.receive(s)
	states = b.states()
	delete(states, "LISTEN")
	if want.Then.States == nil {
		want.Then.States = map[string]int{}
	}
	b.check(in.Then, c, want.Then, out, states)
}

// replayProven asks whether a host that was seen before passes the last quarter.
// What the kernel remembers of it is the peer history's business, which here is
// told what the recorded connection should leave behind: a round-trip time, unless
// metrics are not saved, or the connection was reset or is still open.
func replayProven(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		ClosedBy                           string
		Data                               bool
		RTTMs, Fill, Backlog, SynsFromHost int
		NoSave                             int `json:"tcp_no_metrics_save"`
		M                                  int `json:"tcp_max_syn_backlog"`
	}](t, o.In)
	want := decode[struct {
		Counters, Filled, States map[string]int
		Synacks                  int
	}](t, o.Out)
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog, b.sys.TCPSyncookies = 4096, in.M, 0
	host := b.addr(10, 9, 9, 9, 0).Addr()
	remembered := in.NoSave == 0 && (in.ClosedBy == "peer" || in.ClosedBy == "server")
	b.peers = hosts{host: {Proven: remembered}}
	b.listen(in.Backlog)
	for n := range in.Fill + 20 {
		b.syn(n)
	}
	filled := b.states()
	delete(want.Filled, "TIME_WAIT")
	delete(want.Filled, "ESTABLISHED")
	b.same("states when full", want.Filled, filled)
	before, synacks := b.l.Counters(), 0
	for i := range in.SynsFromHost {
		out := b.receive(Segment{From: netip.AddrPortFrom(host, uint16(41000+i)), Flags: FlagSYN, MSS: 1460})
		synacks += b2i(out.Action == SendSYNACK)
	}
	b.same("SYN-ACKs", want.Synacks, synacks)
	b.same("counters", counters(t, want.Counters), counted(b.l.Counters().Sub(before)))
}

type hosts map[netip.Addr]Peer

func (h hosts) Lookup(_ time.Duration, from, _ netip.Addr, _ bool, _ uint32) (proven, judged, rejected bool) {
	p := h[from]
	return p.Proven, p.Judged, p.Rejected
}

// replayTimeWaitSYN sends a SYN that reopens a TIME_WAIT connection to a listener
// without room.
func replayTimeWaitSYN(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Fill               string
		Syncookies, Dseq   int
		NoMetricsSaveValue int `json:"tcp_no_metrics_save"`
	}](t, o.In)
	if strings.HasPrefix(in.Fill, "minimum TTL") {
		t.Skip("the TTL test stands before the listener, which the models leave out")
	}
	want := decode[struct {
		Answers          []string
		Counters, States map[string]int
		Filled           map[string]int
		SkDrops          int `json:"sk_drops"`
	}](t, o.Out)
	b.sys.Somaxconn, b.sys.TCPMaxSynBacklog, b.sys.TCPSyncookies = 4096, 1024, min(in.Syncookies, 1)
	host := b.addr(10, 9, 9, 9, 40000)
	// The old connection was closed and its round-trip time saved, but for the sysctl.
	b.peers = hosts{host.Addr(): {Proven: in.NoMetricsSaveValue == 0}}
	if in.Fill == "last quarter" {
		b.sys.TCPMaxSynBacklog = 16
	}
	b.listen(64)
	again := func(backlog int) {
		if err := b.l.Listen(b.now, backlog); err != nil {
			t.Fatal(err)
		}
	}
	flood := func(n, from int) {
		for i := range n {
			b.syn(from + i)
		}
	}
	switch in.Fill {
	case "last quarter":
		flood(20, 0)
	case "SYN queue":
		again(4)
		flood(6, 0)
	case "accept queue", "both queues":
		again(1)
		if in.Fill == "both queues" {
			again(3)
			flood(4, 100)
			again(1)
		}
		for n := range 2 {
			if b.syn(n) {
				b.ack(n, 0)
			}
		}
	}
	delete(want.Filled, "TIME_WAIT")
	b.same("states when full", want.Filled, b.states())
	sys := b.sys
	sys.TCPSyncookies = in.Syncookies
	if err := b.l.SetSysctls(b.now, sys); err != nil {
		t.Fatal(err)
	}
	const sndNxt, rcvNxt = 77_000_000, 33_000_000
	before := b.l.Counters()
	out := b.receive(Segment{
		From: host, Flags: FlagSYN, Seq: rcvNxt + uint32(in.Dseq), MSS: 1460, Timestamp: true, TSVal: 2000,
		TimeWaitISN: sndNxt + 65537,
	})
	answers := []string{}
	if out.Reply.Flags != 0 {
		seq := "other"
		if d := int32(out.Reply.Seq - sndNxt); d >= -200000 && d <= 200000 {
			seq = fmt.Sprintf("snd_nxt%+d", d)
		}
		answers = append(answers, fmt.Sprintf("SYN|ACK ack=rcv_nxt%+d seq=%s", int32(out.Reply.Ack-rcvNxt), seq))
	}
	b.same("answers", want.Answers, answers)
	b.same("counters", counters(t, want.Counters), counted(b.l.Counters().Sub(before)))
	delete(want.States, "TIME_WAIT")
	b.same("states", want.States, b.states())
	b.same("sk_drops", want.SkDrops, int(out.SockDrops))
}
