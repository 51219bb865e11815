package main

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// maxFlood is the most SYNs of a flood, and so the most that a queue is filled with.
const maxFlood = 1_000_000

// flood sends n SYNs from different hosts to a listener in the subject's state, all
// at once, and answers none of the SYN-ACKs.
func flood(c *config, s subject, n int) (*FloodReport, error) {
	l, err := queue.NewListener(queue.Config{Semantics: c.sem, Sysctls: c.sys, HZ: c.hz, Key: 1})
	if err != nil {
		return nil, err
	}
	backlog, somaxconn := s.listenArguments()
	f := &FloodReport{SYNs: n, Counters: []CounterCount{}}
	hosts := hostSource{ipv6: s.IPv6}
	start, err := fill(l, c, s.Queues, backlog, somaxconn, &hosts)
	if err != nil {
		return nil, err
	}
	if got := l.Queues(); got.AcceptLen != s.Queues.AcceptLen || got.Requests != s.Queues.Requests || got.Young != s.Queues.Young {
		f.Notes = append(f.Notes, fmt.Sprintf("The flood meets %d waiting and %d half-open, %d of them young, which is as near as a fresh listener gets to the state above.",
			got.AcceptLen, got.Requests, got.Young))
	}
	before := l.Counters()
	reasons := make(map[queue.Reason]int)
	for range n {
		out, err := l.Receive(start, hosts.syn())
		if err != nil {
			return nil, err
		}
		f.Logged = f.Logged || out.Logs
		switch out.Action {
		case queue.SendSYNACK:
			f.Queued++
		case queue.SendCookie:
			f.Cookies++
		default:
			f.Dropped++
			reasons[out.Reason]++
		}
	}
	for reason, count := range reasons {
		f.Reasons = append(f.Reasons, ReasonCount{reason.String(), count})
	}
	slices.SortFunc(f.Reasons, func(a, b ReasonCount) int { return b.Count - a.Count })
	for counter, count := range l.Counters().Sub(before).All() {
		f.Counters = append(f.Counters, CounterCount{counter.String(), count})
	}
	return f, f.watch(l, c, s, start)
}

// listenArguments are a backlog and a somaxconn that give the subject its limits.
func (s *subject) listenArguments() (backlog int, somaxconn *int) {
	switch {
	case s.Backlog != nil:
		return int(*s.Backlog), nil
	case s.Live.HasLimit:
		limit := int(min(s.Live.Limit, 1<<31-1))
		return limit, &limit
	}
	return -1, nil
}

// fill brings a new listener into the given state and returns the time at which it
// is reached. Old requests come first and wait for their first timeout. Cookies are
// on while the queues fill, so that neither queue keeps the other from filling.
func fill(l *queue.Listener, c *config, q queue.Queues, backlog int, somaxconn *int, hosts *hostSource) (time.Duration, error) {
	filling := c.sys
	filling.TCPSyncookies = 1
	filling.TCPTwRecycle = 0
	if somaxconn != nil {
		filling.Somaxconn = max(*somaxconn, c.sys.Somaxconn)
		if s, ok := kernel.SysctlByName("net.core.somaxconn"); ok {
			_, hi := s.Range(c.sem)
			filling.Somaxconn = min(filling.Somaxconn, hi)
		}
	}
	// Long after boot, so that no rule about the first minutes is met.
	now := time.Hour
	if _, err := l.Advance(now); err != nil {
		return 0, err
	}
	if err := l.SetSysctls(now, filling); err != nil {
		return 0, err
	}
	if err := l.Listen(now, backlog); err != nil {
		return 0, err
	}
	old := int(q.Requests - q.Young)
	for range old {
		if _, err := l.Receive(now, hosts.syn()); err != nil {
			return 0, err
		}
	}
	if old > 0 {
		now += c.sem.SYNACKTimeout + lateness(c.sem.SYNACKTimeout, c.sem)
		if _, err := l.Advance(now); err != nil {
			return 0, err
		}
	}
	for range q.Young {
		if _, err := l.Receive(now, hosts.syn()); err != nil {
			return 0, err
		}
	}
	for range q.AcceptLen {
		syn := hosts.syn()
		out, err := l.Receive(now, syn)
		if err != nil {
			return 0, err
		}
		ack := queue.Segment{From: syn.From, To: syn.To, Flags: queue.FlagACK, Seq: syn.Seq + 1, Ack: out.Reply.Seq + 1}
		if _, err := l.Receive(now, ack); err != nil {
			return 0, err
		}
	}
	return now, l.SetSysctls(now, c.sys)
}

// watch looks at the listener after each of the first SYN-ACK timeouts, and then
// when the last request has ended.
func (f *FloodReport) watch(l *queue.Listener, c *config, s subject, start time.Duration) error {
	resent, timeouts, pruned := uint64(0), uint64(0), 0
	last := start
	look := func(at time.Duration) error {
		events, err := l.Advance(at)
		if err != nil {
			return err
		}
		for _, e := range events {
			timeouts++
			switch {
			case e.Action == queue.ResendSYNACK:
				resent++
			case e.Reason == queue.Pruned:
				pruned++
			}
			last = e.At
		}
		q := l.Queues()
		v := queue.DecideSYN(&c.sem, &c.sys, q, queue.SYN{IPv6: s.IPv6, Timestamp: true})
		f.Later = append(f.Later, FloodMoment{
			Seconds: (at - start).Seconds(), SYNRecv: q.Requests, Young: q.Young,
			Resent: resent, Timeouts: timeouts, Pruned: pruned, NextSYN: shortAction(v.Action),
		})
		return nil
	}
	if err := look(start); err != nil {
		return err
	}
	for _, n := range []int{1, 3, 7, 63} {
		at := time.Duration(n) * c.sem.SYNACKTimeout
		if err := look(start + at + lateness(at, c.sem)); err != nil {
			return err
		}
	}
	// A timer may be up to an eighth late on top of the one before.
	for l.Queues().Requests > 0 {
		due, ok := l.Next()
		if !ok {
			break
		}
		events, err := l.Advance(due)
		if err != nil {
			return err
		}
		if len(events) > 0 {
			last = due
		}
	}
	f.EndSeconds = (last - start).Seconds()
	return nil
}

// lateness is by how much timers may be late that are due after d in all: an eighth
// on a coarse wheel; a sweep of the listener's table before 4.1.
func lateness(d time.Duration, sem kernel.Semantics) time.Duration {
	if !sem.RequestTimers {
		return 600*time.Millisecond + time.Second*(sem.SYNACKTimeout-time.Second)/(2*time.Second)
	}
	return d/8 + 10*time.Millisecond
}

func shortAction(a queue.Action) string {
	switch a {
	case queue.SendSYNACK:
		return "SYN-ACK"
	case queue.SendCookie:
		return "cookie"
	}
	return "dropped"
}

// A hostSource makes SYNs of hosts that were not seen before.
type hostSource struct {
	ipv6 bool
	next uint32
}

func (h *hostSource) syn() queue.Segment {
	h.next++
	n := h.next
	addr := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
	if h.ipv6 {
		addr = netip.AddrFrom16([16]byte{0: 0xfd, 12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)})
	}
	return queue.Segment{From: netip.AddrPortFrom(addr, 40000), Flags: queue.FlagSYN, Seq: n * 7919, MSS: 1460}
}
