package portalloc

import (
	"net/netip"
	"time"
)

// A groupKey is what connections that could clash have in common: all but their local
// port.
type groupKey struct {
	src, dst netip.Addr
	port     uint16
}

func keyOf(src netip.Addr, dst netip.AddrPort) groupKey {
	return groupKey{plain(src), plain(dst.Addr()), dst.Port()}
}

func plain(addr netip.Addr) netip.Addr {
	if addr.Is4() {
		return addr
	}
	addr = addr.Unmap()
	if addr.Zone() != "" {
		addr = addr.WithZone("")
	}
	return addr
}

// group is the connections from one address to one destination.
type group struct {
	groupKey
	used
	count int // connections, accepted ones among them

	hashed bool
	epoch  uint64 // of the hash
	place  int    // see StartSum
	add    uint32
}

// groupOf returns the group of that key, making it if there is none.
func (a *Allocator) groupOf(key groupKey) (uint32, *group) {
	if a.last != 0 && a.dests[a.last-1].groupKey == key {
		return a.last, a.dests[a.last-1]
	}
	if n := a.groups[key]; n != 0 {
		a.last = n
		return n, a.dests[n-1]
	}
	var n uint32
	if m := len(a.freeGroup); m > 0 {
		n = a.freeGroup[m-1]
		a.freeGroup = a.freeGroup[:m-1]
	} else {
		a.dests = append(a.dests, &group{})
		n = uint32(len(a.dests))
	}
	g := a.dests[n-1]
	g.groupKey, g.hashed = key, false
	a.groups[key] = n
	a.last = n
	return n, g
}

// tidy forgets a group without connections.
func (a *Allocator) tidy(n uint32) {
	g := a.dests[n-1]
	if g.count > 0 {
		return
	}
	delete(a.groups, g.groupKey)
	g.groupKey = groupKey{}
	a.freeGroup = append(a.freeGroup, n)
	if a.last == n {
		a.last = 0
	}
}

// enter makes a socket a connection of a group, at the port it has.
func (a *Allocator) enter(i, n uint32) {
	k, g := &a.socks[i-1], a.dests[n-1]
	k.group = n
	k.state = Connected
	k.sync()
	g.count++
	a.link(i)
	if !k.accepted {
		g.set(int(k.port), false)
	}
}

// leave ends that.
func (a *Allocator) leave(i uint32) {
	k := &a.socks[i-1]
	n, g := k.group, a.dests[k.group-1]
	a.unlink(i)
	if !k.accepted {
		g.clear(int(k.port))
	}
	g.count--
	k.group = 0
	a.tidy(n)
}

// start returns the place that a connect() of the group begins from, and the sum.
func (a *Allocator) start(g *group, now time.Duration) (place int, sum uint32) {
	if now != a.epochAt || !a.epochSet { // many calls at one moment divide once
		a.epoch, a.epochAt, a.epochSet = HashEpoch(&a.sem, a.clock, now), now, true
	}
	if epoch := a.epoch; !g.hashed || g.epoch != epoch {
		g.hashed, g.epoch = true, epoch
		g.place, g.add = StartSum(&a.sem, a.key.Hash(g.src, netip.AddrPortFrom(g.dst, g.port), epoch))
		if a.moved == nil {
			a.moved = make([]uint32, Places(&a.sem))
		}
		if len(a.moved) > 1 {
			g.add += a.key.first(g.place)
		}
	}
	return g.place, a.moved[g.place] + g.add
}
