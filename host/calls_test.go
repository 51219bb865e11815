package host_test

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
)

// counted holds what a call raised against what a kernel raised.
func (l *lab) counted(what string, do func(), want ...kernel.Counter) {
	l.t.Helper()
	before := l.Counters()
	do()
	var sum kernel.Counters
	for _, c := range want {
		sum.Add(c, 1)
	}
	if got := l.Counters().Sub(before); got != sum {
		l.t.Errorf("%s: %v, not %v", what, got, sum)
	}
}

func (l *lab) state(s host.Socket) host.State { i, _ := l.Info(s); return i.State }

// pairOf is a connection over loopback: its client, and the socket that accept() gave.
func (l *lab) pairOf(listener host.Socket, to netip.AddrPort) (c, a host.Socket) {
	l.t.Helper()
	c = l.socket(host.Options{})
	if o := l.must(l.Connect(l.now, c, to)); o.Errno != host.EINPROGRESS || len(o.Sent) != 0 {
		l.t.Fatal(o)
	}
	return c, l.must(l.Accept(l.now, listener)).Socket
}

// What system calls on loopback did on 6.18.44, call by call.
func TestCallsAsObserved(t *testing.T) {
	l := newLab(t, "6.18.44")
	at := netip.MustParseAddrPort("127.0.0.1:80")
	s := l.socket(host.Options{})
	l.must(l.Bind(l.now, s, at))
	l.must(l.Listen(l.now, s, 5))

	c, a := l.pairOf(s, at)
	if e, f := l.must(l.Connect(l.now, c, at)).Errno, l.must(l.Connect(l.now, c, at)).Errno; e != 0 || f != host.EISCONN {
		t.Error(e, f)
	}
	l.counted("close", func() { l.must(l.Close(l.now, c)); l.wait(100 * time.Millisecond) }, kernel.TW)
	if got := l.Sockets(); len(got) != 3 || got[1].State != host.FinWait2 || got[2].State != host.CloseWait {
		t.Error(got)
	}
	l.counted("abort in CLOSE-WAIT", func() { l.must(l.Abort(l.now, a)) }, kernel.EstabResets, kernel.OutRsts, kernel.TCPAbortOnData)
	if got := l.Sockets(); len(got) != 1 {
		t.Error(got)
	}

	c = l.socket(host.Options{})
	nobody := netip.MustParseAddrPort("127.0.0.1:81")
	want := []host.Errno{host.EINPROGRESS, host.ECONNREFUSED, host.ECONNABORTED, host.EINPROGRESS, host.ECONNREFUSED}
	for i, e := range want {
		var o host.Outcome
		if i == 1 {
			o = l.must(l.Error(l.now, c))
		} else {
			o = l.must(l.Connect(l.now, c, nobody))
		}
		if o.Errno != e {
			t.Errorf("refused, call %d: %v, not %v", i, o.Errno, e)
		}
	}

	// A child that is reset in the accept queue is still there for accept().
	c = l.socket(host.Options{})
	l.must(l.Connect(l.now, c, at))
	l.counted("abort in ESTAB", func() { l.must(l.Abort(l.now, c)) }, kernel.EstabResets, kernel.EstabResets, kernel.OutRsts, kernel.TCPAbortOnData)
	if i, _ := l.Info(s); i.RecvQ != 1 {
		t.Error(i)
	}
	a = l.must(l.Accept(l.now, s)).Socket
	if o, p := l.must(l.Recv(l.now, a)), l.must(l.Recv(l.now, a)); o.Errno != host.ECONNRESET || p.Errno != 0 || p.N != 0 {
		t.Error(o, p)
	}

	// The end of the stream comes before the error.
	c, a = l.pairOf(s, at)
	l.must(l.Shutdown(l.now, c))
	l.wait(50 * time.Millisecond)
	l.counted("abort in FIN-WAIT-2", func() { l.must(l.Abort(l.now, c)) }, kernel.EstabResets, kernel.OutRsts, kernel.TCPAbortOnData)
	if o := l.must(l.Recv(l.now, a)); o.Errno != 0 || o.N != 0 {
		t.Error(o)
	}
	if e := l.must(l.Error(l.now, a)).Errno; e != host.EPIPE {
		t.Error(e)
	}

	c, _ = l.socket(host.Options{}), 0
	l.must(l.Connect(l.now, c, at))
	d := l.socket(host.Options{})
	l.must(l.Connect(l.now, d, at))
	l.must(l.Shutdown(l.now, c))
	l.wait(50 * time.Millisecond)
	l.counted("close of the listener", func() { l.must(l.Close(l.now, s)) },
		kernel.EstabResets, kernel.EstabResets, kernel.EstabResets, kernel.OutRsts, kernel.OutRsts)

	c = l.socket(host.Options{})
	l.counted("connect", func() { l.must(l.Connect(l.now, c, peer)) }, kernel.ActiveOpens)
	l.counted("abort in SYN-SENT", func() { l.must(l.Abort(l.now, c)) }, kernel.TCPAbortOnData)
	c = l.socket(host.Options{})
	l.must(l.Connect(l.now, c, peer))
	l.counted("shutdown in SYN-SENT", func() { l.must(l.Shutdown(l.now, c)) })
	if e := l.must(l.Error(l.now, c)).Errno; e != host.ECONNRESET {
		t.Error(e)
	}
	if e := l.must(l.Recv(l.now, c)).Errno; e != host.ENOTCONN {
		t.Error(e)
	}
	if e := l.must(l.Connect(l.now, c, peer)).Errno; e != host.EINPROGRESS {
		t.Error(e)
	}
	l.counted("close in SYN-SENT", func() { l.must(l.Close(l.now, c)) })
}

