package host_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

// link joins two hosts: what one sends, the other receives at once, but what lost says.
type link struct {
	a, b *lab // the client, 10.0.0.9, and the server
	lost func(from *lab, s host.Segment) bool
	sent []host.Sent // by the client
}

var client = netip.MustParseAddr("10.0.0.9")

func newLink(t *testing.T, release string) *link {
	k := &link{
		a: newLab(t, release, func(c *host.Config) { c.Addrs = []netip.Addr{client}; c.Key = 2 }),
		b: newLab(t, release),
	}
	return k
}

// carry takes what came of a call at from to the other side, and back.
func (k *link) carry(from *lab, o host.Outcome) host.Outcome {
	type parcel struct {
		from *lab
		s    host.Sent
	}
	var way []parcel
	put := func(from *lab, o host.Outcome) {
		for _, s := range o.Sent {
			way = append(way, parcel{from, s})
		}
	}
	put(from, o)
	for len(way) > 0 {
		p := way[0]
		way = way[1:]
		if p.from == k.a {
			k.sent = append(k.sent, p.s)
		}
		if k.lost != nil && k.lost(p.from, p.s.Segment) {
			continue
		}
		to := k.a
		if p.from == k.a {
			to = k.b
		}
		put(to, to.receive(p.s.Segment))
	}
	return o
}

// next moves both sides to the next timer, but not beyond until; false if there is none.
func (k *link) next(until time.Duration) bool {
	due := until + 1
	for _, l := range []*lab{k.a, k.b} {
		if at, ok := l.Next(); ok {
			due = min(due, at)
		}
	}
	if due > until {
		k.a.now, k.b.now = until, until
		k.a.wait(0)
		k.b.wait(0)
		return false
	}
	k.a.now, k.b.now = due, due
	for _, l := range []*lab{k.a, k.b} {
		k.carry(l, l.must(l.Advance(due)))
	}
	return true
}

func (k *link) until(at time.Duration) {
	for k.next(at) {
	}
}

// leftover makes a connection from a port that the client bound to, of which the client forgets all
// and the server keeps CLOSE-WAIT.
func (k *link) leftover(t *testing.T) (listener, old host.Socket) {
	listener = k.b.listen(server, 5)
	s := k.a.socket(host.Options{ReuseAddr: true})
	k.a.must(k.a.Bind(k.a.now, s, netip.AddrPortFrom(client, 40000)))
	k.carry(k.a, k.a.must(k.a.Connect(k.a.now, s, server)))
	old = k.b.must(k.b.Accept(k.b.now, listener)).Socket
	k.carry(k.a, k.a.must(k.a.Close(k.a.now, s)))
	k.until(k.a.now + 200*time.Second)
	if i, _ := k.b.Info(old); i.State != host.CloseWait {
		t.Fatal("the server has", i)
	}
	if left := k.a.Sockets(); len(left) != 0 {
		t.Fatal("the client has", left)
	}
	k.sent = nil
	return listener, old
}

// collide connects from the same port and waits for the end. It returns how that was, how long it took,
// and when SYNs went out.
func (k *link) collide(t *testing.T) (end host.Errno, took time.Duration, syns []time.Duration) {
	s := k.a.socket(host.Options{ReuseAddr: true})
	if e := k.a.must(k.a.Bind(k.a.now, s, netip.AddrPortFrom(client, 40000))).Errno; e != 0 {
		t.Fatal("bind:", e)
	}
	begin := k.a.now
	k.carry(k.a, k.a.must(k.a.Connect(k.a.now, s, server)))
	for {
		if i, _ := k.a.Info(s); i.State != host.SynSent {
			break
		}
		if !k.next(begin + 300*time.Second) {
			t.Fatal("it never ends")
		}
	}
	took = k.a.now - begin
	if i, _ := k.a.Info(s); i.State != host.Established {
		end = k.a.must(k.a.Error(k.a.now, s)).Errno
	}
	for _, sent := range k.sent {
		if sent.Flags == host.FlagSYN {
			syns = append(syns, sent.At-begin)
		}
	}
	return end, took, syns
}

// around reports whether a time is the nominal one, as timers round it.
func around(got, want time.Duration) bool {
	return got >= want-10*time.Millisecond && got <= want+want/8+10*time.Millisecond
}

