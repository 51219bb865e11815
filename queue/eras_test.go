package queue_test

import (
	"slices"
	"testing"

	"example.com/linuxtcp/internal/rowtest"
	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

// The random tests draw their releases from a list that is written out.
func TestErasReachTheNewest(t *testing.T) {
	newest := rowtest.Newest().Series()
	if !slices.ContainsFunc(eras, func(name string) bool { return kernel.MustParse(name).Series() == newest }) {
		t.Errorf("eras has no release of %s, the newest series", newest)
	}
}

// TestNewestListenerAgainstDumbModel is TestListenerAgainstDumbModel for the newest release
// alone: a mistake in the last row added would be one of eighty releases' there, and hardly
// ever drawn.
func TestNewestListenerAgainstDumbModel(t *testing.T) {
	sem := rowtest.Newest().Semantics()
	rapid.Check(t, func(t *rapid.T) { runMachineOf(t, sem) })
}
