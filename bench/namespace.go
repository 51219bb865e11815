package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/netns"
)

// A namespace is a network namespace of the running kernel, with a thread in it that does what it is asked.
type namespace struct {
	asked chan func() error
	done  chan error
	over  chan error
}

// enter makes a namespace with a loopback device and lets set prepare it. That the machine does not allow it is
// errUnavailable.
func enter(set func() error) (*namespace, error) {
	ns := &namespace{make(chan func() error), make(chan error), make(chan error, 1)}
	ready := make(chan struct{})
	go func() {
		ns.over <- netns.Do(runtime.NumCPU()-1, func() error {
			err := netns.WithoutIPv6()
			if err == nil {
				err = netns.UpLoopback()
			}
			if err != nil {
				return unavailable(err)
			}
			if err := set(); err != nil {
				return err
			}
			close(ready)
			for f := range ns.asked {
				ns.done <- f()
			}
			return nil
		})
	}()
	select {
	case <-ready:
		return ns, nil
	case err := <-ns.over:
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOENT) {
			err = unavailable(err)
		}
		return nil, err
	}
}

// do lets the thread do something.
func (ns *namespace) do(f func() error) error {
	ns.asked <- f
	return <-ns.done
}

// leave ends the namespace.
func (ns *namespace) leave() {
	close(ns.asked)
	<-ns.over
}

// sysctl sets one of the thread's namespace.
func sysctl(name, value string) error {
	if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil {
		return unavailable(err)
	}
	return nil
}

// objectSize is how many bytes an object of one of the kernel's slabs takes.
func objectSize(slab string) (float64, error) {
	text, err := os.ReadFile("/proc/slabinfo")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 3 && f[0] == slab {
			return strconv.ParseFloat(f[3], 64)
		}
	}
	return 0, errors.New("/proc/slabinfo does not list it")
}

// listenTCP makes a listening socket that does not block.
func listenTCP(at unix.SockaddrInet4, backlog int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if err := unix.Bind(fd, &at); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("bind: %w", err)
	}
	if err := unix.Listen(fd, backlog); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("listen: %w", err)
	}
	return fd, nil
}

// reset closes a socket with a RST, so that nothing of it is left.
func reset(fd int) error {
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		return fmt.Errorf("SO_LINGER: %w", err)
	}
	return unix.Close(fd)
}
