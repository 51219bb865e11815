package portalloc

import (
	"net/netip"
	"slices"
	"time"

	"example.com/linuxtcp/kernel"
)

// dumb is a second model, written from the description of the kernel's loops: a list of
// sockets, and walks from one candidate to the next. No index, no flags of ports that are
// not the kernel's own, and no code of the package but Overlap, Conflicts, the hash and
// the types.
type dumb struct {
	sem      kernel.Semantics
	sys      kernel.Sysctls
	clock    kernel.Clock
	key      Key
	draw     func() uint32
	tw       TimeWaits
	socks    []*dumbSock
	flags    map[int]*dumbFlags
	hint     uint32
	table    map[int]uint32
	recycled int
}

type dumbFlags struct {
	reuse, rport int
	user         bool
	uid          uint32
	addr         Address
}

type dumbSock struct {
	state     State
	auto      bool
	port      int
	own       Owner
	opt       Options
	addressed bool
	zero      bool // bind() to port 0 found the port
	inherited bool // the port is that of a listener
	fixed     bool // bind() named the address
	src       netip.Addr
	dst       netip.AddrPort
}

func newDumb(cfg Config) *dumb {
	clock, _ := kernel.NewClock(cfg.Semantics, max(cfg.HZ, 100))
	return &dumb{sem: cfg.Semantics, sys: cfg.Sysctls, clock: clock, key: cfg.Key, draw: cfg.Rand, tw: cfg.TimeWaits,
		flags: map[int]*dumbFlags{}, table: map[int]uint32{}}
}

func (d *dumb) bounds(o Options) (lo, hi int, set bool) {
	lo, hi = d.sys.IPLocalPortRange.Low, d.sys.IPLocalPortRange.High
	if lo == 0 {
		lo, hi = 32768, int(d.sem.PortRangeHigh)
	}
	a, b := lo, hi
	if d.sem.PortRangeOption && (o.RangeLow != 0 || o.RangeHigh != 0) {
		set = true
		if l := int(o.RangeLow); a <= l && l <= b {
			lo = l
		}
		if h := int(o.RangeHigh); a <= h && h <= b {
			hi = h
		}
	}
	return lo, hi, set
}

func (d *dumb) reserved(port int) bool {
	list, _ := kernel.ParsePortList(d.sys.IPLocalReservedPorts)
	return slices.ContainsFunc(list, func(r kernel.PortRange) bool { return port >= r.Low && port <= r.High })
}

func (d *dumb) owners(port int) (all []*dumbSock) {
	for _, s := range d.socks {
		if s.port == port {
			all = append(all, s)
		}
	}
	return all
}

func (d *dumb) conn(src netip.Addr, port int, dst netip.AddrPort) *dumbSock {
	for _, s := range d.socks {
		if (s.state == Connected || s.state == TimeWait) && s.port == port && s.src == src && s.dst == dst {
			return s
		}
	}
	return nil
}

// free is the test of one candidate of connect().
func (d *dumb) free(now time.Duration, s *dumbSock, src netip.Addr, port int, dst netip.AddrPort) (ok bool, old *dumbSock) {
	if d.reserved(port) {
		return false, nil
	}
	if len(d.owners(port)) == 0 {
		return true, nil
	}
	f := d.flags[port]
	if f.reuse >= 0 || d.sem.ReusePort && f.rport >= 0 {
		return false, nil
	}
	c := d.conn(src, port, dst)
	if c == nil {
		return true, nil
	}
	if c.state != TimeWait || d.tw == nil || !d.tw.Possible(src, dst.Addr()) {
		return false, nil
	}
	return d.tw.Take(now, netip.AddrPortFrom(src, uint16(port)), dst, false), c
}

