package portalloc

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// eras has a release of every way of searching.
var eras = []string{"2.6.32", "2.6.33", "2.6.35", "3.1", "3.4", "3.5", "3.9", "3.10.108", "4.1", "4.2", "4.4.155", "4.6", "4.9.154", "4.10", "4.11", "4.13.4", "4.14.177", "4.19.78",
	"5.6", "5.7", "5.11", "5.12", "5.17", "5.10.223", "5.18", "6.0", "6.1", "6.2", "6.3", "6.7", "6.8", "6.12", "6.18.44", "7.0", "7.1", "7.2.13"}

var (
	sources = addrs("10.0.0.1", "10.0.0.2", "fd00::1")
	places  = []netip.AddrPort{netip.MustParseAddrPort("10.9.0.1:80"), netip.MustParseAddrPort("10.9.0.1:443"), netip.MustParseAddrPort("10.9.0.2:80"), netip.MustParseAddrPort("[fd00::9]:80")}
	homes   = addrs("0.0.0.0", "10.0.0.1", "10.0.0.2", "::", "fd00::1", "::ffff:10.0.0.1", "::ffff:0.0.0.0")
)

func addrs(texts ...string) (all []netip.Addr) {
	for _, t := range texts {
		all = append(all, netip.MustParseAddr(t))
	}
	return all
}

// moody decides by the number of the day what may be taken over.
type moody struct{ day int }

func (m *moody) Possible(src, dst netip.Addr) bool { return m.day%4 != 0 }
func (m *moody) Take(_ time.Duration, local, remote netip.AddrPort, bound bool) bool {
	return (int(local.Port())*7+int(remote.Port())+m.day)%3 != 0 || bound && m.day%2 == 0
}

// drawConfig draws a kernel with a small range.
func drawConfig(t *rapid.T) (Config, *moody) {
	release := kernel.MustParse(rapid.SampledFrom(eras).Draw(t, "release"))
	cfg := Config{Semantics: release.Semantics(), Sysctls: must(kernel.Defaults(release, kernel.Machine{MemoryBytes: 1 << 30})), HZ: 250}
	return drawPorts(t, cfg)
}

func drawPorts(t *rapid.T, cfg Config) (Config, *moody) {
	size := rapid.SampledFrom([]int{1, 2, 3, 4, 5, 6, 7, 16, 33, 130, 131}).Draw(t, "size")
	low := rapid.SampledFrom([]int{1024, 1025, 40000, 40001, 40063, 65535 - 200, 65536 - size}).Draw(t, "low")
	cfg.Sysctls.IPLocalPortRange = kernel.PortRange{Low: low, High: min(low+size-1, 65535)}
	if cfg.Semantics.ReservedPorts && rapid.Bool().Draw(t, "reserve") {
		from := low + rapid.IntRange(0, size-1).Draw(t, "reserved")
		cfg.Sysctls.IPLocalReservedPorts = fmt.Sprintf("%d-%d,%d", from, min(from+rapid.IntRange(0, 3).Draw(t, "more"), 65535), low)
	}
	if cfg.Semantics.AutobindReuse {
		cfg.Sysctls.IPAutobindReuse = rapid.IntRange(0, 1).Draw(t, "autobind")
	}
	if cfg.Semantics.PortStepWidth {
		cfg.Sysctls.IPLocalPortStepWidth = rapid.SampledFrom([]int{0, 1, 2, 3, 10, 1000}).Draw(t, "width")
	}
	for i := range cfg.Key {
		cfg.Key[i] = byte(rapid.IntRange(0, 255).Draw(t, "key") * 31)
	}
	m := &moody{}
	if rapid.Bool().Draw(t, "reuse") {
		cfg.TimeWaits = m
	}
	return cfg, m
}

func drawOptions(t *rapid.T, sem *kernel.Semantics, r kernel.PortRange) Options {
	o := Options{ReuseAddr: rapid.Bool().Draw(t, "SO_REUSEADDR"), UID: uint32(rapid.IntRange(0, 1).Draw(t, "uid"))}
	o.ReusePort = sem.ReusePort && rapid.Bool().Draw(t, "SO_REUSEPORT")
	o.BindAddressNoPort = sem.BindAddressNoPort && rapid.Bool().Draw(t, "NO_PORT")
	o.V6Only = rapid.IntRange(0, 3).Draw(t, "V6ONLY") == 0
	if sem.PortRangeOption && rapid.Bool().Draw(t, "narrow") {
		o.RangeLow = uint16(max(r.Low+rapid.IntRange(-2, 5).Draw(t, "from"), 0))
		o.RangeHigh = uint16(min(int(o.RangeLow)+rapid.IntRange(0, 9).Draw(t, "to"), 65535))
		if rapid.IntRange(0, 4).Draw(t, "one") == 0 {
			o.RangeLow = 0
		}
	}
	return o
}

// pair is the package and the second model, which get the same calls and the same draws.
type pair struct {
	*rapid.T
	a    *Allocator
	d    *dumb
	days *moody
	now  time.Duration
	mine map[*dumbSock]Socket
}

