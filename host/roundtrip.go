package host

import (
	"time"

	"example.com/linuxtcp/kernel/serial"
)

// A RoundTrip is what a connection knows of its round-trip time (srtt_us, mdev_us, mdev_max_us,
// rttvar_us), in microseconds. The zero RoundTrip has measured nothing.
//
// Measured is the time from a SYN, SYN-ACK or FIN to its ACK if it was sent once. If it was sent again,
// the echoed timestamp tells, in the unit of that clock and at least 1 of it; without timestamps nothing does.
// A handshake that measures nothing leaves a timeout of 3 s ([noRoundTrip]).
//
// Connections before between the same addresses raise the first timeout if their round trips were longer:
// a [Host] remembers them for an hour (tcp_metrics).
//
// To 3.14 the kernel counts in jiffies, which is not modelled: its timeout may be a jiffy shorter.
type RoundTrip struct {
	Smoothed  uint32 // eight times the smoothed round trip
	Deviation uint32 // four times the mean deviation
	Longest   uint32 // the largest Deviation of this flight, 200 ms or more
	Variance  uint32 // what the timeout has above the smoothed round trip, 200 ms or more
	Until     uint32 // the sequence number that ends the flight
}

// noRoundTrip is the timeout of a connection whose handshake measured nothing (TCP_TIMEOUT_FALLBACK).
const noRoundTrip = 3 * time.Second

// Sample takes a measurement of a connection that has sent from una to nxt (tcp_rtt_estimator). The first of r
// makes the timeout r + max(2r, 200 ms).
func (t *RoundTrip) Sample(r time.Duration, una, nxt uint32) {
	const least = uint32(rtoMin / time.Microsecond)
	m := int64(min(max(r/time.Microsecond, 1), 1<<28))
	if t.Smoothed == 0 {
		t.Smoothed, t.Deviation = uint32(m<<3), uint32(m<<1)
		t.Variance = max(t.Deviation, least)
		t.Longest, t.Until = t.Variance, nxt
		return
	}
	m -= int64(t.Smoothed >> 3)
	t.Smoothed = uint32(max(int64(t.Smoothed)+m, 1))
	if m < 0 {
		if m = -m - int64(t.Deviation>>2); m > 0 { // a faster answer is not to raise it by much
			m >>= 3
		}
	} else {
		m -= int64(t.Deviation >> 2)
	}
	t.Deviation = uint32(max(int64(t.Deviation)+m, 0))
	if t.Deviation > t.Longest {
		t.Longest = t.Deviation
		t.Variance = max(t.Variance, t.Longest)
	}
	if serial.After(una, t.Until) {
		if t.Longest < t.Variance {
			t.Variance -= (t.Variance - t.Longest) >> 2
		}
		t.Until, t.Longest = nxt, least
	}
}

// Mean is the smoothed round-trip time.
func (t *RoundTrip) Mean() time.Duration { return time.Duration(t.Smoothed>>3) * time.Microsecond }

// Timeout is the retransmission timeout in jiffies of 1/hz s, at most 120 s (tcp_set_rto). An hz that no kernel
// has, below 1 or above a million, stands for 250.
func (t *RoundTrip) Timeout(hz int) uint32 {
	if hz < 1 || hz > 1_000_000 {
		hz = 250
	}
	us := uint64(t.Smoothed>>3) + uint64(t.Variance)
	us = min(us, uint64(longestRTO/time.Microsecond))
	jiffy := uint64(1_000_000 / hz)
	return uint32((us + jiffy - 1) / jiffy)
}

// acked measures the round trip of what a segment acknowledges, with the echo of a timestamp as a second
// choice, and sets the timeout (tcp_ack_update_rtt). now is the time since boot, clock our timestamp clock
// of unit. It reports whether there was anything to measure.
func (c *Conn) acked(s *Segment, now time.Duration, clock uint32, unit time.Duration, hz int) bool {
	r := max(now-c.Sent, 0)
	switch {
	case c.Sent > 0:
	case c.Timestamps && s.Timestamp && s.TSEcr != 0 && clock-s.TSEcr < 1<<31/1000:
		r = time.Duration(max(clock-s.TSEcr, 1)) * unit
	default:
		return false
	}
	c.RTT.Sample(r, c.SndUna, c.SndNxt)
	c.RTO, c.Sent = c.RTT.Timeout(hz), 0
	return true
}

// opened is the same for the end of a handshake, which leaves a timeout in every case. A segment with SYN and ACK
// that a listener took for the end has measured already.
func (c *Conn) opened(s *Segment, now time.Duration, clock uint32, unit time.Duration, hz int) {
	if c.RTT.Smoothed == 0 && !c.acked(s, now, clock, unit, hz) {
		c.RTO = uint32(noRoundTrip * time.Duration(hz) / time.Second)
	}
}
