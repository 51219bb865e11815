package timewait

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
)

// ErrTimerDue says that a timer is due at or before the time of a call: call
// [Table.Advance] first.
var ErrTimerDue = errors.New("timewait: a timer is due: call Advance first")

// A Config describes the kernel of a [Table].
type Config struct {
	// Semantics is how the kernel behaves.
	Semantics kernel.Semantics
	// Sysctls are the network namespace's. [Table.SetSysctls] changes them.
	Sysctls kernel.Sysctls
	// HZ is the kernel's CONFIG_HZ; 0 means 250.
	HZ int
	// Wall is the time of day when the kernel booted, as a duration since a whole
	// second. Kernels to 4.18 keep stamps in seconds of the wall clock, so its fraction
	// tells when seconds begin. [Table.SetWall] sets the clock.
	Wall time.Duration
	// Monotonic is what CLOCK_MONOTONIC shows at time 0, which is that of the jiffies
	// counter. Kernels from 4.19 on keep stamps in seconds of that clock, which
	// they see up to a tick late: see [example.com/linuxtcp/paws.ClockSeconds].
	Monotonic time.Duration
	// Hosts is the kernel's memory of hosts, which tcp_tw_recycle needs (to 4.11). nil
	// remembers every host, as a kernel with memory to spare does.
	Hosts HostStamps
}

// HostStamps is the kernel's memory of other hosts' timestamps.
type HostStamps interface {
	// Remember offers the last timestamp of a connection that enters TIME_WAIT or
	// FIN_WAIT2, or goes on from the one to the other (already). It reports whether the
	// kernel has a place for that host, which makes the entry a short one
	// (tcp_v4_remember_stamp, tcp_tw_remember_stamp). remote is as in [Socket]: an IPv4
	// address mapped to IPv6 is the peer of an IPv6 socket.
	Remember(now time.Duration, local, remote netip.Addr, tsval, seenAt uint32, already bool) bool
}

// A Table is the TIME_WAIT and FIN_WAIT2 entries of a kernel with one network
// namespace: the minisocks, their timers, what becomes of segments and of connects that
// meet them.
//
// Time is a parameter: the duration since boot, which must not go back. Nothing happens
// by itself: when [Table.Next] says that a timer is due, [Table.Advance] has to be
// called before anything else at that time or later, or the call returns [ErrTimerDue].
// An error leaves the Table as it was.
//
// A million entries take 48 bytes each or less over IPv4, and 16 more over IPv6; what
// is in steady use allocates nothing. A Table holds at most 16777216 entries and 32768
// of our own addresses at a time. It is not safe for concurrent use; it stands for one
// CPU. Make one with [New]; the zero Table knows no kernel.
type Table struct {
	cfg   Config
	sem   kernel.Semantics
	clock kernel.Clock
	limit uint32 // tcp_invalid_ratelimit in jiffies
	now   time.Duration
	wall  time.Duration

	s       store
	bk      buckets
	keep    []uint32
	w       wheel
	last    expiry
	waiting int // entries with a timer

	crowd bool // entries are numbers only: a Crowd's

	answered map[uint32]uint32    // rate limit: low half of jiffies at the last answer
	recycle  map[uint32]shortened // what tcp_tw_recycle will make of a FIN_WAIT2 entry

	ended  func(Ended)
	count  int
	totals kernel.Counters
}

