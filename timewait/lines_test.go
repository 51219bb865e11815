package timewait

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What a table of a million costs is arithmetic: a line is one cache line, an entry 36
// bytes, and pieces of buckets and queues have sizes that the allocator has as well.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		v    any
		want uintptr
	}{{line{}, 64}, {entry{}, 36}, {chunk{}, 1024}, {[pageSize]entry{}, 18 << 13}} {
		if got := reflect.TypeOf(c.v).Size(); got != c.want {
			t.Errorf("%T: %d bytes, want %d", c.v, got, c.want)
		}
	}
	if got := reflect.TypeFor[run]().Size(); got > 1024 {
		t.Errorf("run: %d bytes", got)
	}
}

// checkLines finds every entry where the hash table should have it, and nothing else
// there.
func checkLines(t interface{ Fatalf(string, ...any) }, s *store) {
	past := make([]uint32, len(s.lines))
	taken := 0
	for at := range s.lines {
		l := &s.lines[at]
		taken += int(l.taken())
		for _, v := range l.slots[:l.taken()] {
			i := v & s.numbers
			h := s.hash(s.at(i))
			if v&^s.numbers != s.tag(h) {
				t.Fatalf("slot %#x of entry %d: the tag should be %#x", v, i, s.tag(h))
			}
			for p := s.home(h); p != at; p = (p + 1) % len(s.lines) {
				past[p]++
			}
		}
	}
	for p, n := range past {
		if s.lines[p].state>>4 != n {
			t.Fatalf("line %d counts %d that went past, %d did", p, s.lines[p].state>>4, n)
		}
	}
	if taken != s.live || s.live > len(s.lines)*lineFill {
		t.Fatalf("%d slots for %d entries in %d lines", taken, s.live, len(s.lines))
	}
}

func anyConn(t *rapid.T, locals int) conn {
	c := conn{
		local: rapid.Uint16Range(0, uint16(locals-1)).Draw(t, "local"),
		lport: rapid.Uint16Range(0, 2).Draw(t, "lport"), rport: rapid.Uint16Range(0, 60).Draw(t, "rport"),
	}
	low := rapid.Byte().Draw(t, "remote") & 3
	if rapid.Bool().Draw(t, "IPv6") {
		c.remote = netip.AddrFrom16([16]byte{0: 0xfd, 15: low})
	} else {
		c.remote = netip.AddrFrom4([4]byte{3: low})
	}
	return c
}

// The store is a map from names to entries.
func TestStoreAgreesWithMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s store
		const locals = 2
		for i := range byte(locals) {
			if n, err := s.addLocal(netip.AddrFrom4([4]byte{10, 0, 0, i})); err != nil || n != uint16(i) {
				t.Fatal(n, err)
			}
			s.localTab[i].refs++ // so that they stay
		}
		want := map[conn]uint32{}
		var names []conn
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			c := anyConn(t, locals)
			number, there := want[c]
			key := c
			i, ok := s.find(&c)
			if ok != there || i != number {
				t.Fatalf("%v: found %d %v, is %d %v", key, i, ok, number, there)
			}
			switch {
			case there:
				s.remove(i)
				delete(want, key)
			default:
				if len(names) > 0 && rapid.IntRange(0, 3).Draw(t, "other") == 0 {
					if k := names[rapid.IntRange(0, len(names)-1).Draw(t, "which")]; s.live > 0 {
						if i, ok := want[k]; ok {
							s.remove(i)
							delete(want, k)
						}
					}
				}
				i, e := s.add(&c)
				e.setBucket(0)
				want[key] = i
				names = append(names, key)
			}
			if s.live != len(want) {
				t.Fatalf("%d live, should be %d", s.live, len(want))
			}
		}
		checkLines(t, &s)
		for c, i := range want {
			e := s.at(i)
			if got := s.connOf(e); got != (conn{remote: c.remote, local: c.local, lport: c.lport, rport: c.rport}) || s.hash(e) != c.hash() {
				t.Fatalf("%v is entry %d, which is %v", c, i, got)
			}
		}
		for i, l := range s.localTab {
			n := uint32(1)
			for c := range want {
				if int(c.local) == i {
					n++
				}
			}
			if l.refs != n {
				t.Fatalf("address %d has %d references, should have %d", i, l.refs, n)
			}
		}
	})
}

// homed makes names whose home is line p of s.
func homed(s *store, p int, from uint32) func() conn {
	return func() conn {
		for {
			from++
			c := conn{remote: netip.AddrFrom4([4]byte{byte(from >> 24), byte(from >> 16), byte(from >> 8), byte(from)}), lport: 80}
			if s.home(c.hash()) == p {
				return c
			}
		}
	}
}

// A search ends although entries went past every line.
func TestAllLinesWentPast(t *testing.T) {
	var s store
	if _, err := s.addLocal(ours.Addr()); err != nil {
		t.Fatal(err)
	}
	s.localTab[0].refs++
	s.room()
	size := len(s.lines)
	var away []conn
	for p := range size {
		name := homed(&s, p, uint32(p)<<24)
		var fill []uint32
		for s.lines[p].taken() < lineSlots {
			c := name()
			i, e := s.add(&c)
			e.setBucket(0)
			fill = append(fill, i)
		}
		c := name()
		_, e := s.add(&c)
		e.setBucket(0)
		for _, i := range fill {
			s.remove(i)
		}
		if s.lines[p].state>>4 != 1 {
			t.Fatalf("line %d: nothing went past", p)
		}
		away = append(away, c)
		for _, c := range away { // even where its home is empty now
			if _, ok := s.find(&c); !ok {
				t.Fatalf("%v is gone", c)
			}
		}
	}
	checkLines(t, &s)
	if s.live != size || len(s.lines) != size {
		t.Fatalf("%d entries, %d lines", s.live, len(s.lines))
	}
	c := homed(&s, 1, 1<<31)()
	if i, ok := s.find(&c); ok {
		t.Errorf("found %d", i)
	}
}

