//go:build unix

package timewait

import (
	"syscall"
	"time"
)

// cpuTime is what this process has used of processors: on a busy machine the time of
// day says little.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano())
}
