package host

import (
	"fmt"
	"strings"

	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// A Check is one test that the kernel made on the way to a verdict.
type Check struct {
	Name   string // what was tested: "RST"
	Detail string // with its numbers
	Func   string // the kernel function that tests it
	Hit    bool   // the test was true, and so decided or changed what follows
}

// String is one line: a mark for a hit, the name, the numbers, the function.
func (c Check) String() string {
	return fmt.Sprintf("%s %-14s %s  (%s)", words.Pick(c.Hit, "*", " "), c.Name, c.Detail, c.Func)
}

// An Explanation is a decision with the checks that led to it, in the kernel's order.
// Checks that the kernel did not reach are not in it.
type Explanation struct {
	Decision Decision // what the kernel does
	Checks   []Check  // the checks that led to it, in its order
}

// String is one line for each check and one for the verdict.
func (e Explanation) String() string {
	var b strings.Builder
	for _, c := range e.Checks {
		b.WriteString(c.String())
		b.WriteByte('\n')
	}
	b.WriteString("= " + e.Decision.Verdict.String())
	return b.String()
}

// Explain is [Decide] with the checks that lead to its verdict.
func Explain(sem *kernel.Semantics, sys *kernel.Sysctls, c Conn, s *Segment, at Moment) Explanation {
	var x Explanation
	d := newDecider(sem, sys, c, s, at, &x)
	x.Decision = d.decide()
	return x
}

// add does nothing on a nil Explanation, which nobody will read.
func (e *Explanation) add(hit bool, name, fn, format string, args ...any) {
	if e != nil {
		e.Checks = append(e.Checks, Check{Name: name, Detail: fmt.Sprintf(format, args...), Func: fn, Hit: hit})
	}
}

func (e *Explanation) window(d *decider, p Place) {
	e.add(p != Inside, "window", "tcp_sequence", "%+d to %+d from the next number, window %d: %s",
		int32(d.s.Seq-d.c.RcvNxt), int32(d.end-d.c.RcvNxt), d.wnd, words.Pick(p == Inside, "inside", "outside"))
}

func (e *Explanation) limit(d *decider, held bool) {
	if d.sem.PAWSACKRateLimited {
		e.add(held, "own limit", "tcp_oow_rate_limited", "%s", words.Pick(d.c.Answered == 0, "not answered before",
			fmt.Sprintf("answered %d jiffies ago, limit %d", int32(d.at.Jiffies-d.c.Answered), d.limit())))
	}
}
