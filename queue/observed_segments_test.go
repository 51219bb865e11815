package queue

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Replays of single segments: for a half-open request, for a bare listener, with a
// cookie at other sequence numbers, with timestamps.

// An oddSegment is one of the recorder's: numbers are relative to the next ones
// expected, and atWindow adds the advertised window.
type oddSegment struct {
	flags    Flags
	seq      int64
	atWindow bool
	ack      int64
	data     uint32
}

var oddSegments = map[string]oddSegment{
	"good ACK":                        {FlagACK, 0, false, 0, 0},
	"ACK, ack one too high":           {FlagACK, 0, false, 1, 0},
	"ACK, ack one too low":            {FlagACK, 0, false, -1, 0},
	"ACK, ack one too high, seq far":  {FlagACK, 1 << 20, false, 1, 0},
	"ACK, seq far ahead":              {FlagACK, 1 << 20, false, 0, 0},
	"ACK, seq one too low":            {FlagACK, -1, false, 0, 0},
	"ACK, seq at last byte of window": {FlagACK, -1, true, 0, 0},
	"ACK, seq at end of window":       {FlagACK, 0, true, 0, 0},
	"ACK, seq one past end of window": {FlagACK, 1, true, 0, 0},
	"data, seq one too low, 1 byte":   {FlagACK | FlagPSH, -1, false, 0, 1},
	"data, seq one too low, 2 bytes":  {FlagACK | FlagPSH, -1, false, 0, 2},
	"data in order":                   {FlagACK | FlagPSH, 0, false, 0, 5},
	"data ahead in window":            {FlagACK | FlagPSH, 1000, false, 0, 5},
	"data at end of window":           {FlagACK | FlagPSH, 0, true, 0, 5},
	"no flags":                        {0, 0, false, 0, 0},
	"PSH only":                        {FlagPSH, 0, false, 0, 0},
	"PSH only with data":              {FlagPSH, 0, false, 0, 5},
	"FIN only":                        {FlagFIN, 0, false, 0, 0},
	"no flags, seq far ahead":         {0, 1 << 20, false, 0, 0},
	"SYN same ISN":                    {FlagSYN, -1, false, 0, 0},
	"SYN same ISN with data":          {FlagSYN, -1, false, 0, 5},
	"SYN same ISN with PSH":           {FlagSYN | FlagPSH, -1, false, 0, 0},
	"SYN same ISN with ECE CWR":       {FlagSYN, -1, false, 0, 0},
	"SYN other seq in window":         {FlagSYN, 100, false, 0, 0},
	"SYN at next seq":                 {FlagSYN, 0, false, 0, 0},
	"SYN other seq far ahead":         {FlagSYN, 1 << 20, false, 0, 0},
	"SYN other seq before":            {FlagSYN, -1000, false, 0, 0},
	"SYN+FIN same ISN":                {FlagSYN | FlagFIN, -1, false, 0, 0},
	"SYN+ACK same ISN good ack":       {FlagSYN | FlagACK, -1, false, 0, 0},
	"SYN+ACK same ISN bad ack":        {FlagSYN | FlagACK, -1, false, 1, 0},
	"SYN+ACK next seq good ack":       {FlagSYN | FlagACK, 0, false, 0, 0},
	"SYN+ACK next seq bad ack":        {FlagSYN | FlagACK, 0, false, 1, 0},
	"FIN+ACK":                         {FlagFIN | FlagACK, 0, false, 0, 0},
	"FIN+ACK with data":               {FlagFIN | FlagACK, 0, false, 0, 5},
	"URG+ACK":                         {FlagACK, 0, false, 0, 0},
	"RST at next seq":                 {FlagRST, 0, false, 0, 0},
	"RST at next seq+1":               {FlagRST, 1, false, 0, 0},
	"RST at next seq-1":               {FlagRST, -1, false, 0, 0},
	"RST at last byte of window":      {FlagRST, -1, true, 0, 0},
	"RST at end of window":            {FlagRST, 0, true, 0, 0},
	"RST past end of window":          {FlagRST, 1, true, 0, 0},
	"RST far ahead":                   {FlagRST, 1 << 20, false, 0, 0},
	"RST+ACK at next seq, good ack":   {FlagRST | FlagACK, 0, false, 0, 0},
	"RST+ACK at next seq, bad ack":    {FlagRST | FlagACK, 0, false, 1, 0},
	"RST+ACK at next seq+1, good ack": {FlagRST | FlagACK, 1, false, 0, 0},
	"RST+ACK at next seq+1, bad ack":  {FlagRST | FlagACK, 1, false, 1, 0},
	"RST+ACK far ahead, bad ack":      {FlagRST | FlagACK, 1 << 20, false, 1, 0},
	"RST+SYN at next seq":             {FlagRST | FlagSYN, 0, false, 0, 0},
	"RST+SYN same ISN":                {FlagRST | FlagSYN, -1, false, 0, 0},
}

