package portalloc

import (
	"testing"

	"example.com/linuxtcp/kernel"
)

// The zero Search has no candidates, and no Search has one beyond its last.
func TestSearchEnds(t *testing.T) {
	var zero Search
	if zero.Len() != 0 || zero.Port(0) != 0 || zero.Port(1) != 0 {
		t.Error("the zero Search has candidates")
	}
	for range zero.All() {
		t.Error("the zero Search yields one")
	}
	for _, release := range []string{"3.10.108", "4.4.155", "6.12.117"} {
		sem := kernel.MustParse(release).Semantics()
		s := ConnectSearch(&sem, kernel.PortRange{Low: 40000, High: 40009}, false, 7, 1)
		if s.Port(-1) != 0 || s.Port(s.Len()) != 0 || s.Port(s.Len()-1) == 0 {
			t.Errorf("%s: %d, %d, %d", release, s.Port(-1), s.Port(s.Len()-1), s.Port(s.Len()))
		}
		s.Passes = 3 // nobody has a third
		if got := s.Port(s.Len() - 1); got != 0 {
			t.Errorf("%s: %d in a third pass", release, got)
		}
	}
}