// close() with data unread, and what the peer's segments meet afterwards.
func TestCloseUnread(t *testing.T) {
	l := newLab(t, "6.12.107")
	s := l.listen(server, 5)
	theirs, ours := l.handshake(peer, server, 100)
	l.receive(host.Segment{From: peer, To: server, Flags: host.FlagACK, Seq: theirs, Ack: ours, Len: 5, Window: 65535})
	a := l.must(l.Accept(l.now, s)).Socket
	var o host.Outcome
	l.counted("close", func() { o = l.must(l.Close(l.now, a)) }, kernel.TCPAbortOnClose, kernel.EstabResets, kernel.OutRsts)
	if len(o.Sent) != 1 || o.Sent[0].Flags != host.FlagRST|host.FlagACK || o.Sent[0].Seq != ours || o.Sent[0].Ack != theirs+5 {
		t.Error(o.Sent)
	}
	o = l.receive(host.Segment{From: peer, To: server, Flags: host.FlagACK, Seq: theirs + 5, Ack: ours, Window: 65535})
	if o.Verdict.Place != host.AtListener || len(o.Sent) != 1 || o.Sent[0].Flags != host.FlagRST {
		t.Error(o.Verdict, o.Sent)
	}
}

// Data and FIN that come with the last ACK of the handshake.
func TestCompletingSegment(t *testing.T) {
	l := newLab(t, "5.10.223")
	s := l.listen(server, 5)
	o := l.receive(host.Segment{From: peer, To: server, Flags: host.FlagSYN, Seq: 100, Window: 65535})
	o = l.receive(host.Segment{From: peer, To: server, Flags: host.FlagACK | host.FlagFIN, Seq: 101, Ack: o.Sent[0].Seq + 1, Len: 7, Window: 65535})
	if o.Verdict.Place != host.AtRequest || o.Verdict.Conn.Action == 0 {
		t.Error(o.Verdict)
	}
	a := l.must(l.Accept(l.now, s)).Socket
	if st := l.state(a); st != host.CloseWait {
		t.Error(st)
	}
	if o, p := l.must(l.Recv(l.now, a)), l.must(l.Recv(l.now, a)); o.N != 7 || p.N != 0 || p.Errno != 0 {
		t.Error(o, p)
	}
}

