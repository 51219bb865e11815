package host

import (
	"container/heap"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
	"example.com/linuxtcp/timewait"
)

// A timer is one of a full socket: its retransmission timer, which is that of FIN-WAIT-2 too, or its
// delayed ACK. The zero timer is not armed.
type timer struct {
	at    time.Duration
	order uint64
	place int // in the heap, from 1; 0 for not armed
	k     *sock
	ack   bool
}

func (t *timer) on() bool { return t.place != 0 }

// timerHeap has the timers of full sockets, the next one first; of one moment, in the order in which
// they were armed.
type timerHeap []*timer

func (q timerHeap) Len() int { return len(q) }

func (q timerHeap) Less(i, j int) bool {
	if q[i].at != q[j].at {
		return q[i].at < q[j].at
	}
	return q[i].order < q[j].order
}

func (q timerHeap) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i+1, j+1
}

func (q *timerHeap) Push(x any) {
	t := x.(*timer)
	*q = append(*q, t)
	t.place = len(*q)
}

func (q *timerHeap) Pop() any {
	old := *q
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	t.place = 0
	return t
}

// arm sets the timer of a socket, anew if it was armed.
func (h *Host) arm(t *timer, wait time.Duration) {
	h.disarm(t)
	h.armed++
	t.at, t.order = h.clock.TimerExpiry(h.now, wait, kernel.TimerSlack), h.armed
	heap.Push(&h.timers, t)
}

func (h *Host) disarm(t *timer) {
	if t.on() {
		heap.Remove(&h.timers, t.place-1)
	}
}

// Next returns when the next timer is due, and whether one is armed.
func (h *Host) Next() (time.Duration, bool) {
	at, ok := time.Duration(0), false
	earlier := func(due time.Duration, armed bool) {
		if armed && (!ok || due < at) {
			at, ok = due, true
		}
	}
	if len(h.timers) > 0 {
		earlier(h.timers[0].at, true)
	}
	for _, l := range h.listeners {
		earlier(l.q.Next())
	}
	earlier(h.tw.Next())
	return at, ok
}

// Advance moves time to now and fires the timers that are due until then, in order.
func (h *Host) Advance(now time.Duration) (Outcome, error) {
	if err := h.begin(now); err != nil {
		return Outcome{}, err
	}
	return h.end(Outcome{}), nil
}

// run fires what is due until now, and moves time there.
func (h *Host) run(now time.Duration) {
	for {
		due, ok := h.Next()
		if !ok || due > now {
			break
		}
		h.now = max(h.now, due)
		h.fire(due)
		h.drain()
	}
	h.now = now
}

// fire runs what is due at a moment: the sockets' timers, those of the listeners, TIME-WAIT's.
func (h *Host) fire(due time.Duration) {
	for len(h.timers) > 0 && h.timers[0].at <= due {
		t := heap.Pop(&h.timers).(*timer)
		if t.ack {
			h.ackNow(t.k)
		} else {
			h.timeout(t.k)
		}
	}
	var closed []*listener
	for _, l := range h.listeners {
		at, ok := l.q.Next()
		if !ok || at > due {
			continue
		}
		events, err := l.q.Advance(h.now)
		if err != nil {
			continue // not reached: time does not go back
		}
		for _, e := range events {
			if e.Reply.Flags != 0 {
				h.resendSYNACK(&e)
			}
		}
		if !l.open {
			closed = append(closed, l)
		}
	}
	for _, l := range closed {
		h.retire(l)
	}
	if at, ok := h.tw.Next(); ok && at <= due {
		// No error: time does not go back.
		_, _ = h.tw.Advance(h.now, func(e timewait.Ended) { h.freePort(pair{unmapped(e.Local), unmapped(e.Remote)}) })
	}
}

