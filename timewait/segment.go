package timewait

import (
	"net/netip"
	"strings"
)

// Flags are the flags of a TCP segment that matter here, as bits of its header.
type Flags uint8

const (
	FlagFIN Flags = 1 << iota // 0x01
	FlagSYN                   // 0x02
	FlagRST                   // 0x04
	FlagPSH                   // 0x08
	FlagACK                   // 0x10
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

// A Segment is what arrives for an entry. Data is a length; sequence numbers are 32
// bits wide and wrap.
type Segment struct {
	// From is the peer, To our own address: together they name the entry.
	From, To netip.AddrPort
	Flags    Flags  // of the header
	Seq      uint32 // its first sequence number
	Ack      uint32 // meaningful with FlagACK
	Len      uint32 // bytes of data, without SYN and FIN

	// Timestamp says that the option is there, with this value.
	Timestamp bool
	TSVal     uint32 // its value

	// Listener says that somebody listens on To: a SYN that may reopen the connection
	// goes to that listener.
	Listener bool
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

// A Reply is the segment that the kernel sends in answer, if any. The zero Reply is
// none.
type Reply struct {
	Flags Flags  // 0: none is sent
	Seq   uint32 // of the header
	Ack   uint32 // the number expected next
	// Window is the window field of the header, already scaled.
	Window uint16
	// Timestamp says that the option is there. The kernel adds the connection's secret
	// offset to TSVal from 4.10 on; this one is the clock itself.
	Timestamp    bool
	TSVal, TSEcr uint32 // our clock, and the echo of the peer's last timestamp
}

// resetFor is the RST that answers a segment of no connection.
func resetFor(s *Segment) Reply {
	if s.Flags&FlagACK != 0 {
		return Reply{Flags: FlagRST, Seq: s.Ack}
	}
	return Reply{Flags: FlagRST | FlagACK, Ack: s.end()}
}
