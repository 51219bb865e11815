//go:build !unix

package timewait

import "time"

var began = time.Now()

func cpuTime() time.Duration { return time.Since(began) }
