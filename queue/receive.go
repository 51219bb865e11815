package queue

import (
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
)

// A decision is what becomes of a segment, before anything is changed. It is filled
// in through a pointer on the way: it is too large to hand around.
type decision struct {
	verdict   Verdict
	cookieMSS uint16 // of a good cookie
	listener  bool   // a request passes the segment on to its listener
	stamp     bool   // the request's rate limit begins anew
	tsRecent  bool   // the request remembers the segment's timestamp
}

// decide is the walk of a segment: its request if it has one (i), then the
// listener. It changes nothing.
func (l *Listener) decide(s *Segment, i int32, t *trail, d *decision) {
	switch {
	case i != 0 && l.state != stateListen:
		d.verdict = l.nobody(s, ListenerGone)
	case l.state != stateListen:
		d.verdict = l.nobody(s, NotListening)
	case i == 0:
		l.decideListener(s, t, d)
	default:
		v := requestView{
			sem: &l.sem, sys: &l.cfg.Sysctls, deferred: l.deferred, window: l.window(&l.requests.slab[i]),
			clock: &l.clock, now: l.now, limit: l.limit,
		}
		l.measure(&v.q)
		decideRequest(&v, &l.requests.slab[i], s, t, d)
		if d.listener {
			l.decideRefused(s, t, d)
		}
	}
}

// window is the receive window that the SYN-ACK of a request offered.
func (l *Listener) window(r *request) uint32 {
	if l.cfg.Window != 0 {
		return l.cfg.Window
	}
	mss := 1460
	if r.ipv6 {
		mss = 1440
	}
	if r.stamped {
		mss -= 12
	}
	return kernel.InitialWindow(&l.sem, mss)
}

// decideRefused is for an ACK that its request refused. To 4.3 it gets no cookie
// check.
func (l *Listener) decideRefused(s *Segment, t *trail, d *decision) {
	if !l.sem.RequestsInEhash {
		d.verdict = l.bare(s, WrongACK)
		return
	}
	l.decideListener(s, t, d)
	switch d.verdict.Reason {
	case ListenerACK, CookieNotExpected:
		d.verdict.Reason = WrongACK
	case CookieCompleted:
		if l.sem.CookieYieldsToRequest {
			// The connection is made, and then finds its place taken by the request.
			d.verdict.Action, d.verdict.Reason, d.verdict.Drop = Drop, CookieDuplicate, lostCookie(&l.sem)
		}
	}
}

// decideListener is what a listener does with a segment of no request: the cookie
// check of an ACK, then tcp_rcv_state_process in state LISTEN.
func (l *Listener) decideListener(s *Segment, t *trail, d *decision) {
	switch {
	case s.Flags&FlagACK != 0:
		if s.Flags&(FlagRST|FlagSYN) == 0 && l.cfg.Sysctls.TCPSyncookies != 0 {
			l.decideCookie(s, t, d)
			return
		}
		d.verdict = l.bare(s, ListenerACK)
	case s.Flags&FlagRST != 0:
		d.verdict = l.bare(s, ListenerRST)
	case s.Flags&FlagSYN == 0:
		d.verdict = l.bare(s, ListenerNoFlags)
	case s.Flags&FlagFIN != 0 && !l.sem.SYNFINOpens:
		d.verdict = l.bare(s, ListenerSYNFIN)
	default:
		syn := SYN{IPv6: s.ipv6(), Timestamp: s.Timestamp, TimeWait: s.TimeWaitISN != 0, NotUnicast: s.NotUnicast, Unroutable: s.Unroutable}
		if l.cfg.Peers != nil {
			p := &syn.Peer
			p.Proven, p.Judged, p.Rejected = l.cfg.Peers.Lookup(l.now, s.From.Addr(), s.To.Addr(), s.Timestamp, s.TSVal)
		}
		d.verdict = decideSYN(&l.sem, &l.cfg.Sysctls, l.Queues(), syn, t)
	}
}

