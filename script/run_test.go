package script

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

// fake is a System that answers what it is told to, one function a step.
type fake struct {
	now     time.Duration
	answers []func(call Call, seen *Seen)
	calls   []Call
}

func (f *fake) Do(call Call) (Seen, error) {
	f.calls = append(f.calls, call)
	length := call.Settle
	if call.Op == OpWait {
		length = call.Wait
	}
	seen := Seen{At: f.now, End: f.now + length}
	f.now = seen.End
	if len(f.calls) > len(f.answers) {
		return seen, errors.New("no more answers")
	}
	if answer := f.answers[len(f.calls)-1]; answer != nil {
		answer(call, &seen)
	}
	return seen, nil
}

func nothing(Call, *Seen) {}

// sends answers with a segment in reply to the call's own.
func sends(s host.Segment) func(Call, *Seen) {
	return func(call Call, seen *Seen) {
		s.From, s.To = call.Segment.To, call.Segment.From
		seen.Sent = append(seen.Sent, Sent{At: seen.At, Segment: s})
	}
}

func mustParse(t *testing.T, text string) *Script {
	t.Helper()
	s, err := Parse("test", text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// texts are the answers of a trace, a list a step.
func texts(trace Trace) [][]string {
	var all [][]string
	for _, r := range trace {
		list := []string{}
		for _, a := range r.Answers {
			list = append(list, a.String())
		}
		all = append(all, list)
	}
	return all
}

func TestNumbersAreRelative(t *testing.T) {
	s := mustParse(t, `
peer p 10.1.0.1:40000 > :80
p > ACK seq 1 ack 5
p > SYN seq 0
p > ACK seq 1 ack 1 ts 7 last-1
p > SYN seq 10
p > SYN seq 20
p > ACK seq 1 ack old
p > ACK seq =9 ack =8 win 0
p > ACK seq 1 ack 1
`)
	isn, iss := PeerISN(addr("10.1.0.1:40000"), addr("10.0.0.1:80")), uint32(500000000)
	f := &fake{answers: []func(Call, *Seen){
		sends(host.Segment{Flags: host.FlagRST, Seq: 5}),
		sends(host.Segment{Flags: host.FlagSYN | host.FlagACK, Seq: iss, Ack: isn + 1, Timestamp: true, TSVal: 77, MSS: 1460, WindowScale: 8, SACK: true}),
		sends(host.Segment{Flags: host.FlagFIN | host.FlagACK | host.FlagPSH, Seq: iss + 1, Ack: isn + 3, Len: 2, Timestamp: true, TSVal: 78, TSEcr: 7}), // isn+3 is 0
		sends(host.Segment{Flags: host.FlagSYN | host.FlagACK, Seq: iss + 4 + 65537, Ack: isn + 11}),
		sends(host.Segment{Flags: host.FlagSYN | host.FlagACK, Seq: 3e9, Ack: isn + 21}),
		sends(host.Segment{Flags: host.FlagACK, Seq: iss + 4 + 65537 - 3, Ack: 0x70000000}),
		sends(host.Segment{Flags: host.FlagRST, Seq: 0}),
		sends(host.Segment{Flags: host.FlagRST, Seq: 12345}),
	}}
	trace, err := Run(s, f)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"p < RST seq 5"},
		{"p < SYN|ACK seq 0 ack 1 ts * 0 mss 1460 wscale sack"},
		{"p < FIN|ACK seq 1 ack 3 len 2 ts * 7"},
		{"p < SYN|ACK seq 0 ack 11 isn next+65537"},
		{"p < SYN|ACK seq 0 ack 21 isn new"},
		{"p < ACK seq old-3 ack 1879048195"},
		{"p < RST seq =0"},
		{"p < RST seq ?"},
	}
	if d := cmp.Diff(want, texts(trace)); d != "" {
		t.Error(d)
	}
	check := func(i int, seq, ack uint32) {
		t.Helper()
		if g := f.calls[i].Segment; g.Seq != seq || g.Ack != ack {
			t.Errorf("segment %d: seq %d ack %d, want %d %d", i, g.Seq, g.Ack, seq, ack)
		}
	}
	check(0, isn+1, 5)
	check(1, isn, 0)
	check(2, isn+1, iss+1)
	check(5, isn+1, iss+4+65537)
	check(6, 9, 8)
	check(7, isn+1, 3e9+1)
	if g := f.calls[2].Segment; !g.Timestamp || g.TSVal != 7 || g.TSEcr != 76 || g.Window != 64240 {
		t.Errorf("timestamp and window: %+v", g)
	}
	if g := f.calls[6].Segment; g.Window != 0 {
		t.Errorf("win 0 gives %d", g.Window)
	}
	if g := f.calls[0].Segment; g.From != netip.MustParseAddrPort("10.1.0.1:40000") || g.To != netip.MustParseAddrPort("10.0.0.1:80") {
		t.Errorf("from %s to %s", g.From, g.To)
	}
}

