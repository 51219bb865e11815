package sim

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
)

// A Treatment is what a firewall does with a segment that it does not expect. The zero Treatment is what the
// field says.
type Treatment uint8

const (
	Pass   Treatment = iota + 1 // it goes on
	Drop                        // it is stopped in silence
	Reject                      // it is stopped and answered with a RST
)

var treatmentNames = [...]string{"default", "pass", "drop", "reject"}

// String is the treatment in a word.
func (t Treatment) String() string {
	if int(t) >= len(treatmentNames) {
		return "Treatment?"
	}
	return treatmentNames[t]
}

// A Firewall is a box that follows connections and stops what belongs to none. Each connection has a state
// and a time after which it is forgotten:
//
//	state        after                                          forgotten after
//	SYN_SENT     a SYN                                          120 s
//	SYN_RECV     the answering SYN-ACK                          60 s
//	ESTABLISHED  the ACK of it                                  5 days
//	FIN_WAIT     the first FIN                                  120 s
//	CLOSE_WAIT   an ACK after it                                60 s
//	LAST_ACK     the second FIN                                 30 s
//	TIME_WAIT    an ACK after it                                120 s
//	CLOSE        a RST                                          10 s
//
// These are the names and the defaults of nf_conntrack (nf_conntrack_tcp_timeout_*). Each segment that passes
// begins the time anew. A SYN that meets SYN_SENT, TIME_WAIT or CLOSE, or nothing, begins a connection.
//
// That is all it knows of the sequence numbers: whether a RST in SYN_SENT is one for the SYN that it saw. The
// window check of nf_conntrack, its loose pickup of running connections and its ratelimits are not
// modelled; what it does to a segment that fails them is in the fields. They are for the collision with a
// leftover socket: the SYN of a reused pair of ports, the stray ACK that a CLOSE-WAIT answers it with, and the
// RST that answers the ACK. nf_conntrack lets all three pass, but for RSTs in releases from 5.17 to 6.1 without
// a backport, which can take the RST for INVALID; other firewalls drop any of them.
//
// Evidence: the table is from what nf_conntrack documents and from its source, not held against a running
// kernel.
//
// A Firewall is made with a literal and has its state in unexported fields: it belongs to one world.
type Firewall struct {
	Label string // its name in traces and reports
	// ReusedSYN is a SYN for a connection from SYN_RECV to LAST_ACK; 0 means Pass, which leaves the state as
	// it is.
	ReusedSYN Treatment
	// StrayACK is an ACK without SYN that comes from the far end in SYN_SENT; 0 means Pass.
	StrayACK Treatment
	// StrayRST is a RST from the near end in SYN_SENT that is not for the SYN: its number is neither that of
	// the SYN nor the one after it; 0 means Pass.
	StrayRST Treatment
	// Unknown is anything but a SYN that belongs to no connection; 0 means Drop.
	Unknown Treatment
	// OutwardOnly drops SYNs that come inward for no connection.
	OutwardOnly bool

	flows map[pair]*flow // by A's end and B's
	swept time.Duration
}

// flow is a connection that a firewall knows.
type flow struct {
	state   flowState
	outward bool   // its SYN went outward
	seq     uint32 // of the SYN
	until   time.Duration
}

type flowState uint8

const (
	flowSYNSent flowState = iota + 1
	flowSYNRecv
	flowEstablished
	flowFINWait
	flowCloseWait
	flowLastACK
	flowTimeWait
	flowClose
)

var flowTimes = [...]time.Duration{
	flowSYNSent: 120 * time.Second, flowSYNRecv: 60 * time.Second, flowEstablished: 5 * 24 * time.Hour, flowFINWait: 120 * time.Second,
	flowCloseWait: 60 * time.Second, flowLastACK: 30 * time.Second, flowTimeWait: 120 * time.Second, flowClose: 10 * time.Second,
}

var flowNames = [...]string{
	flowSYNSent: "SYN_SENT", flowSYNRecv: "SYN_RECV", flowEstablished: "ESTABLISHED", flowFINWait: "FIN_WAIT",
	flowCloseWait: "CLOSE_WAIT", flowLastACK: "LAST_ACK", flowTimeWait: "TIME_WAIT", flowClose: "CLOSE",
}

