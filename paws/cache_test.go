package paws

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

// A dumbHost is what the second model keeps of a host, in a plain map.
type dumbHost struct {
	ts, stamp uint32
	rtt       bool
	used      int64 // ms
}

// dumbCache is the second model: a map of strings, with no limits but ageing.
type dumbCache struct {
	release string
	hosts   map[string]*dumbHost
	wall    int64 // ms
	recycle bool
	noSave  bool
	stamps  bool // tcp_timestamps
}

func (d *dumbCache) key(from, to netip.Addr, socket bool) string {
	if from.Is4In6() && (!socket || !at(d.release, "3.6") || at(d.release, "3.14")) {
		from = from.Unmap()
	}
	if at(d.release, "3.14") {
		return from.String() + "<" + to.Unmap().String()
	}
	return from.String()
}

func (d *dumbCache) on(from netip.Addr) bool {
	return d.recycle && !at(d.release, "4.12") && (from.Unmap().Is4() || at(d.release, "2.6.38"))
}

// get returns a host, aged as a look from a socket or a request does.
func (d *dumbCache) get(now int64, key string, age bool) *dumbHost {
	h := d.hosts[key]
	if h != nil && age {
		switch {
		case !at(d.release, "3.6"):
			h.used = now
		case now-h.used > 3600_000:
			*h = dumbHost{used: now}
		}
	}
	return h
}

func (d *dumbCache) close(now int64, from, to netip.Addr, ts, stamp uint32, create bool) (wrote, short bool) {
	if !d.on(from) || stamp == 0 {
		return false, false
	}
	key := d.key(from, to, true)
	if !at(d.release, "3.6") {
		create = true
	}
	h := d.get(now, key, create)
	if h == nil {
		if !create {
			return false, false
		}
		h = &dumbHost{used: now}
		d.hosts[key] = h
	}
	sec := (now + d.wall) / 1000
	age := sec - int64(h.stamp)
	stale := age > 60 || age < 0 && at(d.release, "2.6.33")
	if dumbOlder(h.ts, ts) <= 0 || stale && h.stamp <= stamp {
		h.ts, h.stamp = ts, stamp
		return true, true
	}
	return false, true
}

func (d *dumbCache) rtt(now int64, from, to netip.Addr, known bool) {
	if !at(d.release, "3.6") || d.noSave {
		return
	}
	key := d.key(from, to, true)
	h := d.get(now, key, true)
	if h == nil {
		if !known {
			return
		}
		h = &dumbHost{}
		d.hosts[key] = h
	}
	if h.rtt = known; known {
		h.used = now
	}
}

// look is a socket's, which may make a host.
func (d *dumbCache) look(now int64, from, to netip.Addr, create bool) *dumbHost {
	if !at(d.release, "3.6") {
		create = false
	}
	key := d.key(from, to, true)
	h := d.get(now, key, true)
	if h == nil && create {
		h = &dumbHost{used: now}
		d.hosts[key] = h
	}
	return h
}

func (d *dumbCache) fetch(now int64, from, to netip.Addr) (h Host, ok bool) {
	if !d.on(from) {
		return Host{}, false
	}
	r := d.look(now, from, to, true)
	age := (now + d.wall) / 1000
	if r == nil || r.stamp == 0 || age-int64(r.stamp) > 60 || age < int64(r.stamp) && at(d.release, "2.6.33") {
		return Host{}, false
	}
	return Host{r.ts, r.stamp}, true
}

func (d *dumbCache) lookup(now int64, from, to netip.Addr, timestamp bool, tsval uint32) (proven, judged, rejected bool) {
	timestamp = timestamp && d.stamps
	key := d.key(from, to, false)
	_, known := d.hosts[key]
	if d.on(from) {
		judged = at(d.release, "3.17") || timestamp && (known || at(d.release, "3.6"))
	}
	if !judged && !at(d.release, "4.14") || !known {
		return false, judged, false
	}
	h := d.get(now, key, true)
	if judged {
		age := (now+d.wall)/1000 - int64(h.stamp)
		fresh := age < 60 && (age >= 0 || !at(d.release, "2.6.33"))
		rejected = fresh && (!timestamp || dumbOlder(h.ts, tsval) > 1)
	}
	return h.rtt && at(d.release, "4.14"), judged, rejected
}

