package host

import (
	"fmt"
	"math/bits"
	"time"

	"example.com/linuxtcp/kernel"
)

// A FINTimer is what decides when a socket in FIN-WAIT-1, CLOSING or LAST-ACK sends its
// FIN again and when it gives up.
type FINTimer struct {
	// Orphan: no process has the socket open.
	Orphan bool
	// Probe: the peer allows selective acknowledgements, and the kernel sends a first copy as
	// a tail loss probe, after two round trips and 200 ms or after RTO, whichever is
	// first; the timeouts begin when it has been sent. So on 5.10 and
	// later; when kernels from 3.10 on began to probe with a FIN is not known here.
	Probe bool
	// RTO is the first timeout: 200 ms or more, 0 for that of a peer at no distance, 200 ms and a
	// jiffy of HZ 250. It is the round-trip time plus four times its deviation, of which the
	// kernel takes at least 200 ms.
	RTO time.Duration
	// RTT is the smoothed round-trip time. It counts for a probe: 0, none was measured, stands for
	// a probe after 1 s or RTO.
	RTT time.Duration
	// OrphanRetries is net.ipv4.tcp_orphan_retries, which an orphan goes by: 0, the default, stands for
	// 8 while the timeout is below its longest. Negative values are taken for 0.
	OrphanRetries int
	// Retries2 is net.ipv4.tcp_retries2, which any other socket goes by. The kernel's default
	// is 15; 0 gives the socket up at the timeout after the first FIN sent again, as observed
	// on 5.10.223 to 7.2.13.
	Retries2 int
	// RTOMax is the longest pause, net.ipv4.tcp_rto_max_ms from 6.15 on; 1 s or more. 0
	// means 120 s, which it is on every kernel before, where it must be 0.
	RTOMax time.Duration
}

// A FINTimeline is what a socket does whose FIN nobody acknowledges. The FIN is first sent at
// 0.
type FINTimeline struct {
	// Sent is when the FIN is sent, first at 0. Each after the first counts RetransSegs and,
	// as [TimeoutCounters] tells, TCPTimeouts.
	Sent []time.Duration
	// GivenUp is when the socket is closed, with ETIMEDOUT: nothing is sent.
	GivenUp time.Duration
}

const (
	rtoMin     = 200 * time.Millisecond
	longestRTO = 120 * time.Second
)

// Timeline returns when a FIN that nobody acknowledges is sent, and when the socket is
// given up (tcp_retransmit_timer, tcp_write_timeout, retransmits_timed_out). The timeout
// doubles each time. When the timer fires, the socket is given up if a FIN was sent again at
// all and since the first of these as long has passed as n doublings of 200 ms take, however
// long its own timeouts are; n is tcp_orphan_retries for an orphan, else tcp_retries2. With an RTO
// of 204 ms (HZ 250) and of 201 ms (HZ 1000), and the defaults:
//
//	socket       allowed   FIN sent again at (RTO 204 ms)                            given up at
//	an orphan    102.2 s   0.2 0.6 1.4 3.1 6.3 12.9 25.9 52                          104.2 s, 102.7 s
//	any other    924.6 s   the same, and 104.2 208.7 328.7 448.7 568.7 688.7 808.7   928.7 s, 925.6 s to 1045.6 s
//
// An orphan whose timeout has reached RTOMax is given up at its next timer if
// tcp_orphan_retries is 0.
//
// The times are nominal. Kernels from 4.8 on fire each timer up to an eighth of its pause
// late ([kernel.Clock.TimerExpiry]), which moves the later ones too: 107.2 s observed for 104.2 s, 938.5 s
// for 928.7 s. Not modelled: TCP_USER_TIMEOUT; memory pressure, which ends orphans early; a
// peer that offers a window of 0, for which the FIN waits.
//
// The SYN-ACK of a socket in SYN-RECV after SYNs that crossed goes by the [kernel.SYNTimer]
// of its SYN, which runs on, but with Linear 0: at 1, 3, 7... s, ETIMEDOUT after 127 s (6.12.117).
//
// An RTO below 200 ms, an RTOMax below 1 s or on a kernel without tcp_rto_max_ms, numbers
// above 255 and a negative Retries2 are errors; so is an invalid sem. All releases.
//
// Evidence: observed on 5.10.223 and 6.12.117 with tcp_orphan_retries 0 to 3, 7 and 9, tcp_retries2 3, 8, 10 and 15,
// in FIN-WAIT-1, CLOSING and LAST-ACK; others from source.
func (t FINTimer) Timeline(sem *kernel.Semantics) (FINTimeline, error) {
	switch {
	case sem == nil || !sem.Valid():
		return FINTimeline{}, fmt.Errorf("host: the Semantics describe no kernel")
	case t.RTO != 0 && t.RTO < rtoMin:
		return FINTimeline{}, fmt.Errorf("host: retransmission timeout %v: must be 200ms or more, or 0", t.RTO)
	case t.OrphanRetries > 255:
		return FINTimeline{}, fmt.Errorf("host: tcp_orphan_retries %d: must be 255 or less", t.OrphanRetries)
	case t.Retries2 < 0 || t.Retries2 > 255:
		return FINTimeline{}, fmt.Errorf("host: tcp_retries2 %d: must be 0 to 255", t.Retries2)
	case t.RTOMax != 0 && t.RTOMax < time.Second:
		return FINTimeline{}, fmt.Errorf("host: longest retransmission timeout %v: must be 1s or more, or 0 for 120s", t.RTOMax)
	case t.RTOMax != 0 && !sem.RTOMaxSysctl:
		return FINTimeline{}, fmt.Errorf("host: longest retransmission timeout %v: this kernel has no tcp_rto_max_ms, must be 0", t.RTOMax)
	}
	if t.RTO == 0 {
		t.RTO = rtoMin + 4*time.Millisecond
	}
	if t.RTOMax == 0 {
		t.RTOMax = longestRTO
	}
	line := FINTimeline{Sent: []time.Duration{0}}
	rto := min(t.RTO, t.RTOMax)
	now := rto
	if t.Probe {
		now = min(t.first(), rto)
		line.Sent = append(line.Sent, now)
		now += rto
	}
	for ; ; now += rto {
		if t.Expired(line.Sent, now, rto) {
			line.GivenUp = now
			return line, nil
		}
		line.Sent = append(line.Sent, now)
		rto = min(2*rto, t.RTOMax)
	}
}

