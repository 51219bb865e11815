package queue

import (
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
)

// An Action is what the kernel does with a segment or when a timer fires.
type Action uint8

const (
	Drop         Action = iota + 1 // nothing is sent and the queues stay as they are
	SendSYNACK                     // a request is queued (SYN-RECV) and a SYN-ACK sent
	SendCookie                     // a SYN-ACK with a cookie is sent and nothing is kept
	ResendSYNACK                   // a SYN-ACK is sent again for a request that stays
	SendACK                        // an ACK is sent; the request stays
	SendReset                      // a RST is sent; a request the segment belonged to stays
	Establish                      // a connection enters the accept queue
	ResetRemove                    // a RST is sent and the request removed
	Remove                         // the request is removed and nothing is sent
	Hold                           // the request is marked as acknowledged and stays; nothing is sent
)

var actionNames = [...]string{
	Drop: "drop", SendSYNACK: "queue a request and send a SYN-ACK", SendCookie: "send a cookie SYN-ACK, keep nothing",
	ResendSYNACK: "send the SYN-ACK again", SendACK: "send an ACK, keep the request", SendReset: "send a RST",
	Establish: "put a connection into the accept queue", ResetRemove: "send a RST and remove the request",
	Remove: "remove the request, send nothing", Hold: "mark the request as acknowledged, send nothing",
}

// String says what is done.
func (a Action) String() string { return words.Name("Action", actionNames[:], uint8(a)) }

// A Reason is why the kernel acts as it does, in this library's words. The
// kernel's own drop reasons are in [DropReason].
type Reason uint8

const (
	// A SYN for the listener.
	Admitted           Reason = iota + 1 // every check passed
	AdmittedTimeWait                     // reopens a TIME_WAIT connection with the number it chose
	CookieQueueFull                      // the SYN queue is full and cookies are on
	CookieAlways                         // tcp_syncookies=2
	SYNQueueFullDrop                     // the SYN queue is full and cookies are off
	AcceptQueueFullSYN                   // the accept queue is full
	LastQuarterDrop                      // the last quarter of tcp_max_syn_backlog is kept for proven peers
	RecycleReject                        // tw_recycle: the timestamp is older than the host's last
	Unroutable                           // no route leads back, or a security module refuses
	NotUnicast                           // sent to a broadcast or multicast address
	ListenerRST                          // a RST that belongs to no request
	ListenerACK                          // an ACK that belongs to no request and is not a cookie
	ListenerSYNFIN                       // SYN with FIN
	ListenerNoFlags                      // neither SYN, ACK nor RST
	NotListening                         // the socket does not listen

	// A segment for a half-open request.
	Completed            // the handshake is complete
	AcceptQueueFullACK   // the final ACK met a full accept queue
	DeferredACK          // TCP_DEFER_ACCEPT waits for data
	RepeatedSYN          // the client repeats its SYN
	RepeatedSYNTooSoon   // the same, but answered less than tcp_invalid_ratelimit ago
	WrongACK             // acknowledges something else than our SYN-ACK
	OutOfWindow          // outside the receive window
	OutOfWindowTooSoon   // the same, but answered less than tcp_invalid_ratelimit ago
	PAWSOld              // the timestamp is older than the request's
	PAWSOldTooSoon       // the same, but answered less than tcp_invalid_ratelimit ago
	TSEcrNeverSent       // echoes a timestamp that was not sent
	RequestRST           // a RST in the window
	RequestRSTNotExact   // a RST in the window, but not at the next sequence number
	RequestSYN           // another SYN in the window
	RequestNoACK         // carries no ACK
	CookieCompleted      // the ACK carries a good cookie
	CookieOverflow       // the ACK carries a good cookie, but the accept queue is full
	CookieDuplicate      // the ACK carries a good cookie, but a request of the same client is queued
	CookieBad            // the ACK's number is not a cookie of the last minutes
	CookieNotExpected    // no cookie was sent recently enough for the ACK to be checked
	CookieOptionsInvalid // the cookie claims options that the sysctls forbid

	// A SYN-ACK timer.
	TimedOut     // the SYN-ACK was not answered in time
	RetriesSpent // tcp_synack_retries timeouts have passed
	Pruned       // the retries left were cut because the SYN queue is filling up
	ListenerGone // the listener was closed
)

