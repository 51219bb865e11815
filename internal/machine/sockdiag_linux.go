package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// The part of the NETLINK_SOCK_DIAG protocol that lists listening TCP sockets
// (include/uapi/linux/inet_diag.h). It needs no privileges, and Linux 3.3.
const (
	sockDiagByFamily = 20
	diagRequestLen   = 56 // struct inet_diag_req_v2
	diagMessageLen   = 72 // struct inet_diag_msg
	attrV6Only       = 11 // INET_DIAG_SKV6ONLY
)

// ReadDiag asks the kernel for the listening TCP sockets of this network
// namespace.
func ReadDiag() ([]DiagSocket, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_INET_DIAG)
	if err != nil {
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	defer syscall.Close(fd)
	// A kernel always answers at once; a sandbox that only pretends must not hang us.
	_ = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 2})
	var all []DiagSocket
	for seq, family := range []uint8{syscall.AF_INET, syscall.AF_INET6} {
		if err := syscall.Sendto(fd, diagRequest(family, uint32(seq+1)), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
			return nil, fmt.Errorf("netlink request: %w", err)
		}
		sockets, err := receiveDiag(fd, uint32(seq+1))
		if err != nil {
			if family == syscall.AF_INET6 && errors.Is(err, syscall.ENOENT) {
				continue // a kernel without IPv6
			}
			return nil, err
		}
		all = append(all, sockets...)
	}
	return all, nil
}

func diagRequest(family uint8, seq uint32) []byte {
	b := make([]byte, syscall.NLMSG_HDRLEN+diagRequestLen)
	binary.NativeEndian.PutUint32(b[0:], uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], sockDiagByFamily)
	binary.NativeEndian.PutUint16(b[6:], syscall.NLM_F_REQUEST|syscall.NLM_F_DUMP)
	binary.NativeEndian.PutUint32(b[8:], seq)
	body := b[syscall.NLMSG_HDRLEN:]
	body[0], body[1] = family, syscall.IPPROTO_TCP
	binary.NativeEndian.PutUint32(body[4:], 1<<Listen)
	return b
}

// receiveDiag reads the parts of one answer until its end.
func receiveDiag(fd int, seq uint32) ([]DiagSocket, error) {
	var sockets []DiagSocket
	buf := make([]byte, 1<<16)
	for {
		n, _, err := syscall.Recvfrom(fd, buf, 0)
		if err != nil {
			if err == syscall.EINTR {
				continue
			}
			return nil, fmt.Errorf("netlink answer: %w", err)
		}
		messages, err := syscall.ParseNetlinkMessage(buf[:n])
		if err != nil {
			return nil, fmt.Errorf("netlink answer: %w", err)
		}
		for _, m := range messages {
			switch {
			case m.Header.Seq != seq:
			case m.Header.Type == syscall.NLMSG_DONE:
				return sockets, nil
			case m.Header.Type == syscall.NLMSG_ERROR:
				if len(m.Data) < 4 {
					return nil, errors.New("netlink answer: an error without a number")
				}
				return nil, fmt.Errorf("netlink answer: %w", syscall.Errno(-int32(binary.NativeEndian.Uint32(m.Data))))
			default:
				if s, ok := parseDiag(m.Data); ok {
					sockets = append(sockets, s)
				}
			}
		}
	}
}

// parseDiag reads one struct inet_diag_msg and the attributes after it.
func parseDiag(b []byte) (DiagSocket, bool) {
	if len(b) < diagMessageLen || State(b[1]) != Listen {
		return DiagSocket{}, false
	}
	var addr netip.Addr
	switch b[0] {
	case syscall.AF_INET:
		addr = netip.AddrFrom4([4]byte(b[8:12]))
	case syscall.AF_INET6:
		addr = netip.AddrFrom16([16]byte(b[8:24]))
	default:
		return DiagSocket{}, false
	}
	s := DiagSocket{
		Local:       netip.AddrPortFrom(addr, binary.BigEndian.Uint16(b[4:])),
		AcceptLen:   binary.NativeEndian.Uint32(b[56:]), // idiag_rqueue
		AcceptLimit: binary.NativeEndian.Uint32(b[60:]), // idiag_wqueue
		Inode:       uint64(binary.NativeEndian.Uint32(b[68:])),
	}
	for attrs := b[diagMessageLen:]; len(attrs) >= 4; {
		size, kind := int(binary.NativeEndian.Uint16(attrs)), binary.NativeEndian.Uint16(attrs[2:])
		if size < 4 || size > len(attrs) {
			break
		}
		if kind == attrV6Only && size > 4 {
			s.V6Only = attrs[4] != 0
		}
		attrs = attrs[min((size+3)&^3, len(attrs)):]
	}
	return s, true
}
