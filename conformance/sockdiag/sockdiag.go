// Package sockdiag reads the socket tables of a network namespace through NETLINK_SOCK_DIAG,
// which is what ss reads: unlike /proc/net/tcp it passes over empty hash chains, and
// its rows are numbers.
package sockdiag

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// A Row is one socket.
type Row struct {
	State        uint8 // as in the kernel: 1 ESTABLISHED ... 10 LISTEN, 11 CLOSING; 3 for a request
	SPort, DPort uint16
	Src, Dst     [16]byte // an IPv4 address is the first four bytes
	Timer        uint8
	Retrans      uint8
	RQueue       uint32 // ss Recv-Q
	WQueue       uint32 // ss Send-Q
	MemInfo      []uint32
	Unacked      uint32 // tcp_info
	Sacked       uint32
}

// Drops is sk_drops, the d<N> of ss -m; -1 if the kernel did not say.
func (d Row) Drops() int {
	if len(d.MemInfo) < 9 {
		return -1
	}
	return int(d.MemInfo[8])
}

// Extensions are what a row can tell besides, as bits of a request.
const (
	Info      = 1 << 1 // tcp_info
	SkMemInfo = 1 << 6 // sk_meminfo
)

// States of a request.
const (
	AllStates = 0xffffffff
	// TableStates are those in which a socket has a row in /proc/net/tcp: not CLOSE, nor
	// what is only bound, which new kernels list too if asked.
	TableStates = 0xffe &^ (1 << 7)
)

const (
	sockDiagByFamily = 20
)

// A Conn asks about the namespace in which it was opened.
type Conn struct {
	fd  int
	buf []byte
}

// Open opens a netlink socket in this thread's namespace.
func Open() (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	return &Conn{fd, make([]byte, 1<<16)}, nil
}

// Close closes the netlink socket.
func (c *Conn) Close() error { return unix.Close(c.fd) }

// Dump returns the TCP sockets of a family (AF_INET or AF_INET6) in the states of a mask with 1
// << state for each.
func (c *Conn) Dump(family uint8, states uint32, extensions uint8) ([]Row, error) {
	ne := binary.NativeEndian
	req := make([]byte, 16+56)
	ne.PutUint32(req[0:], uint32(len(req)))
	ne.PutUint16(req[4:], sockDiagByFamily)
	ne.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	req[16], req[17], req[18] = family, unix.IPPROTO_TCP, extensions
	ne.PutUint32(req[20:], states)
	if err := unix.Sendto(c.fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	var rows []Row
	for {
		n, _, err := unix.Recvfrom(c.fd, c.buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("sock_diag: %w", err)
		}
		for m := c.buf[:n]; len(m) >= 16; {
			ln, typ := int(ne.Uint32(m)), ne.Uint16(m[4:])
			if ln < 16 || ln > len(m) {
				break
			}
			switch typ {
			case unix.NLMSG_DONE:
				return rows, nil
			case unix.NLMSG_ERROR:
				return rows, fmt.Errorf("sock_diag: %w", unix.Errno(-int32(ne.Uint32(m[16:]))))
			case sockDiagByFamily:
				if ln >= 16+72 {
					rows = append(rows, parse(m[16:ln]))
				}
			}
			m = m[min(len(m), (ln+3)&^3):]
		}
	}
}

func parse(b []byte) Row {
	var d Row
	ne := binary.NativeEndian
	d.State, d.Timer, d.Retrans = b[1], b[2], b[3]
	d.SPort = binary.BigEndian.Uint16(b[4:])
	d.DPort = binary.BigEndian.Uint16(b[6:])
	copy(d.Src[:], b[8:])
	copy(d.Dst[:], b[24:])
	d.RQueue, d.WQueue = ne.Uint32(b[56:]), ne.Uint32(b[60:])
	for a := b[72:]; len(a) >= 4; {
		ln, typ := int(ne.Uint16(a)), ne.Uint16(a[2:])
		if ln < 4 || ln > len(a) {
			break
		}
		v := a[4:ln]
		switch uint32(1) << (typ - 1) {
		case SkMemInfo:
			for ; len(v) >= 4; v = v[4:] {
				d.MemInfo = append(d.MemInfo, ne.Uint32(v))
			}
		case Info:
			if len(v) >= 32 { // struct tcp_info: 8 bytes, then 32-bit words
				d.Unacked, d.Sacked = ne.Uint32(v[24:]), ne.Uint32(v[28:])
			}
		}
		a = a[min(len(a), (ln+3)&^3):]
	}
	return d
}
