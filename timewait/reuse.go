package timewait

import (
	"fmt"
	"net/netip"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// A Reuse is an entry as a connect() of the same four addresses and ports finds it.
type Reuse struct {
	// Bound says that the socket was bound to its port before, by bind(), bind to port
	// 0 included. connect() that looks for a port by itself has Bound false.
	Bound    bool
	State    State // of the entry
	Loopback bool  // see [IsLoopback]
	// SeenAt and Now are seconds of the clock that the release keeps stamps in: when
	// the peer's last timestamp was seen, 0 if the connection used none, and now. To
	// 4.18 the wall clock, from 4.19 the monotonic one. They tell the age to 6.13.
	SeenAt, Now uint32
	// EntryMs and NowMs are milliseconds of the monotonic clock: when the entry began,
	// and now. They tell the age from 6.14 on.
	EntryMs, NowMs uint32
}

// DecideReuse tells whether connect() may take the entry over ([Take] or [Refuse]),
// and why (tcp_twsk_unique):
//
//   - the old connection must have used timestamps, in every release;
//   - if the port was bound to, that is all: net.ipv4.tcp_tw_reuse and the age are not
//     looked at, and an entry in FIN_WAIT2 goes too;
//   - else tcp_tw_reuse must allow it. To 4.18 any value but 0 does. From 4.19 on 1
//     does, and 2 (the default) for loopback connections. From 6.12 on (and 6.11.3,
//     6.1.113, 5.10.227) none does for an entry in FIN_WAIT2;
//   - and the entry must be old enough: see [ReuseAge].
//
// The new connection goes on at [ReopenISN] and inherits the timestamp, so its SYN
// echoes one: that is how it shows in a capture. A socket in repair mode keeps its own
// numbers from 4.18 or so on.
//
// Evidence: observed on 3.10.108, 5.10.223 and 6.18.44 for a port that connect()
// picks; a bound port on 6.18.44; FIN_WAIT2 on 5.10.223, 6.1.192, 6.12.107, 7.2.13.
func DecideReuse(sem *kernel.Semantics, sys *kernel.Sysctls, r Reuse) Verdict {
	why := reuseReason(given.Kernel(sem), given.Sysctls(sys), &r)
	if why == BoundPort || why == OldEnough {
		return Verdict{Action: Take, Reason: why, Counters: recycled}
	}
	return Verdict{Action: Refuse, Reason: why}
}

// recycled is what a connect() counts that takes an entry over.
var recycled = kernel.CountersOf(kernel.TWRecycled)

func reuseReason(sem *kernel.Semantics, sys *kernel.Sysctls, r *Reuse) Reason {
	switch {
	case r.SeenAt == 0:
		return NoTimestamps
	case r.Bound:
		return BoundPort
	case sem.TWReuseNotFinWait2 && r.State == FinWait2:
		return FinWait2Entry
	case sys.TCPTWReuse == 0:
		return ReuseOff
	case sem.TWReuseLoopback && sys.TCPTWReuse == 2 && !r.Loopback:
		return NotLoopback
	case !oldEnough(sem, sys, r):
		return TooYoung
	}
	return OldEnough
}

// ReuseAge reports whether an entry is old enough for a connect() that looks for a
// port. Three rules, by release:
//
//   - to 4.18 the wall clock must show two more seconds than when the peer's last
//     timestamp was seen: 1 to 2 s. A clock that was set back makes it old at once;
//   - from 4.19 to 6.13 the monotonic clock must show another second: up to 1 s;
//   - from 6.14 on more than net.ipv4.tcp_tw_reuse_delay milliseconds must have passed
//     since the entry began: 1.001 s.
//
// Evidence: observed on 3.10.108, 5.10.223, 6.18.44.
func ReuseAge(sem *kernel.Semantics, sys *kernel.Sysctls, r Reuse) bool {
	return oldEnough(given.Kernel(sem), given.Sysctls(sys), &r)
}

func oldEnough(sem *kernel.Semantics, sys *kernel.Sysctls, r *Reuse) bool {
	switch {
	case sem.TWReuseDelay:
		return int32(r.NowMs-(r.EntryMs+uint32(sys.TCPTWReuseDelay))) > 0
	case sem.MonotonicStamps:
		return int32(r.Now-r.SeenAt) > 0
	}
	return r.Now-r.SeenAt > 1
}

// ReuseCounters returns what a connect() counts that got its port: TWRecycled if it
// took an entry over (taken). On 2.6.32 (to RHEL 6.4) a connect() that looks for a port
// by itself counts it also without, each time its port is one that another destination
// uses.
//
// Evidence: observed on 3.10.108, 5.10.223, 6.18.44; 2.6.32 from source.
func ReuseCounters(sem *kernel.Semantics, bound, taken bool) kernel.CounterSet {
	if taken || !bound && !given.Kernel(sem).TWRecycledTaken {
		return recycled
	}
	return kernel.CounterSet{}
}

// IsLoopback reports whether a connection is a loopback one to tcp_tw_reuse=2: it is
// bound to the device lo, or one of its addresses is in 127.0.0.0/8, is ::1, or is such
// an IPv4 address mapped into IPv6. A connection of a machine to another address of its
// own is not.
//
// From 4.19 on. Evidence: observed on 6.18.44 and 5.10.223 (own address refused).
func IsLoopback(local, remote netip.Addr, boundToLo bool) bool {
	return boundToLo || local.Unmap().IsLoopback() || remote.Unmap().IsLoopback()
}

// A ReuseCase is one line of the truth table of connect().
type ReuseCase struct {
	Bound, Timestamps, Loopback, Old bool    // as in [Reuse]; Timestamps: SeenAt is not 0; Old: old enough
	State                            State   // of the entry
	Setting                          int     // of tcp_tw_reuse
	Verdict                          Verdict // what connect() does
}

// String is the case on one line.
func (c ReuseCase) String() string {
	return fmt.Sprintf("%-10s %-15s tcp_tw_reuse=%d %-12s %-9s %-9s -> %s: %s",
		words.Pick(c.Bound, "bound port", "any port"), words.Pick(c.Timestamps, "timestamps", "no timestamps"), c.Setting,
		words.Pick(c.Loopback, "loopback", "not loopback"), words.Pick(c.Old, "old", "young"), c.State, c.Verdict.Action, c.Verdict.Reason)
}

// ReuseTable returns what connect() does in every case, as [DecideReuse] decides it on
// this kernel: bound or not, with timestamps or not, tcp_tw_reuse 0, 1 and 2, loopback
// or not, old enough or not, TIME_WAIT and FIN_WAIT2. 96 cases.
func ReuseTable(sem *kernel.Semantics) []ReuseCase {
	bools := [...]bool{false, true}
	var all []ReuseCase
	for _, bound := range bools {
		for _, stamped := range bools {
			for setting := range 3 {
				for _, loopback := range bools {
					for _, old := range bools {
						for _, state := range [...]State{TimeWait, FinWait2} {
							c := ReuseCase{Bound: bound, Timestamps: stamped, Loopback: loopback, Old: old, State: state, Setting: setting}
							r := Reuse{Bound: bound, State: state, Loopback: loopback, Now: 1000, NowMs: 1000000, EntryMs: 1000000}
							if stamped {
								r.SeenAt = 1000
							}
							if old {
								r.SeenAt, r.EntryMs = min(r.SeenAt, 900), 900000
							}
							sys := kernel.Sysctls{TCPTWReuse: setting, TCPTWReuseDelay: 1000}
							c.Verdict = DecideReuse(sem, &sys, r)
							all = append(all, c)
						}
					}
				}
			}
		}
	}
	return all
}

// reuseSummary is the verdict's reason with the numbers, for trails.
func reuseSummary(sem *kernel.Semantics, sys *kernel.Sysctls, r Reuse) string {
	switch {
	case sem.TWReuseDelay:
		return fmt.Sprintf("%d ms since it began, more than tcp_tw_reuse_delay %d", int32(r.NowMs-r.EntryMs), sys.TCPTWReuseDelay)
	case sem.MonotonicStamps:
		return fmt.Sprintf("%d second boundaries since the last timestamp, 1 or more", int32(r.Now-r.SeenAt))
	}
	return fmt.Sprintf("%d second boundaries since the last timestamp, more than 1", r.Now-r.SeenAt)
}