// FIN-WAIT-2 of nobody, and how TCP_LINGER2 and tcp_fin_timeout change it.
func TestOrphans(t *testing.T) {
	for _, c := range []struct {
		fin, linger2 int
		full         bool // a full socket first
		gone         time.Duration
	}{{60, 0, false, 60 * time.Second}, {5, 0, false, 5 * time.Second}, {90, 0, true, 60 * time.Second}, {60, 10, false, 10 * time.Second}, {60, -1, false, 0}} {
		l := newLab(t, "6.12.107", func(cfg *host.Config) { cfg.Sysctls.TCPFinTimeout = c.fin })
		s := l.socket(host.Options{Linger2: c.linger2})
		o := l.must(l.Connect(l.now, s, peer))
		local, isn := o.Sent[0].From, o.Sent[0].Seq
		l.receive(host.Segment{From: peer, To: local, Flags: host.FlagSYN | host.FlagACK, Seq: 500, Ack: isn + 1, Window: 65535})
		if st := l.state(s); st != host.Established {
			t.Fatal(st)
		}
		o = l.must(l.Close(l.now, s))
		if len(o.Sent) != 1 || !o.Sent[0].Has(host.FlagFIN|host.FlagACK) {
			t.Fatal(o.Sent)
		}
		before := l.Counters()
		o = l.receive(host.Segment{From: peer, To: local, Flags: host.FlagACK, Seq: 501, Ack: isn + 2, Window: 65535})
		if c.linger2 < 0 {
			raised := l.Counters().Sub(before)
			if len(l.Sockets()) != 0 || len(o.Sent) != 1 || o.Sent[0].Flags != host.FlagRST || raised.Get(kernel.TCPAbortOnData) != 1 {
				t.Error(o.Verdict, o.Sent, raised)
			}
			continue
		}
		if got := l.Sockets(); len(got) != 1 || got[0].State != host.FinWait2 || (l.Counters().Sub(before).Get(kernel.TW) == 0) != c.full {
			t.Error(c, got, l.Counters().Sub(before))
		}
		begin := l.now
		for len(l.Sockets()) > 0 {
			due, ok := l.Next()
			if !ok {
				t.Fatal("for ever")
			}
			l.now = due
			if sent := l.must(l.Advance(due)).Sent; len(sent) != 0 {
				t.Error(sent)
			}
		}
		if !around(l.now-begin, c.gone) {
			t.Errorf("%+v: %v", c, l.now-begin)
		}
		// Its port is free again.
		if o := l.receive(host.Segment{From: peer, To: local, Flags: host.FlagACK, Seq: 501, Ack: isn + 2}); o.Verdict.Place != host.AtNobody {
			t.Error(o.Verdict)
		}
	}
}

// A FIN that nobody acknowledges.
func TestFINAgain(t *testing.T) {
	l := newLab(t, "5.10.223")
	s := l.listen(server, 5)
	l.handshake(peer, server, 100)
	a := l.must(l.Accept(l.now, s)).Socket
	l.must(l.Close(l.now, a))
	begin := l.now
	var at []time.Duration
	for len(l.Sockets()) > 1 {
		due, _ := l.Next()
		l.now = due
		for _, sent := range l.must(l.Advance(due)).Sent {
			at = append(at, sent.At-begin)
		}
	}
	if len(at) < 7 || at[0] != 208*time.Millisecond || at[1] < 600*time.Millisecond || at[1] > 680*time.Millisecond {
		t.Error(at)
	}
	if l.Counters().Get(kernel.TCPAbortOnTimeout) != 1 {
		t.Error(l.Counters())
	}
}

