package portalloc

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
)

// A Config describes the kernel of an [Allocator].
type Config struct {
	// Semantics is how the kernel behaves.
	Semantics kernel.Semantics
	// Sysctls are those of the network namespace, ip_local_port_range and
	// ip_local_reserved_ports among them. [Allocator.SetSysctls] changes them.
	Sysctls kernel.Sysctls
	// HZ is the kernel's CONFIG_HZ; 0 means 250. It tells when the hash changes, from
	// 5.18 on.
	HZ int
	// Key is the kernel's secret. With the same Key and the same draws, the same ports.
	Key Key
	// Rand draws a number that the kernel takes at random; it must not be nil. A draw
	// below n is its remainder by n.
	Rand func() uint32
	// TimeWaits tells which TIME_WAIT entries connect() may take over. nil: none.
	TimeWaits TimeWaits
}

// TimeWaits is what an Allocator asks about connections in TIME_WAIT, or in FIN_WAIT2
// without a process. A timewait.Table can answer: see the examples.
type TimeWaits interface {
	// Possible reports whether a connect() from src to dst that looks for a port could
	// take any entry over, old enough and with timestamps: whether tcp_tw_reuse allows it
	// for such addresses. Where it says no, Take is not asked for such a connect().
	Possible(src, dst netip.Addr) bool
	// Take reports whether connect() takes the entry of this connection over; if so the
	// entry is gone. bound says that the socket had its port before (tcp_twsk_unique).
	Take(now time.Duration, local, remote netip.AddrPort, bound bool) bool
}

// An Allocator is the local ports of a kernel with one network namespace: the sockets
// that have one, and the searches of connect() and bind() for another.
//
// [Allocator.Open] makes a socket, [Allocator.Bind], [Allocator.Listen],
// [Allocator.Connect] and [Allocator.Accept] are its life, [Allocator.Close] its end,
// with or without [Allocator.TimeWait] before. What the kernel refuses is a [Result] with
// an [Errno]. A Go error says that a call could not happen in a kernel, and leaves the
// Allocator as it was.
//
// There is no clock in it; Connect is told the time, which must not go back. Many source
// addresses, destinations and both families share the ports as they do in the kernel. A
// connect() that the kernel needs tens of thousands of steps for takes a few here.
//
// It is not safe for concurrent use, and stands for one CPU: each call is over before the
// next begins.
type Allocator struct {
	sem   kernel.Semantics
	sys   kernel.Sysctls
	ports kernel.PortRange
	clock kernel.Clock
	key   Key
	draw  func() uint32
	tw    TimeWaits
	now   time.Duration

	socks    []sock
	freeSock []uint32
	live     int // sockets with a port, without TIME_WAIT

	pages    [256]*[256]bucket
	reserved portSet
	blocked  portSet // of no use to connect(): reserved, or somebody bound to it

	groups    map[groupKey]uint32
	dests     []*group
	freeGroup []uint32
	last      uint32 // the group used last
	table     connTable

	epoch    uint64 // HashEpoch at epochAt
	epochAt  time.Duration
	epochSet bool

	moved []uint32 // how far each place has come since boot

	suggested uint16 // see SuggestPort
	totals    kernel.Counters
}

// New returns an Allocator without sockets. It returns an error for Semantics that
// describe no kernel, for sysctls that the kernel would refuse, for an HZ that none has,
// and if Rand is nil.
func New(cfg Config) (*Allocator, error) {
	if !cfg.Semantics.Valid() {
		return nil, errors.New("portalloc: Config.Semantics describes no kernel: get it from kernel.Release.Semantics")
	}
	if cfg.Rand == nil {
		return nil, errors.New("portalloc: Config.Rand is nil: a kernel draws random numbers")
	}
	if cfg.HZ == 0 {
		cfg.HZ = 250
	}
	clock, err := kernel.NewClock(cfg.Semantics, cfg.HZ)
	if err != nil {
		return nil, err
	}
	a := &Allocator{sem: cfg.Semantics, clock: clock, key: cfg.Key, draw: cfg.Rand, tw: cfg.TimeWaits, groups: map[groupKey]uint32{}}
	if err := a.SetSysctls(cfg.Sysctls); err != nil {
		return nil, err
	}
	return a, nil
}

