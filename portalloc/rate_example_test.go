package portalloc_test

import (
	"fmt"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/timewait"
)

// defaultPool is one source, one destination and the default range.
func defaultPool(sem *kernel.Semantics) portalloc.Pool {
	return portalloc.Pool{Picker: portalloc.ConnectPicks, Range: kernel.DefaultPortRange(*sem), Sources: 1, Destinations: 1}
}

// busyTimeWait is how long TIME_WAIT lasts on a busy client.
func busyTimeWait(sem *kernel.Semantics) portalloc.Span {
	lo, hi := timewait.Lifetime(sem, 250, timewait.Length, true)
	return portalloc.Span{Min: lo, Max: hi}
}

// How many outgoing connections per second? A client that opens a connection to one
// destination, uses it for 100 ms and closes it.
func ExampleSustainedRate() {
	for _, release := range []string{"3.10", "4.4", "6.12"} {
		sem := kernelNamed(release)
		c := portalloc.Closing{Open: portalloc.Exactly(100 * time.Millisecond), TimeWait: busyTimeWait(sem)}
		for _, how := range []string{"as it is", "tcp_tw_reuse=1", "server closes first"} {
			c.Reuse, c.ReuseWait = how == "tcp_tw_reuse=1", portalloc.ReuseWait(sem, time.Second)
			c.ServerFirst = how == "server closes first"
			p := defaultPool(sem)
			hold, err := c.Hold(p.Picker)
			if err != nil {
				panic(err)
			}
			sure, most, err := portalloc.SustainedRate(sem, p, hold)
			fmt.Printf("%-4s %-19s %6.0f to %6.0f/s, err %v\n", release, how, sure, most, err)
		}
	}
	// Output:
	// 3.10 as it is               251 to    289/s, err <nil>
	// 3.10 tcp_tw_reuse=1       13444 to  25666/s, err <nil>
	// 3.10 server closes first 282330 to 282330/s, err <nil>
	// 4.4  as it is               470 to    470/s, err <nil>
	// 4.4  tcp_tw_reuse=1       13444 to  25665/s, err <nil>
	// 4.4  server closes first 282320 to 282320/s, err <nil>
	// 6.12 as it is               454 to    470/s, err <nil>
	// 6.12 tcp_tw_reuse=1       25665 to 282320/s, err <nil>
	// 6.12 server closes first 282320 to 282320/s, err <nil>
}

// How long until the first EADDRNOTAVAIL at 500 connections a second, and what keeps it
// away?
func ExampleFirstFailure() {
	sem := kernelNamed("6.12")
	p, hold := defaultPool(sem), busyTimeWait(sem)
	earliest, latest, err := portalloc.FirstFailure(sem, p, hold, 500)
	fmt.Println(earliest, latest, err)
	n, err := portalloc.PortsNeeded(sem, p, hold, 500)
	fmt.Println("ports:", n, err)
	n, err = portalloc.DestinationsNeeded(sem, p, hold, 500)
	fmt.Println("destinations:", n, err)
	n, err = portalloc.SourcesNeeded(sem, p, hold, 500)
	fmt.Println("source addresses:", n, err)
	// Output:
	// 56.464s 56.464s <nil>
	// ports: 31024 <nil>
	// destinations: 2 <nil>
	// source addresses: 2 <nil>
}

// Ports run out although I use ten destinations: the program calls bind() before
// connect().
func ExampleCapacity() {
	sem := kernelNamed("6.12")
	p := defaultPool(sem)
	p.Destinations = 10
	for _, picker := range []portalloc.Picker{portalloc.ConnectPicks, portalloc.BindPicks, portalloc.BindPicksWildcard} {
		p.Picker = picker
		sure, _, err := portalloc.Capacity(sem, p)
		fmt.Printf("%v: %d connections, err %v\n", picker, sure, err)
	}
	p.Picker = portalloc.BindPicks
	_, err := portalloc.DestinationsNeeded(sem, p, busyTimeWait(sem), 1000)
	fmt.Println(err)
	// Output:
	// connect() picks the port: 282320 connections, err <nil>
	// bind() to an address picks the port: 28232 connections, err <nil>
	// bind() to the wildcard address picks the port: 28232 connections, err <nil>
	// portalloc: 1000 connections per second: more destinations do not help, since bind() to an address picks the port and 28232 connections are all
}

// Three ports, two connections.
func ExampleUsablePorts() {
	for _, release := range []string{"4.4", "4.9"} {
		sem := kernelNamed(release)
		p := defaultPool(sem)
		p.Range = kernel.PortRange{Low: 61000, High: 61002}
		fmt.Println(portalloc.UsablePorts(sem, p))
	}
	// Output:
	// 3 3 <nil>
	// 2 2 <nil>
}

// CPU explodes at half the port range.
func ExampleExpectedCandidates() {
	for _, release := range []string{"4.4", "6.12"} {
		sem := kernelNamed(release)
		for _, used := range []int{7000, 14000, 14115, 14116, 20000, 28000, 28232} {
			n, err := portalloc.ExpectedCandidates(sem, defaultPool(sem), used)
			if err != nil {
				panic(err)
			}
			d, err := portalloc.ConnectTime(n, 10*time.Microsecond, 40*time.Nanosecond)
			fmt.Printf("%s: %5d in use: %7.1f candidates, %v, err %v\n", release, used, n, d.Round(time.Microsecond), err)
		}
	}
	// Output:
	// 4.4:  7000 in use:     1.3 candidates, 10µs, err <nil>
	// 4.4: 14000 in use:     2.0 candidates, 10µs, err <nil>
	// 4.4: 14115 in use:     2.0 candidates, 10µs, err <nil>
	// 4.4: 14116 in use:     2.0 candidates, 10µs, err <nil>
	// 4.4: 20000 in use:     3.4 candidates, 10µs, err <nil>
	// 4.4: 28000 in use:   121.2 candidates, 15µs, err <nil>
	// 4.4: 28232 in use: 28232.0 candidates, 1.139ms, err <nil>
	// 6.12:  7000 in use:     2.0 candidates, 10µs, err <nil>
	// 6.12: 14000 in use:   120.7 candidates, 15µs, err <nil>
	// 6.12: 14115 in use:  7058.5 candidates, 292µs, err <nil>
	// 6.12: 14116 in use: 14117.0 candidates, 575µs, err <nil>
	// 6.12: 20000 in use: 14117.7 candidates, 575µs, err <nil>
	// 6.12: 28000 in use: 14176.6 candidates, 577µs, err <nil>
	// 6.12: 28232 in use: 28232.0 candidates, 1.139ms, err <nil>
}

func ExampleCostCurve() {
	sem := kernelNamed("6.12")
	curve, err := portalloc.CostCurve(sem, defaultPool(sem), 8)
	for _, c := range curve {
		fmt.Printf("%.1f %%: %.1f\n", 100*c.Occupancy, c.Candidates)
	}
	fmt.Println(err)
	// Output:
	// 0.0 %: 1.0
	// 12.5 %: 1.3
	// 25.0 %: 2.0
	// 37.5 %: 4.0
	// 50.0 %: 14117.0
	// 62.5 %: 14117.3
	// 75.0 %: 14118.0
	// 87.5 %: 14120.0
	// 100.0 %: 28232.0
	// <nil>
}

func ExampleReuseWait() {
	for _, release := range []string{"4.18", "6.13", "6.14"} {
		fmt.Println(release, portalloc.ReuseWait(kernelNamed(release), time.Second))
	}
	// Output:
	// 4.18 1s to 2s
	// 6.13 0s to 1s
	// 6.14 1s to 1.001s
}
