package sim

import (
	"fmt"
	"time"

	"example.com/linuxtcp/host"
)

// A Kind is what an event of a trace is about.
type Kind uint8

const (
	Sent    Kind = iota + 1 // a segment left a host
	Changed                 // a box rewrote a segment: Event.Segment is what goes on
	Lost                    // a segment got lost on a path, or no path leads to its destination
	Stopped                 // a box stopped a segment
	Replied                 // a box sent a segment of its own
	Arrived                 // a segment reached a host: Event.Verdict is what became of it
	Said                    // a program tells what it does: Event.Text
)

var kindNames = [...]string{Sent: "sent", Changed: "changed", Lost: "lost", Stopped: "stopped", Replied: "replied", Arrived: "arrived", Said: "said"}

// String is the kind in a word.
func (k Kind) String() string {
	if k == 0 || int(k) >= len(kindNames) {
		return "Kind?"
	}
	return kindNames[k]
}

// An Event is a line of a trace.
type Event struct {
	At    time.Duration // the world's time
	Kind  Kind          // what it is about
	Where string        // the node or the box
	// Segment is what it is about; the zero Segment for Said.
	Segment host.Segment
	// Verdict is what a host did, for Arrived.
	Verdict host.Verdict
	// Text is why, for Lost and Stopped, and what is told, for Said.
	Text string
}

// String is the event on one line: seconds, place, what happened.
func (e Event) String() string {
	head := fmt.Sprintf("%12.6f %-10s %-8v", e.At.Seconds(), e.Where, e.Kind)
	switch e.Kind {
	case Said:
		return head + " " + e.Text
	case Arrived:
		return fmt.Sprintf("%s %v -> %v", head, e.Segment, e.Verdict)
	}
	if e.Text != "" {
		return fmt.Sprintf("%s %v: %s", head, e.Segment, e.Text)
	}
	return fmt.Sprintf("%s %v", head, e.Segment)
}

// trace passes an event on to who wants to know.
func (w *World) trace(k Kind, where string, s host.Segment, text string) {
	if w.cfg.Trace != nil {
		w.cfg.Trace(Event{At: w.now, Kind: k, Where: where, Segment: s, Text: text})
	}
}
