package timewait

import (
	"fmt"
	"slices"
	"strings"

	"example.com/linuxtcp/kernel"
)

//go:generate go test . -run TestDecisionDocIsCurrent -update

// A term is a conjunction: all bits of yes are set and none of no.
type term struct{ yes, no facts }

func (t term) holds(f facts) bool { return f&t.yes == t.yes && f&t.no == 0 }

func (t term) String() string {
	var parts []string
	for i, name := range factNames {
		switch bit := facts(1) << i; {
		case t.yes&bit != 0:
			parts = append(parts, name[0])
		case t.no&bit != 0:
			parts = append(parts, name[1])
		}
	}
	return strings.Join(parts, ", ")
}

// effects are what a row does besides its action.
type effects uint8

const (
	learns  effects = 1 << iota // the timestamp is remembered, if the segment has one
	rearms                      // the 60 s begin anew
	becomes                     // the entry goes on to TIME_WAIT
	counts                      // PAWSEstab or PAWSTimewait
	old1337                     // the 60 s begin anew to 4.18 only (TimeWaitRSTKeepsTimer)
)

// A row of the decision table. Rows are tried in order; the first of the entry's state
// that has a term that holds decides. A row without terms always does.
type row struct {
	id     string
	state  State
	when   []term
	action Action
	reason Reason
	does   effects
}

// decisions is tcp_timewait_state_process of every release. What differs between
// releases is in the effects and in what is counted.
var decisions = []row{
	{"F1", FinWait2, []term{{yes: isOld}, {no: inWindow}}, SendACK, OutOfWindow, 0},
	{"F2", FinWait2, []term{{yes: isRST}}, Remove, PeerReset, 0},
	{"F3", FinWait2, []term{{yes: isSYN, no: seqBefore}}, ResetRemove, SYNInFinWait2, 0},
	{"F4", FinWait2, []term{{no: isACK}, {no: endAfter}, {yes: isEmpty}}, Drop, Duplicate, 0},
	{"F5", FinWait2, []term{{no: isFIN}, {no: endOne}}, ResetRemove, DataAfterClose, 0},
	{"F6", FinWait2, nil, SendACK, PeerFIN, learns | rearms | becomes},

	{"T1", TimeWait, []term{{yes: atNext | isRST, no: isOld | rfc1337}}, Remove, Assassinated, 0},
	{"T2", TimeWait, []term{{yes: atNext | isRST, no: isOld}}, Drop, RFC1337, learns | old1337},
	{"T3", TimeWait, []term{{yes: atNext | isEmpty, no: isOld}}, Drop, BareSegment, learns | rearms},
	{"T4", TimeWait, []term{
		{yes: isSYN | seqAfter, no: isRST | isACK | isOld},
		{yes: isSYN | newerTS, no: isRST | isACK | isOld},
	}, Reopen, NewSYN, 0},
	{"T5", TimeWait, []term{{yes: isRST | isOld}}, Drop, PAWSOld, counts},
	{"T6", TimeWait, []term{{yes: isRST}}, Drop, StrayRST, 0},
	{"T7", TimeWait, []term{{yes: isOld}}, SendACK, PAWSOld, counts | rearms},
	{"T8", TimeWait, []term{{yes: isACK}}, SendACK, OldSegment, rearms},
	{"T9", TimeWait, nil, SendACK, OldSYN, 0},
}

// A Rule is one row of the decision table, for reading.
type Rule struct {
	ID     string   // "T4"
	State  State    // of the entry
	When   []string // the conditions, one of which must hold; none for "else"
	Action Action   // what the kernel does
	Reason Reason   // why
	// Also is what happens besides, with kernel versions where they differ.
	Also []string
}

// String is the rule on one line.
func (r Rule) String() string {
	when := "else"
	if len(r.When) > 0 {
		when = strings.Join(r.When, "; or ")
	}
	s := fmt.Sprintf("%s %s: %s -> %s", r.ID, r.State, when, r.Action)
	if len(r.Also) > 0 {
		s += "; " + strings.Join(r.Also, "; ")
	}
	return s
}

// Decisions returns the decision table for a segment that meets an entry
// (tcp_timewait_state_process): the rules in the order in which they are tried, those
// of FIN_WAIT2 before those of TIME_WAIT. It is the table that [Decide] runs. With sem
// it shows what that kernel does; with nil it names releases where they differ.
//
// A SYN with FIN counts as a SYN to T4; the listener it is handed to then ignores it,
// so such a segment silently ends TIME_WAIT (observed on 5.10.223, 6.1.192, 6.18.44,
// 7.2.13).
//
// "The timestamp is too old" is [PAWSRejects]; an entry that has no timestamp looks at
// none. "In the window" is tcp_in_window with the window that the socket had.
func Decisions(sem *kernel.Semantics) []Rule {
	var rules []Rule
	for _, r := range decisions {
		rule := Rule{ID: r.id, State: r.state, Action: r.action, Reason: r.reason, Also: alsoOf(sem, r)}
		for _, t := range r.when {
			rule.When = append(rule.When, t.String())
		}
		rules = append(rules, rule)
	}
	return slices.Clip(rules)
}

func alsoOf(sem *kernel.Semantics, r row) []string {
	var also []string
	add := func(cond bool, s string) {
		if cond {
			also = append(also, s)
		}
	}
	add(r.does&becomes != 0, "becomes TIME_WAIT")
	add(r.does&learns != 0, "remembers its timestamp")
	add(r.does&rearms != 0, "60 s begin anew")
	if r.does&old1337 != 0 {
		add(sem == nil, "to 4.18 60 s begin anew")
		add(sem != nil && !sem.TimeWaitRSTKeepsTimer, "60 s begin anew")
	}
	if r.does&counts != 0 {
		if sem == nil {
			add(true, "counts PAWSEstab, from 6.16 PAWSTimewait")
		} else {
			add(true, "counts "+pawsCounter(sem).String())
		}
	}
	if limitedRow(&r) {
		add(sem == nil, "rate limited from 4.0")
		add(sem != nil && sem.TimeWaitACKRateLimited, "rate limited")
	}
	add(r.action == Reopen, "without a listener: send an ACK, keep the entry")
	return also
}

// limitedRow reports whether a row's ACK is subject to tcp_invalid_ratelimit: all but
// the one that acknowledges the FIN.
func limitedRow(r *row) bool { return r.action == SendACK && r.does&becomes == 0 }

func pawsCounter(sem *kernel.Semantics) kernel.Counter {
	if sem.PAWSTimewaitCounter {
		return kernel.PAWSTimewait
	}
	return kernel.PAWSEstab
}
