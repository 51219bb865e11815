package queue

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
)

// A Config describes a socket before listen().
type Config struct {
	// Semantics is how its kernel behaves.
	Semantics kernel.Semantics
	// Sysctls are its network namespace's. [Listener.SetSysctls] changes them.
	Sysctls kernel.Sysctls
	// HZ is the kernel's CONFIG_HZ; 0 means 250.
	HZ int
	// Monotonic is what CLOCK_MONOTONIC shows at time 0, which is that of the jiffies counter; not
	// further than a day from it. Timestamps count milliseconds of that clock from 4.13 on.
	Monotonic time.Duration
	// Key is the secret from which initial sequence numbers, cookies and the
	// places of requests in the table come. Same key, same numbers. A kernel draws its
	// own at boot.
	Key uint64
	// Peers is the kernel's memory of hosts; nil remembers nobody. It is asked once
	// for every SYN that may depend on it.
	Peers PeerHistory
	// DeferAccept is the socket option TCP_DEFER_ACCEPT in seconds, 0 for off.
	DeferAccept int
	// SYNCount is the socket option TCP_SYNCNT, 1 to 127: it replaces
	// tcp_synack_retries. 0 leaves the sysctl.
	SYNCount int
	// Window is the receive window of the SYN-ACK in bytes, against which segments
	// of a request are checked; 0 means what the kernel offers on a route with an MTU of
	// 1500, [kernel.InitialWindow]: 64240 to IPv4 since 4.20, 65160 with timestamps.
	Window uint32
}

// A PeerHistory is the kernel's memory of other hosts, as far as a SYN may depend
// on it: tcp_metrics, and before 4.12 the per-host timestamp cache that
// tcp_tw_recycle consults. Its results are the fields of [Peer].
type PeerHistory interface {
	// Lookup returns what is remembered, at the moment now, of the host with address
	// from in its dealings with our address to (the zero Addr if the segment named
	// none). timestamp says that the SYN carries the timestamp tsval.
	Lookup(now time.Duration, from, to netip.Addr, timestamp bool, tsval uint32) (proven, judged, rejected bool)
}

// A Listener is one listening TCP socket of a kernel: its half-open requests, its
// accept queue, its SYN-ACK timers and its cookies.
//
// Time is a parameter: the duration since boot, which must not go back. Nothing
// happens by itself: when [Listener.Next] says that a timer is due, [Listener.Advance]
// has to be called before anything else at that time or later, or the call returns
// [ErrTimerDue]. An error leaves the Listener as it was.
//
// A Listener is not safe for concurrent use. It stands for one CPU.
type Listener struct {
	cfg      Config
	sem      kernel.Semantics
	clock    kernel.Clock
	limit    uint32 // tcp_invalid_ratelimit in jiffies
	deferred int

	now       time.Duration
	state     socketState
	listened  bool // the table of requests is there
	acceptMax uint32
	synMax    uint32

	requests requestTable
	young    uint32
	timers   timerLists
	scan     scanTimer

	accept  acceptRing
	stamp   uint64 // of the last cookie, in jiffies
	logged  bool
	logMin  uint64 // FloodLogMinute: the jiffy after which the next message may come, 0 for any
	dropped uint64
	totals  kernel.Counters
	events  []Event
}

type socketState uint8

const (
	stateOpen socketState = iota // not listening, or no longer
	stateListen
	stateClosed
)

var (
	// ErrTimerDue says that a timer is due that Advance has not fired.
	ErrTimerDue = errors.New("queue: a timer is due, call Advance first")
	// ErrNotListening says that the socket does not listen.
	ErrNotListening = errors.New("queue: the socket does not listen")
	// ErrClosed says that the socket was closed.
	ErrClosed = errors.New("queue: the socket is closed")
)