// TestCacheAgainstDumbModel runs a cache with room for all beside a map, over times
// around 60 s and an hour.
func TestCacheAgainstDumbModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		release, sem := drawSemantics(t)
		sys, err := kernel.Defaults(kernel.MustParse(release), kernel.Machine{MemoryBytes: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		if sem.Recycle != kernel.RecycleGone {
			sys.TCPTwRecycle = 1
		}
		d := &dumbCache{release: release, hosts: map[string]*dumbHost{}, wall: 1_000_000_000_000, recycle: true, stamps: true}
		c, err := NewCache(Config{Semantics: *sem, Sysctls: sys, HZ: 1000, Wall: 1_000_000_000 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		hosts := []netip.Addr{client, netip.MustParseAddr("10.0.0.3"), netip.MustParseAddr("::ffff:10.0.0.2"), netip.MustParseAddr("2001:db8::2")}
		locals := map[bool][]netip.Addr{true: {{}, server, netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("::ffff:10.0.0.1")}, false: {{}, netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::9")}}
		now := int64(0)
		maxStep := int64(7_200_000)
		if !at(release, "3.1") && !at(release, "3.2") {
			maxStep = 110_000 // a run of the timer never finds a host that unused here
		}
		span := int64(0)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			step := rapid.OneOf(rapid.Just(int64(0)), rapid.Just(int64(0)), rapid.Int64Range(0, 3000), rapid.Int64Range(57_000, 63_000), rapid.Int64Range(3_598_000, 3_602_000), rapid.Int64Range(0, 7_200_000)).Draw(t, "wait")
			step = min(step, maxStep)
			if maxStep < 1_000_000 {
				if span += step; span > 110_000 {
					break
				}
			}
			now += step
			at := time.Duration(now) * time.Millisecond
			from := rapid.SampledFrom(hosts).Draw(t, "from")
			to := rapid.SampledFrom(locals[from.Unmap().Is4()]).Draw(t, "to")
			sec := uint32((now + d.wall) / 1000)
			ts := rapid.OneOf(rapid.Uint32Range(1000, 1004), rapid.Uint32Range(1<<31+998, 1<<31+1006), rapid.Uint32()).Draw(t, "ts")
			stamp := rapid.SampledFrom([]uint32{sec, sec, sec - 1, sec - 70, 0}).Draw(t, "stamp")
			closing := Closing{From: from, To: to, TS: ts, Stamp: stamp}
			switch op := rapid.SampledFrom([]string{"enter", "enter", "fin", "closed", "lookup", "lookup", "lookup", "established", "fetch", "wall", "sysctl"}).Draw(t, "op"); op {
			case "enter", "fin":
				f := c.EnterTimeWait
				if op == "fin" {
					f = c.FinInFinWait2
				}
				wrote, short, err := f(at, closing)
				if w, s := d.close(now, from, to, ts, stamp, op == "enter"); wrote != w || short != s || err != nil {
					t.Fatalf("%s, %s: %v %v %v, want %v %v", release, op, wrote, short, err, w, s)
				}
			case "closed":
				known := rapid.Bool().Draw(t, "rtt")
				if err := c.Closed(at, closing, known); err != nil {
					t.Fatal(err)
				}
				d.rtt(now, from, to, known)
			case "lookup":
				timestamp := rapid.Bool().Draw(t, "timestamp")
				e := c.Explain(at, from, to, timestamp, ts)
				p, j, r := c.Lookup(at, from, to, timestamp, ts)
				if dp, dj, dr := d.lookup(now, from, to, timestamp, ts); p != dp || j != dj || r != dr {
					t.Fatalf("%s: Lookup %v %v %v, want %v %v %v", release, p, j, r, dp, dj, dr)
				}
				if r != (e.Verdict.Action == Drop) || !j != (e.Verdict.Reason == NotJudged) || strings.Contains(e.String(), "%!") || strings.Contains(e.String(), "not judged") {
					t.Fatalf("%s: judged %v, rejected %v, explained as %v", release, j, r, e)
				}
			case "established":
				if err := c.Established(at, from, to); err != nil {
					t.Fatal(err)
				}
				if sem.HostMetrics {
					d.look(now, from, to, !sem.MetricsAtClose)
				}
			case "fetch":
				want, ok := d.fetch(now, from, to)
				if got, has, err := c.Fetch(at, from, to); got != want || has != ok || err != nil {
					t.Fatalf("%s: Fetch %v %v %v, want %v %v", release, got, has, err, want, ok)
				}
			case "wall":
				wall := 1_000_000_000_000 + rapid.Int64Range(-100_000, 100_000).Draw(t, "step")
				if err := c.SetWall(at, time.Duration(wall)*time.Millisecond); err != nil {
					t.Fatal(err)
				}
				d.wall = wall
			case "sysctl":
				d.stamps = rapid.Bool().Draw(t, "timestamps")
				d.noSave = rapid.Bool().Draw(t, "nosave")
				d.recycle = rapid.Bool().Draw(t, "recycle")
				sys.TCPTimestamps, sys.TCPNoMetricsSave = b2i(d.stamps), b2i(d.noSave)
				if sem.Recycle != kernel.RecycleGone {
					sys.TCPTwRecycle = b2i(d.recycle)
				}
				if err := c.SetSysctls(sys); err != nil {
					t.Fatal(err)
				}
			}
			if c.Len() != len(d.hosts) {
				t.Fatalf("%s: %d hosts, want %d", release, c.Len(), len(d.hosts))
			}
		}
	})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestMetricsBucketsHoldSix(t *testing.T) {
	c := recycling(t, "3.10.108", func(cfg *Config) { cfg.MetricsSlots = 1 })
	host := func(i int) netip.Addr {
		if i%3 == 2 {
			return netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i))
		}
		return netip.AddrFrom4([4]byte{10, 1, 0, byte(i)})
	}
	for i := 1; i <= 12; i++ {
		now := time.Duration(i) * time.Second
		if _, _, err := c.EnterTimeWait(now, Closing{From: host(i), TS: 5, Stamp: c.seconds(now)}); err != nil {
			t.Fatal(err)
		}
		if c.Len() != min(i, 6) {
			t.Fatalf("%d hosts after %d", c.Len(), i)
		}
		for j := 1; j <= i; j++ {
			if _, _, known := c.Host(host(j), server); known != (j > i-6) {
				t.Fatalf("after %d, host %d known: %v", i, j, known)
			}
		}
	}
	// A stamp renews nothing, the end of a connection does.
	if _, _, err := c.EnterTimeWait(20*time.Second, Closing{From: host(7), TS: 6, Stamp: c.seconds(20 * time.Second)}); err != nil {
		t.Fatal(err)
	}
	if err := c.Closed(20*time.Second, Closing{From: host(8)}, true); err != nil {
		t.Fatal(err)
	}
	for i := 13; i <= 14; i++ {
		if err := c.Closed(21*time.Second, Closing{From: host(i)}, true); err != nil {
			t.Fatal(err)
		}
	}
	for j, want := range map[int]bool{7: false, 8: true, 9: false, 10: true, 13: true, 14: true} {
		if _, _, known := c.Host(host(j), server); known != want {
			t.Errorf("host %d known: %v", j, known)
		}
	}
}

func TestPeersAreEvicted(t *testing.T) {
	for release, full := range map[string]int{"2.6.32": 599, "3.0": 599, "3.2": 600} {
		c := recycling(t, release, func(cfg *Config) { cfg.PeerThreshold = 600 })
		host := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}) }
		enter := func(from netip.Addr, now time.Duration) {
			if _, _, err := c.EnterTimeWait(now, Closing{From: from, TS: 5, Stamp: c.seconds(now)}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 2000 {
			now := time.Duration(i) * time.Millisecond
			enter(host(i), now)
			if i == 1000 { // used again: stays longer
				enter(host(500), now)
			}
			if c.Len() != min(i+1, full) {
				t.Fatalf("%s: %d hosts after %d", release, c.Len(), i+1)
			}
		}
		for i := range 2000 {
			if _, _, known := c.Host(host(i), server); known != (i >= 2000-full) {
				t.Fatalf("%s: host %d known: %v", release, i, known)
			}
		}
		if release == "2.6.32" {
			continue
		}
		// The threshold holds for each protocol. To 3.0 the host unused for longest goes, of
		// whichever it is.
		for i := range 601 {
			enter(netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1)), 2*time.Second)
		}
		want4, want6 := 2*full-601, 601
		if c.sem.HostPeersUnlisted {
			want4, want6 = 600, 600
		}
		if c.v6.used != want6 || c.v4.used != want4 {
			t.Errorf("%s: %d hosts of IPv6, %d of IPv4", release, c.v6.used, c.v4.used)
		}
	}
}