// A new connection meets the CLOSE-WAIT that an old one left behind: D and E.4 of the facts, each observed
// on kernels of its row.
func TestCloseWaitCollision(t *testing.T) {
	for _, c := range []struct {
		release string
		end     host.Errno
		took    time.Duration
	}{
		{"2.6.32", 0, 3 * time.Second},
		{"3.0", 0, 3 * time.Second},
		{"3.1", 0, time.Second},
		{"3.5", 0, time.Second},
		{"3.7", 0, time.Second},
		{"3.8", host.ETIMEDOUT, 127 * time.Second},
		{"3.10.108", host.ETIMEDOUT, 127 * time.Second},
		{"3.17", host.ETIMEDOUT, 127 * time.Second},
		{"3.18", 0, time.Second},
		{"4.4.155", 0, time.Second},
		{"4.19.78", 0, time.Second},
		{"5.5", 0, time.Second},
		{"5.6", 0, 8 * time.Millisecond},
		{"5.10.223", 0, 8 * time.Millisecond},
		{"6.12.107", 0, 8 * time.Millisecond},
		{"7.2.13", 0, 8 * time.Millisecond},
	} {
		k := newLink(t, c.release)
		l, old := k.leftover(t)
		before := k.b.Counters()
		end, took, syns := k.collide(t)
		if end != c.end || !around(took, c.took) {
			t.Errorf("%s: %v after %v, not %v after %v; SYNs at %v", c.release, end, took, c.end, c.took, syns)
		}
		i, _ := k.b.Info(old)
		raised := k.b.Counters().Sub(before)
		if c.end == 0 {
			if i.State != host.Closed || raised.Get(kernel.EstabResets) != 1 {
				t.Errorf("%s: the leftover is %v, %v", c.release, i.State, raised)
			}
			if e := k.b.must(k.b.Error(k.b.now, old)).Errno; e != host.EPIPE {
				t.Errorf("%s: the leftover ended with %v", c.release, e)
			}
			if o := k.b.must(k.b.Accept(k.b.now, l)); o.Errno != 0 {
				t.Errorf("%s: accept: %v", c.release, o.Errno)
			}
		} else if i.State != host.CloseWait || raised != (kernel.Counters{}) {
			t.Errorf("%s: the leftover is %v, %v", c.release, i.State, raised)
		}
	}
}

// The same where a filter drops the stray ACK, or the RST that answers it.
func TestCollisionFiltered(t *testing.T) {
	second := func(n ...int) (d []time.Duration) {
		for _, s := range n {
			d = append(d, time.Duration(s)*time.Second)
		}
		return d
	}
	const d = 8 * time.Millisecond
	old, linear := second(0, 1, 3, 7, 15, 31, 63), second(0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67)
	soon := func(n ...int) []time.Duration {
		all := second(n...)
		for i := range all {
			all[i] += d
		}
		return slices.Insert(all, 0, 0)
	}
	noACK := func(from *lab, s host.Segment) bool { return s.Flags == host.FlagACK && s.From == server }
	noRST := func(from *lab, s host.Segment) bool { return s.Has(host.FlagRST) && s.To == server }
	for _, c := range []struct {
		release string
		lost    func(*lab, host.Segment) bool
		syns    []time.Duration
		end     time.Duration
	}{
		{"2.6.32", noACK, second(0, 3, 9), 21 * time.Second},
		{"2.6.32", noRST, second(0, 3, 9), 21 * time.Second},
		{"3.5", noACK, second(0, 1, 3, 7, 15, 31), 63 * time.Second},
		{"4.19.78", noRST, second(0, 1, 3, 7, 15), 31 * time.Second},
		{"5.5", noACK, old, 127 * time.Second},
		{"5.5", noRST, old, 127 * time.Second},
		{"5.10.223", noACK, old, 127 * time.Second},
		{"5.10.223", noRST, soon(0, 2, 6, 14, 30, 62), 126*time.Second + d},
		{"6.18.44", noACK, linear, 131 * time.Second},
		{"6.18.44", noRST, soon(0, 1, 2, 3, 4, 6, 10, 18, 34, 66), 130*time.Second + d},
		{"7.2.13", noRST, soon(0, 1, 2, 3, 4, 6, 10, 18, 34, 66), 130*time.Second + d},
	} {
		k := newLink(t, c.release)
		_, leftover := k.leftover(t)
		k.lost = c.lost
		before := k.b.Counters()
		end, took, syns := k.collide(t)
		good := end == host.ETIMEDOUT && around(took, c.end) && len(syns) == len(c.syns)
		for i := range syns {
			good = good && around(syns[i], c.syns[i])
		}
		if !good {
			t.Errorf("%s: %v after %v, SYNs at %v; not %v, %v", c.release, end, took, syns, c.end, c.syns)
		}
		if i, _ := k.b.Info(leftover); i.State != host.CloseWait {
			t.Errorf("%s: the leftover is %v", c.release, i.State)
		}
		raised := k.b.Counters().Sub(before)
		if c.release == "6.18.44" {
			n, held := uint64(len(c.syns)), uint64(0)
			if len(c.syns) > 1 && c.syns[1] == d {
				held = 1 // less than tcp_invalid_ratelimit after the first
			}
			if raised.Get(kernel.TCPSYNChallenge) != n || raised.Get(kernel.TCPChallengeACK) != n-held || raised.Get(kernel.TCPACKSkippedChallenge) != held {
				t.Errorf("%s: %v", c.release, raised)
			}
		}
	}
}

// Before 3.6 a SYN in the window of the leftover resets it, and connect() is refused.
func TestCollisionInWindow(t *testing.T) {
	for _, c := range []struct {
		release string
		want    host.Errno
	}{{"2.6.32", host.ECONNREFUSED}, {"3.5", host.ECONNREFUSED}, {"3.6", 0}} {
		k := newLink(t, c.release)
		k.leftover(t)
		// The clock of sequence numbers goes round every 274.9 s, so the same connection gets nearly the
		// same number then.
		k.until(10*time.Second + 1<<38 + 200*time.Microsecond) // 3125 numbers on
		end, took, syns := k.collide(t)
		if end != c.want {
			t.Errorf("%s: %v after %v, SYNs at %v", c.release, end, took, syns)
		}
	}
}
