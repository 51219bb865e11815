package paws

import (
	"net/netip"
	"time"
)

// Lookup returns what the kernel makes of a SYN at the moment now, as a listener
// asks: proven ([PeerProven]), judged ([RecycleJudges]) and rejected
// ([RecycleRejects]). from is who sent it and to our address; an IPv4 address mapped
// to IPv6 is its IPv4 address, since such a SYN is an IPv4 SYN. timestamp says that
// the SYN carries the timestamp tsval.
//
// It counts as a use of the host to 3.5; from 3.6 on it forgets what is an hour old.
// An invalid from is unknown. A time before that of the last call is taken as that
// time.
func (c *Cache) Lookup(now time.Duration, from, to netip.Addr, timestamp bool, tsval uint32) (proven, judged, rejected bool) {
	// This is asked at every SYN, and its time is that of memory, which several questions
	// share if each is short. So what is usual is done here without a call.
	t := &c.v4
	if now >= c.until || !from.Is4() || c.sem.HostMetricsLocal && to != c.locals.last || t.used == 0 || len(t.rest) > 0 {
		return c.lookup(now, from, to, timestamp, tsval)
	}
	c.now = max(c.now, now)
	var e *entry
	k := key4(from)
	hash := hash4(c.cfg.Key, k)
	first, second := t.homes(hash)
	for fits := t.fits(hash, first, second); fits != 0; fits &= fits - 1 {
		if s := &t.slots[slotOf(fits, first, second)]; s.key == k && s.local() == c.locals.lastN {
			e = &s.entry
			break
		}
	}
	return c.judge(e, timestamp, tsval, false)
}

// lookup is Lookup in every case.
func (c *Cache) lookup(now time.Duration, from, to netip.Addr, timestamp bool, tsval uint32) (proven, judged, rejected bool) {
	from = from.Unmap()
	if !c.store || !from.IsValid() {
		return false, false, false
	}
	c.pass(max(now, c.now))
	return c.judge(c.find(from, to), timestamp, tsval, from.Is6())
}

// judge makes the answer of Lookup from an entry, which may be nil.
func (c *Cache) judge(e *entry, timestamp bool, tsval uint32, ipv6 bool) (proven, judged, rejected bool) {
	timestamp = timestamp && c.sys.TCPTimestamps != 0
	judged = c.judges[caseOf(ipv6, e != nil, timestamp)]
	if e == nil || !judged && !c.sem.ProvenPeers {
		return false, judged, false // an entry that is not asked for is not looked at
	}
	c.age(e)
	if judged {
		rejected = RecycleRejects(&c.sem, e.host(), c.second, timestamp, tsval)
	}
	return PeerProven(&c.sem, e.rtt()), judged, rejected
}

// caseOf numbers what RecycleJudges asks of a SYN.
func caseOf(ipv6, known, timestamp bool) (i uint8) {
	if ipv6 {
		i = 1
	}
	if known {
		i |= 2
	}
	if timestamp {
		i |= 4
	}
	return i & 7
}
