package portalloc

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"pgregory.net/rapid"
)

// kernelLoop is the kernel's own loop over candidates from 4.6 on, as a list.
func kernelLoop(low, high int, offsets []int, modulus, step, stride int) (ports []int) {
	for _, o := range offsets {
		port := low + o
		for i := 0; i < modulus; i += step {
			if port >= high+1 {
				port -= modulus
			}
			ports = append(ports, port)
			port += stride
		}
	}
	return ports
}

func TestSearchesEqualTheKernelsLoops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sem := kernel.MustParse(rapid.SampledFrom(eras).Draw(t, "release")).Semantics()
		low := rapid.IntRange(1, 65000).Draw(t, "low")
		size := rapid.OneOf(rapid.IntRange(1, 9), rapid.IntRange(1, 535)).Draw(t, "size")
		r := kernel.PortRange{Low: low, High: low + size - 1}
		sum := rapid.Uint32().Draw(t, "sum")
		even := size
		if size > 1 {
			even = size &^ 1
		}
		list := func(s Search) (ports []int) {
			for i, port := range s.All() {
				if i != len(ports) {
					t.Fatal("numbers do not count up")
				}
				ports = append(ports, port)
			}
			if len(ports) != s.Len() {
				t.Fatalf("%d candidates, Len %d", len(ports), s.Len())
			}
			return ports
		}
		narrowed := rapid.Bool().Draw(t, "narrowed")
		width := rapid.IntRange(0, 300).Draw(t, "width")
		got := list(ConnectSearch(&sem, r, narrowed, sum, 1))
		var want []int
		switch {
		case sem.PortSearch == kernel.PortSearchNext:
			for i := uint32(1); i <= uint32(size); i++ {
				want = append(want, low+int((sum+i)%uint32(size)))
			}
		case sem.PortSearch == kernel.PortSearchEven:
			for i := range uint32(size) {
				want = append(want, low+int((sum&^1+i)%uint32(size)))
			}
		case narrowed && sem.PortRangeOptionNoParity:
			o := int(sum % uint32(size))
			want = kernelLoop(low, r.High, []int{o}, size, 1, 1)
			s := Stride(width, size, func() uint32 { return sum })
			if g, w := list(ConnectSearch(&sem, r, true, sum, s)), kernelLoop(low, r.High, []int{o}, size, 1, s); !slices.Equal(g, w) {
				t.Fatalf("stride %d: %v, want %v", s, g, w)
			}
		default:
			o := int(sum%uint32(even)) &^ 1
			offsets := []int{o, o + 1}
			if even == 1 {
				offsets = offsets[:1]
			}
			want = kernelLoop(low, r.High, offsets, even, 2, 2)
			s := Stride(width, max(even/2, 1), func() uint32 { return sum })
			stepped := list(ConnectSearch(&sem, r, narrowed, sum, s))
			if w := kernelLoop(low, r.High, offsets, even, 2, 2*s); !slices.Equal(stepped, w) {
				t.Fatalf("stride %d: %v, want %v", s, stepped, w)
			}
			// A stride meets every candidate once.
			slices.Sort(stepped)
			if size%2 == 0 && len(slices.Compact(stepped)) != size {
				t.Fatalf("stride %d leaves some out", s)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
		b := list(BindSearch(&sem, r, sum))
		if sem.BindOddFirst {
			o := int(sum%uint32(even)) | 1
			want = kernelLoop(low, r.High, []int{o, o - 1}, even, 2, 2)
		} else {
			want = kernelLoop(low, r.High, []int{int(sum % uint32(size))}, size, 1, 1)
		}
		if !slices.Equal(b, want) {
			t.Fatalf("bind: %v, want %v", b, want)
		}
	})
}

// An odd range loses High if the offset is 0, else Low.
func TestOddRangeLosesOneEnd(t *testing.T) {
	sem := kernel.MustParse("4.6").Semantics()
	for sum := range uint32(20) {
		s := ConnectSearch(&sem, kernel.PortRange{Low: 100, High: 110}, false, sum, 1)
		seen := map[int]bool{}
		for _, port := range s.All() {
			seen[port] = true
		}
		lost := 100
		if sum%10 < 2 {
			lost = 110
		}
		if len(seen) != 10 || seen[lost] {
			t.Errorf("sum %d: %v", sum, seen)
		}
	}
}

