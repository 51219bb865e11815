// Package oldstamp is the comparison that all of PAWS is made of: what the timestamp
// that is remembered of a peer holds against an older one.
package oldstamp

import "example.com/linuxtcp/kernel"

const (
	Limit24Days = 24 * 24 * 60 * 60 // TCP_PAWS_24DAYS, in seconds
	LimitWrap   = 2147              // TCP_PAWS_WRAP: INT_MAX microseconds
	LimitRST    = 60                // TCP_PAWS_MSL, after which a RST passes
)

// IdleLimit is the silence in seconds after which nothing is held against a segment.
func IdleLimit(sem *kernel.Semantics) int64 {
	if sem.PAWSWrapLimit {
		return LimitWrap
	}
	return Limit24Days
}

// Aged reports whether limit seconds have passed since the stamp. From 4.19 on the
// clock is compared in 32 bits.
func Aged(sem *kernel.Semantics, stamp, now, limit int64) bool {
	if sem.MonotonicStamps {
		return int32(uint32(now)-uint32(stamp)-uint32(limit)) >= 0
	}
	return now >= stamp+limit
}

// Lapsed reports whether the timestamp ts, stored in the second stamp, holds nothing
// against an older one.
func Lapsed(sem *kernel.Semantics, ts uint32, stamp, now int64) bool {
	return Aged(sem, stamp, now, IdleLimit(sem)) || sem.PAWSZeroPasses && ts == 0
}

// Rejects is tcp_paws_reject.
func Rejects(sem *kernel.Semantics, ts, tsval uint32, stamp, now int64, rst bool) bool {
	return int32(ts-tsval) > 0 && !Lapsed(sem, ts, stamp, now) && !(rst && Aged(sem, stamp, now, LimitRST))
}
