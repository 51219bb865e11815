package queue

import (
	"time"

	"example.com/linuxtcp/kernel"
)

// scanInterval is how often a listener before 4.1 looks at its requests
// (TCP_SYNQ_INTERVAL).
const scanInterval = 200 * time.Millisecond

// A scanTimer is the one SYN-ACK timer of a listener before 4.1
// (inet_csk_reqsk_queue_prune): it first runs one timeout after the queue ceased to
// be empty, then every 0.2 s until it is empty. Each run looks at as many buckets as
// make two rounds of the table in one timeout, going on where the last one ended.
type scanTimer struct {
	armed bool
	at    time.Duration
	hand  uint32
}

// start arms the timer as the first request is queued.
func (s *scanTimer) start(l *Listener) {
	s.armed = true
	s.at = l.clock.TimerExpiry(l.now, l.sem.SYNACKTimeout, kernel.TimerSlack)
}

// run is one run of the timer.
func (s *scanTimer) run(l *Listener, at time.Duration) {
	s.armed = false
	if l.requests.used == 0 {
		return
	}
	retries := synackRetries(&l.sem, l.retries(), l.Queues())
	t := &l.requests
	size := uint32(len(t.buckets))
	for range 2 * (int(size) / int(l.sem.SYNACKTimeout/scanInterval)) { // the table has 16 buckets or more
		i := t.buckets[s.hand]
		for i != 0 {
			next := t.slab[i].next
			if t.slab[i].expires <= at {
				l.fire(i, at, retries)
			}
			i = next
		}
		s.hand = (s.hand + 1) & (size - 1)
	}
	if l.requests.used > 0 {
		s.armed = true
		s.at = l.clock.TimerExpiry(at, scanInterval, kernel.TimerSlack)
	}
}
