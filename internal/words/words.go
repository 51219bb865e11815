// Package words says verdicts, so that those of all models read alike.
package words

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/linuxtcp/kernel"
)

// Sentence is a verdict: what is done, why, the counters raised, and the kernel's drop
// reason, whose String is "" for none.
func Sentence(action, reason fmt.Stringer, counters kernel.CounterSet, drop fmt.Stringer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", action, reason)
	if counters.Len() > 0 {
		fmt.Fprintf(&b, " (%s)", counters)
	}
	if d := drop.String(); d != "" {
		fmt.Fprintf(&b, " [%s]", d)
	}
	return b.String()
}

// Name is the name of a value of a kind that counts from 1, and "Kind(9)" for one
// without a name.
func Name(kind string, names []string, n uint8) string {
	if n == 0 || int(n) >= len(names) {
		return kind + "(" + strconv.Itoa(int(n)) + ")"
	}
	return names[n]
}

// Pick is yes or no.
func Pick(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}
