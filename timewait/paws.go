package timewait

import "example.com/linuxtcp/kernel"

// PAWSRejects reports whether the timestamp tsval of a segment is too old for an entry
// that remembers recent (tcp_paws_reject): recent is later than tsval, as signed 32-bit
// numbers, and not forgotten. seenAt and now are seconds of the clock that the release
// keeps stamps in ([kernel.Semantics].MonotonicStamps).
//
// recent is forgotten 24 days after it was seen, 2147 s from 6.7 on; a RST passes
// after 60 s; and a recent of 0 rejects nothing from 2.6.38 on.
//
// The rule is written here and again in package paws, which has it for sockets in
// other states: the two packages do not import each other, and here it is five lines
// with a window of 0.
//
// Evidence: the comparison observed on 3.10.108, 5.10.223, 6.18.44; the times from
// source.
func PAWSRejects(sem *kernel.Semantics, recent, tsval, seenAt, now uint32, rst bool) bool {
	sem = knownKernel(sem)
	if int32(recent-tsval) <= 0 || recent == 0 && sem.PAWSZeroPasses {
		return false
	}
	limit := int64(24 * 24 * 60 * 60)
	if sem.PAWSWrapLimit {
		limit = 2147
	}
	return !secondsPassed(sem, seenAt, now, limit) && !(rst && secondsPassed(sem, seenAt, now, 60))
}

// secondsPassed reports whether now is limit seconds after then. The wall clock is
// compared as a wide number; the monotonic one as 32 bits that wrap.
func secondsPassed(sem *kernel.Semantics, then, now uint32, limit int64) bool {
	if sem.MonotonicStamps {
		return int32(now-(then+uint32(limit))) >= 0
	}
	return int64(now) >= int64(then)+limit
}