// resendSYNACK sends the SYN-ACK of a request again.
func (h *Host) resendSYNACK(e *queue.Event) {
	t := Segment{
		From: e.To, To: e.Peer, Flags: Flags(e.Reply.Flags), Seq: e.Reply.Seq, Ack: e.Reply.Ack,
		Timestamp: e.Reply.Timestamp, TSVal: e.Reply.TSVal,
	}
	if t.Timestamp {
		t.TSEcr = e.TSRecent
	}
	h.synackOptions(&t, e.Reply)
	h.transmit(t)
}

// ackNow sends a delayed ACK.
func (h *Host) ackNow(k *sock) {
	k.c.RcvWup = k.c.RcvNxt
	h.transmit(h.dress(k, Segment{From: k.local, To: k.remote, Flags: FlagACK, Seq: k.c.SndNxt, Ack: k.c.RcvNxt}))
}

// timeout is the other timer of a full socket (tcp_write_timer, tcp_keepalive_timer).
func (h *Host) timeout(k *sock) {
	switch k.c.State {
	case SynSent, SynRecv:
		h.synTimeout(k)
	case FinWait1, LastAck, Closing:
		h.finTimeout(k)
	case FinWait2:
		if !k.c.Orphan {
			return
		}
		if wait := h.finTime(k) - timewait.Length; k.c.Linger2 >= 0 && wait > 0 {
			h.minisock(k, timewait.FinWait2, wait)
			return
		}
		h.reset(k)
		k.c.State = Closed
		h.gone(k, FinWait2)
	}
}

// count raises a counter of the host's own.
func (h *Host) count(cs ...kernel.Counter) {
	for _, c := range cs {
		h.counters.Add(c, 1)
	}
}

// giveUp ends a connection whose segment nobody acknowledged (tcp_write_err).
func (h *Host) giveUp(k *sock) {
	was := k.c.State
	k.c.Err, k.c.State = ETIMEDOUT, Closed
	switch was {
	case SynSent, SynRecv:
		h.count(kernel.AttemptFails)
	case Established, CloseWait:
		h.count(kernel.EstabResets)
	}
	h.gone(k, was)
}

// synTimer is what decides about a socket's SYN.
func (h *Host) synTimer(k *sock) kernel.SYNTimer {
	t := kernel.SYNTimer{Retries: k.opt.SYNCount, RTOMax: time.Duration(h.sys.TCPRTOMaxMs) * time.Millisecond}
	if k.c.State == SynSent { // the SYN-ACK after SYNs that crossed knows no linear timeouts
		t.Linear = h.sys.TCPSynLinearTimeouts
	}
	if t.Retries == 0 {
		t.Retries = h.sys.TCPSynRetries
	}
	if t.Retries == 0 {
		t.Retries = h.sem.SYNRetriesDefault
	}
	return t
}

// synTimeout sends the SYN, or after two that crossed the SYN-ACK, again or gives up.
func (h *Host) synTimeout(k *sock) {
	next, expired, err := h.synTimer(k).Step(&h.sem, k.resent, h.since(k.first), k.rto)
	expired = expired || err != nil // an error is not reached: sysctls are checked
	if h.sem.TimeoutsCounted || !expired && k.resent == 0 {
		h.count(kernel.TCPTimeouts)
	}
	if expired {
		h.giveUp(k)
		h.count(kernel.TCPAbortOnTimeout)
		return
	}
	k.resent++
	k.c.SYNResent = true
	k.rto = next
	k.c.RTO, k.c.Sent = h.jiffies(next), 0
	h.count(kernel.RetransSegs)
	if h.sem.SYNACKSynRetrans {
		h.count(kernel.TCPSynRetrans)
	}
	h.sendSYN(k)
	h.arm(&k.resend, k.rto)
}

// since is the time that has passed, as the kernel's clock of it shows: milliseconds from 4.13 on,
// jiffies before.
func (h *Host) since(then time.Duration) time.Duration {
	if h.sem.TimestampMillis {
		return (h.now/time.Millisecond - then/time.Millisecond) * time.Millisecond
	}
	n := h.clock.Jiffies(h.now) - h.clock.Jiffies(then)
	return time.Duration(n) * time.Second / time.Duration(h.clock.HZ())
}
