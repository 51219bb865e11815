package lab

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func clock(id int32) time.Duration {
	var ts unix.Timespec
	unix.ClockGettime(id, &ts)
	return time.Duration(ts.Nano())
}

// Uptime is the time since the machine booted.
func Uptime() time.Duration { return clock(unix.CLOCK_BOOTTIME) }

// HZ is the kernel's tick rate, from the resolution of the coarse clock,
// which moves once a tick.
func HZ() int {
	var ts unix.Timespec
	unix.ClockGetres(unix.CLOCK_MONOTONIC_COARSE, &ts)
	return int((int64(time.Second) + ts.Nano()/2) / ts.Nano())
}

// Restart sets the zero of Now.
func (l *Lab) Restart() { l.base = Uptime() }

// Now is the time since Restart.
func (l *Lab) Now() time.Duration { return Uptime() - l.base }

// NextTick spins until the tick after this one has just begun, so that what
// follows has one whole jiffy.
func (l *Lab) NextTick() {
	for start := clock(unix.CLOCK_MONOTONIC_COARSE); clock(unix.CLOCK_MONOTONIC_COARSE) == start; {
	}
}

// Tick numbers the current jiffy; only differences mean anything. It is the
// coarse clock's number, which is exact while the processor is busy and after
// NextTick.
func Tick() int64 {
	return int64(clock(unix.CLOCK_MONOTONIC_COARSE)+time.Second/time.Duration(2*HZ())) * int64(HZ()) / int64(time.Second)
}

// JiffiesAtTickZero is what to add to Tick to get the kernel's 64-bit tick
// counter, 0 if that cannot be known.
func JiffiesAtTickZero() uint64 {
	for range 50 {
		t := Tick()
		j := Jiffies()
		if j == 0 {
			return 0
		}
		if Tick() == t {
			return j - uint64(t)
		}
	}
	return 0
}

// Jiffies is the kernel's 64-bit tick counter as /proc/timer_list shows it,
// 0 where that file is missing. It starts five minutes before the 32-bit wrap.
func Jiffies() uint64 {
	f, err := os.Open("/proc/timer_list")
	if err != nil {
		return 0
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if v, ok := strings.CutPrefix(sc.Text(), "jiffies: "); ok {
			n, _ := strconv.ParseUint(v, 10, 64)
			return n
		}
	}
	return 0
}

// Seconds rounds a duration to milliseconds and gives it in seconds, which
// is how times are recorded.
func Seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond)) / float64(time.Second)
}

// Monotonic is the clock that counts the kernel's whole seconds.
func Monotonic() float64 { return Seconds(clock(unix.CLOCK_MONOTONIC)) }

// WaitPhase waits until the monotonic clock is phase past a whole second.
func (l *Lab) WaitPhase(phase time.Duration) {
	d := (phase - clock(unix.CLOCK_MONOTONIC)%time.Second + time.Second) % time.Second
	l.Wait(d)
}