// NewListener returns a bound socket that does not listen yet. It returns an error
// if the semantics are those of no kernel, a sysctl has a value that this kernel
// does not take, or a field of the config is out of its range.
func NewListener(cfg Config) (*Listener, error) {
	if !cfg.Semantics.Valid() {
		return nil, errors.New("queue: Config.Semantics describes no kernel; take it from a kernel.Release")
	}
	if cfg.HZ == 0 {
		cfg.HZ = 250
	}
	clock, err := kernel.NewClock(cfg.Semantics, cfg.HZ)
	if err != nil {
		return nil, err
	}
	if cfg.DeferAccept < 0 || cfg.DeferAccept > math.MaxInt32 {
		return nil, fmt.Errorf("queue: Config.DeferAccept %d is not a number of seconds from 0 to %d", cfg.DeferAccept, math.MaxInt32)
	}
	if cfg.SYNCount < 0 || cfg.SYNCount > 127 {
		return nil, fmt.Errorf("queue: Config.SYNCount %d is outside 0 to 127, the range of TCP_SYNCNT", cfg.SYNCount)
	}
	if cfg.Monotonic.Abs() > 24*time.Hour {
		return nil, fmt.Errorf("queue: Config.Monotonic %v is more than a day away from 0", cfg.Monotonic)
	}
	if cfg.Window > 1<<30 {
		return nil, fmt.Errorf("queue: Config.Window %d is above %d, the largest TCP window", cfg.Window, 1<<30)
	}
	l := &Listener{cfg: cfg, sem: cfg.Semantics, clock: clock}
	l.timers.lifo = l.sem.Wheel == kernel.WheelCoarse
	l.deferred = DeferAcceptRetries(&l.sem, cfg.DeferAccept)
	if err := l.setSysctls(cfg.Sysctls); err != nil {
		return nil, err
	}
	return l, nil
}

// SetSysctls changes the sysctls of the listener's network namespace. A listener
// reads them as it goes, all but somaxconn, and to 4.3 tcp_max_syn_backlog as part of
// the SYN queue's limit: those two it reads at listen().
func (l *Listener) SetSysctls(now time.Duration, s kernel.Sysctls) error {
	if err := l.begin(now); err != nil {
		return err
	}
	return l.setSysctls(s)
}

func (l *Listener) setSysctls(s kernel.Sysctls) error {
	if err := s.Validate(l.sem); err != nil {
		return err
	}
	l.cfg.Sysctls = s
	l.limit = uint32((max(0, int64(s.TCPInvalidRatelimit))*int64(l.clock.HZ()) + 999) / 1000)
	return nil
}

// maxFixedTable is the largest table of requests that a listener before 4.4 is
// given here. A real one fails with ENOMEM where memory ends.
const maxFixedTable = 1 << 22

// Listen is listen(backlog). On a socket that listens already it moves the accept
// queue's limit, and from 4.4 on the SYN queue's with it; nothing that is queued is
// dropped. The backlog is a C int: -1 stands for somaxconn.
//
// It returns an error for a closed socket, for a backlog that is no C int, and where
// a kernel before 4.4 could not allocate its table (ENOMEM).
func (l *Listener) Listen(now time.Duration, backlog int) error {
	if err := l.begin(now); err != nil {
		return err
	}
	if l.state == stateClosed {
		return ErrClosed
	}
	if backlog < math.MinInt32 || backlog > math.MaxInt32 {
		return fmt.Errorf("queue: backlog %d is not a C int", backlog)
	}
	sys := l.cfg.Sysctls
	b, somaxconn := int32(backlog), int32(sys.Somaxconn)
	fixed := l.sem.SYNQueue == kernel.SYNQueuePowerOfTwo
	if l.state == stateOpen {
		size := uint32(16)
		if fixed {
			size = SYNQueueLimit(&l.sem, b, somaxconn, int32(sys.TCPMaxSynBacklog))
			if size > maxFixedTable {
				return fmt.Errorf("queue: backlog %d, somaxconn %d and tcp_max_syn_backlog %d ask for a table of %d buckets, more than %d: ENOMEM",
					backlog, sys.Somaxconn, sys.TCPMaxSynBacklog, size, maxFixedTable)
			}
			l.synMax = size
		}
		if fixed || !l.listened {
			l.requests = newRequestTable(l.cfg.Key, int(size), fixed)
			l.young = 0
		}
		l.accept.clear()
		l.logged = l.logged && !fixed // the flag lives in the table to 4.3
		l.listened, l.state = true, stateListen
	}
	l.acceptMax = AcceptLimit(&l.sem, b, somaxconn)
	if !fixed {
		l.synMax = l.acceptMax
	}
	return nil
}

// begin starts a call at now.
func (l *Listener) begin(now time.Duration) error {
	if now < l.now {
		return fmt.Errorf("queue: time %v is before %v, the time of the last call: time must not go back", now, l.now)
	}
	if due, ok := l.Next(); ok && due <= now {
		return ErrTimerDue
	}
	l.now = now
	return nil
}

// An Outcome is a verdict and the segment that it sends, if any.
type Outcome struct {
	Verdict
	// Reply is the segment sent, the zero Reply for none.
	Reply Reply
}

