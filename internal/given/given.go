// Package given reads the large values that rules take by pointer: a nil pointer stands
// for the zero value, no kernel and all sysctls 0.
package given

import "example.com/linuxtcp/kernel"

var (
	noKernel  kernel.Semantics
	noSysctls kernel.Sysctls
)

// Kernel returns sem, or the zero Semantics for nil. Nobody writes to them.
func Kernel(sem *kernel.Semantics) *kernel.Semantics {
	if sem == nil {
		return &noKernel
	}
	return sem
}

// Sysctls returns sys, or the zero Sysctls for nil. Nobody writes to them.
func Sysctls(sys *kernel.Sysctls) *kernel.Sysctls {
	if sys == nil {
		return &noSysctls
	}
	return sys
}