func (d *dumb) connect(now time.Duration, s *dumbSock, src netip.Addr, dst netip.AddrPort) Result {
	src, dst = src.Unmap(), netip.AddrPortFrom(dst.Addr().Unmap(), dst.Port())
	if s.port != 0 {
		r := Result{Port: uint16(s.port)}
		if c := d.conn(src, s.port, dst); c != nil {
			if c.state != TimeWait || d.tw == nil || !d.tw.Take(now, netip.AddrPortFrom(src, uint16(s.port)), dst, true) {
				if s.zero {
					port := s.port
					s.port, s.zero, s.state = 0, false, Unbound
					if s.own.Addr.IsUnspecified() {
						s.addressed, s.own.Address = false, Address{}
					}
					d.left(port)
				}
				return Result{Errno: EADDRNOTAVAIL}
			}
			r.TookOver, r.Counters = true, kernel.CountersOf(kernel.TWRecycled)
			d.recycled++
			d.close(c)
		}
		s.own.Addr, s.src, s.dst, s.state = src, src, dst, Connected
		return r
	}
	lo, hi, set := d.bounds(s.opt)
	R := uint32(hi - lo + 1)
	var epoch uint64
	switch d.sem.PortHash {
	case kernel.PortHashRekeyed:
		epoch = uint64(now / (300 * time.Second))
	case kernel.PortHashSipTime:
		epoch = d.clock.Jiffies(now) / uint64(10*d.clock.HZ())
	}
	P := d.key.Hash(src, dst, epoch)

	// Where it begins.
	var at *uint32
	var place int
	var sum uint32
	switch d.sem.PortOffsets {
	case kernel.PortOffsetHint:
		at = &d.hint
		sum = d.hint + uint32(P)
	case kernel.PortOffsets256:
		place = int((uint32(P) * 1640531527) >> 24)
		sum = d.table[place] + d.key.first(place) + uint32(P)
	default:
		place = int(P % 65536)
		sum = d.table[place] + d.key.first(place) + uint32(P>>32)
	}
	move := func(n int) {
		if at != nil {
			*at += uint32(n)
		} else {
			d.table[place] += uint32(n)
		}
	}

	examined := 0
	try := func(port int) (bool, Result) {
		examined++
		ok, old := d.free(now, s, src, port, dst)
		if !ok {
			return false, Result{}
		}
		r := Result{Port: uint16(port), Examined: examined}
		shared := len(d.owners(port)) > 0
		if !shared {
			d.flags[port] = &dumbFlags{reuse: -1, rport: -1}
		}
		if old != nil || shared && !d.sem.TWRecycledTaken {
			r.Counters = kernel.CountersOf(kernel.TWRecycled)
			d.recycled++
		}
		s.port, s.auto, s.addressed, s.state, s.src, s.dst = port, true, true, Connected, src, dst
		s.own.Address = Address{Addr: src, IPv6: src.Is6(), V6Only: s.opt.V6Only || s.own.V6Only}
		if old != nil {
			r.TookOver = true
			d.close(old)
		}
		return true, r
	}
	switch d.sem.PortSearch {
	case kernel.PortSearchNext:
		for i := uint32(1); i <= R; i++ {
			if ok, r := try(lo + int((i+sum)%R)); ok {
				move(int(i))
				return r
			}
		}
		return Result{Errno: EADDRNOTAVAIL, Examined: examined}
	case kernel.PortSearchEven:
		off := sum &^ 1
		for i := uint32(0); i < R; i++ {
			if ok, r := try(lo + int((i+off)%R)); ok {
				move(int((i + 2) &^ 1))
				return r
			}
		}
		return Result{Errno: EADDRNOTAVAIL, Examined: examined}
	}
	step, M := 2, R
	if set && d.sem.PortRangeOptionNoParity {
		step = 1
	} else if R > 1 {
		M = R &^ 1
	}
	o := int(sum % M)
	if step == 2 {
		o &^= 1
	}
	stride := step
	if w := d.sys.IPLocalPortStepWidth; w > 0 && M > 1 {
		n := int(M) / step
		u := min(n, w)
		x := 1 + int(d.draw()%uint32(u))
		for !coprime(x, n) {
			x++
			if x%2 == 0 && n%2 == 0 {
				x++
			}
			if x > u {
				x = 1
				break
			}
		}
		stride = x * step
	}
	for pass := 0; pass < 2; pass++ {
		port := lo + o + pass
		for i := 0; i < int(M); i += step {
			if port >= hi+1 {
				port -= int(M)
			}
			if ok, r := try(port); ok {
				switch d.sem.PortOffsets {
				case kernel.PortOffsets256:
					if i == 0 && d.draw()%16 == 0 {
						i = 2
					}
				case kernel.PortOffsets65536:
					i = max(i, step*int(d.draw()%8))
				}
				move(i + step)
				return r
			}
			port += stride
		}
		if step == 1 || M == 1 {
			break
		}
	}
	return Result{Errno: EADDRNOTAVAIL, Examined: examined}
}

func coprime(a, b int) bool {
	for f := 2; f <= min(a, b); f++ {
		if a%f == 0 && b%f == 0 {
			return false
		}
	}
	return true
}

func (d *dumb) conflict(s *dumbSock, port int, how Strictness) bool {
	for _, o := range d.owners(port) {
		o.own.Listening, o.own.TimeWait = o.state == Listening, o.state == TimeWait
		if o != s && Conflicts(&d.sem, &s.own, &o.own, how) {
			return true
		}
	}
	return false
}

func (d *dumb) fast(s *dumbSock, port int) (any, byUser bool) {
	f := d.flags[port]
	if f == nil {
		return false, false
	}
	byUser = d.sem.ReusePort && f.rport > 0 && s.opt.ReusePort && f.user && f.uid == s.opt.UID
	if f.rport == 2 {
		byUser = byUser && overlap(f.addr, s.own.Address, true, false)
	}
	return f.reuse > 0 && s.opt.ReuseAddr && s.state != Listening || byUser, byUser
}

