package portalloc

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// A Reach is when a search for a port comes to a given one.
type Reach uint8

const (
	OutOfReach Reach = iota + 1 // it is outside the range, reserved, or left out
	AnyPass                     // at a place in the order that is as good as random
	FirstPass                   // in the first pass, with every second port
	SecondPass                  // in the second pass: only when the ports of the first are in use
)

var reachNames = [...]string{OutOfReach: "never", AnyPass: "anytime", FirstPass: "in the first pass", SecondPass: "in the second pass"}

// String says when.
func (r Reach) String() string { return words.Name("Reach", reachNames[:], uint8(r)) }

// ConnectReach tells when connect() of a socket without options comes to a port. A
// server, or a test, that listens on a fixed port collides with connections that found it
// unless the answer is [OutOfReach]: choose it outside of ip_local_port_range, or put it on
// ip_local_reserved_ports. From 4.6 on a port of the other parity than the range's lower
// bound is taken only when half of all ports are in use to one destination.
//
// Evidence: observed on 3.10.108, 5.10.223, 6.18.44.
func ConnectReach(sem *kernel.Semantics, sys *kernel.Sysctls, port uint16) Reach {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	r := sys.LocalPorts(sem)
	switch {
	case excluded(sem, sys, r, port, sem.PortSearch == kernel.PortSearchParity):
		return OutOfReach
	case sem.PortSearch != kernel.PortSearchParity:
		return AnyPass
	case (int(port)-r.Low)%2 == 0:
		return FirstPass
	}
	return SecondPass
}

// BindReach tells when bind() to port 0 of a socket without options comes to a port: from
// 4.6 on in the opposite order.
//
// Evidence: observed on 3.10.108, 5.10.223, 6.18.44.
func BindReach(sem *kernel.Semantics, sys *kernel.Sysctls, port uint16) Reach {
	sem, sys = given.Kernel(sem), given.Sysctls(sys)
	r := sys.LocalPorts(sem)
	switch {
	case excluded(sem, sys, r, port, sem.BindOddFirst):
		return OutOfReach
	case !sem.BindOddFirst:
		return AnyPass
	case r.Size() == 1 || (int(port)-r.Low)%2 != 0:
		return FirstPass
	}
	return SecondPass
}

// excluded reports whether no search comes to a port. Of three ports, those that go by
// parity leave out the highest in each call.
func excluded(sem *kernel.Semantics, sys *kernel.Sysctls, r kernel.PortRange, port uint16, parity bool) bool {
	if !r.Contains(int(port)) || parity && r.Size() == 3 && int(port) == r.High {
		return true
	}
	list, _ := kernel.ParsePortList(sys.IPLocalReservedPorts)
	for _, reserved := range list {
		if sem.ReservedPorts && reserved.Contains(int(port)) {
			return true
		}
	}
	return false
}
