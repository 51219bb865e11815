package timewait

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

func newTable(t *testing.T, release string, change func(*Config)) *Table {
	t.Helper()
	r := kernel.MustParse(release)
	cfg := Config{Semantics: r.Semantics(), Sysctls: must(kernel.Defaults(r, kernel.Machine{MemoryBytes: 1 << 30}))}
	if change != nil {
		change(&cfg)
	}
	tab, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func TestBadConfig(t *testing.T) {
	good := Config{Semantics: *semOf("6.12"), Sysctls: must(kernel.Defaults(kernel.MustParse("6.12"), kernel.Machine{MemoryBytes: 1 << 30}))}
	for want, change := range map[string]func(*Config){
		"describes no kernel":                 func(c *Config) { c.Semantics = kernel.Semantics{} },
		"HZ 17":                               func(c *Config) { c.HZ = 17 },
		"tcp_tw_reuse = 3":                    func(c *Config) { c.Sysctls.TCPTWReuse = 3 },
		"takes -8589934 to 8589934":           func(c *Config) { c.Sysctls.TCPFinTimeout = 8589935 },
		"tcp_fin_timeout = -8589935":          func(c *Config) { c.Sysctls.TCPFinTimeout = -8589935 },
		"Wall -1ns":                           func(c *Config) { c.Wall = -1 },
		"Monotonic 24h0m0.000000001s is more": func(c *Config) { c.Monotonic = 24*time.Hour + 1 },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	for _, most := range []int{8589934, -8589934} {
		good.Sysctls.TCPFinTimeout = most
		if _, err := New(good); err != nil {
			t.Error(err)
		}
	}
}

// Sysctls and the clock that are refused stay as they were, time with them; those that
// are taken hold from then on.
func TestSettings(t *testing.T) {
	tab := newTable(t, "3.10", nil)
	bad := tab.cfg.Sysctls
	bad.TCPFinTimeout = 8589935
	before := tab.cfg.Sysctls
	if err := tab.SetSysctls(time.Second, bad); err == nil || tab.Now() != 0 || tab.cfg.Sysctls != before {
		t.Errorf("%v at %v", err, tab.Now())
	}
	full := before
	full.TCPMaxTWBuckets = 0
	if err := tab.SetSysctls(time.Second, full); err != nil || tab.Now() != time.Second {
		t.Errorf("%v at %v", err, tab.Now())
	}
	if v := must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: TimeWait})); v.Action != Close {
		t.Error(v)
	}
	if err := tab.SetWall(2*time.Second, 0); err != nil || tab.Now() != 2*time.Second || tab.second(2*time.Second) != 0 {
		t.Errorf("%v at %v", err, tab.Now())
	}
}

