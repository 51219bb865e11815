package main

import (
	"fmt"
	"strings"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// assess asks the rules about one listener.
func assess(c *config, s subject) ListenerReport {
	syn := queue.ExplainSYN(&c.sem, &c.sys, s.q, queue.SYN{IPv6: s.ipv6, Timestamp: true})
	ack := queue.ExplainFinalACK(&c.sem, &c.sys, s.q)
	r := ListenerReport{
		Hypothetical: s.live == nil,
		Accept:       acceptQueue(c, s),
		SYN:          synQueue(c, s),
		Young:        s.q.Young,
		NextSYN:      decision(syn),
		NextACK:      decision(ack),
		Notes:        s.notes,
	}
	if s.live != nil {
		r.Address, r.Port, r.Inode = s.live.local.Addr().String(), int(s.live.local.Port()), s.live.inode
	}
	cookie := c.sys.TCPSyncookies != 0 &&
		(syn.Verdict.Action == queue.SendCookie || queue.SYNQueueFull(&c.sem, s.q.Requests, s.q.SYNLimit))
	if cookie {
		d := decision(queue.ExplainCookieACK(&c.sem, s.q))
		r.NextCookieACK = &d
	}
	r.Health, r.Finding = finding(c, s, r, syn.Verdict, ack.Verdict)
	r.Advice = advice(c, s, r, syn.Verdict)
	if !s.known {
		r.Notes = append(r.Notes, fmt.Sprintf("The accept queue's limit was not read. It is at most the %d shown, and less if the program asked listen() for less: give -backlog.",
			s.q.AcceptLimit))
	}
	if c.sem.Recycle != kernel.RecycleGone && c.sys.TCPTwRecycle != 0 {
		r.Notes = append(r.Notes, "tcp_tw_recycle is set: a SYN whose timestamp is older than the last one of its address is dropped, which hits clients behind NAT. PAWSPassive counts them; set it to 0.")
	}
	if c.sem.BacklogBits == 16 && s.q.AcceptLimit == 0xffff {
		r.Notes = append(r.Notes, "The queue's length has 16 bits on this kernel, so a limit of 65535 is never exceeded: the length wraps to 0 first.")
	}
	return r
}

func decision(e queue.Explanation) Decision {
	d := Decision{
		Action: e.Verdict.Action.String(), Reason: e.Verdict.Reason.String(), Counters: []string{},
		DropReason: e.Verdict.Drop.String(), Logs: e.Verdict.Logs,
	}
	for counter := range e.Verdict.Counters.All() {
		d.Counters = append(d.Counters, counter.String())
	}
	for _, check := range e.Checks {
		d.Checks = append(d.Checks, CheckReport{Name: check.Name, Detail: check.Detail, Function: check.Func, Hit: check.Hit})
	}
	return d
}

// acceptQueue tells how long the accept queue may get, and who says so.
func acceptQueue(c *config, s subject) QueueReport {
	q := QueueReport{Used: s.q.AcceptLen, Limit: s.q.AcceptLimit, Capacity: uint64(s.q.AcceptLimit) + 1, Known: s.known}
	somaxconn := c.sys.Somaxconn
	switch {
	case !s.known:
		q.Bound = "somaxconn"
		q.BoundText = fmt.Sprintf("min(net.core.somaxconn %d, the program's backlog, which was not read)", somaxconn)
	case s.backlog != nil:
		b := *s.backlog
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
			q.BoundText = fmt.Sprintf("net.core.somaxconn %d; the program asks listen() for %d%s", somaxconn, b, ifElse(b < 0, ", as unsigned a huge number", ""))
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

// synQueue tells how many half-open requests the listener takes, and what ends it.
func synQueue(c *config, s subject) QueueReport {
	q := QueueReport{Used: s.q.Requests, Limit: s.q.SYNLimit, Capacity: queue.SYNQueueCapacity(&c.sem, s.q.SYNLimit), Known: s.known}
	m := c.sys.TCPMaxSynBacklog
	lastQuarter, applies := lastQuarterCapacity(c, s.ipv6)
	switch {
	case c.sem.AlwaysCookies && c.sys.TCPSyncookies == 2:
		q.Bound = "tcp_syncookies"
		q.BoundText = "nothing: tcp_syncookies is 2, so SYNs get cookies and are not queued"
	case applies && lastQuarter < q.Capacity:
		q.Capacity, q.Bound = lastQuarter, "tcp_max_syn_backlog"
		q.BoundText = fmt.Sprintf("tcp_max_syn_backlog %d: with tcp_syncookies 0 its last quarter is kept for proven peers", m)
	case c.sem.SYNQueue != kernel.SYNQueuePowerOfTwo:
		q.Bound = "accept limit"
		q.BoundText = fmt.Sprintf("the accept queue's limit %d%s", s.q.AcceptLimit, ifElse(c.sem.SYNQueue == kernel.SYNQueueAboveBacklog, ", full when above it", ", full when that many are there"))
	case q.Limit == 16:
		q.Bound = "accept limit"
		q.BoundText = "the smallest table there is, 16, fixed by the first listen()"
	default:
		q.Bound = "accept limit"
		asked := s.q.AcceptLimit
		if s.backlog != nil {
			asked = queue.Clamp(*s.backlog, int32(c.sys.Somaxconn)) // with the bits that the limit loses
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
func lastQuarterCapacity(c *config, ipv6 bool) (uint64, bool) {
	return uint64(queue.LastQuarterCapacity(int32(c.sys.TCPMaxSynBacklog))), queue.LastQuarterApplies(&c.sem, &c.sys, ipv6)
}

// finding is the sentence that leads: what happens to the next connection.
func finding(c *config, s subject, r ListenerReport, syn, ack queue.Verdict) (health, sentence string) {
	accept := fmt.Sprintf("%d of %s%d", r.Accept.Used, ifElse(s.known, "", "at most "), r.Accept.Capacity)
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
			ifElse(ack.Action == queue.ResetRemove, "answered with a RST", "dropped"), countersText(ack.Counters))
	case syn.Reason == queue.CookieQueueFull && r.SYN.Capacity == 0:
		health, text = "cookies", fmt.Sprintf("the SYN queue has no room at all: every SYN gets a cookie, and connections are made by it (%s).", countersText(syn.Counters))
	case syn.Reason == queue.CookieQueueFull:
		health, text = "cookies", fmt.Sprintf("the SYN queue is full (%d of %d): the next SYN gets a cookie, nobody is turned away (%s).", r.SYN.Used, r.SYN.Capacity, countersText(syn.Counters))
	case fillingUp(r.Accept):
		health, text = "filling", fmt.Sprintf("the accept queue is filling up (%s): the program accepts more slowly than clients come.", accept)
	case fillingUp(r.SYN):
		health, text = "filling", fmt.Sprintf("the SYN queue is filling up (%d of %d): then %s.", r.SYN.Used, r.SYN.Capacity,
			ifElse(c.sys.TCPSyncookies == 0, "SYNs are dropped", "SYNs get cookies"))
	case syn.Reason == queue.CookieAlways:
		health, text = "ok", fmt.Sprintf("the next SYN gets a cookie because tcp_syncookies is 2; the accept queue has room (%s).", accept)
	default:
		health, text = "ok", fmt.Sprintf("the next SYN is answered and its final ACK makes a connection (accept queue %s).", accept)
	}
	if r.Accept.Bound == "16 bits" && health == "ok" {
		text += " Beware: the accept queue is bound by " + r.Accept.BoundText + "."
	}
	switch {
	case health == "dropping" && ack.Action != queue.Establish, health == "filling" && fillingUp(r.Accept):
		text += " Bound by " + r.Accept.BoundText + "."
	case health == "dropping", health == "filling":
		text += " Bound by " + r.SYN.BoundText + "."
	}
	if !s.known && health == "ok" && r.Accept.Used > 0 {
		health = "unknown"
		text += fmt.Sprintf(" But the limit was not read: if the program's backlog is less than %d, the queue is full and the next SYN is dropped.", r.Accept.Used)
	}
	return health, strings.ToUpper(s.name[:1]) + s.name[1:] + ": " + text
}

// fillingUp reports whether three quarters of a queue are used.
func fillingUp(q QueueReport) bool { return q.Used > 0 && 4*uint64(q.Used) >= 3*q.Capacity }

func countersText(c kernel.CounterSet) string {
	if c.Len() == 0 {
		return "counted nowhere"
	}
	return c.String()
}

func ifElse(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// advice is what would help a listener in trouble.
func advice(c *config, s subject, r ListenerReport, syn queue.Verdict) []string {
	var a []string
	if queue.AcceptQueueFull(s.q.AcceptLen, s.q.AcceptLimit) || r.Health == "filling" && fillingUp(r.Accept) {
		a = append(a, fmt.Sprintf("The program does not call accept() fast enough. A queue of %d bridges a pause of %s at 1000 connections/s: the backlog to ask for is peak connections/s x longest pause.",
			r.Accept.Capacity, secondsText(float64(r.Accept.Capacity)/1000)))
		switch r.Accept.Bound {
		case "16 bits":
			a = append(a, "The program has to pass less than 65536 to listen(), or net.core.somaxconn has to be less: this kernel keeps the limit modulo 65536.")
		case "somaxconn":
			a = append(a, "Raise net.core.somaxconn in the network namespace of the program (a container has its own), then restart the program: it is read by listen() only.")
		default:
			a = append(a, fmt.Sprintf("The program has to pass a larger backlog to listen()%s; raising net.core.somaxconn (%d) alone changes nothing.",
				ifElse(int64(s.q.AcceptLimit) >= int64(c.sys.Somaxconn), ", and somaxconn has to allow it", ""), c.sys.Somaxconn))
		}
		a = append(a, "Each waiting connection is a whole socket: some 2.5 KiB of kernel memory and what its client has sent already.")
		if c.sys.TCPAbortOnOverflow != 0 && syn.Action == queue.Drop {
			a = append(a, "tcp_abort_on_overflow does not help: it is looked at for the final ACK of a queued request, and SYNs are dropped before they get that far.")
		}
	}
	switch {
	case syn.Reason == queue.SYNQueueFullDrop, syn.Reason == queue.LastQuarterDrop:
		a = append(a, "With net.ipv4.tcp_syncookies=1 these SYNs would be answered; it takes effect at once.")
		if r.SYN.Bound == "tcp_max_syn_backlog" {
			a = append(a, "Or raise net.ipv4.tcp_max_syn_backlog"+ifElse(c.sem.SYNQueue == kernel.SYNQueuePowerOfTwo, "; the table's size follows after a restart of the program.", "."))
		}
	case r.NextCookieACK != nil && r.Health == "cookies":
		a = append(a, "Cookies are no harm by themselves, and no proof of an attack. A larger backlog makes the SYN queue longer too.")
	}
	return a
}

func secondsText(s float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", s), "0"), ".") + " s"
}
