package paws

import (
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

// conn is an established connection whose peer sent timestamp 1000 at second 500.
func conn(set ...func(*Conn)) *Conn {
	c := &Conn{Recent: Recent{TS: 1000, Stamp: 500}, Timestamps: true, RcvNxt: 70, RcvWup: 70, SndUna: 9, SndWl1: 70, SndWnd: 500, RTO: 200, HZ: 1000}
	for _, f := range set {
		f(c)
	}
	return c
}

func late(c *Conn)    { c.AnsweredLately = true }
func closing(c *Conn) { c.NotEstablished = true }

func TestDecideEstablished(t *testing.T) {
	ack := func(tsval uint32) *Segment {
		return &Segment{ACK: true, Timestamp: true, TSVal: tsval, Seq: 70, AckSeq: 9, Window: 500}
	}
	with := func(s *Segment, f func(*Segment)) *Segment { f(s); return s }
	for _, c := range []struct {
		release string
		c       *Conn
		s       *Segment
		now     int64
		want    string
	}{
		{"7.2", conn(), ack(1000), 501, "passes: its timestamp is not older than allowed"},
		{"7.2", conn(), ack(999), 501, "passes: its timestamp is not older than allowed"},
		{"7.2", conn(), ack(998), 501, "passes: its timestamp is older, but it is a disordered ACK that does no harm"},
		{"7.2", conn(), ack(760), 501, "passes: its timestamp is older, but it is a disordered ACK that does no harm"},
		{"7.2", conn(), ack(759), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"6.6", conn(), ack(796), 501, "passes: its timestamp is older, but it is a disordered ACK that does no harm"},
		{"6.6", conn(), ack(795), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"3.2", conn(), ack(795), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)"},
		{"5.18", conn(), ack(795), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [NOT_SPECIFIED]"},
		{"7.2", conn(), ack(7), 500 + 2147, "passes: its timestamp is older, but the remembered one has lapsed"},
		{"7.2", conn(func(c *Conn) { c.TS = 0 }), ack(1<<32 - 9000), 501, "passes: its timestamp is older, but the remembered one is 0"},
		{"7.2", conn(func(c *Conn) { c.Timestamps = false }), ack(7), 501, "passes: there is no timestamp to compare"},
		{"7.2", conn(), with(ack(7), func(s *Segment) { s.Timestamp = false }), 501, "passes: there is no timestamp to compare"},
		{"7.2", conn(), with(ack(7), func(s *Segment) { s.RST = true }), 501, "passes: its timestamp is older, but it is a RST"},
		{"2.6.32", conn(), &Segment{RST: true, Timestamp: true, TSVal: 7}, 501, "passes: its timestamp is older, but it is a RST"},
		// Not disordered: each of the conditions.
		{"7.2", conn(), with(ack(998), func(s *Segment) { s.Len = 1 }), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"3.7", conn(), with(ack(998), func(s *Segment) { s.ACK = false }), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)"},
		// Without ACK, RST and SYN: discarded first, whatever its timestamp.
		{"3.8", conn(), &Segment{Timestamp: true, TSVal: 7}, 501, "drop: it has neither ACK nor RST"},
		{"3.18", conn(), &Segment{Timestamp: true, TSVal: 7}, 501, "drop: it has neither ACK nor RST"},
		{"5.18", conn(), &Segment{Timestamp: true, TSVal: 1000, Len: 1}, 501, "drop: it has neither ACK nor RST [NOT_SPECIFIED]"},
		{"7.2", conn(), &Segment{}, 501, "drop: it has neither ACK nor RST [TCP_FLAGS]"},
		{"7.2", nil, &Segment{}, 501, "drop: it has neither ACK nor RST [TCP_FLAGS]"},
		{"7.2", conn(), with(ack(998), func(s *Segment) { s.AckSeq = 8 }), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"7.2", conn(), with(ack(998), func(s *Segment) { s.Seq = 71 }), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"7.2", conn(), with(ack(998), func(s *Segment) { s.Window = 501 }), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"7.2", conn(func(c *Conn) { c.SndWl1 = 69 }), ack(998), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"7.2", conn(func(c *Conn) { c.SndWl1 = 71 }), with(ack(998), func(s *Segment) { s.Window = 501 }), 501, "passes: its timestamp is older, but it is a disordered ACK that does no harm"},
		{"7.2", conn(), with(ack(998), func(s *Segment) { s.Window = 0 }), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"6.5", conn(), with(ack(998), func(s *Segment) { s.Window = 0 }), 501, "passes: its timestamp is older, but it is a disordered ACK that does no harm"},
		// Old bare ACKs below the window.
		{"6.14", conn(), with(ack(998), func(s *Segment) { s.Seq = 69 }), 501, "drop: a bare ACK below the window with an older timestamp (PAWSOldAck) [TCP_RFC7323_PAWS_ACK]"},
		{"6.14", conn(), with(ack(998), func(s *Segment) { s.Seq, s.Len = 69, 1 }), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"6.13", conn(), with(ack(998), func(s *Segment) { s.Seq = 69 }), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		// The rate limit.
		{"4.0", conn(late), ack(7), 501, "drop: its timestamp is older than the remembered one, less than tcp_invalid_ratelimit after the last answer (PAWSEstab, TCPACKSkippedPAWS)"},
		{"3.19", conn(late), ack(7), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)"},
		{"4.0", conn(late), with(ack(7), func(s *Segment) { s.Len = 1 }), 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)"},
		{"4.0", conn(late), with(ack(7), func(s *Segment) { s.Len, s.SYN = 1, true }), 501, "drop: its timestamp is older than the remembered one, less than tcp_invalid_ratelimit after the last answer (PAWSEstab, TCPACKSkippedPAWS)"},
		// SYNs.
		{"3.7", conn(), &Segment{SYN: true, Len: 1, Timestamp: true, TSVal: 7}, 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)"},
		{"3.10.108", conn(), &Segment{SYN: true, Len: 1, Timestamp: true, TSVal: 7}, 501, "drop: it has neither ACK nor RST"},
		{"3.17", conn(), &Segment{SYN: true, Len: 1}, 501, "drop: it has neither ACK nor RST"},
		{"3.18", conn(), &Segment{SYN: true, Len: 1}, 501, "passes: there is no timestamp to compare"},
		{"3.10.108", conn(), &Segment{SYN: true, Len: 1}, 501, "drop: it has neither ACK nor RST"},
		{"3.10.108", conn(), &Segment{RST: true, Timestamp: true, TSVal: 7}, 501, "passes: its timestamp is older, but it is a RST"},
		{"3.10.108", conn(), ack(1000), 501, "passes: its timestamp is not older than allowed"},
		{"4.4.155", conn(), &Segment{SYN: true, Len: 1, Timestamp: true, TSVal: 7}, 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)"},
		{"6.3", conn(), &Segment{SYN: true, Len: 1, Timestamp: true, TSVal: 7}, 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"6.4", conn(), &Segment{SYN: true, Len: 1, Timestamp: true, TSVal: 7}, 501, "drop and send a challenge ACK: a SYN with an older timestamp (InErrs, TCPSYNChallenge, TCPChallengeACK) [TCP_INVALID_SYN]"},
		{"6.4", conn(closing), &Segment{SYN: true, Len: 1, Timestamp: true, TSVal: 7}, 501, "drop and send a challenge ACK: a SYN with an older timestamp (TCPSYNChallenge, TCPChallengeACK) [TCP_INVALID_SYN]"},
		{"6.4", conn(closing, late), &Segment{SYN: true, Len: 1, Timestamp: true, TSVal: 7}, 501, "drop: a SYN with an older timestamp, less than tcp_invalid_ratelimit after the last answer (TCPSYNChallenge, TCPACKSkippedChallenge) [TCP_INVALID_SYN]"},
	} {
		sem := semantics(c.release)
		v := DecideEstablished(sem, c.c, c.s, c.now)
		if v.String() != c.want {
			t.Errorf("%s, %+v:\n got %v\nwant %s", c.release, *c.s, v, c.want)
		}
		e := ExplainEstablished(sem, c.c, c.s, c.now)
		if e.Verdict != v || len(e.Checks) == 0 || !strings.HasSuffix(e.String(), "= "+c.want) {
			t.Errorf("%s, %+v: explained as %v", c.release, *c.s, e)
		}
	}
}

func TestDecideSYNSent(t *testing.T) {
	inherited := &Conn{Recent: Recent{TS: 1000, Stamp: 500}}
	for _, c := range []struct {
		release string
		c       *Conn
		s       Segment
		want    string
	}{
		{"7.2", nil, Segment{SYN: true, ACK: true}, "passes: there is no timestamp to compare"},
		{"7.2", nil, Segment{SYN: true, ACK: true, Timestamp: true}, "passes: it echoes a timestamp that we sent"},
		{"7.2", nil, Segment{SYN: true, ACK: true, Timestamp: true, TSEcr: 20}, "passes: it echoes a timestamp that we sent"},
		{"7.2", nil, Segment{SYN: true, ACK: true, Timestamp: true, TSEcr: 30}, "passes: it echoes a timestamp that we sent"},
		{"7.2", nil, Segment{SYN: true, ACK: true, Timestamp: true, TSEcr: 31}, "drop and send a RST: it echoes a timestamp that was never sent (PAWSActive, OutRsts) [TCP_RFC7323_PAWS]"},
		{"2.6.32", nil, Segment{SYN: true, ACK: true, Timestamp: true, TSEcr: 19}, "drop and send a RST: it echoes a timestamp that was never sent (PAWSActive, OutRsts)"},
		{"7.2", nil, Segment{RST: true, ACK: true, Timestamp: true, TSEcr: 19}, "drop: it echoes a timestamp that was never sent (PAWSActive) [TCP_RFC7323_PAWS]"},
		{"7.2", inherited, Segment{SYN: true, ACK: true, Timestamp: true, TSVal: 1, TSEcr: 25}, "passes: it echoes a timestamp that we sent"},
		{"7.2", inherited, Segment{SYN: true, Timestamp: true, TSVal: 999}, "drop: its timestamp is older than the remembered one [TCP_RFC7323_PAWS]"},
		{"5.10.223", inherited, Segment{SYN: true, Timestamp: true, TSVal: 999}, "drop: its timestamp is older than the remembered one"},
		{"7.2", inherited, Segment{SYN: true, Timestamp: true, TSVal: 1000}, "passes: its timestamp is not older than allowed"},
		{"7.2", inherited, Segment{RST: true, Timestamp: true, TSVal: 1}, "passes: its timestamp is older, but it is a RST"},
		{"7.2", &Conn{Recent: Recent{TS: 1000}}, Segment{SYN: true, Timestamp: true, TSVal: 999}, "passes: no timestamp of the peer is remembered"},
	} {
		sem := semantics(c.release)
		v := DecideSYNSent(sem, c.c, &c.s, 520, 20, 30)
		if e := ExplainSYNSent(sem, c.c, &c.s, 520, 20, 30); v.String() != c.want || e.Verdict != v || len(e.Checks) == 0 {
			t.Errorf("%s, %+v:\n got %v\nwant %s\n%v", c.release, c.s, v, c.want, e)
		}
	}
}

func TestDecideSYNRecv(t *testing.T) {
	on := &kernel.Sysctls{TCPTimestamps: 1}
	old := Segment{ACK: true, Timestamp: true, TSVal: 999}
	rst := Segment{RST: true, Timestamp: true, TSVal: 999}
	data := Segment{ACK: true, Timestamp: true, TSVal: 999, Len: 1}
	syn := Segment{SYN: true, Timestamp: true, TSVal: 999, Len: 1}
	for _, c := range []struct {
		release string
		sys     *kernel.Sysctls
		r       Request
		s       Segment
		want    string
	}{
		{"7.2", on, Request{TS: 1000}, old, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"6.14", on, Request{TS: 1000}, old, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [NOT_SPECIFIED]"},
		{"5.10.223", on, Request{TS: 1000}, old, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)"},
		{"5.10.223", on, Request{TS: 999}, old, "passes: its timestamp is not older than allowed"},
		{"5.10.223", nil, Request{TS: 1000}, old, "passes: there is no timestamp to compare"},
		{"5.10.223", on, Request{TS: 1000}, rst, "drop: its timestamp is older than the remembered one (PAWSEstab)"},
		{"5.10.223", on, Request{TS: 1000, Timeouts: 5}, rst, "drop: its timestamp is older than the remembered one (PAWSEstab)"},
		{"5.10.223", on, Request{TS: 1000, Timeouts: 6}, rst, "passes: its timestamp is older, but it is a RST"},
		{"3.0", on, Request{TS: 1000, Timeouts: 4}, rst, "drop: its timestamp is older than the remembered one (PAWSEstab)"},
		{"3.0", on, Request{TS: 1000, Timeouts: 5}, rst, "passes: its timestamp is older, but it is a RST"},
		{"7.2", &kernel.Sysctls{TCPTimestamps: 1, TCPRTOMaxMs: 59999}, Request{TS: 1000, Timeouts: 9}, rst, "drop: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]"},
		{"7.2", &kernel.Sysctls{TCPTimestamps: 1, TCPRTOMaxMs: 60000}, Request{TS: 1000, Timeouts: 9}, rst, "passes: its timestamp is older, but it is a RST"},
		{"5.10.223", on, Request{TS: 1000, AnsweredLately: true}, old, "drop: its timestamp is older than the remembered one, less than tcp_invalid_ratelimit after the last answer (TCPACKSkippedSynRecv, PAWSEstab)"},
		{"5.10.223", on, Request{TS: 1000, AnsweredLately: true}, data, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)"},
		{"5.10.223", on, Request{TS: 1000, AnsweredLately: true}, syn, "drop: its timestamp is older than the remembered one, less than tcp_invalid_ratelimit after the last answer (TCPACKSkippedSynRecv, PAWSEstab)"},
		{"4.6", on, Request{TS: 1000, AnsweredLately: true}, old, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)"},
		{"5.10.223", on, Request{TS: 1000, AnsweredLately: true}, rst, "drop: its timestamp is older than the remembered one (PAWSEstab)"},
	} {
		sem := semantics(c.release)
		v := DecideSYNRecv(sem, c.sys, c.r, &c.s)
		if e := ExplainSYNRecv(sem, c.sys, c.r, &c.s); v.String() != c.want || e.Verdict != v || len(e.Checks) == 0 {
			t.Errorf("%s, %+v:\n got %v\nwant %s\n%v", c.release, c.s, v, c.want, e)
		}
	}
	for n, want := range map[int]time.Duration{-1: 1, 0: 1, 1: 2, 6: 64, 7: 120, 400: 120} {
		if got := RequestAge(semantics("5.10.223"), n, 1000); got != want*time.Second {
			t.Errorf("RequestAge after %d timeouts: %v", n, got)
		}
	}
	if got := RequestAge(semantics("7.2"), 9, 1); got != 0 {
		t.Errorf("RequestAge with a tcp_rto_max_ms of 1: %v", got)
	}
	if got := RequestAge(semantics("7.2"), 9, 0); got != 120*time.Second {
		t.Errorf("RequestAge without tcp_rto_max_ms: %v", got)
	}
}

func TestDecideTimeWait(t *testing.T) {
	r := Recent{TS: 1000, Stamp: 500}
	old := Segment{SYN: true, Timestamp: true, TSVal: 999}
	rst := Segment{RST: true, Timestamp: true, TSVal: 999}
	for _, c := range []struct {
		release  string
		r        Recent
		finWait2 bool
		s        Segment
		now      int64
		want     string
	}{
		{"6.15", r, false, old, 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)"},
		{"6.16", r, false, old, 501, "drop and send an ACK: its timestamp is older than the remembered one (PAWSTimewait) [TCP_RFC7323_TW_PAWS]"},
		{"6.16", r, true, old, 501, "drop and send an ACK: its timestamp is older than the remembered one"},
		{"6.16", r, true, rst, 501, "drop and send an ACK: its timestamp is older than the remembered one"},
		{"6.15", r, false, rst, 559, "drop: its timestamp is older than the remembered one (PAWSEstab)"},
		{"6.15", r, false, rst, 560, "passes: its timestamp is older, but it is a RST"},
		{"6.15", r, false, Segment{SYN: true, Timestamp: true, TSVal: 1000}, 501, "passes: its timestamp is not older than allowed"},
		{"6.15", r, false, Segment{SYN: true}, 501, "passes: there is no timestamp to compare"},
		{"6.15", Recent{TS: 1000}, false, old, 501, "passes: no timestamp of the peer is remembered"},
	} {
		sem := semantics(c.release)
		v := DecideTimeWait(sem, c.r, c.finWait2, &c.s, c.now)
		if e := ExplainTimeWait(sem, c.r, c.finWait2, &c.s, c.now); v.String() != c.want || e.Verdict != v || len(e.Checks) == 0 {
			t.Errorf("%s, %+v:\n got %v\nwant %s\n%v", c.release, c.s, v, c.want, e)
		}
	}
}

// Whatever comes: an explanation has the verdict, a drop leaves a reason, and what
// passes counts nothing.
func TestVerdictsAreWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, sem := drawSemantics(t)
		b := func(name string) bool { return rapid.Bool().Draw(t, name) }
		u := func(name string) uint32 { return drawTS(t, name, 1000) }
		c := &Conn{Recent: Recent{u("ts"), rapid.Int64Range(0, 3).Draw(t, "stamp")}, Timestamps: b("agreed"), AnsweredLately: b("late"), NotEstablished: b("closing"),
			RcvNxt: u("next"), SndUna: u("una"), SndWl1: u("wl1"), SndWnd: u("wnd"), RTO: u("rto"), UsecTS: b("usec")}
		s := &Segment{SYN: b("syn"), ACK: b("ack"), RST: b("rst"), Timestamp: b("stamped"), TSVal: u("tsval"), TSEcr: u("tsecr"), Seq: u("seq"), Len: u("len"), AckSeq: u("ackseq"), Window: u("window")}
		now := rapid.Int64Range(0, 3000000).Draw(t, "now")
		sys := &kernel.Sysctls{TCPTimestamps: 1}
		req := Request{TS: c.TS, Timeouts: int(now % 9), AnsweredLately: c.AnsweredLately}
		for i, pair := range [][2]any{
			{DecideEstablished(sem, c, s, now), ExplainEstablished(sem, c, s, now)},
			{DecideSYNSent(sem, c, s, now, 0, 9), ExplainSYNSent(sem, c, s, now, 0, 9)},
			{DecideSYNRecv(sem, sys, req, s), ExplainSYNRecv(sem, sys, req, s)},
			{DecideTimeWait(sem, c.Recent, i1(now), s, now), ExplainTimeWait(sem, c.Recent, i1(now), s, now)},
		} {
			v, e := pair[0].(Verdict), pair[1].(Explanation)
			if v != e.Verdict || v.Action == 0 || v.Reason == 0 || strings.Contains(e.String(), "%!") || len(e.Checks) == 0 {
				t.Fatalf("%d: %v, %v", i, v, e)
			}
			if v.Action == Pass && (v.Counters.Len() > 0 || v.Drop != 0) {
				t.Fatalf("%d: %v", i, v)
			}
		}
	})
}

func i1(n int64) bool { return n&1 != 0 }

func TestNames(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Action(0).String(), "Action(0)"}, {Action(9).String(), "Action(9)"}, {Pass.String(), "passes"},
		{Reason(0).String(), "Reason(0)"}, {Reason(99).String(), "Reason(99)"}, {HostOlder.String(), reasonNames[HostOlder]},
		{DropReason(0).String(), ""}, {DropReason(9).String(), "DropReason(9)"}, {DropPAWS.String(), "TCP_RFC7323_PAWS"},
		{Scope(0).String(), "Scope(0)"}, {ScopePair.String(), "one clock for a pair of addresses"}, {Scope(4).String(), "Scope(4)"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	for i, name := range reasonNames {
		if i > 0 && name == "" {
			t.Errorf("reason %d has no text", i)
		}
	}
}
