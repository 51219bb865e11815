package driver

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/linuxtcp/conformance/netns"
	"example.com/linuxtcp/kernel"
)

// A Running is what a model needs to know about the kernel that answered.
type Running struct {
	// Release is its upstream version, as package kernel's Parse reads it: "6.1.192".
	Release string
	HZ      int
	// EHash is the size of the table of connections in buckets, from which some sysctls
	// have their defaults; 0 for unknown.
	EHash uint64
	// Ahead is [Clock].Ahead: what the times of traces are ahead of CLOCK_MONOTONIC.
	Ahead time.Duration
	// Clocks is [Clock].Known: without it times are not exact to the jiffy.
	Clocks bool
	// Wall is [Clock].Wall, of releases that keep stamps in seconds of the time of day.
	Wall time.Duration
	// CPUs is how many processors it runs on.
	CPUs int
}

// ThisKernel describes the running one.
var ThisKernel = sync.OnceValues(func() (Running, error) {
	r, err := kernel.ReadRelease(os.DirFS("/proc"))
	if err != nil {
		return Running{}, err
	}
	c := ThisClock()
	k := Running{Release: r.String(), HZ: c.HZ, Ahead: c.Ahead, Clocks: c.Known, CPUs: runtime.NumCPU()}
	if !r.Semantics().MonotonicStamps {
		k.Wall = c.Wall
	}
	if n, ok := r.Patch(); ok {
		k.Release = fmt.Sprintf("%s.%d", r.Series(), n)
	}
	// In a new namespace it is half of the buckets, in every release that has it there.
	err = netns.Do(0, func() error {
		b, err := os.ReadFile("/proc/sys/net/ipv4/tcp_max_tw_buckets")
		if n, e := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 32); e == nil {
			k.EHash = 2 * n
		}
		return err
	})
	return k, err
})
