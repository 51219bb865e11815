package host

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/internal/golden"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
)

// decisionReleases differ in what they do with a segment.
var decisionReleases = []string{"2.6.32", "3.7", "4.7", "4.9", "5.10.223", "6.12.117", "6.18.44", "7.2.13"}

// decisionConns are sockets in the state of [rowConn], each with something more to look at.
var decisionConns = []struct {
	name string
	more func(c *Conn)
}{
	{"plain", func(*Conn) {}},
	{"orphan", func(c *Conn) { c.Orphan, c.ReadShut = true, true }},
	{"orphan, no FIN-WAIT-2", func(c *Conn) { c.Orphan, c.ReadShut, c.Linger2 = true, true, -1 }},
	{"orphan, TCP_LINGER2 60", func(c *Conn) { c.Orphan, c.ReadShut, c.Linger2 = true, true, 60 }},
	{"orphan, TCP_LINGER2 61", func(c *Conn) { c.Orphan, c.ReadShut, c.Linger2 = true, true, 61 }},
	{"orphan, RTO 20 s", func(c *Conn) { c.Orphan, c.ReadShut, c.RTO = true, true, 5000 }},
	{"read shut", func(c *Conn) { c.ReadShut = true }},
	{"write shut, not acknowledged all", func(c *Conn) { c.SendShut, c.RcvWup, c.RcvWnd = true, c.RcvWup-20, c.RcvWnd+20 }},
	{"timestamps", func(c *Conn) {
		c.Timestamps, c.Recent, c.FirstTS, c.Sent = true, paws.Recent{TS: 500, Stamp: 99}, 900, 90*time.Second
	}},
	{"answered lately", func(c *Conn) { c.Answered = 990 }},
	{"answered an interval ago", func(c *Conn) { c.Answered = 1000 - 125 }},
	{"a gap", func(c *Conn) { c.Ahead[0] = Span{From: 2010, To: 2020} }},
	{"a gap before the FIN", func(c *Conn) { c.Ahead[0] = Span{From: 2010, To: 2021, FIN: true} }},
	{"window closed", func(c *Conn) { c.RcvWnd = 0 }},
	{"small window", func(c *Conn) { c.SndWnd, c.MaxWindow, c.RTO, c.Sent = 10, 10, 0, 99*time.Second }},
	{"SYN sent again, data unread", func(c *Conn) { c.SYNResent, c.Unread, c.AckTimeout = true, 3, 20 }},
}

// decisionSegments are on both sides of every edge that the rules have, from the socket's own numbers on.
func decisionSegments() (list []Segment) {
	flags := []Flags{0, FlagACK, FlagFIN | FlagACK, FlagRST, FlagRST | FlagACK, FlagSYN, FlagSYN | FlagACK, FlagSYN | FlagFIN}
	for _, f := range flags {
		for _, seq := range []uint32{1900, 1998, 1999, 2000, 2001, 2009, 2010, 61999, 62000, 62001} {
			for _, n := range []uint32{0, 1, 10} {
				list = append(list, Segment{Flags: f, Seq: seq, Ack: 1000, Len: n, Window: 5000})
			}
		}
		for _, ack := range []uint32{1<<32 - 4002, 1<<32 - 4001, 1<<32 - 1, 0, 989, 990, 997, 998, 999, 1000, 1001} {
			list = append(list, Segment{Flags: f, Seq: 2000, Ack: ack, Window: 5000}, Segment{Flags: f, Seq: 2001, Ack: ack, Window: 5000})
		}
		for _, window := range []uint32{0, 4999, 5000, 5001} {
			for _, seq := range []uint32{1999, 2000} { // SndWl1 is 1999
				list = append(list, Segment{Flags: f, Seq: seq, Ack: 999, Window: window}, Segment{Flags: f, Seq: seq, Ack: 1000, Window: window})
			}
		}
		for _, ts := range [][2]uint32{{498, 950}, {499, 899}, {500, 900}, {501, 1000}, {501, 1001}, {400, 0}} {
			for _, seq := range []uint32{1999, 2000} {
				list = append(list, Segment{Flags: f, Seq: seq, Ack: 1000, Window: 5000, Timestamp: true, TSVal: ts[0], TSEcr: ts[1]})
				list = append(list, Segment{Flags: f, Seq: seq, Ack: 990, Window: 4000, Len: 1, Timestamp: true, TSVal: ts[0], TSEcr: ts[1]})
			}
		}
	}
	return append(list, Segment{Flags: FlagACK, Seq: 2000, Ack: 1000, Len: 60000}, Segment{Flags: FlagACK, Seq: 2000, Ack: 1000, Len: 60001}, Segment{Flags: FlagACK, Seq: 2000, Ack: 1000, Len: 70000})
}

