package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"example.com/linuxtcp/conformance/netns"
	"golang.org/x/sys/unix"
)

var server = &unix.SockaddrInet4{Port: 5000, Addr: [4]byte{127, 0, 0, 1}}

// run measures in this thread's network namespace.
func (p *plan) run(out io.Writer) error {
	debug.SetGCPercent(-1) // no pauses; what is allocated here is small
	if err := netns.UpLoopback(); err != nil {
		return err
	}
	value := fmt.Sprintf("%d %d", p.low, p.high)
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte(value), 0); err != nil {
		return err
	}
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(listener)
	if err := errors.Join(unix.Bind(listener, server), unix.Listen(listener, 128)); err != nil {
		return fmt.Errorf("listener: %w", err)
	}
	fmt.Fprintln(out, "round,used,ports,calls,failed,p25_ns,median_ns,p75_ns")
	for round := 1; round <= p.rounds; round++ {
		if err := p.fill(out, listener, round); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
	}
	return nil
}

// fill is one round.
func (p *plan) fill(out io.Writer, listener, round int) error {
	ports := p.high - p.low + 1
	var held garage
	defer held.clear()
	used := 0
	for _, permille := range p.permille {
		for ; used < ports*permille/1000; used++ {
			c, _, err := open(listener)
			if err == nil {
				err = held.park(c.client, c.accepted)
			}
			if err != nil {
				return fmt.Errorf("with %d of %d ports in use: %w", used, ports, err)
			}
		}
		times := make([]time.Duration, p.calls)
		failed := 0
		for i := range times {
			c, took, err := open(listener)
			switch {
			case err == nil:
				c.reset()
			case errors.Is(err, unix.EADDRNOTAVAIL) && used == ports:
				failed++
			default:
				return fmt.Errorf("with %d of %d ports in use: %w", used, ports, err)
			}
			times[i] = took
		}
		slices.Sort(times)
		fmt.Fprintf(out, "%d,%d,%d,%d,%d,%d,%d,%d\n", round, used, ports, p.calls, failed,
			times[len(times)/4], times[len(times)/2], times[len(times)*3/4])
	}
	return nil
}

// A connection is both its ends.
type connection struct{ client, accepted int }

// open makes a connection and tells how long the connect() call took. On the loopback device
// that contains the whole handshake.
func open(listener int) (c connection, took time.Duration, err error) {
	c.client, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return c, 0, err
	}
	// Closing is by a reset, which leaves nothing in TIME_WAIT.
	unix.SetsockoptLinger(c.client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	began := time.Now()
	err = unix.Connect(c.client, server)
	took = time.Since(began)
	if err == nil {
		c.accepted, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	}
	if err != nil {
		unix.Close(c.client)
	}
	return c, took, err
}

// reset closes both ends.
func (c connection) reset() {
	unix.Close(c.client)
	unix.Close(c.accepted)
}
