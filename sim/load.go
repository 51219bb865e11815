package sim

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
)

// A Load is one server and very many users, each of whom connects once, from an address and port of its own,
// and waits until the server closes. It is what a planner asks about most, and for it there is a way that
// skips what cannot matter: [Load.Run] keeps the server's listener (package queue) and only counts the rest, its
// TIME-WAIT entries among them ([timewait.Crowd]), so that an hour at 50,000 connections a second takes
// two minutes and 10 MB. [Load.RunWorld] does the same in a full world, and tests hold the reports against each other.
//
// What is skipped: the users' host, but for the timer of its SYNs and its answers to SYN-ACKs; full sockets,
// which here see nothing but a FIN each way; ports.
type Load struct {
	Seed uint64 // what everything random comes from, as in [Config]
	// Sample is the pause between two samples of the server; 0 takes none.
	Sample time.Duration
	// For is how long it runs.
	For time.Duration

	// Server is the server's host. Its first address is what it listens at, and has to be one of IPv4;
	// tcp_tw_recycle must not be set, because it looks at what was remembered of a host. With tcp_syncookies 0,
	// when the last quarter of tcp_max_syn_backlog is kept for hosts that are remembered, each user has an address
	// of its own and nobody is: 16,777,216 users at most.
	Server host.Config
	// Program is what runs there. Its Node and the address of At are not looked at, a port of 0 means 80;
	// CloseFirst has to be set, and Abort must not be.
	Program Server

	// Users is the kernel of the users: Semantics, Sysctls and HZ count.
	Users host.Config
	// Arrivals are when they come, Count ends them early; 0 does not.
	Arrivals Arrivals
	Count    int
	// Timeout is how long one waits for connect(); 0 means as long as its kernel does. It has to be longer
	// than a round trip.
	Timeout time.Duration
	// Delay is the time of one way, less than 50 ms: the server's retransmission timeout of 200 ms is
	// never to fire.
	Delay time.Duration

	// Progress is called at each sample. nil: not.
	Progress func(at time.Duration)
}

// mostAddresses is how many addresses there are for users.
const mostAddresses = 1 << 24

// perAddress is how many connections come from one address before the next has its turn.
func (l *Load) perAddress() uint64 {
	if l.Server.Sysctls.TCPSyncookies == 0 {
		return 1 // one user must not prove the next
	}
	return 60000
}

// user returns the address and port of the n-th connection, from 1.
func user(n, perAddress uint64) netip.AddrPort {
	i, port := (n-1)/perAddress, (n-1)%perAddress
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{100, 64 + byte(i>>16), byte(i >> 8), byte(i)}), uint16(1024+port))
}

// numberOf is the inverse of user.
func numberOf(a netip.AddrPort, perAddress uint64) uint64 {
	b := a.Addr().As4()
	return (uint64(b[1]-64)<<16|uint64(b[2])<<8|uint64(b[3]))*perAddress + uint64(a.Port()-1024) + 1
}

// at is where the server listens.
func (l *Load) at() netip.AddrPort {
	port := l.Program.At.Port()
	if port == 0 {
		port = 80
	}
	return netip.AddrPortFrom(l.Server.Addrs[0], port)
}

// check reports what a Load cannot do.
func (l *Load) check() error {
	p := l.Program
	switch {
	case len(l.Server.Addrs) == 0 || !l.Server.Addrs[0].Is4():
		return errors.New("sim: Load.Server: its first address has to be one of IPv4")
	case !l.Server.Semantics.Valid() || !l.Users.Semantics.Valid():
		return errors.New("sim: Load.Server and Load.Users need the Semantics of a kernel")
	case l.Server.Sysctls.TCPTwRecycle != 0:
		return errors.New("sim: Load.Server: with tcp_tw_recycle 1 the memory of hosts matters: use a World")
	case !p.CloseFirst || p.Abort || p.Options != (host.Options{}):
		return errors.New("sim: Load.Program: CloseFirst has to be set, Abort and Options must not be: use a World")
	case l.Arrivals == nil || l.Count < 0 || l.For < 0 || l.Sample < 0:
		return errors.New("sim: Load: Arrivals is nil, or a time or number is negative")
	case l.Delay < 0 || l.Delay >= 50*time.Millisecond:
		return fmt.Errorf("sim: Load.Delay %v is not from 0 to below 50 ms", l.Delay)
	case l.Timeout < 0 || l.Timeout > 0 && l.Timeout <= 2*l.Delay:
		return fmt.Errorf("sim: Load.Timeout %v is not longer than the round trip, %v", l.Timeout, 2*l.Delay)
	}
	if users := mostAddresses * l.perAddress(); uint64(l.Count) > users {
		return fmt.Errorf("sim: Load.Count %d: there are addresses for %d users", l.Count, users)
	}
	return p.check()
}

// World returns the full world of the load, at time 0. It needs a Count, for which its users' host has
// addresses. That host is one, where a Load has many: the limit on challenge ACKs of kernels from 3.6 to 5.19
// is then the limit of all users together.
func (l Load) World() (*World, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if l.Count == 0 {
		return nil, errors.New("sim: Load.Count is 0: a full world needs to know how many users to have addresses for")
	}
	w := New(Config{Seed: l.Seed, Sample: l.Sample})
	server, err := w.AddNode("server", l.Server, 0)
	if err != nil {
		return nil, err
	}
	users := l.Users
	users.Addrs = nil
	each := l.perAddress()
	for n := uint64(1); n <= uint64(l.Count); n += each {
		users.Addrs = append(users.Addrs, user(n, each).Addr())
	}
	client, err := w.AddNode("users", users, 0)
	if err != nil {
		return nil, err
	}
	if err := w.Join(client, server, Path{Delay: l.Delay}); err != nil {
		return nil, err
	}
	program := l.Program
	program.Name, program.Node, program.At = l.name(), server, l.at()
	if _, err := w.AddServer(program); err != nil {
		return nil, err
	}
	_, err = w.AddClient(Client{
		Name: "users", Node: client, To: []netip.AddrPort{l.at()}, from: func(n int) netip.AddrPort { return user(uint64(n), each) },
		Arrivals: l.Arrivals, Count: l.Count, Timeout: l.Timeout,
	})
	return w, err
}

func (l *Load) name() string {
	if l.Program.Name == "" {
		return "server"
	}
	return l.Program.Name
}

// RunWorld runs the load in a full world and returns its report, without what is in it of the users' host.
func (l Load) RunWorld() (Report, error) {
	w, err := l.World()
	if err != nil {
		return Report{}, err
	}
	if err := w.Run(l.For); err != nil {
		return Report{}, err
	}
	r := w.Report()
	r.Nodes = r.Nodes[:1]
	var samples []Sample
	for _, s := range r.Samples {
		if s.Node == "server" {
			samples = append(samples, s)
		}
	}
	r.Samples = samples
	return r, nil
}