// Every decision is the one of testdata/decisions.txt: what is decided, answered, counted and changed for some
// thousand segments, in each state, for each release, and the checks that lead there. Sockets with something special
// have one line for an eighth of the segments, a sum over what the plain ones have in words, and of these too most are in the sum only. The file is not the proof that the
// decisions are a kernel's, which replays of what kernels did are (package script); it is there so that no rule
// changes unseen. -update writes it.
func TestDecisions(t *testing.T) {
	var out strings.Builder
	segments := decisionSegments()
	var kernels []kernel.Semantics
	for _, release := range decisionReleases {
		kernels = append(kernels, kernel.MustParse(release).Semantics())
	}
	for _, state := range []State{SynSent, SynRecv, Established, FinWait1, FinWait2, CloseWait, LastAck, Closing, Closed} {
		for _, conn := range decisionConns {
			c := rowConn(state)
			conn.more(&c)
			sum := fnv.New64a()
			shown := conn.name == "plain"
			if shown {
				fmt.Fprintf(&out, "\n## %v\n", state)
			}
			for i := range segments {
				if !shown && i%8 != 0 {
					continue
				}
				s := &segments[i]
				last := ""
				for k, release := range decisionReleases {
					for _, spent := range [2]bool{false, true} {
						if spent && i%3 != 0 {
							continue
						}
						answer := decisionText(&kernels[k], c, s, Moment{Jiffies: 1000, Seconds: 100, TSClock: 1000, Now: 100 * time.Second, ChallengesSpent: spent})
						fmt.Fprintln(sum, i, release, spent, answer)
						if shown && !spent && answer != last && i%31 == 0 {
							fmt.Fprintf(&out, "%v seq %d ack %d len %d window %d, from %s: %s\n", s.Flags, s.Seq, s.Ack, s.Len, s.Window, release, answer)
							last = answer
						}
					}
				}
			}
			fmt.Fprintf(&out, "%v, %s: sum %016x\n", state, conn.name, sum.Sum64())
		}
	}
	golden.Check(t, filepath.Join("testdata", "decisions.txt"), out.String())
}

// decisionText is everything about a decision: the verdict, the reply, the fields that change, and the checks.
func decisionText(sem *kernel.Semantics, c Conn, s *Segment, at Moment) string {
	x := Explain(sem, &rowSysctls, c, s, at)
	d := x.Decision
	var b strings.Builder
	fmt.Fprint(&b, d.Verdict)
	if r := d.Reply; r != (Reply{}) {
		fmt.Fprintf(&b, "; %v seq %d ack %d", r.Flags, r.Seq, r.Ack)
		if r.Delayed {
			fmt.Fprintf(&b, " after %v", r.Delay)
		}
	}
	for _, flag := range []struct {
		set  bool
		what string
	}{{d.Mini, "minisock"}, {d.SendFIN, "FIN sent"}, {d.SYNSoon, "SYN soon"}, {d.ChallengeSpent, "budget asked"}} {
		if flag.set {
			b.WriteString("; " + flag.what)
		}
	}
	was, is := reflect.ValueOf(c), reflect.ValueOf(d.After)
	for i := range was.NumField() {
		if a, z := was.Field(i).Interface(), is.Field(i).Interface(); a != z {
			fmt.Fprintf(&b, "; %s %v", was.Type().Field(i).Name, z)
		}
	}
	for _, check := range x.Checks {
		fmt.Fprintf(&b, " / %v %s: %s", check.Hit, check.Name, check.Detail)
	}
	return b.String()
}
