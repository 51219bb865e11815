package host

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/kernel/serial"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/queue"
	"example.com/linuxtcp/timewait"
)

// Receive takes a segment that reached the host over the network, and plays out what it does.
// Its walk is the kernel's: the table of connections, in which from 4.4 on half-open requests are
// too; TIME-WAIT; the listeners, the one bound to the very address first; and nobody, who answers
// everything but a RST with one.
//
// A segment without addresses and ports, of two protocols, or with a window scale above 15, is an
// error. One that is not sent to an address of the host, or claims to come from one, is not.
func (h *Host) Receive(now time.Duration, s Segment) (Outcome, error) {
	if err := h.check(now, &s); err != nil {
		return Outcome{}, err
	}
	h.start(now)
	v := Verdict{Place: AtForeign}
	if h.own[s.To.Addr()] && !h.isOwn(s.From.Addr()) {
		v = h.walk(&s)
	}
	h.trace(&s, v)
	return h.end(Outcome{Verdict: v}), nil
}

func (h *Host) check(now time.Duration, s *Segment) error {
	if !s.From.IsValid() || !s.To.IsValid() {
		return fmt.Errorf("host: Segment.From %v and Segment.To %v must be addresses with ports", s.From, s.To)
	}
	s.From, s.To = unmapped(s.From), unmapped(s.To)
	switch {
	case s.From.Addr().Is4() != s.To.Addr().Is4():
		return fmt.Errorf("host: Segment.From %v and Segment.To %v are not of one protocol", s.From, s.To)
	case s.WindowScale > 15:
		return fmt.Errorf("host: Segment.WindowScale %d is above 15, the largest shift plus one", s.WindowScale)
	case s.Len > 1<<16 || s.Window > 1<<30:
		return fmt.Errorf("host: Segment.Len %d and Window %d: no segment is longer than 65536 bytes, no window larger than %d", s.Len, s.Window, 1<<30)
	}
	return h.timely(now)
}

func (h *Host) trace(s *Segment, v Verdict) {
	if h.cfg.Trace != nil {
		h.cfg.Trace(h.now, *s, v)
	}
}

// walk is the way of a segment that has arrived.
func (h *Host) walk(s *Segment) Verdict {
	p := pair{s.To, s.From}
	if k := h.conns[p]; k != nil {
		return Verdict{Place: AtConn, Conn: h.deliver(k, s)}
	}
	if h.sem.RequestsInEhash {
		if l, r, ok := h.asking(p); ok {
			if l.open {
				v := h.offer(l, s, &r, 0)
				v.Place = AtRequest
				return v
			}
			if _, tw := h.tw.Find(p.local, p.remote); tw || h.listening(p) != nil {
				l.q.Forget(s.From, s.To) // and the walk begins again
				h.retire(l)
			} else {
				v := h.offer(l, s, &r, 0)
				v.Place = AtRequest
				h.retire(l)
				return v
			}
		}
	}
	l := h.listening(p)
	// An entry reads options as a listener does, for what tcp_timestamps allows: with 0 it sees no timestamp, though
	// a full socket that agreed on them does (tcp_parse_options; 6.18.44).
	out, ok, err := h.tw.Receive(h.now, timewait.Segment{
		From: s.From, To: s.To, Flags: timewait.Flags(s.Flags), Seq: s.Seq, Ack: s.Ack, Len: s.Len,
		Timestamp: s.Timestamp && h.sys.TCPTimestamps != 0, TSVal: s.TSVal, Listener: l != nil,
	})
	if err == nil && ok {
		return h.afterTimeWait(p, s, l, out)
	}
	if l != nil {
		var r *queue.HalfOpen
		if q, ok := l.q.Request(s.From, s.To); ok {
			r = &q
		}
		return h.offer(l, s, r, 0)
	}
	return h.nobody(s)
}

// afterTimeWait plays out what an entry decided.
func (h *Host) afterTimeWait(p pair, s *Segment, l *listener, out timewait.Outcome) Verdict {
	switch out.Action {
	case timewait.Remove, timewait.ResetRemove, timewait.Reopen:
		h.freePort(p)
	}
	if r := out.Reply; r.Flags != 0 {
		h.transmit(Segment{
			From: s.To, To: s.From, Flags: Flags(r.Flags), Seq: r.Seq, Ack: r.Ack, Window: uint32(r.Window),
			Timestamp: r.Timestamp, TSVal: r.TSVal, TSEcr: r.TSEcr,
		})
	}
	if out.Action != timewait.Reopen || l == nil {
		return Verdict{Place: AtTimeWait, TimeWait: out.Verdict}
	}
	v := h.offer(l, s, nil, out.ISN)
	v.TimeWait = out.Verdict
	return v
}

// freePort ends the share that a TIME-WAIT entry has in its port.
func (h *Host) freePort(p pair) {
	if id, ok := h.ports.Lookup(p.local, p.remote); ok {
		_ = h.ports.Close(id) // it was just found
	}
}

