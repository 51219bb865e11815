package kernel_test

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/timewait"
)

// A seen is a decision that a model took: its reason, the state of the socket that it was about if that matters,
// and the counters that it raised. What is no verdict has a name instead of a reason.
type seen struct {
	pkg      string // "queue"
	reason   uint8  // a Reason of that package
	text     string // what it says
	name     string // of what is no verdict: "Host.Close"
	state    string
	counters kernel.CounterSet
}

// play has the models of a kernel decide as many different things as there are, and tells each decision. It is the
// same for the same kernel.
func play(sem *kernel.Semantics, tell func(seen)) {
	playListener(sem, tell)
	playTimeWait(sem, tell)
	playConnection(sem, tell)
	playPAWS(sem, tell)
	playCalls(sem, tell)
}

// playSysctls are what the kernel takes, with limits that are soon met.
func playSysctls(sem *kernel.Semantics) kernel.Sysctls {
	s := kernel.Sysctls{
		Somaxconn: 128, TCPMaxSynBacklog: 8, TCPSyncookies: 1, TCPSynackRetries: 2, TCPSynRetries: 5, TCPTimestamps: 1, TCPSack: 1, TCPWindowScaling: 1,
		TCPFinTimeout: 60, TCPMaxTWBuckets: 4096, TCPRetries2: 15, IPLocalPortRange: kernel.PortRange{Low: 40000, High: 40003},
	}
	if sem.RateLimitSysctl {
		s.TCPInvalidRatelimit = 500
	}
	if sem.RTOMaxSysctl {
		s.TCPRTOMaxMs = 120000
	}
	if sem.TWReuseDelay {
		s.TCPTWReuseDelay = 1000
	}
	return s
}

