package timewait

import (
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// Sockets that close at one moment are one thing to remember.
func TestCrowdIsSmall(t *testing.T) {
	r := kernel.MustParse("6.12")
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 4 << 30})
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCrowd(Config{Semantics: r.Semantics(), Sysctls: sys})
	if err != nil {
		t.Fatal(err)
	}
	for moment := range 3 {
		now := Length / 4 * time.Duration(moment)
		for range 2 {
			if _, err := c.Enter(now, 5); err != nil {
				t.Fatal(err)
			}
		}
		if got := c.t.w.(*crowdTimers).size; got != moment+1 {
			t.Errorf("%d moments are kept as %d", moment+1, got)
		}
	}
}
