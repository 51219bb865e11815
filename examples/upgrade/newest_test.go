package main

import (
	"testing"

	"example.com/linuxtcp/internal/rowtest"
)

// What an upgrade leads to where -to is not given.
func TestNewestIsTheNewest(t *testing.T) {
	if want := rowtest.Newest().String(); newest != want {
		t.Errorf("upgrades lead to %s; the newest release is %s", newest, want)
	}
}