func newPair(t *rapid.T, cfg Config, days *moody) *pair {
	seed := uint64(rapid.Uint32().Draw(t, "seed"))
	r1, r2 := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 1))
	cfg.Rand = r1.Uint32
	p := &pair{T: t, a: must(New(cfg)), days: days, mine: map[*dumbSock]Socket{}}
	cfg.Rand = r2.Uint32
	p.d = newDumb(cfg)
	return p
}

func (p *pair) open(o Options) *dumbSock {
	s := &dumbSock{state: Unbound, opt: o, own: Owner{ReuseAddr: o.ReuseAddr, ReusePort: o.ReusePort, UID: o.UID}}
	p.mine[s] = must(p.a.Open(o))
	p.d.socks = append(p.d.socks, s)
	return s
}

func (p *pair) same(what string, got Result, err error, want Result) {
	p.Helper()
	if err != nil || got != want {
		p.Fatalf("%s: %+v (%v), the second model says %+v", what, got, err, want)
	}
}

func (p *pair) connect(s *dumbSock, src netip.Addr, dst netip.AddrPort) {
	p.Helper()
	got, err := p.a.Connect(p.now, p.mine[s], src, dst)
	if err != nil {
		return // wrong family, checked elsewhere
	}
	p.same(fmt.Sprintf("connect from %v to %v", src, dst), got, err, p.d.connect(p.now, s, src, dst))
}

func (p *pair) bind(s *dumbSock, to netip.AddrPort) {
	p.Helper()
	got, err := p.a.Bind(p.mine[s], to)
	if err != nil {
		return
	}
	p.same(fmt.Sprintf("bind to %v", to), got, err, p.d.bind(s, to))
}

// near makes the next sums wrap.
func (p *pair) near(src netip.Addr, dst netip.AddrPort, before uint32) {
	if p.a.sem.PortOffsets != kernel.PortOffsetHint {
		return
	}
	hash := uint32(p.a.key.Hash(src, dst, HashEpoch(&p.a.sem, p.a.clock, p.now)))
	p.d.hint = -hash - before
	p.a.moved = []uint32{p.d.hint}
}

// check compares what both know of every socket.
func (p *pair) check() {
	p.Helper()
	for _, s := range p.d.socks {
		info, ok := p.a.Info(p.mine[s])
		var local netip.AddrPort
		if s.addressed || s.port != 0 {
			local = netip.AddrPortFrom(s.own.Addr, uint16(s.port))
		}
		if !ok || info != (Info{s.state, local, s.dst, s.auto}) {
			p.Fatalf("socket %+v: %+v %v", s, info, ok)
		}
		if s.state == Connected || s.state == TimeWait {
			if got, ok := p.a.Lookup(local, s.dst); !ok || got != p.mine[s] {
				p.Fatalf("%v to %v: %v %v", local, s.dst, got, ok)
			}
		}
	}
	lo := p.d.sys.IPLocalPortRange.Low
	for port := max(lo-3, 0); port < min(lo+140, 65536); port++ {
		n := len(p.d.owners(port))
		f := p.d.flags[port]
		want := p.d.reserved(port) || n > 0 && (f.reuse >= 0 || p.d.sem.ReusePort && f.rport >= 0)
		if got := p.a.blocked.has(port); got != want {
			p.Fatalf("port %d of no use to connect(): %v, the second model says %v", port, got, want)
		}
		if got := int(p.a.bucket(port).owners); got != p.d.bound(p.d.owners(port)) {
			p.Fatalf("port %d has %d owners, want %d", port, got, p.d.bound(p.d.owners(port)))
		}
	}
	if got := int(p.a.Counters().Get(kernel.TWRecycled)); got != p.d.recycled {
		p.Fatalf("TWRecycled %d, want %d", got, p.d.recycled)
	}
	groups := map[groupKey]bool{}
	for _, s := range p.d.socks {
		if s.state == Connected || s.state == TimeWait {
			groups[keyOf(s.src, s.dst)] = true
		}
	}
	if len(p.a.groups) != len(groups) {
		p.Fatalf("connections between %d pairs of places, want %d", len(p.a.groups), len(groups))
	}
	sockets, waits := p.a.Len()
	if w := len(p.d.socks) - p.d.bound(p.d.socks) - p.unbound(); sockets != p.d.bound(p.d.socks) || waits != w {
		p.Fatalf("%d sockets, %d TIME_WAIT; want %d, %d", sockets, waits, p.d.bound(p.d.socks), w)
	}
}

func (p *pair) unbound() (n int) {
	for _, s := range p.d.socks {
		if s.port == 0 {
			n++
		}
	}
	return n
}

