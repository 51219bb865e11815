package kernel

import (
	"fmt"
	"math/bits"
	"time"
)

// A SYNTimer is what decides when connect() sends its SYN again and when it gives up.
type SYNTimer struct {
	// Retries is net.ipv4.tcp_syn_retries, or the socket's TCP_SYNCNT: 1 to 127.
	Retries int
	// Linear is net.ipv4.tcp_syn_linear_timeouts, 0 to 127: how many timeouts pass
	// before they double. 0 on kernels without that sysctl (to 6.4).
	Linear int
	// RTOMax is the longest pause, net.ipv4.tcp_rto_max_ms from 6.15 on; 1 s or more.
	// 0 means 120 s, which it is on every kernel before, where it must be 0.
	RTOMax time.Duration
}

// DefaultSYNTimer returns what a kernel starts with: 5 retries to 3.6 and in RHEL 6, 6
// from 3.7 on, and 4 linear ones besides from 6.5 on. A nil sem gives the zero SYNTimer.
func DefaultSYNTimer(sem *Semantics) SYNTimer {
	if sem == nil {
		return SYNTimer{}
	}
	t := SYNTimer{Retries: sem.SYNRetriesDefault}
	if sem.SYNLinearTimeouts {
		t.Linear = 4
	}
	return t
}

// A SYNTimeline is what an unanswered connect() does. The first SYN is sent at 0.
type SYNTimeline struct {
	// Sent is when SYNs are sent, the first at 0. Each after the first counts
	// TCPTimeouts and RetransSegs, and TCPSynRetrans on kernels that have it.
	Sent []time.Duration
	// TimedOut is when connect() returns ETIMEDOUT.
	TimedOut time.Duration
}

const longestRTO = 120 * time.Second

// Timeline returns when connect() sends SYNs that nobody answers, and when it gives up
// (tcp_retransmit_timer, tcp_write_timeout, retransmits_timed_out). With the defaults:
//
//	release                              SYN sent at                      ETIMEDOUT at
//	2.6.32 to 2.6.35, RHEL 6.0 to 6.2    0 3 9                            21 s
//	2.6.36 to 3.0                        0 3 9 21 45 93                   189 s
//	3.1 to 3.6, RHEL 6.3 to 6.10         0 1 3 7 15 31                    63 s
//	3.7 to 6.4                           0 1 3 7 15 31 63                 127 s
//	4.19.77 to 4.19.208                  0 1 3 7 15                       31 s
//	6.5 to 7.2                           0 1 2 3 4 5 7 11 19 35 67        131 s
//
// The times are nominal. Kernels from 4.8 on fire each timer up to an eighth of its
// pause late ([Clock.TimerExpiry]): 133.5 s for 131 observed on 6.18.44.
//
// From 5.4 on few retries with linear ones besides end early, because the time that is
// allowed knows nothing of them: tcp_syn_retries 1 with the default of 4 linear ones
// is 3 s, where the count alone would be 7 s.
//
// It does not hold for TCP_USER_TIMEOUT, for a SYN that is answered by a bad ACK (from
// 5.6 on the next follows after 2 jiffies), for Fast Open, or for BPF programs that set
// the first timeout.
//
// Retries outside 1 to 127, Linear outside 0 to 127, an RTOMax that is not 0 and below
// 1 s, and a Linear or RTOMax other than 0 on a kernel without the sysctl are errors; so
// is an invalid sem.
//
// Evidence: the table observed on 2.6.32.67, RHEL 6 build 357, 3.10.108, 4.4.155,
// 4.9.154, 4.19.78, 5.10.223, 6.1.192, 6.12.107, 6.18.44, 7.2.13; 2.6.36 to 3.0, and
// retries other than the default, from source.
func (t SYNTimer) Timeline(sem *Semantics) (SYNTimeline, error) {
	if err := t.check(sem); err != nil {
		return SYNTimeline{}, err
	}
	line := SYNTimeline{Sent: []time.Duration{0}}
	rto := sem.SYNTimeout
	for now := rto; ; now += rto {
		var expired bool
		if rto, expired = t.step(sem, len(line.Sent)-1, now, rto); expired {
			line.TimedOut = now
			return line, nil
		}
		line.Sent = append(line.Sent, now)
	}
}

