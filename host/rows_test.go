package host

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"example.com/linuxtcp/internal/rowtest"
	"example.com/linuxtcp/kernel"
)

// rows has for every row of the table that concerns this package a scenario that gives
// different answers with and without the row.
var rows = map[string]func(s *kernel.Semantics) any{
	"initial-window-10":        firstWindow,
	"initial-window-20":        firstWindow,
	"initial-window-64k":       firstWindow,
	"syn-expiry-time":          synTimes,
	"tail-loss-probe":          finProbes,
	"syn-timeout-1s":           synTimes,
	"syn-retries-6":            synTimes,
	"syn-expiry-count":         func(s *kernel.Semantics) any { return s.SYNExpiry },
	"syn-expiry-200ms":         synTimes,
	"syn-expiry-count-or-time": func(s *kernel.Semantics) any { return s.SYNExpiry },
	"syn-linear-timeouts":      synTimes,
	"rst-exact":                func(s *kernel.Semantics) any { return rowVerdict(s, CloseWait, Segment{Flags: FlagRST, Seq: 2010}) },
	"syn-challenge":            func(s *kernel.Semantics) any { return rowVerdict(s, CloseWait, Segment{Flags: FlagSYN, Seq: 9}) },
	"challenge-budget":         challengesOf,
	"old-ack-challenge":        rowOldACK,
	"old-ack-never-sent":       rowOldACK,
	"challenge-limit-all":      func(s *kernel.Semantics) any { return rowLimited(s) },
	"rst-sack-edge": func(s *kernel.Semantics) any {
		ends, challenge := RSTAccepted(s, &Conn{State: Established, RcvNxt: 2000, RcvWup: 2000, RcvWnd: 65535, SACK: true,
			Ahead: Ahead{{From: 2010, To: 2020}, {From: 2030, To: 2040}}}, &Segment{Flags: FlagRST, Seq: 2040})
		return [2]bool{ends, challenge}
	},
	"rst-after-fin":        func(s *kernel.Semantics) any { return rowVerdict(s, CloseWait, Segment{Flags: FlagRST, Seq: 1999}) },
	"closing-ack-checked":  rowClosingACK,
	"closing-old-acks":     rowClosingACK,
	"syn-accelerated":      func(s *kernel.Semantics) any { return rowDecision(s, SynSent, Segment{Flags: FlagACK, Ack: 7}).SYNSoon },
	"challenge-budget-off": challengesOf,
	"ts-recent-old-ack": func(s *kernel.Semantics) any {
		c := rowConn(Established)
		c.Timestamps, c.Recent.TS, c.Recent.Stamp = true, 100, 99
		return Decide(s, &rowSysctls, c, &Segment{Flags: FlagACK, Seq: 2000, Ack: 999, Timestamp: true, TSVal: 200}, Moment{Jiffies: 1000, Seconds: 100}).After.Recent.TS
	},
	"fin-after-handshake": func(s *kernel.Semantics) any { return fmt.Sprint(finOfSynRecv(*s)) },
	"crossed-syn-ack": func(s *kernel.Semantics) any {
		return rowVerdict(s, SynRecv, Segment{Flags: FlagSYN | FlagACK, Seq: 1999, Ack: 1000})
	},
	"beyond-window": func(s *kernel.Semantics) any {
		return rowVerdict(s, CloseWait, Segment{Flags: FlagACK, Seq: 2000, Ack: 1000, Len: 70000})
	},
	"beyond-window-edge": func(s *kernel.Semantics) any {
		return rowVerdict(s, FinWait2, Segment{Flags: FlagACK, Seq: 62000, Ack: 1000, Len: 1})
	},
	"unsent-ack-challenge": func(s *kernel.Semantics) any {
		return rowVerdict(s, Established, Segment{Flags: FlagACK, Seq: 2000, Ack: 1001})
	},
	"challenge-budget-random": challengesOf,
	"timeouts-counted":        func(s *kernel.Semantics) any { return TimeoutCounters(s, 3, false) },
}

func synTimes(s *kernel.Semantics) any {
	line, err := kernel.DefaultSYNTimer(s).Timeline(s)
	return fmt.Sprint(line, err)
}

func firstWindow(s *kernel.Semantics) any { return kernel.InitialWindow(s, 1460) }