func TestBadCallsChangeNothing(t *testing.T) {
	tab := newTable(t, "6.12", nil)
	k := Socket{Local: ours, Remote: theirs, State: TimeWait}
	must(tab.Enter(time.Second, k))
	for want, change := range map[string]func(*Socket){
		"have an entry already":      func(k *Socket) {},
		"addresses with ports":       func(k *Socket) { k.Local = netip.AddrPort{} },
		"of one protocol":            func(k *Socket) { k.Remote = netip.MustParseAddrPort("[::1]:5") },
		"neither TIME_WAIT":          func(k *Socket) { k.State = 0 },
		"Timeout -1ns":               func(k *Socket) { k.Timeout = -1 },
		"Timeout 576h0m0.000000001s": func(k *Socket) { k.Timeout = maxTimeout + 1 },
		"RTO -1ns":                   func(k *Socket) { k.RTO = -1 },
		"RTO 2m0.000000001s":         func(k *Socket) { k.RTO = 120*time.Second + 1 },
		"Window 1073725441":          func(k *Socket) { k.Window = 65535<<14 + 1 },
		"WindowScale 15":             func(k *Socket) { k.WindowScale = 15 },
		"TSAt 1.000000001s":          func(k *Socket) { k.Timestamps, k.TSAt = true, time.Second+1 },
		"TSAt -1ns":                  func(k *Socket) { k.Timestamps, k.TSAt = true, -1 },
	} {
		bad := k
		change(&bad)
		if _, err := tab.Enter(time.Second, bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if _, err := tab.Enter(time.Second-1, k); err == nil || !strings.Contains(err.Error(), "time must not go back") {
		t.Error(err)
	}
	if _, err := tab.Advance(time.Second-1, nil); err == nil {
		t.Error("Advance went back")
	}
	due, _ := tab.Next()
	bad := k
	bad.Remote = netip.MustParseAddrPort("10.9.9.9:9")
	for name, err := range map[string]error{
		"Enter": second(tab.Enter(due, bad)), "Receive": third(tab.Receive(due, Segment{From: theirs, To: ours})),
		"Connect": third(tab.Connect(due, ours, theirs, true)), "SetSysctls": tab.SetSysctls(due, tab.cfg.Sysctls),
		"SetWall": tab.SetWall(due, 0), "Explain": third(tab.Explain(due, Segment{From: theirs, To: ours})),
	} {
		if !errors.Is(err, ErrTimerDue) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := tab.SetWall(time.Second, -1); err == nil {
		t.Error("SetWall before the beginning")
	}
	if tab.Len() != 1 || tab.Now() != time.Second || len(tab.s.localTab) != 1 {
		t.Errorf("%d entries at %v", tab.Len(), tab.Now())
	}
	// Everything in range is taken.
	bad.Timeout, bad.RTO, bad.Window, bad.WindowScale, bad.State = maxTimeout, 120*time.Second, 65535<<14, 14, FinWait2
	if v, err := tab.Enter(due-1, bad); err != nil || v.Action != Enter {
		t.Error(v, err)
	}
	if out, ok, err := tab.Receive(due-1, Segment{From: bad.Remote, To: ours, Flags: FlagACK, Seq: 1 << 31}); err != nil || !ok || out.Reply.Window != 65535 {
		t.Error(out, ok, err)
	}
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

func TestManyAddresses(t *testing.T) {
	tab := newTable(t, "6.12", func(c *Config) { c.Sysctls.TCPMaxTWBuckets = 1 << 20 })
	k := Socket{Remote: theirs, State: TimeWait}
	local := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)}), 80)
	}
	for i := range maxLocalAddrs {
		k.Local = local(i)
		must(tab.Enter(time.Second, k))
	}
	k.Local = local(maxLocalAddrs)
	if _, err := tab.Enter(time.Second, k); err == nil || !strings.Contains(err.Error(), "32769") {
		t.Error(err)
	}
	for i := range maxLocalAddrs {
		if _, ok := tab.Find(local(i), theirs); !ok {
			t.Fatal(i)
		}
	}
	if n := must(tab.Advance(70*time.Second, nil)); n != maxLocalAddrs || tab.Len() != 0 || len(tab.s.locals) != 0 {
		t.Errorf("%d ended, %d left", n, tab.Len())
	}
	if _, err := tab.Enter(70*time.Second, k); err != nil {
		t.Error(err)
	}
}

func TestIPv6(t *testing.T) {
	tab := newTable(t, "6.12", nil)
	k := Socket{Local: netip.MustParseAddrPort("[fd00::1]:80"), State: TimeWait, Timestamps: true, TSAt: time.Second}
	remote := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0: 0xfd, 8: 1, 14: byte(i >> 8), 15: byte(i)}), 1000)
	}
	for round := range 3 {
		now := time.Duration(round*100+1) * time.Second
		for i := range 600 {
			k.Remote = remote(i)
			must(tab.Enter(now, k))
		}
		for i := range 600 {
			if _, ok := tab.Find(k.Local, remote(i)); !ok {
				t.Fatal(i)
			}
		}
		seen := map[netip.AddrPort]bool{}
		must(tab.Advance(now+90*time.Second, func(e Ended) { seen[e.Remote] = e.Local == k.Local && e.State == TimeWait }))
		if len(seen) != 600 || !seen[remote(599)] || len(tab.s.addrs6) != 600 {
			t.Fatalf("%d ended, %d addresses", len(seen), len(tab.s.addrs6))
		}
	}
	// A mapped address is IPv4.
	k.Local, k.Remote = netip.MustParseAddrPort("[::ffff:10.0.0.1]:80"), netip.MustParseAddrPort("[::ffff:10.1.2.3]:40000")
	must(tab.Enter(400*time.Second, k))
	if _, ok := tab.Find(ours, theirs); !ok {
		t.Error("mapped")
	}
}

