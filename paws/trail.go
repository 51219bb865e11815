package paws

import (
	"fmt"
	"strings"

	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// A trail collects the tests of one decision. A nil trail collects nothing, and the
// decision then pays for a comparison. Each test has a method of its own, so that the
// decisions hold no formatting.
type trail struct {
	checks []Check
	asks   string // the kernel function that asks what is remembered of a host
	tests  string // and the one that compares it
}

func (t *trail) add(hit bool, name, fn, format string, args ...any) {
	t.checks = append(t.checks, Check{Name: name, Detail: fmt.Sprintf(format, args...), Func: fn, Hit: hit})
}

func (t *trail) noACK(sem *kernel.Semantics) {
	t.add(true, "flags", "tcp_rcv_established", "neither ACK nor RST%s: discarded before any other test", words.Pick(sem.SYNValidated, " nor SYN", ""))
}

func (t *trail) noTimestamp() {
	t.add(false, "timestamp", "tcp_fast_parse_options", "none to compare")
}

func (t *trail) nothingStored() {
	t.add(false, "timestamp", "tcp_parse_options", "none of the peer is stored: not looked at")
}

func (t *trail) compare(recent, tsval uint32, window int32) {
	d := int32(recent - tsval)
	t.add(d > window, "timestamp", "tcp_paws_check", "%d against %d: %s", tsval, recent, older(d, window))
}

// older puts a signed difference into words.
func older(d, window int32) string {
	switch {
	case d > window:
		return fmt.Sprintf("older by %d, more than %d", d, window)
	case d > 0:
		return fmt.Sprintf("older by %d, not more than %d", d, window)
	case d == 0:
		return "the same"
	}
	return fmt.Sprintf("newer by %d", -int64(d))
}

func (t *trail) age(name, fn string, age, limit int64, reached bool) {
	t.add(reached, name, fn, "stored %d s ago, %s %d s: %s", age, words.Pick(reached, "at least", "less than"), limit,
		words.Pick(reached, "passes", "holds"))
}

func (t *trail) zero() {
	t.add(true, "zero", "tcp_paws_check", "the remembered timestamp is 0: passes")
}

func (t *trail) flag(name, fn, outcome string) {
	t.add(true, name, fn, "%s", outcome)
}

func (t *trail) disordered(sem *kernel.Semantics, c *Conn, s *Segment, is bool) {
	if is {
		t.add(true, "disordered ACK", "tcp_disordered_ack", "old by no more than %d ticks and changes nothing: passes",
			ReplayWindow(sem, c.RTO, c.HZ, c.UsecTS))
		return
	}
	var not []string
	add := func(cond bool, what string) {
		if cond {
			not = append(not, what)
		}
	}
	add(!s.bareACK(), "not a bare ACK")
	add(s.Seq != c.RcvNxt, "not at the next sequence number")
	add(s.AckSeq != c.SndUna, "acknowledges something else than the last one")
	add(updatesWindow(sem, c, s), "updates the window")
	if w := ReplayWindow(sem, c.RTO, c.HZ, c.UsecTS); c.TS-s.TSVal > w {
		not = append(not, fmt.Sprintf("old by more than %d ticks", w))
	}
	t.add(false, "disordered ACK", "tcp_disordered_ack", "%s", strings.Join(not, ", "))
}

func (t *trail) oldACK(seq, next uint32) {
	t.add(true, "old ACK", "tcp_disordered_ack_check", "bare, at %d, before %d: drop, no answer", seq, next)
}

func (t *trail) rateLimit(soon bool) {
	t.add(soon, "rate limit", "tcp_oow_rate_limited", "%s", words.Pick(soon,
		"answered less than tcp_invalid_ratelimit ago: no answer", "does not hold an answer back"))
}

func (t *trail) echo(tsecr, first, clock uint32, good bool) {
	if tsecr == 0 {
		t.add(false, "echo", "tcp_rcv_synsent_state_process", "0: not looked at")
		return
	}
	t.add(!good, "echo", "tcp_rcv_synsent_state_process", "%d %s %d to %d", tsecr, words.Pick(good, "lies in", "does not lie in"), first, clock)
}

// listener names the functions in which a release holds a SYN against its host.
func (t *trail) listener(sem *kernel.Semantics, ipv4 bool) {
	t.asks = words.Pick(ipv4, "tcp_v4_conn_request", "tcp_v6_conn_request")
	if sem.Recycle != kernel.RecyclePeer {
		t.asks = "tcp_conn_request"
	}
	t.tests = words.Pick(sem.HostMetrics, "tcp_peer_is_proven", t.asks)
}

func (t *trail) recycleOff(why string) {
	t.add(false, "tcp_tw_recycle", t.asks, "%s: not looked at", why)
}

func (t *trail) host(h Host, known bool) {
	if !known {
		t.add(false, "host", t.tests, "nothing is remembered of it")
		return
	}
	t.add(false, "host", t.tests, "timestamp %d of second %d", h.TS, h.Stamp)
}

func (t *trail) hostAge(h Host, now uint32, fresh bool) {
	t.add(fresh, "age", t.tests, "now second %d, %s", now, words.Pick(fresh, "less than 60 s: it counts", "not less than 60 s: it does not count"))
}

func (t *trail) hostCompare(h Host, tsval uint32) {
	d := int32(h.TS - tsval)
	t.add(d > hostWindow, "timestamp", t.tests, "%d against %d: %s", tsval, h.TS, older(d, hostWindow))
}

func (t *trail) hostNoStamp(strict bool) {
	t.add(strict, "timestamp", t.tests, "%s", words.Pick(strict, "the SYN has none: drop", "the SYN has none: not looked at"))
}
