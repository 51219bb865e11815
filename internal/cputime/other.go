//go:build !unix

package cputime

import "time"

var began = time.Now()

// Used is the time of day where nothing better is known.
func Used() time.Duration { return time.Since(began) }
