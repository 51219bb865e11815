package raised

import (
	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
)

const validate = "tcp_validate_incoming"

// stamped is a connection that remembers a timestamp of 1000.
var stamped = paws.Conn{Timestamps: true, Recent: paws.Recent{TS: 1000, Stamp: 1}, RcvNxt: 9001, RcvWup: 9001, SndUna: 1000, RTO: 51}

// old is what a segment with a timestamp of 1 raises at it.
func old(s paws.Segment) func(*kernel.Semantics) kernel.CounterSet {
	s.Timestamp, s.TSVal = true, 1
	return func(sem *kernel.Semantics) kernel.CounterSet {
		c := stamped
		return paws.DecideEstablished(sem, &c, &s, 2).Counters
	}
}

// lately is what a segment raises at a connection that answered an invalid one just before.
func lately(s paws.Segment) func(*kernel.Semantics) kernel.CounterSet {
	s.Timestamp, s.TSVal = true, 1
	return func(sem *kernel.Semantics) kernel.CounterSet {
		c := stamped
		c.AnsweredLately = true
		return paws.DecideEstablished(sem, &c, &s, 2).Counters
	}
}

// meets is what a segment raises at an established connection.
func meets(s host.Segment) func(*kernel.Semantics) kernel.CounterSet {
	return func(sem *kernel.Semantics) kernel.CounterSet {
		c := host.Conn{State: host.Established, SndUna: 1000, SndNxt: 1000, RcvNxt: 9001, RcvWup: 9001, RcvWnd: 64240, SndWnd: 64240, MaxWindow: 64240, BytesAcked: 100}
		return host.Decide(sem, &kernel.Sysctls{TCPTimestamps: 1}, c, &s, host.Moment{}).Verdict.Counters
	}
}

var connectionScenes = []Scene{
	{"data with too old a timestamp meets a connection", "paws.DecideEstablished", validate, old(paws.Segment{ACK: true, Seq: 9001, Len: 10, AckSeq: 1000})},
	{"a bare ACK below the window with too old a timestamp meets a connection", "paws.DecideEstablished", validate, old(paws.Segment{ACK: true, Seq: 8000, AckSeq: 1000})},
	{"a SYN with too old a timestamp meets a connection", "paws.DecideEstablished", validate, old(paws.Segment{SYN: true, Seq: 8000, Len: 1})},
	{"a connection would answer a second old segment within tcp_invalid_ratelimit", "paws.DecideEstablished", validate, lately(paws.Segment{ACK: true, Seq: 9001, AckSeq: 900})},
	{"an answer to connect() echoes a timestamp that was never sent", "paws.DecideSYNSent", "tcp_rcv_synsent_state_process", func(sem *kernel.Semantics) kernel.CounterSet {
		return paws.DecideSYNSent(sem, &paws.Conn{Timestamps: true}, &paws.Segment{SYN: true, ACK: true, Timestamp: true, TSEcr: 99}, 2, 20, 30).Counters
	}},
	{"a SYN meets a connection", "host.SYNOnConnection", validate, meets(host.Segment{Flags: host.FlagSYN, Seq: 8000})},
	{"a SYN in the window meets a connection", "host.SYNOnConnection", validate, meets(host.Segment{Flags: host.FlagSYN, Seq: 9001})},
	{"a RST in the window but not at the next number meets a connection", "host.RSTAccepted", validate, meets(host.Segment{Flags: host.FlagRST, Seq: 9050})},
	{"a RST at the next number ends a connection", "host.RSTAccepted", "tcp_reset", meets(host.Segment{Flags: host.FlagRST, Seq: 9001})},
	{"an ACK number from before the peer's window meets a connection", "host.JudgeACK", "tcp_ack", meets(host.Segment{Flags: host.FlagACK, Seq: 9001, Ack: 1<<32 - 69000})},
	{"an ACK of what was not sent meets a connection", "host.JudgeACK", "tcp_ack", meets(host.Segment{Flags: host.FlagACK, Seq: 9001, Ack: 1001})},
	{"the first timer of a FIN fires", "host.TimeoutCounters", "tcp_retransmit_timer", func(sem *kernel.Semantics) kernel.CounterSet {
		return host.TimeoutCounters(sem, 0, false)
	}},
	{"a later timer of a FIN fires", "host.TimeoutCounters", "tcp_retransmit_timer", func(sem *kernel.Semantics) kernel.CounterSet {
		return host.TimeoutCounters(sem, 3, false)
	}},
	{"a FIN is given up", "host.TimeoutCounters", "tcp_write_timeout", func(sem *kernel.Semantics) kernel.CounterSet {
		return host.TimeoutCounters(sem, 8, true)
	}},
}
