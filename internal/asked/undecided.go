package asked

import "example.com/linuxtcp/kernel"

// Otherwise returns how a release would behave if a change that its name leaves open
// ([kernel.Release.Undecided]) were there, or were not: the other way than sem takes it.
// present says that sem has it, since every build of the vendor that was read has.
func Otherwise(r kernel.Release, sem kernel.Semantics, open kernel.Change) (other kernel.Semantics, present bool) {
	other = sem
	if open.Apply(&other); other != sem {
		return other, false
	}
	return without(r, open), true
}

// without is how a release behaves if it lacks a change that it is taken to have: the
// first release with all other changes.
func without(r kernel.Release, lacks kernel.Change) kernel.Semantics {
	taken, sem := r.Semantics(), kernel.MustParse("2.6.32").Semantics()
	for _, c := range kernel.Changes() {
		has, known := r.Has(c)
		if !known { // taken as present if it makes no difference any more
			again := taken
			c.Apply(&again)
			has = again == taken
		}
		if has && c.ID != lacks.ID {
			c.Apply(&sem)
		}
	}
	return sem
}
