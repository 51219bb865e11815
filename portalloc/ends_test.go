package portalloc

import (
	"fmt"
	"net/netip"
	"testing"

	"example.com/linuxtcp/kernel"
)

// However a connection came and ended, nothing of it stays, and its socket can connect again.
func TestNothingStaysOfAConnection(t *testing.T) {
	number := netip.MustParseAddrPort("10.0.0.1:40003")
	ends := map[string]func(*Allocator, Socket) error{
		"close":     (*Allocator).Close,
		"TIME_WAIT": (*Allocator).TimeWait,
		"TIME_WAIT, held": func(a *Allocator, s Socket) error {
			entry, err := a.LeaveTimeWait(s)
			if err == nil {
				err = a.Close(entry)
			}
			return err
		},
		"reset":      (*Allocator).Done,
		"disconnect": (*Allocator).Disconnect,
	}
	for _, release := range []string{"2.6.32", "4.4", "5.10", "6.12", "7.2"} {
		for how, end := range ends {
			for _, came := range []string{"connect()", "bind() to port 0", "bind() by number", "accept()"} {
				a := rowAllocatorOf(kernel.MustParse(release), 40000, 40009)
				s := must(a.Open(Options{}))
				switch came {
				case "bind() to port 0":
					must(a.Bind(s, netip.AddrPortFrom(sources[0], 0)))
				case "bind() by number", "accept()":
					must(a.Bind(s, number))
				}
				if came == "accept()" {
					l := s
					must(a.Listen(l))
					s = must(a.Accept(l, sources[0], places[0]))
					if err := a.Close(l); err != nil {
						t.Fatal(err)
					}
				} else {
					must(a.Connect(0, s, sources[0], places[0]))
				}
				what := fmt.Sprintf("%s: %s, %s", release, came, how)
				if err := end(a, s); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				info, there := a.Info(s)
				keeps := came == "bind() by number" && there
				if there && info.State != TimeWait {
					want := Info{State: Unbound}
					switch {
					case keeps:
						want = Info{State: Bound, Local: number}
					case came != "connect()":
						want.Local = netip.AddrPortFrom(sources[0], 0)
					}
					if info != want {
						t.Errorf("%s: %+v, want %+v", what, info, want)
					}
					if r := must(a.Connect(0, s, sources[0], places[0])); r.Errno != 0 || keeps != (r.Port == number.Port()) && keeps {
						t.Errorf("%s: connect() again: %v", what, r)
					}
					if got, ok := a.Lookup(netip.AddrPortFrom(sources[0], a.socks[uint32(s)-1].port), places[0]); !ok || got != s {
						t.Errorf("%s: connected again, and not found", what)
					}
					a.SuggestPort(a.socks[uint32(s)-1].port)
					if other := must(a.Open(Options{})); must(a.Connect(0, other, sources[0], places[0])).Port == a.socks[uint32(s)-1].port {
						t.Errorf("%s: connect() of another took the port too", what)
					} else if err := a.Close(other); err != nil {
						t.Fatal(err)
					}
				}
				if there {
					if err := a.Close(s); err != nil {
						t.Fatal(err)
					}
				}
				if sockets, waits := a.Len(); sockets+waits+len(a.groups)+a.table.n != 0 || a.blocked.has(40003) {
					t.Errorf("%s: %d sockets, %d entries, %d groups, %d connections", what, sockets, waits, len(a.groups), a.table.n)
				}
			}
		}
	}
}
