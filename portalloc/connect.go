package portalloc

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
)

// Connect is connect() of a socket to dst, as far as its local port goes
// (__inet_hash_connect). src is the source address: the one that routing chose, or that
// the socket is bound to, for which the zero Addr may stand.
//
// A socket that has no port looks for one. It fails with EADDRNOTAVAIL if none is left,
// and stays as it was. A socket that has one by bind() fails with EADDRNOTAVAIL if there
// is such a connection already; if the kernel had chosen that port, the socket then loses
// it, and is unbound but for its address (observed on 6.18.44, others from source).
//
// It is an error if the socket is neither unbound nor bound, if addresses and families do
// not fit, and if now is before the last Connect.
func (a *Allocator) Connect(now time.Duration, id Socket, src netip.Addr, dst netip.AddrPort) (Result, error) {
	i, k, err := a.find(id)
	if err != nil {
		return Result{}, err
	}
	if now < a.now {
		return Result{}, fmt.Errorf("portalloc: time %v is before %v, the time of the last call: time must not go back", now, a.now)
	}
	if k.state != Unbound && k.state != Bound {
		return Result{}, fmt.Errorf("portalloc: connect of a socket that is %v", k.state)
	}
	n, g := a.again(k, src, dst)
	if g == nil {
		key, err := k.endpoints(src, dst)
		if err != nil {
			return Result{}, err
		}
		n, g = a.groupOf(key)
	}
	a.now = now
	var r Result
	if k.port != 0 {
		r = a.connectBound(now, i, n)
	} else {
		r = a.connectAny(now, i, n, g)
	}
	if g.count == 0 {
		a.tidy(n)
	}
	if r.Counters != (kernel.CounterSet{}) {
		a.totals.Raise(r.Counters)
	}
	return r, nil
}

// again returns the group used last if a socket without an address connects there: its
// addresses were found good before.
func (a *Allocator) again(k *sock, src netip.Addr, dst netip.AddrPort) (uint32, *group) {
	if a.last == 0 || k.addressed || k.opt.V6Only {
		return 0, nil
	}
	if g := a.dests[a.last-1]; g.port == dst.Port() && g.src == src && g.dst == dst.Addr() {
		return a.last, g
	}
	return 0, nil
}

// endpoints checks the addresses of a connection.
func (k *sock) endpoints(src netip.Addr, dst netip.AddrPort) (groupKey, error) {
	own := k.addressed && !k.own.Addr.IsUnspecified()
	if own && !src.IsValid() {
		src = k.own.Addr
	}
	key := keyOf(src, dst)
	switch {
	case !key.dst.IsValid() || key.dst.IsUnspecified() || key.port == 0:
		return key, fmt.Errorf("portalloc: connect to %v: a destination is an address and a port", dst)
	case !key.src.IsValid() || key.src.IsUnspecified():
		return key, fmt.Errorf("portalloc: connect from %v: a connection has a source address", src)
	case key.src.Is4() != key.dst.Is4():
		return key, fmt.Errorf("portalloc: connect from %v to %v: two protocols", src, dst)
	case own && key.src != k.own.Addr:
		return key, fmt.Errorf("portalloc: connect from %v: the socket is bound to %v", src, k.own.Addr)
	case k.addressed && !k.own.IPv6 && key.dst.Is6():
		return key, fmt.Errorf("portalloc: connect to %v: the socket is one of IPv4", dst)
	case k.opt.V6Only && key.dst.Is4() || own && k.own.Addr.Is6() && key.dst.Is4():
		return key, errors.New("portalloc: connect to IPv4: the socket takes IPv6 only")
	}
	return key, nil
}

// connectBound is connect() of a socket with a port: the test of the addresses and ports
// alone.
func (a *Allocator) connectBound(now time.Duration, i, n uint32) Result {
	k, g := &a.socks[i-1], a.dests[n-1]
	r := Result{Port: k.port}
	if j := a.conn(n, k.port); j != 0 {
		if a.socks[j-1].state != TimeWait || !a.take(now, g, k.port, true) {
			if k.anyPort {
				a.over(i)
			}
			return Result{Errno: EADDRNOTAVAIL}
		}
		r.TookOver, r.Counters = true, kernel.CountersOf(kernel.TWRecycled)
		a.replace(j, g)
	}
	k.own.Addr = g.src
	a.enter(i, n)
	return r
}