// To 3.0 a timer lets go of unused hosts after 2 to 10 minutes; later nothing does.
func TestPeersExpire(t *testing.T) {
	for _, c := range []struct {
		release string
		wait    time.Duration
		known   bool
	}{
		{"2.6.32", 590 * time.Second, true}, {"2.6.32", 721 * time.Second, false}, {"2.6.32", 100 * time.Hour, false}, {"3.0", 721 * time.Second, false},
		{"3.1", 100 * time.Hour, true},
	} {
		cache := recycling(t, c.release)
		if _, _, err := cache.EnterTimeWait(0, Closing{From: client, TS: 5, Stamp: 5}); err != nil {
			t.Fatal(err)
		}
		if _, judged, _ := cache.Lookup(c.wait, client, server, true, 5); judged != c.known {
			t.Errorf("%s after %v: known %v", c.release, c.wait, judged)
		}
		if c.release == "2.6.32" && cache.peers.due <= c.wait {
			t.Errorf("the timer is due at %v, it is %v", cache.peers.due, c.wait)
		}
	}
	full := recycling(t, "3.0", func(cfg *Config) { cfg.PeerThreshold = 4 }) // for each protocol
	for i := range byte(4) {
		from := netip.AddrFrom4([4]byte{10, 0, 0, i})
		if i == 3 {
			from = netip.MustParseAddr("2001:db8::2")
		}
		if _, _, err := full.EnterTimeWait(0, Closing{From: from, TS: 5, Stamp: 5}); err != nil {
			t.Fatal(err)
		}
	}
	for now, want := range map[time.Duration]int{119 * time.Second: 4, 120 * time.Second: 0} {
		twin := full.twin()
		if err := twin.SetWall(now, 0); err != nil || twin.Len() != want {
			t.Errorf("%d hosts of 4 after %v (%v)", twin.Len(), now, err)
		}
	}
}