// What is left in a slot of an entry that ended is no entry: not even where it has the
// name that a free entry would have, of zeros.
func TestLeftoverIsNoEntry(t *testing.T) {
	tab := newTable(t, "6.12", nil)
	local, remote := netip.MustParseAddrPort("10.0.0.1:0"), netip.MustParseAddrPort("0.0.0.0:0")
	other := Socket{Local: ours, Remote: theirs, State: TimeWait}
	must(tab.Enter(time.Second, Socket{Local: local, Remote: remote, State: FinWait2, RcvNxt: 1}))
	must(tab.Enter(time.Second, other)) // keeps the local address
	if out, ok, err := tab.Receive(time.Second, Segment{From: remote, To: local, Flags: FlagRST, Seq: 1}); !ok || err != nil || tab.Len() != 1 {
		t.Fatal(out, ok, err)
	}
	if st, ok := tab.Find(local, remote); ok {
		t.Errorf("found %v", st)
	}
}

// The table takes what it says for a million, however many lines it has just then.
func TestBytesPerEntry(t *testing.T) {
	var s store
	if _, err := s.addLocal(ours.Addr()); err != nil {
		t.Fatal(err)
	}
	const inBuckets = 1024. / 200 // in the queue of 4.1 to 4.7, which takes most
	for n := range uint32(200000) {
		c := conn{remote: netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), lport: 80}
		_, e := s.add(&c)
		e.setBucket(0)
		if n < 10000 {
			continue
		}
		if per := 36 + 64*float64(len(s.lines))/float64(s.live) + inBuckets; per > 48 {
			t.Fatalf("%.2f bytes an entry at %d", per, s.live)
		}
	}
	checkLines(t, &s)
	past := uint32(0)
	for i := range s.lines {
		past += s.lines[i].state >> 4
	}
	if past*10 > uint32(s.live) {
		t.Errorf("%d of %d entries are not at home", past, s.live)
	}
}

// An entry is that of one name only, whatever else is the same.
func TestIsOneName(t *testing.T) {
	var s store
	v4 := conn{remote: netip.MustParseAddr("10.1.2.3"), local: 1, lport: 2, rport: 3}
	v6 := v4
	v6.remote = netip.MustParseAddr("fd00::1")
	s.localTab = make([]localAddr, 3)
	for _, c := range []conn{v4, v6} {
		_, e := s.add(&c)
		c.sum = 0
		if !s.is(e, &c) {
			t.Errorf("%v is not itself", c)
		}
		for name, change := range map[string]func(*conn){
			"local":  func(c *conn) { c.local++ },
			"lport":  func(c *conn) { c.lport++ },
			"rport":  func(c *conn) { c.rport++ },
			"remote": func(c *conn) { c.remote = c.remote.Next() },
			"protocol": func(c *conn) {
				c.remote = map[bool]netip.Addr{true: v6.remote, false: netip.IPv4Unspecified()}[c.remote.Is4()]
			},
		} {
			other := c
			change(&other)
			if s.is(e, &other) {
				t.Errorf("%v is %v, which differs in %s", c, other, name)
			}
		}
	}
}

// Names that differ in one thing only spread over the lines.
func TestNamesSpread(t *testing.T) {
	const n = 20000
	v6 := func(at int, i uint32) netip.Addr {
		a := [16]byte{0: 0xfd}
		a[at], a[at+1], a[at+2] = byte(i>>16), byte(i>>8), byte(i)
		return netip.AddrFrom16(a)
	}
	v4 := netip.MustParseAddr("10.1.2.3")
	for name, of := range map[string]func(i uint32) conn{
		"local": func(i uint32) conn { return conn{remote: v4, local: uint16(i)} },
		"lport": func(i uint32) conn { return conn{remote: v4, lport: uint16(i)} },
		"rport": func(i uint32) conn { return conn{remote: v4, rport: uint16(i)} },
		"remote": func(i uint32) conn {
			return conn{remote: netip.AddrFrom4([4]byte{byte(i >> 16), byte(i >> 8), byte(i)})}
		},
		"local, IPv6": func(i uint32) conn { return conn{remote: v6(13, 1), local: uint16(i)} },
		"lport, IPv6": func(i uint32) conn { return conn{remote: v6(13, 1), lport: uint16(i)} },
		"rport, IPv6": func(i uint32) conn { return conn{remote: v6(13, 1), rport: uint16(i)} },
		"bytes 1-3":   func(i uint32) conn { return conn{remote: v6(1, i)} },
		"bytes 5-7":   func(i uint32) conn { return conn{remote: v6(5, i)} },
		"bytes 9-11":  func(i uint32) conn { return conn{remote: v6(9, i)} },
		"bytes 13-15": func(i uint32) conn { return conn{remote: v6(13, i)} },
		"both sides": func(i uint32) conn { // so that one address xor the other is the same
			return conn{remote: netip.AddrFrom4([4]byte{10, 0, byte(i >> 5), byte(i << 3)}), local: uint16(i)}
		},
	} {
		s := store{localTab: make([]localAddr, n)}
		for i := range uint32(n) {
			c := of(i)
			_, e := s.add(&c)
			e.setBucket(0)
		}
		past := uint32(0)
		for i := range s.lines {
			past += s.lines[i].state >> 4
		}
		if past > n/10 {
			t.Errorf("%s: %d of %d entries are not at home", name, past, n)
		}
	}
}
