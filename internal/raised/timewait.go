package raised

import (
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/timewait"
)

var timeWaitScenes = []Scene{
	{"a connection goes to TIME-WAIT", "timewait.Table.Enter", "tcp_time_wait", begins(long, 100)},
	{"TIME-WAIT runs its time and ends", "timewait.Table.Advance", "tw_timer_handler, to 4.0 inet_twdr_hangman", ends(long)},
	{"FIN-WAIT-2 without a process begins, of less than 4 s", "timewait.Table.Enter", "tcp_time_wait", begins(short, 100)},
	{"such a short FIN-WAIT-2, or a TIME-WAIT of tcp_tw_recycle, ends", "timewait.Table.Advance", "tw_timer_handler, to 4.0 inet_twdr_hangman", ends(short)},
	{"a socket closes and finds tcp_max_tw_buckets entries", "timewait.HasRoom", "tcp_time_wait", begins(long, 0)},
	{"connect() takes an entry of TIME-WAIT over", "timewait.ReuseCounters", "__inet_check_established", func(sem *kernel.Semantics) kernel.CounterSet {
		return timewait.ReuseCounters(sem, false, true)
	}},
	{"connect() picks a port that another destination uses", "timewait.ReuseCounters", "__inet_check_established", func(sem *kernel.Semantics) kernel.CounterSet {
		return timewait.ReuseCounters(sem, false, false)
	}},
	{"a segment with too old a timestamp meets TIME-WAIT", "timewait.PAWSRejects", "tcp_timewait_state_process", func(sem *kernel.Semantics) kernel.CounterSet {
		v := timewait.View{State: timewait.TimeWait, RcvNxt: 100, SndNxt: 100, TSRecent: 1000, SeenAt: 1, Now: 2}
		s := timewait.Segment{Flags: timewait.FlagACK, Seq: 100, Ack: 100, Timestamp: true, TSVal: 1}
		return timewait.Decide(sem, &v, &s).Counters
	}},
	{"TIME-WAIT would answer a second segment within tcp_invalid_ratelimit", "timewait.AnswerLimited", "tcp_timewait_state_process", again(timewait.TimeWait)},
	{"FIN-WAIT-2 without a process would answer a second segment within tcp_invalid_ratelimit", "timewait.AnswerLimited", "tcp_timewait_state_process", again(timewait.FinWait2)},
}

// again is what an old segment raises at an entry that answered just before.
func again(state timewait.State) func(*kernel.Semantics) kernel.CounterSet {
	return func(sem *kernel.Semantics) kernel.CounterSet {
		v := timewait.View{State: state, RcvNxt: 100, SndNxt: 100, Window: 10, Answered: 1000, Jiffies: 1001, Limit: 125}
		return timewait.Decide(sem, &v, &timewait.Segment{Flags: timewait.FlagACK, Seq: 90, Ack: 100}).Counters
	}
}

var (
	long  = timewait.Socket{Local: here, Remote: client, State: timewait.TimeWait}
	short = timewait.Socket{Local: here, Remote: client, State: timewait.FinWait2, Timeout: time.Second}
)

// begins is what a closing connection raises where there are so many tcp_max_tw_buckets.
func begins(k timewait.Socket, buckets int) func(*kernel.Semantics) kernel.CounterSet {
	return func(sem *kernel.Semantics) (c kernel.CounterSet) {
		t, err := enter(sem, k, buckets)
		if err != nil {
			return c
		}
		return set(t.Counters())
	}
}

// ends is what the end of its entry raises.
func ends(k timewait.Socket) func(*kernel.Semantics) kernel.CounterSet {
	return func(sem *kernel.Semantics) (c kernel.CounterSet) {
		t, err := enter(sem, k, 100)
		if err != nil {
			return c
		}
		before := t.Counters()
		if _, err := t.Advance(hour+5*time.Minute, nil); err != nil {
			return c
		}
		return set(t.Counters().Sub(before))
	}
}

func enter(sem *kernel.Semantics, k timewait.Socket, buckets int) (*timewait.Table, error) {
	t, err := timewait.New(timewait.Config{Semantics: *sem, Sysctls: sysctls(sem, buckets)})
	if err == nil {
		_, err = t.Enter(hour, k)
	}
	return t, err
}

// set are the counters that are not zero.
func set(t kernel.Counters) (c kernel.CounterSet) {
	for counter := range t.All() {
		c = c.With(counter)
	}
	return c
}

// sysctls are the fewest that any kernel accepts.
func sysctls(sem *kernel.Semantics, buckets int) kernel.Sysctls {
	sys := kernel.Sysctls{
		Somaxconn: 128, TCPMaxSynBacklog: 128, TCPSyncookies: 1, TCPSynackRetries: 5, TCPTimestamps: 1, TCPSack: 1,
		TCPFinTimeout: 60, TCPMaxTWBuckets: buckets, TCPRetries2: 15,
	}
	if sem.RTOMaxSysctl {
		sys.TCPRTOMaxMs = 120000
	}
	if sem.TWReuseDelay {
		sys.TCPTWReuseDelay = 1000
	}
	if sem.RateLimitSysctl {
		sys.TCPInvalidRatelimit = 500
	}
	if sem.UnprivilegedPortStart {
		sys.IPUnprivilegedPortStart = 1024
	}
	return sys
}
