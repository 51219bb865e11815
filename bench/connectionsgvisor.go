package main

import (
	"net"
	"net/netip"
	"runtime"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/link/loopback"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// gvisorLoopback is gVisor's network stack with its loopback device, used as a program in Go does.
type gvisorLoopback struct {
	stack    *stack.Stack
	listener *gonet.TCPListener
}

func (p *gvisorLoopback) begin() (err error) {
	if p.stack, err = gvisorStack(loopback.New(), tcpip.AddrFrom4([4]byte{127, 0, 0, 1}), 8); err != nil {
		return err
	}
	p.listener, err = gonet.ListenTCP(p.stack, tcpip.FullAddress{Port: 80}, ipv4.ProtocolNumber)
	return err
}

func (p *gvisorLoopback) run(f func() error) error { return f() }

func (p *gvisorLoopback) connection(to netip.AddrPort) error {
	c, a, err := p.pair(to)
	if err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	return a.Close()
}

func (p *gvisorLoopback) pair(to netip.AddrPort) (c *gonet.TCPConn, a net.Conn, err error) {
	c, err = gonet.DialTCP(p.stack, tcpip.FullAddress{Addr: tcpip.AddrFrom4(to.Addr().As4()), Port: to.Port()}, ipv4.ProtocolNumber)
	if err != nil {
		return nil, nil, err
	}
	a, err = p.listener.Accept()
	return c, a, err
}

func (p *gvisorLoopback) end() {
	p.listener.Close()
	p.stack.Destroy()
}

// gvisorTimeWait is what gVisor keeps of connections in TIME-WAIT. It has no way to insert one.
type gvisorTimeWait struct {
	gvisorLoopback
	bytes float64
}

// gvisorEntries are enough to measure their memory.
const gvisorEntries = 2000

func newGvisorTimeWait(scale) (worker, error) {
	w := &gvisorTimeWait{}
	if err := w.begin(); err != nil {
		return nil, err
	}
	var peers []net.Conn
	before := heap()
	for n := range gvisorEntries {
		c, a, err := w.pair(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, byte(1 + n%destinations)}), 80))
		if err != nil {
			return nil, err
		}
		if err := c.Close(); err != nil {
			return nil, err
		}
		peers = append(peers, a)
	}
	for _, a := range peers {
		if err := a.Close(); err != nil {
			return nil, err
		}
	}
	clear(peers)
	time.Sleep(200 * time.Millisecond) // its threads do the rest
	w.bytes = (heap() - before) / gvisorEntries
	runtime.KeepAlive(w)
	return w, nil
}

func (w *gvisorTimeWait) EntryBytes() float64  { return w.bytes }
func (w *gvisorTimeWait) Do(int, *meter) error { return nil }
func (w *gvisorTimeWait) Close()               { w.end() }