// bare is the verdict on a segment other than a SYN at a listener. A RST is never
// answered with a RST.
func (l *Listener) bare(s *Segment, r Reason) Verdict {
	v := Verdict{Action: Drop, Reason: r}
	if s.Flags&FlagACK != 0 && s.Flags&FlagRST == 0 {
		v.Action = SendReset
		v.Counters = v.Counters.With(kernel.OutRsts)
	}
	if s.Flags&FlagACK == 0 && l.sem.SockDrops {
		v.SockDrops = 1
	}
	switch l.sem.DropReasons {
	case kernel.DropReasonsUnset:
		v.Drop = DropNotSpecified
	case kernel.DropReasonsListener:
		v.Drop = DropTCPFlags
		if s.Flags&FlagACK != 0 {
			v.Drop = DropNotSpecified
		} else if s.Flags&FlagRST != 0 {
			v.Drop = DropTCPReset
		}
	case kernel.DropReasonsListenACK, kernel.DropReasonsRequest:
		v.Drop = DropTCPFlags
		if s.Flags&FlagACK == 0 && s.Flags&FlagRST != 0 {
			v.Drop = DropTCPReset
		}
	}
	return v
}

// nobody is the verdict where no socket is left: a RST to everything but a RST.
func (l *Listener) nobody(s *Segment, r Reason) Verdict {
	v := verdict(SendReset, r, kernel.OutRsts)
	if s.Flags&FlagRST != 0 {
		v = verdict(Drop, r)
	}
	if l.sem.DropReasons != kernel.DropReasonsNone {
		v.Drop = DropNoSocket
	}
	if r == ListenerGone {
		v.Action = Remove
		if s.Flags&FlagRST == 0 {
			v.Action = ResetRemove
		}
	}
	return v
}

// commit makes a decision come true.
func (l *Listener) commit(s *Segment, key *requestKey, hash uint32, i int32, d *decision, out *Outcome) {
	v := d.verdict
	l.totals.Raise(v.Counters)
	l.dropped += uint64(v.SockDrops)
	if v.Logs {
		l.logged = l.sem.FloodLog != kernel.FloodLogMinute
		l.logMin = l.clock.Jiffies(l.now) + logInterval*uint64(l.clock.HZ())
	}
	out.Verdict = v
	var r *request
	if i != 0 {
		r = &l.requests.slab[i]
		if d.stamp {
			r.replied = l.clock.Jiffies32(l.now)
		}
		if d.tsRecent {
			r.tsRecent = s.TSVal
		}
	}
	switch v.Action {
	case SendSYNACK:
		i = l.open(s, key, hash, v.Reason == AdmittedTimeWait)
		l.requests.slab[i].synack(&out.Reply)
	case SendCookie:
		out.Reply = l.cookieReply(s, key)
	case ResendSYNACK:
		l.synackAgain(r, l.now, &out.Reply)
		if l.sem.DupSYNRearms {
			l.rearm(i, l.now)
		}
	case SendACK:
		out.Reply = Reply{Flags: FlagACK, Seq: r.isn + 1, Ack: r.peerISN + 1}
	case SendReset, ResetRemove:
		out.Reply = resetFor(s)
		if v.Action == ResetRemove {
			l.removeRequest(i)
		}
	case Remove:
		l.removeRequest(i)
	case Hold:
		r.acked = true
	case Establish:
		l.establish(s, i, d.cookieMSS)
	}
}

// resetFor is the RST that answers a segment of no connection.
func resetFor(s *Segment) Reply {
	if s.Flags&FlagACK != 0 {
		return Reply{Flags: FlagRST, Seq: s.Ack}
	}
	return Reply{Flags: FlagRST | FlagACK, Ack: s.end()}
}