func (d *dumb) update(s *dumbSock, port int, empty bool) {
	if d.flags[port] == nil {
		d.flags[port] = &dumbFlags{}
	}
	f := d.flags[port]
	reuse := s.opt.ReuseAddr && s.state != Listening
	_, byUser := d.fast(s, port)
	if empty != d.sem.BindFlagsInverted {
		f.reuse, f.rport = 0, 0
		if reuse {
			f.reuse = 1
		}
		if s.opt.ReusePort {
			f.rport, f.user, f.uid, f.addr = 1, true, s.opt.UID, s.own.Address
		}
		return
	}
	if !reuse {
		f.reuse = 0
	}
	if !d.sem.ReusePort {
		return
	}
	if !s.opt.ReusePort {
		f.rport = 0
	} else if d.sem.BindStrictAddress {
		if !byUser {
			f.rport, f.user, f.uid, f.addr = 2, true, s.opt.UID, s.own.Address
		}
	} else if !f.user || f.uid != s.opt.UID {
		f.rport = 0
	}
}

// byNumber is bind() to a port, and listen(). again: a search has found it to be shared.
func (d *dumb) byNumber(s *dumbSock, port int, again bool) bool {
	n := len(d.owners(port))
	if n > 0 {
		if any, _ := d.fast(s, port); any && !again {
			if d.sem.BindStrictAddress {
				d.update(s, port, false)
			}
			s.port = port
			return true
		}
		if d.conflict(s, port, ByNumber) {
			return false
		}
	}
	d.update(s, port, n == 0)
	s.port = port
	return true
}

func (d *dumb) bind(s *dumbSock, to netip.AddrPort) Result {
	s.own.Address = BoundTo(to.Addr(), s.opt.V6Only)
	var r Result
	switch {
	case to.Port() != 0:
		r = Result{Errno: EADDRINUSE}
		if d.byNumber(s, int(to.Port()), false) {
			r = Result{Port: to.Port()}
		}
	case s.opt.BindAddressNoPort:
	default:
		r = d.bindAny(s)
	}
	if r.Errno != 0 {
		s.own.Address, s.addressed, s.fixed = Address{}, false, false
		return r
	}
	s.addressed, s.fixed = true, !to.Addr().Unmap().IsUnspecified()
	if s.port != 0 {
		s.state, s.zero = Bound, to.Port() == 0
	}
	return r
}

// bound counts what the kernel counts: sockets with a port, TIME_WAIT not among them.
func (d *dumb) bound(all []*dumbSock) (n int) {
	for _, s := range all {
		if s.port != 0 && s.state != TimeWait {
			n++
		}
	}
	return n
}

func (d *dumb) bindAny(s *dumbSock) Result {
	if !d.sem.BindOddFirst {
		return d.bindAnyOld(s)
	}
	examined, attempts := 0, 5
	relax := false
again:
	half := 0
	if s.opt.ReuseAddr {
		half = 1
	}
otherHalf:
	lo, hi, _ := d.bounds(s.opt)
	hi++
	if hi-lo < 4 {
		half = 0
	}
	if half != 0 {
		mid := lo + (hi-lo)/4*2
		if half == 1 {
			hi = mid
		} else {
			lo = mid
		}
	}
	M := hi - lo
	if M > 1 {
		M &^= 1
	}
	offset := int(d.draw()%uint32(M)) | 1
	for range 2 {
		smallest, fewest := -1, -1
		port := lo + offset
		for i := 0; i < M; i, port = i+2, port+2 {
			if port >= hi {
				port -= M
			}
			examined++
			if d.reserved(port) {
				continue
			}
			n := len(d.owners(port))
			if n == 0 {
				d.update(s, port, true)
				s.port = port
				return Result{Port: uint16(port), Examined: examined}
			}
			if !d.sem.BindShares {
				if !d.conflict(s, port, Strictness{Relaxed: relax}) {
					d.update(s, port, false)
					s.port = port
					return Result{Port: uint16(port), Examined: examined}
				}
				continue
			}
			if any, _ := d.fast(s, port); any && (fewest == -1 || d.bound(d.owners(port)) < fewest) {
				smallest, fewest = port, d.bound(d.owners(port))
			}
			if !d.conflict(s, port, Strictness{ReusePort: true}) {
				if d.byNumber(s, port, fewest != -1) {
					return Result{Port: uint16(port), Examined: examined}
				}
				return Result{Errno: EADDRINUSE, Examined: examined}
			}
		}
		if smallest != -1 {
			_, byUser := d.fast(s, smallest)
			if d.byNumber(s, smallest, true) {
				return Result{Port: uint16(smallest), Examined: examined}
			}
			if attempts--; (s.opt.ReuseAddr || byUser) && attempts >= 0 {
				goto again
			}
			return Result{Errno: EADDRINUSE, Examined: examined}
		}
		offset--
	}
	if half == 1 {
		half = 2
		goto otherHalf
	}
	if d.sem.AutobindReuse && d.sys.IPAutobindReuse != 0 && !relax {
		relax = true
		goto again
	}
	return Result{Errno: EADDRINUSE, Examined: examined}
}

