package host

import (
	"time"

	"example.com/linuxtcp/kernel"
)

// sendFIN sends our FIN and starts its timer. While our SYN is not acknowledged yet, after SYNs that crossed, its
// timer runs on and has the SYN-ACK sent again, and the FIN's begins with the SYN's ACK (observed on 5.10.223, 6.18.44).
func (h *Host) sendFIN(k *sock) {
	opening := k.c.SndUna != k.c.SndNxt
	t := Segment{From: k.local, To: k.remote, Flags: FlagFIN | FlagACK, Seq: k.c.SndNxt, Ack: k.c.RcvNxt}
	k.c.SndNxt++
	k.c.RcvWup = k.c.RcvNxt
	h.disarm(&k.delack)
	k.fins = append(k.fins[:0], h.since(0))
	h.transmit(h.dress(k, t))
	if !opening {
		k.c.Sent = max(h.now, 1)
		h.startFIN(k)
	}
}

// startFIN starts the timer of a FIN that was sent once.
func (h *Host) startFIN(k *sock) {
	k.rto = h.rtoTime(k)
	h.arm(&k.resend, h.finTimer(k).first())
}

// opening reports whether a FIN waits for the ACK of our SYN.
func (k *sock) opening() bool {
	return (k.c.State == FinWait1 || k.c.State == Closing) && k.c.SndNxt-k.c.SndUna == 2
}

// deferredFIN sends the FIN of a shutdown() in SYN-RECV now that the handshake is over, and starts its
// timer. The segment that ended it is not looked into yet: ack is what the socket expected before.
func (h *Host) deferredFIN(k *sock, ack uint32) {
	k.c.Sent = max(h.now, 1)
	k.fins = append(k.fins[:0], h.since(0))
	h.transmit(h.dress(k, Segment{From: k.local, To: k.remote, Flags: FlagFIN | FlagACK, Seq: k.c.SndNxt - 1, Ack: ack}))
	h.startFIN(k)
}

// finTimer is what decides about a socket's FIN.
func (h *Host) finTimer(k *sock) FINTimer {
	tick := h.clock.Tick()
	rtt := (2*k.c.RTT.Mean() + tick - 1) / tick * tick / 2 // twice that is in jiffies
	if k.c.RTT.Smoothed > 0 {
		rtt = max(rtt, tick/2)
	}
	return FINTimer{
		Orphan: k.c.Orphan, Probe: k.c.SACK && h.sem.TailLossProbe, RTO: h.rtoTime(k), RTT: rtt,
		OrphanRetries: h.sys.TCPOrphanRetries, Retries2: h.sys.TCPRetries2, RTOMax: h.rtoMax(),
	}
}

// finTimeout sends it again, or gives up. Where it is a tail loss probe, the timeouts begin now.
func (h *Host) finTimeout(k *sock) {
	t := h.finTimer(k)
	probe := t.Probe && len(k.fins) == 1 && !k.opening()
	expired := !probe && t.Expired(k.fins, h.since(0), k.rto)
	if !probe {
		resent := len(k.fins) - 1
		if t.Probe {
			resent--
		}
		h.counters.Raise(TimeoutCounters(&h.sem, resent, expired))
	}
	if expired {
		h.giveUp(k)
		return
	}
	syn := k.opening()
	if syn && h.sem.SYNACKSynRetrans {
		h.count(kernel.TCPSynRetrans)
	}
	if probe {
		h.count(kernel.RetransSegs)
	} else {
		k.rto = min(2*k.rto, t.RTOMax)
		k.c.RTO = h.jiffies(k.rto)
		k.backedOff = true
	}
	k.c.Sent = 0
	if len(k.fins) < 3 { // no more are asked for
		k.fins = append(k.fins, h.since(0))
	}
	again := Segment{From: k.local, To: k.remote, Flags: FlagFIN | FlagACK, Seq: k.c.SndNxt - 1, Ack: k.c.RcvNxt}
	if syn {
		again.Flags, again.Seq = FlagSYN|FlagACK, k.c.SndUna
	}
	h.transmit(h.dress(k, again))
	k.unrouted = !probe && t.lostRoute(k.fins, h.since(0))
	h.arm(&k.resend, k.rto)
}

func (h *Host) rtoMax() time.Duration {
	if ms := h.sys.TCPRTOMaxMs; ms > 0 {
		return time.Duration(ms) * time.Millisecond
	}
	return longestRTO
}
