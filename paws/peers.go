package paws

import (
	"cmp"
	"slices"
	"time"
)

// A peerTimer is how inet_peer (to 3.5) lets go of hosts.
type peerTimer struct {
	due     time.Duration // the next run, to 3.0
	victims []peerVictim  // the hosts unused for longest, last first, as of the last look
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
			at := c.clock.Jiffies(c.peers.due)
			ttl := uint64(PeerTTL(c.Len(), c.cfg.PeerThreshold)) * uint64(c.clock.HZ()) / uint64(time.Second)
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

// makeRoom forgets the host unused for longest if the table is full. Looking for it
// means to look at all, so it looks for many at once; one that was used since is passed
// over.
func (c *Cache) makeRoom() {
	for c.Len() >= c.cfg.PeerThreshold && c.Len() > 0 {
		if len(c.peers.victims) == 0 {
			c.findVictims()
		}
		v := c.peers.victims[len(c.peers.victims)-1]
		c.peers.victims = c.peers.victims[:len(c.peers.victims)-1]
		if v.v6 {
			if i := c.v6.findAt(v.k6, 0); i >= 0 && c.v6.slots[i].lastUse() == v.use {
				c.v6.remove(i)
			}
		} else if i := c.v4.findAt(v.k4, 0); i >= 0 && c.v4.slots[i].lastUse() == v.use {
			c.v4.remove(i)
		}
	}
}

// findVictims lists the hosts unused for longest, the very last of them at the end.
func (c *Cache) findVictims() {
	list := c.peers.victims[:0]
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
	for i := range c.v4.slots {
		if e := &c.v4.slots[i]; e.live() {
			add(peerVictim{use: e.lastUse(), k4: c.v4.keys[i]})
		}
	}
	for i := range c.v6.slots {
		if e := &c.v6.slots[i]; e.live() {
			add(peerVictim{use: e.lastUse(), v6: true, k6: c.v6.keys[i]})
		}
	}
	slices.SortFunc(list, func(a, b peerVictim) int { return cmp.Compare(b.use, a.use) })
	c.peers.victims = list[max(0, len(list)-victimBatch):]
}