// Name is its label.
func (f *Firewall) Name() string { return f.Label }

// State returns what the firewall thinks of a connection between an end at A and one at B, "" if it knows
// none.
func (f *Firewall) State(now time.Duration, a, b netip.AddrPort) string {
	if c := f.flows[pair{a, b}]; c != nil && now < c.until {
		return flowNames[c.state]
	}
	return ""
}

// Pass lets a segment through or stops it.
func (f *Firewall) Pass(now time.Duration, outward bool, s host.Segment) Passage {
	if f.flows == nil {
		f.flows = map[pair]*flow{}
	}
	f.sweep(now)
	p := pair{s.From, s.To}
	if !outward {
		p = pair{s.To, s.From}
	}
	c := f.flows[p]
	if c != nil && now >= c.until {
		delete(f.flows, p)
		c = nil
	}
	opens := s.Has(host.FlagSYN) && !s.Has(host.FlagACK) && !s.Has(host.FlagRST)
	if opens && (c == nil || c.state == flowTimeWait || c.state == flowClose) {
		if f.OutwardOnly && !outward {
			return Passage{Stop: "a SYN from outside"}
		}
		f.flows[p] = &flow{state: flowSYNSent, outward: outward, seq: s.Seq, until: now + flowTimes[flowSYNSent]}
		return Passage{Segment: s}
	}
	if c == nil {
		return treat(f.Unknown, Drop, "it belongs to no connection", s)
	}
	near := outward == c.outward
	switch {
	case opens && c.state != flowSYNSent:
		return treat(f.ReusedSYN, Pass, "a SYN for a connection in "+flowNames[c.state], s)
	case c.state == flowSYNSent && !near && s.Has(host.FlagACK) && !s.Has(host.FlagSYN) && !s.Has(host.FlagRST):
		return treat(f.StrayACK, Pass, "an ACK that answers no SYN", s)
	case c.state == flowSYNSent && near && s.Has(host.FlagRST) && s.Seq != c.seq && s.Seq != c.seq+1:
		if got := treat(f.StrayRST, Pass, "a RST that is not for the SYN", s); got.Stop != "" {
			return got
		}
	}
	c.follow(near, &s)
	c.until = now + flowTimes[c.state]
	return Passage{Segment: s}
}

// follow moves the state on.
func (c *flow) follow(near bool, s *host.Segment) {
	switch {
	case s.Has(host.FlagRST):
		c.state = flowClose
	case s.Has(host.FlagSYN | host.FlagACK):
		if c.state == flowSYNSent && !near {
			c.state = flowSYNRecv
		}
	case s.Has(host.FlagSYN):
		c.seq = s.Seq
	case s.Has(host.FlagFIN):
		switch c.state {
		case flowEstablished, flowSYNRecv:
			c.state = flowFINWait
		case flowFINWait, flowCloseWait:
			c.state = flowLastACK
		}
	case s.Has(host.FlagACK):
		switch {
		case c.state == flowSYNRecv && near:
			c.state = flowEstablished
		case c.state == flowFINWait:
			c.state = flowCloseWait
		case c.state == flowLastACK:
			c.state = flowTimeWait
		}
	}
}

// treat is what a rule makes of a segment.
func treat(rule, otherwise Treatment, why string, s host.Segment) Passage {
	if rule == 0 {
		rule = otherwise
	}
	switch rule {
	case Pass:
		return Passage{Segment: s}
	case Reject:
		if s.Has(host.FlagRST) {
			return Passage{Stop: why}
		}
		r := host.Segment{From: s.To, To: s.From, Flags: host.FlagRST}
		if s.Has(host.FlagACK) {
			r.Seq = s.Ack
		} else {
			r.Flags, r.Ack = host.FlagRST|host.FlagACK, s.End()
		}
		return Passage{Stop: why, Reply: r}
	}
	return Passage{Stop: why}
}

// sweep forgets, once a minute, what is over.
func (f *Firewall) sweep(now time.Duration) {
	if now-f.swept < time.Minute {
		return
	}
	f.swept = now
	for p, c := range f.flows {
		if now >= c.until {
			delete(f.flows, p)
		}
	}
}
