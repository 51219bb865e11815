package timewait

import (
	"net/netip"
	"testing"

	"example.com/linuxtcp/kernel"
)

// The zero Table knows no kernel: every call that would change it is an error, and there is nothing in it.
func TestZeroTable(t *testing.T) {
	var zero Table
	if _, ok := zero.Next(); ok || zero.Len() != 0 || zero.Counters() != (kernel.Counters{}) {
		t.Error("the zero Table has a timer, an entry or a counter")
	}
	addr := netip.MustParseAddrPort("192.0.2.1:80")
	_, advance := zero.Advance(1, nil)
	_, _, receive := zero.Receive(1, Segment{})
	_, _, connect := zero.Connect(1, addr, addr, false)
	for name, err := range map[string]error{"Advance": advance, "Receive": receive, "Connect": connect, "SetWall": zero.SetWall(1, 1), "SetSysctls": zero.SetSysctls(1, kernel.Sysctls{})} {
		if err != errNoKernel {
			t.Errorf("%s: %v", name, err)
		}
	}
}
