package paws

import (
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// An Action is what the kernel does with a segment.
type Action uint8

const (
	Pass      Action = iota + 1 // goes on to the next test: PAWS has nothing against it
	Drop                        // discarded, nothing is sent
	SendACK                     // discarded, an ACK is sent
	Challenge                   // discarded, a challenge ACK is sent
	SendReset                   // discarded, a RST is sent
)

var actionNames = [...]string{
	Pass: "passes", Drop: "drop", SendACK: "drop and send an ACK",
	Challenge: "drop and send a challenge ACK", SendReset: "drop and send a RST",
}

// String says what is done.
func (a Action) String() string { return words.Name("Action", actionNames[:], uint8(a)) }

// A Reason is why, in this library's words.
type Reason uint8

const (
	// It passes.
	NoTimestamp   Reason = iota + 1 // the connection or the segment has no timestamps
	NothingStored                   // no timestamp of the peer is remembered
	NotOlder                        // the timestamp is not older than the window allows
	IdlePassed                      // the remembered timestamp lapsed by silence
	ZeroPassed                      // the remembered timestamp is 0
	Disordered                      // a harmless bare ACK, old by no more than the replay window
	RSTExempt                       // PAWS does not stop this RST
	EchoGood                        // echoes a timestamp that we sent
	NotJudged                       // tcp_tw_recycle does not look at this SYN
	HostUnknown                     // nothing is remembered of the host
	HostLapsed                      // what is remembered of the host is 60 s old

	// It does not.
	OldSegment  // the timestamp is older
	OldTooSoon  // the same, but answered less than tcp_invalid_ratelimit ago
	OldBareACK  // a bare ACK below the window with an older timestamp
	OldSYN      // a SYN with an older timestamp
	OldSYNSoon  // the same, but answered less than tcp_invalid_ratelimit ago
	NoACK       // has neither ACK nor RST, nor, from 3.18 on, SYN
	EchoUnknown // echoes a timestamp that was never sent
	HostOlder   // tw_recycle: older than the host's last timestamp
	HostNoStamp // tw_recycle: no timestamp, and the host's last one is fresh
)

var reasonNames = [...]string{
	NoTimestamp:   "there is no timestamp to compare",
	NothingStored: "no timestamp of the peer is remembered",
	NotOlder:      "its timestamp is not older than allowed",
	IdlePassed:    "its timestamp is older, but the remembered one has lapsed",
	ZeroPassed:    "its timestamp is older, but the remembered one is 0",
	Disordered:    "its timestamp is older, but it is a disordered ACK that does no harm",
	RSTExempt:     "its timestamp is older, but it is a RST",
	EchoGood:      "it echoes a timestamp that we sent",
	NotJudged:     "tcp_tw_recycle does not look at it",
	HostUnknown:   "nothing is remembered of its host",
	HostLapsed:    "what is remembered of its host is 60 s old or older",
	OldSegment:    "its timestamp is older than the remembered one",
	OldTooSoon:    "its timestamp is older than the remembered one, less than tcp_invalid_ratelimit after the last answer",
	OldBareACK:    "a bare ACK below the window with an older timestamp",
	OldSYN:        "a SYN with an older timestamp",
	OldSYNSoon:    "a SYN with an older timestamp, less than tcp_invalid_ratelimit after the last answer",
	NoACK:         "it has neither ACK nor RST",
	EchoUnknown:   "it echoes a timestamp that was never sent",
	HostOlder:     "its timestamp is older than the last one of its host",
	HostNoStamp:   "it has no timestamp, and its host had one within the last 60 s",
}

// String says why, to be read after [Action.String].
func (r Reason) String() string { return words.Name("Reason", reasonNames[:], uint8(r)) }

// A DropReason is what the kernel tells kfree_skb, and so dropwatch, perf and BPF.
// The zero DropReason is none: the segment is not dropped, or this kernel (before
// 5.17) or path gives no reasons.
type DropReason uint8

const (
	DropNotSpecified DropReason = iota + 1 // NOT_SPECIFIED
	DropPAWS                               // TCP_RFC7323_PAWS
	DropPAWSACK                            // TCP_RFC7323_PAWS_ACK, from 6.14
	DropPAWSTimeWait                       // TCP_RFC7323_TW_PAWS, from 6.16
	DropInvalidSYN                         // TCP_INVALID_SYN
	DropFlags                              // TCP_FLAGS; on 5.18 too where the connection is ESTABLISHED, which is not told apart here
)

var dropNames = [...]string{
	DropNotSpecified: "NOT_SPECIFIED", DropPAWS: "TCP_RFC7323_PAWS", DropPAWSACK: "TCP_RFC7323_PAWS_ACK",
	DropPAWSTimeWait: "TCP_RFC7323_TW_PAWS", DropInvalidSYN: "TCP_INVALID_SYN", DropFlags: "TCP_FLAGS",
}

// String returns the kernel's name without its SKB_DROP_REASON_ prefix, and "" for
// none.
func (d DropReason) String() string {
	if d == 0 {
		return ""
	}
	return words.Name("DropReason", dropNames[:], uint8(d))
}

// A Verdict is one decision: what is done with a segment, why, and what it leaves
// behind for tools to see. It is a comparable value; the zero Verdict is none.
type Verdict struct {
	Action Action // what the kernel does
	Reason Reason // why
	// Drop is the kernel's drop reason.
	Drop DropReason
	// Counters are the nstat counters raised, in the kernel's order.
	Counters kernel.CounterSet
}

// String is a sentence: what is done, why, and the counters.
func (v Verdict) String() string { return words.Sentence(v.Action, v.Reason, v.Counters, v.Drop) }

// verdict builds a Verdict; its arguments stand in the order of its fields.
func verdict(a Action, r Reason, d DropReason, counters ...kernel.Counter) Verdict {
	return Verdict{Action: a, Reason: r, Drop: d, Counters: kernel.CountersOf(counters...)}
}

// inputDrop is the drop reason of a connection's input path on this kernel: none
// before 5.17, NOT_SPECIFIED to 5.18, its own from 5.19 on.
func inputDrop(sem *kernel.Semantics, own DropReason) DropReason {
	switch sem.DropReasons {
	case 0, kernel.DropReasonsNone:
		return 0
	case kernel.DropReasonsUnset:
		return DropNotSpecified
	}
	return own
}
