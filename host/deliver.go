package host

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/timewait"
)

// moment is what a decision looks at besides the socket and the segment.
func (h *Host) moment() Moment {
	return Moment{
		Jiffies: h.clock.Jiffies32(h.now), Seconds: h.seconds(), TSClock: h.tsClock(), HZ: h.cfg.HZ, Now: h.now,
		ChallengesSpent: h.budget.Spent(&h.sem, h.second()),
	}
}

// deliver gives a segment to a full socket and plays out what it decides.
func (h *Host) deliver(k *sock, s *Segment) ConnVerdict {
	before, opening := k.c, k.opening()
	c := k.c
	c.Orphan = c.Orphan || k.id == 0 && c.State == SynRecv // it has no struct socket until accept()
	d := Decide(&h.sem, &h.sys, c, s, h.moment())
	h.counters.Raise(d.Verdict.Counters)
	h.challenged(&d)
	k.c = d.After
	k.c.Orphan, k.c.ReadShut = before.Orphan, before.ReadShut // the process's alone
	if before.State == SynSent && s.Has(FlagSYN) {
		k.c.SACK = s.SACK && h.sys.TCPSack != 0
	}
	switch k.c.State {
	case CloseWait, LastAck, Closing, TimeWait:
		k.fin = true
	case Established, SynRecv:
		k.linked = true
	}
	if k.c.RTT != before.RTT {
		k.backedOff = false
	}
	if k.c.State != before.State {
		if before.State == SynSent && k.c.State != SynRecv || before.State == SynRecv {
			h.recall(k)
		}
		h.moved(k, before.State)
	}
	if opening && !k.opening() && k.hashed && k.c.SndUna != k.c.SndNxt {
		h.startFIN(k)
	}
	if d.SYNSoon {
		h.arm(&k.resend, 2*h.clock.Tick())
	}
	if d.SendFIN {
		h.deferredFIN(k, before.RcvNxt)
	}
	if d.Reply.Flags != 0 {
		h.answer(k, s, &d)
	}
	h.settle(k, before.State, d.Mini)
	return d.Verdict
}

// moved does what a change of state brings along while the socket is one.
func (h *Host) moved(k *sock, was State) {
	switch was {
	case SynSent, SynRecv:
		if k.c.State == SynRecv {
			k.c.Sent = 0
			if k.resent == 0 {
				k.c.Sent = max(h.now, 1) // of the SYN-ACK
			}
			return // the timer of the SYN becomes that of the SYN-ACK
		}
		h.disarm(&k.resend)
		if k.c.State == Established || k.c.State == CloseWait || k.c.State == FinWait1 || k.c.State == FinWait2 {
			_ = h.peers.Established(h.now, k.asPeer(), k.local.Addr()) // it takes what was checked
		}
	case FinWait1, LastAck, Closing:
		if k.c.State == Closing {
			return // the same FIN is on its way
		}
		h.disarm(&k.resend)
	}
}

// answer sends what a socket answers a segment with, now or, a delayed ACK, later.
func (h *Host) answer(k *sock, s *Segment, d *Decision) {
	r := d.Reply
	if r.Delayed {
		if !k.delack.on() {
			h.arm(&k.delack, r.Delay)
		}
		return
	}
	t := Segment{From: k.local, To: k.remote, Flags: r.Flags, Seq: r.Seq, Ack: r.Ack}
	if !t.Has(FlagRST) {
		h.disarm(&k.delack)
		t = h.dress(k, t)
	}
	h.transmit(t)
}

// dress adds the window and the timestamps of a connection to a segment, and the options of a SYN. A SYN-ACK
// after SYNs that crossed has those of a SYN, whatever the peer's SYN had, and each copy goes by the sysctls of
// its time. Observed on 5.10.223, 6.1.192, 6.12.117, 6.18.44, 7.2.13.
func (h *Host) dress(k *sock, t Segment) Segment {
	k.unrouted = false
	t.Window = k.c.RcvWnd
	if t.Has(FlagSYN) {
		t.Window = min(t.Window, 0xffff)
		h.synOptions(&t)
	}
	stamped := k.c.Timestamps
	if t.Has(FlagSYN) {
		stamped = h.sys.TCPTimestamps != 0
	}
	if stamped {
		t.Timestamp, t.TSVal, t.TSEcr = true, h.tsClock(), k.c.Recent.TS
	}
	return t
}

// settle does what follows from the state that a decision, a timer or a call left a socket in: one
// that is over leaves the table of connections, one that waits for the peer's FIN without a process
// gets a timer or becomes a minisock.
func (h *Host) settle(k *sock, was State, mini bool) {
	switch {
	case k.c.State == Closed:
		h.gone(k, was)
	case k.c.State == TimeWait:
		h.minisock(k, timewait.TimeWait, 0)
	case k.c.State == FinWait2 && k.c.Orphan && mini:
		h.minisock(k, timewait.FinWait2, h.finTime(k))
	case k.c.State == FinWait2 && k.c.Orphan && was != FinWait2:
		wait := h.finTime(k)
		if wait > timewait.Length {
			wait -= timewait.Length
		}
		h.arm(&k.resend, wait)
	}
}

