package timewait

import (
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// An Action is what the kernel does.
type Action uint8

const (
	Drop        Action = iota + 1 // nothing is sent and the entry stays
	SendACK                       // an ACK is sent; the entry stays
	Remove                        // the entry is removed and nothing is sent
	ResetRemove                   // a RST is sent and the entry removed
	Reopen                        // the entry is removed and the SYN goes to the listener
	Enter                         // an entry begins
	Close                         // the socket is closed without an entry; nothing is sent
	Take                          // connect() takes the entry's port and numbers over
	Refuse                        // connect() leaves the entry alone and cannot have this port
)

var actionNames = [...]string{
	Drop: "drop, keep the entry", SendACK: "send an ACK, keep the entry", Remove: "remove the entry, send nothing",
	ResetRemove: "send a RST and remove the entry", Reopen: "remove the entry, hand the SYN to the listener",
	Enter: "begin an entry", Close: "close the socket without an entry", Take: "connect() takes the entry over",
	Refuse: "connect() cannot have the port",
}

// String says what is done.
func (a Action) String() string { return words.Name("Action", actionNames[:], uint8(a)) }

// A Reason is why the kernel acts as it does, in this library's words.
type Reason uint8

const (
	// A segment for an entry in FIN_WAIT2.
	OutOfWindow    Reason = iota + 1 // outside the window, or its timestamp is too old
	PeerReset                        // a RST in the window; RFC 5961 and tcp_rfc1337 do not count here
	SYNInFinWait2                    // a SYN in the window
	Duplicate                        // nothing new in it, or no ACK
	DataAfterClose                   // data for a socket that nobody holds, or FIN with data
	PeerFIN                          // the peer's FIN

	// A segment for an entry in TIME_WAIT.
	Assassinated       // a RST at the next sequence number
	RFC1337            // the same, but tcp_rfc1337 is set
	BareSegment        // at the next sequence number and empty
	NewSYN             // a SYN that is no old duplicate
	NewSYNNoListener   // the same, but nobody listens
	PAWSOld            // its timestamp is older than the last one
	StrayRST           // a RST at another sequence number
	OldSegment         // a segment that was there before, or data
	OldSYN             // a SYN that may be an old duplicate, or a segment without flags
	AnsweredTooSoon    // an answer is due, but one was sent less than tcp_invalid_ratelimit ago
	PAWSOldTooSoon     // the same, for a timestamp that is too old
	OutOfWindowTooSoon // the same, outside the window of FIN_WAIT2

	// A socket that closes.
	RoomForEntry // tcp_max_tw_buckets allows one more
	NoRoom       // tcp_max_tw_buckets are there
	Recycled     // tcp_tw_recycle makes it short

	// connect().
	BoundPort     // the port was bound to: neither tcp_tw_reuse nor age are looked at
	OldEnough     // tcp_tw_reuse allows it, and the entry is old enough
	NoTimestamps  // the old connection did not use timestamps
	ReuseOff      // tcp_tw_reuse is 0
	NotLoopback   // tcp_tw_reuse is 2 and this is no loopback connection
	FinWait2Entry // the entry is in FIN_WAIT2
	TooYoung      // the entry is too young
	NoEntry       // there is no entry of this connection
)

var reasonNames = [...]string{
	OutOfWindow: "it lies outside the window or its timestamp is too old", PeerReset: "a RST in the window",
	SYNInFinWait2: "a SYN in the window", Duplicate: "there is nothing new in it",
	DataAfterClose: "it brings data that nobody will read", PeerFIN: "the peer's FIN",
	Assassinated: "a RST at the next sequence number", RFC1337: "a RST at the next sequence number, but tcp_rfc1337 is set",
	BareSegment: "it is empty, at the next sequence number", NewSYN: "a SYN newer than the connection",
	NewSYNNoListener: "a SYN newer than the connection, but nobody listens",
	PAWSOld:          "its timestamp is older than the last one", StrayRST: "a RST at another sequence number",
	OldSegment: "an old segment, or data", OldSYN: "a SYN that may be an old duplicate",
	AnsweredTooSoon:    "an answer is due, less than tcp_invalid_ratelimit after the last one",
	PAWSOldTooSoon:     "its timestamp is older than the last one, less than tcp_invalid_ratelimit after the last answer",
	OutOfWindowTooSoon: "it lies outside the window or its timestamp is too old, less than tcp_invalid_ratelimit after the last answer",
	RoomForEntry:       "tcp_max_tw_buckets allows one more", NoRoom: "there are tcp_max_tw_buckets already",
	Recycled:  "tcp_tw_recycle makes it last 3.5 retransmission timeouts",
	BoundPort: "the port was bound to, and the old connection used timestamps",
	OldEnough: "tcp_tw_reuse allows it, and the entry is old enough", NoTimestamps: "the old connection used no timestamps",
	ReuseOff: "tcp_tw_reuse is 0", NotLoopback: "tcp_tw_reuse is 2 and this is no loopback connection",
	FinWait2Entry: "the entry is in FIN_WAIT2", TooYoung: "the entry is too young", NoEntry: "there is no entry of this connection",
}

// String says why, to be read after [Action.String].
func (r Reason) String() string { return words.Name("Reason", reasonNames[:], uint8(r)) }

// A DropReason is what the kernel tells kfree_skb, and so dropwatch, perf and BPF,
// about the segment. Kernels before 5.17 have none. The zero DropReason means none, or
// that the segment lives on.
type DropReason uint8

const (
	DropNotSpecified DropReason = iota + 1 // NOT_SPECIFIED
	DropPAWS                               // TCP_RFC7323_TW_PAWS
)

// String returns the kernel's name without its SKB_DROP_REASON_ prefix, and "" for
// none.
func (d DropReason) String() string {
	if d == 0 {
		return ""
	}
	return words.Name("DropReason", []string{DropNotSpecified: "NOT_SPECIFIED", DropPAWS: "TCP_RFC7323_TW_PAWS"}, uint8(d))
}

// A Verdict is one decision of the kernel: what it does, why, and what it leaves behind
// for tools to see. It is a comparable value.
type Verdict struct {
	Action Action     // what the kernel does
	Reason Reason     // why
	Drop   DropReason // the kernel's drop reason, zero where it gives none
	// Counters are the nstat counters raised, in the kernel's order.
	Counters kernel.CounterSet
}

// String is a sentence: what is done, why, and the counters.
func (v Verdict) String() string { return words.Sentence(v.Action, v.Reason, v.Counters, v.Drop) }
