package fuzz

import "example.com/linuxtcp/script"

// An Asker has scripts answered by a kernel and by the model of it.
type Asker interface {
	// Ask returns a verdict for each script, in their order. An error means that the
	// kernel could not be asked at all.
	Ask(scripts []*script.Script) ([]Verdict, error)
}

// A Verdict is what came of one script.
type Verdict struct {
	// Kernel is the release that answered; it is empty if none did.
	Kernel string
	// Recorded is the script with the answers of the kernel, nil without an answer.
	Recorded *script.Script
	// Difference is the first one of the model; nil if there is none.
	Difference *script.Difference
	// Nudged: they agree, but only if a step was over a jiffy or two sooner or later than
	// recorded.
	Nudged bool
	// Err says why there is nothing to compare.
	Err error
}
