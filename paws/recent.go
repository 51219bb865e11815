package paws

import (
	"time"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/oldstamp"
	"example.com/linuxtcp/kernel"
)

// A Recent is the newest timestamp that a connection remembers of its peer:
// ts_recent and ts_recent_stamp of struct tcp_options_received, or of a TIME_WAIT
// minisock. The zero Recent remembers none.
type Recent struct {
	// TS is the timestamp: ts_recent, `ss -ti` does not show it.
	TS uint32
	// Stamp is when it was stored, in whole seconds of the clock that
	// [ClockSeconds] reads: ts_recent_stamp. 0 means that no timestamp was ever stored.
	Stamp int64
}

// ClockSeconds returns the clock by which the age of a connection's timestamp is
// counted, in whole seconds: since boot from 4.19 on (ktime_get_seconds), since
// 1970 before (get_seconds). now is the time since boot as CLOCK_MONOTONIC has it, wall the
// wall clock at boot, as time since 1970-01-01 00:00:00 UTC. The kernel reads these clocks when it ticks and in steps of a
// tick (CLOCK_MONOTONIC_COARSE), so that its second may begin up to a tick later than here. Observed:
// a tick of 4 ms later on 6.18.44, none on 5.10.223 and 6.1.192 in virtual machines, where it
// is a matter of chance.
//
// Before 4.19 a step of the wall clock so moves the age of every timestamp: forward
// by 24 days switches PAWS off, backward keeps it on.
//
// From source (cca9bab1b72c); the row stamps-monotonic of [kernel.Changes].
func ClockSeconds(sem *kernel.Semantics, now, wall time.Duration) int64 {
	if !given.Kernel(sem).MonotonicStamps {
		now += wall
	}
	s := int64(now / time.Second)
	if now%time.Second < 0 {
		s-- // the kernel's seconds are whole ones that have begun
	}
	return s
}

const hostWindow = 1 // TCP_PAWS_WINDOW

// IdleLimit returns the silence after which a remembered timestamp holds nothing
// against a segment: 24 days (2,073,600 s), and 2147 s, some 36 minutes, from 6.7 on
// for every connection, so that timestamps in microseconds may wrap (TCP_PAWS_24DAYS,
// TCP_PAWS_WRAP).
//
// Evidence: 2 ticks older is refused after 2140 s and passes after 2155 s on 7.2.13,
// and is refused after both on 5.10.223; the rest from source (af7721448a60). The row
// paws-2147s of [kernel.Changes].
func IdleLimit(sem *kernel.Semantics) time.Duration {
	return time.Duration(oldstamp.IdleLimit(given.Kernel(sem))) * time.Second
}

// Passes reports whether a segment with timestamp tsval passes PAWS: tcp_paws_check.
// It does if
//   - the remembered timestamp is newer by at most window ticks, in signed 32-bit
//     arithmetic: exactly 2^31 newer counts as older; or
//   - the timestamp was stored [IdleLimit] ago or longer; or
//   - the remembered timestamp is 0, from 2.6.38 on and in late RHEL 6: systems were
//     seen that send 0 in their SYN and true timestamps later.
//
// window is 1 for a connection and 0 for a request, a TIME_WAIT and the update of the
// remembered timestamp. now is [ClockSeconds]. What a tick is, [Tick] tells for a
// Linux peer.
//
// Evidence: observed on 5.10.223, 6.1.192, 6.12.117, 6.18.44 and 7.2.13: 1 tick and
// 2^31 pass, 2 ticks do not, and a remembered 0 passes all; the idle limit as
// [IdleLimit] says. Before from source. No sysctl matters but net.ipv4.tcp_timestamps, without
// which no segment gets here.
func Passes(sem *kernel.Semantics, r Recent, now int64, tsval uint32, window int32) bool {
	return int32(r.TS-tsval) <= window || oldstamp.Lapsed(given.Kernel(sem), r.TS, r.Stamp, now)
}

