package main

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// kernelPorts is the running kernel: connections over loopback in a namespace. Each takes two files, and a process may
// have too few of them open. So some of the connections are opened by other threads, each with a file table of its own:
// these stay open.
type kernelPorts struct {
	ns       *namespace
	at       unix.SockaddrInet4
	listener int
	clients  []int // files by name, -1 for none
	servers  []int
	others   []chan func() error
	done     chan error
	least    int // file tables, 0 means as many as it takes
}

// tables is over how many file tables the files of so many connections are spread.
func tables(names int) (int, error) {
	const besides = 1000 // what else may be open
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	if l.Cur <= 2*besides {
		return 0, unavailable(fmt.Errorf("only %d files may be open (ulimit -n)", l.Cur))
	}
	return 1 + 2*names/int(l.Cur-besides), nil
}

func (p *kernelPorts) begin(ports, names int) (err error) {
	n, err := tables(names)
	if err != nil {
		return err
	}
	p.at = unix.SockaddrInet4{Port: 80, Addr: [4]byte{127, 0, 0, 1}}
	p.ns, err = enter(func() (err error) {
		if err := sysctl("ipv4/ip_local_port_range", fmt.Sprintf("%d %d", lowPort, lowPort+ports-1)); err != nil {
			return err
		}
		p.listener, err = listenTCP(p.at, 4096)
		return err
	})
	if err != nil {
		return err
	}
	p.clients, p.servers, p.done = make([]int, names), make([]int, names), make(chan error)
	for n := range names {
		p.clients[n], p.servers[n] = -1, -1
	}
	for range max(n, p.least) - 1 {
		if err := p.another(); err != nil {
			p.end()
			return err
		}
	}
	return nil
}

// another starts a thread with a file table of its own. It is gone, with its files, when its channel is closed.
func (p *kernelPorts) another() error {
	var space int
	err := p.run(func() (err error) {
		space, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return unavailable(fmt.Errorf("the network namespace's file: %w", err))
	}
	defer unix.Close(space)
	calls := make(chan func() error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread dies with this function
		err := unix.Setns(space, unix.CLONE_NEWNET)
		if err == nil {
			err = unix.Unshare(unix.CLONE_FILES)
		}
		p.done <- err
		if err != nil {
			return
		}
		for f := range calls {
			p.done <- f()
		}
	}()
	if err := <-p.done; err != nil {
		return unavailable(fmt.Errorf("a thread with files of its own: %w", err))
	}
	p.others = append(p.others, calls)
	return nil
}

// table is the file table of a connection, 0 being the namespace's thread: batch by batch in turn.
func (p *kernelPorts) table(name int) int { return name / batch % (1 + len(p.others)) }

func (p *kernelPorts) held(name int) bool { return p.table(name) != 0 }

func (p *kernelPorts) run(f func() error) error { return p.ns.do(f) }

func (p *kernelPorts) socket(n int) (err error) {
	if p.clients[n], err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	return nil
}

func (p *kernelPorts) first(names []int) error {
	open := func() error {
		for _, n := range names {
			if err := p.socket(n); err != nil {
				return err
			}
		}
		if err := p.open(names); err != nil {
			return err
		}
		return p.opened(names)
	}
	if t := p.table(names[0]); t > 0 {
		p.others[t-1] <- open
		return <-p.done
	}
	return p.run(open)
}

func (p *kernelPorts) free(names []int) error {
	for _, n := range names {
		if err := reset(p.clients[n]); err != nil {
			return err
		}
		if err := unix.Close(p.servers[n]); err != nil {
			return err
		}
		p.servers[n] = -1
		if err := p.socket(n); err != nil {
			return err
		}
	}
	return nil
}

func (p *kernelPorts) open(names []int) error {
	for _, n := range names {
		if err := unix.Connect(p.clients[n], &p.at); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
	}
	return nil
}

// opened accepts them: what a connection costs its server is another matter.
func (p *kernelPorts) opened(names []int) error {
	for _, n := range names {
		fd, _, err := unix.Accept4(p.listener, unix.SOCK_CLOEXEC)
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		p.servers[n] = fd
	}
	return nil
}

func (p *kernelPorts) end() {
	p.run(func() error {
		unix.Close(p.listener)
		for n := range p.clients {
			if p.held(n) || p.clients[n] < 0 {
				continue
			}
			reset(p.clients[n])
			if p.servers[n] >= 0 {
				unix.Close(p.servers[n])
			}
		}
		return nil
	})
	for _, calls := range p.others {
		close(calls)
	}
	p.ns.leave()
}
