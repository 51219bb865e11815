package queue

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
)

// An Event is what a SYN-ACK timer did.
type Event struct {
	At   time.Duration  // when the timer fired
	Peer netip.AddrPort // whose request it was
	To   netip.AddrPort // to which of our addresses, zero if its SYN named none
	// TSRecent is the timestamp that a SYN-ACK echoes, where it carries one.
	TSRecent uint32
	Outcome
}

// Next returns when the next timer is due, and whether one is armed.
//
// From 4.1 on that is a request's own timer. Before, it is the listener's, which
// looks at part of the requests every 0.2 s while there are any, so that a request
// is handled up to 0.6 s late (1.6 s with the 3 s timeout) and Advance often has
// nothing to tell. Which part, the kernel's secret decides, here [Config].Key: the
// times are some of the possible ones.
func (l *Listener) Next() (time.Duration, bool) {
	if !l.sem.RequestTimers {
		return l.scan.at, l.scan.armed
	}
	if i := l.timers.first(l.requests.slab); i != 0 {
		return l.requests.slab[i].expires, true
	}
	return 0, false
}

// Advance moves time to now and fires the timers that are due until then, in order.
// It returns what they did; the slice is good until the next call.
//
// A SYN-ACK that was sent again has Action [ResendSYNACK]; a request that ended,
// [Remove], with the reason. An unanswered request ends without a packet, and counts
// nothing but its last TCPTimeouts.
func (l *Listener) Advance(now time.Duration) ([]Event, error) {
	l.events = l.events[:0]
	if now < l.now {
		return nil, l.begin(now)
	}
	for {
		due, ok := l.Next()
		if !ok || due > now {
			break
		}
		l.now = max(l.now, due)
		if l.sem.RequestTimers {
			i := l.timers.first(l.requests.slab)
			l.timers.disarm(l.requests.slab, i)
			l.fire(i, due, synackRetries(&l.sem, l.retries(), l.Queues()))
		} else {
			l.scan.run(l, due)
		}
	}
	l.now = now
	return l.events, nil
}

// retries is how many timeouts a request may see.
func (l *Listener) retries() int {
	if l.cfg.SYNCount > 0 {
		return l.cfg.SYNCount
	}
	return l.cfg.Sysctls.TCPSynackRetries
}

// fire is the SYN-ACK timer of request i, which is off its list. It reports whether
// the request stays.
func (l *Listener) fire(i int32, at time.Duration, retries int) bool {
	r := &l.requests.slab[i]
	e := Event{At: at, Peer: r.from(), To: r.ends().To, TSRecent: r.tsRecent}
	if l.state != stateListen {
		e.Verdict = verdict(Remove, ListenerGone)
		l.finish(i, e)
		return false
	}
	var counters kernel.CounterSet
	if l.sem.SYNACKTimerCounters {
		counters = counters.With(kernel.TCPTimeouts)
	}
	step := DecideTimer(int(r.timeouts), retries, l.deferred, r.acked)
	if step.Expire {
		e.Verdict = Verdict{Action: Remove, Reason: RetriesSpent, Counters: counters}
		if retries < l.retries() && int(r.timeouts) < l.retries() {
			e.Reason = Pruned
		}
		l.finish(i, e)
		return false
	}
	if r.timeouts == 0 {
		l.young--
	}
	if r.timeouts < 127 {
		r.timeouts++
	}
	e.Verdict = Verdict{Action: Drop, Reason: TimedOut, Counters: counters}
	if step.Resend {
		e.Action, e.Counters = ResendSYNACK, resendCounters(&l.sem, counters)
		l.synackAgain(r, at, &e.Reply)
	}
	l.totals.Raise(e.Counters)
	l.events = append(l.events, e)
	l.arm(i, at)
	return true
}

// finish ends request i, whose timer is off its list.
func (l *Listener) finish(i int32, e Event) {
	l.totals.Raise(e.Counters)
	l.events = append(l.events, e)
	if l.requests.slab[i].timeouts == 0 {
		l.young--
	}
	l.requests.remove(i)
	if l.requests.used == 0 {
		l.scan.armed = false
	}
}

// arm sets the timer of request i, which is on no list, at the moment now.
func (l *Listener) arm(i int32, now time.Duration) {
	expires, level := l.expiry(i, now)
	if l.sem.RequestTimers {
		l.timers.arm(l.requests.slab, i, expires, level)
	} else {
		l.requests.slab[i].expires = expires
	}
}

// rearm moves the timer of request i. A timer that stays in its bucket keeps its
// place there.
func (l *Listener) rearm(i int32, now time.Duration) {
	expires, level := l.expiry(i, now)
	r := &l.requests.slab[i]
	if !l.sem.RequestTimers {
		r.expires = expires
	} else if r.expires != expires || int(r.level) != level {
		l.timers.disarm(l.requests.slab, i)
		l.timers.arm(l.requests.slab, i, expires, level)
	}
}

// expiry returns when a timer of request i that is set now fires, and the level of
// the wheel that it is put on.
func (l *Listener) expiry(i int32, now time.Duration) (time.Duration, int) {
	wait := synackTimeout(&l.sem, int(l.requests.slab[i].timeouts), l.cfg.Sysctls.TCPRTOMaxMs)
	if !l.sem.RequestTimers {
		return now + wait, 0
	}
	return l.clock.TimerExpiry(now, wait, kernel.TimerExact), l.clock.WheelLevel(wait)
}
