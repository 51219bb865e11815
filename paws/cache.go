package paws

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
)

// A Config describes the kernel that remembers hosts.
type Config struct {
	// Semantics is how it behaves.
	Semantics kernel.Semantics
	// Sysctls are its network namespace's; TCPTwRecycle, TCPTimestamps and
	// TCPNoMetricsSave are read. [Cache.SetSysctls] changes them.
	Sysctls kernel.Sysctls
	// HZ is its CONFIG_HZ: 100, 250, 300 or 1000; 0 means 250.
	HZ int
	// Wall is its wall clock at boot, as time since 1970-01-01 00:00:00 UTC. Stamps are
	// seconds of that clock. 0 is a machine that boots without a clock.
	// [Cache.SetWall] sets it.
	Wall time.Duration
	// MemoryBytes is its memory, from which the size of the cache follows:
	// [MetricsSlots], [PeerThreshold]. 0 means a large machine.
	MemoryBytes uint64
	// MetricsSlots is the boot parameter tcpmhash_entries, at most 2^24; 0 leaves it to
	// memory. Not looked at to 3.5.
	MetricsSlots int
	// PeerThreshold is net.ipv4.inet_peer_threshold, 0 for what follows from memory. It
	// holds for IPv4 and IPv6 hosts each. Not looked at from 3.6 on.
	PeerThreshold int
	// Key is the secret by which hosts fall into buckets. Same key, same buckets.
	Key uint64
}

// A Cache is what one kernel remembers of the hosts that it talked to: the timestamps
// against which tcp_tw_recycle holds a SYN (to 4.11), and whether a round-trip time
// is known (tcp_metrics).
//
//	releases       store         key                       forgets a host
//	2.6.32-3.0     inet_peer     their address             2 to 10 minutes unused; the unused for longest when full
//	3.1-3.5        inet_peer     their address             when full
//	3.6-3.13       tcp_metrics   their address             seventh in a bucket; 1 h after its last connection
//	3.14 on, el7   tcp_metrics   our and their address     the same
//
// Timestamps of IPv6 hosts are remembered from 2.6.38 on, and no timestamps from 4.12
// on. tcp_metrics belongs to a network namespace, inet_peer to the machine.
//
// Make one with [NewCache]; the zero Cache knows no kernel and remembers nothing. It
// holds no clock: every call takes the time since boot, and reads the wall clock from
// it. It is not safe for concurrent use. *Cache is a queue.PeerHistory.
//
// Exact: what is remembered and what is made of it. An envelope: which hosts share a
// bucket, which a real kernel draws from a secret; the phase of the timer to 3.0; and
// at the threshold to 3.5 which host is forgotten, since a real kernel spares those
// that its routes refer to, and from 3.1 on drops those that stand in a new one's way.
// In a full bucket of tcp_metrics the one that goes is the kernel's, even where several
// were used last in the same jiffy.
type Cache struct {
	cfg  Config
	sem  kernel.Semantics
	sys  kernel.Sysctls
	hour uint64 // metricsTimeout in jiffies
	clocks
	known  bool    // it knows its kernel
	store  bool    // there is anything to look up
	judges [8]bool // RecycleJudges of every case
	v4     table[uint32]
	v6     table[[16]byte]
	locals locals
	peers  peerTimer
}

// NewCache returns an empty cache. It is an error if Semantics describes no kernel, if
// Sysctls has a value that this kernel would refuse, if HZ is none of a kernel's, if
// Wall or a size is negative or too large.
func NewCache(cfg Config) (*Cache, error) {
	if !cfg.Semantics.Valid() {
		return nil, errors.New("paws: Config.Semantics describes no kernel")
	}
	if err := cfg.Sysctls.Validate(cfg.Semantics); err != nil {
		return nil, fmt.Errorf("paws: %w", err)
	}
	if cfg.HZ == 0 {
		cfg.HZ = 250
	}
	clock, err := kernel.NewClock(cfg.Semantics, cfg.HZ)
	if err != nil {
		return nil, fmt.Errorf("paws: Config.HZ: %w", err)
	}
	if err := checkWall(0, cfg.Wall); err != nil {
		return nil, err
	}
	if cfg.MetricsSlots < 0 || cfg.MetricsSlots > 1<<24 {
		return nil, fmt.Errorf("paws: Config.MetricsSlots %d is not within 0 to 16777216", cfg.MetricsSlots)
	}
	if cfg.PeerThreshold < 0 || cfg.PeerThreshold > 1<<24 {
		return nil, fmt.Errorf("paws: Config.PeerThreshold %d is not within 0 to 16777216", cfg.PeerThreshold)
	}
	if cfg.MetricsSlots == 0 {
		cfg.MetricsSlots = MetricsSlots(cfg.MemoryBytes)
	}
	if cfg.PeerThreshold == 0 {
		cfg.PeerThreshold = PeerThreshold(cfg.MemoryBytes)
	}
	c := &Cache{cfg: cfg, sem: cfg.Semantics, sys: cfg.Sysctls, clocks: clocks{ticks: clock, wall: cfg.Wall}, known: true}
	c.hour = uint64(metricsTimeout/time.Second) * uint64(cfg.HZ)
	c.peers.due = never
	if !cfg.Semantics.HostMetrics && !cfg.Semantics.HostPeersUnlisted {
		c.peers.due = PeerSweep(0, cfg.PeerThreshold)
	}
	var below uint32 // bits of a hash that make no difference to its bucket; to 3.5 there are no buckets
	if cfg.Semantics.HostMetrics {
		below = (1<<32 - 1) >> bits.Len(uint(cfg.MetricsSlots-1))
	}
	c.v4.bucket, c.v6.bucket = ^below, ^below
	key := cfg.Key
	c.v4.hash = func(k uint32) uint32 { return hash4(key, k) }
	c.v6.hash = func(k [16]byte) uint32 { return hash6(key, &k) }
	c.setStore()
	return c, nil
}