// first is when the FIN is first sent again.
func (t FINTimer) first() time.Duration {
	switch {
	case t.Probe && t.RTT > 0:
		return min(t.RTO, 2*t.RTT+rtoMin)
	case t.Probe:
		return min(t.RTO, time.Second)
	}
	return t.RTO
}

// Expired reports whether a socket is given up when its timer fires at now, after a timeout of rto.
// sent is when its FIN was sent so far. A host that runs its own timers asks this each time.
func (t FINTimer) Expired(sent []time.Duration, now, rto time.Duration) bool {
	waited, ok := t.sinceResent(sent, now)
	if !ok {
		return false
	}
	longest := t.RTOMax
	if longest <= 0 {
		longest = longestRTO
	}
	retries := max(t.Retries2, 0)
	if t.Orphan {
		retries = max(t.OrphanRetries, 0)
		if retries == 0 && rto < longest {
			retries = 8
		}
	}
	return waited >= allowed(retries, longest)
}

// sinceResent is how long ago the FIN was sent again for the first time, and false if it was not: a probe is no
// retransmission.
func (t FINTimer) sinceResent(sent []time.Duration, now time.Duration) (time.Duration, bool) {
	first := 1
	if t.Probe {
		first = 2
	}
	if len(sent) <= first {
		return 0, false
	}
	return now - sent[first], true
}

// retries1 is the default of net.ipv4.tcp_retries1.
const retries1 = 3

// lostRoute reports whether a timer that fires at now has the socket forget its route, which it asks for anew with
// the next segment that it sends (tcp_retransmit_timer).
func (t FINTimer) lostRoute(sent []time.Duration, now time.Duration) bool {
	waited, ok := t.sinceResent(sent, now)
	return ok && waited >= allowed(retries1+1, t.RTOMax)
}

// allowed is the time of n doublings of 200 ms, none longer than longest.
func allowed(n int, longest time.Duration) time.Duration {
	doublings := max(bits.Len64(uint64(longest/rtoMin))-1, 0)
	if n <= doublings {
		return (2<<n - 1) * rtoMin
	}
	return (2<<doublings-1)*rtoMin + time.Duration(n-doublings)*longest
}

// TimeoutCounters returns what is counted when the timer of a FIN fires: TCPTimeouts, from 5.1
// on (e1561fe2dd69) each time and before only the first; then RetransSegs, or, if the
// socket is given up, TCPAbortOnTimeout. resent is how often the FIN was sent again
// before. A tail loss probe counts RetransSegs alone.
//
// Evidence: observed on 5.10.223 and 6.12.117; before 5.1 from source.
func TimeoutCounters(sem *kernel.Semantics, resent int, givenUp bool) kernel.CounterSet {
	var set kernel.CounterSet
	counts := resent == 0 && !givenUp
	if sem != nil && sem.TimeoutsCounted {
		counts = true
	}
	if counts {
		set = set.With(kernel.TCPTimeouts)
	}
	if givenUp {
		return set.With(kernel.TCPAbortOnTimeout)
	}
	return set.With(kernel.RetransSegs)
}
