package portalloc

import (
	"fmt"
	"net/netip"

	"example.com/linuxtcp/kernel"
)

// Bind is bind() of a socket that has no port (inet_csk_get_port). Port 0 lets the kernel
// choose one. It fails with EADDRINUSE if the port conflicts ([Conflicts]), or if no port
// is left, and the socket is left without an address.
//
// Whether the address is one of this host and whether a port below 1024 is allowed is
// not asked. A socket that has only an address may be bound again. It is an error if the
// socket has a port already, or if the address is missing, or IPv4 for a socket that takes
// IPv6 only.
func (a *Allocator) Bind(id Socket, to netip.AddrPort) (Result, error) {
	i, k, err := a.find(id)
	if err != nil {
		return Result{}, err
	}
	switch {
	case k.state != Unbound:
		return Result{}, fmt.Errorf("portalloc: bind to %v of a socket that is %v: it has a port", to, k.state)
	case !to.Addr().IsValid():
		return Result{}, fmt.Errorf("portalloc: bind to no address: 0.0.0.0 and :: are wildcards")
	case k.opt.V6Only && !(to.Addr().Is6() && !to.Addr().Is4In6()):
		return Result{}, fmt.Errorf("portalloc: bind to %v of a socket that takes IPv6 only", to.Addr())
	}
	k.own.Address = BoundTo(to.Addr(), k.opt.V6Only)
	var r Result
	switch {
	case to.Port() != 0:
		r = a.bindNumber(i, int(to.Port()))
	case k.opt.BindAddressNoPort:
	default:
		r = a.bindAny(i)
	}
	if r.Errno != 0 {
		k.own.Address, k.addressed, k.fixed = Address{}, false, false
		return r, nil
	}
	k.addressed, k.fixed = true, !to.Addr().Unmap().IsUnspecified()
	if k.port != 0 {
		k.state, k.anyPort = Bound, to.Port() == 0
	}
	return r, nil
}

// bindAny finds a port of the kernel's choice.
func (a *Allocator) bindAny(i uint32) (r Result) {
	if a.sem.BindShares {
		r = a.bindSharing(i)
	} else {
		r = a.bindFirst(i)
	}
	if r.Examined > 0 {
		a.suggested = 0
	}
	return r
}

// bindNumber is bind() to a port by number.
func (a *Allocator) bindNumber(i uint32, port int) Result {
	if !a.settle(i, port, false) {
		return Result{Errno: EADDRINUSE}
	}
	return Result{Port: uint16(port)}
}

// settle puts a socket on a port if it does not conflict there. searched says that a
// search found this port to be shared, which makes the kernel look at its owners again.
func (a *Allocator) settle(i uint32, port int, searched bool) bool {
	k, b := &a.socks[i-1], a.bucket(port)
	fresh := b.head == 0
	pass := !fresh && !searched && a.unchecked(b, &k.own)
	if !fresh && !pass && a.conflict(i, b, ByNumber) {
		return false
	}
	if !pass || a.sem.BindStrictAddress { // to 4.10, who passes unchecked leaves no trace
		a.join(b, &k.own, fresh)
	}
	if k.port == 0 {
		a.own(i, port)
	}
	a.review(port)
	return true
}

// bindFirst is bind() to port 0 from 4.11 on: the first port that is unused or on which
// nobody conflicts.
func (a *Allocator) bindFirst(i uint32) Result {
	k := &a.socks[i-1]
	r, _ := SocketRange(&a.sem, a.ports, k.opt.RangeLow, k.opt.RangeHigh)
	examined := 0
	for how := (Strictness{}); ; how.Relaxed = true {
		for half, last := k.firstHalf(), false; !last; half++ {
			var part kernel.PortRange
			part, last = BindScan(&a.sem, r, half)
			s := BindSearch(&a.sem, part, a.bindDraw(part))
			for _, port := range s.All() {
				examined++
				if a.reserved.has(port) {
					continue
				}
				b := a.bucket(port)
				if b.head != 0 && a.conflict(i, b, how) {
					continue
				}
				a.join(b, &k.own, b.head == 0)
				a.own(i, port)
				a.review(port)
				return Result{Port: uint16(port), Examined: examined}
			}
		}
		if how.Relaxed || a.sys.IPAutobindReuse == 0 {
			return Result{Errno: EADDRINUSE, Examined: examined}
		}
	}
}

// firstHalf is the scan that bind() to port 0 begins with: see BindScan.
func (k *sock) firstHalf() int {
	if k.opt.ReuseAddr {
		return 1
	}
	return 0
}

// bindSharing is bind() to port 0 to 4.10: the first port that is unused, from 3.4 on
// also the first on which nobody conflicts, else the one with the fewest owners of those
// that may be shared unchecked.
func (a *Allocator) bindSharing(i uint32) Result {
	k := &a.socks[i-1]
	examined := 0
	half := k.firstHalf()
	for attempts := 5; ; {
		if a.sem.BindOddFirst {
			half = k.firstHalf() // before, a new attempt goes on in the half it is in
		}
		port, shared := 0, false
		for last := false; !last && port == 0; {
			var part kernel.PortRange
			part, last = BindScan(&a.sem, a.ports, half)
			s := BindSearch(&a.sem, part, a.bindDraw(part))
			for pass := 0; pass < s.Passes && port == 0; pass++ {
				var n int
				port, shared, n = a.scan(i, &s, pass)
				examined += n
			}
			if port == 0 && !last {
				half++
			}
		}
		if port == 0 {
			return Result{Errno: EADDRINUSE, Examined: examined}
		}
		may := k.opt.ReuseAddr || a.sameUser(a.bucket(port), &k.own)
		if a.settle(i, port, shared) {
			return Result{Port: uint16(port), Examined: examined}
		}
		attempts--
		if !may || !shared || attempts < 0 {
			return Result{Errno: EADDRINUSE, Examined: examined}
		}
	}
}

// scan is one pass of bindSharing. It returns the port to try, 0 for none, whether one to
// be shared was remembered on the way, and how many candidates it went through.
func (a *Allocator) scan(i uint32, s *Search, pass int) (port int, shared bool, examined int) {
	k := &a.socks[i-1]
	how := Strictness{Relaxed: a.sem.BindAuto == kernel.BindAutoNoConflict, ReusePort: true}
	smallest, fewest := 0, int32(0)
	n := s.perPass()
	for c := range n {
		at := s.Port(pass*n + c)
		if a.reserved.has(at) {
			continue
		}
		b := a.bucket(at)
		if b.head == 0 {
			return at, smallest != 0, c + 1
		}
		if a.unchecked(b, &k.own) && (smallest == 0 || b.owners < fewest) {
			smallest, fewest = at, b.owners
			if a.sem.BindAuto == kernel.BindAutoUnused && a.live > s.High-s.Low+1 {
				return at, true, c + 1
			}
		}
		if a.sem.BindAuto != kernel.BindAutoUnused && !a.conflict(i, b, how) {
			return at, smallest != 0, c + 1
		}
	}
	return smallest, smallest != 0, n
}
