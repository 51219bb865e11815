package asked

import (
	"testing"

	"example.com/linuxtcp/kernel"
)

// TestWithout: taking a change away and putting it back is the release again.
func TestWithout(t *testing.T) {
	for _, name := range []string{"3.10.0-693.el7.x86_64", "2.6.32-131.el6.x86_64", "5.15.0-91-generic"} {
		r := kernel.MustParse(name)
		sem := r.Semantics()
		if Without(r, kernel.Change{}) != sem {
			t.Errorf("%s: its changes do not add up to it", name)
		}
		for _, c := range r.Undecided() {
			again := sem
			if c.Apply(&again); again != sem {
				continue // it is taken as absent
			}
			if less := Without(r, c); less == sem {
				t.Errorf("%s without %s is the same", name, c.ID)
			} else if c.Apply(&less); less != sem {
				t.Errorf("%s without %s and with it again is another", name, c.ID)
			}
		}
	}
}

// The other way than a release is taken differs from it, and says which way that is.
func TestOtherwise(t *testing.T) {
	present := 0
	for _, name := range []string{"3.10.0-693.el7.x86_64", "2.6.32-131.el6.x86_64", "5.15.0-91-generic"} {
		r := kernel.MustParse(name)
		for _, c := range r.Undecided() {
			other, has := Otherwise(r, r.Semantics(), c)
			if other == r.Semantics() {
				t.Errorf("%s: %s makes no difference", name, c.ID)
			}
			if has {
				present++
				c.Apply(&other)
			}
			if has != (other == r.Semantics()) {
				t.Errorf("%s: %s present: %v", name, c.ID, has)
			}
		}
	}
	if present == 0 {
		t.Error("no change is taken as present")
	}
}