// Rejects reports whether PAWS turns a segment away that arrives at a half-open
// request, at a TIME_WAIT or FIN_WAIT2 minisock, or crosses our SYN: tcp_paws_reject.
// It is [Passes] with window 0, but a RST passes once the timestamp was stored 60 s
// ago or longer, whatever it says.
//
// A connection has another rule, in which no RST is ever turned away; see
// [DecideEstablished]. Releases and evidence as for Passes.
func Rejects(sem *kernel.Semantics, r Recent, now int64, tsval uint32, rst bool) bool {
	return oldstamp.Rejects(given.Kernel(sem), r.TS, tsval, r.Stamp, now, rst)
}

// UpdateRecent returns what a connection remembers after a segment that passed PAWS
// and the window test, and whether that segment's timestamp was stored
// (tcp_replace_ts_recent). It is, with the present second, if the segment carries
// one, starts at or before the last byte that we acknowledged (rcv_wup), and passes
// [Passes] with window 0: so an older timestamp is stored only after [IdleLimit] or
// over a remembered 0, and not from a disordered ACK or one tick back.
//
// acceptable says that the segment's ACK number was acceptable: not beyond what was
// sent, and not so old that tcp_ack refuses it. From 3.8 on only such a segment's
// timestamp is stored.
//
// Evidence: observed on 5.10.223, 6.1.192, 6.12.117, 6.18.44 and 7.2.13, the idle limit
// on 7.2.13; the ACK number from source, the row ts-recent-after-ack of
// [kernel.Changes].
func UpdateRecent(sem *kernel.Semantics, c *Conn, s *Segment, now int64, acceptable bool) (Recent, bool) {
	sem, c, s = given.Kernel(sem), knownConn(c), knownSegment(s)
	switch {
	case !c.Timestamps || !s.Timestamp,
		int32(c.RcvWup-s.Seq) < 0,
		sem.TSRecentAfterACK && !acceptable,
		!Passes(sem, c.Recent, now, s.TSVal, 0):
		return c.Recent, false
	}
	return Recent{TS: s.TSVal, Stamp: now}, true
}

// ReplayWindow returns by how many ticks of the peer's clock a disordered ACK may be
// old and still pass: what the peer's clock may have ticked within one retransmission
// timeout. The kernel takes it to run at 1024 Hz to 6.6 and at 1200 Hz from 6.7 on
// (tcp_tsval_replay), or in microseconds where the connection's own timestamps are so.
//
// rto is icsk_rto in jiffies of 1/hz s; an hz of 0 stands for 250. The product is
// taken in 32 bits and divided after that.
//
// Evidence: observed with an RTO of 204 ms: 208 on 5.10.223, 244 on 6.12.117, 6.18.44 and
// 7.2.13, and 206 to 209 on 6.1.192; microseconds from source. The row
// paws-replay-1200 of [kernel.Changes].
func ReplayWindow(sem *kernel.Semantics, rto uint32, hz int, usec bool) uint32 {
	sem = given.Kernel(sem)
	if hz <= 0 {
		hz = 250
	}
	switch {
	case usec && sem.UsecTimestamps:
		return rto * (1_000_000 / uint32(hz))
	case sem.PAWSReplay1200:
		return rto * 1200 / uint32(hz)
	}
	return rto * 1024 / uint32(hz)
}

// Tick returns what one tick of a Linux host's timestamps lasts: a jiffy to 4.12, so
// 10, 4 or 1 ms at HZ 100, 250 or 1000, 1 ms from 4.13 on, and 1 us from 6.7 on on
// routes that ask for it. An hz of 0 stands for 250. sem is the semantics of the host
// that sends them.
//
// From source; the rows timestamp-millis and ts-usec of [kernel.Changes].
func Tick(sem *kernel.Semantics, hz int, usec bool) time.Duration {
	sem = given.Kernel(sem)
	if hz <= 0 {
		hz = 250
	}
	switch {
	case usec && sem.UsecTimestamps:
		return time.Microsecond
	case sem.TimestampMillis:
		return time.Millisecond
	}
	return time.Second / time.Duration(hz)
}
