// Package raised finds out what raises a counter on a kernel, by asking the models: it plays
// small scenes, one decision each, and looks which counters went up.
package raised

import (
	"example.com/linuxtcp/kernel"
)

// A Scene is something that happens, and the rule that decides what comes of it.
type Scene struct {
	// What happens, to be read after "when": "a SYN meets a full accept queue".
	What string
	// Rule is the function of this module, Func that of the kernel.
	Rule, Func string

	play func(*kernel.Semantics) kernel.CounterSet
}

// Counters are what the scene raises on a kernel with these semantics.
func (s Scene) Counters(sem *kernel.Semantics) kernel.CounterSet { return s.play(sem) }

// Scenes are all scenes: those of a listener, of TIME-WAIT, of timestamps, of connections.
func Scenes() []Scene {
	var all []Scene
	for _, some := range [][]Scene{listenerScenes, timeWaitScenes, connectionScenes, hostScenes} {
		all = append(all, some...)
	}
	return all
}

// A Table is what every scene raises on one kernel. Ask it instead of the scenes where there
// is more than one question.
type Table struct {
	scenes []Scene
	raised []kernel.CounterSet
}

// On plays all scenes on a kernel with these semantics.
func On(sem *kernel.Semantics) *Table {
	t := &Table{scenes: Scenes()}
	for _, s := range t.scenes {
		t.raised = append(t.raised, s.play(sem))
	}
	return t
}

// By returns the scenes that raise a counter.
func (t *Table) By(c kernel.Counter) (by []Scene) {
	for i, s := range t.scenes {
		if t.raised[i].Has(c) {
			by = append(by, s)
		}
	}
	return by
}

// Implies reports whether each scene that raises one counter raises another too, and whether
// there is any: then the second is at least the first.
func (t *Table) Implies(c, too kernel.Counter) bool {
	any := false
	for _, r := range t.raised {
		if r.Has(c) {
			if any = true; !r.Has(too) {
				return false
			}
		}
	}
	return any
}

// Beyond says what else raises a counter in a kernel, which the models do not do: they send
// no data. It is "" for most.
func Beyond(c kernel.Counter) string {
	switch c {
	case kernel.TCPTimeouts, kernel.RetransSegs, kernel.TCPAbortOnTimeout:
		return "the same for data"
	}
	return ""
}
