package paws

import (
	"cmp"
	"slices"
	"time"
)

// A peerTimer is how inet_peer (to 3.5) lets go of hosts.
type peerTimer struct {
	due     time.Duration   // the next run, to 3.0
	victims [2][]peerVictim // the hosts unused for longest, last first, as of the last look
}

const never = time.Duration(1<<63 - 1)

type peerVictim struct {
	use uint64
	v6  bool
	k4  uint32
	k6  [16]byte
}

// sweepPeers runs the timer as often as it was due (peer_check_expire). Where nothing
// is remembered, it is only put off.
func (c *Cache) sweepPeers(now time.Duration) {
	for c.peers.due <= now {
		if c.Len() > 0 {
			at := c.ticks.Jiffies(c.peers.due)
			ttl := uint64(PeerTTL(c.Len(), c.cfg.PeerThreshold)) * uint64(c.ticks.HZ()) / uint64(time.Second)
			c.v4.sweep(func(e *entry) bool { return at-e.lastUse() >= ttl })
			c.v6.sweep(func(e *entry) bool { return at-e.lastUse() >= ttl })
		}
		pause := PeerSweep(c.Len(), c.cfg.PeerThreshold)
		if c.Len() == 0 {
			if n := (now - c.peers.due) / pause; n > 1 {
				c.peers.due += (n - 1) * pause
			}
		}
		c.peers.due += pause
	}
}

const victimBatch = 256

// makeRoom forgets a host if inet_peer is full for another one, of IPv6 or not: the one
// unused for longest, to 3.0 of whichever protocol. The threshold holds for each
// protocol. To 3.0 the new host counts as well, which is so one host more than ever stay.
//
// Looking for that host means to look at all, so it looks for many at once; one that was
// used since is passed over.
func (c *Cache) makeRoom(ipv6 bool) {
	total := c.v4.used
	if ipv6 {
		total = c.v6.used
	}
	list := &c.peers.victims[0]
	switch {
	case !c.sem.HostPeersUnlisted:
		total++
	case ipv6:
		list = &c.peers.victims[1]
	}
	if total < c.cfg.PeerThreshold {
		return
	}
	for was := c.Len(); c.Len() == was && was > 0; {
		if len(*list) == 0 {
			*list = c.findVictims(*list, !c.sem.HostPeersUnlisted || !ipv6, !c.sem.HostPeersUnlisted || ipv6)
		}
		v := (*list)[len(*list)-1]
		*list = (*list)[:len(*list)-1]
		if v.v6 {
			drop(&c.v6, v.k6, v.use)
		} else {
			drop(&c.v4, v.k4, v.use)
		}
	}
}

// drop forgets a host that was not used since.
func drop[K comparable](t *table[K], k K, use uint64) {
	if e := t.find(t.hash(k), k, 0); e != nil && e.lastUse() == use {
		t.remove(k, 0)
	}
}

// findVictims lists the hosts of one protocol or both that were not used for longest, the
// very last of them at the end. It uses the memory of list.
func (c *Cache) findVictims(list []peerVictim, ipv4, ipv6 bool) []peerVictim {
	list = list[:0]
	bound := ^uint64(0) // what was used later is none of the oldest
	add := func(v peerVictim) {
		if v.use >= bound {
			return
		}
		if len(list) == 2*victimBatch {
			slices.SortFunc(list, func(a, b peerVictim) int { return cmp.Compare(a.use, b.use) })
			list = list[:victimBatch]
			if bound = list[victimBatch-1].use; v.use >= bound {
				return
			}
		}
		list = append(list, v)
	}
	if ipv4 {
		c.v4.each(func(s *slot[uint32]) { add(peerVictim{use: s.lastUse(), k4: s.key}) })
	}
	if ipv6 {
		c.v6.each(func(s *slot[[16]byte]) { add(peerVictim{use: s.lastUse(), v6: true, k6: s.key}) })
	}
	slices.SortFunc(list, func(a, b peerVictim) int { return cmp.Compare(b.use, a.use) })
	return list[max(0, len(list)-victimBatch):]
}
