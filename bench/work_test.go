package main

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
)

// open opens a side at the small scale, or skips the test where the machine does not allow it.
func open(t *testing.T, s side) worker {
	t.Helper()
	k, err := s.open(small)
	if errors.Is(err, errUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

// Every side of every work does what it is asked, and counts it.
func TestEverySideWorks(t *testing.T) {
	for _, w := range works() {
		for _, s := range w.sides {
			t.Run(w.bench+"/"+s.name, func(t *testing.T) {
				k := open(t, s)
				var m meter
				for _, n := range []int{1, 100} {
					if err := k.Do(n, &m); err != nil {
						t.Fatal(err)
					}
				}
				_, memory := k.(sized)
				if m.ops < 101 && !memory {
					t.Errorf("%d were counted", m.ops)
				}
				if memory && k.(sized).EntryBytes() < 100 {
					t.Errorf("%v bytes an entry", k.(sized).EntryBytes())
				}
				if e, ok := k.(keeper); ok && (e.Entries() < small.live || e.Entries() > 4*small.live) {
					t.Errorf("%d entries", e.Entries())
				}
			})
		}
	}
}

// Between batches as many ports are in use as the name says.
func TestPortsInUse(t *testing.T) {
	for _, percent := range []float64{0, 50, 99.9} {
		want := map[float64]int{0: 0, 50: small.ports / 2, 99.9: small.ports - batch}[percent]
		p := open(t, side{open: func(sc scale) (worker, error) { return newPicker(&modelPorts{}, sc, percent) }}).(*picker)
		g := open(t, side{open: func(sc scale) (worker, error) { return newPicker(&gvisorPorts{}, sc, percent) }}).(*picker)
		for _, k := range []*picker{p, g} {
			if err := k.Do(10*batch, &meter{}); err != nil {
				t.Fatal(err)
			}
			if open := len(k.names) - batch; open != want {
				t.Errorf("%v %%: %d open, not %d", percent, open, want)
			}
		}
		if got, _ := p.pool.(*modelPorts).a.Len(); got != want {
			t.Errorf("%v %%: %d ports in use, not %d", percent, got, want)
		}
		// gVisor's manager does not tell: it has room for so many more.
		room := 0
		for ; ; room++ {
			if g.pool.open(g.closed()[room%batch:room%batch+1]) != nil {
				break
			}
		}
		if room != small.ports-want {
			t.Errorf("%v %%: gVisor has %d ports left, not %d", percent, room, small.ports-want)
		}
	}
}

// The same of the kernel, also where the connections are spread over file tables.
func TestKernelPortsInUse(t *testing.T) {
	for _, others := range []int{0, 2} {
		ports := &kernelPorts{least: 1 + others}
		k := open(t, side{open: func(sc scale) (worker, error) { return newPicker(ports, sc, 99.9) }}).(*picker)
		if err := k.Do(10*batch, &meter{}); err != nil {
			t.Fatal(err)
		}
		if len(ports.others) != others {
			t.Errorf("%d other file tables, not %d", len(ports.others), others)
		}
		var inUse int
		err := ports.run(func() error {
			text, err := os.ReadFile("/proc/thread-self/net/sockstat")
			for line := range strings.Lines(string(text)) {
				if f := strings.Fields(line); len(f) > 2 && f[0] == "TCP:" {
					inUse, err = strconv.Atoi(f[2])
				}
			}
			return err
		})
		if want := 1 + 2*(small.ports-batch); err != nil || inUse != want {
			t.Errorf("%d sockets in use, not the listener and two for each of %d connections: %v", inUse, small.ports-batch, err)
		}
	}
}

// SYNs that are to be answered with cookies are, and those to be dropped are, for the reason that is meant.
func TestAnswersAreWhatTheyAreCalled(t *testing.T) {
	const n = 10 * volley
	for _, c := range []struct {
		kind    admission
		counter string
	}{{cookie, "SyncookiesSent"}, {dropped, "ListenOverflows"}} {
		k := open(t, side{open: func(scale) (worker, error) { return newAdmitter(&kernelListener{}, c.kind) }}).(*admitter)
		count := func() (n int) {
			err := k.run(func() (err error) { n, err = netstat(c.counter); return err })
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := count()
		if err := k.Do(n, &meter{}); err != nil {
			t.Fatal(err)
		}
		if got := count() - before; got != n {
			t.Errorf("%d SYNs added %d to %s", n, got, c.counter)
		}
	}
	g := &gvisorListener{}
	k := open(t, side{open: func(scale) (worker, error) { return newAdmitter(g, cookie) }})
	before := g.stack.Stats().TCP.ListenOverflowSynCookieSent.Value()
	if err := k.Do(n, &meter{}); err != nil {
		t.Fatal(err)
	}
	if got := g.stack.Stats().TCP.ListenOverflowSynCookieSent.Value() - before; got != n {
		t.Errorf("%d SYNs, and gVisor sent %d cookies", n, got)
	}
}

// After the last peer the first comes again, and is treated as when it came first.
func TestPeersComeAgain(t *testing.T) {
	for _, kind := range []admission{accepted, cookie, dropped} {
		for _, l := range []listener{&modelListener{}, &gvisorListener{}} {
			w := open(t, side{open: func(scale) (worker, error) { return newAdmitter(l, kind) }}).(*admitter)
			if err := w.Do(volley, &meter{}); err != nil {
				t.Error(err)
			}
			w.n = peers - volley
			if err := w.Do(2*volley, &meter{}); err != nil {
				t.Error(err)
			}
			if w.n != volley {
				t.Errorf("the next is number %d", w.n)
			}
		}
	}
}

// netstat is a counter of this thread's network namespace.
func netstat(name string) (int, error) {
	text, err := os.ReadFile("/proc/thread-self/net/netstat")
	if err != nil {
		return 0, err
	}
	var heads []string
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(heads) != len(f) || heads[0] != f[0] {
			heads = f
			continue
		}
		for i, h := range heads {
			if h == name {
				return strconv.Atoi(f[i])
			}
		}
	}
	return 0, errors.New("no counter " + name)
}