func challengesOf(s *kernel.Semantics) any { lo, hi := ChallengeLimit(s); return [2]int{lo, hi} }

// rowConn sent 1000 bytes and received 1000, all acknowledged.
func rowConn(state State) Conn {
	c := Conn{State: state, SndUna: 1000, SndNxt: 1000, RcvNxt: 2000, RcvWup: 2000, RcvWnd: 60000, SndWnd: 5000, MaxWindow: 5000, SndWl1: 1999, BytesAcked: 1000, RTO: 50}
	switch state {
	case CloseWait:
		c.ReadShut, c.FINUnread = true, true
	case SynSent, SynRecv, FinWait1, LastAck, Closing:
		c.SndUna--
	}
	return c
}

var rowSysctls = kernel.Sysctls{TCPTimestamps: 1, TCPInvalidRatelimit: 500, TCPFinTimeout: 60}

func rowDecision(s *kernel.Semantics, state State, seg Segment) Decision {
	return Decide(s, &rowSysctls, rowConn(state), &seg, Moment{Jiffies: 1000, Seconds: 100})
}

func rowVerdict(s *kernel.Semantics, state State, seg Segment) any {
	return rowDecision(s, state, seg).Verdict
}

func rowOldACK(s *kernel.Semantics) any {
	return [2]any{
		rowVerdict(s, Established, Segment{Flags: FlagACK, Seq: 2000, Ack: 1<<32 - 4001}),
		rowVerdict(s, Established, Segment{Flags: FlagACK, Seq: 2000, Ack: 1<<32 - 1}),
	}
}

func rowClosingACK(s *kernel.Semantics) any {
	return rowVerdict(s, CloseWait, Segment{Flags: FlagACK, Seq: 2000, Ack: 999})
}

// rowLimited is a challenge for a segment with data just after another answer.
func rowLimited(s *kernel.Semantics) any {
	c := rowConn(FinWait2)
	c.Answered = 990
	return Decide(s, &rowSysctls, c, &Segment{Flags: FlagRST, Seq: 2005, Len: 3}, Moment{Jiffies: 1000}).Verdict
}

// finOfSynRecv is what a socket sends, at shutdown() and at the end of the handshake, after SYNs that crossed.
func finOfSynRecv(s kernel.Semantics) (sent [2][]Flags) {
	h, k, syn := crossed(s)
	out, _ := h.Shutdown(time.Millisecond, k)
	for _, t := range out.Sent {
		sent[0] = append(sent[0], t.Flags)
	}
	out, _ = h.Receive(2*time.Millisecond, Segment{From: syn.To, To: syn.From, Flags: FlagACK, Seq: 1, Ack: syn.Seq + 1, Window: 65535})
	for _, t := range out.Sent {
		sent[1] = append(sent[1], t.Flags)
	}
	return sent
}

func TestEveryRowIsExercised(t *testing.T) { rowtest.Exercise(t, "host", rows) }

// finProbes is what the first timer of a FIN counts, where the peer allows selective
// acknowledgements.
func finProbes(s *kernel.Semantics) any {
	h, err := New(Config{Semantics: *s, Sysctls: rowHostSysctls(s), Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
	if err != nil {
		return err
	}
	out, _ := h.Open(0, Options{})
	k := out.Socket
	out, _ = h.Connect(0, k, netip.MustParseAddrPort("10.0.0.9:80"))
	syn := out.Sent[0]
	h.Receive(0, Segment{From: syn.To, To: syn.From, Flags: FlagSYN | FlagACK, Ack: syn.Seq + 1, Window: 65535, SACK: true})
	h.Close(0, k)
	h.Advance(300 * time.Millisecond)
	return h.Counters().Get(kernel.TCPTimeouts)
}

// rowHostSysctls are sysctls that the release takes.
func rowHostSysctls(s *kernel.Semantics) kernel.Sysctls {
	sys := kernel.Sysctls{Somaxconn: 5, TCPSack: 1, TCPRetries2: 15, TCPRTOMaxMs: 120000, TCPTWReuseDelay: 1000}
	if !s.RTOMaxSysctl {
		sys.TCPRTOMaxMs = 0
	}
	if !s.TWReuseDelay {
		sys.TCPTWReuseDelay = 0
	}
	return sys
}
