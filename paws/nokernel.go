package paws

import "example.com/linuxtcp/kernel"

// The rules of this package take large values by pointer. A nil pointer stands for
// the zero value: no kernel, all sysctls 0, a connection without timestamps, an
// empty segment.

var (
	noKernel  kernel.Semantics
	noSysctls kernel.Sysctls
	noConn    Conn
	noSegment Segment
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

func knownConn(c *Conn) *Conn {
	if c == nil {
		return &noConn
	}
	return c
}

func knownSegment(s *Segment) *Segment {
	if s == nil {
		return &noSegment
	}
	return s
}
