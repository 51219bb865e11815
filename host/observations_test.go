package host

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
)

const (
	seenISS  = 0xfffffff0 // our next number in each replay: both sides wrap soon
	seenNext = 0xffffffe0 // the peer's
	seenTS   = 1_000_000
)

// socketsSeen are the sockets of the recordings, without what the recording tells.
var socketsSeen = map[string]Conn{
	"est": {State: Established}, "est-rd": {State: Established, ReadShut: true},
	"cw":  {State: CloseWait, ReadShut: true, FINUnread: true},
	"fw1": {State: FinWait1}, "fw1-rdwr": {State: FinWait1, ReadShut: true},
	"fw1-orphan": {State: FinWait1, Orphan: true, ReadShut: true},
	"fw1-linger": {State: FinWait1, Orphan: true, ReadShut: true, Linger2: -1},
	"fw2":        {State: FinWait2}, "fw2-rdwr": {State: FinWait2, ReadShut: true},
	"fw2-orphan": {State: FinWait2, Orphan: true, ReadShut: true},
	"closing":    {State: Closing, ReadShut: true, FINUnread: true}, "closing-orphan": {State: Closing, Orphan: true, ReadShut: true, FINUnread: true},
	"lastack": {State: LastAck, ReadShut: true, FINUnread: true}, "lastack-orphan": {State: LastAck, Orphan: true, ReadShut: true},
	"syn-sent": {State: SynSent}, "syn-recv": {State: SynRecv},
}

var flagsSeen = map[string]Flags{"SYN": FlagSYN, "FIN": FlagFIN, "RST": FlagRST, "PSH": FlagPSH, "ACK": FlagACK, "none": 0}

func seenFlags(s string) (f Flags) {
	for name := range strings.SplitSeq(s, "|") {
		f |= flagsSeen[name]
	}
	return f
}

var statesSeen = map[string]State{
	"none": Closed, "SYN_SENT": SynSent, "SYN_RECV": SynRecv, "ESTABLISHED": Established, "FIN_WAIT1": FinWait1,
	"FIN_WAIT2": FinWait2, "CLOSE_WAIT": CloseWait, "LAST_ACK": LastAck, "CLOSING": Closing, "TIME_WAIT": TimeWait,
}

var errnosSeen = map[string]Errno{"0": 0, "104": ECONNRESET, "32": EPIPE, "111": ECONNREFUSED}

// A seenLine is one recorded experiment.
type seenLine struct {
	Kernel string
	Exp    string
	In     struct {
		Socket, Flags string
		Timestamps    bool
		Len           uint32
		Dseq, Dack    int64
	}
	Out struct {
		Rows   []string
		Window uint32
	}
}

// seenConn is a socket of a recording.
func seenConn(l *seenLine, ts bool) Conn {
	c := socketsSeen[l.In.Socket]
	c.SndUna, c.SndNxt, c.RcvNxt, c.RcvWup = seenISS, seenISS, seenNext, seenNext
	c.RcvWnd, c.SndWnd, c.MaxWindow, c.SndWl1 = l.Out.Window, 64240, 64240, seenNext
	c.RTO, c.Timestamps = 50, ts
	if ts {
		c.Recent = paws.Recent{TS: seenTS, Stamp: 100}
	}
	if l.In.Socket == "est-rd" { // the recording counts a FIN that was not sent
		c.SndUna, c.SndNxt = c.SndUna-1, c.SndNxt-1
	}
	if c.State == CloseWait || c.State == SynRecv {
		c.SndWl1-- // that of the FIN, or the SYN
	}
	switch c.State {
	case FinWait1, LastAck, Closing:
		c.SndUna--
	case FinWait2:
		c.BytesAcked = 1
	case SynSent, SynRecv:
		c.SndUna--
		c.RcvWnd, c.FirstTS = 64240, 5000
	}
	return c
}

// told is a decision in the recordings' words.
func told(l *seenLine, d Decision) string {
	reply := ""
	if r := d.Reply; r.Flags != 0 {
		seq, ack := fmt.Sprint(int32(r.Seq-seenISS)), "-"
		if r.Seq == 0 {
			seq = "=0"
		}
		if r.Flags&FlagACK != 0 {
			ack = fmt.Sprint(int32(r.Ack - seenNext))
		}
		reply = fmt.Sprintf("%s %s %s", strings.Replace(r.Flags.String(), "SYN|ACK", "SYN|ACK", 1), seq, ack)
		if r.Delayed {
			reply += " late"
		}
	}
	state, err := d.After.State, fmt.Sprint(d.After.Err)
	if d.After.Orphan {
		err = "-"
	}
	return fmt.Sprintf("%s | %s | %v %s", reply, d.Verdict.Counters, state, err)
}

