package kernel

import (
	"fmt"
	"iter"
	"math/bits"
	"strconv"
	"strings"
)

// A Counter is one of the kernel's event counters that a modelled decision
// raises. String returns the name that `nstat -az` and `netstat -s` know it by,
// without nstat's prefix (TcpExt, Tcp).
//
// The documentation of each one is its page: what it counts, which decisions raise it,
// and in which releases.
//
// InSegs and OutSegs, which every segment raises, and gauges such as CurrEstab
// are not counted by the models.
type Counter uint8

// counterTable has the name of each counter as nstat prints it, the prefix that nstat puts before it, and what it counts.
// The constants are made from it: counters.go, by go generate. A new one comes last.
var counterTable = [...]struct{ name, prefix, counts string }{
	{"ListenOverflows", "TcpExt", "a SYN or a final ACK met a full accept queue"},
	{"ListenDrops", "TcpExt", "a listener dropped a segment; see package queue for what it misses and what it adds"},
	{"TCPReqQFullDoCookies", "TcpExt", "the SYN queue was full (or cookies are always on): a cookie was decided on"},
	{"TCPReqQFullDrop", "TcpExt", "the SYN queue was full and cookies are off: dropped"},
	{"SyncookiesSent", "TcpExt", "a SYN-ACK with a cookie was sent"},
	{"SyncookiesRecv", "TcpExt", "an ACK carried a good cookie"},
	{"SyncookiesFailed", "TcpExt", "an ACK carried a bad cookie, or, to 3.18, none was expected"},
	{"PAWSPassive", "TcpExt", "tw_recycle turned a SYN away by its timestamp (to 4.11)"},
	{"PAWSEstab", "TcpExt", "a segment failed PAWS"},
	{"TSEcrRejected", "TcpExt", "a timestamp echo that was never sent (from 6.15)"},
	{"TCPACKSkippedSynRecv", "TcpExt", "a reply for a half-open request was held back by the rate limit (from 4.0)"},
	{"TCPChallengeACK", "TcpExt", "a challenge ACK was sent"},
	{"TCPACKSkippedChallenge", "TcpExt", "a challenge ACK was held back by the rate limit (from 4.0)"},
	{"TCPDeferAcceptDrop", "TcpExt", "TCP_DEFER_ACCEPT held a bare ACK back (from 2.6.35)"},
	{"EmbryonicRsts", "TcpExt", "a half-open request was reset"},
	{"TCPTimeouts", "TcpExt", "the timer of a SYN, a FIN or, from 2.6.34, a SYN-ACK fired"},
	{"TCPSynRetrans", "TcpExt", "a SYN or a SYN-ACK was sent again (from 3.15)"},
	{"RetransSegs", "Tcp", "a segment was sent again"},
	{"PassiveOpens", "Tcp", "a connection went from LISTEN to SYN-RECV; counted when the child is made"},
	{"AttemptFails", "Tcp", "a connection went from SYN-SENT or SYN-RECV to CLOSE"},
	{"EstabResets", "Tcp", "a connection went from ESTABLISHED or CLOSE-WAIT to CLOSE"},
	{"OutRsts", "Tcp", "a RST was sent"},
	{"PAWSActive", "TcpExt", "a SYN-SENT socket got an echo of a timestamp that it never sent"},
	{"PAWSOldAck", "TcpExt", "an old bare ACK below the window failed PAWS (from 6.14)"},
	{"PAWSTimewait", "TcpExt", "a segment failed PAWS in TIME_WAIT (from 6.16)"},
	{"TCPACKSkippedPAWS", "TcpExt", "the ACK for a segment that failed PAWS was held back by the rate limit (from 4.0)"},
	{"TCPSYNChallenge", "TcpExt", "a SYN to a connection earned a challenge ACK (from 3.6)"},
	{"InErrs", "Tcp", "a bad segment; among them SYNs to established connections"},
	{"TW", "TcpExt", "a TIME_WAIT or FIN_WAIT2 entry of more than 4 s; when it ended by itself, from 5.18 when it began"},
	{"TWKilled", "TcpExt", "the same for a shorter one, as tw_recycle makes"},
	{"TWRecycled", "TcpExt", "connect() took a TIME_WAIT entry over"},
	{"TCPTimeWaitOverflow", "TcpExt", "no room among tcp_max_tw_buckets (from 2.6.37)"},
	{"TCPACKSkippedFinWait2", "TcpExt", "a reply of a FIN_WAIT2 entry was held back by the rate limit (from 4.0)"},
	{"TCPACKSkippedTimeWait", "TcpExt", "a reply of a TIME_WAIT entry was held back by the rate limit (from 4.0)"},
	{"TCPAbortOnSyn", "TcpExt", "a SYN in the window reset a connection (to 3.5)"},
	{"TCPAbortOnData", "TcpExt", "a closed connection was reset for data that nobody will read, or by close() with a linger time of 0"},
	{"TCPAbortOnClose", "TcpExt", "close() found unread data and sent a RST"},
	{"TCPAbortOnTimeout", "TcpExt", "a connection was given up after its last retransmission"},
	{"TCPACKSkippedSeq", "TcpExt", "the ACK for a segment outside the window was held back by the rate limit (from 4.0)"},
	{"BeyondWindow", "TcpExt", "a segment lay beyond the right edge of the window (from 6.17)"},
	{"ActiveOpens", "Tcp", "connect() sent its first SYN"},
	{"TCPAbortOnLinger", "TcpExt", "close() in FIN-WAIT-2 with a negative TCP_LINGER2 sent a RST"},
}

