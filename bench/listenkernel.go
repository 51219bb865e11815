package main

import (
	"fmt"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/netns"
)

// kernelListener is the running kernel's, in a namespace with a TUN device at which the peers are. What a segment
// brings about has happened when it is written.
type kernelListener struct {
	packets
	ns       *namespace
	tun      int
	listener int
	fds      []int
	buf      [2048]byte
}

func (p *kernelListener) begin(k admission) (err error) {
	p.ns, err = enter(func() (err error) {
		if p.tun, err = netns.OpenTUN(source.As4()); err != nil {
			return err
		}
		at := unix.SockaddrInet4{Port: 80, Addr: source.As4()}
		p.listener, err = listenTCP(at, k.backlog())
		return err
	})
	if err != nil {
		return err
	}
	return p.run(func() error { return fill(p, &p.packets, k) })
}

func (p *kernelListener) run(f func() error) error { return p.ns.do(f) }

func (p *kernelListener) send() error {
	for _, b := range p.out {
		if b == nil {
			continue
		}
		if _, err := unix.Write(p.tun, b); err != nil {
			return fmt.Errorf("%s: %w", netns.Device, err)
		}
	}
	return nil
}

func (p *kernelListener) receive() error {
	for {
		n, err := unix.Read(p.tun, p.buf[:])
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", netns.Device, err)
		}
		if err := p.take(p.buf[:n]); err != nil {
			return err
		}
	}
}

func (p *kernelListener) syn(k admission) error {
	if err := p.send(); err != nil {
		return err
	}
	return p.receive()
}

func (p *kernelListener) between() error {
	if err := p.all(); err != nil {
		return err
	}
	p.acks(volley)
	return nil
}

func (p *kernelListener) finish() error {
	if err := p.send(); err != nil {
		return err
	}
	for range volley {
		fd, _, err := unix.Accept4(p.listener, unix.SOCK_CLOEXEC)
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		p.fds = append(p.fds, fd)
	}
	return nil
}

func (p *kernelListener) after(k admission) error {
	switch k {
	case cookie:
		return p.all()
	case dropped:
		return p.none()
	}
	for _, fd := range p.fds {
		if err := reset(fd); err != nil {
			return err
		}
	}
	p.fds = p.fds[:0]
	for { // the RSTs are nobody's answers
		if _, err := unix.Read(p.tun, p.buf[:]); err != nil {
			return nil
		}
	}
}

func (p *kernelListener) end() {
	unix.Close(p.listener)
	unix.Close(p.tun)
	p.ns.leave()
}
