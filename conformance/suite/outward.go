package suite

import (
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/lab"
	"example.com/linuxtcp/conformance/wire"
)

// remote is the forged server that the kernel connects to.
var remote = [4]byte{10, 2, 0, 1}

// Two ports to connect from; holdPort takes the first.
const lowPort, highPort = 40000, 40001

func socket() int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		panic(err)
	}
	return fd
}

// holdPort leaves one port for connect() to choose.
func holdPort(l *lab.Lab) (release func()) {
	l.MustSet("net.ipv4.ip_local_port_range", "40000 40001")
	fd := socket()
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: lowPort}); err != nil {
		panic(err)
	}
	return func() { unix.Close(fd) }
}

// An outgoing connection to the forged server; the kernel's end closes first.
type outgoing struct {
	*lab.Peer
	l      *lab.Lab
	fd     int
	port   uint16
	sndNxt uint32
}

// connect starts a connection and returns its SYN. Before is called on the
// socket ahead of connect(2).
func connect(l *lab.Lab, before func(fd int) error) (fd int, syn *wire.Segment, err error) {
	fd = socket()
	if before != nil {
		if err = before(fd); err != nil {
			return fd, nil, err
		}
	}
	if err = unix.Connect(fd, &unix.SockaddrInet4{Port: 443, Addr: remote}); err == unix.EINPROGRESS {
		err = nil
	}
	for _, g := range settle(l) {
		if g.Is(wire.SYN) && g.DPort == 443 {
			syn = &g.Segment
		}
	}
	return fd, syn, err
}

// outward connects and completes the handshake.
func outward(l *lab.Lab, ts bool, before func(fd int) error) *outgoing {
	fd, syn, err := connect(l, before)
	if syn == nil {
		panic("no SYN: " + num(err))
	}
	p := l.Peer(remote, 443, int(syn.SPort))
	p.TS, p.TSVal, p.TSEcr, p.Ack = ts, firstTS, syn.TSVal, syn.Seq+1
	synack := p.Segment(wire.SYN | wire.ACK)
	synack.MSS = 1460
	l.Exchange(synack)
	p.Next++
	return &outgoing{p, l, fd, syn.SPort, 0}
}

// close closes the kernel's end; the peer acknowledges.
func (a *outgoing) close() {
	unix.Close(a.fd)
	absorb(a.Peer, settle(a.l))
	a.l.Inject(a.Segment(wire.ACK))
	a.sndNxt = a.Ack
}

// finish sends the peer's FIN.
func (a *outgoing) finish() {
	a.l.Exchange(a.Segment(wire.FIN | wire.ACK))
	a.Next++
}

// again connects once more; the socket stays open until the namespace ends.
func (a *outgoing) again(before func(fd int) error) (*wire.Segment, error) {
	fd, syn, err := connect(a.l, before)
	defer unix.Close(fd)
	if syn == nil && err == nil {
		for _, g := range a.l.Wait(20 * time.Millisecond) {
			if g.Is(wire.SYN) {
				syn = &g.Segment
			}
		}
	}
	return syn, err
}
