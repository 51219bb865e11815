package queue

import (
	"time"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
)

// synackTimeoutMax is the longest pause between two SYN-ACKs (TCP_RTO_MAX).
const synackTimeoutMax = 120 * time.Second

// SYNACKTimeout returns the time from the n-th timeout of a request (0: from the
// SYN) to the next: the initial timeout doubled n times, at most 120 s. The initial
// timeout is 3 s to 3.0 and RHEL 6.2, 1 s since; from 6.19 on the cap is rtoMaxMs,
// net.ipv4.tcp_rto_max_ms. Timers round on top of this, see [kernel.Clock].
//
// So an unanswered SYN is answered at 0, 1, 3, 7, 15 and 31 s and its request ends
// at 63 s with the default tcp_synack_retries of 5; before 3.1 at 0, 3, 9, 21, 45
// and 93 s, and ends at 189 s.
//
// Evidence: observed on 5.10.223; 3 s and the cap from source.
func SYNACKTimeout(sem *kernel.Semantics, n int, rtoMaxMs int) time.Duration {
	sem = given.Kernel(sem)
	return synackTimeout(sem, n, rtoMaxMs)
}

func synackTimeout(sem *kernel.Semantics, n, rtoMaxMs int) time.Duration {
	limit := synackTimeoutMax
	if sem.SYNACKTimeoutCap && rtoMaxMs > 0 {
		limit = min(limit, time.Duration(rtoMaxMs)*time.Millisecond)
	}
	return min(sem.SYNACKTimeout<<min(max(n, 0), 7), limit) // 1 s << 7 is above every cap
}

// SYNACKRetries returns how many timeouts a request may see before the next one
// ends it: retries (tcp_synack_retries, or TCP_SYNCNT of the listener), or fewer
// while the SYN queue is filling up with requests that nobody answers.
//
// Filling up means at least half of a SYN queue sized by the first listen() (to
// 4.3), or more than half of max(8, the accept queue's limit) since. Then one retry
// is taken off for every halving from all requests young to the share that is, but
// two are left: with no young request an unanswered one lives 7 s instead of 63.
// The old requests' own count moves the rule, so in a burst only as many go as
// bring the queue back to half.
//
// The rule is applied at each request's timer from 4.1 on, and once for a whole scan
// of the listener's table before (reqsk_timer_handler, inet_csk_reqsk_queue_prune).
//
// Evidence: observed on 5.10.223 (12 requests under backlog 16 leave 8 after 7 s).
func SYNACKRetries(sem *kernel.Semantics, retries int, q Queues) int {
	sem = given.Kernel(sem)
	return synackRetries(sem, retries, q)
}

func synackRetries(sem *kernel.Semantics, retries int, q Queues) int {
	var filling bool
	if sem.SYNQueue == kernel.SYNQueuePowerOfTwo {
		filling = q.Requests >= q.SYNLimit/2
	} else {
		filling = 2*uint64(q.Requests) > max(8, uint64(q.AcceptLimit))
	}
	if !filling {
		return retries
	}
	for young := 2 * uint64(q.Young); retries > 2; young *= 2 {
		if uint64(q.Requests) < young {
			break
		}
		retries--
	}
	return retries
}

// A TimerStep is what a request's SYN-ACK timer does when it fires.
type TimerStep struct {
	Expire bool // the request ends, with no packet and no counter of its own
	Resend bool // the SYN-ACK is sent again, if the request does not end
}

// DecideTimer returns what the SYN-ACK timer does with a request that has seen
// timeouts timeouts before this one, on a listener that allows it retries (from
// [SYNACKRetries]) and defers accept for deferred timeouts (from
// [DeferAcceptRetries], 0 for none). acked says that a final ACK came but was not
// taken: held back by TCP_DEFER_ACCEPT, or because the accept queue was full.
// Without TCP_DEFER_ACCEPT acked changes nothing: the SYN-ACK is sent again although
// the client answered it (syn_ack_recalc).
//
// Evidence: from source, 2.6.32 to 7.2.
func DecideTimer(timeouts, retries, deferred int, acked bool) TimerStep {
	if deferred == 0 {
		return TimerStep{Expire: timeouts >= retries, Resend: true}
	}
	return TimerStep{
		Expire: timeouts >= retries && (!acked || timeouts >= deferred),
		Resend: !acked || timeouts >= deferred-1,
	}
}

// DeferAcceptRetries returns the number of SYN-ACK timeouts that the socket option
// TCP_DEFER_ACCEPT of that many seconds stands for (secs_to_retrans): how many
// timeouts it takes until the seconds are over, at most 255. With a 1 s timeout 1
// gives 1, 2 and 3 give 2, 4 to 7 give 3, 8 to 15 give 4. 0 or less gives 0: off.
//
// Evidence: from source, 2.6.32 to 7.2.
func DeferAcceptRetries(sem *kernel.Semantics, secs int) int {
	sem = given.Kernel(sem)
	if secs <= 0 || sem.SYNACKTimeout <= 0 {
		return 0
	}
	timeout := int(sem.SYNACKTimeout / time.Second)
	period, retries := timeout, 1
	for secs > period && retries < 255 {
		retries++
		timeout = min(2*timeout, int(synackTimeoutMax/time.Second))
		period += timeout
	}
	return retries
}

// SYNRecvLifetime returns when an unanswered request ends after its SYN, and when
// its SYN-ACK is sent again until then, as far as tcp_synack_retries goes: without
// pruning ([SYNACKRetries]) and before timers round.
func SYNRecvLifetime(sem *kernel.Semantics, retries, rtoMaxMs int) (resends []time.Duration, end time.Duration) {
	sem = given.Kernel(sem)
	for n := 0; ; n++ {
		end += synackTimeout(sem, n, rtoMaxMs)
		if n >= retries || n >= 255 {
			return resends, end
		}
		resends = append(resends, end)
	}
}
