// Package outgoing is what a machine's connect() calls without a port of their own meet: the
// ports there are, what a search for one costs, whether TIME-WAIT stands in the way, how long a connection
// keeps its port ([Use]), and how many a second that allows for ever. The commands ask it about a kernel and its sysctls.
package outgoing

import (
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/timewait"
)

// What a search takes, by estimate: see portalloc.ConnectTime.
const (
	CallTime      = 10 * time.Microsecond
	CandidateTime = 40 * time.Nanosecond
)

// SearchTime estimates a search among so many candidates.
func SearchTime(candidates float64) (time.Duration, error) {
	return portalloc.ConnectTime(candidates, CallTime, CandidateTime)
}

// TakesOver asks package timewait whether connect() takes an old entry of TIME-WAIT over, of
// a connection that used timestamps if these sysctls allow them, and why.
func TakesOver(sem *kernel.Semantics, sys *kernel.Sysctls, loopback bool) timewait.Verdict {
	old := timewait.Reuse{State: timewait.TimeWait, Loopback: loopback, Now: 1 << 20, NowMs: 1 << 30}
	if sys.TCPTimestamps != 0 {
		old.SeenAt = 1
	}
	return timewait.DecideReuse(sem, sys, old)
}