var reasonNames = [...]string{
	Admitted:             "the listener has room",
	AdmittedTimeWait:     "it reopens a TIME_WAIT connection, which skips the SYN queue's checks",
	CookieQueueFull:      "the SYN queue is full and tcp_syncookies is on",
	CookieAlways:         "tcp_syncookies is 2",
	SYNQueueFullDrop:     "the SYN queue is full and tcp_syncookies is off",
	AcceptQueueFullSYN:   "the accept queue is full",
	LastQuarterDrop:      "less than a quarter of tcp_max_syn_backlog is left and the peer is not proven",
	RecycleReject:        "tcp_tw_recycle holds its timestamp against the last one of its host",
	Unroutable:           "no route leads back to its sender, or a security module refuses it",
	NotUnicast:           "it was not sent to a unicast address",
	ListenerRST:          "a RST that belongs to no connection",
	ListenerACK:          "an ACK that belongs to no connection",
	ListenerSYNFIN:       "a SYN with FIN",
	ListenerNoFlags:      "neither SYN, ACK nor RST is set",
	NotListening:         "nobody listens",
	Completed:            "the handshake is complete",
	AcceptQueueFullACK:   "the accept queue is full",
	DeferredACK:          "TCP_DEFER_ACCEPT waits for data",
	RepeatedSYN:          "the client repeats its SYN",
	RepeatedSYNTooSoon:   "the client repeats its SYN less than tcp_invalid_ratelimit after the last answer",
	WrongACK:             "it acknowledges something other than our SYN-ACK",
	OutOfWindow:          "it lies outside the receive window",
	OutOfWindowTooSoon:   "it lies outside the receive window, less than tcp_invalid_ratelimit after the last answer",
	PAWSOld:              "its timestamp is older than the request's",
	PAWSOldTooSoon:       "its timestamp is older than the request's, less than tcp_invalid_ratelimit after the last answer",
	TSEcrNeverSent:       "it echoes a timestamp that was never sent",
	RequestRST:           "a RST in the window",
	RequestRSTNotExact:   "a RST in the window, but not at the next sequence number",
	RequestSYN:           "another SYN in the window",
	RequestNoACK:         "it carries no ACK",
	CookieCompleted:      "it carries a good cookie",
	CookieOverflow:       "it carries a good cookie, but the accept queue is full",
	CookieDuplicate:      "it carries a good cookie, but its client has a request as well",
	CookieBad:            "its number is no cookie of the last minutes",
	CookieNotExpected:    "no cookie was sent lately, so its number is not looked at",
	CookieOptionsInvalid: "its cookie claims options that the sysctls forbid",
	TimedOut:             "the SYN-ACK was not answered in time",
	RetriesSpent:         "tcp_synack_retries is used up",
	Pruned:               "the SYN queue is filling up, so old requests go early",
	ListenerGone:         "the listener was closed",
}

// String says why, to be read after [Action.String].
func (r Reason) String() string { return words.Name("Reason", reasonNames[:], uint8(r)) }

// A DropReason is what the kernel tells kfree_skb, and so dropwatch, perf and
// BPF, about a segment it drops. Kernels before 5.17 have none. The zero
// DropReason means that the segment is consumed rather than dropped: so it is with
// every SYN that reaches a listener, which is why tracing drops does not show SYNs
// that queue limits turn away; only the counters do.
type DropReason uint8

const (
	DropNotSpecified   DropReason = iota + 1 // NOT_SPECIFIED
	DropNoSocket                             // NO_SOCKET
	DropTCPReset                             // TCP_RESET
	DropTCPFlags                             // TCP_FLAGS
	DropPAWS                                 // TCP_RFC7323_PAWS
	DropTSEcr                                // TCP_RFC7323_TSECR
	DropOverWindow                           // TCP_OVERWINDOW
	DropListenOverflow                       // TCP_LISTEN_OVERFLOW
)

var dropNames = [...]string{
	0: "", DropNotSpecified: "NOT_SPECIFIED", DropNoSocket: "NO_SOCKET", DropTCPReset: "TCP_RESET", DropTCPFlags: "TCP_FLAGS",
	DropPAWS: "TCP_RFC7323_PAWS", DropTSEcr: "TCP_RFC7323_TSECR", DropOverWindow: "TCP_OVERWINDOW", DropListenOverflow: "TCP_LISTEN_OVERFLOW",
}

// String returns the kernel's name without its SKB_DROP_REASON_ prefix, and ""
// for none.
func (d DropReason) String() string {
	if d == 0 {
		return ""
	}
	return words.Name("DropReason", dropNames[:], uint8(d))
}

// A Verdict is one decision of the kernel: what it does, why, and what it leaves
// behind for tools to see. It is a comparable value.
type Verdict struct {
	Action Action // what the kernel does
	Reason Reason // why
	// Counters are the nstat counters raised, in the kernel's order.
	Counters kernel.CounterSet
	Trace
}

// A Trace is what a decision leaves behind for tools besides counters. It is part of
// every [Verdict].
type Trace struct {
	// Drop is the kernel's drop reason, zero on kernels and paths that give none.
	Drop DropReason
	// SockDrops is what the decision adds to the listener's d<N> in `ss -m`.
	SockDrops uint8
	// Logs says that the kernel logs "possible SYN flooding", as far as its rate
	// limit lets it.
	Logs bool
}

// String is a sentence: what is done, why, and the counters.
func (v Verdict) String() string { return words.Sentence(v.Action, v.Reason, v.Counters, v.Drop) }

// verdict builds a Verdict; its arguments stand in the order of its fields.
func verdict(a Action, r Reason, counters ...kernel.Counter) Verdict {
	return Verdict{Action: a, Reason: r, Counters: kernel.CountersOf(counters...)}
}
