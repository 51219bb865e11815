package portalloc

import (
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
)

// FuzzAllocator makes calls of every kind from bytes, and compares what connect() and
// bind() answer with the second model.
func FuzzAllocator(f *testing.F) {
	f.Add(uint8(7), uint8(4), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	f.Add(uint8(33), uint8(2), []byte{0, 0, 0, 0x80, 0x81, 0x40, 0x41, 0xff, 0xc0, 0xc1, 1, 1, 1})
	f.Add(uint8(23), uint8(9), []byte{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee})
	f.Fuzz(func(t *testing.T, era, size uint8, calls []byte) {
		release := kernel.MustParse(eras[int(era)%len(eras)])
		cfg := Config{Semantics: release.Semantics(), Sysctls: must(kernel.Defaults(release, kernel.Machine{MemoryBytes: 1 << 30})), HZ: 250, TimeWaits: &moody{day: int(era)}}
		cfg.Sysctls.IPLocalPortRange = kernel.PortRange{Low: 40000, High: 40000 + int(size)%70}
		draws := func() func() uint32 {
			n := uint32(era)
			return func() uint32 { n = n*1664525 + 1013904223; return n >> 5 }
		}
		cfg.Rand = draws()
		a := must(New(cfg))
		cfg.Rand = draws()
		d := newDumb(cfg)
		names := map[*dumbSock]Socket{}
		var now time.Duration
		if len(calls) > 200 {
			calls = calls[:200]
		}
		for n, c := range calls {
			now += time.Duration(c) * time.Millisecond
			src, dst := sources[c>>4&1], places[c>>5%3]
			switch c & 7 {
			default:
				o := Options{ReuseAddr: c&8 != 0}
				s := &dumbSock{state: Unbound, opt: o, own: Owner{ReuseAddr: o.ReuseAddr}}
				names[s] = must(a.Open(o))
				d.socks = append(d.socks, s)
				if c&3 == 3 {
					to := netip.AddrPortFrom(homes[int(c>>4)%len(homes)], uint16(c>>7)*40001)
					if got, want := must(a.Bind(names[s], to)), d.bind(s, to); got != want {
						t.Fatalf("call %d, %v: bind to %v: %v, want %v", n, release, to, got, want)
					}
				} else if got, want := must(a.Connect(now, names[s], src, dst)), d.connect(now, s, src, dst); got != want {
					t.Fatalf("call %d, %v: connect to %v: %v, want %v", n, release, dst, got, want)
				}
			case 4, 5:
				if len(d.socks) == 0 {
					continue
				}
				s := d.socks[int(c>>3)%len(d.socks)]
				switch {
				case c&7 == 5 && s.state == Connected && c&64 != 0:
					names[d.leaveTimeWait(s)] = must(a.LeaveTimeWait(names[s]))
				case c&7 == 4 && s.state == Connected && c&64 != 0:
					if err := a.Done(names[s]); err != nil {
						t.Fatal(err)
					}
					d.done(s)
				case c&7 == 5 && s.state == Connected:
					if err := a.TimeWait(names[s]); err != nil {
						t.Fatal(err)
					}
					s.state = TimeWait
				case c&7 == 5 && s.state == Bound:
					if got, want := must(a.Listen(names[s])), d.listen(s); got != want {
						t.Fatalf("call %d, %v: listen: %v, want %v", n, release, got, want)
					}
				default:
					if err := a.Close(names[s]); err != nil {
						t.Fatal(err)
					}
					d.close(s)
				}
			}
		}
	})
}