func (d *dumb) bindAnyOld(s *dumbSock) Result {
	examined, attempts, half := 0, 5, 0
	if d.sem.BindHalves && s.opt.ReuseAddr {
		half = 1
	}
again:
	lo, hi, _ := d.bounds(s.opt)
	if half == 1 {
		hi = lo + (hi-lo)/2
	} else if half == 2 {
		lo += (hi - lo) / 2
	}
	R := hi - lo + 1
	port := lo + int(d.draw()%uint32(R))
	smallest, fewest := -1, -1
	try := -1
	for left := R; left > 0; left-- {
		examined++
		if !d.reserved(port) {
			n := len(d.owners(port))
			if n == 0 {
				d.update(s, port, true)
				s.port = port
				return Result{Port: uint16(port), Examined: examined}
			}
			if any, _ := d.fast(s, port); any && (fewest == -1 || d.bound(d.owners(port)) < fewest) {
				smallest, fewest = port, d.bound(d.owners(port))
				if d.sem.BindAuto == kernel.BindAutoUnused && d.bound(d.socks) > R {
					try = port
					break
				}
			}
			if d.sem.BindAuto != kernel.BindAutoUnused && !d.conflict(s, port, Strictness{Relaxed: d.sem.BindAuto == kernel.BindAutoNoConflict, ReusePort: true}) {
				try = port
				break
			}
		}
		if port++; port > hi {
			port = lo
		}
	}
	if try == -1 {
		try = smallest
	}
	if try == -1 {
		if half == 1 {
			half = 2
			goto again
		}
		return Result{Errno: EADDRINUSE, Examined: examined}
	}
	_, byUser := d.fast(s, try)
	if d.byNumber(s, try, fewest != -1) {
		return Result{Port: uint16(try), Examined: examined}
	}
	if attempts--; (s.opt.ReuseAddr || byUser) && fewest != -1 && attempts >= 0 {
		goto again
	}
	return Result{Errno: EADDRINUSE, Examined: examined}
}

func (d *dumb) listen(s *dumbSock) Result {
	s.state, s.own.Listening = Listening, true
	if s.port == 0 {
		r := d.bindAny(s)
		if s.zero = r.Errno == 0; !s.zero {
			s.state, s.own.Listening = Unbound, false
		}
		return r
	}
	if !d.byNumber(s, s.port, false) {
		s.state, s.own.Listening = Bound, false
		return Result{Errno: EADDRINUSE}
	}
	return Result{Port: uint16(s.port)}
}

func (d *dumb) close(s *dumbSock) {
	d.socks = slices.DeleteFunc(d.socks, func(x *dumbSock) bool { return x == s })
	if s.port != 0 {
		d.left(s.port)
	}
}

// done ends a connection whose socket stays.
func (d *dumb) done(s *dumbSock) {
	s.src, s.dst, s.state = netip.Addr{}, netip.AddrPort{}, Bound
	if !s.auto && !s.zero && !s.inherited {
		return
	}
	port := s.port
	s.port, s.state = 0, Unbound
	s.auto, s.zero, s.inherited = false, false, false
	if !s.fixed {
		s.addressed, s.own.Address = false, Address{}
	}
	d.left(port)
}

// leaveTimeWait has the connection go on to TIME_WAIT, and its socket stay.
func (d *dumb) leaveTimeWait(s *dumbSock) *dumbSock {
	e := *s
	e.state = TimeWait
	d.socks = append(d.socks, &e)
	d.done(s)
	return &e
}

// disconnect has a socket forget where its last connection came from.
func (d *dumb) disconnect(s *dumbSock) {
	if s.state == Connected {
		d.done(s)
	}
	if s.port != 0 && !s.fixed {
		any := netip.IPv4Unspecified()
		if s.own.IPv6 {
			any = netip.IPv6Unspecified()
		}
		s.own.Address = BoundTo(any, s.opt.V6Only)
	}
}

// left is what becomes of a port that an owner has left.
func (d *dumb) left(port int) {
	left := d.owners(port)
	if len(left) == 0 {
		delete(d.flags, port)
		return
	}
	if d.sem.PortRestored && !slices.ContainsFunc(left, func(x *dumbSock) bool { return !x.auto }) {
		d.flags[port].reuse, d.flags[port].rport = -1, -1
	}
}
