package listening

import (
	"fmt"
	"strings"

	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// An Assessment is what the rules say about one listener.
type Assessment struct {
	Accept, SYN Queue
	// NextSYN is a SYN from a host that the kernel knows nothing of. NextACK completes the
	// handshake of a queued request. NextCookieACK, which is there if SYNs get cookies,
	// completes one that is kept in a cookie.
	NextSYN, NextACK Decision
	NextCookieACK    *Decision
	// SYNVerdict and ACKVerdict are the first two as the models gave them.
	SYNVerdict, ACKVerdict queue.Verdict
	// Health is "ok", "unknown" (connections wait and the limit was not read), "filling"
	// (three quarters of a queue are used), "cookies" (the next SYN gets a cookie because the
	// SYN queue is full) or "dropping" (the next SYN or the next final ACK is dropped).
	Health string
	// Finding is one sentence: what happens to the next connection.
	Finding string
}

// Assess asks the rules about one listener.
func Assess(sem *kernel.Semantics, sys *kernel.Sysctls, s Socket) Assessment {
	syn := queue.ExplainSYN(sem, sys, s.Queues, queue.SYN{IPv6: s.IPv6, Timestamp: true})
	ack := queue.ExplainFinalACK(sem, sys, s.Queues)
	a := Assessment{
		Accept: AcceptQueue(sem, sys, s), SYN: SYNQueue(sem, sys, s),
		NextSYN: decide(syn), NextACK: decide(ack),
		SYNVerdict: syn.Verdict, ACKVerdict: ack.Verdict,
	}
	cookie := sys.TCPSyncookies != 0 &&
		(syn.Verdict.Action == queue.SendCookie || queue.SYNQueueFull(sem, s.Queues.Requests, s.Queues.SYNLimit))
	if cookie {
		d := decide(queue.ExplainCookieACK(sem, s.Queues))
		a.NextCookieACK = &d
	}
	a.Health, a.Finding = finding(sem, sys, s, a, syn.Verdict, ack.Verdict)
	return a
}

// decide tells a verdict and what led to it.
func decide(e queue.Explanation) Decision {
	d := Decision{
		Action: e.Verdict.Action.String(), Reason: e.Verdict.Reason.String(), Counters: []string{},
		DropReason: e.Verdict.Drop.String(), Logs: e.Verdict.Logs,
	}
	for counter := range e.Verdict.Counters.All() {
		d.Counters = append(d.Counters, counter.String())
	}
	for _, check := range e.Checks {
		d.Checks = append(d.Checks, Check{Name: check.Name, Detail: check.Detail, Function: check.Func, Hit: check.Hit})
	}
	return d
}

// AcceptQueue tells how long the accept queue may get, and who says so.
func AcceptQueue(sem *kernel.Semantics, sys *kernel.Sysctls, s Socket) Queue {
	q := Queue{Used: s.Queues.AcceptLen, Limit: s.Queues.AcceptLimit, Capacity: uint64(s.Queues.AcceptLimit) + 1, Known: s.Known}
	somaxconn := sys.Somaxconn
	switch {
	case !s.Known:
		q.Bound = "somaxconn"
		q.BoundText = fmt.Sprintf("min(net.core.somaxconn %d, the program's backlog, which was not read)", somaxconn)
	case s.Backlog != nil:
		b := *s.Backlog
		clamped := queue.Clamp(b, int32(somaxconn))
		switch {
		case clamped != q.Limit:
			q.Bound = "16 bits"
			q.BoundText = fmt.Sprintf("the 16 bits in which this kernel keeps the limit: %d is stored as %d", clamped, q.Limit)
		case clamped == uint32(b):
			q.Bound = "backlog"
			q.BoundText = fmt.Sprintf("the program's backlog %d; net.core.somaxconn allows %d", b, somaxconn)
		default:
			q.Bound = "somaxconn"
			q.BoundText = fmt.Sprintf("net.core.somaxconn %d; the program asks listen() for %d%s", somaxconn, b, words.Pick(b < 0, ", as unsigned a huge number", ""))
		}
	case uint64(q.Limit) < uint64(max(0, somaxconn)):
		q.Bound = "backlog"
		q.BoundText = fmt.Sprintf("the program's backlog %d; net.core.somaxconn allows %d", q.Limit, somaxconn)
	case int64(q.Limit) == int64(somaxconn):
		q.Bound = "somaxconn"
		q.BoundText = fmt.Sprintf("net.core.somaxconn %d; the program asked listen() for that or more", somaxconn)
	default:
		q.Bound = "backlog"
		q.BoundText = fmt.Sprintf("what held when the program called listen(): the limit %d is above today's net.core.somaxconn %d", q.Limit, somaxconn)
	}
	return q
}

// SYNQueue tells how many half-open requests the listener takes, and what ends it.
func SYNQueue(sem *kernel.Semantics, sys *kernel.Sysctls, s Socket) Queue {
	q := Queue{Used: s.Queues.Requests, Limit: s.Queues.SYNLimit, Capacity: queue.SYNQueueCapacity(sem, s.Queues.SYNLimit), Known: s.Known}
	m := sys.TCPMaxSynBacklog
	lastQuarter, applies := lastQuarterCapacity(sem, sys, s.IPv6)
	switch {
	case sem.AlwaysCookies && sys.TCPSyncookies == 2:
		q.Bound = "tcp_syncookies"
		q.BoundText = "nothing: tcp_syncookies is 2, so SYNs get cookies and are not queued"
	case applies && lastQuarter < q.Capacity:
		q.Capacity, q.Bound = lastQuarter, "tcp_max_syn_backlog"
		q.BoundText = fmt.Sprintf("tcp_max_syn_backlog %d: with tcp_syncookies 0 its last quarter is kept for proven peers", m)
	case sem.SYNQueue != kernel.SYNQueuePowerOfTwo:
		q.Bound = "accept limit"
		q.BoundText = fmt.Sprintf("the accept queue's limit %d%s", s.Queues.AcceptLimit, words.Pick(sem.SYNQueue == kernel.SYNQueueAboveBacklog, ", full when above it", ", full when that many are there"))
	case q.Limit == 16:
		q.Bound = "accept limit"
		q.BoundText = "the smallest table there is, 16, fixed by the first listen()"
	default:
		q.Bound = "accept limit"
		asked := s.Queues.AcceptLimit
		if s.Backlog != nil {
			asked = queue.Clamp(*s.Backlog, int32(sys.Somaxconn)) // with the bits that the limit loses
		}
		if int64(asked) > int64(m) && m >= 0 {
			q.Bound = "tcp_max_syn_backlog"
		}
		q.BoundText = fmt.Sprintf("a power of two above min(backlog, tcp_max_syn_backlog %d), fixed by the first listen()", m)
	}
	return q
}

// lastQuarterCapacity returns how many requests the last quarter of
// tcp_max_syn_backlog leaves to unproven peers, and whether it is looked at at all.
func lastQuarterCapacity(sem *kernel.Semantics, sys *kernel.Sysctls, ipv6 bool) (uint64, bool) {
	return uint64(queue.LastQuarterCapacity(int32(sys.TCPMaxSynBacklog))), queue.LastQuarterApplies(sem, sys, ipv6)
}

// finding is the sentence that leads: what happens to the next connection.
func finding(sem *kernel.Semantics, sys *kernel.Sysctls, s Socket, r Assessment, syn, ack queue.Verdict) (health, sentence string) {
	accept := fmt.Sprintf("%d of %s%d", r.Accept.Used, words.Pick(s.Known, "", "at most "), r.Accept.Capacity)
	var text string
	switch {
	case syn.Reason == queue.AcceptQueueFullSYN:
		health, text = "dropping", fmt.Sprintf("the accept queue is full (%s): the next SYN is dropped (%s).", accept, countersText(syn.Counters))
	case syn.Reason == queue.SYNQueueFullDrop && r.SYN.Capacity == 0:
		health, text = "dropping", fmt.Sprintf("nobody can connect: the SYN queue has no room at all and tcp_syncookies is 0, so every SYN is dropped (%s).", countersText(syn.Counters))
	case syn.Reason == queue.SYNQueueFullDrop:
		health, text = "dropping", fmt.Sprintf("the SYN queue is full (%d of %d) and tcp_syncookies is 0: the next SYN is dropped (%s).", r.SYN.Used, r.SYN.Capacity, countersText(syn.Counters))
	case syn.Action == queue.Drop:
		health, text = "dropping", fmt.Sprintf("the next SYN is dropped: %s (%s).", syn.Reason, countersText(syn.Counters))
	case ack.Action != queue.Establish:
		health, text = "dropping", fmt.Sprintf("the accept queue is full (%s): the next SYN is still answered, but its final ACK is %s (%s).", accept,
			words.Pick(ack.Action == queue.ResetRemove, "answered with a RST", "dropped"), countersText(ack.Counters))
	case syn.Reason == queue.CookieQueueFull && r.SYN.Capacity == 0:
		health, text = "cookies", fmt.Sprintf("the SYN queue has no room at all: every SYN gets a cookie, and connections are made by it (%s).", countersText(syn.Counters))
	case syn.Reason == queue.CookieQueueFull:
		health, text = "cookies", fmt.Sprintf("the SYN queue is full (%d of %d): the next SYN gets a cookie, nobody is turned away (%s).", r.SYN.Used, r.SYN.Capacity, countersText(syn.Counters))
	case FillingUp(r.Accept):
		health, text = "filling", fmt.Sprintf("the accept queue is filling up (%s): the program accepts more slowly than clients come.", accept)
	case FillingUp(r.SYN):
		health, text = "filling", fmt.Sprintf("the SYN queue is filling up (%d of %d): then %s.", r.SYN.Used, r.SYN.Capacity,
			words.Pick(sys.TCPSyncookies == 0, "SYNs are dropped", "SYNs get cookies"))
	case syn.Reason == queue.CookieAlways:
		health, text = "ok", fmt.Sprintf("the next SYN gets a cookie because tcp_syncookies is 2; the accept queue has room (%s).", accept)
	default:
		health, text = "ok", fmt.Sprintf("the next SYN is answered and its final ACK makes a connection (accept queue %s).", accept)
	}
	if r.Accept.Bound == "16 bits" && health == "ok" {
		text += " Beware: the accept queue is bound by " + r.Accept.BoundText + "."
	}
	switch {
	case health == "dropping" && ack.Action != queue.Establish, health == "filling" && FillingUp(r.Accept):
		text += " Bound by " + r.Accept.BoundText + "."
	case health == "dropping", health == "filling":
		text += " Bound by " + r.SYN.BoundText + "."
	}
	if !s.Known && health == "ok" && r.Accept.Used > 0 {
		health = "unknown"
		text += fmt.Sprintf(" But the limit was not read: if the program's backlog is less than %d, the queue is full and the next SYN is dropped.", r.Accept.Used)
	}
	return health, strings.ToUpper(s.Name[:1]) + s.Name[1:] + ": " + text
}

// FillingUp reports whether three quarters of a queue are used.
func FillingUp(q Queue) bool { return q.Used > 0 && 4*uint64(q.Used) >= 3*q.Capacity }

func countersText(c kernel.CounterSet) string {
	if c.Len() == 0 {
		return "counted nowhere"
	}
	return c.String()
}
