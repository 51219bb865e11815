package driver

import (
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/script"
)

// needNamespace skips a test where no network namespace can be made.
func needNamespace(t *testing.T) {
	t.Helper()
	if unix.Geteuid() != 0 {
		t.Skip("needs root, to make network namespaces and TUN devices")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("needs a TUN device: ", err)
	}
	if err := Do(0, func(*Driver) error { return nil }); err != nil {
		t.Skip("needs a network namespace with a TUN device: ", err)
	}
}

// A play drives one namespace and fails the test at the first surprise.
type play struct {
	t *testing.T
	d *Driver
}

func (p play) do(call script.Call) script.Seen {
	p.t.Helper()
	if call.Settle == 0 {
		call.Settle = 5 * time.Millisecond
	}
	seen, err := p.d.Do(call)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Logf("op %d %s: %v late %v took %v, sent %v, %v, %v", call.Op, call.Socket, seen.Errno, p.d.Late, seen.End-seen.At, seen.Sent, seen.Counters, seen.Sockets)
	return seen
}

func (p play) ok(call script.Call) script.Seen {
	p.t.Helper()
	seen := p.do(call)
	if seen.Errno != 0 && seen.Errno != host.EINPROGRESS {
		p.t.Fatalf("%+v: %v", call, seen.Errno)
	}
	return seen
}

func (p play) listen(backlog int) {
	p.t.Helper()
	p.ok(script.Call{Op: script.OpSocket, Socket: "l", Options: script.Options{ReuseAddr: true}})
	p.ok(script.Call{Op: script.OpBind, Socket: "l", Addr: server})
	p.ok(script.Call{Op: script.OpListen, Socket: "l", Backlog: backlog})
}

var (
	server = netip.MustParseAddrPort("10.0.0.1:80")
	client = netip.MustParseAddrPort("10.1.0.1:40000")
)

// segment forges one from a client.
func segment(from netip.AddrPort, f host.Flags, seq, ack uint32) script.Call {
	return script.Call{Op: script.OpSegment, Segment: host.Segment{From: from, To: server, Flags: f, Seq: seq, Ack: ack, Window: 64240}}
}

// one is the segment that was sent, if it was one and has these flags.
func (p play) one(seen script.Seen, f host.Flags) host.Segment {
	p.t.Helper()
	if len(seen.Sent) != 1 || seen.Sent[0].Flags != f {
		p.t.Fatalf("sent %v, want one %v", seen.Sent, f)
	}
	if at := seen.Sent[0].At; at < seen.At || at > seen.End {
		p.t.Errorf("sent at %v, outside of %v to %v", at, seen.At, seen.End)
	}
	return seen.Sent[0].Segment
}

func (p play) states(seen script.Seen, want ...host.State) {
	p.t.Helper()
	count := map[host.State]int{}
	for _, s := range seen.Sockets {
		count[s.State]++
	}
	for _, s := range want {
		count[s]--
	}
	for s, n := range count {
		if n != 0 {
			p.t.Errorf("%d more sockets in %v than wanted: %v", n, s, seen.Sockets)
		}
	}
}

func run(t *testing.T, f func(play)) {
	needNamespace(t)
	if err := Do(0, func(d *Driver) error { f(play{t, d}); return nil }); err != nil {
		t.Fatal(err)
	}
}

// handshake brings a forged client's connection to the accept queue, and returns the host's first
// number.
func (p play) handshake(from netip.AddrPort) uint32 {
	p.t.Helper()
	syn := segment(from, host.FlagSYN, 1000, 0)
	syn.Segment.MSS, syn.Segment.WindowScale = 1460, 8
	answer := p.one(p.do(syn), host.FlagSYN|host.FlagACK)
	if answer.Ack != 1001 || answer.To != from || answer.MSS == 0 || answer.WindowScale == 0 {
		p.t.Fatalf("answer %+v", answer)
	}
	p.do(segment(from, host.FlagACK, 1001, answer.Seq+1))
	return answer.Seq
}

func TestHandshakeAndTimeWait(t *testing.T) {
	run(t, func(p play) {
		p.listen(5)
		iss := p.handshake(client)
		seen := p.ok(script.Call{Op: script.OpAccept, Socket: "a", Listener: "l"})
		if seen.Local != server || seen.Remote != client {
			t.Errorf("accept: %v to %v", seen.Local, seen.Remote)
		}
		p.states(seen, host.Listen, host.Established)
		if again := p.do(script.Call{Op: script.OpAccept, Socket: "b", Listener: "l"}); again.Errno != host.EAGAIN {
			t.Errorf("second accept: %v", again.Errno)
		}
		data := segment(client, host.FlagACK|host.FlagPSH, 1001, iss+1)
		data.Segment.Len = 100
		if ack := p.one(p.do(data), host.FlagACK); ack.Ack != 1101 || ack.Window < 1000 {
			t.Errorf("answer to data: %+v", ack)
		}
		if got := p.ok(script.Call{Op: script.OpRecv, Socket: "a"}); got.N != 100 {
			t.Errorf("recv: %d", got.N)
		}
		p.one(p.ok(script.Call{Op: script.OpClose, Socket: "a"}), host.FlagFIN|host.FlagACK)
		p.states(p.do(segment(client, host.FlagACK, 1101, iss+2)), host.Listen, host.FinWait2)
		seen = p.do(segment(client, host.FlagFIN|host.FlagACK, 1101, iss+2))
		p.one(seen, host.FlagACK)
		p.states(seen, host.Listen, host.TimeWait)
		if n := seen.Counters.String(); n == "" {
			t.Error("entering TIME-WAIT counts nothing")
		}
	})
}