func TestFetch(t *testing.T) {
	for _, c := range []struct {
		release string
		after   time.Duration
		want    bool
	}{{"2.6.32", 60 * time.Second, true}, {"2.6.32", 61 * time.Second, false}, {"3.10.108", 60 * time.Second, true}, {"4.11", 61 * time.Second, false}, {"4.12", 0, false}} {
		cache := recycling(t, c.release)
		for _, from := range []netip.Addr{client, netip.MustParseAddr("2001:db8::2")} {
			h := Host{TS: 77, Stamp: cache.seconds(cache.Now())}
			if _, _, err := cache.EnterTimeWait(cache.Now(), Closing{From: from, TS: h.TS, Stamp: h.Stamp}); err != nil {
				t.Fatal(err)
			}
			got, ok, err := cache.Fetch(cache.Now()+c.after, from, netip.Addr{})
			if want := c.want && (from == client || c.release != "2.6.32"); ok != want || ok && got != h || err != nil {
				t.Errorf("%s, %v after %v: %v %v %v", c.release, from, c.after, got, ok, err)
			}
			if _, ok, err := cache.Fetch(cache.Now(), netip.MustParseAddr("10.9.9.9"), server); ok || err != nil {
				t.Error("a stranger's timestamp")
			}
		}
	}
}