// The same where the peer allows selective acknowledgements: a probe comes first.
func TestFINProbe(t *testing.T) {
	for _, c := range []struct {
		release string
		sack    bool
		second  time.Duration
	}{{"6.12.107", true, 408 * time.Millisecond}, {"6.12.107", false, 616 * time.Millisecond}, {"3.9", true, 612 * time.Millisecond}} {
		l := newLab(t, c.release)
		s := l.listen(server, 5)
		o := l.receive(host.Segment{From: peer, To: server, Flags: host.FlagSYN, Seq: 100, Window: 65535, SACK: c.sack})
		l.receive(host.Segment{From: peer, To: server, Flags: host.FlagACK, Seq: 101, Ack: o.Sent[0].Seq + 1, Window: 65535})
		a := l.must(l.Accept(l.now, s)).Socket
		l.must(l.Close(l.now, a))
		begin := l.now
		sent := l.wait(time.Second)
		if len(sent) != 2 && len(sent) != 3 || !around(sent[1].At-begin, c.second) {
			t.Errorf("%+v: %v", c, sent)
		}
	}
}

// A SYN that reopens a TIME-WAIT goes on to the listener with the entry's number.
func TestReopen(t *testing.T) {
	for _, c := range []struct {
		release string
		kept    bool
	}{{"3.10.108", true}, {"5.10.223", false}, {"6.18.44", true}} {
		l := newLab(t, c.release)
		s := l.listen(server, 5)
		theirs, ours := l.handshake(peer, server, 100)
		a := l.must(l.Accept(l.now, s)).Socket
		l.must(l.Close(l.now, a))
		l.receive(host.Segment{From: peer, To: server, Flags: host.FlagACK | host.FlagFIN, Seq: theirs, Ack: ours + 1, Window: 65535})
		if got := l.Sockets(); len(got) != 2 || got[1].State != host.TimeWait {
			t.Fatal(got)
		}
		o := l.receive(host.Segment{From: peer, To: server, Flags: host.FlagSYN, Seq: theirs + 1000, Window: 65535})
		if o.Verdict.TimeWait.Action == 0 || o.Verdict.Place != host.AtListener || len(o.Sent) != 1 {
			t.Fatal(o.Verdict)
		}
		if kept := o.Sent[0].Seq == ours+1+65537; kept != c.kept {
			t.Errorf("%s: number %d after %d", c.release, o.Sent[0].Seq, ours+1)
		}
		l.receive(host.Segment{From: peer, To: server, Flags: host.FlagACK, Seq: theirs + 1001, Ack: o.Sent[0].Seq + 1, Window: 65535})
		if got := l.Sockets(); len(got) != 2 || got[1].State != host.Established {
			t.Error(got)
		}
	}
}

// A suggestion decides which port comes out.
func TestSuggestPort(t *testing.T) {
	l := newLab(t, "6.12.107")
	for _, port := range []uint16{40000, 32768, 50002} {
		l.SuggestPort(port)
		s := l.socket(host.Options{})
		if o := l.must(l.Connect(l.now, s, peer)); o.Sent[0].From.Port() != port {
			t.Error(o.Sent)
		}
	}
}

// What a timer sends before SetSysctls is not lost.
func TestSetSysctlsKeeps(t *testing.T) {
	l := newLab(t, "6.12.107")
	s := l.socket(host.Options{})
	l.must(l.Connect(l.now, s, peer))
	sys, _ := kernel.Defaults(kernel.MustParse("6.12.107"), kernel.Machine{MemoryBytes: 512 << 20})
	l.now += 1500 * time.Millisecond
	if err := l.SetSysctls(l.now, sys); err != nil {
		t.Fatal(err)
	}
	if sent := l.wait(0); len(sent) != 1 || sent[0].Flags != host.FlagSYN {
		t.Error(sent)
	}
	if sent := l.wait(0); len(sent) != 0 {
		t.Error(sent)
	}
}

