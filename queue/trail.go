package queue

import (
	"fmt"

	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// A trail collects the checks of one decision. A nil trail collects nothing, and the
// decision then pays for a comparison. Each check has a method of its own, so that
// the decisions hold no formatting.
type trail struct {
	checks []Check
}

func (t *trail) add(hit bool, name, fn, format string, args ...any) {
	t.checks = append(t.checks, Check{Name: name, Detail: fmt.Sprintf(format, args...), Func: fn, Hit: hit})
}

func (t *trail) origin(syn SYN, fromTimeWait bool) {
	if syn.TimeWait {
		t.add(fromTimeWait, "reopens TIME_WAIT", "tcp_conn_request", "%s", words.Pick(fromTimeWait,
			"its number is kept: the SYN queue, recycle and last quarter are not looked at",
			"this release loses its number: treated like any SYN"))
	}
	if syn.NotUnicast {
		t.add(true, "not unicast", "tcp_v4_conn_request", "sent to broadcast or multicast: drop")
	}
}

func (t *trail) synQueue(sem *kernel.Semantics, cookies int, q Queues, full, always bool) {
	var outcome string
	switch {
	case full && cookies != 0:
		outcome = "full: cookie"
	case full:
		outcome = "full and tcp_syncookies is 0: drop"
	case always:
		outcome = "not full, but tcp_syncookies is 2: cookie"
	default:
		outcome = "not full"
	}
	op := words.Pick(sem.SYNQueue == kernel.SYNQueueAboveBacklog, ">", ">=")
	t.add(full || always, "SYN queue", "inet_csk_reqsk_queue_is_full", "%s queued, full if %s %d: %s",
		count(q.Requests, "request"), op, q.SYNLimit, outcome)
}

func (t *trail) acceptQueueSYN(sem *kernel.Semantics, q Queues, drop bool) {
	outcome := "not full"
	switch {
	case drop && sem.AcceptFullNeedsYoung:
		outcome = "full, and " + count(q.Young, "young request") + ", more than 1: drop"
	case drop:
		outcome = "full: drop"
	case AcceptQueueFull(q.AcceptLen, q.AcceptLimit):
		outcome = "full, but " + count(q.Young, "young request") + ", not more than 1: passes"
	}
	t.add(drop, "accept queue", "sk_acceptq_is_full", "%d waiting, full if > %d: %s", q.AcceptLen, q.AcceptLimit, outcome)
}

func (t *trail) recycle(rejected bool) {
	t.add(rejected, "tcp_tw_recycle", "tcp_peer_is_proven", "%s", words.Pick(rejected,
		"older than the host's last timestamp: drop", "nothing to hold against this SYN"))
}

func (t *trail) lastQuarter(requests uint32, m int32, last, proven bool) {
	outcome := "not the last quarter"
	if last {
		outcome = "last quarter, " + words.Pick(proven, "peer proven: passes", "peer not proven: drop")
	}
	left := m - int32(requests)
	t.add(last && !proven, "last quarter", "tcp_conn_request", "%d of %d used, %d %s %d: %s",
		requests, m, left, words.Pick(last, "<", ">="), m>>2, outcome)
}

func (t *trail) acceptQueueACK(q Queues, full bool, fn, outcome string) {
	t.add(full, "accept queue", fn, "%d waiting, full if > %d: %s", q.AcceptLen, q.AcceptLimit, words.Pick(full, outcome, "not full"))
}

func (t *trail) abort(sysctl int) {
	t.add(sysctl != 0, "abort on overflow", "tcp_check_req", "tcp_abort_on_overflow is %d: %s", sysctl,
		words.Pick(sysctl != 0, "RST, request removed", "drop the ACK, keep the request"))
}

func (t *trail) repeatedSYN(seq uint32) {
	t.add(true, "repeated SYN", "tcp_check_req", "sequence number %d is the request's own", seq)
}

func (t *trail) ackNumber(ack, right uint32) {
	if ack == right {
		t.add(false, "ACK number", "tcp_check_req", "acknowledges our SYN-ACK, %d", ack)
		return
	}
	t.add(true, "ACK number", "tcp_check_req", "acknowledges %d, not %d: goes to the listener, the request stays", ack, right)
}

func (t *trail) window(old, echo, outside bool) {
	outcome := "inside the window"
	switch {
	case old:
		outcome = "PAWS: timestamp older than the request's"
	case echo:
		outcome = "echoes a timestamp that was never sent"
	case outside:
		outcome = "sequence number outside the window"
	}
	t.add(old || echo || outside, "window", "tcp_check_req", "%s", outcome)
}

func (t *trail) deferAccept(timeouts, deferred int, bare, held bool) {
	t.add(held, "defer accept", "tcp_check_req", "%d of %d timeouts, %s: %s", timeouts, deferred,
		words.Pick(bare, "no data", "with data"), words.Pick(held, "wait for data", "go on"))
}

func (t *trail) rateLimit(soon bool) {
	t.add(soon, "rate limit", "tcp_oow_rate_limited", "%s", words.Pick(soon,
		"answered less than tcp_invalid_ratelimit ago: no answer", "not answered lately"))
}

func (t *trail) cookieExpected(expected bool) {
	t.add(!expected, "cookie expected", "tcp_synq_no_recent_overflow", "%s", words.Pick(expected,
		"the listener sent cookies lately: look at the number", "no cookie was sent lately: the number is not looked at"))
}

func (t *trail) cookie(good, fresh bool) {
	t.add(!good, "cookie", "__cookie_v4_check", "%s", words.Pick(good, "good",
		words.Pick(fresh, "of these minutes, but with no MSS of the table", "not a cookie of these minutes")))
}

// count is "1 request", "2 requests".
func count(n uint32, what string) string {
	return fmt.Sprintf("%d %s%s", n, what, words.Pick(n == 1, "", "s"))
}
