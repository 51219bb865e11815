package host

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// newHost is a host of 10.0.0.1 with the defaults of a release.
func newHost(t *testing.T, release string) (*Host, kernel.Sysctls) {
	t.Helper()
	r, err := kernel.Parse(release)
	if err != nil {
		t.Fatal(err)
	}
	sys, err := kernel.Defaults(r, kernel.Machine{EHashBuckets: 4096})
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(Config{Semantics: r.Semantics(), Sysctls: sys, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
	if err != nil {
		t.Fatal(err)
	}
	return h, sys
}

var farServer = netip.MustParseAddrPort("10.0.0.9:80")

// crossed is a socket in SYN-RECV, whose SYN crossed one of the peer with the number 0.
func crossed(s kernel.Semantics) (*Host, Socket, Segment) {
	h, err := New(Config{Semantics: s, Sysctls: rowHostSysctls(&s), Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
	if err != nil {
		panic(err)
	}
	out, _ := h.Open(0, Options{})
	k := out.Socket
	out, _ = h.Connect(0, k, farServer)
	syn := out.Sent[0].Segment
	h.Receive(0, Segment{From: syn.To, To: syn.From, Flags: FlagSYN, Window: 65535, MSS: 1460})
	return h, k, syn
}

func TestShutdownSynRecv(t *testing.T) {
	r, _ := kernel.Parse("6.18.44")
	h, k, syn := crossed(r.Semantics())
	ms := time.Millisecond
	if o, _ := h.Shutdown(ms, k); o.Errno != 0 || len(o.Sent) != 0 {
		t.Fatal(o)
	}
	if o, _ := h.Connect(ms, k, farServer); o.Errno != EINVAL {
		t.Error(o.Errno)
	}
	// The segment that ends the handshake brings data and a FIN: our FIN goes out before they are taken.
	o, _ := h.Receive(2*ms, Segment{From: syn.To, To: syn.From, Flags: FlagFIN | FlagACK, Seq: 1, Ack: syn.Seq + 1, Len: 5, Window: 65535})
	if len(o.Sent) != 2 || o.Sent[0].Flags != FlagFIN|FlagACK || o.Sent[0].Seq != syn.Seq+1 || o.Sent[0].Ack != 1 ||
		o.Sent[1].Flags != FlagACK || o.Sent[1].Seq != syn.Seq+2 || o.Sent[1].Ack != 7 {
		t.Error(o.Sent)
	}
	if i, _ := h.Info(k); i.State != Closing {
		t.Error(i)
	}
	// Nobody acknowledges it: it is sent again.
	if o, _ = h.Advance(time.Second); len(o.Sent) == 0 || o.Sent[0].Flags != FlagFIN|FlagACK || o.Sent[0].Seq != syn.Seq+1 {
		t.Error(o.Sent)
	}

	// close() does not wait for the handshake.
	h, k, _ = crossed(r.Semantics())
	if o, _ := h.Close(ms, k); len(o.Sent) != 1 || o.Sent[0].Flags != FlagFIN|FlagACK {
		t.Error(o.Sent)
	}
}

// A connection that was shut down is known to connect(), also when it is over.
func TestConnectAfterShutdown(t *testing.T) {
	h, _ := newHost(t, "6.18.44")
	out, _ := h.Open(0, Options{})
	k := out.Socket
	out, _ = h.Connect(0, k, farServer)
	syn := out.Sent[0].Segment
	s := Segment{From: syn.To, To: syn.From, Flags: FlagSYN | FlagACK, Ack: syn.Seq + 1, Window: 65535}
	h.Receive(0, s)
	h.Shutdown(0, k)
	s.Flags, s.Seq, s.Ack = FlagFIN|FlagACK, 1, syn.Seq+2
	h.Receive(0, s)
	if o, _ := h.Connect(0, k, farServer); o.Errno != EISCONN {
		t.Error(o.Errno)
	}

	// Nor can one be made after shutdown() of a failed attempt.
	out, _ = h.Open(0, Options{})
	k = out.Socket
	out, _ = h.Connect(0, k, farServer)
	syn = out.Sent[0].Segment
	h.Receive(0, Segment{From: syn.To, To: syn.From, Flags: FlagRST | FlagACK, Ack: syn.Seq + 1})
	if o, _ := h.Shutdown(0, k); o.Errno != ENOTCONN {
		t.Error(o.Errno)
	}
	if o, _ := h.Connect(0, k, farServer); o.Errno != EINVAL {
		t.Error(o.Errno)
	}
}

// A SYN that is sent again has the options of that moment.
func TestSYNAgainWithoutTimestamps(t *testing.T) {
	h, sys := newHost(t, "5.10.223")
	out, _ := h.Open(0, Options{})
	out, _ = h.Connect(0, out.Socket, farServer)
	if !out.Sent[0].Timestamp {
		t.Fatal(out.Sent)
	}
	sys.TCPTimestamps = 0
	if err := h.SetSysctls(0, sys); err != nil {
		t.Fatal(err)
	}
	if out, _ = h.Advance(2 * time.Second); len(out.Sent) != 1 || out.Sent[0].Timestamp || out.Sent[0].TSVal != 0 {
		t.Error(out.Sent)
	}
	sys.TCPTimestamps = 1
	h.SetSysctls(2*time.Second, sys)
	if out, _ = h.Advance(4 * time.Second); len(out.Sent) != 1 || !out.Sent[0].Timestamp {
		t.Error(out.Sent)
	}
}

// The child takes the timestamp of the final ACK even where its request no longer looks at timestamps.
func TestTimestampOfFinalACK(t *testing.T) {
	h, sys := newHost(t, "7.2.13")
	at := netip.MustParseAddrPort("10.0.0.1:80")
	out, _ := h.Open(0, Options{})
	l := out.Socket
	h.Bind(0, l, at)
	h.Listen(0, l, 5)
	out, _ = h.Receive(0, Segment{From: farServer, To: at, Flags: FlagSYN, Window: 65535, Timestamp: true, TSVal: 100})
	synack := out.Sent[0].Segment
	sys.TCPTimestamps = 0
	if err := h.SetSysctls(0, sys); err != nil {
		t.Fatal(err)
	}
	s := Segment{From: farServer, To: at, Flags: FlagACK, Seq: 1, Ack: synack.Seq + 1, Window: 65535, Timestamp: true, TSVal: 160, TSEcr: synack.TSVal}
	h.Receive(0, s)
	out, _ = h.Accept(0, l)
	if out, _ = h.Shutdown(0, out.Socket); len(out.Sent) != 1 || out.Sent[0].TSEcr != 160 {
		t.Error(out.Sent)
	}
}
