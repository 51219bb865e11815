package queue

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
	for i, name := range [...]string{"FIN", "SYN", "RST", "PSH", "ACK"} {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "|")
}

// A Segment is what arrives for a listening socket or one of its requests. Data is
// a length; sequence numbers are 32 bits wide and wrap.
type Segment struct {
	// From is the client; a segment without a valid one is refused as an error.
	From netip.AddrPort
	// To is the address it was sent to. The zero AddrPort will do for a listener with
	// one address; a wildcard listener tells connections from one client to two of
	// its addresses apart by it.
	To    netip.AddrPort
	Flags Flags  // of the header
	Seq   uint32 // of the first byte, or of SYN
	Ack   uint32 // meaningful with FlagACK
	Len   uint32 // bytes of data, without SYN and FIN

	// Timestamp says that the option is there, with these values: TSVal is the
	// sender's clock, TSEcr the last clock of ours that it saw.
	Timestamp    bool
	TSVal, TSEcr uint32

	// Options of a SYN. MSS 0 means that the option is absent. WindowScale is the
	// shift plus one, 0 for an absent option. SACK and ECN say that the client offers
	// them.
	MSS         uint16
	WindowScale uint8
	SACK        bool
	ECN         bool

	// TimeWaitISN is the number that TIME_WAIT chose for the SYN-ACK to this SYN
	// (snd_nxt + 65537), 0 if it did not come through TIME_WAIT. [Listener] knows
	// whether the release loses it.
	TimeWaitISN uint32
	// NotUnicast says that it was sent to a broadcast or multicast address.
	NotUnicast bool
	// Unroutable says that no route leads back to its sender.
	Unroutable bool
}

// end is the sequence number after the segment: end_seq in the kernel.
func (s *Segment) end() uint32 {
	end := s.Seq + s.Len
	if s.Flags&FlagSYN != 0 {
		end++
	}
	if s.Flags&FlagFIN != 0 {
		end++
	}
	return end
}

func (s *Segment) ipv6() bool {
	a := s.From.Addr()
	return a.Is6() && !a.Is4In6()
}

// A Reply is the segment that the kernel sends in answer, if any. The zero Reply
// is none.
type Reply struct {
	// Flags are SYN|ACK, ACK, RST or RST|ACK, and 0 for no reply.
	Flags Flags
	// Seq and Ack are its numbers; Ack counts with FlagACK.
	Seq, Ack uint32
	// Timestamp and TSVal are the timestamp option of a SYN-ACK. The kernel adds a
	// secret offset from 4.10 on; this one is the clock itself.
	Timestamp bool
	TSVal     uint32
	// WindowScale and SACK say that a SYN-ACK has these options: the SYN had them, and the
	// sysctls allowed them when it came. SYN-ACKs that are sent again have the same ones,
	// whatever a repeated SYN offers. A cookie has them only beside a timestamp.
	WindowScale bool
	SACK        bool
}