// answered is how a kernel answered one segment.
type answered struct {
	Answers  []string
	Counters map[string]int
	States   map[string]int
	Drops    *int
	RQ       *int
}

// sentCookie makes the listener send a cookie to another host.
func (b *bench) sentCookie() {
	b.Helper()
	sys := b.sys
	sys.TCPSyncookies = 2
	if err := b.l.SetSysctls(b.now, sys); err != nil {
		b.Fatal(err)
	}
	b.syn(99)
	if err := b.l.SetSysctls(b.now, b.sys); err != nil {
		b.Fatal(err)
	}
}

// describe is the recorder's way to write down an answer.
func (c *client) describe(r Reply) string {
	rel := func(v uint32, ours bool) string {
		near := func(base uint32) bool { d := int32(v - base); return d >= -1<<21 && d <= 1<<21 }
		iss := c.ack - 1
		switch {
		case v == 0:
			return "0"
		case ours && c.ack != 0 && near(iss):
			return fmt.Sprintf("iss%+d", int32(v-iss))
		case near(c.isn):
			return fmt.Sprintf("isn%+d", int32(v-c.isn))
		}
		return "other"
	}
	flags := map[Flags]string{FlagACK: "ACK", FlagRST: "RST", FlagRST | FlagACK: "RST|ACK", FlagSYN | FlagACK: "SYN|ACK"}[r.Flags]
	s := flags + " seq=" + rel(r.Seq, true)
	if r.Flags&FlagACK != 0 {
		s += " ack=" + rel(r.Ack, false)
	}
	return s
}

// check holds one outcome against an answer. What the connection that a segment
// made goes on to send is not the listener's.
func (b *bench) check(what string, c *client, want answered, out Outcome, states map[string]int) {
	b.Helper()
	if out.Action != Establish {
		answers := []string{}
		if out.Reply.Flags != 0 {
			answers = append(answers, c.describe(out.Reply))
		}
		b.same(what+": answers", want.Answers, answers)
	}
	seen := map[string]int{}
	for _, k := range []string{"ESTABLISHED", "CLOSE_WAIT"} {
		want.States["ESTABLISHED"] += want.States[k] - want.States["ESTABLISHED"]*b2i(k == "ESTABLISHED")
	}
	for k, n := range want.States {
		if n != 0 && k != "CLOSE_WAIT" {
			seen[k] = n
		}
	}
	b.same(what+": states", seen, states)
	model := map[string]int{}
	for k := range out.Counters.All() {
		model[k.String()]++
	}
	b.same(what+": counters", counters(b.T, want.Counters), model)
	if want.Drops != nil {
		b.same(what+": sk_drops", *want.Drops, int(out.SockDrops))
	}
	if want.RQ != nil {
		b.same(what+": accept queue", *want.RQ, int(b.l.Queues().AcceptLen))
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func replayOddSegment(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Segment      string
		RecentCookie bool
	}](t, o.In)
	want := decode[struct {
		answered
		Window      uint32
		ThenGoodACK *answered
	}](t, o.Out)
	odd, ok := oddSegments[in.Segment]
	if !ok {
		t.Fatalf("unknown segment %q", in.Segment)
	}
	b.window = want.Window
	b.listen(64)
	if in.RecentCookie {
		b.sentCookie()
	}
	b.syn(0)
	c := b.clients[0]
	// The recorder has repeated the SYN to read the window, and waited.
	b.receive(Segment{From: c.from, Flags: FlagSYN, Seq: c.isn, MSS: 1460})
	b.advance(600 * time.Millisecond)
	s := Segment{From: c.from, Flags: odd.flags, Seq: c.isn + 1 + uint32(odd.seq), Len: odd.data}
	if odd.atWindow {
		s.Seq += want.Window
	}
	if odd.flags&FlagACK != 0 {
		s.Ack = c.ack + uint32(odd.ack)
	}
	out := b.receive(s)
	b.check(in.Segment, c, want.answered, out, b.states())
	if (want.ThenGoodACK != nil) != (b.l.Queues().Requests > 0) {
		t.Errorf("the request stays: kernel %v, model %v", want.ThenGoodACK != nil, b.l.Queues().Requests > 0)
	} else if want.ThenGoodACK != nil {
		out := b.ack(0, 0)
		b.check("then a good ACK", c, *want.ThenGoodACK, out, b.states())
	}
}