func TestAcceptQueueOverflow(t *testing.T) {
	run(t, func(p play) {
		p.listen(1)
		for i := range byte(3) {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, i + 1}), 40000)
			if i < 2 {
				p.handshake(from)
				continue
			}
			syn := segment(from, host.FlagSYN, 1000, 0)
			seen := p.do(syn)
			if len(seen.Sent) != 0 || seen.Counters.String() == "" {
				t.Errorf("SYN at a full accept queue: sent %v, counted %v", seen.Sent, seen.Counters)
			}
			p.states(seen, host.Listen, host.Established, host.Established)
			for _, s := range seen.Sockets {
				if s.State == host.Listen && (s.RecvQ != 2 || s.SendQ != 1) {
					t.Errorf("listener %+v", s)
				}
			}
		}
	})
}

func TestConnect(t *testing.T) {
	run(t, func(p play) {
		peer := netip.MustParseAddrPort("10.1.0.9:443")
		p.ok(script.Call{Op: script.OpSysctl, Sysctl: "net.ipv4.ip_local_port_range", Value: "30000 30001"})
		p.ok(script.Call{Op: script.OpSocket, Socket: "c"})
		seen := p.do(script.Call{Op: script.OpConnect, Socket: "c", Addr: peer})
		if seen.Errno != host.EINPROGRESS || seen.Local.Port()/2 != 15000 || seen.Remote != peer {
			t.Fatalf("connect: %v, %v to %v", seen.Errno, seen.Local, seen.Remote)
		}
		syn := p.one(seen, host.FlagSYN)
		p.states(seen, host.SynSent)
		resent := p.one(p.do(script.Call{Op: script.OpWait, Wait: 1200 * time.Millisecond}), host.FlagSYN)
		if resent.Seq != syn.Seq {
			t.Errorf("resent %+v", resent)
		}
		rst := script.Call{Op: script.OpSegment, Segment: host.Segment{From: peer, To: seen.Local, Flags: host.FlagRST | host.FlagACK, Ack: syn.Seq + 1}}
		p.states(p.do(rst))
		if e := p.do(script.Call{Op: script.OpError, Socket: "c"}); e.Errno != host.ECONNREFUSED {
			t.Errorf("SO_ERROR: %v", e.Errno)
		}
		if e := p.do(script.Call{Op: script.OpSysctl, Sysctl: "net.ipv4.tcp_syn_retries", Value: "-5"}); e.Errno != host.EINVAL {
			t.Errorf("tcp_syn_retries -5: %v", e.Errno)
		}
	})
}

func TestLoopback(t *testing.T) {
	run(t, func(p play) {
		p.listen(1)
		p.ok(script.Call{Op: script.OpSocket, Socket: "c"})
		seen := p.do(script.Call{Op: script.OpConnect, Socket: "c", Addr: server})
		p.states(seen, host.Listen, host.Established, host.Established)
		if len(seen.Sent) != 0 {
			t.Errorf("loopback traffic is seen: %v", seen.Sent)
		}
	})
}

func TestClock(t *testing.T) {
	c := ThisClock()
	t.Logf("%+v", c)
	if c.HZ < 100 || c.HZ > 1000 {
		t.Errorf("HZ %d", c.HZ)
	}
}

// TestClockOfTimers: a SYN is sent again when a timer of one second is due by the jiffies counter, so times are
// those of that counter.
func TestClockOfTimers(t *testing.T) {
	run(t, func(p play) {
		r, err := kernel.ReadRelease(os.DirFS("/proc"))
		if err != nil {
			t.Skip(err)
		}
		clock, err := kernel.NewClock(r.Semantics(), ThisClock().HZ)
		if err != nil || !ThisClock().Known {
			t.Skip("the jiffies counter is not known: ", err)
		}
		p.ok(script.Call{Op: script.OpSocket, Socket: "c"})
		seen := p.ok(script.Call{Op: script.OpConnect, Socket: "c", Addr: netip.MustParseAddrPort("10.1.0.9:443")})
		again := p.do(script.Call{Op: script.OpWait, Wait: 1200 * time.Millisecond})
		p.one(again, host.FlagSYN)
		due := clock.TimerExpiry(seen.At, time.Second, kernel.TimerExact)
		// Seen a jiffy later on two processors: presumably another runs the timers of an idle one since 6.9.
		if late := again.Sent[0].At - due; late < 0 || late >= clock.Tick()*3/2 {
			t.Errorf("sent again %v after the timer was due, at %v", late, again.Sent[0].At)
		} else {
			t.Logf("sent again %v after the timer was due", late)
		}
	})
}
