package driver

import (
	"encoding/binary"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/conformance/netns"
	"example.com/linuxtcp/conformance/wire"
)

// A capture is a packet socket on the TUN device: it sees what the kernel sends, each with
// the time at which the kernel handed it to the device, however late it is read.
type capture struct {
	fd        int
	wallAhead time.Duration // of the stamps, which are CLOCK_REALTIME, before CLOCK_MONOTONIC
	buf, oob  []byte
}

type captured struct {
	at time.Duration // CLOCK_MONOTONIC
	wire.Segment
}

// openCapture watches the device of this thread's namespace.
func openCapture() (*capture, error) {
	const proto = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	// Only what goes out: the kernel would deliver what was forged too.
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0xfffff000 + 4}, // SKF_AD_OFF + SKF_AD_PKTTYPE
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.PACKET_OUTGOING},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 17},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}
	err = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}
	if err == nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 1<<22)
		var index int
		if index, err = ifIndex(fd); err == nil {
			err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: proto, Ifindex: index})
		}
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	return &capture{fd: fd, wallAhead: wallAhead(), buf: make([]byte, 1<<17), oob: make([]byte, 256)}, nil
}

func ifIndex(fd int) (int, error) {
	req, err := unix.NewIfreq(netns.Device)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req)
	}
	if err != nil {
		return 0, err
	}
	return int(req.Uint32()), nil
}

func (c *capture) close() { unix.Close(c.fd) }

// drain appends what was sent and not yet read.
func (c *capture) drain(got []captured) ([]captured, error) {
	for {
		n, oobn, flags, _, err := unix.RecvmsgBuffers(c.fd, [][]byte{c.buf}, c.oob, 0)
		switch err {
		case nil:
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return got, nil
		default:
			return got, fmt.Errorf("packet socket: %w", err)
		}
		if flags&unix.MSG_TRUNC != 0 {
			return got, fmt.Errorf("packet socket: a packet of more than %d bytes", len(c.buf))
		}
		s, err := wire.Parse(c.buf[:n])
		if err != nil {
			continue // not TCP
		}
		s.Data = append([]byte(nil), s.Data...)
		at, err := c.stamp(c.oob[:oobn])
		if err != nil {
			return got, err
		}
		got = append(got, captured{at, s})
	}
}

// stamp is the time in a message's control data.
func (c *capture) stamp(oob []byte) (time.Duration, error) {
	for len(oob) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
		n := int(h.Len)
		if n < unix.SizeofCmsghdr || n > len(oob) {
			break
		}
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_TIMESTAMPNS && n >= unix.SizeofCmsghdr+16 {
			v := oob[unix.SizeofCmsghdr:]
			sec, nsec := binary.NativeEndian.Uint64(v), binary.NativeEndian.Uint64(v[8:])
			return time.Duration(sec)*time.Second + time.Duration(nsec) - c.wallAhead, nil
		}
		oob = oob[min(len(oob), unix.CmsgSpace(n-unix.SizeofCmsghdr)):]
	}
	return 0, fmt.Errorf("packet socket: a packet without a time")
}