// playTimeWait has every entry meet every segment, and closing sockets and connect() meet every rule.
func playTimeWait(sem *kernel.Semantics, tell func(seen)) {
	verdict := func(v timewait.Verdict) {
		tell(seen{pkg: "timewait", reason: uint8(v.Reason), text: v.Reason.String(), counters: v.Counters})
	}
	for n := range 1 << 5 {
		v := timewait.View{State: timewait.State(1 + n&1), RcvNxt: 1000, SndNxt: 5000, Window: 100, RFC1337: n>>1&1 != 0, Now: 9, Jiffies: 5000, Limit: 125}
		if n>>2&1 != 0 {
			v.TSRecent, v.SeenAt = 70, 3
		}
		if n>>3&1 != 0 {
			v.Answered = 4990
		}
		for flags := range timewait.Flags(32) {
			for _, seq := range []uint32{900, 1000, 1050, 2000} {
				s := timewait.Segment{Flags: flags, Seq: seq, Ack: 5000, Len: uint32(n >> 4 * 10), Timestamp: true, TSVal: 60, Listener: flags&timewait.FlagPSH != 0}
				for _, s.TSVal = range []uint32{60, 80} {
					verdict(timewait.Decide(sem, &v, &s).Verdict)
				}
			}
		}
	}
	sys := playSysctls(sem)
	for _, c := range timewait.ReuseTable(sem) {
		verdict(c.Verdict)
	}
	sys.TCPMaxTWBuckets = 2
	for _, recycle := range []bool{false, true} {
		if recycle && sem.Recycle == kernel.RecycleGone {
			continue
		}
		if recycle {
			sys.TCPTwRecycle = 1
		}
		t, err := timewait.New(timewait.Config{Semantics: *sem, Sysctls: sys})
		if err != nil {
			continue
		}
		for port := range uint16(4) {
			k := timewait.Socket{Local: netip.MustParseAddrPort("10.0.0.1:443"), Remote: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.9"), 5000+port), State: timewait.TimeWait, Timestamps: true, TSRecent: 70, TSAt: time.Second}
			if port == 0 {
				k.State, k.Timeout = timewait.FinWait2, 2*time.Second
			}
			v, _ := t.Enter(time.Second, k) // a socket that may be
			verdict(v)
		}
		if v, _, err := t.Connect(time.Second, netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("10.0.0.9:5000"), true); err == nil {
			verdict(v)
		}
		for due, armed := t.Next(); armed; due, armed = t.Next() {
			before := t.Counters()
			n, _ := t.Advance(due, nil) // time goes on
			if n > 0 {
				text := "an entry of more than 4 s ends by itself"
				if due < 30*time.Second {
					text = "an entry of 4 s or less ends by itself"
				}
				raised(t.Counters().Sub(before), seen{pkg: "timewait", name: "Table.Advance", text: text}, tell)
			}
		}
	}
}

// raised tells of something that is no verdict, with what the counters rose by.
func raised(by kernel.Counters, what seen, tell func(seen)) {
	for c := range by.All() {
		what.counters = what.counters.With(c)
	}
	tell(what)
}

// playConnection has a socket in every state meet segments with every flag that counts, before, in and behind the
// window, with good and bad ACK numbers.
func playConnection(sem *kernel.Semantics, tell func(seen)) {
	sys := playSysctls(sem)
	sys.TCPInvalidRatelimit = 500 // a kernel without it does not look at it
	flags := []host.Flags{0, host.FlagACK, host.FlagSYN, host.FlagSYN | host.FlagACK, host.FlagRST, host.FlagFIN | host.FlagACK, host.FlagRST | host.FlagACK}
	acks := []uint32{5000, 4999, 5001, 4000, 1<<32 - 65000}
	for context := range 8 {
		for state := host.SynSent; state <= host.Closing; state++ {
			c, at, ok := playSocket(state, context)
			if !ok {
				continue
			}
			say := state.String()
			for _, f := range flags {
				acks := acks
				if f&host.FlagACK == 0 {
					acks = acks[:1]
				}
				if f == host.FlagRST|host.FlagACK && state != host.SynSent {
					continue // as without ACK
				}
				for _, seq := range []uint32{8000, 8999, 9000, 9050, 10000, 20000} {
					for _, ack := range acks {
						for _, length := range []uint32{0, 10, 3000} {
							if length == 3000 && seq != 9000 || length == 10 && f&host.FlagACK == 0 {
								continue
							}
							s := host.Segment{Flags: f, Seq: seq, Ack: ack, Len: length, Window: 5000, Timestamp: context > 5, TSVal: 80, TSEcr: 90}
							if context == 7 {
								s.TSEcr = 1000
							}
							v := host.Decide(sem, &sys, c, &s, at).Verdict
							if v.Reason == host.PAWSOld || v.Reason == host.PAWSTooSoon {
								continue // playPAWS tells more
							}
							tell(seen{pkg: "host", reason: uint8(v.Reason), text: v.Reason.String(), state: say, counters: v.Counters})
						}
					}
				}
			}
		}
	}
}

// playSocket is a socket that sent up to 5000 and got up to 9000, in one of eight situations: nothing special, the
// budget of challenge ACKs spent, of nobody, the same with TCP_LINGER2, an answer sent lately, unread data, segments
// with timestamps, segments that echo one that was never sent. ok is false if there is no such socket.
func playSocket(state host.State, context int) (c host.Conn, at host.Moment, ok bool) {
	c = host.Conn{
		State: state, SndUna: 5000, SndNxt: 5000, RcvNxt: 9000, RcvWup: 9000, RcvWnd: 1000, SndWl1: 8999, SndWnd: 5000, MaxWindow: 5000, BytesAcked: 4000,
		RTO: 50, Timestamps: true, Recent: paws.Recent{TS: 70, Stamp: 99}, FirstTS: 70,
	}
	at = host.Moment{Jiffies: 5000, Seconds: 100, TSClock: 90, HZ: 250, ChallengesSpent: context == 1}
	orphan := context == 2 || context == 3
	switch state {
	case host.Listen, host.TimeWait:
		return c, at, false
	case host.SynSent, host.SynRecv:
		c.SndUna--
		ok = !orphan
	case host.Established:
		ok = !orphan
	case host.CloseWait:
		c.ReadShut, c.FINUnread, ok = true, true, !orphan
	case host.FinWait2:
		c.Orphan, c.ReadShut, ok = orphan, orphan, true
	case host.FinWait1:
		c.SndUna--
		c.Orphan, c.ReadShut, ok = orphan, orphan, true
	case host.LastAck, host.Closing:
		c.SndUna--
		c.Orphan, c.ReadShut, ok = orphan, true, true
	}
	switch context {
	case 3:
		c.Linger2 = -1
	case 4:
		c.Answered = 4990
	case 5:
		c.Unread = 10
	}
	return c, at, ok
}

// playPAWS has a connection meet segments with timestamps.
func playPAWS(sem *kernel.Semantics, tell func(seen)) {
	for n := range 1 << 6 {
		c := paws.Conn{Timestamps: true, Recent: paws.Recent{TS: 70, Stamp: 99}, RcvNxt: 9000, RcvWup: 9000, RTO: 50, NotEstablished: n&1 != 0, AnsweredLately: n>>1&1 != 0}
		s := paws.Segment{SYN: n>>2&1 != 0, ACK: n>>3&1 != 0, RST: n>>4&1 != 0, Timestamp: true, AckSeq: 5000, Window: 5000, Len: uint32(n >> 5 * 10)}
		for _, s.Seq = range []uint32{8000, 9000} {
			for _, s.TSVal = range []uint32{1, 80} {
				v := paws.DecideEstablished(sem, &c, &s, 100)
				state := "ESTAB"
				if c.NotEstablished {
					state = "after ESTAB"
				}
				tell(seen{pkg: "paws", reason: uint8(v.Reason), text: v.Reason.String(), state: state, counters: v.Counters})
			}
		}
	}
}
