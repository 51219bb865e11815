package timewait

import (
	"fmt"
	"strings"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// A Check is one test that the kernel made on the way to a verdict.
type Check struct {
	Name   string // what was tested: "T4"
	Detail string // with its numbers: "SYN, seq after rcv_nxt..."
	Func   string // the kernel function that tests it
	Hit    bool   // the test was true, and so decided or changed what follows
}

// String is one line: a mark for a hit, the name, the numbers, the function.
func (c Check) String() string {
	return fmt.Sprintf("%s %-14s %s  (%s)", words.Pick(c.Hit, "*", " "), c.Name, c.Detail, c.Func)
}

// An Explanation is a verdict with the checks that led to it, in the kernel's order.
// Checks that the kernel did not reach are not in it.
type Explanation struct {
	Verdict Verdict // what the kernel does
	Checks  []Check // the checks that led to it
}

// String is one line for each check and one for the verdict.
func (e Explanation) String() string {
	var b strings.Builder
	for _, c := range e.Checks {
		b.WriteString(c.String())
		b.WriteByte('\n')
	}
	b.WriteString("= " + e.Verdict.String())
	return b.String()
}

func (e *Explanation) add(hit bool, name, fn, format string, args ...any) {
	e.Checks = append(e.Checks, Check{Name: name, Detail: fmt.Sprintf(format, args...), Func: fn, Hit: hit})
}

// ExplainSegment is [Decide] with the checks that lead to its verdict.
func ExplainSegment(sem *kernel.Semantics, v *View, s *Segment) Explanation {
	sem = given.Kernel(sem)
	d := Decide(sem, v, s)
	x := Explanation{Verdict: d.Verdict}
	f := observe(sem, v, s)
	switch {
	case !s.Timestamp:
		x.add(false, "PAWS", "tcp_paws_reject", "no timestamp on the segment")
	case v.SeenAt == 0:
		x.add(false, "PAWS", "tcp_paws_reject", "the connection used no timestamps: the segment's is not looked at")
	default:
		x.add(f&isOld != 0, "PAWS", "tcp_paws_reject", "last timestamp %d, this one %+d: %s", v.TSRecent, int32(s.TSVal-v.TSRecent),
			words.Pick(f&isOld != 0, "too old", "passes"))
	}
	const fn = "tcp_timewait_state_process"
	for i := range decisions {
		r := &decisions[i]
		if r.state != v.State {
			continue
		}
		var when []string
		for _, t := range r.when {
			when = append(when, t.String())
		}
		if r == d.rule {
			x.add(true, r.id, fn, "seq is rcv_nxt%+d: %s", int32(s.Seq-v.RcvNxt), words.Pick(r.when == nil, "none of these", strings.Join(when, "; or ")))
			break
		}
		x.add(false, r.id, fn, "%s", strings.Join(when, "; or "))
	}
	switch {
	case d.rule == nil:
	case d.rule.action == Reopen:
		x.add(s.Listener, "listener", "tcp_v4_rcv", "%s", words.Pick(s.Listener, "somebody listens", "nobody listens: answered with an ACK"))
	case limitedRow(d.rule) && sem.TimeWaitACKRateLimited && AnswerExempt(s):
		x.add(false, "rate limit", "tcp_oow_rate_limited", "data or FIN: always answered")
	case limitedRow(d.rule) && sem.TimeWaitACKRateLimited:
		x.add(d.Limited, "rate limit", "tcp_oow_rate_limited", "%s", words.Pick(v.Answered == 0, "not answered before",
			fmt.Sprintf("answered %d jiffies ago, limit %d", int32(v.Jiffies-v.Answered), v.Limit)))
	}
	return x
}

// ExplainReuse is [DecideReuse] with the checks that lead to its verdict.
func ExplainReuse(sem *kernel.Semantics, sys *kernel.Sysctls, r Reuse) Explanation {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	x := Explanation{Verdict: DecideReuse(sem, sys, r)}
	const fn = "tcp_twsk_unique"
	why := x.Verdict.Reason
	x.add(why == NoTimestamps, "timestamps", fn, "%s", words.Pick(r.SeenAt == 0, "the old connection used none: refuse", "the old connection used them"))
	if why == NoTimestamps {
		return x
	}
	x.add(r.Bound, "bound port", fn, "%s", words.Pick(r.Bound, "bound before: take", "connect() looks for a port"))
	if r.Bound {
		return x
	}
	if sem.TWReuseNotFinWait2 {
		x.add(why == FinWait2Entry, "state", fn, "%s", r.State)
		if why == FinWait2Entry {
			return x
		}
	}
	x.add(why == ReuseOff || why == NotLoopback, "tcp_tw_reuse", fn, "%d: %s", sys.TCPTWReuse, words.Pick(why == ReuseOff, "never",
		words.Pick(sem.TWReuseLoopback && sys.TCPTWReuse == 2, "loopback connections only, "+words.Pick(r.Loopback, "which this is", "which this is not"), "allowed")))
	if why == ReuseOff || why == NotLoopback {
		return x
	}
	x.add(why == TooYoung, "age", fn, "%s: %s", reuseSummary(sem, sys, r), words.Pick(why == TooYoung, "too young", "old enough"))
	return x
}
