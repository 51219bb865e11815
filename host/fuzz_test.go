package host

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// releases of the fuzzer: one on either side of what most rules depend on.
var fuzzed = []string{"2.6.32", "3.5", "3.10.108", "4.1", "4.4", "4.19.78", "5.10.223", "6.1.192", "6.12.107", "6.18.44", "7.2.13"}

// play makes calls of bytes and returns what came of them. It fails if the host does not hold
// together after any of them.
func play(t *testing.T, data []byte) string {
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b)
	}
	r := kernel.MustParse(fuzzed[next()%len(fuzzed)])
	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	sys.IPLocalPortRange = kernel.PortRange{Low: 40000, High: 40003}
	sys.TCPFinTimeout = []int{60, 5, 90}[next()%3]
	own := netip.MustParseAddr("10.0.0.1")
	h, err := New(Config{Semantics: r.Semantics(), Sysctls: sys, Addrs: []netip.Addr{own}, Key: uint64(next())})
	if err != nil {
		t.Fatal(err)
	}
	var log string
	var now time.Duration
	var socks []Socket
	var seen []Segment // what the host sent, for peers that answer well
	last := h.Counters()
	pick := func() Socket {
		if len(socks) == 0 {
			return Socket(next())
		}
		return socks[next()%len(socks)]
	}
	addr := func() netip.AddrPort {
		return netip.AddrPortFrom([]netip.Addr{own, netip.IPv4Unspecified(), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.0.0.2")}[next()%4], uint16([]int{0, 80, 40000, 40001}[next()%4]))
	}
	for n := 0; len(data) > 0 && n < 200; n++ {
		var out Outcome
		var err error
		switch op := next() % 16; op {
		case 0:
			o := next()
			out, err = h.Open(now, Options{ReuseAddr: o&1 != 0, SYNCount: o >> 1 & 3, Linger2: o>>3&3 - 1, DeferAccept: o >> 5 & 1, IPv6: o>>6&3 == 3})
		case 1:
			out, err = h.Bind(now, pick(), addr())
		case 2:
			out, err = h.Listen(now, pick(), next()%4)
		case 3, 4:
			to := addr()
			if next()%2 == 0 {
				to = netip.MustParseAddrPort("10.0.0.9:443")
			}
			out, err = h.Connect(now, pick(), to)
		case 5:
			out, err = h.Accept(now, pick())
		case 6:
			out, err = h.Shutdown(now, pick())
		case 7:
			out, err = h.Close(now, pick())
		case 8:
			out, err = h.Abort(now, pick())
		case 9:
			out, err = h.Recv(now, pick())
		case 10:
			now += time.Duration(next()) * []time.Duration{time.Millisecond, 50 * time.Millisecond, time.Second}[next()%3]
			out, err = h.Advance(now)
		case 11:
			if next()%4 == 0 {
				now += time.Millisecond
			}
			sys.TCPSyncookies, sys.TCPTWReuse = next()%2, next()%2
			err = h.SetSysctls(now, sys)
		default: // a segment, from a peer that answers the host's last ones or makes something up
			s := Segment{
				From:  netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(9 + next()%2)}), uint16([]int{443, 5000, 5001}[next()%3])),
				To:    netip.AddrPortFrom(own, uint16([]int{80, 40000, 40001, 40002}[next()%4])),
				Flags: Flags(next() % 32), Seq: uint32(next()) << 8, Ack: uint32(next()) << 8, Len: uint32(next() % 3), Window: uint32(next()) << 6,
			}
			if len(seen) > 0 && op < 15 {
				t := seen[len(seen)-1-next()%min(len(seen), 4)]
				s.From, s.To, s.Seq, s.Ack = t.To, t.From, t.Ack, t.End()
				s.Seq += uint32(int8(next()))
				if next()%4 != 0 {
					s.Seq, s.Flags = t.Ack, s.Flags|FlagACK
				}
				if t.Timestamp && next()%2 == 0 {
					s.Timestamp, s.TSVal, s.TSEcr = true, uint32(now/time.Millisecond)+uint32(next()), t.TSVal
				}
			}
			if _, due := h.Next(); !due {
				if _, err := h.Explain(now, s); err != nil {
					t.Fatal(err)
				}
			}
			out, err = h.Receive(now, s)
		}
		if out.Socket != 0 {
			socks = append(socks, out.Socket)
		}
		for _, s := range out.Sent {
			seen = append(seen, s.Segment)
		}
		log += fmt.Sprintln(now, out.Errno, out.Socket, out.N, out.Verdict, out.Sent, err, h.Sockets())
		if w := h.wrong(); w != "" {
			t.Fatalf("%s\n%s", log, w)
		}
		c := h.Counters()
		for k, v := range last.All() {
			if c.Get(k) < v {
				t.Fatalf("%s\n%v went from %d to %d", log, k, v, c.Get(k))
			}
		}
		last = c
	}
	return log
}

func FuzzHost(f *testing.F) {
	f.Add([]byte("\x06\x00\x01\x00\x01\x01\x00\x00\x01\x02\x00\x03\x0c\x00\x01\x00\x02\x10\x00\x00\x40"))
	for seed := range uint64(60) {
		b := make([]byte, 600)
		for i := range b {
			b[i] = byte(mix(seed<<20+uint64(i)) >> 33)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, b := play(t, data), play(t, data); a != b {
			t.Errorf("the same calls gave\n%s\nand\n%s", a, b)
		}
	})
}
