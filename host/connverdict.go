package host

import (
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
)

// A ConnAction is what the kernel does with a segment that meets a full socket.
type ConnAction uint8

const (
	ConnTake      ConnAction = iota + 1 // the segment is taken: what it says comes to pass
	ConnDrop                            // it is discarded and nothing is sent
	ConnACK                             // it is discarded and an ACK is sent
	ConnChallenge                       // it is discarded and a challenge ACK is sent
	ConnSendReset                       // it is discarded and a RST is sent; the socket stays
	ConnReset                           // the socket is closed with an error, nothing is sent
	ConnAbort                           // the socket is closed with or without an error, and a RST is sent
	ConnClose                           // the socket is over, as it should be
)

var connActionNames = [...]string{
	ConnTake: "take it", ConnDrop: "drop it", ConnACK: "drop it and send an ACK",
	ConnChallenge: "drop it and send a challenge ACK", ConnSendReset: "drop it and send a RST, keep the socket",
	ConnReset: "close the socket with an error", ConnAbort: "close the socket and send a RST",
	ConnClose: "the socket is over",
}

// String says what is done.
func (a ConnAction) String() string { return words.Name("ConnAction", connActionNames[:], uint8(a)) }

// A ConnReason is why the kernel acts as it does, in this library's words.
type ConnReason uint8

const (
	NoRule ConnReason = iota + 1 // the socket is in no state that these rules are about

	// Any state.
	NoFlags     // has none of the flags that its state wants
	PAWSOld     // its timestamp is too old: package paws says how
	PAWSTooSoon // the same, less than tcp_invalid_ratelimit after the last answer

	// SYN-SENT.
	ACKUnsent    // acknowledges something else than our SYN
	EchoNeverWas // echoes a timestamp that was never sent
	Refused      // a RST that acknowledges our SYN
	RSTNoACK     // a RST that does not
	ACKOnly      // acknowledges our SYN and has no SYN
	Answered     // a SYN-ACK
	SYNsCross    // a SYN without ACK

	// Sequence numbers, from SYN-RECV on.
	OutOfWindow    // lies outside of the receive window
	OutTooSoon     // the same, less than tcp_invalid_ratelimit after the last answer
	RSTOutside     // a RST outside of the window
	RSTExact       // a RST at the next sequence number, or where the release takes it
	RSTInexact     // a RST elsewhere in the window
	SYNInWindow    // a SYN in the window, before 3.6
	SYNUnwanted    // a SYN, from 3.6 on
	TooSoon        // a challenge ACK is due, less than tcp_invalid_ratelimit after the last answer
	OverBudget     // a challenge ACK is due, but the host has sent its share for this second
	ACKBeyond      // acknowledges what was not sent
	ACKTooOld      // acknowledges what was acknowledged a window ago
	ACKOld         // acknowledges less than what was acknowledged
	WrongHandshake // SYN-RECV: does not acknowledge our SYN

	// What a good segment does.
	Plain         // an ACK without data
	Opened        // completes the handshake
	NewData       // brings data or a part of it
	OldData       // brings nothing new
	GapBefore     // data or a FIN beyond the next sequence number
	BeyondWindow  // begins at or beyond the end of the window
	PeerFIN       // the peer's FIN
	AfterFIN      // data or FIN beyond the peer's FIN
	OurFINAcked   // acknowledges our FIN
	BothFINs      // acknowledges our FIN and is the peer's
	DataNoReader  // data that nobody will read
	LingerExpired // acknowledges our FIN, and TCP_LINGER2 is negative
)

var connReasonNames = [...]string{
	NoRule:  "the socket is not connected",
	NoFlags: "it has none of the flags that count here", PAWSOld: "its timestamp is too old",
	PAWSTooSoon: "its timestamp is too old, less than tcp_invalid_ratelimit after the last answer",
	ACKUnsent:   "it does not acknowledge our SYN", EchoNeverWas: "it echoes a timestamp that was never sent",
	Refused: "a RST that acknowledges our SYN", RSTNoACK: "a RST without ACK", ACKOnly: "it acknowledges our SYN without one of its own",
	Answered: "a SYN-ACK for our SYN", SYNsCross: "a SYN that crossed ours",
	OutOfWindow: "it lies outside the window", OutTooSoon: "it lies outside the window, less than tcp_invalid_ratelimit after the last answer",
	RSTOutside: "a RST outside the window", RSTExact: "a RST at the right sequence number", RSTInexact: "a RST elsewhere in the window",
	SYNInWindow: "a SYN in the window", SYNUnwanted: "a SYN on a connection",
	TooSoon:    "a challenge ACK is due, less than tcp_invalid_ratelimit after the last answer",
	OverBudget: "a challenge ACK is due, but the host sent its share for this second",
	ACKBeyond:  "it acknowledges what was never sent", ACKTooOld: "its ACK number is older than a window",
	ACKOld: "its ACK number is old", WrongHandshake: "it does not acknowledge our SYN",
	Plain: "an ACK", Opened: "it completes the handshake", NewData: "new data", OldData: "there is nothing new in it",
	GapBefore: "something before it is missing", BeyondWindow: "it begins beyond the window", PeerFIN: "the peer's FIN",
	AfterFIN: "it comes after the peer's FIN", OurFINAcked: "it acknowledges our FIN",
	BothFINs: "it acknowledges our FIN and is the peer's", DataNoReader: "data that nobody will read",
	LingerExpired: "it acknowledges our FIN, and TCP_LINGER2 is negative",
}

// String says why, to be read after [ConnAction.String].
func (r ConnReason) String() string { return words.Name("ConnReason", connReasonNames[:], uint8(r)) }

// A ConnVerdict is one decision about a segment that meets a full socket. It is a
// comparable value.
type ConnVerdict struct {
	Action ConnAction // what the kernel does
	Reason ConnReason // why
	// Drop is the kernel's drop reason where PAWS decided. 0 elsewhere says nothing: these
	// rules do not tell the drop reasons of other paths.
	Drop paws.DropReason
	// Counters are the nstat counters raised, in the kernel's order.
	Counters kernel.CounterSet
}

// String is a sentence: what is done, why, and the counters.
func (v ConnVerdict) String() string { return words.Sentence(v.Action, v.Reason, v.Counters, v.Drop) }