// step is one call drawn at random.
func (p *pair) step() {
	p.Helper()
	t := p.T
	p.days.day = rapid.IntRange(0, 7).Draw(t, "day")
	p.now += time.Duration(rapid.SampledFrom([]int64{0, 0, 0, 1, 4e6, 5e9, 10e9, 299e9}).Draw(t, "pause"))
	pick := func(states ...State) *dumbSock {
		var some []*dumbSock
		for _, s := range p.d.socks {
			for _, want := range states {
				if s.state == want {
					some = append(some, s)
				}
			}
		}
		if len(some) == 0 {
			return nil
		}
		return rapid.SampledFrom(some).Draw(t, "socket")
	}
	src := rapid.SampledFrom(sources).Draw(t, "src")
	dst := rapid.SampledFrom(places).Draw(t, "dst")
	r := p.d.sys.IPLocalPortRange
	switch rapid.IntRange(0, 14).Draw(t, "call") {
	case 0, 1, 2, 3:
		o := Options{}
		if rapid.IntRange(0, 3).Draw(t, "options") == 0 {
			o = drawOptions(t, &p.a.sem, r)
		}
		for range rapid.SampledFrom([]int{1, 1, 3, 20}).Draw(t, "times") {
			p.connect(p.open(o), src, dst)
		}
	case 4, 5:
		s := p.open(drawOptions(t, &p.a.sem, r))
		port := uint16(0)
		if rapid.Bool().Draw(t, "by number") {
			port = uint16(rapid.IntRange(r.Low, min(r.High, r.Low+8)).Draw(t, "port"))
		}
		p.bind(s, netip.AddrPortFrom(rapid.SampledFrom(homes).Draw(t, "home"), port))
		if s.state == Bound && rapid.Bool().Draw(t, "go on") {
			if rapid.Bool().Draw(t, "listen") {
				got, err := p.a.Listen(p.mine[s])
				p.same("listen", got, err, p.d.listen(s))
			} else {
				p.connect(s, src, dst)
			}
		} else if s.state == Unbound {
			p.connect(s, src, dst)
		}
	case 6:
		if s := pick(Bound, Unbound); s != nil && (s.port != 0 || s.addressed) {
			got, err := p.a.Listen(p.mine[s])
			p.same("listen", got, err, p.d.listen(s))
		}
	case 7:
		if s := pick(Unbound, Bound); s != nil {
			p.connect(s, src, dst)
		}
	case 8, 9:
		if s := pick(Connected); s != nil {
			if err := p.a.TimeWait(p.mine[s]); err != nil {
				t.Fatal(err)
			}
			s.state = TimeWait
		}
	case 13:
		if s := pick(Connected); s != nil {
			p.over(s)
		}
	case 14:
		if s := pick(Unbound, Bound, Connected); s != nil {
			if err := p.a.Disconnect(p.mine[s]); err != nil {
				t.Fatal(err)
			}
			p.d.disconnect(s)
			if s.state == Unbound && rapid.Bool().Draw(t, "again") {
				p.bind(s, netip.AddrPortFrom(rapid.SampledFrom(homes).Draw(t, "home"), uint16(rapid.IntRange(r.Low, min(r.High, r.Low+8)).Draw(t, "port"))))
			}
		}
	case 10:
		for range rapid.IntRange(1, 5).Draw(t, "times") {
			if s := pick(Unbound, Bound, Listening, Connected, TimeWait); s != nil {
				if err := p.a.Close(p.mine[s]); err != nil {
					t.Fatal(err)
				}
				p.d.close(s)
			}
		}
	case 11:
		if l := pick(Listening); l != nil {
			if id, err := p.a.Accept(p.mine[l], src, dst); err == nil {
				s := &dumbSock{state: Connected, opt: l.opt, own: l.own, addressed: true, fixed: l.fixed, inherited: true, port: l.port, src: src, dst: dst}
				s.own.Addr, s.own.Listening = src, false
				p.mine[s] = id
				p.d.socks = append(p.d.socks, s)
				if rapid.IntRange(0, 2).Draw(t, "over") == 0 {
					p.over(s)
					p.connect(s, src, dst)
				}
			}
		}
	case 12:
		p.near(src, dst, uint32(rapid.IntRange(0, 200).Draw(t, "before")))
		if rapid.IntRange(0, 3).Draw(t, "sysctls") == 0 {
			cfg, _ := drawPorts(t, Config{Semantics: p.d.sem, Sysctls: p.d.sys})
			if err := p.a.SetSysctls(cfg.Sysctls); err != nil {
				t.Fatal(err)
			}
			p.d.sys = cfg.Sysctls
		}
	}
}

// over ends a connection whose socket stays.
func (p *pair) over(s *dumbSock) {
	if rapid.Bool().Draw(p.T, "TIME_WAIT") {
		entry, err := p.a.LeaveTimeWait(p.mine[s])
		if err != nil {
			p.Fatal(err)
		}
		p.mine[p.d.leaveTimeWait(s)] = entry
		return
	}
	if err := p.a.Done(p.mine[s]); err != nil {
		p.Fatal(err)
	}
	p.d.done(s)
}

// Port and count equal those of a plain walk, in every era, with wrap-around, odd ranges,
// reserved and bound ports, TIME_WAIT, several destinations and addresses; and bind()
// refuses and finds the same.
func TestAllocatorEqualsThePlainWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg, days := drawConfig(t)
		p := newPair(t, cfg, days)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			p.step()
			p.check()
		}
	})
}
