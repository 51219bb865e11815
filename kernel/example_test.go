package kernel_test

import (
	"errors"
	"fmt"
	"strings"
	"testing/fstest"
	"time"

	"example.com/linuxtcp/kernel"
)

// Which kernel is this, and how does it behave?
func Example() {
	r, err := kernel.Parse("5.10.0-32-amd64")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err = r.WithPatch(223) // what /proc/version says: Debian 5.10.223-1
	if err != nil {
		fmt.Println(err)
		return
	}
	s := r.Semantics()
	fmt.Println("somaxconn starts as", s.SomaxconnDefault)
	fmt.Println("listen(0) lets nobody in:", s.SYNQueue == kernel.SYNQueueBacklog)

	gained, _ := kernel.Diff(r, kernel.MustParse("5.10.234"))
	for _, c := range gained {
		if c.Package == "queue" {
			fmt.Println(c.ID)
		}
	}
	// Output:
	// somaxconn starts as 4096
	// listen(0) lets nobody in: true
	// synq-above-backlog
}

func ExampleParse() {
	for _, name := range []string{"5.10.223", "3.10.0-1160.119.1.el7.x86_64", "5.15.0-119-generic", "linux"} {
		r, err := kernel.Parse(name)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(r, "is", r.Vendor(), r.Series())
	}
	// Output:
	// 5.10.223 is mainline 5.10
	// 3.10.0-1160.119.1.el7.x86_64 is RHEL 3.10
	// 5.15.0-119-generic is Ubuntu 5.15
	// kernel: release "linux": a release begins with a version such as 5.10.223
}

// A name that hides the patch level leaves changes open, until it is settled.
func ExampleRelease_WithPatch() {
	r := kernel.MustParse("5.15.0-119-generic")
	for _, c := range r.Undecided() {
		if c.ID == "synq-above-backlog" {
			fmt.Println("undecided:", c.Where())
		}
	}
	r, err := r.WithPatch(160)
	fmt.Println(r, err, len(r.Undecided()))
	// Output:
	// undecided: 6.13, 6.12.10, 6.6.72, 6.1.125, 5.15.177, 5.10.234, 5.4.290
	// 5.15.0-119-generic (5.15.160) <nil> 8
}

func ExampleRelease() {
	a, b := kernel.MustParse("6.12.9"), kernel.MustParse("6.12.10")
	fmt.Println(a.Compare(b), a == b, a.Series())
	// Output: -1 false 6.12
}

func ExampleRangeError() {
	_, err := kernel.Parse("2.6.18-398.el5")
	var e *kernel.RangeError
	if errors.As(err, &e) {
		fmt.Println(err)
		fmt.Println("nearest:", e.Nearest)
	}
	// Output:
	// kernel: release "2.6.18-398.el5" is older than 2.6.32, the first release covered
	// nearest: 2.6.32
}

func ExampleVendor() {
	fmt.Println(kernel.MustParse("6.1.102-108.177.amzn2023.x86_64").Vendor())
	// Output: Amazon Linux
}

func ExampleReadRelease() {
	proc := fstest.MapFS{ // os.DirFS("/proc") on a live system
		"sys/kernel/osrelease": {Data: []byte("5.15.0-119-generic\n")},
		"version_signature":    {Data: []byte("Ubuntu 5.15.0-119.129-generic 5.15.160\n")},
	}
	r, err := kernel.ReadRelease(proc)
	fmt.Println(r, err)
	// Output: 5.15.0-119-generic (5.15.160) <nil>
}

// A vendor's kernel: the nearest release, and by hand what is known to differ.
func ExampleSemantics() {
	s := kernel.MustParse("4.9.100-default").Semantics()
	if c, ok := kernel.ChangeByID("accept-full-alone"); ok {
		c.Apply(&s) // the package's changelog says so
	}
	fmt.Println(s.Valid(), s.AcceptFullNeedsYoung)
	// Output: true false
}

func ExampleSYNQueueRule() {
	for _, name := range []string{"3.10.108", "5.10.223", "6.12.107"} {
		switch kernel.MustParse(name).Semantics().SYNQueue {
		case kernel.SYNQueuePowerOfTwo:
			fmt.Println(name, "rounds up to a power of two")
		case kernel.SYNQueueBacklog:
			fmt.Println(name, "holds as many as the backlog")
		case kernel.SYNQueueAboveBacklog:
			fmt.Println(name, "holds one more than the backlog")
		}
	}
	// Output:
	// 3.10.108 rounds up to a power of two
	// 5.10.223 holds as many as the backlog
	// 6.12.107 holds one more than the backlog
}