// rtoTime is the socket's retransmission timeout.
func (h *Host) rtoTime(k *sock) time.Duration {
	return time.Duration(k.c.RTO) * h.clock.Tick()
}

// jiffies is a timeout in jiffies.
func (h *Host) jiffies(t time.Duration) uint32 { return uint32(t / h.clock.Tick()) }

// finTime is how long a socket that no process holds waits for the peer's FIN.
func (h *Host) finTime(k *sock) time.Duration {
	return timewait.FinTime(&h.sys, time.Duration(k.c.Linger2)*time.Second, h.rtoTime(k))
}

// gone ends a connection. Its socket stays for as long as a process, or the accept queue, holds it.
func (h *Host) gone(k *sock, was State) {
	h.disarm(&k.resend)
	h.disarm(&k.delack)
	if k.hashed {
		delete(h.conns, k.pair())
		k.hashed = false
	}
	k.ended = k.ended || k.linked || was == SynSent || was == SynRecv
	if was == LastAck && k.c.Err == 0 {
		h.remember(k)
	}
	h.unport(k)
	if k.id != 0 && h.cfg.Ended != nil {
		h.cfg.Ended(h.now, k.id)
	}
}

// unport lets go of the port of a connection that is over, as far as its socket does, if that is still
// there ([portalloc.Allocator.Done]).
func (h *Host) unport(k *sock) {
	if k.port == 0 {
		return
	}
	if k.id == 0 {
		_ = h.ports.Close(k.port) // it is open
		k.port = 0
		return
	}
	_ = h.ports.Done(k.port) // it has a connection
	h.unlink(k)
}

// unlink is how a socket without its connection is bound.
func (h *Host) unlink(k *sock) {
	if k.local.Port() != 0 {
		k.was = k.local
	}
	info, _ := h.ports.Info(k.port)
	k.local = unmapped(info.Local)
	k.bound = k.local.Port() != 0
}

// minisock makes an entry of a connection: tcp_time_wait. Without room for it the connection is over.
func (h *Host) minisock(k *sock, state timewait.State, timeout time.Duration) {
	h.disarm(&k.resend)
	h.disarm(&k.delack)
	delete(h.conns, k.pair())
	k.hashed = false
	entry := timewait.Socket{
		Local: k.local, Remote: netip.AddrPortFrom(k.asPeer(), k.remote.Port()), State: state, RTO: h.rtoTime(k),
		RcvNxt: k.c.RcvNxt, SndNxt: k.c.SndNxt, Window: k.c.RcvWnd, Timeout: timeout,
		TSRecent: k.c.Recent.TS,
	}
	if k.c.Timestamps && k.c.Recent.Stamp != 0 {
		at := time.Duration(k.c.Recent.Stamp)*time.Second - h.cfg.Monotonic
		if !h.sem.MonotonicStamps {
			at += h.cfg.Monotonic - h.wall
		}
		entry.Timestamps, entry.TSRecent, entry.TSAt = true, k.c.Recent.TS, min(max(at, 0), h.now)
	}
	v, err := h.tw.Enter(h.now, entry)
	h.remember(k)
	k.c.State = Closed
	if err != nil || v.Action != timewait.Enter || k.port == 0 {
		h.unport(k)
		return
	}
	if k.id != 0 { // the process still has its descriptor
		_, _ = h.ports.LeaveTimeWait(k.port) // it has a connection
		h.unlink(k)
		return
	}
	_ = h.ports.TimeWait(k.port) // it has one
	k.port = 0
}

// remember tells the memory of hosts that a connection ended in order (tcp_update_metrics).
func (h *Host) remember(k *sock) {
	h.learnTrip(k)
	// It takes what was checked when the connection began.
	_ = h.peers.Closed(h.now, paws.Closing{From: k.asPeer(), To: k.local.Addr()}, k.resent == 0)
}

// reset is the RST that close() and its like send (tcp_send_active_reset).
func (h *Host) reset(k *sock) {
	h.counters.Add(kernel.OutRsts, 1)
	t := Segment{From: k.local, To: k.remote, Flags: FlagRST | FlagACK, Seq: k.c.SndNxt, Ack: k.c.RcvNxt}
	h.transmit(h.dress(k, t))
}

// entries lets package portalloc ask the TIME-WAIT entries.
type entries Host

// Possible reports whether tcp_tw_reuse allows connect() to take an entry over.
func (e *entries) Possible(src, dst netip.Addr) bool {
	r := timewait.Reuse{State: timewait.TimeWait, Loopback: timewait.IsLoopback(src, dst, false), SeenAt: 1, Now: 1000, NowMs: 100000}
	return timewait.DecideReuse(&e.sem, &e.sys, r).Action == timewait.Take
}

// Take takes one over.
func (e *entries) Take(now time.Duration, local, remote netip.AddrPort, bound bool) bool {
	v, in, err := e.tw.Connect(now, local, remote, bound)
	if err != nil || v.Action != timewait.Take {
		return false
	}
	e.inherited = in
	return true
}

var _ portalloc.TimeWaits = (*entries)(nil)