// New returns an empty Table. It returns an error for Semantics that describe no
// kernel, for sysctls that the kernel would refuse, and for an HZ that none has.
func New(cfg Config) (*Table, error) {
	if !cfg.Semantics.Valid() {
		return nil, errors.New("timewait: Config.Semantics describes no kernel: get it from kernel.Release.Semantics")
	}
	if cfg.HZ == 0 {
		cfg.HZ = 250
	}
	clock, err := kernel.NewClock(cfg.Semantics, cfg.HZ)
	if err != nil {
		return nil, err
	}
	t := &Table{cfg: cfg, sem: cfg.Semantics, clock: clock, wall: cfg.Wall,
		answered: map[uint32]uint32{}, recycle: map[uint32]shortened{}}
	if cfg.Wall < 0 {
		return nil, fmt.Errorf("timewait: Config.Wall %v is before the beginning of the clock", cfg.Wall)
	}
	if m := cfg.Monotonic.Abs(); m > 24*time.Hour {
		return nil, fmt.Errorf("timewait: Config.Monotonic %v is more than a day away from 0", cfg.Monotonic)
	}
	if err := t.setSysctls(cfg.Sysctls); err != nil {
		return nil, err
	}
	n := slowCells + recycleRows
	switch {
	case !t.sem.TimeWaitTimers:
		t.w = newDeathRow(t)
	case t.sem.Wheel == kernel.WheelCoarse:
		t.w, n = &coarseWheel{t: t}, 9*64
	default:
		t.w = &jiffyTimers{t: t}
	}
	t.bk.b = make([]bucket, n)
	return t, nil
}

// SetSysctls changes the sysctls of the network namespace. Entries that are there stay,
// even above a smaller tcp_max_tw_buckets.
func (t *Table) SetSysctls(now time.Duration, s kernel.Sysctls) error {
	if err := t.check(now); err != nil {
		return err
	}
	if err := t.setSysctls(s); err != nil {
		return err
	}
	t.now = now
	return nil
}

func (t *Table) setSysctls(s kernel.Sysctls) error {
	if err := s.Validate(t.sem); err != nil {
		return err
	}
	if most := math.MaxInt32 / t.clock.HZ(); s.TCPFinTimeout > most || s.TCPFinTimeout < -most {
		return fmt.Errorf("timewait: net.ipv4.tcp_fin_timeout = %d: a kernel of HZ %d takes %d to %d", s.TCPFinTimeout, t.clock.HZ(), -most, most)
	}
	t.cfg.Sysctls = s
	t.limit = uint32((max(0, int64(s.TCPInvalidRatelimit))*int64(t.clock.HZ()) + 999) / 1000)
	return nil
}

// SetWall sets the clock: wall is the time of day now, as Config.Wall counts it.
// Kernels from 4.19 on do not care.
func (t *Table) SetWall(now, wall time.Duration) error {
	if err := t.check(now); err != nil {
		return err
	}
	if wall < 0 {
		return fmt.Errorf("timewait: the time of day %v is before the beginning of the clock", wall)
	}
	t.now, t.wall = now, wall-now
	return nil
}

// check tells whether a call may come at now.
func (t *Table) check(now time.Duration) error {
	if t.w == nil {
		return errNoKernel
	}
	if now < t.now {
		return fmt.Errorf("timewait: time %v is before %v, the time of the last call: time must not go back", now, t.now)
	}
	if due, ok := t.w.next(); ok && due <= now {
		return ErrTimerDue
	}
	return nil
}

var errNoKernel = errors.New("timewait: the zero Table knows no kernel: make one with New")

// millisecond is the millisecond of a moment on the monotonic clock.
func (t *Table) millisecond(at time.Duration) uint32 {
	return uint32((at + t.cfg.Monotonic) / time.Millisecond)
}

// second is the second of a moment on the clock in which the kernel keeps stamps.
func (t *Table) second(at time.Duration) uint32 {
	if t.sem.MonotonicStamps {
		at += t.cfg.Monotonic
	} else {
		at += t.wall
	}
	return uint32(max(at, 0) / time.Second)
}

