package host

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/timewait"
)

// A Config describes a host before anything happened to it.
type Config struct {
	// Semantics is how its kernel behaves.
	Semantics kernel.Semantics
	// Sysctls are its network namespace's. [Host.SetSysctls] changes them.
	Sysctls kernel.Sysctls
	// HZ is the kernel's CONFIG_HZ; 0 means 250.
	HZ int
	// Addrs are its own addresses besides those of the loopback device. The first of a family is the
	// source of its connections.
	Addrs []netip.Addr
	// Wall is the time of day at time 0, as time since 1970-01-01 00:00:00 UTC. Kernels to 4.18 keep
	// stamps of timestamps in seconds of it.
	Wall time.Duration
	// Monotonic is what CLOCK_MONOTONIC shows at time 0, to which it must not be further than a day. Time here is that of the kernel's jiffies, by
	// which timers run; CLOCK_MONOTONIC begins a little earlier, for the first ticks of a boot are lost (92
	// ms on 6.18.44, 152 to 196 ms in virtual machines). Kernels from 4.19 on keep stamps in seconds of it, so
	// it tells when a second begins, from which connect() may reuse a TIME-WAIT entry (4.19 to 6.13).
	//
	// A kernel reads its seconds when it ticks, from a clock that moves in steps of a tick and need not begin at one
	// (CLOCK_MONOTONIC_COARSE): its second begins up to a tick late. For a kernel that is so, Monotonic is less by
	// a tick.
	Monotonic time.Duration
	// Key is the secret from which initial sequence numbers, cookies and ports come.
	// Same key, same numbers.
	Key uint64
	// Rand draws a number that the kernel takes at random. nil derives numbers from Key.
	Rand func() uint32
	// Window is the receive window that its sockets offer, in bytes; 0 means what a kernel
	// offers with the default of tcp_rmem and an MTU of 1500: [kernel.InitialWindow].
	Window uint32
	// Trace is called for every segment that arrives, those on loopback among them, with
	// what became of it. nil: for none. It must not call the Host.
	Trace func(at time.Duration, s Segment, v Verdict)
	// Ended is called when the connection of a socket that a process holds is over, by a segment or by
	// a timer: the moment from which [Host.Error] has its error, if it has one. nil: for none. It must
	// not call the Host.
	Ended func(at time.Duration, s Socket)
}

// A Host is one network namespace of a kernel: its sockets, its ports, its TIME-WAIT entries
// and its memory of other hosts.
//
// Time is a parameter: the duration since boot, which must not go back. Every call first
// fires the timers that are due until its time, one after the other; what they send is in
// [Outcome].Sent with the time of each. [Host.Next] tells the next one, and [Host.Advance]
// fires and does nothing else.
//
// What the kernel refuses is an [Errno], what it does to a segment a [Verdict]. A Go error is
// for a call that could not happen: a time that goes back, a name of no socket, addresses that
// do not fit. It leaves the Host as it was.
//
// A Host is not safe for concurrent use. It stands for one CPU. Make one with [New]; the zero Host is of no kernel
// and must not be used.
type Host struct {
	cfg   Config
	sem   kernel.Semantics
	sys   kernel.Sysctls
	clock kernel.Clock
	now   time.Duration
	wall  time.Duration
	own   map[netip.Addr]bool
	seed  uint64 // of the numbers derived from Key

	ports *portalloc.Allocator
	tw    *timewait.Table
	peers *paws.Cache

	last      Socket
	open      map[Socket]*sock
	conns     map[pair]*sock
	listeners []*listener
	byPort    map[uint16][]*listener
	best      []*listener // of the last look for one
	timers    timerHeap
	trips     map[route]pastTrip
	armed     uint64

	inherited timewait.Inheritance // of the TIME-WAIT entry that a connect() took over
	budget    ChallengeBudget
	sent      []Sent
	keep      bool      // sent is for the next call
	loop      []Segment // on their way over loopback
	counters  kernel.Counters
	retired   kernel.Counters // of listeners that are gone
	less      kernel.Counters // what pieces counted and a host does not
}

// A Socket names a socket of a Host: its file descriptor. The zero Socket is none. Names
// count from 1 and are not used again.
type Socket int

