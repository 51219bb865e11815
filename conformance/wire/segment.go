// Package wire builds and reads the TCP segments that a forged peer exchanges
// with the kernel under observation. It knows the four options that matter to
// a listener: MSS, window scale, SACK permitted, timestamps.
package wire

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Prefix is the first 96 bits of every IPv6 address.
var Prefix = [12]byte{0: 0xfd}

// TCP header flags.
const (
	FIN = 1 << iota // 0x01
	SYN             // 0x02
	RST             // 0x04
	PSH             // 0x08
	ACK             // 0x10
	URG             // 0x20
	ECE             // 0x40
	CWR             // 0x80
)

// A Segment is one IP packet that carries TCP. Options that are not there
// have their zero value, except WScale, whose absence is Scaled == false.
type Segment struct {
	V6           bool // IPv6: the addresses are the last four bytes of Prefix's
	Src, Dst     [4]byte
	SPort, DPort uint16
	Seq, Ack     uint32
	Flags        uint8
	Window       uint16
	TTL          uint8 // 0 means 64 when sent

	MSS          uint16
	Scaled       bool
	WScale       uint8
	SACK         bool
	TS           bool
	TSVal, TSEcr uint32

	Data []byte
}

// Is reports whether the flags of s are exactly f.
func (s *Segment) Is(f uint8) bool { return s.Flags == f }

// FlagNames spells flags the way a capture tool's user reads them, such as
// "SYN|ACK"; no flags at all are "none".
func FlagNames(f uint8) string {
	names := [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"}
	order := [...]int{1, 2, 0, 3, 4, 5, 6, 7}
	var on []string
	for _, i := range order {
		if f&(1<<i) != 0 {
			on = append(on, names[i])
		}
	}
	if on == nil {
		return "none"
	}
	return strings.Join(on, "|")
}

// options returns the option bytes, padded to a multiple of four.
func (s *Segment) options() []byte {
	var o []byte
	if s.MSS != 0 {
		o = append(o, 2, 4, byte(s.MSS>>8), byte(s.MSS))
	}
	if s.SACK {
		o = append(o, 4, 2)
	}
	if s.TS {
		o = append(o, 8, 10)
		o = binary.BigEndian.AppendUint32(o, s.TSVal)
		o = binary.BigEndian.AppendUint32(o, s.TSEcr)
	}
	if s.Scaled {
		o = append(o, 3, 3, s.WScale)
	}
	for len(o)%4 != 0 {
		o = append(o, 1)
	}
	return o
}

// Marshal returns the packet with both checksums filled in.
func (s *Segment) Marshal() []byte {
	opt := s.options()
	thl := 20 + len(opt)
	be := binary.BigEndian
	ttl := s.TTL
	if ttl == 0 {
		ttl = 64
	}
	var b []byte
	var pseudo uint32
	if s.V6 {
		b = make([]byte, 40+thl+len(s.Data))
		b[0] = 0x60
		be.PutUint16(b[4:], uint16(thl+len(s.Data)))
		b[6], b[7] = 6, ttl
		copy(b[8:], Prefix[:])
		copy(b[20:], s.Src[:])
		copy(b[24:], Prefix[:])
		copy(b[36:], s.Dst[:])
		pseudo = sum(0, b[8:40])
	} else {
		b = make([]byte, 20+thl+len(s.Data))
		b[0] = 0x45
		be.PutUint16(b[2:], uint16(len(b)))
		be.PutUint16(b[6:], 0x4000)
		b[8], b[9] = ttl, 6
		copy(b[12:], s.Src[:])
		copy(b[16:], s.Dst[:])
		be.PutUint16(b[10:], ^fold(sum(0, b[:20])))
		pseudo = sum(0, b[12:20])
	}

	t := b[len(b)-thl-len(s.Data):]
	be.PutUint16(t[0:], s.SPort)
	be.PutUint16(t[2:], s.DPort)
	be.PutUint32(t[4:], s.Seq)
	be.PutUint32(t[8:], s.Ack)
	t[12] = byte(thl/4) << 4
	t[13] = s.Flags
	be.PutUint16(t[14:], s.Window)
	copy(t[20:], opt)
	copy(t[thl:], s.Data)
	be.PutUint16(t[16:], ^fold(sum(pseudo+6+uint32(len(t)), t)))
	return b
}

// ErrNotTCP says that a packet is not TCP or is cut short.
var ErrNotTCP = errors.New("wire: not a TCP packet")

// Parse reads a packet. Checksums are not verified. Data aliases b.
func Parse(b []byte) (Segment, error) {
	var s Segment
	be := binary.BigEndian
	var t []byte
	switch {
	case len(b) >= 40 && b[0]>>4 == 4 && b[9] == 6:
		ihl, total := int(b[0]&15)*4, int(be.Uint16(b[2:]))
		if total > len(b) || total < ihl+20 {
			return s, ErrNotTCP
		}
		copy(s.Src[:], b[12:])
		copy(s.Dst[:], b[16:])
		s.TTL, t = b[8], b[ihl:total]
	case len(b) >= 60 && b[0]>>4 == 6 && b[6] == 6:
		total := 40 + int(be.Uint16(b[4:]))
		if total > len(b) || total < 60 {
			return s, ErrNotTCP
		}
		s.V6 = true
		copy(s.Src[:], b[20:])
		copy(s.Dst[:], b[36:])
		s.TTL, t = b[7], b[40:total]
	default:
		return s, ErrNotTCP
	}
	thl := int(t[12]>>4) * 4
	if thl < 20 || thl > len(t) {
		return s, ErrNotTCP
	}
	s.SPort, s.DPort = be.Uint16(t[0:]), be.Uint16(t[2:])
	s.Seq, s.Ack = be.Uint32(t[4:]), be.Uint32(t[8:])
	s.Flags, s.Window = t[13], be.Uint16(t[14:])
	s.Data = t[thl:]
	s.parseOptions(t[20:thl])
	return s, nil
}

func (s *Segment) parseOptions(o []byte) {
	be := binary.BigEndian
	for len(o) > 0 && o[0] != 0 {
		if o[0] == 1 {
			o = o[1:]
			continue
		}
		if len(o) < 2 || int(o[1]) < 2 || int(o[1]) > len(o) {
			return
		}
		n := int(o[1])
		switch {
		case o[0] == 2 && n == 4:
			s.MSS = be.Uint16(o[2:])
		case o[0] == 3 && n == 3:
			s.Scaled, s.WScale = true, o[2]
		case o[0] == 4 && n == 2:
			s.SACK = true
		case o[0] == 8 && n == 10:
			s.TS, s.TSVal, s.TSEcr = true, be.Uint32(o[2:]), be.Uint32(o[6:])
		}
		o = o[n:]
	}
}

func sum(acc uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		acc += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		acc += uint32(b[0]) << 8
	}
	return acc
}

func fold(s uint32) uint16 {
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}
