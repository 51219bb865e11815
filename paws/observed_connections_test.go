package paws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
)

// A stampedRow is what a connection did with one segment.
type stampedRow struct {
	Answers       []string
	Counters      map[string]int
	Dts           json.RawMessage // a number, or "absent"
	RTOUs         uint32
	State         string
	TSRecentAfter string
}

// replayEstablished replays a segment to an established connection that has just come
// from its handshake, or was silent since.
func replayEstablished(t *testing.T, o observation) {
	var in struct {
		Dseq, Dts     json.RawMessage
		FirstTSVal    *uint32
		Flags         string
		Len           uint32
		SilentSeconds int64
		Variant       string
	}
	var out struct {
		Rows []stampedRow
		stampedRow
	}
	o.Decode(t, &in, &out)
	rows := out.Rows
	if rows == nil { // paws-idle has one
		out.stampedRow.Dts = in.Dts
		rows = []stampedRow{out.stampedRow}
	}
	first := uint32(1000000)
	if in.FirstTSVal != nil {
		first = *in.FirstTSVal
	}
	var dseq int64
	if in.Dseq != nil && json.Unmarshal(in.Dseq, &dseq) != nil {
		t.Fatalf("dseq %s", in.Dseq)
	}
	const window = 65160
	for _, row := range rows {
		c := &Conn{Recent: Recent{TS: first, Stamp: 100}, Timestamps: true, RcvNxt: 5000, RcvWup: 5000, SndUna: 900, SndWl1: 5000, SndWnd: window,
			RTO: row.RTOUs * 250 / 1_000_000, HZ: 250}
		s := segmentOf(in.Flags, in.Len)
		s.Seq, s.AckSeq, s.Window = 5000+uint32(dseq), 900, window
		switch in.Variant {
		case "larger window":
			s.Window += 100
		case "smaller window":
			s.Window -= 100
		case "old ack":
			s.AckSeq--
		case "ack of unsent data":
			s.AckSeq++
		}
		var dts int64
		if json.Unmarshal(row.Dts, &dts) == nil {
			s.Timestamp, s.TSVal = true, first+uint32(dts)
		}
		checkEstablished(t, semantics(o.Kernel), c, s, c.Stamp+in.SilentSeconds, window, row)
	}
}

// segmentOf is a segment with these flags and so much data.
func segmentOf(flags string, n uint32) *Segment {
	has := func(flag string) bool { return slices.Contains(strings.Split(flags, "|"), flag) }
	s := &Segment{SYN: has("SYN"), ACK: has("ACK"), RST: has("RST"), Len: n}
	if s.SYN {
		s.Len++
	}
	if has("FIN") {
		s.Len++
	}
	return s
}

// checkEstablished compares a verdict with what was seen, and what is remembered of
// timestamps then.
func checkEstablished(t *testing.T, sem *kernel.Semantics, c *Conn, s *Segment, now int64, window uint32, row stampedRow) {
	t.Helper()
	v := DecideEstablished(sem, c, s, now)
	if e := ExplainEstablished(sem, c, s, now); e.Verdict != v {
		t.Errorf("explained as %v, decided %v", e, v)
	}
	fail := func(what string) {
		t.Helper()
		t.Errorf("dts %s: %s\n%v\nobserved %+v", row.Dts, what, ExplainEstablished(sem, c, s, now), row)
	}
	for _, name := range []kernel.Counter{kernel.PAWSEstab, kernel.PAWSOldAck, kernel.TCPACKSkippedPAWS} {
		if v.Counters.Has(name) != (row.Counters[name.String()] == 1) {
			fail(name.String())
		}
	}
	ack := len(row.Answers) == 1 && strings.HasPrefix(row.Answers[0], "ACK seq=snd_nxt+0 ack=rcv_nxt+0 ")
	switch v.Action {
	case Drop:
		if len(row.Answers) > 0 || row.State != "ESTABLISHED" {
			fail("no answer")
		}
		if v.Reason == NoACK && len(row.Counters) > 0 {
			fail("nothing is counted")
		}
	case SendACK:
		if !ack {
			fail("an ACK")
		}
	case Challenge:
		if !ack || row.Counters["TCPSYNChallenge"] != 1 || row.Counters["TCPChallengeACK"] != 1 || row.Counters["InErrs"] != 1 || v.Counters.Len() != 3 {
			fail("a challenge ACK")
		}
	}
	if row.State == "none" { // reset
		return
	}
	// What passes PAWS and the window test is remembered, if it is no SYN or RST.
	recent := c.Recent
	if inWindow := !serial.Before(s.Seq+s.Len, c.RcvWup) && !serial.After(s.Seq, c.RcvNxt+window); v.Action == Pass && inWindow && s.ACK && !s.SYN && !s.RST {
		recent, _ = UpdateRecent(sem, c, s, now, true)
	}
	if want := fmt.Sprintf("first%+d", int32(recent.TS-c.TS)); row.TSRecentAfter != want {
		fail("remembers " + want)
	}
}

// replaySYNSent replays a SYN-ACK with an echo that lies beside our SYN's timestamp.
func replaySYNSent(t *testing.T, o observation) {
	var in struct{ TsecrMinusSent int32 }
	var out struct{ Counters, States map[string]int }
	o.Decode(t, &in, &out)
	if in.TsecrMinusSent == 1 {
		t.Skip("whether the clock had moved on by then is not recorded")
	}
	const sent = 7000
	s := &Segment{SYN: true, ACK: true, Len: 1, Timestamp: true, TSVal: 1000000, TSEcr: sent + uint32(in.TsecrMinusSent)}
	v := DecideSYNSent(semantics(o.Kernel), nil, s, 100, sent, sent+3)
	for _, name := range []kernel.Counter{kernel.PAWSActive, kernel.OutRsts} {
		if v.Counters.Has(name) != (out.Counters[name.String()] == 1) {
			t.Errorf("%v; observed %s", v, o.Out)
		}
	}
	if want := map[Action]string{Pass: "ESTABLISHED", SendReset: "SYN_SENT"}[v.Action]; out.States[want] != 1 {
		t.Errorf("%v; observed %s", v, o.Out)
	}
}