// Receive takes a segment that matches no established connection and no TIME_WAIT,
// and returns what the kernel does with it. The host decides what a segment matches
// first; a connection is established from the moment it enters the accept queue.
//
// It returns an error for a segment without a valid source, before Listen, and for
// a time that goes back or leaves a due timer behind. After Close segments are
// answered as by a kernel where nobody listens.
func (l *Listener) Receive(now time.Duration, s Segment) (out Outcome, err error) {
	if err := l.check(now, &s); err != nil {
		return Outcome{}, err
	}
	l.now = now
	var key requestKey
	key.set(&s)
	hash := l.requests.hash(&key)
	i := l.requests.find(&key, hash)
	var d decision
	l.decide(&s, i, nil, &d)
	l.commit(&s, &key, hash, i, &d, &out)
	return out, nil
}

// Explain returns what [Listener.Receive] would do with a segment, with the checks
// that lead to it, and changes nothing.
func (l *Listener) Explain(now time.Duration, s Segment) (Explanation, error) {
	if err := l.check(now, &s); err != nil {
		return Explanation{}, err
	}
	then := l.now
	l.now = now
	defer func() { l.now = then }()
	var key requestKey
	key.set(&s)
	i := l.requests.find(&key, l.requests.hash(&key))
	var t trail
	var d decision
	l.decide(&s, i, &t, &d)
	return Explanation{Verdict: d.verdict, Checks: t.checks}, nil
}

func (l *Listener) check(now time.Duration, s *Segment) error {
	if !s.From.IsValid() {
		return errors.New("queue: Segment.From is not a valid address and port")
	}
	if s.To.Addr().IsValid() && s.ipv6() != (s.To.Addr().Is6() && !s.To.Addr().Is4In6()) {
		return fmt.Errorf("queue: Segment.From %v and Segment.To %v are not of one protocol", s.From, s.To)
	}
	if s.WindowScale > 15 {
		return fmt.Errorf("queue: Segment.WindowScale %d is above 15, the largest shift plus one", s.WindowScale)
	}
	if !l.listened {
		return ErrNotListening
	}
	then := l.now
	err := l.begin(now)
	l.now = then
	return err
}

// Accept is accept(): it takes the oldest connection off the accept queue. ok is
// false if there is none, where accept() would wait.
func (l *Listener) Accept(now time.Duration) (c Conn, ok bool, err error) {
	if err := l.begin(now); err != nil {
		return Conn{}, false, err
	}
	switch l.state {
	case stateClosed:
		return Conn{}, false, ErrClosed
	case stateOpen:
		return Conn{}, false, ErrNotListening
	}
	ok = l.accept.pop(&c)
	return c, ok, nil
}

// Queues returns the listener's queues as they are now: what `ss -lt` shows as
// Recv-Q (AcceptLen) and Send-Q (AcceptLimit), and what no tool shows.
func (l *Listener) Queues() Queues {
	var q Queues
	l.measure(&q)
	return q
}

func (l *Listener) measure(q *Queues) {
	q.AcceptLen, q.AcceptLimit = uint32(l.accept.n), l.acceptMax
	if l.sem.BacklogBits == 16 {
		q.AcceptLen &= 0xffff
	}
	q.Requests, q.Young, q.SYNLimit = uint32(l.requests.used), l.young, l.synMax
	q.FloodLogged = l.logged || l.sem.FloodLog == kernel.FloodLogMinute && l.logMin > 0 && l.clock.Jiffies(l.now) <= l.logMin
}

// Listening reports whether the socket listens.
func (l *Listener) Listening() bool { return l.state == stateListen }

// Counters returns what the listener has added to its namespace's counters.
func (l *Listener) Counters() kernel.Counters { return l.totals }

// SockDrops returns what `ss -m` shows as d<N>: the listener's sk_drops, 0 before
// 4.7.
func (l *Listener) SockDrops() uint64 { return l.dropped }

// Now returns the time of the last call that took one.
func (l *Listener) Now() time.Duration { return l.now }

// isn is the number for a new SYN-ACK: a keyed hash of the connection plus a clock
// of 64 ns, as in the kernel (secure_tcp_seq).
func (l *Listener) isn(hash uint32) uint32 {
	return uint32(mix(l.cfg.Key^uint64(hash)<<20^0x15)) + uint32(uint64(l.now)>>6)
}

// tsClock is the timestamp clock: milliseconds of the monotonic clock from 4.13 on, jiffies before.
func (l *Listener) tsClock(now time.Duration) uint32 {
	if l.sem.TimestampMillis {
		return uint32((now + l.cfg.Monotonic) / time.Millisecond)
	}
	return l.clock.Jiffies32(now)
}
