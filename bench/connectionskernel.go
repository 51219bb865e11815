package main

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// kernelLoopback is the running kernel, in a namespace.
type kernelLoopback struct {
	ns       *namespace
	listener int
}

func (p *kernelLoopback) begin() (err error) {
	p.ns, err = enter(func() (err error) {
		p.listener, err = listenTCP(unix.SockaddrInet4{Port: 80}, deep)
		return err
	})
	return err
}

func (p *kernelLoopback) run(f func() error) error { return p.ns.do(f) }

func (p *kernelLoopback) connection(to netip.AddrPort) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	accepted, _, err := unix.Accept4(p.listener, unix.SOCK_CLOEXEC)
	if err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	if err := unix.Shutdown(fd, unix.SHUT_WR); err != nil { // its FIN is the first
		return fmt.Errorf("shutdown: %w", err)
	}
	return unix.Close(accepted)
}

func (p *kernelLoopback) end() {
	unix.Close(p.listener)
	p.ns.leave()
}