// An Outcome is what came of a call.
type Outcome struct {
	// Errno is what a system call fails with.
	Errno Errno
	// Socket is the new socket of Open and Accept.
	Socket Socket
	// N is how many bytes Recv took; 0 without an Errno is the end of the stream.
	N int
	// Verdict is what became of the segment given to Receive.
	Verdict Verdict
	// Sent are the segments that leave the host, oldest first, those of timers that
	// were due before the call among them. The slice is good until the next call.
	Sent []Sent
}

// Sent is a segment that leaves the host, and when.
type Sent struct {
	At time.Duration // when it left, since boot
	Segment
}

// String is the segment with its time in seconds.
func (s Sent) String() string { return fmt.Sprintf("%.3fs %v", s.At.Seconds(), s.Segment.text()) }

// pair names a connection.
type pair struct{ local, remote netip.AddrPort }

// New returns a host without sockets. It is an error if Semantics describes no kernel, if a
// sysctl has a value that this kernel does not take, if HZ is none of a kernel's, if Wall is
// negative, if Monotonic is beyond a day, or if an address is no unicast one.
func New(cfg Config) (*Host, error) {
	if !cfg.Semantics.Valid() {
		return nil, errors.New("host: Config.Semantics describes no kernel; take it from a kernel.Release")
	}
	if cfg.HZ == 0 {
		cfg.HZ = 250
	}
	if cfg.Window > 1<<30 {
		return nil, fmt.Errorf("host: Config.Window %d is above %d, the largest TCP window", cfg.Window, 1<<30)
	}
	if cfg.Monotonic.Abs() > 24*time.Hour {
		return nil, fmt.Errorf("host: Config.Monotonic %v is more than a day away from 0", cfg.Monotonic)
	}
	clock, err := kernel.NewClock(cfg.Semantics, cfg.HZ)
	if err != nil {
		return nil, err
	}
	h := &Host{
		cfg: cfg, sem: cfg.Semantics, sys: cfg.Sysctls, clock: clock, wall: cfg.Wall, seed: mix(cfg.Key ^ 0x5eed),
		own: map[netip.Addr]bool{}, open: map[Socket]*sock{}, conns: map[pair]*sock{}, byPort: map[uint16][]*listener{},
	}
	for _, a := range cfg.Addrs {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() || a.Is4In6() {
			return nil, fmt.Errorf("host: Config.Addrs has %v: an address of its own is a unicast one, and the loopback device has its own", a)
		}
		h.own[a.WithZone("")] = true
	}
	if cfg.Rand == nil {
		h.cfg.Rand = h.derive
	}
	if h.peers, err = paws.NewCache(paws.Config{Semantics: h.sem, Sysctls: h.sys, HZ: cfg.HZ, Wall: cfg.Wall, Key: cfg.Key}); err != nil {
		return nil, err
	}
	if h.tw, err = timewait.New(timewait.Config{Semantics: h.sem, Sysctls: h.sys, HZ: cfg.HZ, Wall: cfg.Wall, Monotonic: cfg.Monotonic, Hosts: h.peers}); err != nil {
		return nil, err
	}
	var key portalloc.Key
	for i := range key {
		key[i] = byte(mix(cfg.Key+uint64(i)) >> 56)
	}
	h.ports, err = portalloc.New(portalloc.Config{Semantics: h.sem, Sysctls: h.sys, HZ: cfg.HZ, Key: key, Rand: h.cfg.Rand, TimeWaits: (*entries)(h)})
	if err != nil {
		return nil, err
	}
	return h, nil
}

// derive is Config.Rand where there is none.
func (h *Host) derive() uint32 {
	h.seed += 0x9e3779b97f4a7c15
	return uint32(mix(h.seed) >> 32)
}

// mix spreads a number over 64 bits (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// begin starts a call at now: time is checked, and what is due is fired.
func (h *Host) begin(now time.Duration) error {
	if err := h.timely(now); err != nil {
		return err
	}
	h.start(now)
	return nil
}

// start does so for a call whose time was checked.
func (h *Host) start(now time.Duration) {
	if !h.keep {
		h.sent = h.sent[:0]
	}
	h.keep = false
	h.run(now)
}

func (h *Host) timely(now time.Duration) error {
	if now < h.now {
		return fmt.Errorf("host: time %v is before %v, the time of the last call: time must not go back", now, h.now)
	}
	return nil
}

