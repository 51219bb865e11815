package paws

import (
	"example.com/linuxtcp/internal/given"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
)

// A Conn is what the checks of a connection look at in its socket. The zero Conn is
// one without timestamps, which passes everything.
type Conn struct {
	// Recent is the peer's newest timestamp.
	Recent
	// Timestamps says that both ends agreed on timestamps: tstamp_ok, `ts` in `ss -ti`.
	// Without it the option is not looked at.
	Timestamps bool
	// UsecTS says that they count microseconds (tcp_usec_ts, from 6.7).
	UsecTS bool
	// NotEstablished says that the connection is in one of the states after
	// ESTABLISHED: FIN-WAIT-1, FIN-WAIT-2 (a full socket), CLOSE-WAIT, CLOSING, LAST-ACK.
	// Only InErrs depends on it.
	NotEstablished bool
	// AnsweredLately says that the connection's last answer to an invalid segment went
	// out less than net.ipv4.tcp_invalid_ratelimit ago (last_oow_ack_time), so that
	// another is held back.
	AnsweredLately bool
	// RcvNxt is the next sequence number expected; RcvWup what RcvNxt was when we last
	// sent an ACK.
	RcvNxt, RcvWup uint32
	// SndUna is the oldest byte that the peer has not acknowledged.
	SndUna uint32
	// SndWl1 is the sequence number of the segment that last updated the send window,
	// SndWnd that window in bytes.
	SndWl1, SndWnd uint32
	// RTO is the retransmission timeout in jiffies: icsk_rto.
	RTO uint32
	// HZ is the kernel's CONFIG_HZ; 0 means 250.
	HZ int
}

// A Segment is what the checks look at in a segment. The zero Segment has no flags,
// no data and no timestamp.
type Segment struct {
	// SYN, ACK and RST are its flags.
	SYN, ACK, RST bool
	// Timestamp says that it carries the timestamp option, with TSVal and TSEcr. TSEcr is
	// without our own offset, 0 for none.
	Timestamp    bool
	TSVal, TSEcr uint32
	// Seq is its sequence number, Len what it occupies there: its data, and one each
	// for SYN and FIN.
	Seq, Len uint32
	// AckSeq is the number that it acknowledges.
	AckSeq uint32
	// Window is its window in bytes, after scaling.
	Window uint32
}

// bareACK reports whether s is an ACK without data, SYN or FIN.
func (s *Segment) bareACK() bool { return s.ACK && s.Len == 0 }

// DisorderedACK reports whether a segment that fails [Passes] is let through because
// it does no harm: an ACK without data at exactly the next sequence number that
// acknowledges nothing new, does not update the window, and is old by at most
// [ReplayWindow] (tcp_disordered_ack, tcp_disordered_ack_check).
//
// The window would be updated by a larger one in a segment of the same sequence number
// as the last update, by any in a later segment, and from 6.6 on by a window of 0.
//
// From source; the rows paws-replay-1200 and zero-window-updates of
// [kernel.Changes].
func DisorderedACK(sem *kernel.Semantics, c *Conn, s *Segment) bool {
	sem, c, s = given.Kernel(sem), knownConn(c), knownSegment(s)
	return s.bareACK() && s.Seq == c.RcvNxt && s.AckSeq == c.SndUna && !updatesWindow(sem, c, s) &&
		c.TS-s.TSVal <= ReplayWindow(sem, c.RTO, c.HZ, c.UsecTS)
}

// updatesWindow is tcp_may_update_window for a segment that acknowledges nothing new.
func updatesWindow(sem *kernel.Semantics, c *Conn, s *Segment) bool {
	return serial.After(s.Seq, c.SndWl1) ||
		s.Seq == c.SndWl1 && (s.Window > c.SndWnd || sem.ZeroWindowUpdates && s.Window == 0)
}
