package timewait

import (
	"time"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// Lifetime returns the shortest and the longest time that an entry lasts that is armed
// for timeout, on an idle CPU and over all phases of the kernel's clocks. [Length] is
// the timeout of TIME_WAIT, and for that one the result is
//
//	release             CONFIG_HZ    TIME_WAIT lasts
//	2.6.32 to 4.0       any          52.5 to 60 s; busy 97.5 to 112.5 s
//	RHEL 6, RHEL 7      1000         the same
//	4.1 to 4.7          any          60 s, less the part of a jiffy that was over
//	4.8 and later       250          60 to 62.05 s
//	                    300          60 to 61.71 s
//	                    1000         60 to 64.10 s
//	                    100          60 to 65.12 s
//
// whatever net.ipv4.tcp_fin_timeout is. busy says that entries come faster than 100 in
// 7.5 s, 13.4 a second: to 4.0 the wheel then stalls at each of its cells. Once
// stalled it recovers below 6.7 a second.
//
// From 2.6.35 to 4.0 the wheel's moves may come up to 1/256 later than these bounds
// say, 0.24 s for TIME_WAIT (mod_timer's slack). Short timeouts there, which only
// tcp_tw_recycle makes, may end at once if others are under way: the shortest is then 0.
//
// /proc/net/tcp and ss show the time left of timeout, not of these: to 4.0 an entry may
// be gone before, and later stays after it shows 0.
//
// The bounds hold for an entry that no segment renews; see [Decisions]. hz other than
// 100, 250, 300 and 1000 counts as 250. Zero Semantics or a timeout that is not
// positive give 0.
//
// Evidence: to the jiffy on 5.10.223, 6.1.192 and 7.2.13 (HZ=250, some 168 entries
// each, of 1 to 60 s), 60.02 to 62.05 s on 6.18.44 (150 sockets); to 4.7 from source.
func Lifetime(sem *kernel.Semantics, hz int, timeout time.Duration, busy bool) (lo, hi time.Duration) {
	sem = given.Kernel(sem)
	clock, err := kernel.NewClock(*sem, hz)
	if err != nil {
		clock, err = kernel.NewClock(*sem, 250)
	}
	if err != nil || timeout <= 0 {
		return 0, 0
	}
	if sem.TimeWaitTimers {
		return clock.TimerBounds(timeout, kernel.TimerExact)
	}
	shift := recycleShift(clock.HZ())
	if slot := recycleSlot(jiffiesIn(&clock, timeout), shift); slot < recycleRows {
		return 0, time.Duration(slot<<shift) * clock.Tick()
	}
	const period = Length / slowCells
	k := time.Duration(slowCell(timeout))
	if busy {
		return period + 2*period*(k-1), period + 2*period*k
	}
	return period * k, period * (k + 1)
}

// Population returns how many TIME_WAIT entries there are on average when perSecond
// connections are closed a second by this side, on a kernel with these semantics and
// CONFIG_HZ: the rate times the mean lifetime. [kernel.Sysctls].TCPMaxTWBuckets cuts it
// off. hz is as for [Lifetime].
//
// Evidence: follows from [Lifetime].
func Population(sem *kernel.Semantics, hz int, perSecond float64) float64 {
	lo, hi := Lifetime(sem, hz, Length, perSecond > float64(killQuota)/7.5)
	return perSecond * (lo + hi).Seconds() / 2
}