// A Socket is a connection that closes.
type Socket struct {
	Local, Remote netip.AddrPort // its endpoints, this host's first
	State         State          // what it enters
	Timeout       time.Duration  // of FIN_WAIT2: [Orphan].Entry; TIME_WAIT does not look at it
	RTO           time.Duration  // retransmission timeout; 0 means 200 ms, the least
	RcvNxt        uint32         // the sequence number expected next
	SndNxt        uint32         // our own next, after our FIN
	Window        uint32         // receive window in bytes, at most 1073725440
	WindowScale   uint8          // shift of the windows we send, 0 to 14

	// Timestamps says that the peer's segments carried timestamps, TSRecent being the
	// last that was kept, at the moment TSAt: often that of the peer's FIN.
	Timestamps bool
	TSRecent   uint32
	TSAt       time.Duration
	// BoundToLo says that the socket was bound to the device lo.
	BoundToLo bool
}

const minRTO = 200 * time.Millisecond

// maxTimeout keeps timers within what every wheel holds.
const maxTimeout = 24 * 24 * time.Hour

func (t *Table) checkSocket(now time.Duration, k *Socket) error {
	l, r := k.Local.Addr(), k.Remote.Addr()
	switch {
	case !k.Local.IsValid() || !k.Remote.IsValid():
		return fmt.Errorf("timewait: Socket.Local %v and Socket.Remote %v must be addresses with ports", k.Local, k.Remote)
	case l.Unmap().Is4() != r.Unmap().Is4():
		return fmt.Errorf("timewait: Socket.Local %v and Socket.Remote %v are not of one protocol", k.Local, k.Remote)
	case k.State != TimeWait && k.State != FinWait2:
		return fmt.Errorf("timewait: Socket.State %v is neither TIME_WAIT nor FIN_WAIT2", k.State)
	case k.Timeout < 0 || k.Timeout > maxTimeout:
		return fmt.Errorf("timewait: Socket.Timeout %v is outside 0 to %v", k.Timeout, maxTimeout)
	case k.RTO < 0 || k.RTO > 120*time.Second:
		return fmt.Errorf("timewait: Socket.RTO %v is outside 0 to 120 s", k.RTO)
	case k.Window > 65535<<14:
		return fmt.Errorf("timewait: Socket.Window %d is above %d, the largest TCP window", k.Window, 65535<<14)
	case k.WindowScale > 14:
		return fmt.Errorf("timewait: Socket.WindowScale %d is above 14", k.WindowScale)
	case k.Timestamps && (k.TSAt > now || k.TSAt < 0):
		return fmt.Errorf("timewait: Socket.TSAt %v is outside 0 to now, %v", k.TSAt, now)
	}
	return nil
}

// Enter is tcp_time_wait: the socket is gone, and an entry takes its place if
// tcp_max_tw_buckets has room. The verdict is [Enter], or [Close] without room, which
// counts TCPTimeWaitOverflow from 2.6.37 on.
//
// It returns an error for a Socket that could not be, for one whose addresses and ports
// have an entry already, and for a time that goes back or leaves a due timer behind.
func (t *Table) Enter(now time.Duration, k Socket) (Verdict, error) {
	var c conn
	if err := t.begin(now, &k, &c); err != nil {
		return Verdict{}, err
	}
	if k.RTO == 0 {
		k.RTO = minRTO
	}
	var seenAt uint32
	if k.Timestamps {
		seenAt = t.second(k.TSAt)
	}
	var err error
	if c.local, err = t.s.addLocal(k.Local.Addr().Unmap()); err != nil {
		return Verdict{}, err
	}
	recycle := t.remember(now, k.Local.Addr().Unmap(), k.Remote.Addr().WithZone(""), k.TSRecent, seenAt, false)
	t.now = now
	if v, full := t.full(1); full {
		t.s.dropLocal(c.local)
		return v, nil
	}
	i, e := t.s.add(&c)
	v := Verdict{Action: Enter, Reason: RoomForEntry}
	e.rcvNxt, e.sndNxt, e.tsRecent, e.seenAt = k.RcvNxt, k.SndNxt, k.TSRecent, seenAt
	e.window = k.Window
	if k.BoundToLo {
		e.window |= flagLo
	}
	e.meta |= uint16(k.WindowScale) << scaleShift
	if k.State == TimeWait {
		e.meta |= metaTimeWait
	}
	if t.sem.TWReuseDelay {
		e.aux = t.millisecond(now)
	}
	if recycle {
		if k.State == TimeWait {
			v.Reason = Recycled
		} else {
			t.recycle[i] = shortened{Floor(k.RTO), k.Remote.Addr().WithZone("")}
		}
	}
	timeout := EntryTimeout(k.State, k.Timeout, k.RTO, recycle)
	e.setShort(t.round(timeout))
	t.w.schedule(i, timeout)
	v.Counters = t.begun(e.short())
	return v, nil
}

