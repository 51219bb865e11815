package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// gvisorStack is one of gVisor's network stacks for IPv4 and TCP, with a device and an address.
func gvisorStack(device stack.LinkEndpoint, addr tcpip.Address, prefix int) (*stack.Stack, error) {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	if err := s.CreateNIC(1, device); err != nil {
		return nil, errors.New(err.String())
	}
	at := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: tcpip.AddressWithPrefix{Address: addr, PrefixLen: prefix}}
	if err := s.AddProtocolAddress(1, at, stack.AddressProperties{}); err != nil {
		return nil, errors.New(err.String())
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: 1}})
	return s, nil
}

// gvisorListener is a listening endpoint of gVisor, at a device that is a channel. It works on threads of its own, so
// every step waits for what it brings about.
type gvisorListener struct {
	packets
	stack    *stack.Stack
	device   *channel.Endpoint
	ep       tcpip.Endpoint
	wq       waiter.Queue
	readable <-chan struct{}
	eps      []tcpip.Endpoint
	drops    uint64
}

func (p *gvisorListener) begin(k admission) (err error) {
	p.device = channel.New(4*volley, 1500, "")
	if p.stack, err = gvisorStack(p.device, tcpip.AddrFrom4(source.As4()), 8); err != nil {
		return err
	}
	var e tcpip.Error
	if p.ep, e = p.stack.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, &p.wq); e != nil {
		return errors.New(e.String())
	}
	entry, readable := waiter.NewChannelEntry(waiter.ReadableEvents)
	p.wq.EventRegister(&entry)
	p.readable = readable
	if e := p.ep.Bind(tcpip.FullAddress{Addr: tcpip.AddrFrom4(source.As4()), Port: 80}); e != nil {
		return errors.New(e.String())
	}
	if e := p.ep.Listen(k.backlog() + 1); e != nil { // as its listen() does
		return errors.New(e.String())
	}
	if k == cookie {
		// Not by filling its queue: it would send SYN-ACKs again all the time, on threads of its own.
		always := tcpip.TCPAlwaysUseSynCookies(true)
		if e := p.stack.SetTransportProtocolOption(tcp.ProtocolNumber, &always); e != nil {
			return errors.New(e.String())
		}
	}
	if err := fill(p, &p.packets, k); err != nil || k != dropped {
		return err
	}
	for until := time.Now().Add(10 * time.Second); p.stack.Stats().TCP.PassiveConnectionOpenings.Value() <= shallow; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			return errors.New("the accept queue does not fill")
		}
	}
	return nil
}

func (p *gvisorListener) run(f func() error) error { return f() }

func (p *gvisorListener) send() error {
	for _, b := range p.out {
		if b == nil {
			continue
		}
		pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
		p.device.InjectInbound(ipv4.ProtocolNumber, pkt)
		pkt.DecRef()
	}
	return nil
}

func (p *gvisorListener) receive() error {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	for len(p.answered) < volley {
		pkt := p.device.ReadContext(ctx)
		if pkt == nil {
			return p.all()
		}
		v := pkt.ToView()
		err := p.take(v.AsSlice())
		v.Release()
		pkt.DecRef()
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *gvisorListener) syn(k admission) error {
	if err := p.send(); err != nil {
		return err
	}
	if k != dropped {
		return p.receive()
	}
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Microsecond) {
		n := p.stack.Stats().TCP.ListenOverflowSynDrop.Value() - p.drops
		if n == volley {
			p.drops += n
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d of %d SYNs were dropped", n, volley)
		}
	}
}

func (p *gvisorListener) between() error {
	p.acks(volley)
	return nil
}

func (p *gvisorListener) finish() error {
	if err := p.send(); err != nil {
		return err
	}
	for len(p.eps) < volley {
		ep, _, err := p.ep.Accept(nil)
		if _, ok := err.(*tcpip.ErrWouldBlock); ok {
			select {
			case <-p.readable:
				continue
			case <-time.After(10 * time.Second):
			}
		}
		if err != nil {
			return fmt.Errorf("accept: %s", err)
		}
		p.eps = append(p.eps, ep)
	}
	return nil
}

func (p *gvisorListener) after(k admission) error {
	if k == accepted {
		p.resets()
		if err := p.send(); err != nil {
			return err
		}
		for _, ep := range p.eps {
			ep.Close()
		}
		p.eps = p.eps[:0]
	}
	p.device.Drain()
	return nil
}

func (p *gvisorListener) end() {
	p.ep.Close()
	p.stack.Destroy()
}