// connectAny is connect() of a socket without a port.
func (a *Allocator) connectAny(now time.Duration, i, n uint32, g *group) Result {
	k := &a.socks[i-1]
	r, narrowed := SocketRange(&a.sem, a.ports, k.opt.RangeLow, k.opt.RangeHigh)
	place, sum := a.start(g, now)
	if want, ok := suggestedSum(&a.sem, r, narrowed, int(a.suggested)); ok {
		want = a.oddBegin(g, r, narrowed, want)
		a.moved[place] += want - sum
		sum = want
	}
	a.suggested = 0
	s := ConnectSearch(&a.sem, r, narrowed, sum, 1)
	if w := a.sys.IPLocalPortStepWidth; w > 0 && s.Modulus > 1 {
		s.Stride = s.Step * Stride(w, s.perPass(), a.draw)
	}
	pass, at, port := a.walk(&s, g, now)
	if port < 0 {
		return Result{Errno: EADDRNOTAVAIL, Examined: s.Len()}
	}
	res := Result{Port: uint16(port), Examined: pass*s.perPass() + at + 1}
	b := a.bucket(port)
	if b.head == 0 {
		b.reuse, b.port = -1, -1
	} else if !a.sem.TWRecycledTaken {
		res.Counters = kernel.CountersOf(kernel.TWRecycled) // 2.6.32: every shared port counts
	}
	a.moved[place] += Advance(&a.sem, at, s.Step, a.draw)
	var taken uint32
	if _, tw := g.word(port >> 6); tw>>(port&63)&1 != 0 {
		taken = a.conn(n, uint16(port))
		res.TookOver, res.Counters = true, kernel.CountersOf(kernel.TWRecycled)
	}
	k.auto = true
	k.own.Address = Address{Addr: g.src, IPv6: g.src.Is6(), V6Only: k.opt.V6Only || k.own.V6Only}
	k.addressed = true
	a.own(i, port)
	if taken != 0 {
		a.replace(taken, g)
	}
	a.enter(i, n)
	return res
}

// replace ends an entry that was taken over, but not its group.
func (a *Allocator) replace(j uint32, g *group) {
	g.count++
	a.end(j)
	g.count--
}

// take asks whether an entry may be taken over.
func (a *Allocator) take(now time.Duration, g *group, port uint16, bound bool) bool {
	return a.tw != nil && a.tw.Take(now, netip.AddrPortFrom(g.src, port), netip.AddrPortFrom(g.dst, g.port), bound)
}

// walk goes through a search and returns the candidate that connect() takes: its pass, its
// number there, and its port; -1 if there is none. It finds by the index what a walk from
// one candidate to the next would find.
func (a *Allocator) walk(s *Search, g *group, now time.Duration) (pass, at, port int) {
	reuse := a.tw != nil && a.tw.Possible(g.src, g.dst)
	n := s.perPass()
	for pass = range s.Passes {
		for k := 0; k < n; {
			lo := s.Low + int(s.position(s.Offsets[pass], uint32(k)))
			run := s.run(n, pass, k, lo)
			hi := lo + (run-1)*s.Step
			port = g.next(&a.blocked, lo, hi, parityOf(s.Step, lo), reuse)
			if port < 0 {
				k += run
				continue
			}
			k += s.steps(port - lo)
			if _, tw := g.word(port >> 6); tw>>(port&63)&1 == 0 || a.take(now, g, uint16(port), false) {
				return pass, k, port
			}
			k++
		}
	}
	return 0, 0, -1
}

// run is how many candidates from number k of a pass of n, which is the port lo, on stand
// one step beside each other.
func (s *Search) run(n, pass, k, lo int) int {
	if s.Stride != s.Step {
		return 1
	}
	run := min(n-k, s.steps(s.High-lo)+1)
	if o := s.Offsets[pass]; o >= s.Modulus { // to 4.5: up to where the sum wraps
		if left := uint64(1<<32) - uint64(o+uint32(k)); left < uint64(run) {
			run = int(left)
		}
	}
	return run
}