// offer gives a segment to a listener, and makes the connection that comes of it. r is the
// request that it belongs to, nil for none.
func (h *Host) offer(l *listener, s *Segment, r *queue.HalfOpen, isn uint32) Verdict {
	v := Verdict{Place: AtListener}
	out, err := l.q.Receive(h.now, queueSegment(s, isn))
	if err != nil {
		return v // not reached: the segment was checked, and what is due has fired
	}
	v.Listener = out.Verdict
	if out.Reply.Flags != 0 {
		h.transmit(h.fromListener(s, r, out.Reply))
	}
	if out.Action == queue.Establish {
		k := h.child(l, s)
		if k != nil && (s.Len > 0 || s.Has(FlagFIN) || k.c.State == SynRecv) {
			v.Conn = h.deliver(k, s)
		}
	}
	return v
}

func queueSegment(s *Segment, isn uint32) queue.Segment {
	return queue.Segment{
		From: s.From, To: s.To, Flags: queue.Flags(s.Flags), Seq: s.Seq, Ack: s.Ack, Len: s.Len,
		Timestamp: s.Timestamp, TSVal: s.TSVal, TSEcr: s.TSEcr, MSS: s.MSS, WindowScale: s.WindowScale, SACK: s.SACK,
		TimeWaitISN: isn,
	}
}

// fromListener is what a listener or a request answers, as a segment.
func (h *Host) fromListener(s *Segment, r *queue.HalfOpen, reply queue.Reply) Segment {
	t := Segment{From: s.To, To: s.From, Flags: Flags(reply.Flags), Seq: reply.Seq, Ack: reply.Ack, Timestamp: reply.Timestamp, TSVal: reply.TSVal}
	switch {
	case t.Has(FlagRST):
		return t
	case t.Has(FlagSYN):
		h.synackOptions(&t, reply)
		t.TSEcr = s.TSVal
	default:
		t.Window = h.window(t.From.Addr(), t.To.Addr(), r != nil && r.Timestamps)
	}
	if r != nil && r.Timestamps {
		t.TSEcr = r.TSRecent
		if !t.Timestamp {
			t.Timestamp, t.TSVal = true, h.tsClock()
		}
	}
	if !t.Has(FlagSYN) && t.TSEcr == 0 {
		t.Timestamp, t.TSVal = false, 0 // the answer of a request has no option where it would echo 0 (tcp_v4_send_ack; 6.1.192)
	}
	if !t.Timestamp {
		t.TSEcr = 0
	}
	return t
}

// synackOptions are those of a listener's SYN-ACK.
func (h *Host) synackOptions(t *Segment, reply queue.Reply) {
	t.Window = min(h.window(t.From.Addr(), t.To.Addr(), t.Timestamp), 0xffff)
	t.MSS = h.mss(t.From.Addr(), t.To.Addr())
	t.SACK = reply.SACK
	if reply.WindowScale {
		t.WindowScale = windowScale
	}
}

// windowScale is the option of the host's SYNs: a shift of 7, plus one.
const windowScale = 8

// synOptions are the options of a SYN that the host sends.
func (h *Host) synOptions(t *Segment) {
	t.MSS = h.mss(t.From.Addr(), t.To.Addr())
	t.SACK = h.sys.TCPSack != 0
	if h.sys.TCPWindowScaling != 0 {
		t.WindowScale = windowScale
	}
}

// nobody is what becomes of a segment for which there is no socket: a RST, but to a RST
// (tcp_v4_send_reset).
func (h *Host) nobody(s *Segment) Verdict {
	if s.Has(FlagRST) {
		return Verdict{Place: AtNobody}
	}
	h.counters.Add(kernel.OutRsts, 1)
	h.transmit(resetFor(s))
	return Verdict{Place: AtNobody, Reset: true}
}

// resetFor is the RST that answers a segment of no connection.
func resetFor(s *Segment) Segment {
	t := Segment{From: s.To, To: s.From, Flags: FlagRST}
	if s.Has(FlagACK) {
		t.Seq = s.Ack
	} else {
		t.Flags |= FlagACK
		t.Ack = s.End()
	}
	return t
}