// end finishes a call: what is on its way over loopback arrives.
func (h *Host) end(out Outcome) Outcome {
	h.drain()
	if len(h.sent) > 0 {
		out.Sent = h.sent
	}
	return out
}

// SetSysctls writes the sysctls of the namespace. A value that the kernel refuses is an error,
// and so is a time that goes back. What is due until now is fired first, under the old ones;
// what that sends is in the Sent of the next call.
func (h *Host) SetSysctls(now time.Duration, s kernel.Sysctls) error {
	if err := s.Validate(h.sem); err != nil {
		return err
	}
	if err := h.timely(now); err != nil {
		return err
	}
	if most := math.MaxInt32 / h.clock.HZ(); s.TCPFinTimeout > most || s.TCPFinTimeout < -most {
		return fmt.Errorf("host: net.ipv4.tcp_fin_timeout = %d: a kernel of HZ %d takes %d to %d", s.TCPFinTimeout, h.clock.HZ(), -most, most)
	}
	h.start(now)
	h.keep = true
	h.sys = s
	err := errors.Join(h.tw.SetSysctls(now, s), h.ports.SetSysctls(s), h.peers.SetSysctls(s)) // none: it was checked
	for _, l := range h.listeners {
		err = errors.Join(err, l.q.SetSysctls(now, s))
	}
	return err
}

// SuggestPort makes the next connect() or bind() that looks for a port begin its search where
// it finds that port, if any beginning allows it: see [portalloc.Allocator.SuggestPort]. It is
// for replaying recordings.
func (h *Host) SuggestPort(port uint16) { h.ports.SuggestPort(port) }

// Counters returns what the namespace has counted since boot.
func (h *Host) Counters() kernel.Counters {
	t := h.counters
	add := func(c kernel.Counters) {
		for k, n := range c.All() {
			t.Add(k, n)
		}
	}
	add(h.retired)
	for _, l := range h.listeners {
		add(l.q.Counters())
	}
	tw := h.tw.Counters()
	var twice kernel.Counters // package portalloc counts it as well
	twice.Add(kernel.TWRecycled, tw.Get(kernel.TWRecycled))
	add(tw.Sub(twice))
	add(h.ports.Counters())
	return t.Sub(h.less)
}

// Now returns the time of the last call that took one.
func (h *Host) Now() time.Duration { return h.now }

// isOwn reports whether an address is one of the host.
func (h *Host) isOwn(a netip.Addr) bool { return a.IsLoopback() || h.own[a] }

// tsClock is the timestamp clock: milliseconds of the monotonic clock from 4.13 on, jiffies before.
func (h *Host) tsClock() uint32 {
	if h.sem.TimestampMillis {
		return uint32((h.now + h.cfg.Monotonic) / time.Millisecond)
	}
	return h.clock.Jiffies32(h.now)
}

// tsUnit is what it counts.
func (h *Host) tsUnit() time.Duration {
	if h.sem.TimestampMillis {
		return time.Millisecond
	}
	return h.clock.Tick()
}

// seconds is the clock in which stamps of timestamps are kept.
func (h *Host) seconds() int64 {
	return paws.ClockSeconds(&h.sem, h.now+h.cfg.Monotonic, h.wall-h.cfg.Monotonic)
}

// hash is that of a connection, under the host's secret.
func (h *Host) hash(p pair) uint64 {
	x := mix(h.cfg.Key ^ 0xc0ffee)
	for _, a := range [...]netip.AddrPort{p.local, p.remote} {
		b := a.Addr().As16()
		for i := 0; i < 16; i += 4 {
			x = mix(x ^ uint64(b[i])<<24 ^ uint64(b[i+1])<<16 ^ uint64(b[i+2])<<8 ^ uint64(b[i+3]))
		}
		x = mix(x ^ uint64(a.Port()))
	}
	return x
}

// isn is the number of a SYN: a keyed hash of the connection plus a clock of 64 ns, as in the
// kernel (secure_tcp_seq).
func (h *Host) isn(p pair) uint32 { return uint32(h.hash(p)>>32) + uint32(uint64(h.now)>>6) }

// unmapped is an address and port as sockets are found by.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}
