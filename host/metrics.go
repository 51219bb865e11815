package host

import (
	"net/netip"
	"time"
)

// A route is what round trips are remembered by.
type route struct{ local, remote netip.Addr }

// A pastTrip is what connections of a route have left behind (tcp_metrics).
type pastTrip struct {
	smoothed uint32        // as RoundTrip.Smoothed, in microseconds times 8
	since    time.Duration // when it was first written
}

// pastTripLife is how long a memory lasts, counted from its first word (TCP_METRICS_TIMEOUT).
const pastTripLife = time.Hour

// pastTrips is how many routes are remembered, as a kernel's hash table is bounded too; beyond, nothing new is.
const pastTrips = 1 << 16

// learnTrip is what a connection leaves behind that ends in order (tcp_update_metrics): a longer round trip is
// stored, a shorter one pulls the stored one an eighth of the way; nothing measured since the last timeout
// forgets it. With tcp_no_metrics_save nothing is learnt, and a socket without a route learns nothing: after the
// fifth timeout of its FIN, the default tcp_retries1 being 3, until it sends anything.
//
// Observed on eight kernels from 5.10.223 to 7.2.13: what an ACK measured is known to the next connection after four
// timeouts, not after five.
func (h *Host) learnTrip(k *sock) {
	if k.unrouted || h.sys.TCPNoMetricsSave != 0 {
		return
	}
	r := route{k.local.Addr(), k.remote.Addr()}
	past, ok := h.past(r)
	switch now := k.c.RTT.Smoothed; {
	case k.backedOff || now == 0:
		if !ok {
			return
		}
		past.smoothed = 0
	case now >= past.smoothed:
		past.smoothed = now
	default:
		past.smoothed -= (past.smoothed - now) >> 3
	}
	if !ok {
		if len(h.trips) >= pastTrips {
			return
		}
		past.since = h.now
	}
	if h.trips == nil {
		h.trips = make(map[route]pastTrip)
	}
	h.trips[r] = past
}

func (h *Host) past(r route) (pastTrip, bool) {
	past, ok := h.trips[r]
	if ok && h.now-past.since > pastTripLife {
		past = pastTrip{since: h.now}
	}
	return past, ok
}

// recall gives a connection whose handshake is over the timeout that connections before it suggest, if that
// of its own round trip is shorter (tcp_init_metrics). Until it measures again, that is: its own
// estimate stays.
//
// Observed on 6.18.44: after a connection with a round trip of 16 ms the FIN of the next, which had measured nothing,
// was sent again after 215 ms instead of 3 s.
func (h *Host) recall(k *sock) {
	past, ok := h.past(route{k.local.Addr(), k.remote.Addr()})
	if !ok || past.smoothed <= k.c.RTT.Smoothed {
		return
	}
	jiffies := past.smoothed / uint32(8*time.Second/time.Microsecond/time.Duration(h.cfg.HZ))
	k.c.RTO = jiffies + max(2*jiffies, h.jiffies(rtoMin))
}