func TestBindScans(t *testing.T) {
	for _, c := range []struct {
		release   string
		low, high int
		half      int
		want      kernel.PortRange
		last      bool
	}{
		{"4.1", 40000, 40015, 1, kernel.PortRange{Low: 40000, High: 40015}, true},
		{"4.2", 40000, 40015, 0, kernel.PortRange{Low: 40000, High: 40015}, true},
		{"4.2", 40000, 40015, 1, kernel.PortRange{Low: 40000, High: 40007}, false},
		{"4.2", 40000, 40015, 2, kernel.PortRange{Low: 40007, High: 40015}, true},
		{"4.2", 40000, 40000, 1, kernel.PortRange{Low: 40000, High: 40000}, false},
		{"4.6", 40000, 40015, 1, kernel.PortRange{Low: 40000, High: 40007}, false},
		{"4.6", 40000, 40015, 2, kernel.PortRange{Low: 40008, High: 40015}, true},
		{"4.6", 40000, 40016, 2, kernel.PortRange{Low: 40008, High: 40016}, true},
		{"4.6", 40000, 40005, 1, kernel.PortRange{Low: 40000, High: 40001}, false},
		{"4.6", 40000, 40005, 2, kernel.PortRange{Low: 40002, High: 40005}, true},
		{"4.6", 40000, 40003, 1, kernel.PortRange{Low: 40000, High: 40001}, false},
		{"4.6", 40000, 40002, 1, kernel.PortRange{Low: 40000, High: 40002}, true},
	} {
		sem := kernel.MustParse(c.release).Semantics()
		got, last := BindScan(&sem, kernel.PortRange{Low: c.low, High: c.high}, c.half)
		if got != c.want || last != c.last {
			t.Errorf("%+v: %v %v", c, got, last)
		}
	}
}

