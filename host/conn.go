package host

import (
	"time"

	"example.com/linuxtcp/paws"
)

// A Conn is what the kernel remembers of a full socket in one of the states from
// SYN-SENT to CLOSING, as far as a segment's fate depends on it. TIME-WAIT and
// FIN-WAIT-2 without a process are package timewait's, requests in SYN-RECV package
// queue's; a Conn is in [SynRecv] only after two SYNs that crossed.
type Conn struct {
	State State // never Listen: listeners are of package queue
	// Orphan: no process has it open any more (SOCK_DEAD).
	Orphan bool
	// ReadShut: its reader is gone, by shutdown(SHUT_RD) or close().
	ReadShut bool
	// SendShut: shutdown(SHUT_WR) was called in SYN-RECV, and the FIN follows when the handshake
	// is over.
	SendShut bool

	SndUna uint32 // oldest number that the peer has not acknowledged
	SndNxt uint32 // next number to send, beyond our SYN and FIN once they were sent
	RcvNxt uint32 // next number expected
	RcvWup uint32 // what RcvNxt was when we last sent an ACK
	RcvWnd uint32 // receive window in bytes, from RcvWup on
	// SndWl1 is the number of the segment that last updated the send window SndWnd.
	SndWl1, SndWnd uint32
	// MaxWindow is the largest send window that the peer ever offered, in bytes.
	MaxWindow uint32
	// BytesAcked is how much the peer has acknowledged so far, our FIN and the SYN of a
	// connect() in it, but not the SYN of a listener's child (tcpi_bytes_acked).
	BytesAcked uint64
	// Unread is how many bytes arrived that no recv() took. FINUnread says that the
	// peer's FIN waits to be read too: no recv() has returned the end of the stream. close() throws
	// away what is there, but not a FIN that comes later.
	Unread    uint32
	FINUnread bool
	// Ahead is what came after a gap.
	Ahead Ahead
	// SACK: both ends allow selective acknowledgements.
	SACK bool
	// AckTimeout is what delayed ACKs are held back for, in jiffies: 0 before the first
	// data (icsk_ack.ato).
	AckTimeout uint32
	// Linger2 is TCP_LINGER2 in seconds: 0 for unset, negative for no FIN-WAIT-2.
	Linger2 int

	// Timestamps: both ends agreed on them; in SYN-SENT, our SYN carries them.
	Timestamps bool
	// Recent is the peer's newest timestamp. Without Timestamps it may be one that the segment had which ended the
	// handshake, with Stamp 0: see kernel.Semantics.RequestTSDeferred.
	Recent paws.Recent
	// FirstTS is the timestamp of our first SYN.
	FirstTS uint32

	// SYNResent: our SYN was sent again at least once.
	SYNResent bool
	// Answered is the low half of the jiffies counter when the connection last
	// answered an invalid segment, 0 if it never did (last_oow_ack_time).
	Answered uint32
	// RTO is the retransmission timeout in jiffies. It follows from RTT; while a SYN or FIN is
	// sent again, it doubles.
	RTO uint32
	RTT RoundTrip
	// Sent is when our SYN, SYN-ACK or FIN was sent that is not acknowledged yet, since boot. 0
	// says that its round trip is not measured, as after it was sent again.
	Sent time.Duration
	// Err is what the next system call fails with (sk_err).
	Err Errno
}

// A Moment is what a decision depends on besides the socket and the segment.
type Moment struct {
	Jiffies uint32 // the low half of the jiffies counter
	Seconds int64  // [paws.ClockSeconds]
	TSClock uint32 // our timestamp clock
	// Now is the time since boot, for the round trip that a segment measures.
	Now time.Duration
	HZ  int // CONFIG_HZ; 0 means 250
	// ChallengesSpent: the host's budget of challenge ACKs for this second is used up;
	// see [ChallengeBudget].
	ChallengesSpent bool
}