// numCounters is how many there are, plus one.
const numCounters = Counter(len(counterTable) + 1)

// String returns nstat's name without its prefix: "ListenDrops".
func (c Counter) String() string {
	if c == 0 || c >= numCounters {
		return "Counter(" + strconv.Itoa(int(c)) + ")"
	}
	return counterTable[c-1].name
}

// Prefix returns what nstat puts before the name: "TcpExt" for the counters of
// /proc/net/netstat, "Tcp" for those of /proc/net/snmp.
func (c Counter) Prefix() string {
	if c == 0 || c >= numCounters {
		return "TcpExt"
	}
	return counterTable[c-1].prefix
}

// ParseCounter returns the counter of that name, with or without nstat's prefix.
func ParseCounter(name string) (Counter, error) {
	for c := Counter(1); c < numCounters; c++ {
		if name == c.String() || name == c.Prefix()+c.String() {
			return c, nil
		}
	}
	return 0, fmt.Errorf("kernel: %q is not a counter of the models", name)
}

// AllCounters yields every counter in the order of the constants.
func AllCounters() iter.Seq[Counter] {
	return func(yield func(Counter) bool) {
		for c := Counter(1); c < numCounters; c++ {
			if !yield(c) {
				return
			}
		}
	}
}

// A CounterSet is the counters that one decision raises, by one each, in the
// order in which the kernel raises them: at most eight, more than any decision of
// any kernel raises. It is a comparable value; the zero CounterSet raises none.
type CounterSet struct {
	packed uint64 // a counter a byte, the first raised in the lowest
}

// CountersOf returns the set of cs in that order, without those beyond the eighth.
func CountersOf(cs ...Counter) CounterSet {
	var s CounterSet
	for _, c := range cs {
		s = s.With(c)
	}
	return s
}

// With returns s with c raised after the others, or s if it is full.
func (s CounterSet) With(c Counter) CounterSet {
	used := (bits.Len64(s.packed) + 7) &^ 7
	return CounterSet{s.packed | uint64(c)<<used} // a shift of 64 gives 0
}

// Len returns how many increments the set holds.
func (s CounterSet) Len() int { return (bits.Len64(s.packed) + 7) / 8 }

// Has reports whether c is raised.
func (s CounterSet) Has(c Counter) bool {
	for p := s.packed; p != 0; p >>= 8 {
		if Counter(p) == c {
			return true
		}
	}
	return false
}

// All yields the counters in order.
func (s CounterSet) All() iter.Seq[Counter] {
	return func(yield func(Counter) bool) {
		for p := s.packed; p != 0; p >>= 8 {
			if !yield(Counter(p)) {
				return
			}
		}
	}
}

// String lists the counters in order: "ListenOverflows, ListenDrops", or "none".
func (s CounterSet) String() string {
	if s.packed == 0 {
		return "none"
	}
	var names []string
	for c := range s.All() {
		names = append(names, c.String())
	}
	return strings.Join(names, ", ")
}

// Counters is a total per counter, as nstat shows for a network namespace. It is
// a comparable value; the zero Counters has counted nothing.
type Counters struct {
	n [numCounters]uint64
}

// Get returns the total of c.
func (t Counters) Get(c Counter) uint64 {
	if c >= numCounters {
		return 0
	}
	return t.n[c]
}

// Raise adds one decision's counters to the totals.
func (t *Counters) Raise(s CounterSet) {
	for p := s.packed; p != 0; p >>= 8 {
		if c := Counter(p); c < numCounters {
			t.n[c]++
		}
	}
}

// Add adds n to one total. An unknown counter is ignored.
func (t *Counters) Add(c Counter, n uint64) {
	if c > 0 && c < numCounters {
		t.n[c] += n
	}
}

// Sub returns what was counted between the earlier totals and t.
func (t Counters) Sub(earlier Counters) Counters {
	for i := range t.n {
		t.n[i] -= earlier.n[i]
	}
	return t
}

// All yields the counters that are not zero, in the order of the constants.
func (t Counters) All() iter.Seq2[Counter, uint64] {
	return func(yield func(Counter, uint64) bool) {
		for i, n := range t.n {
			if n != 0 && !yield(Counter(i), n) {
				return
			}
		}
	}
}

// String lists the totals that are not zero: "ListenOverflows 4, ListenDrops 4",
// or "none".
func (t Counters) String() string {
	var b strings.Builder
	for c, n := range t.All() {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %d", c, n)
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}