func TestWallClock(t *testing.T) {
	tab := newTable(t, "3.10", func(c *Config) { c.Wall, c.Sysctls.TCPTWReuse = 700*time.Millisecond, 1 })
	k := Socket{Local: ours, Remote: theirs, State: TimeWait, Timestamps: true, TSAt: 10 * time.Second}
	must(tab.Enter(10*time.Second, k)) // the wall clock shows 10.7 s
	connect := func(at time.Duration) Reason { v, _, _ := tab.Connect(at, ours, theirs, false); return v.Reason }
	if r := connect(11299 * time.Millisecond); r != TooYoung {
		t.Error(r)
	}
	if err := tab.SetWall(11299*time.Millisecond, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if r := connect(11299 * time.Millisecond); r != OldEnough { // the clock was set back
		t.Error(r)
	}
	must(tab.Enter(11300*time.Millisecond, k))
	if v, _, _ := tab.Connect(11300*time.Millisecond, ours, netip.MustParseAddrPort("10.1.2.3:1"), false); v.Reason != NoEntry {
		t.Error(v)
	}
}

// From 4.19 to 6.13 the monotonic clock, which does not begin with the jiffies, tells when an entry may be had.
func TestMonotonicClock(t *testing.T) {
	for _, offset := range []time.Duration{0, 96 * time.Millisecond, -4 * time.Millisecond} {
		for _, release := range []string{"4.18.20", "4.19", "6.13.12", "6.14"} {
			tab := newTable(t, release, func(c *Config) { c.Monotonic, c.Sysctls.TCPTWReuse = offset, 1 })
			entered := 10*time.Second - offset // a second begins
			must(tab.Enter(entered, Socket{Local: ours, Remote: theirs, State: TimeWait, Timestamps: true, TSAt: entered}))
			last := entered + time.Second - 1 // nanosecond of it
			switch release {
			case "6.14":
				last = entered + 1001*time.Millisecond - 1
			case "4.18.20": // the time of day begins with the jiffies here
				last = entered.Truncate(time.Second) + 2*time.Second - 1
			}
			if v, _, _ := tab.Connect(last, ours, theirs, false); v.Reason != TooYoung {
				t.Errorf("%s, %v: %v at the last moment before", release, offset, v)
			}
			if v, _, _ := tab.Connect(last+1, ours, theirs, false); v.Reason != OldEnough {
				t.Errorf("%s, %v: %v", release, offset, v)
			}
		}
	}
}

type forgetful struct{ asked int }

func (f *forgetful) Remember(_ time.Duration, local, remote netip.Addr, tsval, seenAt uint32, already bool) bool {
	f.asked++
	return false
}

func TestHostsDecideRecycling(t *testing.T) {
	hosts := &forgetful{}
	tab := newTable(t, "3.10", func(c *Config) { c.Sysctls.TCPTwRecycle, c.Hosts = 1, hosts })
	if v := must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: TimeWait, Timestamps: true, TSAt: time.Second})); v.Reason != RoomForEntry || hosts.asked != 1 {
		t.Error(v, hosts.asked)
	}
	if v := must(tab.Enter(time.Second, Socket{Local: ours, Remote: netip.MustParseAddrPort("10.1.1.1:1"), State: TimeWait})); v.Reason != RoomForEntry || hosts.asked != 1 {
		t.Error(v, hosts.asked)
	}
}

// The death row stalls: above 13.4 closes a second entries live for 97.5 to 112.5 s.
func TestDeathRowUnderLoad(t *testing.T) {
	for _, c := range []struct {
		perSecond int
		lo, hi    time.Duration
	}{{20, 97500 * time.Millisecond, 112950 * time.Millisecond}, {10, 52500 * time.Millisecond, 60250 * time.Millisecond}} {
		tab := newTable(t, "3.10", func(c *Config) { c.HZ, c.Sysctls.TCPMaxTWBuckets = 1000, 1<<20 })
		began := map[uint16]time.Duration{}
		gap := time.Second / time.Duration(c.perSecond)
		k := Socket{Local: ours, State: TimeWait}
		peak := 0
		for i := range 300 * c.perSecond {
			now := time.Second + time.Duration(i)*gap
			must(tab.Advance(now, func(e Ended) {
				if life := e.At - began[e.Remote.Port()]; now > 200*time.Second && (life < c.lo || life > c.hi) {
					t.Errorf("%d/s: lived %v", c.perSecond, life)
				}
			}))
			k.Remote = netip.AddrPortFrom(theirs.Addr(), uint16(i))
			began[uint16(i)] = now
			must(tab.Enter(now, k))
			if now > 250*time.Second {
				peak = max(peak, tab.Len())
			}
		}
		if mean := Population(&tab.sem, 1000, float64(c.perSecond)); float64(peak) < mean || float64(peak) > mean*1.12 {
			t.Errorf("%d/s: peak %d, mean should be %v", c.perSecond, peak, mean)
		}
	}
}

// Entries that come and go early leave nothing behind in the buckets.
func TestBucketsAreSwept(t *testing.T) {
	tab := newTable(t, "6.12", nil)
	k := Socket{Local: ours, Remote: theirs, State: TimeWait}
	other := k
	other.Remote = netip.MustParseAddrPort("10.7.7.7:7")
	must(tab.Enter(time.Second, other)) // keeps the bucket
	for range 100000 {
		must(tab.Enter(time.Second, k))
		if _, ok, _ := tab.Receive(time.Second, Segment{From: theirs, To: ours, Flags: FlagRST}); !ok {
			t.Fatal("no entry")
		}
	}
	if tab.bk.stored > 5*chunkLen {
		t.Errorf("%d numbers for one entry", tab.bk.stored)
	}
	if n := must(tab.Advance(70*time.Second, nil)); n != 1 || tab.bk.stored != 0 {
		t.Errorf("%d ended, %d stored", n, tab.bk.stored)
	}
}

