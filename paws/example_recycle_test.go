package paws_test

import (
	"fmt"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
)

// Does tcp_timestamps=0 on the server help against the drops of tcp_tw_recycle? To 3.16; later it makes it worse.
func ExampleConfig() {
	for _, release := range []string{"3.10.108", "4.4.155"} {
		r := kernel.MustParse(release)
		sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 8 << 30})
		if err != nil {
			fmt.Println(err)
			return
		}
		sys.TCPTwRecycle = 1
		c, err := paws.NewCache(paws.Config{Semantics: r.Semantics(), Sysctls: sys})
		if err != nil {
			fmt.Println(err)
			return
		}
		c.EnterTimeWait(time.Second, paws.Closing{From: nat, To: server, TS: 5000, Stamp: 1})
		sys.TCPTimestamps = 0
		if err := c.SetSysctls(sys); err != nil {
			fmt.Println(err)
			return
		}
		_, _, rejected := c.Lookup(2*time.Second, nat, server, false, 0) // its SYN has the option, but the server does not read it
		fmt.Println(release, "dropped:", rejected)
	}
	// Output:
	// 3.10.108 dropped: false
	// 4.4.155 dropped: true
}

// Who closes first is who remembers: after TIME_WAIT a host is known by its last timestamp.
func ExampleClosing() {
	c := recycler("3.10.108")
	wrote, short, err := c.EnterTimeWait(10*time.Second, paws.Closing{From: nat, To: server, TS: 5000, Stamp: 10})
	fmt.Println("written:", wrote, "TIME_WAIT is short:", short, err)
	h, _, known := c.Host(nat, server)
	fmt.Println(h.TS, h.Stamp, known)
	// Output:
	// written: true TIME_WAIT is short: true <nil>
	// 5000 10 true
}

// For how long does a host's last timestamp lock others behind its address out?
func ExampleHost() {
	sem := kernel.MustParse("3.10.108").Semantics()
	h := paws.Host{TS: 5000, Stamp: 10}
	for _, second := range []uint32{69, 70} {
		fmt.Println(second, paws.HostFresh(&sem, h.Stamp, second), paws.RecycleRejects(&sem, h, second, true, 4000))
	}
	// Output:
	// 69 true true
	// 70 false false
}
