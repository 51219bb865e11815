package queue

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestExplanations holds every check's text, with both of its outcomes, against
// testdata/explanations.txt. With -update it writes the file.
func TestExplanations(t *testing.T) {
	const golden = "testdata/explanations.txt"
	var b strings.Builder
	say := func(what string, e Explanation) { fmt.Fprintf(&b, "# %s\n%s\n\n", what, e) }

	sem := func(release string) *kernel.Semantics {
		s := kernel.MustParse(release).Semantics()
		return &s
	}
	q := Queues{AcceptLimit: 5, SYNLimit: 5}
	for _, c := range []struct {
		what, release string
		sys           kernel.Sysctls
		q             Queues
		syn           SYN
	}{
		{"room", "6.1.192", kernel.Sysctls{TCPSyncookies: 1}, q, SYN{}},
		{"not unicast", "6.1.192", kernel.Sysctls{}, q, SYN{NotUnicast: true}},
		{"SYN queue not quite full, >", "6.1.192", kernel.Sysctls{TCPSyncookies: 1}, Queues{AcceptLimit: 5, SYNLimit: 5, Requests: 5}, SYN{}},
		{"SYN queue full, >=, cookies", "5.10.223", kernel.Sysctls{TCPSyncookies: 1}, Queues{AcceptLimit: 5, SYNLimit: 5, Requests: 5}, SYN{}},
		{"SYN queue full, no cookies", "5.10.223", kernel.Sysctls{}, Queues{AcceptLimit: 1, SYNLimit: 1, Requests: 1}, SYN{}},
		{"always cookies", "6.1.192", kernel.Sysctls{TCPSyncookies: 2}, q, SYN{}},
		{"accept queue full", "6.1.192", kernel.Sysctls{TCPSyncookies: 1}, Queues{AcceptLen: 6, AcceptLimit: 5, SYNLimit: 5}, SYN{}},
		{"accept queue full, one young", "3.10", kernel.Sysctls{TCPSyncookies: 1}, Queues{AcceptLen: 6, AcceptLimit: 5, SYNLimit: 16, Requests: 1, Young: 1}, SYN{}},
		{"accept queue full, two young", "3.10", kernel.Sysctls{TCPSyncookies: 1}, Queues{AcceptLen: 6, AcceptLimit: 5, SYNLimit: 16, Requests: 2, Young: 2}, SYN{}},
		{"last quarter, just not", "6.1.192", kernel.Sysctls{TCPMaxSynBacklog: 128}, Queues{AcceptLimit: 200, SYNLimit: 200, Requests: 96}, SYN{}},
		{"last quarter, unknown peer", "6.1.192", kernel.Sysctls{TCPMaxSynBacklog: 128}, Queues{AcceptLimit: 200, SYNLimit: 200, Requests: 97}, SYN{}},
		{"last quarter, proven peer", "6.1.192", kernel.Sysctls{TCPMaxSynBacklog: 128}, Queues{AcceptLimit: 200, SYNLimit: 200, Requests: 97}, SYN{Peer: Peer{Proven: true}}},
		{"recycle rejects", "3.10", kernel.Sysctls{TCPTwRecycle: 1, TCPTimestamps: 1, TCPSyncookies: 1}, q, SYN{Timestamp: true, Peer: Peer{Judged: true, Rejected: true}}},
		{"recycle passes", "3.10", kernel.Sysctls{TCPTwRecycle: 1, TCPTimestamps: 1, TCPSyncookies: 1}, q, SYN{Timestamp: true, Peer: Peer{Judged: true}}},
		{"TIME_WAIT, number kept", "6.12.107", kernel.Sysctls{TCPSyncookies: 1}, q, SYN{TimeWait: true}},
		{"TIME_WAIT, number lost", "5.10.223", kernel.Sysctls{TCPSyncookies: 1}, q, SYN{TimeWait: true}},
	} {
		say("SYN, "+c.release+": "+c.what, ExplainSYN(sem(c.release), &c.sys, c.q, c.syn))
	}
	full := Queues{AcceptLen: 6, AcceptLimit: 5}
	say("final ACK, room", ExplainFinalACK(sem("7.2"), &kernel.Sysctls{}, q))
	say("final ACK, full", ExplainFinalACK(sem("7.2"), &kernel.Sysctls{}, full))
	say("final ACK, full, abort", ExplainFinalACK(sem("7.2"), &kernel.Sysctls{TCPAbortOnOverflow: 1}, full))
	say("cookie, room", ExplainCookieACK(sem("7.2"), q))
	say("cookie, full", ExplainCookieACK(sem("7.2"), full))

	// A request and what may come for it, and a listener that has sent a cookie.
	bench := newBench(t, "7.2.13")
	bench.deferAccept = 1
	bench.listen(5)
	from := netip.MustParseAddrPort("192.0.2.1:40000")
	syn := Segment{From: from, Flags: FlagSYN, Seq: 100, Timestamp: true, TSVal: 5000}
	first := bench.receive(syn)
	explain := func(what string, s Segment) {
		t.Helper()
		s.From = netip.AddrPortFrom(from.Addr(), max(s.From.Port(), from.Port()))
		e, err := bench.l.Explain(bench.now, s)
		if err != nil {
			t.Fatal(err)
		}
		say(what, e)
	}
	good := Segment{Flags: FlagACK, Seq: 101, Ack: first.Reply.Seq + 1, Timestamp: true, TSVal: 5001, TSEcr: first.Reply.TSVal}
	with := func(change func(*Segment)) Segment {
		s := good
		change(&s)
		return s
	}
	explain("request: the same SYN", syn)
	explain("request: bare ACK, deferred", good)
	explain("request: data, deferred", with(func(s *Segment) { s.Len = 1 }))
	explain("request: wrong ACK", with(func(s *Segment) { s.Ack = 7 }))
	explain("request: PAWS", with(func(s *Segment) { s.TSVal = 4999 }))
	explain("request: echo", with(func(s *Segment) { s.TSEcr = 1 << 30 }))
	explain("request: out of window", with(func(s *Segment) { s.Seq += 1 << 20 }))
	explain("request: RST ahead", with(func(s *Segment) { s.Flags, s.Seq = FlagRST, 102 }))
	bench.receive(syn)
	explain("request: the same SYN, too soon", syn)
	bench.advance(2 * time.Second)
	explain("request: bare ACK, no longer deferred", good)

	other := Segment{From: netip.MustParseAddrPort("192.0.2.1:50000"), Flags: FlagSYN, Seq: 900, MSS: 1460}
	ack := Segment{From: other.From, Flags: FlagACK, Seq: 901, Ack: 12345}
	explain("listener: ACK, no cookie sent", ack)
	bench.sentCookie()
	explain("listener: ACK, no cookie", ack)
	sys := bench.sys
	sys.TCPSyncookies = 2
	if err := bench.l.SetSysctls(bench.now, sys); err != nil {
		t.Fatal(err)
	}
	out := bench.receive(other)
	ack.Ack = out.Reply.Seq + 1
	explain("listener: cookie", ack)
	ack.Seq += 4
	explain("listener: cookie with no MSS", ack)

	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("explanations differ from %s; run with -update and look (-file +now):\n%s", golden, d)
	}
}