func replayBareFlags(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		Flags        string
		RecentCookie bool
	}](t, o.In)
	want := decode[answered](t, o.Out)
	b.listen(64)
	if in.RecentCookie {
		b.sentCookie()
	}
	bits := map[string]Flags{"FIN": FlagFIN, "SYN": FlagSYN, "RST": FlagRST, "PSH": FlagPSH, "ACK": FlagACK}
	var flags Flags
	for name := range strings.SplitSeq(in.Flags, "|") {
		flags |= bits[name]
	}
	c := &client{from: b.addr(10, 1, 0, 0, 40000), isn: 5_000_000}
	s := Segment{From: c.from, Flags: flags, Seq: c.isn}
	if flags&FlagACK != 0 {
		s.Ack = c.isn + 12345
	}
	out := b.receive(s)
	for i, a := range want.Answers { // of ECN, and of numbers of its own, the model says nothing
		want.Answers[i] = strings.Replace(a, "SYN|ACK|ECE", "SYN|ACK", 1)
	}
	b.check(in.Flags, c, want, out, b.states())
}

// pawsSegments are the recorder's segments with timestamps: offsets to the values
// that would be right.
var pawsSegments = map[string]struct {
	val, echo  int64
	zero, none bool
	flags      Flags
	data       uint32
}{
	"ACK, TSval one later":          {val: 1, flags: FlagACK},
	"ACK, TSval same":               {flags: FlagACK},
	"ACK, TSval one older":          {val: -1, flags: FlagACK},
	"ACK, TSval much older":         {val: -1000, flags: FlagACK},
	"data, TSval one older":         {val: -1, flags: FlagACK | FlagPSH, data: 5},
	"RST, TSval one older":          {val: -1, flags: FlagRST},
	"SYN same ISN, TSval one older": {val: -1, flags: FlagSYN},
	"SYN same ISN, TSval later":     {val: 1, flags: FlagSYN},
	"ACK, TSecr 0":                  {val: 1, zero: true, flags: FlagACK},
	"ACK, TSecr one too high":       {val: 1, echo: 1, flags: FlagACK},
	"ACK, TSecr 10000 too high":     {val: 1, echo: 10000, flags: FlagACK},
	"ACK, TSecr one too low":        {val: 1, echo: -1, flags: FlagACK},
	"ACK, TSecr 100000 too low":     {val: 1, echo: -100000, flags: FlagACK},
	"ACK without timestamp":         {none: true, flags: FlagACK},
	"data, TSecr 10000 too high":    {val: 1, echo: 10000, flags: FlagACK | FlagPSH, data: 5},
	"RST, TSecr 10000 too high":     {val: 1, echo: 10000, flags: FlagRST},
}