// SetSysctls changes the sysctls. Sockets keep their ports, even ports outside a new
// range or on a new list of reserved ones. Sysctls that the kernel would refuse are an
// error.
func (a *Allocator) SetSysctls(s kernel.Sysctls) error {
	if err := s.Validate(a.sem); err != nil {
		return err
	}
	list, err := kernel.ParsePortList(s.IPLocalReservedPorts)
	if err != nil {
		return err
	}
	a.sys, a.ports = s, s.LocalPorts(&a.sem)
	was := a.reserved
	a.reserved = portSet{}
	for _, r := range list {
		for port := r.Low; port <= r.High; port++ {
			a.reserved.add(port)
		}
	}
	for w := range a.reserved {
		if was[w] != a.reserved[w] {
			for port := w << 6; port < (w+1)<<6; port++ {
				a.review(port)
			}
		}
	}
	return nil
}

// Open makes a socket with options. Options that the kernel does not have are an error,
// and so is an IP_LOCAL_PORT_RANGE whose bounds are both set and the wrong way round.
func (a *Allocator) Open(o Options) (Socket, error) {
	if a.draw == nil {
		return 0, errNoKernel
	}
	switch {
	case o.ReusePort && !a.sem.ReusePort:
		return 0, errors.New("portalloc: Options.ReusePort: this kernel has no SO_REUSEPORT")
	case o.BindAddressNoPort && !a.sem.BindAddressNoPort:
		return 0, errors.New("portalloc: Options.BindAddressNoPort: this kernel has no IP_BIND_ADDRESS_NO_PORT")
	case (o.RangeLow != 0 || o.RangeHigh != 0) && !a.sem.PortRangeOption:
		return 0, errors.New("portalloc: Options.RangeLow, RangeHigh: this kernel has no IP_LOCAL_PORT_RANGE")
	case o.RangeLow != 0 && o.RangeHigh != 0 && o.RangeLow > o.RangeHigh:
		return 0, fmt.Errorf("portalloc: Options.RangeLow %d is above RangeHigh %d", o.RangeLow, o.RangeHigh)
	}
	i := a.slot()
	k := &a.socks[i-1]
	k.state, k.opt = Unbound, o
	k.own = Owner{ReuseAddr: o.ReuseAddr, ReusePort: o.ReusePort, UID: o.UID}
	return k.name(i), nil
}

var errNoKernel = errors.New("portalloc: the zero Allocator has no kernel: make one with New")

func (k *sock) name(slot uint32) Socket { return Socket(k.gen)<<32 | Socket(slot) }

// slot takes a free slot.
func (a *Allocator) slot() uint32 {
	if n := len(a.freeSock); n > 0 {
		i := a.freeSock[n-1]
		a.freeSock = a.freeSock[:n-1]
		return i
	}
	a.socks = append(a.socks, sock{gen: 1})
	return uint32(len(a.socks))
}

// find returns the slot of a socket.
func (a *Allocator) find(id Socket) (uint32, *sock, error) {
	i := uint32(id)
	if i == 0 || int(i) > len(a.socks) || a.socks[i-1].gen != uint32(id>>32) || a.socks[i-1].state == 0 {
		return 0, nil, fmt.Errorf("portalloc: there is no socket %#x: it was closed, or taken over by connect(), or never opened", uint64(id))
	}
	return i, &a.socks[i-1], nil
}

// Info tells about a socket; false if there is none of that name.
func (a *Allocator) Info(id Socket) (Info, bool) {
	_, k, err := a.find(id)
	if err != nil {
		return Info{}, false
	}
	info := Info{State: k.state, Found: k.auto}
	if k.addressed || k.port != 0 {
		info.Local = netip.AddrPortFrom(k.own.Addr, k.port)
	}
	if k.group != 0 {
		g := a.dests[k.group-1]
		info.Remote = netip.AddrPortFrom(g.dst, g.port)
	}
	return info, true
}

// Lookup returns the connection, or the TIME_WAIT entry, of a pair of addresses and
// ports.
func (a *Allocator) Lookup(local, remote netip.AddrPort) (Socket, bool) {
	g := a.groups[keyOf(local.Addr(), remote)]
	if g == 0 {
		return 0, false
	}
	i := a.conn(g, local.Port())
	if i == 0 {
		return 0, false
	}
	return a.socks[i-1].name(i), true
}

// Counters returns what the Allocator has added to its namespace's counters.
func (a *Allocator) Counters() kernel.Counters { return a.totals }

// Reserved reports whether a port is on the list of ip_local_reserved_ports.
func (a *Allocator) Reserved(port uint16) bool { return a.reserved.has(int(port)) }

// Len returns how many sockets have a port, and how many TIME_WAIT entries there are.
func (a *Allocator) Len() (sockets, timeWaits int) {
	n := 0
	for i := range a.socks {
		if a.socks[i].state == TimeWait {
			n++
		}
	}
	return a.live, n
}