// Step is one firing of connect()'s timer: whether connect() gives up, and if not, how long
// the timer is armed for after the SYN was sent again. resent is how many times it was sent
// again before, elapsed the time since the first SYN, and rto how long the timer was armed
// for: at first Semantics.SYNTimeout.
//
// [SYNTimer.Timeline] is nothing but steps. They go on from another pause too, where a bad
// answer to the SYN made the timer fire early (from 5.6 on): rto is then the one that the
// socket keeps, not the time that it waited.
//
// Errors are those of Timeline. Evidence: as there; after an early timer observed on
// 5.10.223 and 6.18.44.
func (t SYNTimer) Step(sem *Semantics, resent int, elapsed, rto time.Duration) (next time.Duration, expired bool, err error) {
	if err := t.check(sem); err != nil {
		return 0, false, err
	}
	next, expired = t.step(sem, resent, elapsed, rto)
	return next, expired, nil
}

func (t SYNTimer) step(sem *Semantics, resent int, elapsed, rto time.Duration) (time.Duration, bool) {
	if t.RTOMax == 0 {
		t.RTOMax = longestRTO
	}
	if t.expired(sem, resent, elapsed) {
		return rto, true
	}
	if resent+1 > t.Linear {
		rto = min(2*rto, t.RTOMax)
	}
	return rto, false
}

func (t SYNTimer) check(sem *Semantics) error {
	switch {
	case sem == nil || sem.SYNTimeout <= 0 || sem.SYNExpiry == 0:
		return fmt.Errorf("kernel: the Semantics describe no kernel: SYNTimeout and SYNExpiry must be set")
	case t.Retries < 1 || t.Retries > 127:
		return fmt.Errorf("kernel: tcp_syn_retries %d: must be 1 to 127", t.Retries)
	case t.Linear < 0 || t.Linear > 127:
		return fmt.Errorf("kernel: tcp_syn_linear_timeouts %d: must be 0 to 127", t.Linear)
	case t.Linear != 0 && !sem.SYNLinearTimeouts:
		return fmt.Errorf("kernel: tcp_syn_linear_timeouts %d: this kernel does not have it, must be 0", t.Linear)
	case t.RTOMax != 0 && t.RTOMax < time.Second:
		return fmt.Errorf("kernel: longest retransmission timeout %v: must be 1s or more, or 0 for 120s", t.RTOMax)
	case t.RTOMax != 0 && !sem.RTOMaxSysctl:
		return fmt.Errorf("kernel: longest retransmission timeout %v: this kernel has no tcp_rto_max_ms, must be 0", t.RTOMax)
	}
	return nil
}

// expired reports whether connect() gives up when its timer fires at now, that many SYNs
// having been sent again.
func (t SYNTimer) expired(sem *Semantics, resent int, now time.Duration) bool {
	const rtoMin = 200 * time.Millisecond
	byCount := resent >= t.Retries+t.Linear
	byTime := func(base time.Duration) bool { return resent > 0 && now >= t.allowed(base) }
	switch sem.SYNExpiry {
	case SYNExpiry200ms:
		return byTime(rtoMin)
	case SYNExpiryTime:
		return byTime(sem.SYNTimeout)
	case SYNExpiryCount:
		return byCount
	case SYNExpiryCountOr200ms:
		return byCount || byTime(rtoMin)
	}
	return byCount || byTime(sem.SYNTimeout)
}

// allowed is the time of Retries doublings of base, none longer than RTOMax.
func (t SYNTimer) allowed(base time.Duration) time.Duration {
	doublings := max(bits.Len64(uint64(t.RTOMax/base))-1, 0)
	if t.Retries <= doublings {
		return (2<<t.Retries - 1) * base
	}
	return (2<<doublings-1)*base + time.Duration(t.Retries-doublings)*t.RTOMax
}