func TestCacheErrors(t *testing.T) {
	good := Config{Semantics: *semantics("3.10.108"), Sysctls: kernel.Sysctls{}}
	for want, f := range map[string]func(*Config){
		"describes no kernel":          func(c *Config) { c.Semantics = kernel.Semantics{} },
		"net.core.somaxconn = -1":      func(c *Config) { c.Semantics, c.Sysctls.Somaxconn = *semantics("5.10"), -1 },
		"HZ 7 is not":                  func(c *Config) { c.HZ = 7 },
		"before 1970":                  func(c *Config) { c.Wall = -1 },
		"MetricsSlots -1 is not":       func(c *Config) { c.MetricsSlots = -1 },
		"MetricsSlots 16777217 is not": func(c *Config) { c.MetricsSlots = 1<<24 + 1 },
		"PeerThreshold -1 is not":      func(c *Config) { c.PeerThreshold = -1 },
		"PeerThreshold 16777217 is":    func(c *Config) { c.PeerThreshold = 1<<24 + 1 },
	} {
		cfg := good
		f(&cfg)
		if c, err := NewCache(cfg); c != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, n := range []int{0, 1, 1 << 24} {
		cfg := good
		cfg.MetricsSlots, cfg.PeerThreshold = n, n
		if _, err := NewCache(cfg); err != nil {
			t.Error(err)
		}
	}

	c := recycling(t, "4.4.155")
	v6 := netip.MustParseAddr("2001:db8::2")
	if _, _, err := c.EnterTimeWait(time.Second, Closing{From: client, To: server, TS: 5, Stamp: 5}); err != nil {
		t.Fatal(err)
	}
	for want, closing := range map[string]Closing{"From is not a valid": {To: server, Stamp: 5}, "not of one protocol": {From: v6, To: server, Stamp: 5}, "must not go back": {From: client, To: server, Stamp: 5}} {
		now := 2 * time.Second
		if want == "must not go back" {
			now = time.Second - 1
		}
		_, _, err1 := c.EnterTimeWait(now, closing)
		_, _, err2 := c.FinInFinWait2(now, closing)
		_, _, err4 := c.Fetch(now, closing.From, closing.To)
		for i, err := range []error{err1, err2, c.Closed(now, closing, true), err4} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%d, %s: %v", i, want, err)
			}
		}
	}
	if err := c.SetWall(3*time.Second, -4*time.Second); err == nil || !strings.Contains(err.Error(), "-4s at time 3s") {
		t.Error(err)
	}
	if err := c.SetSysctls(kernel.Sysctls{Somaxconn: -1}); err == nil {
		t.Error("a somaxconn of -1 on 4.4")
	}
	if c.Len() != 1 || c.Now() != time.Second {
		t.Errorf("errors changed something: %d hosts, %v", c.Len(), c.Now())
	}
	if p, j, r := c.Lookup(0, netip.Addr{}, server, true, 5); p || j || r {
		t.Error("an invalid address is somebody")
	}

	var zero Cache
	if _, _, err := zero.EnterTimeWait(0, Closing{From: client}); err != errNoKernel {
		t.Error(err)
	}
	if err := zero.SetSysctls(kernel.Sysctls{}); err != errNoKernel {
		t.Error(err)
	}
	if err := zero.SetWall(0, 0); err != errNoKernel {
		t.Error(err)
	}
	if p, j, r := zero.Lookup(0, client, server, true, 0); p || j || r || zero.Len() != 0 {
		t.Error("the zero Cache knows somebody")
	}
	if e := zero.Explain(0, client, server, true, 0); e.Verdict.Reason != NotJudged {
		t.Error(e)
	}
}

func TestLocalsAreFew(t *testing.T) {
	c := recycling(t, "4.4.155")
	end := func(i int) error {
		_, _, err := c.EnterTimeWait(0, Closing{From: client, To: netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), TS: 1, Stamp: 5})
		return err
	}
	for i := range 16383 {
		if err := end(i); err != nil {
			t.Fatal(i, err)
		}
	}
	n := c.Len()
	if err := end(16383); err != errLocals || c.Len() != n {
		t.Error(err)
	}
	if err := c.Closed(0, Closing{From: client, To: netip.MustParseAddr("10.2.0.1")}, true); err != errLocals {
		t.Error(err)
	}
	if err := c.Closed(0, Closing{From: client, To: netip.MustParseAddr("10.2.0.1")}, false); err != nil {
		t.Error(err)
	}
	if err := end(5); err != nil {
		t.Error(err)
	}
}

