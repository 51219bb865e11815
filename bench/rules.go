package main

import (
	"net/netip"
	"runtime"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/queue"
	"example.com/linuxtcp/timewait"
)

// modelled is the release that linuxtcp stands for, where it does not matter or one has to be chosen: the one at which
// the kernel's side was first measured.
const modelled = "6.18.44"

// loop is a worker without state: it does a thing so many times.
type loop func(n int)

func (l loop) Do(n int, m *meter) error {
	m.start()
	l(n)
	m.stop(n)
	runtime.KeepAlive(&sum)
	return nil
}

func (loop) Close() {}

// sum takes a field of each answer, so that it has to be worked out. Not the whole answer: bytes that are written one by
// one and copied together cost as much as a decision.
var sum uint32

// ruleWorks are decisions of level 1: functions of numbers. Beside each stands the least that a decision can be.
func ruleWorks() []work {
	release := kernel.MustParse(modelled)
	sem := release.Semantics()
	sys := must(kernel.Defaults(release, kernel.Machine{MemoryBytes: 8 << 30}))
	rule := func(name, bench string, l loop) work {
		return work{name: "a rule: " + name, bench: "Rule/rule=" + bench, nanoseconds: 10, sides: []side{
			{"linuxtcp", func(scale) (worker, error) { return l, nil }},
			{"branches", func(scale) (worker, error) { return loop(branches), nil }},
		}}
	}
	return []work{
		rule("a SYN at a listener", "DecideSYN", func(n int) {
			q := queue.Queues{AcceptLen: 3, AcceptLimit: 128, Requests: 97, Young: 5, SYNLimit: 128}
			for range n {
				sum += uint32(queue.DecideSYN(&sem, &sys, q, queue.SYN{Timestamp: true}).Reason)
			}
		}),
		rule("a segment in TIME-WAIT", "Decide", func(n int) {
			v := timewait.View{State: timewait.TimeWait, RcvNxt: 1000, SndNxt: 5, TSRecent: 77, SeenAt: 3, Now: 4, Jiffies: 900, Limit: 125}
			s := timewait.Segment{Flags: timewait.FlagSYN, Seq: 2000, Timestamp: true, TSVal: 78, Listener: true}
			for range n {
				sum += uint32(timewait.Decide(&sem, &v, &s).Reason)
			}
		}),
		rule("an old timestamp", "DecideEstablished", func(n int) {
			c := &paws.Conn{Recent: paws.Recent{TS: 1000, Stamp: 100}, Timestamps: true, RcvNxt: 1, RcvWup: 1, RTO: 50, HZ: 250}
			s := &paws.Segment{ACK: true, Timestamp: true, TSVal: 7, Seq: 1, Len: 1}
			for range n {
				sum += uint32(paws.DecideEstablished(&sem, c, s, 120).Reason)
			}
		}),
		rule("two owners of a port", "Conflicts", func(n int) {
			x := &portalloc.Owner{Address: portalloc.BoundTo(netip.MustParseAddr("10.0.0.1"), false), ReuseAddr: true}
			y := &portalloc.Owner{Address: portalloc.BoundTo(netip.MustParseAddr("0.0.0.0"), false), TimeWait: true}
			for range n {
				if portalloc.Conflicts(&sem, x, y, portalloc.ByNumber) {
					sum++
				}
			}
		}),
	}
}

func branches(n int) {
	for i := range uint32(n) {
		sum += branchy(i, 3, 128, 97, 5, 128)
	}
}

// branchy is a function with a few branches over six words.
//
//go:noinline
func branchy(now, used, limit, requests, young, most uint32) uint32 {
	switch {
	case used > limit:
		return 1
	case requests >= most && young > 1:
		return 2
	case most-requests < most>>2 && now&1 == 0:
		return 3
	case requests > most>>1:
		return 4
	}
	return 5
}
