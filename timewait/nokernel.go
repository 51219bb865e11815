package timewait

import "example.com/linuxtcp/kernel"

// The rules of this package take semantics and sysctls by pointer, because they are
// large and the rules small. A nil pointer stands for the zero value: no kernel, all
// sysctls 0.

var (
	noKernel  kernel.Semantics
	noSysctls kernel.Sysctls
)

func knownKernel(sem *kernel.Semantics) *kernel.Semantics {
	if sem == nil {
		return &noKernel
	}
	return sem
}

func knownSysctls(sys *kernel.Sysctls) *kernel.Sysctls {
	if sys == nil {
		return &noSysctls
	}
	return sys
}
