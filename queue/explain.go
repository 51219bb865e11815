package queue

import (
	"fmt"
	"strings"
)

// A Check is one test that the kernel made on the way to a verdict.
type Check struct {
	Name   string // what was tested: "accept queue full"
	Detail string // with its numbers: "6 in the queue, 6 > 5: full"
	Func   string // the kernel function that tests it: "sk_acceptq_is_full"
	Hit    bool   // the test was true, and so decided or changed what follows
}

// String is one line: a mark for a hit, the name, the numbers, the function.
func (c Check) String() string {
	mark := " "
	if c.Hit {
		mark = "*"
	}
	return fmt.Sprintf("%s %-18s %s  (%s)", mark, c.Name, c.Detail, c.Func)
}

// An Explanation is a verdict with the checks that led to it, in the kernel's
// order. Checks that the kernel did not reach are not in it.
type Explanation struct {
	Verdict Verdict // what was decided
	Checks  []Check // what led to it
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
