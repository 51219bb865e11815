package driver

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/script"
)

// These are missing from some versions of package unix.
const (
	ipBindAddressNoPort = 24
	ipLocalPortRange    = 51
	tcpLinger2          = 8
)

// carryOut does everything but wait.
func (d *Driver) carryOut(call script.Call, seen *script.Seen) (err error) {
	switch call.Op {
	case script.OpSegment:
		return d.inject(call.Segment)
	case script.OpFlood:
		return d.flood(call.Flood)
	case script.OpSysctl:
		seen.Errno, err = d.sysctl(call.Sysctl, call.Value)
		return err
	case script.OpSocket:
		err = d.socket(call.Socket, call.Options)
		if errors.Is(err, unix.ENOPROTOOPT) {
			seen.Errno, err = host.ENOPROTOOPT, nil
		}
		return err
	case script.OpAccept:
		return d.accept(call, seen)
	}
	fd, ok := d.sockets[call.Socket]
	if !ok {
		return fmt.Errorf("there is no socket %q", call.Socket)
	}
	switch call.Op {
	case script.OpBind:
		err = unix.Bind(fd, sockaddr(fd, call.Addr))
		seen.Local = local(fd)
	case script.OpListen:
		// Not unix.Listen: some wrappers cap the backlog.
		if _, _, e := unix.RawSyscall(unix.SYS_LISTEN, uintptr(fd), uintptr(call.Backlog), 0); e != 0 {
			err = e
		}
		seen.Local = local(fd)
	case script.OpConnect:
		err = unix.Connect(fd, sockaddr(fd, call.Addr))
		if seen.Local = local(fd); err == nil || err == unix.EINPROGRESS {
			seen.Remote = call.Addr
			if err == nil { // a later call is told how the first one ended, whatever its address
				seen.Remote = remote(fd, call.Addr)
			}
		}
	case script.OpShutdown:
		err = unix.Shutdown(fd, unix.SHUT_WR)
	case script.OpClose:
		delete(d.sockets, call.Socket)
		err = unix.Close(fd)
	case script.OpAbort:
		err = d.abort(call.Socket)
	case script.OpRecv:
		seen.N, err = d.recv(fd)
	case script.OpError:
		var n int
		if n, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && n != 0 {
			err = unix.Errno(n)
		}
	default:
		return fmt.Errorf("operation %d is unknown", call.Op)
	}
	seen.Errno, err = errno(err)
	return err
}

// socket opens a socket that does not wait.
func (d *Driver) socket(name string, o script.Options) error {
	if _, ok := d.sockets[name]; ok {
		return fmt.Errorf("there is a socket %q already", name)
	}
	family := unix.AF_INET
	if o.IPv6 {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	one := func(on bool) int {
		if on {
			return 1
		}
		return 0
	}
	for _, opt := range []struct {
		level, name, value int
		text               string
	}{
		{unix.SOL_SOCKET, unix.SO_REUSEADDR, one(o.ReuseAddr), "SO_REUSEADDR"},
		{unix.SOL_SOCKET, unix.SO_REUSEPORT, one(o.ReusePort), "SO_REUSEPORT"},
		{unix.SOL_IPV6, unix.IPV6_V6ONLY, one(o.V6Only), "IPV6_V6ONLY"},
		{unix.SOL_IP, ipBindAddressNoPort, one(o.BindAddressNoPort), "IP_BIND_ADDRESS_NO_PORT"},
		{unix.SOL_TCP, unix.TCP_DEFER_ACCEPT, o.DeferAccept, "TCP_DEFER_ACCEPT"},
		{unix.SOL_TCP, unix.TCP_SYNCNT, o.SYNCount, "TCP_SYNCNT"},
		{unix.SOL_TCP, tcpLinger2, o.Linger2, "TCP_LINGER2"},
		{unix.SOL_IP, ipLocalPortRange, int(o.RangeLow) | int(o.RangeHigh)<<16, "IP_LOCAL_PORT_RANGE"},
	} {
		if opt.value == 0 {
			continue
		}
		if err := unix.SetsockoptInt(fd, opt.level, opt.name, opt.value); err != nil {
			unix.Close(fd)
			return fmt.Errorf("%s %d: %w", opt.text, opt.value, err)
		}
	}
	d.sockets[name] = fd
	return nil
}

func (d *Driver) accept(call script.Call, seen *script.Seen) error {
	l, ok := d.sockets[call.Listener]
	if !ok {
		return fmt.Errorf("there is no socket %q", call.Listener)
	}
	if _, ok := d.sockets[call.Socket]; ok {
		return fmt.Errorf("there is a socket %q already", call.Socket)
	}
	fd, peer, err := unix.Accept4(l, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	if err == nil {
		d.sockets[call.Socket] = fd
		seen.Local, seen.Remote = local(fd), addrPort(peer)
	}
	seen.Errno, err = errno(err)
	return err
}

// recv takes all there is, with one call unless that is very much: a second one could meet an
// error that belongs to the next step.
func (d *Driver) recv(fd int) (total int, err error) {
	for {
		n, err := unix.Read(fd, d.junk)
		if err != nil {
			if total > 0 {
				return total, nil
			}
			return 0, err
		}
		if total += n; n < len(d.junk) {
			return total, nil
		}
	}
}

// abort closes a socket with a linger time of 0.
func (d *Driver) abort(name string) error {
	fd := d.sockets[name]
	delete(d.sockets, name)
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		unix.Close(fd)
		return err
	}
	return unix.Close(fd)
}

// sockaddr is an address as a socket of its family takes it.
func sockaddr(fd int, a netip.AddrPort) unix.Sockaddr {
	family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err == nil && family == unix.AF_INET6 || !a.Addr().Is4() {
		return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	}
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
}

func addrPort(s unix.Sockaddr) netip.AddrPort {
	switch s := s.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(s.Addr), uint16(s.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(s.Addr), uint16(s.Port))
	}
	return netip.AddrPort{}
}

// local is a socket's own address, if it has a port.
func local(fd int) netip.AddrPort {
	s, err := unix.Getsockname(fd)
	if a := addrPort(s); err == nil && a.Port() != 0 {
		return a
	}
	return netip.AddrPort{}
}

// remote is the address of a socket's peer; unknown stands for one that it has not or not yet.
func remote(fd int, unknown netip.AddrPort) netip.AddrPort {
	s, err := unix.Getpeername(fd)
	if a := addrPort(s); err == nil && a.Port() != 0 {
		return a
	}
	return unknown
}

func sysctlPath(name string) string { return "/proc/sys/" + strings.ReplaceAll(name, ".", "/") }

// flood makes the kernel receive the SYNs of a flood. The device holds some hundred answers, so that they are
// fetched in between.
func (d *Driver) flood(f script.Flood) (err error) {
	for i := range f.N {
		if err = d.inject(f.Segment(i)); err != nil {
			return err
		}
		if i%64 == 63 {
			if d.early, err = d.drain(d.early); err != nil {
				return err
			}
		}
	}
	return nil
}
