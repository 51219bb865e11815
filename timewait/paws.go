package timewait

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/oldstamp"
	"example.com/linuxtcp/kernel"
)

// PAWSRejects reports whether the timestamp tsval of a segment is too old for an entry
// that remembers recent (tcp_paws_reject): recent is later than tsval, as signed 32-bit
// numbers, and not forgotten. seenAt and now are seconds of the clock that the release
// keeps stamps in ([kernel.Semantics].MonotonicStamps).
//
// recent is forgotten 24 days after it was seen, 2147 s from 6.7 on; a RST passes
// after 60 s; and a recent of 0 rejects nothing from 2.6.38 on.
//
// Evidence: the comparison observed on 3.10.108, 5.10.223, 6.18.44; the times from
// source.
func PAWSRejects(sem *kernel.Semantics, recent, tsval, seenAt, now uint32, rst bool) bool {
	return oldstamp.Rejects(given.Kernel(sem), recent, tsval, int64(seenAt), int64(now), rst)
}
