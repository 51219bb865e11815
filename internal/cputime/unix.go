//go:build unix

// Package cputime tells what a benchmark used of processors: on a busy machine the time
// of day says little.
package cputime

import (
	"syscall"
	"time"
)

// Used is the time that this process spent computing, without what it spent waiting for
// a processor or in the kernel.
func Used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano())
}
