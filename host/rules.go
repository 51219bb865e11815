package host

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
)

// A Place is where a segment lies against the receive window.
type Place uint8

const (
	Inside   Place = iota + 1 // in the window, or in part
	TooOld                    // all of it was acknowledged already
	TooFar                    // it begins beyond the right edge
	Overhang                  // it ends beyond the right edge, from 6.17 on
)

// String says where.
func (p Place) String() string {
	return words.Name("Place", []string{Inside: "inside", TooOld: "too old", TooFar: "too far", Overhang: "overhangs"}, uint8(p))
}

// InReceiveWindow returns where a segment lies against the receive window of a
// connection (tcp_sequence):
//
//	segment                                                        place
//	ends before RcvWup                                             TooOld
//	begins beyond RcvNxt + window                                  TooFar
//	ends beyond it, received data waits to be read, from 6.17 on   Overhang
//	any other                                                      Inside
//
// RcvWup is what was acknowledged last, so what came since then is not too old yet. In
// the third row a FIN may lie beyond the edge, and what waits is data or the peer's FIN.
//
// TooFar and Overhang count BeyondWindow from 6.17 on, for others than RST and SYN; so does,
// in late kernels (the row beyond-window-edge of [kernel.Changes]), what begins at the edge,
// which the receive queue refuses.
//
// Evidence: observed at every edge on 5.10.223, 6.1.192, 6.12.117, 6.18.44, 7.2.13.
func InReceiveWindow(sem *kernel.Semantics, c *Conn, s *Segment) Place {
	if c == nil {
		c = &Conn{}
	}
	if s == nil {
		s = &noSegment
	}
	end, edge := s.End(), c.RcvNxt+c.window()
	fin := uint32(0)
	if s.Has(FlagFIN) {
		fin = 1
	}
	switch {
	case serial.Before(end, c.RcvWup):
		return TooOld
	case serial.After(s.Seq, edge):
		return TooFar
	case given.Kernel(sem).BeyondWindowDropped && serial.After(end-fin, edge) && (c.Unread > 0 || c.FINUnread):
		return Overhang
	}
	return Inside
}

// RSTAccepted reports whether a RST ends a connection, and if not, whether it earns a
// challenge ACK (tcp_validate_incoming). By the sequence number of the RST:
//
//	release                     at RcvNxt   elsewhere in the window   RcvNxt-1 after the peer's FIN   outside
//	2.6.32 to 3.5, RHEL 6.4     ends        ends                      outside                         dropped
//	3.6 to 4.10                 ends        challenge ACK             outside                         dropped
//	4.11 to 7.2                 ends        challenge ACK             ends                            dropped
//
// PAWS never stops a RST. The last column but one is for CLOSE-WAIT, LAST-ACK and CLOSING.
// From 4.8 on a RST also ends the connection where the last range ends that is kept after a gap ([Conn].Ahead, the
// right edge of the highest selective acknowledgement), if both ends allow these.
// The socket's error is EPIPE in CLOSE-WAIT and ECONNRESET in the others; ESTABLISHED and
// CLOSE-WAIT count EstabResets, SYN-RECV counts AttemptFails.
//
// Evidence: observed on 2.6.32.67, RHEL 6 build 357, 3.10.108, 4.4.155, 4.9.154, 4.19.78, 5.4.59,
// 5.10.223, 6.1.192, 6.12.117, 6.18.44, 7.2.13.
func RSTAccepted(sem *kernel.Semantics, c *Conn, s *Segment) (ends, challenge bool) {
	sem = given.Kernel(sem)
	if c == nil || s == nil {
		return false, false
	}
	afterFIN := c.State == CloseWait || c.State == LastAck || c.State == Closing
	if sem.RSTAfterFIN && afterFIN && s.Seq == c.RcvNxt-1 {
		return true, false
	}
	if InReceiveWindow(sem, c, s) != Inside {
		return false, false
	}
	ends = !sem.RSTExact || s.Seq == c.RcvNxt
	if sem.RSTAtSACKEdge && c.SACK {
		if edge, ok := c.Ahead.edge(); ok && s.Seq == edge {
			ends = true
		}
	}
	return ends, !ends
}

// A SYNRule is what a connection does with a SYN.
type SYNRule uint8

const (
	SYNDropped    SYNRule = iota + 1 // in silence
	SYNChallenged                    // a challenge ACK
	SYNAcked                         // an ACK, as for anything outside of the window
	SYNResets                        // the connection is reset, and a RST is sent
	SYNIgnored                       // the flag is left aside and the segment goes on
	SYNAnswers                       // in SYN-RECV: the peer's SYN-ACK, after two SYNs that crossed
)

// String says what is done.
func (r SYNRule) String() string {
	return words.Name("SYNRule", []string{
		SYNDropped: "dropped", SYNChallenged: "a challenge ACK", SYNAcked: "an ACK", SYNResets: "resets the connection",
		SYNIgnored: "the flag is left aside", SYNAnswers: "completes the handshake",
	}, uint8(r))
}