func replayPAWS(t *testing.T, b *bench, o observation) {
	in := decode[struct{ Segment string }](t, o.In)
	want := decode[struct {
		answered
		ThenGoodACK *answered
	}](t, o.Out)
	p, ok := pawsSegments[in.Segment]
	if !ok {
		t.Fatalf("unknown segment %q", in.Segment)
	}
	b.listen(64)
	c := &client{from: b.addr(10, 1, 0, 0, 40000), isn: 5_000_000}
	const tsval = 1_000_000
	first := b.receive(Segment{From: c.from, Flags: FlagSYN, Seq: c.isn, MSS: 1460, Timestamp: true, TSVal: tsval})
	c.ack = first.Reply.Seq + 1
	b.advance(600 * time.Millisecond)
	s := Segment{
		From: c.from, Flags: p.flags, Seq: c.isn + 1, Len: p.data,
		Timestamp: !p.none, TSVal: tsval + uint32(p.val), TSEcr: first.Reply.TSVal + uint32(p.echo),
	}
	if p.flags&FlagACK != 0 {
		s.Ack = c.ack
	}
	if p.zero || p.flags == FlagSYN {
		s.TSEcr = 0
	}
	if p.flags == FlagSYN {
		s.Seq = c.isn
	}
	out := b.receive(s)
	b.check(in.Segment, c, want.answered, out, b.states())
	if (want.ThenGoodACK != nil) != (b.l.Queues().Requests > 0) {
		t.Errorf("the request stays: kernel %v, model %v", want.ThenGoodACK != nil, b.l.Queues().Requests > 0)
	} else if want.ThenGoodACK != nil {
		out := b.receive(Segment{From: c.from, Flags: FlagACK, Seq: c.isn + 1, Ack: c.ack, Timestamp: true, TSVal: tsval + 10, TSEcr: first.Reply.TSVal})
		b.check("then a good ACK", c, *want.ThenGoodACK, out, b.states())
	}
}

// replayCookieOffsets sends the ACK of a cookie at sequence numbers around the right
// one, each from a client of its own.
func replayCookieOffsets(t *testing.T, b *bench, o observation) {
	in := decode[struct {
		AcceptQueueFull bool
		MSS             uint16
	}](t, o.In)
	all := decode[map[string]json.RawMessage](t, o.Out)
	b.sys.TCPSyncookies, b.sys.Somaxconn = 2, 4096
	b.listen(2)
	offsets := []int{-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 100, 1000}
	for i := range offsets {
		c := &client{from: b.addr(10, 1, 0, byte(i), 40000), isn: uint32(i)*64000 + 7}
		out := b.receive(Segment{From: c.from, Flags: FlagSYN, Seq: c.isn, MSS: in.MSS})
		c.ack = out.Reply.Seq + 1
		b.clients[i] = c
	}
	if in.AcceptQueueFull {
		for i := range 3 {
			b.syn(50 + i)
			b.ack(50+i, 0)
		}
	}
	for i, k := range offsets {
		name := fmt.Sprintf("ISN+1%+d", k)
		want := decode[struct {
			answered
			Accepted bool
			Maxseg   int
		}](t, all[name])
		c := b.clients[i]
		out := b.receive(Segment{From: c.from, Flags: FlagACK | FlagPSH, Seq: c.isn + 1 + uint32(k), Ack: c.ack, Len: 5})
		want.States, want.RQ = map[string]int{}, nil
		b.check(name, c, want.answered, out, map[string]int{})
		conn, ok, err := b.l.Accept(b.now)
		if err != nil {
			t.Fatal(err)
		}
		if in.AcceptQueueFull {
			*b.l.accept.push() = conn // nobody accepts
			continue
		}
		b.same(name+": accepted", want.Accepted, ok)
		if ok {
			b.same(name+": MSS", want.Maxseg, int(conn.MSS))
		}
	}
}
