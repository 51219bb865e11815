package queue_test

import (
	"slices"
	"testing"

	"example.com/linuxtcp/internal/rowtest"
	"example.com/linuxtcp/kernel"
)

// The random tests draw their releases from a list that is written out.
func TestErasReachTheNewest(t *testing.T) {
	newest := rowtest.Newest().Series()
	if !slices.ContainsFunc(eras, func(name string) bool { return kernel.MustParse(name).Series() == newest }) {
		t.Errorf("eras has no release of %s, the newest series", newest)
	}
}