// A bucket of IPv6 hosts alone, and an IPv4 host that takes the place of one.
func TestMetricsBucketOfIPv6(t *testing.T) {
	c := recycling(t, "4.4.155", func(cfg *Config) { cfg.MetricsSlots = 1 })
	for i := range 8 {
		from := netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i+1))
		if i == 7 {
			from = client
		}
		if err := c.Closed(time.Duration(i)*time.Second, Closing{From: from}, true); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, known := c.Host(netip.MustParseAddr("2001:db8::2"), netip.Addr{}); known || c.v6.used != 5 || c.v4.used != 1 {
		t.Errorf("%d and %d hosts", c.v6.used, c.v4.used)
	}
}

// At steady state nothing is allocated, and a host takes 24 bytes.
func TestCacheIsSmall(t *testing.T) {
	c := recycling(t, "3.10.108", func(cfg *Config) { cfg.MetricsSlots = 1 << 17 })
	for i := range 100_000 {
		if _, _, err := c.EnterTimeWait(0, Closing{From: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), TS: 1, Stamp: 5}); err != nil {
			t.Fatal(err)
		}
		if i > 10_000 && float64(c.v4.bytes()) > 24*float64(c.Len()) {
			t.Fatalf("%d bytes for %d hosts", c.v4.bytes(), c.Len())
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		c.Lookup(time.Second, client, server, true, 5)
		if _, _, err := c.EnterTimeWait(time.Second, Closing{From: client, TS: 1, Stamp: 5}); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Of many hosts each is known, and none that is not among them, whose tag is another's
// now and then.
func TestLookupAmongMany(t *testing.T) {
	for _, release := range []string{"2.6.32", "3.4"} {
		c := recycling(t, release)
		host := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
		for i := range 5000 {
			if _, _, err := c.EnterTimeWait(0, Closing{From: host(i), To: server, TS: uint32(i), Stamp: c.seconds(0)}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 50_000 {
			_, judged, rejected := c.Lookup(0, host(i), server, true, uint32(i-2))
			if judged != (i < 5000) || rejected != judged {
				t.Fatalf("%s: host %d judged %v, rejected %v", release, i, judged, rejected)
			}
			if _, _, rejected := c.Lookup(0, host(i), server, true, uint32(i-1)); rejected {
				t.Fatalf("%s: host %d rejected", release, i)
			}
		}
	}
}

func FuzzLookup(f *testing.F) {
	f.Add(uint8(3), []byte{1, 2, 3, 4, 5, 6, 7, 8}, int64(1e9))
	f.Fuzz(func(t *testing.T, which uint8, data []byte, step int64) {
		c := recycling(t, releases[int(which)%len(releases)], func(cfg *Config) { cfg.MetricsSlots, cfg.PeerThreshold = 2, 3 })
		now := time.Duration(0)
		for len(data) >= 4 {
			from := netip.AddrFrom4([4]byte{10, 0, 0, data[0] % 16})
			if data[0]&16 != 0 {
				from = netip.AddrFrom16([16]byte{15: data[0]})
			}
			to := netip.Addr{}
			now += time.Duration(uint64(step)%7) * time.Duration(data[1]) * time.Second
			closing := Closing{From: from, To: to, TS: uint32(data[2]) << 24, Stamp: c.seconds(now) - uint32(data[3]%8)}
			switch data[3] % 4 {
			case 0:
				if _, _, err := c.EnterTimeWait(now, closing); err != nil {
					t.Fatal(err)
				}
			case 1:
				if err := c.Closed(now, closing, data[2]&1 != 0); err != nil {
					t.Fatal(err)
				}
			default:
				e := c.Explain(now, from, to, data[2]&1 != 0, closing.TS)
				if _, judged, rejected := c.Lookup(now, from, to, data[2]&1 != 0, closing.TS); rejected != (e.Verdict.Action == Drop) || rejected && !judged {
					t.Fatalf("judged %v, rejected %v, explained as %v", judged, rejected, e)
				}
			}
			if n := c.Len(); n > 12 || !c.sem.HostMetrics && (c.v4.used > 3 || c.v6.used > 3) && (c.sem.HostPeersUnlisted || !c.sem.LastQuarter6) {
				t.Fatalf("%d hosts", n)
			}
			data = data[4:]
		}
	})
}
