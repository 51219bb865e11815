package timewait

import (
	"testing"
	"time"

	"example.com/linuxtcp/internal/rowtest"
	"example.com/linuxtcp/kernel"
)

// rows has for every row of the table that concerns this package a scenario that gives
// different answers with and without the row.
var rows = map[string]func(s *kernel.Semantics) any{
	"tw-recycled-taken": func(s *kernel.Semantics) any { return ReuseCounters(s, false, false) },
	"timer-slack": func(s *kernel.Semantics) any {
		t := rowTable(s, nil)
		must(t.Enter(time.Second+4*time.Millisecond, rowSocket(TimeWait)))
		due, _ := t.Next()
		return due
	},
	"max-tw-buckets-ehash": func(s *kernel.Semantics) any {
		c, _ := kernel.SysctlByName("net.ipv4.tcp_max_tw_buckets")
		return c.Default(*s, kernel.Machine{MemoryBytes: 4 << 30})
	},
	"tw-overflow-counter": func(s *kernel.Semantics) any {
		t := rowTable(s, func(sys *kernel.Sysctls) { sys.TCPMaxTWBuckets = 0 })
		return must(t.Enter(time.Second, rowSocket(TimeWait)))
	},
	"tw-bytes-192":       func(s *kernel.Semantics) any { return EntryBytes(s, false) },
	"tw-bytes-common":    func(s *kernel.Semantics) any { return EntryBytes(s, true) },
	"tw-bytes-248":       func(s *kernel.Semantics) any { return EntryBytes(s, false) },
	"tw-bytes-240":       func(s *kernel.Semantics) any { return EntryBytes(s, false) },
	"tw-bytes-264":       func(s *kernel.Semantics) any { return EntryBytes(s, false) },
	"tw-bytes-248-again": func(s *kernel.Semantics) any { return EntryBytes(s, false) },
	"tw-bytes-264-again": func(s *kernel.Semantics) any { return EntryBytes(s, false) },
	"tw-ack-rate-limit": func(s *kernel.Semantics) any {
		v := View{State: TimeWait, RcvNxt: 100, Answered: 5, Jiffies: 6, Limit: 125}
		return Decide(s, &v, &Segment{Flags: FlagACK, Seq: 90}).Verdict
	},
	"tw-own-timer":             func(s *kernel.Semantics) any { lo, _ := Lifetime(s, 250, Length, false); return lo },
	"tw-reuse-per-netns":       func(s *kernel.Semantics) any { return s.TWReusePerNetns },
	"max-tw-buckets-unsigned":  func(s *kernel.Semantics) any { return HasRoom(s, 5, -1) },
	"max-tw-buckets-per-netns": func(s *kernel.Semantics) any { return LimitIsShared(s) },
	"rfc1337-per-netns":        func(s *kernel.Semantics) any { return s.RFC1337PerNetns },
	"tw-reuse-loopback": func(s *kernel.Semantics) any {
		return DecideReuse(s, &kernel.Sysctls{TCPTWReuse: 2}, Reuse{State: TimeWait, SeenAt: 1, Now: 50}).Action
	},
	"stamps-monotonic": func(s *kernel.Semantics) any {
		return DecideReuse(s, &kernel.Sysctls{TCPTWReuse: 1}, Reuse{State: TimeWait, SeenAt: 1, Now: 2}).Action
	},
	"tw-rst-keeps-timer": func(s *kernel.Semantics) any {
		v := View{State: TimeWait, RcvNxt: 100, RFC1337: true}
		return Decide(s, &v, &Segment{Flags: FlagRST, Seq: 100}).Rearm
	},
	"linger2-cap": func(s *kernel.Semantics) any { return Linger2(s, &kernel.Sysctls{TCPFinTimeout: 60}, 200) },
	"tw-counted-at-entry": func(s *kernel.Semantics) any {
		return must(rowTable(s, nil).Enter(time.Second, rowSocket(TimeWait))).Counters
	},
	"paws-2147s": func(s *kernel.Semantics) any { return PAWSRejects(s, 10, 9, 100, 100+2147, false) },
	"tw-reuse-not-fin-wait2": func(s *kernel.Semantics) any {
		return DecideReuse(s, &kernel.Sysctls{TCPTWReuse: 1}, Reuse{State: FinWait2, SeenAt: 1, Now: 50}).Action
	},
	"tw-reuse-delay": func(s *kernel.Semantics) any {
		r := Reuse{State: TimeWait, SeenAt: 1, Now: 2, EntryMs: 1990, NowMs: 2010}
		return DecideReuse(s, &kernel.Sysctls{TCPTWReuse: 1, TCPTWReuseDelay: 1000}, r).Action
	},
	"paws-timewait-counter": func(s *kernel.Semantics) any {
		v := View{State: TimeWait, RcvNxt: 100, TSRecent: 10, SeenAt: 1, Now: 1}
		return Decide(s, &v, &Segment{Flags: FlagACK, Seq: 90, Timestamp: true, TSVal: 9}).Counters
	},
}

func rowSocket(state State) Socket {
	return Socket{Local: ours, Remote: theirs, State: state, Timeout: Length, RcvNxt: 100, SndNxt: 7, Timestamps: true, TSRecent: 5}
}

func rowTable(s *kernel.Semantics, change func(*kernel.Sysctls)) *Table {
	sys := kernel.Sysctls{TCPMaxTWBuckets: 10, TCPFinTimeout: 60}
	if s.TWReuseDelay {
		sys.TCPTWReuseDelay = 1000
	}
	if s.RTOMaxSysctl {
		sys.TCPRTOMaxMs = 120000
	}
	if change != nil {
		change(&sys)
	}
	return must(New(Config{Semantics: *s, Sysctls: sys}))
}

func TestEveryRowIsExercised(t *testing.T) { rowtest.Exercise(t, "timewait", rows) }
