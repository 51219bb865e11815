package kernel

import (
	"fmt"
	"math/bits"
	"time"
)

// A Clock turns time since boot into jiffies, the unit in which kernel timers
// count, and tells when a timer fires. HZ is the kernel's CONFIG_HZ: 250 on
// Debian, 1000 on RHEL 6 to 9 and Ubuntu since 24.10, 250 on Ubuntu before, 100
// on Amazon's and many ARM builds of old.
//
// `now` is counted from the moment at which jiffies began, which is when the
// kernel starts, a moment before the uptime that /proc/uptime shows. The jiffies
// counter does not start at 0 but 300 seconds before its 32-bit wrap.
//
// The zero Clock is one of HZ 250 whose timers do not round beyond the jiffy.
type Clock struct {
	hz    uint64
	tick  uint64 // nanoseconds in a jiffy where that is a whole number, else 0
	wheel WheelRule
}

// NewClock returns the clock of a kernel with these semantics and CONFIG_HZ. An hz
// that no x86 or ARM kernel is built with (other than 100, 250, 300 and 1000) is
// an error that says so.
func NewClock(s Semantics, hz int) (Clock, error) {
	switch hz {
	case 100, 250, 300, 1000:
	default:
		return Clock{}, fmt.Errorf("kernel: HZ %d is not one of 100, 250, 300, 1000", hz)
	}
	if s.Wheel == 0 {
		return Clock{}, fmt.Errorf("kernel: the zero Semantics has no timers")
	}
	c := Clock{hz: uint64(hz), wheel: s.Wheel}
	if int(time.Second)%hz == 0 {
		c.tick = uint64(time.Second) / c.hz
	}
	return c, nil
}

// HZ returns CONFIG_HZ.
func (c Clock) HZ() int { return int(c.rate()) }

// rate makes the zero Clock one of HZ 250.
func (c Clock) rate() uint64 {
	if c.hz == 0 {
		return 250
	}
	return c.hz
}

// Tick returns the length of a jiffy, rounded down to a nanosecond.
func (c Clock) Tick() time.Duration { return time.Second / time.Duration(c.rate()) }

// ticks is the number of whole jiffies in d.
func (c Clock) ticks(d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	if c.tick != 0 {
		return uint64(d) / c.tick
	}
	s, ns := uint64(d/time.Second), uint64(d%time.Second)
	return s*c.rate() + ns*c.rate()/uint64(time.Second)
}

// at is the first moment at which n jiffies have passed since boot.
func (c Clock) at(n uint64) time.Duration {
	if c.tick != 0 {
		return time.Duration(n * c.tick)
	}
	hz := c.rate()
	s, frac := n/hz, n%hz
	return time.Duration(s)*time.Second + time.Duration((frac*uint64(time.Second)+hz-1)/hz)
}

// Jiffies returns the 64-bit jiffies counter at now. Its lower half is jiffies32.
func (c Clock) Jiffies(now time.Duration) uint64 {
	return c.initialJiffies() + c.ticks(now)
}

// Jiffies32 returns the lower 32 bits of the jiffies counter at now. It starts
// 300 s before its wrap to 0.
func (c Clock) Jiffies32(now time.Duration) uint32 { return uint32(c.Jiffies(now)) }

func (c Clock) initialJiffies() uint64 { return uint64(uint32(-300 * int64(c.rate()))) }

// A TimerKind is how a timer is armed, which matters to kernels before 4.8.
type TimerKind uint8

const (
	// TimerExact timers are armed by mod_timer_pinned or add_timer: no slack.
	TimerExact TimerKind = iota + 1
	// TimerSlack timers are armed by mod_timer, which may move them up by 1/256 of
	// their delay so that several fire together (apply_slack, 2.6.35 to 4.7).
	TimerSlack
)

// TimerExpiry returns the moment at which a timer armed at now with delay d fires
// on an idle CPU: when the jiffies counter reaches the timer's bucket. d is
// rounded up to whole jiffies first; a negative d counts as 0, and 0 fires at the
// next jiffy.
//
// To 4.7 (WheelExact, WheelSlack) the bucket is the jiffy itself. Since 4.8 (WheelCoarse, the
// non-cascading wheel of kernel/time/timer.c) it is the next multiple of 1, 8, 64,
// 512, 4096... jiffies beyond the expiry, as the delay is below 63, 504, 4032,
// 32256, 258048... jiffies: up to an eighth late, never early.
func (c Clock) TimerExpiry(now, d time.Duration, kind TimerKind) time.Duration {
	return c.at(c.expiryTicks(c.ticks(now), c.delayTicks(d), kind))
}

// TimerBounds returns the earliest and the latest delay after which a timer of
// delay d can fire, over all phases of the jiffies counter. It is what to expect
// where the phase is not known. To 4.7 the jiffy that runs when it is armed counts
// as a whole one, so it may fire up to a jiffy early; from 4.8 on it never does.
func (c Clock) TimerBounds(d time.Duration, kind TimerKind) (lo, hi time.Duration) {
	delta := c.delayTicks(d)
	if c.wheel != WheelCoarse {
		delta = max(delta, 1)
	}
	lo, hi = c.at(delta)-c.Tick(), c.at(delta)
	switch {
	case c.wheel == WheelCoarse:
		lo, hi = hi, c.at(delta+1<<(3*wheelLevel(delta)))
	case c.slacks(kind, delta):
		hi = c.at(delta + delta/256)
	}
	return max(lo, 0), hi
}

// slacks reports whether a timer is moved up: one armed by mod_timer, 2.6.35 to 4.7,
// of 256 jiffies or more.
func (c Clock) slacks(kind TimerKind, delta uint64) bool {
	return c.wheel == WheelSlack && kind == TimerSlack && delta >= 256
}

// WheelLevel returns the level of the non-cascading wheel that a timer of delay d
// is put on, 0 on kernels that have none. Timers due in one jiffy run the higher
// level first.
func (c Clock) WheelLevel(d time.Duration) int {
	if c.wheel != WheelCoarse {
		return 0
	}
	return wheelLevel(c.delayTicks(d))
}

func (c Clock) delayTicks(d time.Duration) uint64 {
	n := c.ticks(d)
	if c.at(n) < d {
		n++
	}
	return n
}

func (c Clock) expiryTicks(now, delta uint64, kind TimerKind) uint64 {
	if c.wheel == WheelCoarse {
		shift := 3 * wheelLevel(delta)
		start := c.initialJiffies()
		expires := start + now + delta
		return (expires>>shift+1)<<shift - start
	}
	if c.slacks(kind, delta) {
		start := c.initialJiffies()
		expires := start + now + delta
		return slack(expires, expires+delta/256) - start
	}
	return now + max(delta, 1) // timers run in a tick, and that of now has run
}

// wheelLevel is the level for a delay: each of the nine has 64 buckets, the last
// of which is not used, and each is eight times coarser than the one before.
func wheelLevel(delta uint64) int {
	level, span := 0, uint64(63)
	for delta >= span && level < 8 {
		level++
		span <<= 3
	}
	return level
}

// slack picks the roundest number above expires and not above limit: limit with
// every bit below the highest in which the two differ cleared. It is expires only
// where that is limit too.
func slack(expires, limit uint64) uint64 {
	diff := expires ^ limit
	if diff == 0 {
		return expires
	}
	high := bits.Len64(diff) - 1
	return limit &^ (1<<high - 1)
}
