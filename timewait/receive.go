package timewait

import (
	"iter"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
)

// Ended is an entry that ran its time.
type Ended struct {
	At            time.Duration  // the moment of its timer
	Local, Remote netip.AddrPort // its endpoints, this host's first
	State         State          // what it was in
}

// Next returns when the next timer is due, and whether one is armed. To 4.0 that is a
// wheel of all entries, and Advance may have nothing to end.
func (t *Table) Next() (time.Duration, bool) {
	if t.w == nil {
		return 0, false
	}
	return t.w.next()
}

// Advance moves time to now and ends the entries whose timers fire until then, in the
// kernel's order. It calls ended, which may be nil and must not use the Table, for each
// and returns how many there were.
//
// Entries count TW, or TWKilled if they were armed for 4 s or less, when they end; from
// 5.18 on that was counted when they began, by the timeout they began with: under a
// tcp_fin_timeout of up to 4 s all TIME_WAIT that began as FIN_WAIT2 is TWKilled. A time that goes back is an error.
func (t *Table) Advance(now time.Duration, ended func(Ended)) (int, error) {
	if now < t.now || t.w == nil {
		return 0, t.check(now)
	}
	t.ended, t.count = ended, 0
	for {
		due, ok := t.w.next()
		if !ok || due > now {
			break
		}
		t.now = max(t.now, due)
		t.w.run()
	}
	t.now, t.ended = now, nil
	return t.count, nil
}

// over counts n entries whose timers fired.
func (t *Table) over(n int, killed bool) {
	t.count += n
	if !t.sem.TimeWaitCountedAtEntry {
		c := kernel.TW
		if killed {
			c = kernel.TWKilled
		}
		t.totals.Add(c, uint64(n))
	}
}

// end ends an entry whose timer fired.
func (t *Table) end(i uint32, killed bool) {
	t.over(1, killed)
	if t.ended != nil {
		e := t.s.at(i)
		c := t.s.connOf(e)
		t.ended(Ended{t.now, netip.AddrPortFrom(t.s.localTab[c.local].addr, c.lport), netip.AddrPortFrom(c.remote, c.rport), e.state()})
	}
	t.drop(i)
}

// drop forgets entry i, whose timer is disarmed.
func (t *Table) drop(i uint32) {
	delete(t.answered, i)
	delete(t.recycle, i)
	t.s.remove(i)
	t.waiting--
}

// kill ends an entry before its time.
func (t *Table) kill(i uint32) {
	t.w.cancel(i)
	t.drop(i)
}

// rearm starts the timer of entry i anew.
func (t *Table) rearm(i uint32, timeout time.Duration) {
	t.s.at(i).setShort(t.round(timeout))
	t.w.reschedule(i, timeout)
}

// An Outcome is a verdict, the segment that it sends, and what a reopening SYN takes
// along.
type Outcome struct {
	Verdict
	Reply Reply // the segment sent in answer
	// Rule is the row of [Decisions] that decided.
	Rule string
	// ISN is the sequence number for the SYN-ACK where the action is [Reopen], as
	// queue.Segment.TimeWaitISN takes it. Whether it reaches the listener is
	// [ReopenISNLost].
	ISN uint32
}

// Receive takes a segment and returns what the kernel does with it if its addresses and
// ports have an entry; ok is false if they have none, and the segment is then somebody
// else's. The host decides what a segment matches first: an established connection
// comes before an entry, an entry before a listener.
//
// It returns an error for a time that goes back or leaves a due timer behind.
func (t *Table) Receive(now time.Duration, s Segment) (out Outcome, ok bool, err error) {
	i, ok, err := t.lookup(now, s.To, s.From)
	if !ok {
		return Outcome{}, false, err
	}
	t.now = now
	v := t.view(i)
	d := Decide(&t.sem, &v, &s)
	e := t.s.at(i)
	t.totals.Raise(d.Counters)
	out = Outcome{Verdict: d.Verdict, Rule: d.Rule()}
	if d.Stamp {
		t.answered[i] = v.Jiffies
	}
	if d.Become {
		e.meta |= metaTimeWait
		e.rcvNxt = s.end()
	}
	if d.Learn {
		e.tsRecent, e.seenAt = s.TSVal, v.Now
		if d.Become && t.sem.TWReuseDelay {
			e.aux = t.millisecond(now)
		}
	}
	if d.Rearm {
		t.rearm(i, t.again(i, d.Become))
	}
	switch d.Action {
	case SendACK:
		out.Reply = t.ack(e)
	case ResetRemove:
		out.Reply = resetFor(&s)
		t.kill(i)
	case Remove:
		t.kill(i)
	case Reopen:
		out.ISN = ReopenISN(e.sndNxt)
		t.kill(i)
	}
	return out, true, nil
}

// again is the timeout with which an entry starts anew: 60 s, but when the peer's FIN
// came and tcp_tw_recycle holds.
func (t *Table) again(i uint32, become bool) time.Duration {
	r, ok := t.recycle[i]
	e := t.s.at(i)
	c := t.s.connOf(e)
	if become && ok && t.remember(t.now, t.s.localTab[c.local].addr, r.remote, e.tsRecent, e.seenAt, true) {
		return r.timeout
	}
	return Length
}