func TestAdvance(t *testing.T) {
	for _, c := range []struct {
		release string
		k, step int
		draw    uint32
		want    uint32
	}{
		{"4.1", 0, 1, 0, 1}, {"4.1", 1, 1, 0, 2}, {"4.1", 6, 1, 0, 7},
		{"4.2", 0, 1, 0, 2}, {"4.2", 1, 1, 0, 2}, {"4.2", 2, 1, 0, 4}, {"4.2", 3, 1, 0, 4},
		{"4.6", 0, 2, 0, 2}, {"4.6", 1, 2, 0, 4}, {"5.11", 5, 2, 0, 12},
		{"5.12", 0, 2, 0, 4}, {"5.12", 0, 2, 16, 4}, {"5.12", 0, 2, 1, 2}, {"5.12", 0, 2, 15, 2}, {"5.12", 1, 2, 0, 4}, {"5.12", 3, 2, 0, 8},
		{"5.18", 0, 2, 0, 2}, {"5.18", 0, 2, 7, 16}, {"5.18", 0, 2, 8, 2}, {"5.18", 3, 2, 1, 8}, {"5.18", 3, 2, 4, 10},
		{"6.8", 0, 1, 7, 8}, {"6.8", 9, 1, 7, 10},
	} {
		sem := kernel.MustParse(c.release).Semantics()
		if got := Advance(&sem, c.k, c.step, func() uint32 { return c.draw }); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

func TestStride(t *testing.T) {
	for _, c := range []struct {
		width, n int
		draw     uint32
		want     int
	}{
		{0, 10, 5, 1}, {-1, 10, 5, 1}, {5, 0, 5, 1}, {1, 10, 9, 1},
		{10, 10, 0, 1}, {10, 10, 1, 3}, {10, 10, 2, 3}, {10, 10, 3, 7}, {10, 10, 7, 9}, {10, 10, 9, 1}, {10, 10, 10, 1},
		{3, 10, 1, 3}, {100, 9, 2, 4}, {100, 9, 8, 1}, {4, 10, 3, 1}, {1000, 14116, 999, 1},
	} {
		if got := Stride(c.width, c.n, func() uint32 { return c.draw }); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

func TestSocketRange(t *testing.T) {
	r := kernel.PortRange{Low: 1000, High: 2000}
	for _, c := range []struct {
		release   string
		low, high uint16
		want      kernel.PortRange
		set       bool
	}{
		{"6.2", 1500, 1600, r, false},
		{"6.3", 0, 0, r, false},
		{"6.3", 1500, 1600, kernel.PortRange{Low: 1500, High: 1600}, true},
		{"6.3", 1000, 2000, r, true},
		{"6.3", 0, 1600, kernel.PortRange{Low: 1000, High: 1600}, true},
		{"6.3", 1500, 0, kernel.PortRange{Low: 1500, High: 2000}, true},
		{"6.3", 999, 2001, r, true},
		{"6.3", 999, 1000, kernel.PortRange{Low: 1000, High: 1000}, true},
		{"6.1.192", 1500, 1600, kernel.PortRange{Low: 1500, High: 1600}, true},
	} {
		sem := kernel.MustParse(c.release).Semantics()
		if got, set := SocketRange(&sem, r, c.low, c.high); got != c.want || set != c.set {
			t.Errorf("%+v: %v %v", c, got, set)
		}
	}
}

// All pairs of addresses as 6.18.44 answered bind() of the second after the first.
func TestOverlapAsObserved(t *testing.T) {
	names := []string{"0.0.0.0", "127.0.0.1", "127.0.0.2", "::", ":: only", "::1", "::1 only", "::ffff:127.0.0.1", "::ffff:0.0.0.0"}
	parse := func(name string) Address {
		addr, only, _ := strings.Cut(name, " ")
		return BoundTo(netip.MustParseAddr(addr), only != "")
	}
	for i, row := range []string{
		"XXXX...XX", "XX.X...XX", "X.XX....X", "XXXXXXXXX", "...XXXX..", "...XXXX..", "...XXXX..", "XX.X...XX", "XXXX...XX",
	} {
		for j := range names {
			if got := Overlap(parse(names[j]), parse(names[i])); got != (row[j] == 'X') {
				t.Errorf("%s after %s: %v, observed %c", names[j], names[i], got, row[j])
			}
		}
	}
	if Overlap(parse("127.0.0.1"), Address{Addr: sources[0], IPv6: true, V6Only: true}) || Overlap(parse("0.0.0.0"), Address{Addr: sources[0], IPv6: true, V6Only: true}) {
		t.Error("a socket that takes IPv6 only overlaps IPv4")
	}
	// An IPv6 connection whose socket was not bound stands in the way of these:
	conn := Address{Addr: netip.MustParseAddr("::1"), IPv6: true}
	for name, want := range map[string]bool{"0.0.0.0": true, "127.0.0.1": false, "::ffff:0.0.0.0": false, "::ffff:127.0.0.6": false, ":: only": true, "::": true, "::1": true} {
		if got := Overlap(parse(name), conn); got != want {
			t.Errorf("%s after an IPv6 connection: %v", name, got)
		}
	}
}

func TestConflictsTable(t *testing.T) {
	// Plain, with SO_REUSEADDR (A), SO_REUSEPORT (P), in LISTEN (L), TIME_WAIT (T), of
	// another user (U).
	parse := func(text string) *Owner {
		o := &Owner{Address: BoundTo(sources[0], false)}
		for _, c := range text {
			switch c {
			case 'A':
				o.ReuseAddr = true
			case 'P':
				o.ReusePort = true
			case 'L':
				o.Listening = true
			case 'T':
				o.TimeWait = true
			case 'U':
				o.UID = 1
			}
		}
		return o
	}
	number, strictly, relaxed := ByNumber, Strictness{}, Strictness{Relaxed: true}
	for _, c := range []struct {
		release, s, o string
		how           Strictness
		want          bool
	}{
		{"3.8", "", "", number, true},
		{"3.8", "A", "", number, true},
		{"3.8", "", "A", number, true},
		{"3.8", "A", "A", number, false},
		{"3.8", "A", "AL", number, true},
		{"3.8", "A", "AT", number, false},
		{"3.8", "AU", "A", number, false},
		{"3.8", "P", "P", number, true},
		{"3.9", "P", "P", number, false},
		{"3.9", "P", "PL", number, false},
		{"3.9", "P", "PU", number, true},
		{"3.9", "P", "PTU", number, false},
		{"3.9", "P", "", number, true},
		{"3.9", "A", "P", number, true},
		{"3.9", "A", "A", strictly, true},
		{"3.9", "AP", "AP", Strictness{ReusePort: true}, true},
		{"3.9", "P", "P", Strictness{ReusePort: true}, false},
		{"4.11", "P", "P", strictly, true},
		{"5.6", "AP", "AP", relaxed, false},
		{"5.7", "AP", "AP", relaxed, true},
		{"5.7", "AP", "APU", relaxed, false},
		{"5.7", "AP", "APTU", relaxed, true},
		{"5.7", "A", "AP", relaxed, false},
		{"5.7", "A", "A", strictly, true},
		{"5.7", "AP", "AP", number, false},
		{"6.0", "", "T", number, true},
		{"6.1", "", "T", number, false},
		{"6.1.192", "", "T", number, true},
		{"6.2", "", "T", number, true},
	} {
		sem := kernel.MustParse(c.release).Semantics()
		if got := Conflicts(&sem, parse(c.s), parse(c.o), c.how); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	sem := kernel.MustParse("6.1").Semantics()
	if !Conflicts(&sem, &Owner{Address: BoundTo(homes[0], false)}, parse("T"), number) {
		t.Error("6.1: a wildcard sees TIME_WAIT")
	}
}

func TestSmallRules(t *testing.T) {
	lo := netip.MustParseAddr("127.0.0.2")
	for _, c := range []struct {
		release string
		want    Errno
		places  int
		source  string
		neither bool
	}{
		{"2.6.36", EADDRNOTAVAIL, 1, "127.0.0.2", true}, {"2.6.37", EADDRNOTAVAIL, 1, "127.0.0.1", true},
		{"4.5", EADDRNOTAVAIL, 1, "127.0.0.1", false}, {"4.6", ENOMEM, 1, "127.0.0.1", false}, {"5.12", ENOMEM, 256, "127.0.0.1", false},
		{"5.10.223", ENOMEM, 65536, "127.0.0.1", false}, {"7.2", ENOMEM, 65536, "127.0.0.1", false},
	} {
		sem := kernel.MustParse(c.release).Semantics()
		if got := NoBucketErrno(&sem); got != c.want {
			t.Errorf("%s: %v", c.release, got)
		}
		if got := Places(&sem); got != c.places {
			t.Errorf("%s: %d places", c.release, got)
		}
		if got := LoopbackSource(&sem, lo).String(); got != c.source {
			t.Errorf("%s: from %s", c.release, got)
		}
		if LoopbackSource(&sem, sources[0]).IsValid() || LoopbackSource(&sem, netip.IPv6Loopback()) != netip.IPv6Loopback() {
			t.Errorf("%s: source", c.release)
		}
		if !ConnectMayShare(&sem, -1, -1) || ConnectMayShare(&sem, 0, -1) || ConnectMayShare(&sem, 1, 1) || ConnectMayShare(&sem, -1, 0) != c.neither {
			t.Errorf("%s: shares", c.release)
		}
	}
	clock := must(kernel.NewClock(kernel.MustParse("6.1").Semantics(), 250))
	for _, c := range []struct {
		release string
		at      time.Duration
		same    bool
	}{{"3.0", 299 * time.Second, true}, {"3.0", 300 * time.Second, false}, {"3.1", time.Hour, true}, {"5.17", time.Hour, true}, {"5.18", 11 * time.Second, false}} {
		sem := kernel.MustParse(c.release).Semantics()
		if got := HashEpoch(&sem, clock, 0) == HashEpoch(&sem, clock, c.at); got != c.same {
			t.Errorf("%s after %v: same hash %v", c.release, c.at, got)
		}
	}
	// The span of 10 s goes by jiffies, which do not begin with one.
	sem := kernel.MustParse("5.18").Semantics()
	left := time.Duration(2500-clock.Jiffies(0)%2500) * 4 * time.Millisecond
	if HashEpoch(&sem, clock, left-1) != HashEpoch(&sem, clock, 0) || HashEpoch(&sem, clock, left) == HashEpoch(&sem, clock, 0) {
		t.Errorf("the first span does not end after %v", left)
	}
	sem = kernel.MustParse("5.12").Semantics()
	if place, add := StartSum(&sem, 0xffffffff00000001); place != 0x61 || add != 1 {
		t.Errorf("5.12: %#x %d", place, add)
	}
	sem = kernel.MustParse("5.18").Semantics()
	if place, add := StartSum(&sem, 0x0000000700020005); place != 5 || add != 7 {
		t.Errorf("5.18: %d %d", place, add)
	}
}

// SipHash-2-4 of the bytes 0 to 7, and of none, under the key 0 to 15, from its authors'
// test vectors.
func TestSipHash(t *testing.T) {
	var k Key
	for i := range k {
		k[i] = byte(i)
	}
	if got := k.sip(); got != 0x726fdb47dd0e0e31 {
		t.Errorf("no bytes: %#x", got)
	}
	if got := k.sip(0x0706050403020100); got != 0x93f5f5799a932462 {
		t.Errorf("8 bytes: %#x", got)
	}
	mapped := netip.MustParseAddr("::ffff:10.0.0.1")
	if k.Hash(sources[0], places[0], 0) != k.Hash(mapped, places[0], 0) || k.Hash(sources[0], places[0], 0) == k.Hash(sources[1], places[0], 0) ||
		k.Hash(sources[0], places[0], 0) == k.Hash(sources[0], places[1], 0) || k.Hash(sources[0], places[0], 0) == k.Hash(sources[0], places[0], 1) {
		t.Error("the hash goes by source, destination, its port and the time")
	}
}

func TestStringsSayWhatHappened(t *testing.T) {
	for want, got := range map[string]fmt.Stringer{
		"port 40002 at candidate 3":            Result{Port: 40002, Examined: 3},
		"port 80, as given":                    Result{Port: 80},
		"bound to the address only":            Result{},
		"EADDRINUSE":                           Result{Errno: EADDRINUSE},
		"EADDRNOTAVAIL after 28232 candidates": Result{Errno: EADDRNOTAVAIL, Examined: 28232},
		"port 5 at candidate 1, taken over from TIME_WAIT (TWRecycled)": Result{Port: 5, Examined: 1, TookOver: true, Counters: kernel.CountersOf(kernel.TWRecycled)},
		"success": Errno(0), "ENOMEM": ENOMEM, "Errno(9)": Errno(9), "TIME_WAIT": TimeWait, "unbound": Unbound, "State(0)": State(0),
	} {
		if got.String() != want {
			t.Errorf("%q, want %q", got.String(), want)
		}
	}
}

// Same key, same draws, same answers.
func TestSameKeySameDrawsSamePorts(t *testing.T) {
	run := func(seed uint64) (all []Result) {
		r := kernel.MustParse("6.18.44")
		a := must(New(Config{Semantics: r.Semantics(), Sysctls: must(kernel.Defaults(r, kernel.Machine{MemoryBytes: 1 << 30})), Key: Key{byte(seed)}, Rand: rand.New(rand.NewPCG(seed, 0)).Uint32}))
		for i := range 300 {
			s := must(a.Open(Options{}))
			all = append(all, must(a.Connect(time.Duration(i)*time.Second, s, sources[i%2], places[i%3])))
			if i%5 == 0 {
				if err := a.Close(s); err != nil {
					t.Fatal(err)
				}
			}
		}
		return all
	}
	if !slices.Equal(run(1), run(1)) || slices.Equal(run(1), run(2)) {
		t.Error("the ports do not follow key and draws")
	}
}
