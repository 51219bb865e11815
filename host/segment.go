package host

import (
	"net/netip"
	"strings"
)

// Flags are the flags of a TCP segment that matter here, as bits of its header.
type Flags uint8

const (
	FlagFIN Flags = 1 << iota // no more data
	FlagSYN                   // opens a connection
	FlagRST                   // ends one at once
	FlagPSH                   // of no consequence here
	FlagACK                   // the acknowledgement number counts
)

// String names the flags that are set, as "SYN|ACK", and "none".
func (f Flags) String() string {
	var names []string
	for _, name := range [...]struct {
		bit  Flags
		name string
	}{{FlagSYN, "SYN"}, {FlagFIN, "FIN"}, {FlagRST, "RST"}, {FlagPSH, "PSH"}, {FlagACK, "ACK"}} {
		if f&name.bit != 0 {
			names = append(names, name.name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "|")
}

// A Segment is a TCP segment on its way to a host or from it. Data is a length;
// sequence numbers are 32 bits wide and wrap.
type Segment struct {
	From, To netip.AddrPort // the sender's endpoint and the receiver's
	Flags    Flags          // of the header
	Seq      uint32         // of the first byte, or of SYN
	Ack      uint32         // meaningful with FlagACK
	Len      uint32         // bytes of data, without SYN and FIN
	Window   uint32         // the window it offers, in bytes, after scaling

	// Timestamp says that the option is there, with these values.
	Timestamp    bool
	TSVal, TSEcr uint32 // its value and its echo

	// Options of a SYN. MSS 0 means that the option is absent. WindowScale is the
	// shift plus one, 0 for an absent option.
	MSS         uint16
	WindowScale uint8
	SACK        bool // the option SACK-permitted of a SYN
}

// Has reports whether all of these flags are set.
func (s *Segment) Has(f Flags) bool { return s.Flags&f == f }

// End is the sequence number after the segment: end_seq in the kernel.
func (s *Segment) End() uint32 {
	end := s.Seq + s.Len
	if s.Has(FlagSYN) {
		end++
	}
	if s.Has(FlagFIN) {
		end++
	}
	return end
}