func checkWall(now, wall time.Duration) error {
	if now+wall < 0 {
		return fmt.Errorf("paws: wall clock %v at time %v is before 1970, where the kernel's seconds begin", wall, now)
	}
	return nil
}

// setStore works out what follows from the sysctls.
func (c *Cache) setStore() {
	c.store = c.sem.ProvenPeers
	for i := range c.judges {
		ipv6, known, timestamp := i&1 != 0, i&2 != 0, i&4 != 0
		c.judges[caseOf(ipv6, known, timestamp)] = RecycleJudges(&c.sem, &c.sys, ipv6, known, timestamp)
		c.store = c.store || c.judges[i]
	}
}

// SetSysctls changes the sysctls. What is remembered stays. It is an error if this
// kernel would refuse a value.
func (c *Cache) SetSysctls(sys kernel.Sysctls) error {
	if !c.known {
		return errNoKernel
	}
	if err := sys.Validate(c.sem); err != nil {
		return fmt.Errorf("paws: %w", err)
	}
	c.sys = sys
	c.setStore()
	return nil
}

// SetWall sets the wall clock, as settimeofday(2) and ntpd do: wall is what it would
// have shown at boot. A wall clock before 1970 is an error, as is a time that goes
// back.
func (c *Cache) SetWall(now, wall time.Duration) error {
	if err := c.timely(now); err != nil {
		return err
	}
	if err := checkWall(now, wall); err != nil {
		return err
	}
	c.setWall(wall)
	c.pass(now)
	return nil
}

var errNoKernel = errors.New("paws: the zero Cache knows no kernel: make one with NewCache")

// begin checks a call's time and lets it pass.
func (c *Cache) begin(now time.Duration) error {
	if err := c.timely(now); err != nil {
		return err
	}
	c.pass(now)
	return nil
}

// timely checks the time of a call.
func (c *Cache) timely(now time.Duration) error {
	if !c.known {
		return errNoKernel
	}
	if now < c.now {
		return fmt.Errorf("paws: time %v is before %v, the time of the last call: time must not go back", now, c.now)
	}
	return nil
}

// pass lets time go on to now, which is not before c.now.
func (c *Cache) pass(now time.Duration) {
	if c.now = now; now < c.until {
		return
	}
	if now >= c.peers.due {
		c.sweepPeers(now)
	}
	c.read()
	c.until = min(c.until, c.peers.due)
}

// Len returns how many hosts are remembered, or pairs of addresses from 3.14 on.
func (c *Cache) Len() int { return c.v4.used + c.v6.used }

// Now returns the time of the last call that took one.
func (c *Cache) Now() time.Duration { return c.now }

// key4 is an IPv4 address as a number.
func key4(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// find returns the entry of a host and one of our addresses, or nil.
func (c *Cache) find(from, to netip.Addr) *entry {
	local, ok := c.locals.find(to, c.sem.HostMetricsLocal)
	if !ok {
		return nil
	}
	if from.Is4() {
		k := key4(from)
		return c.v4.find(hash4(c.cfg.Key, k), k, local)
	}
	k := from.As16()
	return c.v6.find(hash6(c.cfg.Key, &k), k, local)
}

// age is what a look at an entry does to it: to 3.5 it was used, from 3.6 on it is
// reset if its last connection ended more than an hour ago.
func (c *Cache) age(e *entry) {
	if !c.sem.HostMetrics || c.jiffies-e.lastUse() > c.hour {
		c.renew(e)
	}
}

func (c *Cache) renew(e *entry) {
	if c.sem.HostMetrics {
		e.ts, e.stamp = 0, 0
		e.setRTT(false)
	}
	e.touch(c.jiffies)
}

// Host returns what is remembered of a host: its timestamp, whether a round-trip time
// is known, and whether it is remembered at all. It changes nothing, and shows what is
// over an hour old as it stands.
func (c *Cache) Host(from, to netip.Addr) (h Host, rtt, known bool) {
	if from = from.Unmap(); from.IsValid() {
		if e := c.find(from, to); e != nil {
			return e.host(), e.rtt(), true
		}
	}
	return Host{}, false, false
}