// full is what becomes of n sockets if there is no room for them.
func (t *Table) full(n int) (v Verdict, full bool) {
	if HasRoom(&t.sem, t.s.live, t.cfg.Sysctls.TCPMaxTWBuckets) {
		return Verdict{}, false
	}
	v = Verdict{Action: Close, Reason: NoRoom}
	if t.sem.TimeWaitOverflowCounter {
		v.Counters = kernel.CountersOf(kernel.TCPTimeWaitOverflow)
		t.totals.Add(kernel.TCPTimeWaitOverflow, uint64(n))
	}
	return v, true
}

// begun counts an entry whose timer is armed now, and returns what that raises.
func (t *Table) begun(short bool) (c kernel.CounterSet) {
	t.waiting++
	if t.sem.TimeWaitCountedAtEntry {
		c = endCounters(short)
	}
	t.totals.Raise(c)
	return c
}

// round is a timeout in whole jiffies, as the kernel has it.
func (t *Table) round(d time.Duration) time.Duration {
	return time.Duration(jiffiesIn(&t.clock, d)) * t.clock.Tick()
}

// endCounters is what an entry counts, once.
func endCounters(short bool) kernel.CounterSet {
	if short {
		return kernel.CountersOf(kernel.TWKilled)
	}
	return kernel.CountersOf(kernel.TW)
}

// begin checks a Socket and a time, and finds out its name without number.
func (t *Table) begin(now time.Duration, k *Socket, c *conn) error {
	if err := t.checkSocket(now, k); err != nil {
		return err
	}
	if err := t.check(now); err != nil {
		return err
	}
	if t.name(c, k.Local, k.Remote) {
		if _, ok := t.s.find(c); ok {
			return fmt.Errorf("timewait: %v and %v have an entry already", k.Local, k.Remote)
		}
	}
	if t.s.live >= maxEntries {
		return fmt.Errorf("timewait: one entry more than %d, the most that a Table holds", maxEntries)
	}
	return nil
}

// name fills in c; false if no entry has that local address.
func (t *Table) name(c *conn, local, remote netip.AddrPort) bool {
	c.remote = remote.Addr().Unmap().WithZone("")
	c.lport, c.rport = local.Port(), remote.Port()
	var ok bool
	c.local, ok = t.s.localIndex(local.Addr().Unmap())
	return ok
}

// A shortened is how long TIME_WAIT will last, and the peer's address as the socket had
// it: mapped to IPv6 if that was an IPv6 socket with an IPv4 peer.
type shortened struct {
	timeout time.Duration
	remote  netip.Addr
}

// remember asks whether tcp_tw_recycle makes an entry short.
func (t *Table) remember(now time.Duration, local, remote netip.Addr, tsval, seenAt uint32, already bool) bool {
	if !recyclable(&t.sem, &t.cfg.Sysctls, !remote.Unmap().Is4(), seenAt != 0) {
		return false
	}
	return t.cfg.Hosts == nil || t.cfg.Hosts.Remember(now, local, remote, tsval, seenAt, already)
}

// Len returns how many entries there are, in TIME_WAIT and FIN_WAIT2 together: what
// tcp_max_tw_buckets limits.
func (t *Table) Len() int { return t.s.live }

// Counters returns what the table has added to its namespace's counters.
func (t *Table) Counters() kernel.Counters { return t.totals }

// Now returns the time of the last call that took one.
func (t *Table) Now() time.Duration { return t.now }
