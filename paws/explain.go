package paws

import (
	"fmt"
	"strings"
)

// A Check is one test that the kernel made on the way to a verdict.
type Check struct {
	Name   string // what was tested: "timestamp"
	Detail string // with its numbers: "1000 against 998, older by 2 > 1: fails"
	Func   string // the kernel function that tests it: "tcp_paws_check"
	Hit    bool   // the test decided or changed what follows
}

// String is one line: a mark for a hit, the name, the numbers, the function.
func (c Check) String() string {
	mark := " "
	if c.Hit {
		mark = "*"
	}
	return fmt.Sprintf("%s %-15s %s  (%s)", mark, c.Name, c.Detail, c.Func)
}

// An Explanation is a verdict with the checks that led to it, in the kernel's order.
// Checks that the kernel did not reach are not in it.
type Explanation struct {
	Verdict Verdict // what the kernel does
	Checks  []Check // the checks that led to it, in its order
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