// Errors leave everything as it was.
func TestErrors(t *testing.T) {
	l := newLab(t, "6.12.107")
	s := l.listen(server, 5)
	before := l.Sockets()
	for _, err := range []error{
		second(l.Advance(l.now - 1)), second(l.Close(l.now, 99)), second(l.Bind(l.now, s, netip.AddrPort{})),
		second(l.Listen(l.now, s, 1<<40)), second(l.Connect(l.now, s, netip.MustParseAddrPort("10.0.0.9:0"))),
		second(l.Receive(l.now, host.Segment{})), second(l.Receive(l.now, host.Segment{From: peer, To: server, WindowScale: 16})),
		second(l.Receive(l.now, host.Segment{From: netip.MustParseAddrPort("[::1]:1"), To: server})),
		l.SetSysctls(l.now, kernel.Sysctls{Somaxconn: -1}), second(l.Open(l.now, host.Options{V6Only: true})),
	} {
		if err == nil {
			t.Error("no error")
		}
	}
	if got := l.Sockets(); len(got) != len(before) || got[0] != before[0] {
		t.Error(got)
	}
	if _, err := host.New(host.Config{}); err == nil {
		t.Error("no kernel")
	}
	o := l.receive(host.Segment{From: peer, To: netip.MustParseAddrPort("10.0.0.2:80"), Flags: host.FlagSYN})
	if o.Verdict.Place != host.AtForeign || len(o.Sent) != 0 {
		t.Error(o.Verdict)
	}
}

func second(_ host.Outcome, err error) error { return err }

// A request that a closed listener left behind stands in the way of a connection to that peer, and of no other; before
// 4.4 it goes with the listener. One of a listener that is still there does so too, and before 4.4 nobody else looks for it.
func TestRequestStandsInTheWay(t *testing.T) {
	for release, want := range map[string]host.Errno{"3.10": host.EINPROGRESS, "4.3": host.EINPROGRESS, "4.4": host.EADDRNOTAVAIL, "7.2.13": host.EADDRNOTAVAIL} {
		testRequestInTheWay(t, release, want, host.Options{ReuseAddr: true}, true)
		testRequestInTheWay(t, release, want, host.Options{ReusePort: true}, false)
	}
}

func testRequestInTheWay(t *testing.T, release string, want host.Errno, o host.Options, closed bool) {
	l := newLab(t, release)
	at, peer, other := netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("10.1.0.1:40001"), netip.MustParseAddrPort("10.1.0.2:40001")
	s := l.socket(o)
	l.must(l.Bind(l.now, s, at))
	l.must(l.Listen(l.now, s, 5))
	l.must(l.Receive(l.now, host.Segment{From: peer, To: at, Flags: host.FlagSYN, Seq: 1, Window: 1000}))
	if closed {
		l.must(l.Close(l.now, s))
	}
	for i, to := range []netip.AddrPort{peer, other} {
		c := l.socket(o)
		l.must(l.Bind(l.now, c, at))
		if i > 0 {
			want = host.EINPROGRESS
		}
		if out := l.must(l.Connect(l.now, c, to)); out.Errno != want {
			t.Errorf("%s: connect to %v: %v, not %v", release, to, out.Errno, want)
		}
	}
}

// A socket that is connected, or was refused, answers without a look at where to: another protocol is no error (6.18.44).
func TestConnectAgainElsewhere(t *testing.T) {
	l := newLab(t, "6.18.44")
	s := l.socket(host.Options{})
	l.must(l.Bind(l.now, s, netip.MustParseAddrPort("127.0.0.1:80")))
	l.must(l.Listen(l.now, s, 5))
	for _, c := range []struct {
		from, to string
		want     []host.Errno
	}{
		{"[::]:5000", "127.0.0.1:80", []host.Errno{0, host.EISCONN}},
		{"[::]:5001", "127.0.0.1:81", []host.Errno{host.ECONNREFUSED}},
	} {
		v6 := l.socket(host.Options{IPv6: true})
		l.must(l.Bind(l.now, v6, netip.MustParseAddrPort(c.from)))
		l.must(l.Connect(l.now, v6, netip.MustParseAddrPort(c.to)))
		for i, want := range c.want {
			if out := l.must(l.Connect(l.now, v6, netip.MustParseAddrPort("[::1]:80"))); out.Errno != want {
				t.Errorf("connected to %s, connect %d to ::1: %v, not %v", c.to, i, out.Errno, want)
			}
		}
	}
}
