package timewait

import (
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
)

// A facts is what the kernel looks at in a segment for an entry, one bit each.
type facts uint16

// A flag is the bit that it is in the header. The bit between, PSH, is no fact.
const (
	isFIN = facts(FlagFIN)
	isSYN = facts(FlagSYN)
	isRST = facts(FlagRST)
	isACK = facts(FlagACK)

	flagFacts = isFIN | isSYN | isRST | isACK
)

const (
	isOld     facts = 1 << (iota + 5) // PAWSRejects
	inWindow                          // overlaps the receive window
	atNext                            // seq = rcv_nxt
	seqAfter                          // seq after rcv_nxt
	seqBefore                         // seq before rcv_nxt
	endAfter                          // ends after rcv_nxt
	endOne                            // ends at rcv_nxt + 1
	isEmpty                           // takes no sequence space
	newerTS                           // carries a timestamp later than the last one
	rfc1337                           // tcp_rfc1337 is set
	stamped                           // carries a timestamp that counts
)

var factNames = [...][2]string{
	{"FIN", "no FIN"}, {"SYN", "no SYN"}, {"RST", "no RST"}, {"PSH", "no PSH"}, {"ACK", "no ACK"},
	{"timestamp too old", "timestamp not too old"}, {"in the window", "out of the window"},
	{"seq = rcv_nxt", "seq other than rcv_nxt"}, {"seq after rcv_nxt", "seq not after rcv_nxt"},
	{"seq before rcv_nxt", "seq not before rcv_nxt"},
	{"ends after rcv_nxt", "ends not after rcv_nxt"}, {"ends at rcv_nxt+1", "ends other than at rcv_nxt+1"},
	{"empty", "not empty"}, {"newer timestamp", "no newer timestamp"}, {"tcp_rfc1337 on", "tcp_rfc1337 off"},
	{"timestamp", "no timestamp"},
}

// when is f if holds, and else none. It compiles to no branch, so a segment costs the
// same whatever came before it.
func (f facts) when(holds bool) facts {
	if holds {
		return f
	}
	return 0
}

// observe collects what the rows of the entry's state look at.
func observe(sem *kernel.Semantics, v *View, s *Segment) facts {
	end := s.end()
	f := facts(s.Flags)&flagFacts | isEmpty.when(end == s.Seq)
	if v.State == FinWait2 {
		f |= inWindow.when(serial.InWindow(s.Seq, end, v.RcvNxt, v.RcvNxt+v.Window)) |
			seqBefore.when(serial.Before(s.Seq, v.RcvNxt)) |
			endAfter.when(serial.After(end, v.RcvNxt)) |
			endOne.when(end == v.RcvNxt+1)
	} else {
		f |= atNext.when(s.Seq == v.RcvNxt) |
			seqAfter.when(serial.After(s.Seq, v.RcvNxt)) |
			rfc1337.when(v.RFC1337)
	}
	if s.Timestamp && v.SeenAt != 0 {
		f |= stamped
		switch behind := int32(v.TSRecent - s.TSVal); {
		case behind < 0:
			f |= newerTS
		case behind > 0: // only then, as few are, is the age asked for
			f |= isOld.when(PAWSRejects(sem, v.TSRecent, s.TSVal, v.SeenAt, v.Now, s.Flags&FlagRST != 0))
		}
	}
	return f
}

// exempt is [AnswerExempt], of the facts.
func exempt(f facts) bool { return f&(isEmpty|isSYN) == 0 }