// Explain returns what [Table.Receive] would do with a segment, with the checks that
// lead to it, and changes nothing. ok is false if there is no entry.
func (t *Table) Explain(now time.Duration, s Segment) (x Explanation, ok bool, err error) {
	i, ok, err := t.lookup(now, s.To, s.From)
	if !ok {
		return Explanation{}, false, err
	}
	then := t.now
	t.now = now
	v := t.view(i)
	t.now = then
	return ExplainSegment(&t.sem, &v, &s), true, nil
}

func (t *Table) lookup(now time.Duration, local, remote netip.AddrPort) (uint32, bool, error) {
	if err := t.check(now); err != nil {
		return 0, false, err
	}
	var c conn
	if !remote.IsValid() || !local.IsValid() {
		return 0, false, nil
	}
	if !t.name(&c, local, remote) {
		return 0, false, nil
	}
	i, ok := t.s.find(&c)
	return i, ok, nil
}

// view is entry i as a segment finds it now.
func (t *Table) view(i uint32) View {
	e := t.s.at(i)
	return View{
		State: e.state(), RcvNxt: e.rcvNxt, SndNxt: e.sndNxt, Window: e.window & windowMask,
		TSRecent: e.tsRecent, SeenAt: e.seenAt, Now: t.second(t.now),
		RFC1337:  t.cfg.Sysctls.TCPRFC1337 != 0,
		Answered: t.answered[i], Jiffies: t.clock.Jiffies32(t.now), Limit: t.limit,
	}
}

// ack is the ACK that an entry answers with (tcp_v4_timewait_ack).
func (t *Table) ack(e *entry) Reply {
	r := Reply{Flags: FlagACK, Seq: e.sndNxt, Ack: e.rcvNxt, Window: uint16(e.window & windowMask >> (e.meta >> scaleShift & 15))}
	if e.tsRecent != 0 {
		r.Timestamp, r.TSVal, r.TSEcr = true, t.tsClock(), e.tsRecent
	}
	return r
}

// tsClock is the timestamp clock: milliseconds of the monotonic clock from 4.13 on, jiffies before.
func (t *Table) tsClock() uint32 {
	if t.sem.TimestampMillis {
		return t.millisecond(t.now)
	}
	return t.clock.Jiffies32(t.now)
}

// An Inheritance is what a connect() that takes an entry over goes on with.
type Inheritance struct {
	ISN      uint32 // of its SYN: [ReopenISN]
	TSRecent uint32 // what its SYN echoes
	SeenAt   uint32 // when that was seen, in seconds
}

// Connect is what a connect() meets that would have these addresses and ports: it takes
// the entry over and removes it, or refuses, as [DecideReuse] tells; bound is
// Reuse.Bound. Without an entry the verdict is [Refuse] with [NoEntry], and that the
// port is free is for others to say.
//
// It returns an error for a time that goes back or leaves a due timer behind.
func (t *Table) Connect(now time.Duration, local, remote netip.AddrPort, bound bool) (Verdict, Inheritance, error) {
	i, ok, err := t.lookup(now, local, remote)
	if err != nil {
		return Verdict{}, Inheritance{}, err
	}
	t.now = now
	if !ok {
		return Verdict{Action: Refuse, Reason: NoEntry}, Inheritance{}, nil
	}
	v := DecideReuse(&t.sem, &t.cfg.Sysctls, t.reuse(i, bound))
	if v.Action != Take {
		return v, Inheritance{}, nil
	}
	e := t.s.at(i)
	in := Inheritance{ISN: ReopenISN(e.sndNxt), TSRecent: e.tsRecent, SeenAt: e.seenAt}
	t.totals.Raise(v.Counters)
	t.kill(i)
	return v, in, nil
}

// reuse is entry i as a connect() finds it.
func (t *Table) reuse(i uint32, bound bool) Reuse {
	e := t.s.at(i)
	c := t.s.connOf(e)
	return Reuse{
		Bound: bound, State: e.state(), SeenAt: e.seenAt, Now: t.second(t.now), EntryMs: e.aux, NowMs: t.millisecond(t.now),
		Loopback: IsLoopback(t.s.localTab[c.local].addr, c.remote, e.window&flagLo != 0),
	}
}

// All yields the entries, in an order that is the same for the same calls: what `ss -tan`
// lists as TIME-WAIT and FIN-WAIT-2. Nothing may be changed meanwhile.
func (t *Table) All() iter.Seq[Live] {
	return func(yield func(Live) bool) {
		for i := range t.s.used {
			e := t.s.at(i)
			if e.bucket() < 0 {
				continue // free
			}
			c := t.s.connOf(e)
			k := Live{netip.AddrPortFrom(t.s.localTab[c.local].addr, c.lport), netip.AddrPortFrom(c.remote, c.rport), e.state()}
			if !yield(k) {
				return
			}
		}
	}
}

// A Live is an entry that is there.
type Live struct {
	Local, Remote netip.AddrPort // its endpoints, this host's first
	State         State          // what it is in
}

// Find returns the state of the entry with these addresses and ports; ok is false if
// there is none.
func (t *Table) Find(local, remote netip.AddrPort) (state State, ok bool) {
	var c conn
	if !remote.IsValid() || !local.IsValid() {
		return 0, false
	}
	if !t.name(&c, local, remote) {
		return 0, false
	}
	i, ok := t.s.find(&c)
	if !ok {
		return 0, false
	}
	return t.s.at(i).state(), true
}
