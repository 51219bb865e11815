package lab

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/wire"
)

// A Listener is a listening socket made with bare system calls, so that the
// backlog is exactly what the experiment says.
type Listener struct {
	l    *Lab
	FD   int
	Port int
}

// Listen opens a listening socket on 10.0.0.1. Each of before is called on
// the socket ahead of bind(2).
func (l *Lab) Listen(port, backlog int, before ...func(fd int) error) *Listener {
	family, addr := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: port, Addr: Server})
	if l.V6 {
		a := &unix.SockaddrInet6{Port: port}
		copy(a.Addr[:], wire.Prefix[:])
		copy(a.Addr[12:], Server[:])
		family, addr = unix.AF_INET6, a
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		panic(err)
	}
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	for _, f := range before {
		if err := f(fd); err != nil {
			panic(err)
		}
	}
	err = unix.Bind(fd, addr)
	for i := 0; err == unix.EADDRNOTAVAIL && i < 400; i++ { // a new IPv6 address is tentative
		time.Sleep(5 * time.Millisecond)
		err = unix.Bind(fd, addr)
	}
	if err != nil {
		panic(fmt.Sprintf("bind %d: %v", port, err))
	}
	s := &Listener{l, fd, port}
	if err := s.Again(backlog); err != nil {
		panic(fmt.Sprintf("listen(%d): %v", backlog, err))
	}
	return s
}

// Again calls listen(2) with another backlog.
func (s *Listener) Again(backlog int) error {
	_, _, e := unix.Syscall(unix.SYS_LISTEN, uintptr(s.FD), uintptr(backlog), 0)
	if e != 0 {
		return e
	}
	return nil
}

// Accept takes a connection off the queue; it does not wait.
func (s *Listener) Accept() (fd int, err error) {
	fd, _, err = unix.Accept4(s.FD, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	return fd, err
}

// Close closes the listening socket.
func (s *Listener) Close() { unix.Close(s.FD) }

// States and RQ are those of the lab for the listener's port.
func (s *Listener) States() map[string]int { return s.l.States(s.Port) }

// RQ is the accept queue's length in /proc/net/tcp.
func (s *Listener) RQ() int { return s.l.RQ(s.Port) }