// SYNOnConnection returns what a connection does with a SYN that PAWS let pass
// (tcp_validate_incoming). By where it lies:
//
//	release                    outside    in the window from RcvNxt on   in the window before it
//	2.6.32 to 3.5, RHEL 6.4    ACK        reset                          flag left aside
//	3.6, 3.7                   challenge  challenge                      challenge
//	3.8 to 3.17, 3.10.y        dropped    dropped                        dropped
//	3.18 to 7.2                challenge  challenge                      challenge
//
// The third row is for a SYN without ACK; a SYN-ACK is as in the last. A challenge counts
// TCPSYNChallenge, in ESTABLISHED InErrs before it, and TCPChallengeACK if it is sent. The reset counts
// TCPAbortOnSyn (and InErrs), and the peer's connect() fails with ECONNREFUSED at once. A
// flag left aside means a segment that brings nothing new, for it must have been there
// before: ESTABLISHED answers it as old data, and other states drop it without an ACK.
//
// From 6.11 on, and in stable series, a SYN-ACK at RcvNxt-1 that acknowledges our SYN
// completes the handshake of a socket in SYN-RECV after SYNs that crossed.
//
// Evidence: observed in ESTABLISHED, CLOSE-WAIT, FIN-WAIT-2, LAST-ACK on 2.6.32.67, RHEL 6
// build 357, 3.10.108, 4.4.155, 4.9.154, 4.19.78, 5.4.59, 5.10.223, 6.1.192, 6.12.117,
// 6.18.44, 7.2.13.
func SYNOnConnection(sem *kernel.Semantics, c *Conn, s *Segment) SYNRule {
	sem = given.Kernel(sem)
	if c == nil || s == nil {
		return SYNDropped
	}
	outside := InReceiveWindow(sem, c, s) != Inside
	switch {
	case sem.NoACKIgnored && !sem.SYNValidated && !s.Has(FlagACK):
		return SYNDropped
	case sem.SYNChallenge && outside:
		return SYNChallenged
	case outside:
		return SYNAcked
	case sem.CrossedSYNACK && c.State == SynRecv && !c.Orphan && s.Has(FlagACK) && s.End() == s.Seq+1 &&
		s.Seq+1 == c.RcvNxt && s.Ack == c.SndNxt:
		return SYNAnswers
	case sem.SYNChallenge:
		return SYNChallenged
	case !serial.Before(s.Seq, c.RcvNxt):
		return SYNResets
	}
	return SYNIgnored
}

// An ACKRule is what a connection makes of a segment's ACK number.
type ACKRule uint8

const (
	ACKGood   ACKRule = iota + 1 // from SndUna to SndNxt
	ACKStale                     // before SndUna, by no more than a window
	ACKStray                     // before that
	ACKUnseen                    // beyond SndNxt
)

// String says what it is.
func (r ACKRule) String() string {
	return words.Name("ACKRule", []string{ACKGood: "good", ACKStale: "old", ACKStray: "too old", ACKUnseen: "of what was not sent"}, uint8(r))
}

// JudgeACK returns what a connection makes of a segment's ACK number (tcp_ack).
//
//	number                                    kind
//	from SndUna to SndNxt                     ACKGood
//	beyond SndNxt                             ACKUnseen
//	before SndUna                             ACKStale
//	the same, by more than the largest        ACKStray, from 3.8 on
//	window that the peer ever offered
//	the same, by more than was ever           ACKStray, from 6.7 on
//	acknowledged (BytesAcked)
//
// What follows:
//
//	state         release      ACKStale         ACKStray         ACKUnseen
//	ESTABLISHED   to 3.7       segment taken    segment taken    dropped
//	              3.8 on       segment taken    challenge ACK    dropped
//	              7.1 on       segment taken    challenge ACK    challenge ACK
//	after it      to 4.12      segment taken    taken, and a     segment taken
//	                                            challenge ACK
//	                                            from 3.8 on
//	              4.13 to 6.8  challenge ACK    challenge ACK    challenge ACK
//	              6.9 on,      segment taken    challenge ACK    challenge ACK
//	              6.1.170
//	SYN-RECV      all          RST              RST              RST
//
// "Taken" is without its ACK number; "dropped" and challenge ACKs are instead of all else.
// 6.7, 6.9 and 7.1 came to stable series too: the rows old-ack-never-sent, closing-old-acks and
// unsent-ack-challenge of [kernel.Changes].
//
// Evidence: observed on 5.10.223, 6.1.170, 6.1.192, 6.12.117, 6.18.44, 7.2.13; to 5.9 from source.
func JudgeACK(sem *kernel.Semantics, c *Conn, ack uint32) ACKRule {
	sem = given.Kernel(sem)
	if c == nil {
		c = &Conn{}
	}
	if serial.Before(ack, c.SndUna) {
		back := c.MaxWindow
		if sem.OldACKNeverSent {
			back = uint32(min(uint64(back), c.BytesAcked))
		}
		if sem.OldACKChallenge && serial.Before(ack, c.SndUna-back) {
			return ACKStray
		}
		return ACKStale
	}
	if serial.After(ack, c.SndNxt) {
		return ACKUnseen
	}
	return ACKGood
}
