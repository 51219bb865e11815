package paws

import (
	"fmt"
	"strings"
)

// A Step is one test that the kernel made on the way to a verdict.
type Step struct {
	Name   string // what was tested: "timestamp"
	Detail string // with its numbers: "1000 against 998, older by 2 > 1: fails"
	Func   string // the kernel function that tests it: "tcp_paws_check"
	Hit    bool   // the test decided or changed what follows
}

// String is one line: a mark for a hit, the name, the numbers, the function.
func (s Step) String() string {
	mark := " "
	if s.Hit {
		mark = "*"
	}
	return fmt.Sprintf("%s %-15s %s  (%s)", mark, s.Name, s.Detail, s.Func)
}

// An Explanation is a verdict with the tests that led to it, in the kernel's order.
// Tests that the kernel did not reach are not in it.
type Explanation struct {
	Verdict Verdict // what the kernel does
	Steps   []Step  // the tests that led to it, in its order
}

// String is one line for each test and one for the verdict.
func (e Explanation) String() string {
	var b strings.Builder
	for _, s := range e.Steps {
		b.WriteString(s.String())
		b.WriteByte('\n')
	}
	b.WriteString("= " + e.Verdict.String())
	return b.String()
}
