package main

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A meter adds up what the counted parts of a turn took. What is around them, such as closing what was
// opened, is left out.
type meter struct {
	ops   int
	cpu   time.Duration // of processors, by the whole process: its threads, the kernel on its behalf, the garbage collector
	wall  time.Duration
	began struct{ cpu, wall time.Duration }
}

func (m *meter) start() {
	m.began.wall, m.began.cpu = clock(unix.CLOCK_MONOTONIC), clock(unix.CLOCK_PROCESS_CPUTIME_ID)
}

// reading is what an empty counted part takes, which is taken off.
var reading = sync.OnceValue(func() time.Duration {
	var all []float64
	for range 1000 {
		cpu := clock(unix.CLOCK_PROCESS_CPUTIME_ID)
		all = append(all, float64(clock(unix.CLOCK_PROCESS_CPUTIME_ID)-cpu))
	}
	return time.Duration(median(all))
})

// stop ends a counted part, in which the thing was done so many times.
func (m *meter) stop(ops int) {
	cpu, wall := clock(unix.CLOCK_PROCESS_CPUTIME_ID), clock(unix.CLOCK_MONOTONIC)
	m.ops += ops
	m.cpu += max(0, cpu-m.began.cpu-reading())
	m.wall += wall - m.began.wall
}

// each is the processor time of one of what was counted, in nanoseconds.
func (m *meter) each() float64 { return float64(m.cpu) / float64(max(m.ops, 1)) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