// A Table holds 16777216 entries.
func TestMostEntries(t *testing.T) {
	tab := newTable(t, "6.12", func(c *Config) { c.Sysctls.TCPMaxTWBuckets = 1 << 26 })
	must(tab.Enter(time.Second, Socket{Local: ours, Remote: theirs, State: TimeWait}))
	k := Socket{Local: ours, Remote: netip.MustParseAddrPort("10.7.7.7:7"), State: TimeWait}
	tab.s.live = 16777216
	if _, err := tab.Enter(time.Second, k); err == nil || !strings.Contains(err.Error(), "more than 16777216") {
		t.Error(err)
	}
	tab.s.live--
	if v, err := tab.Enter(time.Second, k); err != nil || v.Action != Enter {
		t.Error(v, err)
	}
}

func TestStrings(t *testing.T) {
	for a := Drop; a <= Refuse; a++ {
		if s := a.String(); s == "" || strings.HasPrefix(s, "Action(") {
			t.Errorf("action %d: %q", uint8(a), s)
		}
	}
	for r := OutOfWindow; r <= NoEntry; r++ {
		if s := r.String(); s == "" || strings.HasPrefix(s, "Reason(") {
			t.Errorf("reason %d: %q", uint8(r), s)
		}
	}
	for got, want := range map[string]string{
		Action(99).String(): "Action(99)", Reason(0).String(): "Reason(0)", State(7).String(): "State(7)", (TimeWait + 1).String(): "State(3)", DropReason(0).String(): "",
		DropPAWS.String(): "TCP_RFC7323_TW_PAWS", (FlagSYN | FlagACK).String(): "SYN|ACK", Flags(0).String(): "none", DropReason(9).String(): "DropReason(9)",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if len(factNames) != 16 || facts(1)<<15 != stamped || (term{yes: rfc1337, no: isACK}).String() != "no ACK, tcp_rfc1337 on" {
		t.Error("names of facts")
	}
	if (Decide(nil, &View{}, &Segment{}) != Decision{}) || (Decision{}).Rule() != "" {
		t.Error("no state")
	}
}

func FuzzTable(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Fuzz(func(t *testing.T, ops []byte) {
		for _, release := range []string{"2.6.32", "4.4", "7.2"} {
			tab := newTable(t, release, func(c *Config) { c.Sysctls.TCPMaxTWBuckets = 20 })
			now := time.Second
			for len(ops) >= 4 {
				op, port, a, b := ops[0], uint16(ops[1]%16), ops[2], ops[3]
				ops = ops[4:]
				now += time.Duration(a) * time.Duration(b) * 3 * time.Millisecond
				must(tab.Advance(now, nil))
				remote := netip.AddrPortFrom(theirs.Addr(), port)
				switch op % 3 {
				case 0:
					_, _ = tab.Enter(now, Socket{Local: ours, Remote: remote, State: State(op%2 + 1), Timeout: time.Duration(b) * time.Second, RcvNxt: uint32(a), Timestamps: op&4 != 0, TSAt: now})
				case 1:
					s := Segment{From: remote, To: ours, Flags: Flags(op >> 2), Seq: uint32(a), Len: uint32(b & 3), Timestamp: b&4 != 0, TSVal: uint32(b), Listener: b&8 != 0}
					x, known, err := tab.Explain(now, s)
					out, ok, err2 := tab.Receive(now, s)
					if err != nil || err2 != nil || known != ok || x.Verdict != out.Verdict {
						t.Fatalf("%v %v: explained %v, done %v", err, err2, x, out)
					}
				case 2:
					_, _, _ = tab.Connect(now, ours, remote, op&8 != 0)
				}
				if tab.Len() > 20 {
					t.Fatal("more entries than allowed")
				}
			}
			must(tab.Advance(now+600*time.Second, nil))
			if tab.Len() != 0 {
				t.Fatal("an entry lives for ever")
			}
		}
	})
}

// The queue of 4.1 to 4.7 holds bursts and pauses: every entry ends 60 s after it began.
func TestJiffyQueue(t *testing.T) {
	tab := newTable(t, "4.4", nil)
	began := map[uint16]time.Duration{}
	k := Socket{Local: ours, State: TimeWait}
	now := time.Second
	for i := range 1000 {
		if i%250 == 249 {
			now += 2 * time.Second
		}
		k.Remote = netip.AddrPortFrom(theirs.Addr(), uint16(i))
		began[uint16(i)] = now
		must(tab.Enter(now, k))
	}
	n := must(tab.Advance(now+70*time.Second, func(e Ended) {
		if e.At != began[e.Remote.Port()]+Length {
			t.Errorf("lived %v", e.At-began[e.Remote.Port()])
		}
	}))
	if n != 1000 {
		t.Errorf("%d ended", n)
	}
}
