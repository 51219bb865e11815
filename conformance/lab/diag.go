package lab

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// A Diag is one row of a sock_diag dump: what ss shows.
type Diag struct {
	State        uint8 // 10 is LISTEN, 3 SYN_RECV
	SPort, DPort uint16
	Dst          [4]byte
	Timer        uint8
	Retrans      uint8
	RQueue       uint32 // ss Recv-Q
	WQueue       uint32 // ss Send-Q
	MemInfo      []uint32
	Unacked      uint32 // tcp_info
	Sacked       uint32
}

// Drops is sk_drops, the d<N> of ss -m; -1 if the kernel did not say.
func (d Diag) Drops() int {
	if len(d.MemInfo) < 9 {
		return -1
	}
	return int(d.MemInfo[8])
}

const (
	sockDiagByFamily = 20
	diagInfo         = 2
	diagSkMemInfo    = 7
)

// Diags dumps the TCP sockets of this namespace whose local port is port.
func (l *Lab) Diags(port int) ([]Diag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	defer unix.Close(fd)
	ne := binary.NativeEndian
	req := make([]byte, 16+56)
	ne.PutUint32(req[0:], uint32(len(req)))
	ne.PutUint16(req[4:], sockDiagByFamily)
	ne.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	req[16], req[17] = unix.AF_INET, unix.IPPROTO_TCP
	if l.V6 {
		req[16] = unix.AF_INET6
	}
	req[18] = 1<<(diagInfo-1) | 1<<(diagSkMemInfo-1)
	ne.PutUint32(req[20:], 0xffffffff)
	if err := unix.Sendto(fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	var rows []Diag
	buf := make([]byte, 1<<17)
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return nil, fmt.Errorf("sock_diag: %w", err)
		}
		for m := buf[:n]; len(m) >= 16; {
			ln, typ := int(ne.Uint32(m)), ne.Uint16(m[4:])
			if ln < 16 || ln > len(m) {
				break
			}
			switch typ {
			case unix.NLMSG_DONE:
				return rows, nil
			case unix.NLMSG_ERROR:
				return rows, unix.Errno(-int32(ne.Uint32(m[16:])))
			case sockDiagByFamily:
				if d := parseDiag(m[16:ln]); int(d.SPort) == port {
					rows = append(rows, d)
				}
			}
			m = m[min(len(m), (ln+3)&^3):]
		}
	}
}

func parseDiag(b []byte) Diag {
	var d Diag
	ne := binary.NativeEndian
	d.State, d.Timer, d.Retrans = b[1], b[2], b[3]
	d.SPort = binary.BigEndian.Uint16(b[4:])
	d.DPort = binary.BigEndian.Uint16(b[6:])
	copy(d.Dst[:], b[24:])
	d.RQueue, d.WQueue = ne.Uint32(b[56:]), ne.Uint32(b[60:])
	for a := b[72:]; len(a) >= 4; {
		ln, typ := int(ne.Uint16(a)), ne.Uint16(a[2:])
		if ln < 4 || ln > len(a) {
			break
		}
		v := a[4:ln]
		switch typ {
		case diagSkMemInfo:
			for ; len(v) >= 4; v = v[4:] {
				d.MemInfo = append(d.MemInfo, ne.Uint32(v))
			}
		case diagInfo:
			if len(v) >= 32 { // struct tcp_info: 8 bytes, then 32-bit words
				d.Unacked, d.Sacked = ne.Uint32(v[24:]), ne.Uint32(v[28:])
			}
		}
		a = a[min(len(a), (ln+3)&^3):]
	}
	return d
}

// Diag returns the listener's own row.
func (s *Listener) Diag() (Diag, error) {
	rows, err := s.l.Diags(s.Port)
	for _, d := range rows {
		if d.State == 10 {
			return d, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("sock_diag: port %d is not listening", s.Port)
	}
	return Diag{}, err
}

// Drops is the listener's sk_drops, -1 if unknown.
func (s *Listener) Drops() int {
	d, err := s.Diag()
	if err != nil {
		return -1
	}
	return d.Drops()
}
