package paws

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// TestExplanations holds what an explanation says: every test that the kernel makes, in
// its order and with its numbers, and which of them decided.
func TestExplanations(t *testing.T) {
	ack := func(tsval uint32) *Segment {
		return &Segment{ACK: true, Timestamp: true, TSVal: tsval, Seq: 70, AckSeq: 9, Window: 500}
	}
	with := func(s *Segment, f func(*Segment)) *Segment { f(s); return s }
	established := func(release string, c *Conn, s *Segment, now int64) Explanation {
		return ExplainEstablished(semantics(release), c, s, now)
	}
	inherited := &Conn{Recent: Recent{TS: 1000, Stamp: 500}}
	synSent := func(c *Conn, s *Segment, first uint32) Explanation {
		return ExplainSYNSent(semantics("7.2"), c, s, 501, first, 30)
	}
	on := &kernel.Sysctls{TCPTimestamps: 1}
	old := &Segment{RST: true, Timestamp: true, TSVal: 999}
	v6 := netip.MustParseAddr("2001:db8::2")
	// A server that remembers the client's 1000 of second 1.7e9, at that second.
	remembers := func(release string) *Cache {
		c := recycling(t, release)
		if _, _, err := c.EnterTimeWait(0, Closing{From: client, To: server, TS: 1000, Stamp: c.seconds(0)}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	ask := func(release string, from netip.Addr, timestamp bool, tsval uint32, set func(*kernel.Sysctls)) Explanation {
		c := remembers(release)
		if set != nil {
			sys := c.sys
			set(&sys)
			if err := c.SetSysctls(sys); err != nil {
				t.Fatal(err)
			}
		}
		return c.Explain(0, from, server, timestamp, tsval)
	}
	late60 := func(release string, timestamp bool) Explanation {
		return remembers(release).Explain(time.Minute, client, server, timestamp, 5)
	}
	for _, c := range []struct {
		name string
		e    Explanation
		want string
	}{
		{"no flags", established("7.2", conn(), &Segment{}, 501), `* flags           neither ACK nor RST nor SYN: discarded before any other test  (tcp_rcv_established)
= drop: it has neither ACK nor RST [TCP_FLAGS]`},
		{"a SYN to 3.10", established("3.10.108", conn(), &Segment{SYN: true, Len: 1}, 501), `* flags           neither ACK nor RST: discarded before any other test  (tcp_rcv_established)
= drop: it has neither ACK nor RST`},
		{"no timestamp", established("7.2", conn(), &Segment{ACK: true}, 501), `  timestamp       none to compare  (tcp_fast_parse_options)
= passes: there is no timestamp to compare`},
		{"the same", established("7.2", conn(), ack(1000), 501), `  timestamp       1000 against 1000: the same  (tcp_paws_check)
= passes: its timestamp is not older than allowed`},
		{"newer", established("7.2", conn(), ack(1001), 501), `  timestamp       1001 against 1000: newer by 1  (tcp_paws_check)
= passes: its timestamp is not older than allowed`},
		{"one tick", established("7.2", conn(), ack(999), 501), `  timestamp       999 against 1000: older by 1, not more than 1  (tcp_paws_check)
= passes: its timestamp is not older than allowed`},
		{"two ticks", established("7.2", conn(), ack(998), 501), `* timestamp       998 against 1000: older by 2, more than 1  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
* disordered ACK  old by no more than 240 ticks and changes nothing: passes  (tcp_disordered_ack)
= passes: its timestamp is older, but it is a disordered ACK that does no harm`},
		{"nothing of a disordered ACK", established("7.2", conn(), with(ack(5), func(s *Segment) { s.Seq, s.Len, s.AckSeq, s.Window = 71, 3, 8, 501 }), 501), `* timestamp       5 against 1000: older by 995, more than 1  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
  disordered ACK  not a bare ACK, not at the next sequence number, acknowledges something else than the last one, updates the window, old by more than 240 ticks  (tcp_disordered_ack)
  rate limit      does not hold an answer back  (tcp_oow_rate_limited)
= drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]`},
		{"before there was a rate limit", established("3.19", conn(late), with(ack(998), func(s *Segment) { s.Window = 501 }), 501), `* timestamp       998 against 1000: older by 2, more than 1  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2073600 s: holds  (tcp_paws_check)
  disordered ACK  updates the window  (tcp_disordered_ack)
= drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)`},
		{"as old as may be", established("7.2", conn(), ack(760), 501), `* timestamp       760 against 1000: older by 240, more than 1  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
* disordered ACK  old by no more than 240 ticks and changes nothing: passes  (tcp_disordered_ack)
= passes: its timestamp is older, but it is a disordered ACK that does no harm`},
		{"a tick older", established("7.2", conn(late), ack(759), 501), `* timestamp       759 against 1000: older by 241, more than 1  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
  disordered ACK  old by more than 240 ticks  (tcp_disordered_ack)
* rate limit      answered less than tcp_invalid_ratelimit ago: no answer  (tcp_oow_rate_limited)
= drop: its timestamp is older than the remembered one, less than tcp_invalid_ratelimit after the last answer (PAWSEstab, TCPACKSkippedPAWS) [TCP_RFC7323_PAWS]`},
		{"as old as may be, with a window", established("7.2", conn(), with(ack(760), func(s *Segment) { s.Window = 501 }), 501), `* timestamp       760 against 1000: older by 240, more than 1  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
  disordered ACK  updates the window  (tcp_disordered_ack)
  rate limit      does not hold an answer back  (tcp_oow_rate_limited)
= drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab) [TCP_RFC7323_PAWS]`},
		{"after the idle limit", established("7.2", conn(), ack(5), 2647), `* timestamp       5 against 1000: older by 995, more than 1  (tcp_paws_check)
* idle limit      stored 2147 s ago, at least 2147 s: passes  (tcp_paws_check)
= passes: its timestamp is older, but the remembered one has lapsed`},
		{"over a zero", established("7.2", conn(func(c *Conn) { c.TS = 0 }), ack(1<<32-9), 501), `* timestamp       4294967287 against 0: older by 9, more than 1  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
* zero            the remembered timestamp is 0: passes  (tcp_paws_check)
= passes: its timestamp is older, but the remembered one is 0`},
		{"a RST", established("7.2", conn(), with(ack(5), func(s *Segment) { s.RST = true }), 501), `* timestamp       5 against 1000: older by 995, more than 1  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
  disordered ACK  old by more than 240 ticks  (tcp_disordered_ack)
* RST             PAWS does not stop a RST: passes  (tcp_validate_incoming)
= passes: its timestamp is older, but it is a RST`},
		{"a SYN", established("7.2", conn(), &Segment{SYN: true, Len: 1, Timestamp: true, TSVal: 5}, 501), `* timestamp       5 against 1000: older by 995, more than 1  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
  disordered ACK  not a bare ACK, not at the next sequence number, acknowledges something else than the last one, old by more than 240 ticks  (tcp_disordered_ack)
* SYN             challenge ACK  (tcp_validate_incoming)
= drop and send a challenge ACK: a SYN with an older timestamp (InErrs, TCPSYNChallenge, TCPChallengeACK) [TCP_INVALID_SYN]`},
		{"an old ACK", established("6.14", conn(), with(ack(5), func(s *Segment) { s.Seq = 69 }), 501), `* timestamp       5 against 1000: older by 995, more than 1  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
  disordered ACK  not at the next sequence number, old by more than 240 ticks  (tcp_disordered_ack)
* old ACK         bare, at 69, before 70: drop, no answer  (tcp_disordered_ack_check)
= drop: a bare ACK below the window with an older timestamp (PAWSOldAck) [TCP_RFC7323_PAWS_ACK]`},
		{"SYN-SENT, no timestamp", synSent(nil, &Segment{ACK: true}, 20), `  timestamp       none to compare  (tcp_fast_parse_options)
= passes: there is no timestamp to compare`},
		{"SYN-SENT, no echo", synSent(nil, &Segment{ACK: true, Timestamp: true}, 20), `  echo            0: not looked at  (tcp_rcv_synsent_state_process)
= passes: it echoes a timestamp that we sent`},
		{"SYN-SENT, an echo", synSent(nil, &Segment{ACK: true, Timestamp: true, TSEcr: 1}, 1), `  echo            1 lies in 1 to 30  (tcp_rcv_synsent_state_process)
= passes: it echoes a timestamp that we sent`},
		{"SYN-SENT, a strange echo", synSent(nil, &Segment{ACK: true, Timestamp: true, TSEcr: 31}, 20), `* echo            31 does not lie in 20 to 30  (tcp_rcv_synsent_state_process)
= drop and send a RST: it echoes a timestamp that was never sent (PAWSActive, OutRsts) [TCP_RFC7323_PAWS]`},
		{"SYN-SENT, a RST without ACK", synSent(inherited, &Segment{RST: true, Timestamp: true}, 20), `* RST             discarded for its missing ACK, not by PAWS  (tcp_rcv_synsent_state_process)
= passes: its timestamp is older, but it is a RST`},
		{"SYN-SENT, nothing inherited", synSent(nil, &Segment{SYN: true, Timestamp: true}, 20), `  timestamp       none of the peer is stored: not looked at  (tcp_parse_options)
= passes: no timestamp of the peer is remembered`},
		{"SYN-SENT, older than inherited", synSent(inherited, &Segment{SYN: true, Timestamp: true, TSVal: 999}, 20), `* timestamp       999 against 1000: older by 1, more than 0  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2147 s: holds  (tcp_paws_check)
= drop: its timestamp is older than the remembered one [TCP_RFC7323_PAWS]`},
		{"SYN-RECV, tcp_timestamps off", ExplainSYNRecv(semantics("5.10.223"), nil, Request{TS: 1000}, ack(5)), `  timestamp       none to compare  (tcp_fast_parse_options)
= passes: there is no timestamp to compare`},
		{"SYN-RECV, a late RST", ExplainSYNRecv(semantics("5.10.223"), on, Request{TS: 1000, Timeouts: 6}, old), `* timestamp       999 against 1000: older by 1, more than 0  (tcp_paws_check)
  idle limit      stored 64 s ago, less than 2073600 s: holds  (tcp_paws_check)
* RST             stored 64 s ago, at least 60 s: passes  (tcp_paws_reject)
= passes: its timestamp is older, but it is a RST`},
		{"SYN-RECV, a RST", ExplainSYNRecv(semantics("5.10.223"), on, Request{TS: 1000, Timeouts: 5}, old), `* timestamp       999 against 1000: older by 1, more than 0  (tcp_paws_check)
  idle limit      stored 32 s ago, less than 2073600 s: holds  (tcp_paws_check)
  RST             stored 32 s ago, less than 60 s: holds  (tcp_paws_reject)
= drop: its timestamp is older than the remembered one (PAWSEstab)`},
		{"SYN-RECV, answered lately", ExplainSYNRecv(semantics("5.10.223"), on, Request{TS: 1000, AnsweredLately: true}, ack(999)), `* timestamp       999 against 1000: older by 1, more than 0  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2073600 s: holds  (tcp_paws_check)
* rate limit      answered less than tcp_invalid_ratelimit ago: no answer  (tcp_oow_rate_limited)
= drop: its timestamp is older than the remembered one, less than tcp_invalid_ratelimit after the last answer (TCPACKSkippedSynRecv, PAWSEstab)`},
		{"SYN-RECV, before there was a rate limit", ExplainSYNRecv(semantics("4.6"), on, Request{TS: 1000, AnsweredLately: true}, ack(999)), `* timestamp       999 against 1000: older by 1, more than 0  (tcp_paws_check)
  idle limit      stored 1 s ago, less than 2073600 s: holds  (tcp_paws_check)
= drop and send an ACK: its timestamp is older than the remembered one (PAWSEstab)`},
		{"TIME_WAIT, nothing stored", ExplainTimeWait(semantics("7.2"), Recent{TS: 1000}, false, ack(999), 501), `  timestamp       none of the peer is stored: not looked at  (tcp_parse_options)
= passes: no timestamp of the peer is remembered`},
		{"TIME_WAIT, no timestamp", ExplainTimeWait(semantics("7.2"), Recent{TS: 1000, Stamp: 500}, false, &Segment{ACK: true}, 501), `  timestamp       none to compare  (tcp_fast_parse_options)
= passes: there is no timestamp to compare`},
		{"TIME_WAIT, a RST", ExplainTimeWait(semantics("7.2"), Recent{TS: 1000, Stamp: 500}, false, old, 560), `* timestamp       999 against 1000: older by 1, more than 0  (tcp_paws_check)
  idle limit      stored 60 s ago, less than 2147 s: holds  (tcp_paws_check)
* RST             stored 60 s ago, at least 60 s: passes  (tcp_paws_reject)
= passes: its timestamp is older, but it is a RST`},
		{"recycling, gone", ask("4.12", client, true, 5, nil), `  tcp_tw_recycle  this kernel has no such sysctl: not looked at  (tcp_conn_request)
= passes: tcp_tw_recycle does not look at it`},
		{"recycling, off", ask("4.11", client, true, 5, func(sys *kernel.Sysctls) { sys.TCPTwRecycle = 0 }), `  tcp_tw_recycle  off: not looked at  (tcp_conn_request)
= passes: tcp_tw_recycle does not look at it`},
		{"recycling, the zero Cache", new(Cache).Explain(0, client, server, true, 5), `  tcp_tw_recycle  this kernel has no such sysctl: not looked at  (tcp_conn_request)
= passes: tcp_tw_recycle does not look at it`},
		{"recycling, nobody", ask("3.10.108", netip.Addr{}, true, 5, nil), `  tcp_tw_recycle  no valid address: not looked at  (tcp_v6_conn_request)
= passes: tcp_tw_recycle does not look at it`},
		{"recycling, IPv6", ask("2.6.37", v6, true, 5, nil), `  tcp_tw_recycle  this kernel has no such test for IPv6: not looked at  (tcp_v6_conn_request)
= passes: tcp_tw_recycle does not look at it`},
		{"recycling, IPv6 without timestamp", ask("2.6.38", v6, false, 5, nil), `  tcp_tw_recycle  the SYN has no timestamp: not looked at  (tcp_v6_conn_request)
= passes: tcp_tw_recycle does not look at it`},
		{"recycling, no timestamp", ask("3.10.108", client, false, 5, nil), `  tcp_tw_recycle  the SYN has no timestamp: not looked at  (tcp_v4_conn_request)
= passes: tcp_tw_recycle does not look at it`},
		{"recycling, tcp_timestamps off", ask("3.10.108", client, true, 5, func(sys *kernel.Sysctls) { sys.TCPTimestamps = 0 }), `  tcp_tw_recycle  the SYN has no timestamp: not looked at  (tcp_v4_conn_request)
= passes: tcp_tw_recycle does not look at it`},
		{"recycling, a stranger to inet_peer", ask("3.5", server, true, 5, nil), `  tcp_tw_recycle  the host is unknown: not looked at  (tcp_v4_conn_request)
= passes: tcp_tw_recycle does not look at it`},
		{"recycling, a stranger", ask("3.6", server, true, 5, nil), `  host            nothing is remembered of it  (tcp_peer_is_proven)
= passes: nothing is remembered of its host`},
		{"recycling, two ticks", ask("2.6.32", client, true, 998, nil), `  host            timestamp 1000 of second 1700000000  (tcp_v4_conn_request)
* age             now second 1700000000, less than 60 s: it counts  (tcp_v4_conn_request)
* timestamp       998 against 1000: older by 2, more than 1  (tcp_v4_conn_request)
= drop: its timestamp is older than the last one of its host (PAWSPassive)`},
		{"recycling, one tick", ask("3.10.108", client, true, 999, nil), `  host            timestamp 1000 of second 1700000000  (tcp_peer_is_proven)
* age             now second 1700000000, less than 60 s: it counts  (tcp_peer_is_proven)
  timestamp       999 against 1000: older by 1, not more than 1  (tcp_peer_is_proven)
= passes: its timestamp is not older than allowed`},
		{"recycling, the same", ask("3.10.108", client, true, 1000, nil), `  host            timestamp 1000 of second 1700000000  (tcp_peer_is_proven)
* age             now second 1700000000, less than 60 s: it counts  (tcp_peer_is_proven)
  timestamp       1000 against 1000: the same  (tcp_peer_is_proven)
= passes: its timestamp is not older than allowed`},
		{"recycling, strict without timestamp", ask("4.4.155", client, false, 5, nil), `  host            timestamp 1000 of second 1700000000  (tcp_peer_is_proven)
* age             now second 1700000000, less than 60 s: it counts  (tcp_peer_is_proven)
* timestamp       the SYN has none: drop  (tcp_peer_is_proven)
= drop: it has no timestamp, and its host had one within the last 60 s (PAWSPassive, ListenDrops)`},
		{"recycling, after a minute", late60("4.4.155", false), `  host            timestamp 1000 of second 1700000000  (tcp_peer_is_proven)
  age             now second 1700000060, not less than 60 s: it does not count  (tcp_peer_is_proven)
= passes: what is remembered of its host is 60 s old or older`},
	} {
		if got := c.e.String(); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// Explain changes nothing, not even what is an hour old or whose timer is due.
func TestExplainChangesNothing(t *testing.T) {
	for _, release := range []string{"2.6.38", "3.2", "4.4.155"} {
		for from, to := range map[netip.Addr]netip.Addr{client: server, netip.MustParseAddr("2001:db8::2"): netip.MustParseAddr("2001:db8::1")} {
			c := recycling(t, release)
			if _, _, err := c.EnterTimeWait(0, Closing{From: from, To: to, TS: 1000, Stamp: c.seconds(0)}); err != nil {
				t.Fatal(err)
			}
			before, _, _ := c.Host(from, to)
			c.Explain(2*time.Hour, from, to, true, 5)
			if after, _, known := c.Host(from, to); !known || before != after || before.TS != 1000 || c.Now() != 0 {
				t.Errorf("%s, %v: %v, then %v at %v", release, from, before, after, c.Now())
			}
		}
	}
}