func ExampleRecycleRule() {
	fmt.Println(kernel.MustParse("4.12").Semantics().Recycle == kernel.RecycleGone)
	// Output: true
}

func ExampleFloodLogRule() {
	fmt.Println(kernel.MustParse("6.1").Semantics().FloodLog == kernel.FloodLogOnceUnlessAlways)
	// Output: true
}

func ExampleWheelRule() {
	fmt.Println(kernel.MustParse("4.8").Semantics().Wheel == kernel.WheelCoarse)
	// Output: true
}

// The gate of 5.4.0 to 5.4.4 and of 4.19 wraps with the jiffies.
func ExampleCookieGateRule() {
	for _, name := range []string{"5.4.4", "5.4.5"} {
		fmt.Println(name, kernel.MustParse(name).Semantics().CookieGate == kernel.CookieGateWraps)
	}
	// Output:
	// 5.4.4 true
	// 5.4.5 false
}

func ExampleCookieMSSRule() {
	fmt.Println(kernel.MustParse("3.10.0-1160.el7.x86_64").Semantics().CookieMSS == kernel.CookieMSS536To1460)
	// Output: true
}

func ExampleDropReasonRule() {
	fmt.Println(kernel.MustParse("5.15").Semantics().DropReasons == kernel.DropReasonsNone)
	// Output: true
}

func ExampleChange() {
	c, _ := kernel.ChangeByID("cookie-gate-between")
	fmt.Println(c.Where())
	fmt.Println(c.Evidence)
	has, known := kernel.MustParse("5.4.5").Has(c)
	fmt.Println(has, known)
	// Output:
	// 5.5, 5.4.5, 5.3.18, 4.19.91, 4.14.160, 4.9.207, 4.4.207
	// observed: 4.19.78 has not; both ends of the window on 5.10.223, 5.10.262, 6.1.170, 6.1.192, 6.12.95, 6.12.117, 7.2.13
	// true true
}

// What an upgrade takes away: 6.12.107 carries a change of 7.2, 6.13 does not.
func ExampleDiff() {
	_, lost := kernel.Diff(kernel.MustParse("6.12.107"), kernel.MustParse("6.13"))
	for _, c := range lost {
		if c.Package == "queue" {
			fmt.Println(c)
		}
	}
	// Output:
	// request-rst-exact (7.2, 7.1.6, 6.18.42, 6.12.105, 6.6.153, 6.1.191, perhaps 5.15.0 or later, perhaps 5.10.263 or later): An in-window RST that is not exactly the next sequence number gets a challenge ACK and no longer kills the request.
}

func ExampleBackport() {
	fmt.Println(kernel.Backport{Stream: "6.12", Lacks: 9, Has: 10})
	fmt.Println(kernel.Backport{Stream: "4.14", Lacks: 0, Has: 74}) // which of them, nobody has read
	// Output:
	// 6.12.10
	// 4.14.1 to 4.14.74
}

func ExampleSysctls() {
	r := kernel.MustParse("5.10.223")
	s, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 512 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Somaxconn, s.TCPMaxSynBacklog, s.TCPSyncookies)
	s.TCPSyncookies = 256
	fmt.Println(s.Validate(r.Semantics()))
	// Output:
	// 4096 128 1
	// kernel: net.ipv4.tcp_syncookies = 256: this kernel takes 0 to 255
}

func ExampleSysctl() {
	c, _ := kernel.SysctlByName("net.core.somaxconn")
	fmt.Println(c.Meaning)
	for _, name := range []string{"4.0", "4.1"} {
		lo, hi := c.Range(kernel.MustParse(name).Semantics())
		fmt.Printf("%s: %d to %d\n", name, lo, hi)
	}
	// Output:
	// The most that listen() accepts as backlog.
	// 4.0: 0 to 65535
	// 4.1: 0 to 2147483647
}

// The same 24 GiB give other defaults since 5.4.
func ExampleMachine() {
	m := kernel.Machine{MemoryBytes: 24 << 30}
	for _, name := range []string{"5.3", "5.4"} {
		r := kernel.MustParse(name)
		s, _ := kernel.Defaults(r, m)
		fmt.Println(name, m.EstablishedBuckets(r.Semantics()), s.TCPMaxSynBacklog)
	}
	// Output:
	// 5.3 262144 1024
	// 5.4 262144 2048
}

