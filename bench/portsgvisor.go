package main

import (
	"crypto/rand"
	"errors"

	gvisorrand "gvisor.dev/gvisor/pkg/rand"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// gvisorPorts is gVisor's port manager, asked as connect() of its endpoints asks it: try one port after the other from a
// random one on.
type gvisorPorts struct {
	manager  *ports.PortManager
	random   gvisorrand.RNG
	reserved []ports.Reservation
}

func (p *gvisorPorts) begin(room, names int) error {
	p.manager, p.random = ports.NewPortManager(), gvisorrand.RNGFrom(rand.Reader)
	if err := p.manager.SetPortRange(lowPort, lowPort+uint16(room)-1); err != nil {
		return errors.New(err.String())
	}
	for range names {
		p.reserved = append(p.reserved, ports.Reservation{
			Networks: []tcpip.NetworkProtocolNumber{ipv4.ProtocolNumber}, Transport: tcp.ProtocolNumber,
			Addr: tcpip.AddrFrom4(source.As4()),
			Dest: tcpip.FullAddress{Addr: tcpip.AddrFrom4(destination.Addr().As4()), Port: destination.Port()},
		})
	}
	return nil
}

func (p *gvisorPorts) free(names []int) error {
	for _, n := range names {
		p.manager.ReleasePort(p.reserved[n])
	}
	return nil
}

func (p *gvisorPorts) open(names []int) error {
	for _, n := range names {
		r := p.reserved[n]
		port, err := p.manager.PickEphemeralPort(p.random, func(port uint16) (bool, tcpip.Error) {
			r.Port = port
			_, err := p.manager.ReservePort(p.random, r, nil)
			return err == nil, nil
		})
		if err != nil {
			return errors.New(err.String())
		}
		p.reserved[n].Port = port
	}
	return nil
}

func (p *gvisorPorts) first(names []int) error  { return p.open(names) }
func (p *gvisorPorts) opened([]int) error       { return nil }
func (p *gvisorPorts) held(int) bool            { return false }
func (p *gvisorPorts) run(f func() error) error { return f() }
func (p *gvisorPorts) end()                     {}