// open queues a request for a SYN.
func (l *Listener) open(s *Segment, key *requestKey, hash uint32, timeWait bool) int32 {
	empty := l.requests.used == 0
	i := l.requests.insert(key, hash)
	r := &l.requests.slab[i]
	r.ipv6 = s.ipv6()
	r.mss = offeredMSS(s)
	r.peerISN = s.Seq
	r.stamped = s.Timestamp && l.cfg.Sysctls.TCPTimestamps != 0
	r.sack = s.SACK && l.cfg.Sysctls.TCPSack != 0
	r.wscale = s.WindowScale != 0 && l.cfg.Sysctls.TCPWindowScaling != 0
	r.sent = l.now
	r.isn = l.isn(hash)
	if timeWait {
		r.isn = s.TimeWaitISN
	}
	if r.stamped {
		r.tsRecent = s.TSVal
		r.tsFirst = l.tsClock(l.now)
		r.tsLast = r.tsFirst
	}
	l.young++
	l.arm(i, l.now)
	if empty && !l.sem.RequestTimers {
		l.scan.start(l)
	}
	return i
}

// offeredMSS is the MSS option of a SYN, or what stands in for an absent one.
func offeredMSS(s *Segment) uint16 {
	switch {
	case s.MSS != 0:
		return s.MSS
	case s.ipv6():
		return 1220
	}
	return 536
}

// synack fills in the SYN-ACK of a request.
func (r *request) synack(out *Reply) {
	out.Flags, out.Seq, out.Ack = FlagSYN|FlagACK, r.isn, r.peerISN+1
	out.Timestamp, out.TSVal = r.stamped, r.tsLast
	out.WindowScale, out.SACK = r.wscale, r.sack
}

// synackAgain is the same, sent again at a later moment.
func (l *Listener) synackAgain(r *request, now time.Duration, out *Reply) {
	if r.stamped {
		r.tsLast = l.tsClock(now)
	}
	r.again = true
	r.synack(out)
}

func (l *Listener) establish(s *Segment, i int32, cookieMSS uint16) {
	c := l.accept.push()
	c.From, c.To, c.SndNxt, c.Len = s.From, s.To, s.Ack, s.Len
	if i != 0 && cookieMSS == 0 {
		r := &l.requests.slab[i]
		c.Cookie, c.MSS, c.RcvNxt = false, r.mss, r.peerISN+1
		c.Timestamps, c.TSRecent, c.SACK = r.stamped, 0, r.sack
		c.RTT = l.roundTrip(r)
		if r.stamped {
			c.TSRecent = r.tsRecent
			if s.Timestamp && l.cfg.Sysctls.TCPTimestamps != 0 && !serial.After(s.Seq, c.RcvNxt) {
				c.TSRecent = s.TSVal
			}
		}
		l.removeRequest(i)
		return
	}
	c.Cookie, c.MSS, c.RcvNxt, c.RTT = true, cookieMSS, s.Seq, 0
	c.Timestamps, c.TSRecent, c.SACK = s.Timestamp && l.cfg.Sysctls.TCPTimestamps != 0, 0, false
	if c.Timestamps {
		c.TSRecent = s.TSVal
		o, _ := CookieOptionsFrom(&l.sem, &l.cfg.Sysctls, s.TSEcr) // they were found good
		c.SACK = o.SACK
	}
}

// roundTrip is the time from a request's SYN-ACK to now, 0 if it is not measured.
func (l *Listener) roundTrip(r *request) time.Duration {
	if r.again || l.sem.SYNACKTimeout != time.Second {
		return 0
	}
	return max(l.now-r.sent, time.Microsecond)
}

// removeRequest takes a request out of the queue, whatever the cause.
func (l *Listener) removeRequest(i int32) {
	if l.requests.slab[i].timeouts == 0 {
		l.young--
	}
	if l.sem.RequestTimers {
		l.timers.disarm(l.requests.slab, i)
	}
	l.requests.remove(i)
	if l.requests.used == 0 {
		l.scan.armed = false
	}
}