func ExampleReadSysctls() {
	proc := fstest.MapFS{ // os.DirFS("/proc/sys") on a live system
		"net/core/somaxconn":           {Data: []byte("1024\n")},
		"net/ipv4/tcp_max_syn_backlog": {Data: []byte("512\n")},
	}
	s, unread, err := kernel.ReadSysctls(proc, kernel.Sysctls{TCPSyncookies: 1})
	fmt.Println(s.Somaxconn, s.TCPMaxSynBacklog, s.TCPSyncookies, err)
	fmt.Println("kept:", unread[0])
	// Output:
	// 1024 512 1 <nil>
	// kept: net.ipv4.tcp_syncookies
}

func ExampleParseSysctls() {
	text := `net.core.somaxconn = 1024
net.core.wmem_max = 212992
sysctl: permission denied on key "net.ipv4.tcp_fastopen_key"
net/ipv4/tcp_syncookies=2
`
	s, unread, err := kernel.ParseSysctls(strings.NewReader(text), kernel.Sysctls{})
	fmt.Println(s.Somaxconn, s.TCPSyncookies, err)
	fmt.Println("not given:", unread[0])
	_, _, err = kernel.ParseSysctls(strings.NewReader("net.core.somaxconn = many"), s)
	fmt.Println(err)
	// Output:
	// 1024 2 <nil>
	// not given: net.ipv4.tcp_max_syn_backlog
	// kernel: line 1: net.core.somaxconn: "many" is not a number of 32 bits
}

func ExampleCounter() {
	c, err := kernel.ParseCounter("TcpExtListenDrops")
	fmt.Println(c, c.Prefix(), err)
	// Output: ListenDrops TcpExt <nil>
}

func ExampleCounterSet() {
	s := kernel.CountersOf(kernel.ListenOverflows, kernel.ListenDrops)
	fmt.Println(s, s.Has(kernel.OutRsts))
	// Output: ListenOverflows, ListenDrops false
}

func ExampleCounters() {
	var total kernel.Counters
	total.Raise(kernel.CountersOf(kernel.ListenOverflows, kernel.ListenDrops))
	before := total
	total.Raise(kernel.CountersOf(kernel.ListenDrops))
	fmt.Println(total)
	fmt.Println(total.Sub(before))
	// Output:
	// ListenOverflows 1, ListenDrops 2
	// ListenDrops 1
}

// A timer of 60 s fires up to 2.048 s late at HZ=250.
func ExampleClock() {
	c, err := kernel.NewClock(kernel.MustParse("5.10.223").Semantics(), 250)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, latest := c.TimerBounds(time.Minute, kernel.TimerSlack)
	fmt.Println(latest)
	fmt.Println(c.TimerExpiry(10*time.Second, time.Minute, kernel.TimerSlack) - 10*time.Second)
	// Output:
	// 1m2.048s
	// 1m0.624s
}

// Before 4.8, slack moves a timer to a rounder jiffy, if it is armed so.
func ExampleTimerKind() {
	c, _ := kernel.NewClock(kernel.MustParse("3.10.108").Semantics(), 1000)
	fmt.Println(c.TimerExpiry(0, 10*time.Second, kernel.TimerExact))
	fmt.Println(c.TimerExpiry(0, 10*time.Second, kernel.TimerSlack))
	// Output:
	// 10s
	// 10.016s
}

// The range of local ports, as it stands in /proc/sys. The zero PortRange is the kernel's
// default.
func ExamplePortRange() {
	s, _, err := kernel.ParseSysctls(strings.NewReader("net.ipv4.ip_local_port_range = 1024\t65535\nnet.ipv4.ip_local_reserved_ports = 8080,9000-9010"), kernel.Sysctls{})
	list, _ := kernel.ParsePortList(s.IPLocalReservedPorts)
	fmt.Println(s.IPLocalPortRange.Size(), list[1].Size(), err)
	for _, release := range []string{"4.1", "4.2"} {
		sem := kernel.MustParse(release).Semantics()
		var none kernel.Sysctls
		fmt.Println(release, none.LocalPorts(&sem).Size())
	}
	// Output:
	// 64512 11 <nil>
	// 4.1 28233
	// 4.2 28232
}