// seen is a row in the same words.
func seen(t *testing.T, row []string) string {
	reply := row[1]
	if i := strings.LastIndex(reply, " @"); i >= 0 {
		reply = reply[:i]
		if strings.Contains(row[2], "DelayedACKs") {
			reply += " late"
		}
	}
	var set kernel.Counters
	for w := range strings.SplitSeq(row[2], ", ") {
		name, n, _ := strings.Cut(w, " ")
		c, err := kernel.ParseCounter(name)
		if err != nil || c == kernel.TW || c == kernel.RetransSegs || c == kernel.TCPTimeouts {
			continue
		}
		if n != "1" {
			t.Errorf("%s raised by %s", name, n)
		}
		set.Add(c, 1)
	}
	f := strings.Fields(row[3])
	state, ok := statesSeen[f[0]]
	if !ok {
		t.Fatalf("state %q", f[0])
	}
	err := "-"
	if f[2] != "-" {
		err = errnosSeen[f[2]].String()
	}
	return fmt.Sprintf("%s | %s | %v %s", reply, set, state, err)
}

// sorted puts a decision's counters in the order of the constants.
func sorted(set kernel.CounterSet) string {
	var c kernel.Counters
	c.Raise(set)
	return c.String()
}

func readSeen(t *testing.T, file string) (lines []seenLine) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var l seenLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

// A connection answers the same segment as often as the kernel did.
func TestObservedAnswerLimits(t *testing.T) {
	files, _ := filepath.Glob("testdata/observations/*.jsonl")
	rows := 0
	for _, file := range files {
		sem := kernel.MustParse(strings.TrimSuffix(filepath.Base(file), ".jsonl")).Semantics()
		sys := kernel.Sysctls{TCPTimestamps: 1, TCPInvalidRatelimit: 500, TCPFinTimeout: 200}
		for _, l := range readSeen(t, file) {
			if l.Exp != "full-twice" {
				continue
			}
			l.Out.Window = 64239
			c := seenConn(&l, false)
			for _, row := range l.Out.Rows {
				rows++
				cells := strings.Split(row, " | ")
				ms := 0
				fmt.Sscan(cells[0], &ms)
				s := Segment{Flags: seenFlags(l.In.Flags), Len: l.In.Len, Seq: seenNext + uint32(l.In.Dseq), Ack: seenISS + uint32(l.In.Dack), Window: 64240}
				d := Decide(&sem, &sys, c, &s, Moment{Jiffies: uint32(1000 + ms/4)})
				c = d.After
				got := strings.Replace(told(&l, d), d.Verdict.Counters.String(), sorted(d.Verdict.Counters), 1)
				if want := seen(t, cells); got != want {
					t.Errorf("%s %s %s %+v: model %s, kernel %s", file, l.In.Socket, l.In.Flags, l.In, got, want)
				}
			}
		}
	}
	t.Logf("%d rows", rows)
}

// Every recorded segment has the outcome that Decide says.
func TestObservedSegments(t *testing.T) {
	files, _ := filepath.Glob("testdata/observations/*.jsonl")
	if len(files) == 0 {
		t.Fatal("no recordings")
	}
	for _, file := range files {
		release := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		sem := kernel.MustParse(release).Semantics()
		sys := kernel.Sysctls{TCPTimestamps: 1, TCPInvalidRatelimit: 500, TCPFinTimeout: 200}
		t.Run(release, func(t *testing.T) {
			rows, bad := 0, 0
			for _, l := range readSeen(t, file) {
				for i, row := range l.Out.Rows {
					if l.Exp != "full-socket" {
						continue
					}
					rows++
					c, s, at, cells := seenRow(t, &l, i, row)
					d := Decide(&sem, &sys, c, &s, at)
					want, got := seen(t, cells), told(&l, d)
					got = strings.Replace(got, d.Verdict.Counters.String(), sorted(d.Verdict.Counters), 1)
					if got != want {
						if bad++; bad < 60 {
							t.Errorf("%s %s ts=%v %s: model %s, kernel %s", l.In.Socket, l.In.Flags, l.In.Timestamps, cells[0], got, want)
						}
					}
				}
			}
			t.Logf("%d rows, %d differ", rows, bad)
		})
	}
}

func seenRow(t *testing.T, l *seenLine, i int, row string) (Conn, Segment, Moment, []string) {
	cells := strings.Split(row, " | ")
	if len(cells) != 4 {
		t.Fatalf("row %q", row)
	}
	var n, dseq, dack, dts int64
	if _, err := fmt.Sscan(cells[0], &n, &dseq, &dack, &dts); err != nil {
		t.Fatal(err)
	}
	c := seenConn(l, l.In.Timestamps)
	open := c.State == SynSent || c.State == SynRecv
	s := Segment{Flags: seenFlags(l.In.Flags), Len: uint32(n), Seq: c.RcvNxt + uint32(dseq), Window: 64240}
	if s.Has(FlagACK) {
		s.Ack = seenISS + uint32(dack)
	}
	if l.In.Timestamps {
		s.Timestamp, s.TSVal, s.TSEcr = true, seenTS+uint32(dts), 5000
		if open && s.Has(FlagSYN) && !s.Has(FlagACK) {
			s.TSEcr = 5000
		}
	}
	if c.State == SynSent { // nothing is known of the peer
		c.RcvNxt, c.RcvWup, c.Recent, c.Timestamps = 0, 0, paws.Recent{}, l.In.Timestamps
	}
	return c, s, Moment{Jiffies: 1000, Seconds: 100, TSClock: 5003}, cells
}
