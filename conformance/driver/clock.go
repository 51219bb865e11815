package driver

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Clock relates CLOCK_MONOTONIC to the kernel's jiffies counter, which counts on its own: it begins
// 300 s before its 32-bit wrap when the machine boots, and some ticks are lost on the way.
type Clock struct {
	HZ int
	// Ahead is what to add to CLOCK_MONOTONIC to get the time of the jiffies counter: that whose
	// whole ticks are the jiffies since boot, as package kernel's Clock counts them. It is a constant of
	// one boot, and was a multiple of the tick on every kernel that was asked.
	Ahead time.Duration
	// Known: the kernel said how many jiffies there are. Otherwise Ahead is 0.
	Known bool
	// Wall is what to add to that time to get CLOCK_REALTIME, when this was found out.
	Wall time.Duration
}

// ThisClock is the running kernel's, found out once.
var ThisClock = sync.OnceValue(calibrate)

func calibrate() Clock {
	var ts unix.Timespec
	unix.ClockGetres(unix.CLOCK_MONOTONIC_COARSE, &ts)
	c := Clock{HZ: int((int64(time.Second) + ts.Nano()/2) / max(ts.Nano(), 1))}
	tick := time.Second / time.Duration(c.HZ)
	// /proc/timer_list shows a counter that was read between "now" and the end of the
	// read. Looks in all phases of a tick leave a narrow range.
	lo, hi := time.Duration(-1<<62), time.Duration(1<<62)
	for i := range 60 {
		runtime.Gosched()
		from, jiffies, ok := timerList()
		if !ok {
			return c
		}
		to := monotonic()
		since := time.Duration(jiffies-(1<<32-300*uint64(c.HZ))) * tick
		lo, hi = max(lo, since-to), min(hi, since+tick-from)
		if hi-lo < 20*time.Microsecond {
			break
		}
		time.Sleep(tick/7*time.Duration(i%5) + tick/3)
	}
	if lo > hi { // the counter stood still or jumped
		return c
	}
	c.Ahead, c.Known = (lo+hi)/2, true
	// Kernels begin to tick at a whole multiple of the tick on this clock, all that were
	// asked: a multiple within the range is the number itself.
	if whole := c.Ahead.Round(tick); whole >= lo && whole <= hi {
		c.Ahead = whole
	}
	c.Wall = wallAhead() - c.Ahead
	return c
}

// timerList returns the jiffies counter, and a time of CLOCK_MONOTONIC before it was read.
func timerList() (from time.Duration, jiffies uint64, ok bool) {
	f, err := os.Open("/proc/timer_list")
	if err != nil {
		return 0, 0, false
	}
	defer f.Close()
	from = monotonic()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if v, ok := strings.CutPrefix(sc.Text(), "jiffies: "); ok {
			n, err := strconv.ParseUint(v, 10, 64)
			return from, n, err == nil
		}
	}
	return 0, 0, false
}

// monotonic is CLOCK_MONOTONIC, read without a word to the scheduler.
func monotonic() time.Duration {
	var ts unix.Timespec
	unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano())
}

// wallAhead is what to subtract from CLOCK_REALTIME to get CLOCK_MONOTONIC.
func wallAhead() time.Duration {
	var ts unix.Timespec
	best, ahead := time.Hour, time.Duration(0)
	for range 5 {
		a := monotonic()
		unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_REALTIME, uintptr(unsafe.Pointer(&ts)), 0)
		b := monotonic()
		if b-a < best {
			best, ahead = b-a, time.Duration(ts.Nano())-(a+b)/2
		}
	}
	return ahead
}

// jiffy numbers the current tick and tells how much of it is over.
func (c Clock) jiffy() (n int64, over time.Duration) {
	tick := time.Second / time.Duration(c.HZ)
	t := monotonic() + c.Ahead
	return int64(t / tick), t % tick
}

// What a call needs of a jiffy to be over within it, and what looking at everything, and the call that
// follows, do. Of HZ 1000 the latter leaves little.
const (
	callNeeds    = 600 * time.Microsecond
	collectNeeds = 1800 * time.Microsecond
	afterTick    = 100 * time.Microsecond
)

// room waits, if less than that of the jiffy is left or the jiffy has barely begun, until the next one
// has, so that what begins now belongs to one jiffy for certain.
func (c Clock) room(needs time.Duration) {
	if !c.Known {
		return
	}
	tick := time.Second / time.Duration(c.HZ)
	needs = min(needs, tick/2)
	// Whoever had the processor when the sleep was over may have used up the jiffy.
	for range 20 {
		switch _, over := c.jiffy(); {
		case over < afterTick:
			sleep(afterTick - over)
		case over > tick-needs:
			sleep(tick - over + afterTick)
		default:
			return
		}
	}
}

func sleep(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	for unix.Nanosleep(&ts, &ts) == unix.EINTR {
	}
}

// Realtime asks that the calling thread runs as soon as it can and until it waits, ahead of ordinary
// threads and without turns, so that a clock read before a call tells when the call was.
func Realtime() error {
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: 1, Priority: 1} // SCHED_FIFO
	if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
		return fmt.Errorf("SCHED_FIFO: %w", err)
	}
	return nil
}
