package host

import (
	"strings"
	"testing"

	"example.com/linuxtcp/kernel"
)

// columns are the releases of the table of a SYN that meets a socket, and of a RST: each
// group behaves alike.
const (
	colReset = "2.6.32 2.6.32.67 2.6.32-357.el6.x86_64 3.0.0 3.2.0 3.5"
	colFirst = "3.6 3.7 2.6.32-431.el6.x86_64"
	colMute  = "3.8 3.10.108 3.12 3.17 2.6.32-504.el6.x86_64"
	colBack  = "3.18 4.4.155 4.9.154 4.19.78 5.4.59 5.10.223 6.1.192 6.3 3.10.0-1160.el7.x86_64 2.6.32-642.el6.x86_64"
	colPAWS  = "6.4 6.12.107 6.18.44 7.2.13"
)

var matrixStates = []State{Established, FinWait1, FinWait2, CloseWait, LastAck, Closing}

// stampedConn has timestamps, the last of them 1000.
func stampedConn(state State) Conn {
	c := rowConn(state)
	c.Timestamps = true
	c.Recent.TS, c.Recent.Stamp = 1000, 90
	return c
}

func each(t *testing.T, releases string, f func(t *testing.T, sem *kernel.Semantics)) {
	for r := range strings.FieldsSeq(releases) {
		sem := kernel.MustParse(r).Semantics()
		t.Run(r, func(t *testing.T) { f(t, &sem) })
	}
}

// A SYN that meets a synchronized socket, by where it lies: every cell of every column, in
// every state.
func TestSYNMatrix(t *testing.T) {
	type cell struct {
		action   ConnAction
		counters string
		reply    Reply
	}
	ack := Reply{Flags: FlagACK, Seq: 1000, Ack: 2000}
	challenge := cell{ConnChallenge, "TCPSYNChallenge, TCPChallengeACK", ack}
	paws := cell{ConnACK, "PAWSEstab", ack}
	mute := cell{ConnDrop, "none", Reply{}}
	for _, col := range []struct {
		releases                    string
		paws, outside, fresh, below cell
	}{
		{colReset, paws, cell{ConnACK, "none", ack}, cell{ConnAbort, "TCPAbortOnSyn, OutRsts", Reply{Flags: FlagRST | FlagACK, Ack: 2011}}, mute},
		{colFirst, paws, challenge, challenge, challenge},
		{colMute, mute, mute, mute, mute},
		{colBack, paws, challenge, challenge, challenge},
		{colPAWS, challenge, challenge, challenge, challenge},
	} {
		each(t, col.releases, func(t *testing.T, sem *kernel.Semantics) {
			for _, state := range matrixStates {
				for _, x := range []struct {
					name string
					seg  Segment
					want cell
				}{
					{"PAWS", Segment{Seq: 2010, Timestamp: true, TSVal: 998}, col.paws},
					{"above", Segment{Seq: 2000 + 60001, Timestamp: true, TSVal: 1000}, col.outside},
					{"far below", Segment{Seq: 1990, Timestamp: true, TSVal: 1000}, col.outside},
					{"in the window", Segment{Seq: 2010, Timestamp: true, TSVal: 1000}, col.fresh},
					{"at its edge", Segment{Seq: 2000 + 60000, Timestamp: true, TSVal: 1000}, col.fresh},
					{"below RcvNxt", Segment{Seq: 1999, Timestamp: true, TSVal: 1000}, col.below},
				} {
					x.seg.Flags = FlagSYN
					want, counters := x.want, x.want.counters
					if want.action == ConnAbort && x.seg.Seq != 2010 {
						want.reply.Ack = x.seg.Seq + 1
					}
					switch {
					case state == Established && want.action == ConnAbort:
						counters = "InErrs, TCPAbortOnSyn, EstabResets, OutRsts"
					case state == CloseWait && want.action == ConnAbort:
						counters = "TCPAbortOnSyn, EstabResets, OutRsts"
					case state == Established && want.action == ConnChallenge:
						counters = "InErrs, " + counters
					case state == Established && x.name == "below RcvNxt" && col.releases == colReset:
						want = cell{ConnTake, "none", ack} // old data
					}
					d := Decide(sem, &rowSysctls, stampedConn(state), &x.seg, Moment{Jiffies: 1000, Seconds: 100})
					if d.Verdict.Action != want.action || d.Verdict.Counters.String() != counters || d.Reply != want.reply {
						t.Errorf("%v, %s: %v, reply %+v; want %v, %s, %+v", state, x.name, d.Verdict, d.Reply, want.action, counters, want.reply)
					}
					wantState, err := state, Errno(0)
					if want.action == ConnAbort {
						wantState, err = Closed, ECONNRESET
						if state == CloseWait {
							err = EPIPE
						}
					}
					if d.After.State != wantState || d.After.Err != err {
						t.Errorf("%v, %s: then %v, %v; want %v, %v", state, x.name, d.After.State, d.After.Err, wantState, err)
					}
				}
			}
		})
	}
}

// A RST that meets a synchronized socket, in every state.
func TestRSTMatrix(t *testing.T) {
	for _, col := range []struct {
		releases         string
		exact, afterFIN3 bool
	}{
		{colReset, false, false},
		{colFirst, true, false}, {colMute, true, false},
		{"3.18 4.4.155 4.9.154 4.10", true, false},
		{"4.11 4.19.78 5.4.59 5.10.223 6.1.192 6.4 6.12.107 7.2.13", true, true},
	} {
		each(t, col.releases, func(t *testing.T, sem *kernel.Semantics) {
			for _, state := range matrixStates {
				fin := state == CloseWait || state == LastAck || state == Closing
				for _, x := range []struct {
					seq             uint32
					ends, challenge bool
				}{
					{2000, true, false},
					{2001, !col.exact, col.exact},
					{62000, !col.exact, col.exact},
					{62001, false, false},
					{1999, col.afterFIN3 && fin, false},
					{1998, false, false},
				} {
					// PAWS never stops a RST.
					s := Segment{Flags: FlagRST, Seq: x.seq, Timestamp: true, TSVal: 1}
					d := Decide(sem, &rowSysctls, stampedConn(state), &s, Moment{Jiffies: 1000, Seconds: 100})
					ends, challenge := d.After.State == Closed, d.Verdict.Action == ConnChallenge
					if ends != x.ends || challenge != x.challenge {
						t.Errorf("%v, RST at %d: %v", state, x.seq, d.Verdict)
					}
					if e, c := RSTAccepted(sem, new(stampedConn(state)), &s); e != x.ends || c != x.challenge {
						t.Errorf("%v: RSTAccepted at %d: %v, %v", state, x.seq, e, c)
					}
					if !ends && !challenge && d.Reply.Flags != 0 {
						t.Errorf("%v, RST at %d: reply %+v", state, x.seq, d.Reply)
					}
					if challenge && d.Verdict.Counters.Has(kernel.TCPSYNChallenge) {
						t.Errorf("%v, RST at %d: counted as a SYN: %v", state, x.seq, d.Verdict)
					}
					if want := ends && (state == Established || state == CloseWait); d.Verdict.Counters.Has(kernel.EstabResets) != want {
						t.Errorf("%v, RST at %d: %v", state, x.seq, d.Verdict)
					}
				}
			}
		})
	}
}
