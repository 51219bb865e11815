package timewait

import (
	"net/netip"
	"strings"
)

// Flags are the flags of a TCP segment that matter here, as bits of its header.
type Flags uint8

const (
	FlagFIN Flags = 1 << iota
	FlagSYN
	FlagRST
	FlagPSH
	FlagACK
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
	Flags    Flags
	Seq      uint32
	Ack      uint32 // meaningful with FlagACK
	Len      uint32 // bytes of data, without SYN and FIN

	// Timestamp says that the option is there, with this value.
	Timestamp bool
	TSVal     uint32

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
	Flags Flags
	Seq   uint32
	Ack   uint32
	// Window is the window field of the header, already scaled.
	Window uint16
	// Timestamp says that the option is there. The kernel adds the connection's secret
	// offset to TSVal from 4.10 on; this one is the clock itself.
	Timestamp    bool
	TSVal, TSEcr uint32
}

// resetFor is the RST that answers a segment of no connection.
func resetFor(s *Segment) Reply {
	if s.Flags&FlagACK != 0 {
		return Reply{Flags: FlagRST, Seq: s.Ack}
	}
	return Reply{Flags: FlagRST | FlagACK, Ack: s.end()}
}