// child makes the connection of a finished handshake: established, and waiting in the accept
// queue of its listener. Where a SYN-ACK finished it, it is in SYN-RECV yet: the SYN is then challenged, and the
// next ACK opens it. So it is where the timestamp is too old and the request did not see it, tcp_timestamps having
// been written to 0 meanwhile. Observed on 5.10.223, 6.1.192, 6.12.117, 6.18.44, 7.2.13.
func (h *Host) child(l *listener, s *Segment) *sock {
	q, ok := l.q.Newest()
	if !ok {
		return nil
	}
	k := newSock()
	k.opt, k.local, k.remote, k.linked = l.s.opt, s.To, s.From, true
	k.c = Conn{
		State: Established, SndUna: q.SndNxt, SndNxt: q.SndNxt, RcvNxt: q.RcvNxt, RcvWup: q.RcvNxt, RcvWnd: h.window(s.To.Addr(), s.From.Addr(), q.Timestamps),
		SndWl1: s.Seq, SndWnd: s.Window, MaxWindow: s.Window, Timestamps: q.Timestamps, SACK: q.SACK, Linger2: l.s.c.Linger2,
	}
	if q.Timestamps {
		k.c.Recent = paws.Recent{TS: q.TSRecent, Stamp: h.seconds()}
		// With tcp_timestamps written to 0 meanwhile the request does not see the segment's timestamp, but the
		// child, to which it is given next, does, if the segment does not begin after a gap (5.10.223 to 7.2.13).
		if s.Timestamp && h.sys.TCPTimestamps == 0 && !serial.Before(s.TSVal, q.TSRecent) && !serial.After(s.Seq, q.RcvNxt) {
			k.c.Recent.TS = s.TSVal
		}
	} else if h.sem.RequestTSDeferred && !q.Cookie && s.Timestamp && h.sys.TCPTimestamps != 0 && !serial.After(s.Seq, q.RcvNxt) {
		// Nothing looks at it but the entry that the connection may leave, which echoes what is not 0.
		k.c.Recent.TS = s.TSVal
	}
	if q.RTT > 0 {
		k.c.Sent = max(h.now-q.RTT, 1)
	}
	at := h.moment()
	unseen := q.Timestamps && s.Timestamp && h.sys.TCPTimestamps == 0
	if s.Has(FlagSYN) || unseen && !paws.Passes(&h.sem, k.c.Recent, h.seconds(), s.TSVal, 1) {
		k.c.State, k.c.SndWl1 = SynRecv, q.RcvNxt-1
		if k.c.Sent > 0 {
			k.c.acked(s, at.Now, at.TSClock, h.tsUnit(), at.HZ)
		}
	} else {
		k.c.opened(s, at.Now, at.TSClock, h.tsUnit(), at.HZ)
		h.recall(k)
	}
	if id, err := h.ports.Accept(l.s.port, s.To.Addr(), s.From); err == nil {
		k.port = id // not so where a cookie's connection closed while its request was still there
	}
	h.hashIn(k)
	l.waiting = append(l.waiting, k)
	if k.c.State == Established {
		_ = h.peers.Established(h.now, k.asPeer(), k.local.Addr()) // it takes what was checked
	}
	return k
}

func (h *Host) hashIn(k *sock) {
	h.conns[k.pair()] = k
	k.hashed = true
}

// Explain returns what Receive would do with a segment, the checks of each piece in the kernel's
// order and a line for the verdict, and changes nothing. A timer that is due until now is an
// error: call Advance first.
func (h *Host) Explain(now time.Duration, s Segment) (string, error) {
	if err := h.check(now, &s); err != nil {
		return "", err
	}
	if due, ok := h.Next(); ok && due <= now {
		return "", fmt.Errorf("host: a timer is due at %v: call Advance first", due)
	}
	then := h.now
	h.now = now
	defer func() { h.now = then }()
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if !h.own[s.To.Addr()] || h.isOwn(s.From.Addr()) {
		line("= %v", Verdict{Place: AtForeign})
		return b.String(), nil
	}
	p := pair{s.To, s.From}
	if k := h.conns[p]; k != nil {
		line("connections: %v", k.c.State)
		line("%v", Explain(&h.sem, &h.sys, k.c, &s, h.moment()))
		return b.String(), nil
	}
	listen := func(l *listener, isn uint32) error {
		x, err := l.q.Explain(now, queueSegment(&s, isn))
		if err == nil {
			line("%v", x)
		}
		return err
	}
	if h.sem.RequestsInEhash {
		if l, _, ok := h.asking(p); ok {
			line("connections: a half-open request")
			return b.String(), errors.Join(listen(l, 0))
		}
	}
	line("connections: none of %v and %v", p.local, p.remote)
	l := h.listening(p)
	x, ok, err := h.tw.Explain(now, timewait.Segment{
		From: s.From, To: s.To, Flags: timewait.Flags(s.Flags), Seq: s.Seq, Ack: s.Ack, Len: s.Len,
		Timestamp: s.Timestamp, TSVal: s.TSVal, Listener: l != nil,
	})
	switch {
	case err != nil:
		return "", err
	case ok:
		line("TIME-WAIT: an entry")
		line("%v", x)
		if x.Verdict.Action != timewait.Reopen || l == nil {
			return b.String(), nil
		}
	default:
		line("TIME-WAIT: none")
	}
	if l == nil {
		line("listeners: none on %v", p.local)
		line("= %v", Verdict{Place: AtNobody, Reset: !s.Has(FlagRST)})
		return b.String(), nil
	}
	line("listeners: %v", l.at)
	err = listen(l, 0)
	return b.String(), err
}