func addr(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

func TestTableCountersAndNames(t *testing.T) {
	s := mustParse(t, `
socket s
bind s :80
listen s 5
p10 > SYN seq 0
p2 > SYN seq 0
accept a s
accept a s
accept b s
close a
socket c
connect c 10.1.0.9:443
c > SYN|ACK seq 0 ack 1
recv a
recv c
wait 2s
close s
accept d s
`)
	listener := host.SocketInfo{State: host.Listen, Local: addr("10.0.0.1:80"), SendQ: 5}
	p10 := host.SocketInfo{State: host.SynRecv, Local: addr("10.0.0.1:80"), Remote: addr("10.1.0.10:40010")}
	p2 := host.SocketInfo{State: host.SynRecv, Local: addr("10.0.0.1:80"), Remote: addr("10.1.0.2:40002")}
	c := host.SocketInfo{State: host.SynSent, Local: addr("10.0.0.1:61000"), Remote: addr("10.1.0.9:443")}
	odd := host.SocketInfo{State: host.TimeWait, Local: addr("10.0.0.1:80"), Remote: addr("10.0.0.1:50000")}
	shows := func(list ...host.SocketInfo) func(Call, *Seen) {
		return func(_ Call, seen *Seen) { seen.Sockets = list }
	}
	f := &fake{answers: []func(Call, *Seen){
		nothing, nothing,
		shows(listener),
		shows(listener, p10),
		shows(p2, p10, listener),
		func(_ Call, seen *Seen) { seen.Errno = host.EAGAIN; shows(listener, p2, p10)(Call{}, seen) },
		func(_ Call, seen *Seen) {
			seen.Local, seen.Remote = p2.Local, p2.Remote
			shows(listener, p2, p10, odd)(Call{}, seen)
		},
		func(_ Call, seen *Seen) {
			seen.Local, seen.Remote = odd.Local, odd.Remote
			shows(listener, odd)(Call{}, seen)
			seen.Counters.Add(kernel.TW, 2)
			seen.Counters.Add(kernel.ListenDrops, 1)
		},
		shows(listener, odd),
		shows(listener, odd),
		func(_ Call, seen *Seen) {
			seen.Errno, seen.Local, seen.Remote = host.EINPROGRESS, c.Local, c.Remote
			shows(listener, odd, c)(Call{}, seen)
			seen.Sent = []Sent{{At: seen.At, Segment: host.Segment{From: c.Local, To: c.Remote, Flags: host.FlagSYN, Seq: 99}}}
		},
		shows(listener, c),
		func(_ Call, seen *Seen) { seen.N = 10; shows(listener, c)(Call{}, seen) },
		func(_ Call, seen *Seen) {
			shows(listener, c)(Call{}, seen)
			seen.Sent = []Sent{{At: seen.At + 1234567*time.Microsecond, Segment: host.Segment{From: c.Local, To: c.Remote, Flags: host.FlagSYN, Seq: 99}}}
		},
		shows(c),
	}}
	trace, err := Run(s, f)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{}, {},
		{"ss s LISTEN 0/5"},
		{"ss p10 SYN-RECV"},
		{"ss p2 SYN-RECV"},
		{"= EAGAIN"},
		{"= p2", "ss 10.0.0.1:80/10.0.0.1:50000 TIME-WAIT"},
		{"= 10.0.0.1:80/10.0.0.1:50000", "ss p2 gone", "ss p10 gone", "nstat ListenDrops 1 TW 2"},
		{},
		{},
		{"= EINPROGRESS port 61000", "c < SYN seq 0", "ss c SYN-SENT"},
		{"ss b gone"},
		{"= no socket"},
		{"= 10 bytes"},
		{"c < SYN seq 0 @1.235"},
		{"ss s gone"},
		{"= no socket"},
	}
	if d := cmp.Diff(want, texts(trace)); d != "" {
		t.Error(d)
	}
	if q := trace[14].Quiet[0]; q != 120*time.Millisecond+1234567*time.Microsecond {
		t.Errorf("nothing passed on flow c for %s", q)
	}
}

