package portalloc

import (
	"fmt"
	"math"
	"slices"
	"time"

	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// A Picker is who picks the local port of a connection, which decides what a port is
// shared by.
type Picker uint8

const (
	// ConnectPicks: connect(), of a socket that was not bound, or that was bound to an
	// address and port 0 with IP_BIND_ADDRESS_NO_PORT (from 4.2 on). A port serves
	// each source address, destination address and destination port once.
	ConnectPicks Picker = iota + 1
	// ConnectPicksInRange: the same, with IP_LOCAL_PORT_RANGE (from 6.3 on, and late
	// 6.1.y). The range of the [Pool] then is the socket's own.
	ConnectPicksInRange
	// BindPicks: bind() to a source address and port 0, before connect(). A port serves
	// each source address once, however many destinations there are; to 3.3 it
	// serves once. net.ipv4.tcp_tw_reuse gives bind() nothing.
	BindPicks
	// BindPicksWildcard: bind() to the wildcard address and port 0, before connect().
	// A port serves once.
	BindPicksWildcard
)

var pickerNames = [...]string{
	ConnectPicks: "connect() picks the port", ConnectPicksInRange: "connect() picks the port from IP_LOCAL_PORT_RANGE",
	BindPicks: "bind() to an address picks the port", BindPicksWildcard: "bind() to the wildcard address picks the port",
}

// String says who picks.
func (p Picker) String() string { return words.Name("Picker", pickerNames[:], uint8(p)) }

func (p Picker) binds() bool { return p == BindPicks || p == BindPicksWildcard }

// A Pool is what connections take their ports from. The zero Pool is an error
// everywhere.
//
// Sockets that bind() are taken to have neither SO_REUSEADDR nor SO_REUSEPORT, which
// may share ports, and to meet no others that were bound to an overlapping address.
type Pool struct {
	Picker Picker // who chooses the ports
	// Range is net.ipv4.ip_local_port_range, both ends of which are ports to use; see
	// [kernel.DefaultPortRange].
	Range kernel.PortRange
	// Excluded are ports that cannot be had, in any order and overlapping or not:
	// net.ipv4.ip_local_reserved_ports ([kernel.ParsePortList]), and ports that a
	// listener or another socket is bound to, on any address if connect() picks. Those
	// outside of the range do not matter.
	Excluded []kernel.PortRange
	// Sources is how many source addresses there are, Destinations how many pairs of
	// destination address and port; connections are taken to be spread evenly over
	// them. 1 to 1048576 each.
	Sources, Destinations int
}

const mostAddresses = 1 << 20

func (p Pool) check(sem *kernel.Semantics) error {
	switch {
	case !sem.Valid():
		return fmt.Errorf("portalloc: the Semantics describe no kernel; see Semantics.Valid")
	case p.Picker < ConnectPicks || p.Picker > BindPicksWildcard:
		return fmt.Errorf("portalloc: Picker is %d: must be ConnectPicks to BindPicksWildcard", p.Picker)
	case p.Picker == ConnectPicksInRange && !sem.PortRangeOption:
		return fmt.Errorf("portalloc: this kernel has no IP_LOCAL_PORT_RANGE")
	case p.Range.Low < 1 || p.Range.High > 65535 || p.Range.Low > p.Range.High:
		return fmt.Errorf("portalloc: ports %d to %d: both must be 1 to 65535, and the first not above the second", p.Range.Low, p.Range.High)
	case p.Sources < 1 || p.Sources > mostAddresses:
		return fmt.Errorf("portalloc: %d source addresses: must be 1 to %d", p.Sources, mostAddresses)
	case p.Destinations < 1 || p.Destinations > mostAddresses:
		return fmt.Errorf("portalloc: %d destinations: must be 1 to %d", p.Destinations, mostAddresses)
	}
	for _, out := range p.Excluded {
		if out.Low < 0 || out.High > 65535 || out.Low > out.High {
			return fmt.Errorf("portalloc: excluded ports %d to %d: both must be 0 to 65535, and the first not above the second", out.Low, out.High)
		}
	}
	return nil
}

// parity reports whether ports of one parity are searched before the others.
func (p Pool) parity(sem *kernel.Semantics) bool {
	switch {
	case p.Picker.binds():
		return sem.BindOddFirst
	case p.Picker == ConnectPicksInRange && sem.PortRangeOptionNoParity:
		return false
	}
	return sem.PortSearch == kernel.PortSearchParity
}

// sets is how many times a port can be used at once.
func (p Pool) sets(sem *kernel.Semantics) int {
	switch {
	case p.Picker == BindPicksWildcard, p.Picker == BindPicks && sem.BindAuto == kernel.BindAutoUnused:
		return 1
	case p.Picker == BindPicks:
		return p.Sources
	}
	return p.Sources * p.Destinations
}

// UsablePorts returns how many ports of the pool one source address and one destination
// can have at once: sure is how many every search still finds a port below, most how
// many there can be if the searches begin at the right places.
//
// They are all ports of the range, both ends included, that are not excluded. But from
// 4.6 on a search by parity, which connect() makes unless IP_LOCAL_PORT_RANGE is set on
// 6.8 or later, and bind() always, looks at an even number of ports: of a range of odd
// size it leaves out one, the highest if it begins at the first place of its order and
// else the lowest. So such a range has surely one port less; and of three ports the
// highest is never found. A range of one port has one.
//
// In the searches to 4.5 one call in about 2^32 / R wraps its counter, jumps, and may
// leave ports out; that is not counted.
//
// Evidence: three ports give three connections on 2.6.32.67, 3.10.108 and 4.4.155, two on
// 4.9.154, 4.19.78, 5.10.223, 6.1.192, 6.12.107, 6.18.44 and 7.2.13; five fail at the
// fifth or the sixth on 5.10.223, 6.18.44 and 7.2.13. Others from source.
func UsablePorts(sem *kernel.Semantics, p Pool) (sure, most int, err error) {
	sem = given.Kernel(sem)
	if err := p.check(sem); err != nil {
		return 0, 0, err
	}
	size := p.Range.Size()
	isFree := func(port int) bool {
		return !slices.ContainsFunc(p.Excluded, func(out kernel.PortRange) bool { return out.Contains(port) })
	}
	for port := p.Range.Low; port <= p.Range.High; port++ {
		if isFree(port) {
			sure++
		}
	}
	most = sure
	if size == 1 || size%2 == 0 || !p.parity(sem) {
		return sure, most, nil
	}
	highFree := isFree(p.Range.High)
	if highFree || size > 3 && isFree(p.Range.Low) {
		sure--
	}
	if size == 3 && highFree {
		most--
	}
	return sure, most, nil
}

// Capacity returns how many connections the pool can hold at once, those in TIME_WAIT
// among them: [UsablePorts] times what a port is shared by ([Picker]).
//
// 28232 ports are what a kernel from 4.2 on gives one source address for one
// destination by default (28233 before), not 64000; 1024 to 65535 are 64512.
func Capacity(sem *kernel.Semantics, p Pool) (sure, most int, err error) {
	sure, most, err = UsablePorts(sem, p)
	if err != nil {
		return 0, 0, err
	}
	n := p.sets(given.Kernel(sem))
	return sure * n, most * n, nil
}

// A Span is the shortest and the longest that something can take.
type Span struct{ Min, Max time.Duration }

// Exactly is a Span of one length.
func Exactly(d time.Duration) Span { return Span{d, d} }

// String is "1m0s to 1m2.048s", or one time if both are equal.
func (s Span) String() string {
	if s.Min == s.Max {
		return s.Min.String()
	}
	return fmt.Sprintf("%v to %v", s.Min, s.Max)
}

func (s Span) plus(o Span) Span { return Span{s.Min + o.Min, s.Max + o.Max} }

func (s Span) check(what string) error {
	const most = 100 * 365 * 24 * time.Hour
	if s.Min < 0 || s.Min > s.Max || s.Max > most {
		return fmt.Errorf("portalloc: %s %v to %v: must not be negative, nor above 100 years, and the first not above the second", what, s.Min, s.Max)
	}
	return nil
}

// A Closing is how a connection goes, for the side that opened it.
type Closing struct {
	// Open is how long a connection takes from connect() until both sides have closed.
	Open Span
	// ServerFirst: the server closes first, or either side resets. The client's port
	// is free as soon as the connection is closed. Otherwise it is in TIME_WAIT.
	ServerFirst bool
	// TimeWait is how long TIME_WAIT lasts: package timewait's Lifetime. It is 60 s in
	// name and, by release, 52.5 to 60 s, 97.5 to 112.5 s, 60 s or 60 to 62.05 s.
	TimeWait Span
	// Reuse: connect() may take over an entry in TIME_WAIT after ReuseWait, because
	// net.ipv4.tcp_tw_reuse allows it, the connections use timestamps and package
	// timewait's DecideReuse says so. See [ReuseWait]. A port that bind() picks never is.
	Reuse     bool
	ReuseWait Span
}

// ReuseWait returns how long after the connection went into TIME_WAIT connect() may have
// the port again for the same destination, if all else allows it:
//
//	release        wait
//	to 4.18        1 to 2 s: two boundaries between seconds of the wall clock
//	4.19 to 6.13   0 to 1 s: one boundary of the monotonic clock
//	from 6.14 on   delay, or up to 1 ms more
//
// delay is net.ipv4.tcp_tw_reuse_delay (1 s), which older kernels do not have and do not
// look at. A negative one counts as 0, and a nil sem as to 4.18. The wait is the one
// after the peer's last timestamp; that nothing arrives in TIME_WAIT is assumed.
//
// Evidence: observed on 3.10.108, 5.10.223, 6.18.44.
func ReuseWait(sem *kernel.Semantics, delay time.Duration) Span {
	sem = given.Kernel(sem)
	delay = max(delay, 0)
	switch {
	case sem.TWReuseDelay:
		return Span{delay, delay + time.Millisecond}
	case sem.MonotonicStamps:
		return Span{0, time.Second}
	}
	return Span{time.Second, 2 * time.Second}
}

// Hold returns how long one connection keeps its port from the next one with the same
// destination, or from any if bind() picks. Spans with a negative end, above 100 years,
// or with ends in the wrong order are errors.
func (c Closing) Hold(p Picker) (Span, error) {
	for _, s := range []struct {
		what string
		span Span
	}{{"Open", c.Open}, {"TimeWait", c.TimeWait}, {"ReuseWait", c.ReuseWait}} {
		if err := s.span.check(s.what); err != nil {
			return Span{}, err
		}
	}
	switch {
	case c.ServerFirst:
		return c.Open, nil
	case c.Reuse && !p.binds():
		return c.Open.plus(Span{min(c.TimeWait.Min, c.ReuseWait.Min), min(c.TimeWait.Max, c.ReuseWait.Max)}), nil
	}
	return c.Open.plus(c.TimeWait), nil
}

func checkHold(hold Span) error {
	if err := hold.check("hold"); err != nil {
		return err
	}
	if hold.Max == 0 {
		return fmt.Errorf("portalloc: hold 0s: a connection keeps its port for some time")
	}
	return nil
}

func checkRate(perSecond float64) error {
	if !(perSecond > 0) || math.IsInf(perSecond, 0) {
		return fmt.Errorf("portalloc: %v connections per second: must be above 0 and finite", perSecond)
	}
	return nil
}
