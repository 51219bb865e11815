package portalloc

import (
	"fmt"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// A Thread is one of the two threads that call connect() at the same time.
type Thread uint8

const (
	ThreadA Thread = iota + 1 // the thread whose socket is named A
	ThreadB                   // the other one
)

// String is "A" or "B".
func (t Thread) String() string {
	return words.Name("Thread", []string{ThreadA: "A", ThreadB: "B"}, uint8(t))
}

func (t Thread) other() Thread { return ThreadA + ThreadB - t }

// A RaceEntry is what the first port that both threads try holds of an earlier
// connection to their destination.
type RaceEntry uint8

const (
	// EntryTaken: a TIME_WAIT entry that connect() may take over. It takes
	// net.ipv4.tcp_tw_reuse (off by default where the race is), timestamps, and an age of
	// two boundaries between seconds; package timewait's DecideReuse tells.
	EntryTaken RaceEntry = iota + 1
	// EntryRefused: a TIME_WAIT entry that connect() must leave alone.
	EntryRefused
	// EntryAbsent: nothing; the port is free.
	EntryAbsent
)

var raceEntryNames = [...]string{
	EntryTaken:   "a TIME_WAIT entry that connect() may take over",
	EntryRefused: "a TIME_WAIT entry that connect() must leave alone", EntryAbsent: "nothing",
}

// String says what the port holds.
func (e RaceEntry) String() string { return words.Name("RaceEntry", raceEntryNames[:], uint8(e)) }

// A RaceConfig is the situation that two connect() calls are in: unbound sockets, the
// same source and destination address, the same destination port. The port hash then
// is the same for both, so that their first candidate is the same too, unless one of
// them has already moved the hint when the other reads it.
type RaceConfig struct {
	// Entry is what the first candidate holds. Zero is an error.
	Entry RaceEntry
	// FreePort: the range has a second port, which is free. Without it the range is one
	// port, and a connect() that is refused there returns EADDRNOTAVAIL.
	FreePort bool
	// OneCPU: one CPU and no preemption, so that a connect() that has begun is not
	// interrupted by the other before its SYN is out.
	OneCPU bool
}

func (c RaceConfig) valid() error {
	if c.Entry < EntryTaken || c.Entry > EntryAbsent {
		return fmt.Errorf("portalloc: Entry is %d: must be EntryTaken, EntryRefused or EntryAbsent", c.Entry)
	}
	return nil
}

// String is the situation in words.
func (c RaceConfig) String() string {
	return fmt.Sprintf("the first candidate holds %s; %s; %s", c.Entry,
		words.Pick(c.FreePort, "another port is free", "the range is that one port"),
		words.Pick(c.OneCPU, "one CPU", "two CPUs"))
}

// HasRace reports whether two connect() calls of this kernel can take one TIME_WAIT entry
// over, and so end with two sockets on the same addresses and ports that send SYNs with
// the same sequence number.
//
// That is so on 2.6.32 with all of its stable releases, and on RHEL 6.0 to 6.4 (builds
// to 383). Mainline fixed it in 2.6.33, RHEL in build 384, first shipped with 6.5 as 431.
// [ExploreRace] shows it.
//
// Semantics that are not valid have none.
//
// Evidence: observed on RHEL 6 build 357 (5 of 960 trials, two CPUs), and not on 6.1.192
// and 7.2.13 (0 of 600 each); others from source.
func HasRace(sem *kernel.Semantics) bool {
	sem = given.Kernel(sem)
	return sem.Valid() && !sem.TWTakenUnhashedLocked
}

// A RaceLock is a lock that steps of connect() need.
type RaceLock uint8

const (
	BindLock RaceLock = iota + 1 // of the port's chain in the table of bound ports (bhash)
	HashLock                     // of the connection's chain in the table of established sockets (ehash)
)

// String names the lock.
func (l RaceLock) String() string {
	return words.Name("RaceLock", []string{BindLock: "port's lock", HashLock: "connection hash's lock"}, uint8(l))
}

// A RaceStep is one step of connect() that nothing else can come into: it is one access
// to memory that others see, or lies within a lock that all who look there take.
type RaceStep struct {
	ID   string // "S4"
	Does string // what it does
	Func string // the kernel function, as 2.6.32 calls it
	// Needs is the lock that must be free for the step to begin, zero if none. Until is
	// the step that gives it back, "" if this one does.
	Needs RaceLock
	Until string
	// Reads and Writes are what it looks at and changes of what both threads see.
	Reads, Writes string
}

// String is the step on one line.
func (s RaceStep) String() string {
	line := fmt.Sprintf("%-3s %s  (%s)", s.ID, s.Does, s.Func)
	switch {
	case s.Needs != 0 && s.Until != "":
		line += fmt.Sprintf(" takes the %s until %s", s.Needs, s.Until)
	case s.Needs != 0:
		line += fmt.Sprintf(" within the %s", s.Needs)
	}
	return line
}

// RaceSteps returns the steps of connect() on this kernel, in the order of the code:
// S0 to S14 for a port that is taken over, N1 and N2 in place of S3 to S7 where the
// port is free, X1 and X2 where it cannot be had. S9 to S12 only happen to a
// connect() that took an entry over.
//
// Three orders exist. To 2.6.32 and RHEL 6 build 383 the entry leaves the hash of
// connections in S10 and the owners of the port in S11, when both locks are long free.
// From RHEL 6 build 384 on it leaves the hash in S5; from build 459 and 2.6.33 on it
// leaves the owners in S7, and S10 and S11 are no more.
//
// Functions and order are those of 2.6.32 and 2.6.33. Later kernels propose ports in
// other orders ([kernel.Changes]) and keep one hash chain instead of two from 3.13 on,
// but always take the entry out within the locks. Semantics that are not valid have no
// steps.
//
// Evidence: from source.
func RaceSteps(sem *kernel.Semantics) []RaceStep {
	sem = given.Kernel(sem)
	if !sem.Valid() {
		return nil
	}
	var steps []RaceStep
	for _, op := range raceOps(sem) {
		if op.do != nil {
			steps = append(steps, op.RaceStep)
		}
	}
	return steps
}
