package portalloc_test

import (
	"fmt"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/portalloc"
)

// What do reserved ports and a listener in the range cost?
func ExamplePool() {
	sem := kernelNamed("6.12")
	reserved, err := kernel.ParsePortList("32768-33767,40000")
	if err != nil {
		fmt.Println(err)
		return
	}
	p := portalloc.Pool{
		Picker: portalloc.ConnectPicks, Range: kernel.DefaultPortRange(*sem), Excluded: reserved, Sources: 1, Destinations: 1,
	}
	fmt.Println(portalloc.UsablePorts(sem, p))
	// Output: 27231 27231 <nil>
}

// Who picks the port decides whether destinations share it.
func ExamplePicker() {
	sem := kernelNamed("6.12")
	p := defaultPool(sem)
	p.Destinations = 3
	for _, p.Picker = range []portalloc.Picker{portalloc.ConnectPicks, portalloc.BindPicks} {
		sure, _, err := portalloc.Capacity(sem, p)
		fmt.Println(p.Picker, "-", sure, err)
	}
	// Output:
	// connect() picks the port - 84696 <nil>
	// bind() to an address picks the port - 28232 <nil>
}

// How long does a connection keep its port? It depends on who closes first.
func ExampleClosing() {
	c := portalloc.Closing{Open: portalloc.Exactly(time.Second), TimeWait: busyTimeWait(kernelNamed("6.12"))}
	for _, c.ServerFirst = range []bool{false, true} {
		hold, err := c.Hold(portalloc.ConnectPicks)
		fmt.Println("server closes first:", c.ServerFirst, "-", hold, err)
	}
	// Output:
	// server closes first: false - 1m1s to 1m3.048s <nil>
	// server closes first: true - 1s <nil>
}

// TIME_WAIT is a span: its timer rounds.
func ExampleSpan() {
	fmt.Println(busyTimeWait(kernelNamed("3.10")), "|", busyTimeWait(kernelNamed("6.12")), "|", portalloc.Exactly(time.Minute))
	// Output: 1m37.5s to 1m52.5s | 1m0s to 1m2.048s | 1m0s
}

// From how many ports on does each connect() examine more than 14,000 candidates?
func ExampleCostPoint() {
	sem := kernelNamed("6.12")
	curve, err := portalloc.CostCurve(sem, defaultPool(sem), 100)
	for _, c := range curve {
		if c.Candidates > 14000 {
			fmt.Printf("%d ports, %.0f %%: %.0f candidates, err %v\n", c.Used, 100*c.Occupancy, c.Candidates, err)
			break
		}
	}
	// Output: 14116 ports, 50 %: 14117 candidates, err <nil>
}
