package host_test

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

// lab is a host in a test that fails on every Go error.
type lab struct {
	*host.Host
	t   testing.TB
	now time.Duration
}

var (
	own    = netip.MustParseAddr("10.0.0.1")
	server = netip.MustParseAddrPort("10.0.0.1:80")
	peer   = netip.MustParseAddrPort("10.0.0.9:40000")
)

func newLab(t testing.TB, release string, change ...func(*host.Config)) *lab {
	t.Helper()
	r := kernel.MustParse(release)
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	cfg := host.Config{Semantics: r.Semantics(), Sysctls: sys, Addrs: []netip.Addr{own}, Key: 1}
	for _, f := range change {
		f(&cfg)
	}
	h, err := host.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &lab{Host: h, t: t, now: 10 * time.Second}
}

func (l *lab) must(o host.Outcome, err error) host.Outcome {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
	return o
}

func (l *lab) socket(o host.Options) host.Socket {
	l.t.Helper()
	return l.must(l.Open(l.now, o)).Socket
}

func (l *lab) listen(at netip.AddrPort, backlog int) host.Socket {
	l.t.Helper()
	s := l.socket(host.Options{ReuseAddr: true})
	if e := l.must(l.Bind(l.now, s, at)).Errno; e != 0 {
		l.t.Fatal("bind:", e)
	}
	if e := l.must(l.Listen(l.now, s, backlog)).Errno; e != 0 {
		l.t.Fatal("listen:", e)
	}
	return s
}

func (l *lab) receive(s host.Segment) host.Outcome { l.t.Helper(); return l.must(l.Receive(l.now, s)) }

func (l *lab) wait(d time.Duration) []host.Sent {
	l.t.Helper()
	l.now += d
	return append([]host.Sent(nil), l.must(l.Advance(l.now)).Sent...)
}

// open makes a connection from a peer, up to the accept queue.
func (l *lab) handshake(from, to netip.AddrPort, isn uint32) (theirs, ours uint32) {
	l.t.Helper()
	o := l.receive(host.Segment{From: from, To: to, Flags: host.FlagSYN, Seq: isn, Window: 65535, MSS: 1460})
	if len(o.Sent) != 1 || !o.Sent[0].Has(host.FlagSYN|host.FlagACK) {
		l.t.Fatalf("SYN from %v: %v, sent %v", from, o.Verdict, o.Sent)
	}
	ours = o.Sent[0].Seq + 1
	o = l.receive(host.Segment{From: from, To: to, Flags: host.FlagACK, Seq: isn + 1, Ack: ours, Window: 65535})
	return isn + 1, ours
}

func TestBlackHole(t *testing.T) {
	for _, c := range []struct {
		release string
		sent    []int
		end     int
	}{
		{"2.6.32", []int{0, 3, 9}, 21},
		{"3.1", []int{0, 1, 3, 7, 15, 31}, 63},
		{"3.6", []int{0, 1, 3, 7, 15, 31}, 63},
		{"3.7", []int{0, 1, 3, 7, 15, 31, 63}, 127},
		{"4.19.77", []int{0, 1, 3, 7, 15}, 31},
		{"4.19.208", []int{0, 1, 3, 7, 15}, 31},
		{"4.19.209", []int{0, 1, 3, 7, 15, 31, 63}, 127},
		{"6.4", []int{0, 1, 3, 7, 15, 31, 63}, 127},
		{"6.5", []int{0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67}, 131},
		{"7.2", []int{0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67}, 131},
	} {
		l := newLab(t, c.release)
		s := l.socket(host.Options{})
		begin := l.now
		o := l.must(l.Connect(l.now, s, peer))
		if o.Errno != host.EINPROGRESS {
			t.Fatal(o.Errno)
		}
		sent := append([]host.Sent(nil), o.Sent...)
		var end time.Duration
		for {
			due, ok := l.Next()
			if !ok {
				break
			}
			l.now = due
			sent = append(sent, l.must(l.Advance(due)).Sent...)
			end = due - begin
		}
		near := func(got time.Duration, want int) bool {
			w := time.Duration(want) * time.Second
			return got >= w-10*time.Millisecond && got <= w+w/8+10*time.Millisecond
		}
		if len(sent) != len(c.sent) || !near(end, c.end) {
			t.Errorf("%s: sent %v, end %v", c.release, sent, end)
			continue
		}
		for i, at := range c.sent {
			if !near(sent[i].At-begin, at) {
				t.Errorf("%s: SYN %d at %v, not %d", c.release, i, sent[i].At-begin, at)
			}
		}
		if e := l.must(l.Error(l.now, s)).Errno; e != host.ETIMEDOUT {
			t.Errorf("%s: %v", c.release, e)
		}
		if e := l.must(l.Error(l.now, s)).Errno; e != 0 {
			t.Errorf("%s: %v twice", c.release, e)
		}
		if got := l.Sockets(); len(got) != 0 {
			t.Errorf("%s: left %v", c.release, got)
		}
	}
}

func TestAcceptLoop(t *testing.T) {
	for _, release := range []string{"2.6.32", "3.10.108", "4.4", "5.10.223", "7.2"} {
		l := newLab(t, release)
		s := l.listen(server, 2)
		for i := range 3 {
			l.handshake(netip.AddrPortFrom(peer.Addr(), uint16(1000+i)), server, uint32(1000*i))
		}
		if i, _ := l.Info(s); i.RecvQ != 3 || i.SendQ != 2 {
			t.Errorf("%s: %+v", release, i)
		}
		if n := len(l.Sockets()); n != 4 {
			t.Errorf("%s: %v", release, l.Sockets())
		}
		for i := range 3 {
			o := l.must(l.Accept(l.now, s))
			if info, _ := l.Info(o.Socket); info.Remote.Port() != uint16(1000+i) || info.State != host.Established {
				t.Errorf("%s: %+v", release, info)
			}
		}
		if e := l.must(l.Accept(l.now, s)).Errno; e != host.EAGAIN {
			t.Error(e)
		}
	}
}