func TestRunErrorNamesTheLine(t *testing.T) {
	_, err := Run(mustParse(t, "\nsocket s\nsocket t\n"), &fake{answers: []func(Call, *Seen){nothing}})
	if err == nil || err.Error() != "test:3: no more answers" {
		t.Errorf("%v", err)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"p1 > SYN":                                   "x:1: a segment without seq",
		"\np1 > ACK seq 1":                           "x:2: a segment has ack",
		"p1 > SYN seq 0 ack 1":                       "x:1: a segment has ack",
		"p1 > ACK seq old ack 1":                     "x:1: seq: seq: only the host",
		"p1 > SYM seq 0":                             `x:1: "SYM" is not among`,
		"p1 > SYN seq 0 seq 0":                       "x:1: seq stands twice",
		"p1 > RST seq 0 mss 1":                       "x:1: mss, wscale and sack without SYN",
		"p1 > SYN seq 0 wscale 15":                   "x:1: wscale: wscale 15 is above 14",
		"q > SYN seq 0":                              `x:1: flow "q" is neither`,
		"p251 > SYN seq 0":                           `x:1: flow "p251" is neither`,
		"p01 > SYN seq 0":                            `x:1: flow "p01" is neither`,
		"close s":                                    `x:1: no line before makes a socket "s"`,
		"socket s\nsocket s":                         "x:2: the name s is taken",
		"socket S":                                   `x:1: "S" is no name`,
		"socket s lingr":                             `x:1: "lingr" is not a socket option`,
		"socket s\nbind s 10.0.0.1":                  `x:2: "10.0.0.1" is not ADDRESS:PORT`,
		"socket s\nbind s [::1]:80":                  "x:2: [::1]:80: s is a socket of IPv4",
		"socket s v6only\nbind s :80":                "x:2: 10.0.0.1:80: s takes IPv6 only",
		"socket s ipv6\nbind s [::ffff:10.0.0.1]:80": "x:2: [::ffff:10.0.0.1]:80: an address has no zone, and what is",
		"flood 6 > [::1]:80":                         "x:1: flood to [::1]:80: not an address and port of IPv4",
		"wait -1s":                                   `x:1: "-1s" is not a duration`,
		"wait 25h":                                   `x:1: "25h" is not a duration`,
		"fly":                                        `x:1: "fly" is neither`,
		"\t= EAGAIN":                                 "x:1: an indented line",
		"wait 1s\n\tEAGAIN":                          `x:2: "EAGAIN" is no answer`,
		"wait 1s\n\tss a ESTAB @1":                   `x:2: "ss a ESTAB": only a segment has a time`,
		"wait 1s\n\t[6.1.192] = EAGAIN":              "x:1: an answer of 6.1.192, of which",
		"wait 1s\n\t[] = EAGAIN":                     `x:2: "[] = EAGAIN" does not begin`,
		"wait 1s\nsettle 1s":                         "x:2: settle stands before",
		"kernel 6.1.192\nwait 1s":                    "x:2: a step after the recordings",
		"kernel 6.1.192\nkernel 6.1.192":             "x: kernel 6.1.192 stands twice",
		"peer p 11.0.0.1:1 > :80":                    "x: peer p at 11.0.0.1, which",
		"peer p 10.0.0.1:1 > :80":                    "x: peer p at 10.0.0.1, which",
		"peer p 10.1.0.1:1 > 10.1.0.2:2":             "x: peer p sends to 10.1.0.2",
		"socket s\nconnect s 8.8.8.8:1":              "x:2: connect to 8.8.8.8:1, to which",
		"kernel 1.2.3":                               "x: kernel",
		"wait 1s\nkernel 6.1.1 at 1 1 2":             "x: kernel 6.1.1 has times for 2 steps, the script has 1",
		"kernel 6.1.1 hz 0":                          `x:1: hz "0" is not`,
		"kernel 6.1.1 ehash 3":                       `x:1: ehash "3" is not`,
	} {
		_, err := Parse("x", text)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A RST that carries a number back does not move what the host's next number is taken for, and a new
// first number starts the count anew.
func TestNextNumber(t *testing.T) {
	s := mustParse(t, "p1 > SYN seq 0\np1 > ACK seq 1 ack 9000\np1 > SYN seq 5\np1 > SYN seq 9\np1 > SYN seq 15\n")
	synAck := host.FlagSYN | host.FlagACK
	const iss = 1 << 30
	f := &fake{answers: []func(Call, *Seen){
		sends(host.Segment{Flags: synAck, Seq: iss}),
		sends(host.Segment{Flags: host.FlagRST, Seq: iss + 9000}),
		sends(host.Segment{Flags: synAck, Seq: iss + 1 + 65537}),
		sends(host.Segment{Flags: synAck, Seq: 77}),
		sends(host.Segment{Flags: synAck, Seq: 78 + 65537}),
	}}
	trace, err := Run(s, f)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "", " isn next+65537", " isn new", " isn next+65537"} {
		if got := trace[i].Answers[0].Text; want != "" && !strings.HasSuffix(got, want) || want == "" && strings.Contains(got, "isn") {
			t.Errorf("step %d: %s, want%s", i, got, want)
		}
	}
}

func TestQuietIsCountedFromTheLastSegment(t *testing.T) {
	f := &fake{answers: []func(Call, *Seen){nothing, func(_ Call, seen *Seen) {
		for _, at := range []time.Duration{2, 5} {
			seen.Sent = append(seen.Sent, Sent{At: seen.At + at*time.Second, Segment: host.Segment{
				From: addr("10.0.0.1:80"), To: addr("10.1.0.1:40001"), Flags: host.FlagACK,
			}})
		}
	}}}
	trace, err := Run(mustParse(t, "p1 > SYN seq 0\nwait 9s\n"), f)
	if err != nil {
		t.Fatal(err)
	}
	want := []time.Duration{2*time.Second + DefaultSettle, 3 * time.Second}
	if d := cmp.Diff(want, trace[1].Quiet); d != "" {
		t.Error(d)
	}
}

func TestNamesOfSockets(t *testing.T) {
	s := mustParse(t, `
socket t
bind t 10.0.0.1:0
listen t 5
socket s
bind s 10.0.0.1:7
accept a t
accept a t
connect s 10.1.0.1:80
socket u bind_address_no_port
bind u 10.0.0.1:0
connect u 10.1.0.1:80
`)
	accepted := func(_ Call, seen *Seen) { seen.Local, seen.Remote = addr("10.0.0.1:7"), addr("10.1.0.1:40001") }
	at := func(local, remote string) func(Call, *Seen) {
		return func(_ Call, seen *Seen) { seen.Local, seen.Remote = addr(local), addr(remote) }
	}
	f := &fake{answers: []func(Call, *Seen){
		nothing,
		func(_ Call, seen *Seen) { seen.Local = addr("10.0.0.1:7") },
		func(_ Call, seen *Seen) {
			seen.Errno = host.EADDRINUSE
			seen.Sockets = []host.SocketInfo{{State: host.Listen, Local: addr("10.0.0.1:7")}}
		},
		nothing, nothing,
		accepted,
		at("10.0.0.1:7", "10.1.0.1:80"),
		nothing,
		func(_ Call, seen *Seen) { seen.Local = addr("10.0.0.1:0") },
		at("10.0.0.1:9", "10.1.0.1:80"),
	}}
	trace, err := Run(s, f)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{}, {"= port 7"}, {"= EADDRINUSE", "ss 10.0.0.1:7 LISTEN 0/0"}, {"ss 10.0.0.1:7 gone"}, {},
		{"= 10.0.0.1:7/10.1.0.1:40001"}, {"= name in use"}, {}, {}, {}, {"= port 9"},
	}
	if d := cmp.Diff(want, texts(trace)); d != "" {
		t.Error(d)
	}
}

// A step that a script does not have, and a difference of none.
func TestNoSuchStep(t *testing.T) {
	s := &Script{Steps: make([]Step, 2)}
	if s.Answers(-1, "6.12") != nil || s.Answers(2, "6.12") != nil {
		t.Error("there is an answer")
	}
	for _, d := range []*Difference{{}, {Script: s, Step: -1}, {Script: s, Step: 2}} {
		if got := d.Error(); got != "script: a difference of no step" {
			t.Error(got)
		}
	}
}
