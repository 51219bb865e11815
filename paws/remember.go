package paws

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// A Closing is what the cache learns from a connection that ends.
type Closing struct {
	// From is the peer's address, To ours. For an IPv6 socket that talks to an IPv4 peer
	// From is the IPv4 address mapped to IPv6.
	From, To netip.Addr
	// TS is the last timestamp that the connection stored, and Stamp the second of the
	// wall clock when it did: ts_recent and ts_recent_stamp. Stamp 0 stands for a
	// connection without timestamps.
	TS, Stamp uint32
}

// EnterTimeWait tells the cache that a connection goes to TIME_WAIT, or to FIN_WAIT2
// as a minisock (tcp_time_wait). With net.ipv4.tcp_tw_recycle and a stored timestamp
// it is remembered, as [StampRemembered] says; short then tells that TIME_WAIT lasts
// 3.5 retransmission timeouts instead of 60 s, which it does even where the host's
// newer timestamp stayed. A connection that its peer closed first does not get here:
// who closes first is who remembers.
//
// Nothing happens from 4.12 on, without the sysctl, without a timestamp, and for IPv6
// before 2.6.38. The memory is made before tcp_max_tw_buckets is looked at. To 3.13 an
// IPv6 socket's entry for an IPv4 peer is one that no SYN finds, from 3.6 on.
//
// Errors, which change nothing: an invalid From, a To of the other protocol, a time
// that goes back, more than 16383 addresses of our own (from 3.14 on).
func (c *Cache) EnterTimeWait(now time.Duration, closing Closing) (wrote, short bool, err error) {
	return c.remember(now, closing, true)
}

// FinInFinWait2 tells the cache that the peer's FIN reached a FIN_WAIT2 minisock,
// which becomes a true TIME_WAIT with the timestamp of that FIN
// (tcp_timewait_state_process, tw_remember_stamp). It is as [Cache.EnterTimeWait], but
// from 3.6 on makes no new entry, and without one neither remembers nor shortens.
func (c *Cache) FinInFinWait2(now time.Duration, closing Closing) (wrote, short bool, err error) {
	return c.remember(now, closing, !c.sem.HostMetrics)
}

// Remember is [Cache.EnterTimeWait], or [Cache.FinInFinWait2] where already is true, in
// the form in which package timewait asks: a *Cache is a timewait.HostStamps. seenAt is
// Closing.Stamp. It returns short, and false for what is an error there.
func (c *Cache) Remember(now time.Duration, local, remote netip.Addr, tsval, seenAt uint32, already bool) bool {
	_, short, err := c.remember(now, Closing{From: remote, To: local, TS: tsval, Stamp: seenAt}, !already || !c.sem.HostMetrics)
	return short && err == nil
}

func (c *Cache) remember(now time.Duration, closing Closing, create bool) (wrote, short bool, err error) {
	if err := c.check(now, &closing); err != nil {
		return false, false, err
	}
	from := c.unmap(closing.From)
	ipv6 := !from.Is4()
	if !recycles(&c.sem, &c.sys, ipv6) || closing.Stamp == 0 {
		return false, false, c.begin(now)
	}
	local, err := c.locals.get(closing.To, c.sem.HostMetricsLocal)
	if err == nil {
		err = c.begin(now)
	}
	if err != nil {
		return false, false, err
	}
	if ipv6 {
		wrote, short = store(c, &c.v6, from.As16(), local, closing, create)
		return wrote, short, nil
	}
	wrote, short = store(c, &c.v4, key4(from), local, closing, create)
	return wrote, short, nil
}

// unmap is the address by which a socket's peer is remembered.
func (c *Cache) unmap(from netip.Addr) netip.Addr {
	if c.sem.HostMetrics && !c.sem.HostMetricsMapped {
		return from
	}
	return from.Unmap()
}

func (c *Cache) check(now time.Duration, closing *Closing) error {
	if !c.known {
		return errNoKernel
	}
	switch {
	case !closing.From.IsValid():
		return errors.New("paws: Closing.From is not a valid address")
	case closing.To.IsValid() && closing.From.Unmap().Is4() != closing.To.Unmap().Is4():
		return fmt.Errorf("paws: Closing.From %v and Closing.To %v are not of one protocol", closing.From, closing.To)
	}
	return c.timely(now)
}

// store is a write by a closing connection. An entry that is made or looked at by a
// socket is aged first, one looked at by a minisock is not.
func store[K comparable](c *Cache, t *table[K], k K, local uint16, closing Closing, create bool) (wrote, short bool) {
	var e *entry
	if create {
		e = lookIn(c, t, k, local, true)
	} else if e = t.find(t.hash(k), k, local); e == nil {
		return false, false
	}
	h := Host{TS: closing.TS, Stamp: closing.Stamp}
	if !StampRemembered(&c.sem, e.host(), h, c.second) {
		return false, true
	}
	e.ts, e.stamp = h.TS, h.Stamp
	return true, true
}

// add makes an entry for a host that has none. In a full bucket of tcp_metrics it takes
// the place of the one unused for longest, in the chain too: of several the one nearest
// to its head, which is where new ones come.
func add[K comparable](c *Cache, t *table[K], k K, local uint16) *entry {
	if !c.sem.HostMetrics {
		c.makeRoom(any(t) == any(&c.v6))
		return t.insert(k, newEntry(local, 0, c.jiffies))
	}
	hash := t.hash(k)
	n4, old4 := c.v4.oldest(hash)
	n6, old6 := c.v6.oldest(hash)
	place := n4 + n6
	switch {
	case place < metricsDepth:
	case n6 == 0 || n4 > 0 && old4.before(&old6.entry):
		place = old4.place()
		c.v4.remove(old4.key, old4.local())
	default:
		place = old6.place()
		c.v6.remove(old6.key, old6.local())
	}
	return t.insert(k, newEntry(local, place, c.jiffies))
}

// Established tells the cache that a connection was established, whoever opened it
// (tcp_init_metrics). From 3.6 to 6.6 that makes an entry for a host that has none, with
// tcp_no_metrics_save too: it holds nothing against a SYN and proves nobody, but takes a
// place in its bucket. From 3.6 on an entry that is over an hour old begins anew. To 3.5
// nothing happens. It matters to full buckets and old entries only; leave it out, and
// these things happen when the connection ends.
//
// Errors are those of [Cache.EnterTimeWait]. From source; the row metrics-at-close of
// [kernel.Changes].
func (c *Cache) Established(now time.Duration, from, to netip.Addr) error {
	if err := c.check(now, &Closing{From: from, To: to}); err != nil {
		return err
	}
	if !c.sem.HostMetrics {
		return c.begin(now)
	}
	_, err := c.look(now, from, to, !c.sem.MetricsAtClose)
	return err
}

// look is how a socket comes by the entry of its peer: aged, and made if need be where
// create says so. Otherwise it is nil if there is none.
func (c *Cache) look(now time.Duration, from, to netip.Addr, create bool) (*entry, error) {
	local, known := c.locals.find(to, c.sem.HostMetricsLocal)
	if !known && create {
		var err error
		if local, err = c.locals.get(to, true); err != nil {
			return nil, err
		}
		known = true
	}
	c.pass(now)
	if !known {
		return nil, nil
	}
	if from = c.unmap(from); from.Is4() {
		return lookIn(c, &c.v4, key4(from), local, create), nil
	}
	return lookIn(c, &c.v6, from.As16(), local, create), nil
}

func lookIn[K comparable](c *Cache, t *table[K], k K, local uint16, create bool) *entry {
	e := t.find(t.hash(k), k, local)
	switch {
	case e != nil:
		c.age(e)
	case create:
		e = add(c, t, k, local)
	}
	return e
}

// Closed tells the cache that a connection's socket ended, whoever closed it
// (tcp_update_metrics). rtt says that it measured a round-trip time and was not
// backing off. From 3.6 on that makes an entry and remembers that its round-trip time
// is known; a connection without one, such as one that was reset before any answer,
// makes the entry's unknown. An entry lives for an hour after its last such call. With
// net.ipv4.tcp_no_metrics_save nothing is remembered or renewed.
//
// To 3.5 these times are kept with the route and prove nobody; nothing happens here.
// A socket goes to TIME_WAIT first and is closed right after, so call
// [Cache.EnterTimeWait] first. Of closing only From and To are read; errors as there.
func (c *Cache) Closed(now time.Duration, closing Closing, rtt bool) error {
	if err := c.check(now, &closing); err != nil {
		return err
	}
	if !c.sem.HostMetrics || c.sys.TCPNoMetricsSave != 0 {
		return c.begin(now)
	}
	e, err := c.look(now, closing.From, closing.To, rtt)
	if e != nil {
		e.setRTT(rtt)
		if rtt {
			e.touch(c.jiffies)
		}
	}
	return err
}

// Fetch returns the timestamp that connect() to a host takes over: the remembered one
// if [FetchStamp] says so. From 3.6 on an entry that is over an hour old begins anew,
// and a host that has none gets one, as long as tcp_tw_recycle is on
// (tcp_fetch_timewait_stamp). ok is false where there is no timestamp. A socket that
// inherited one from a TIME_WAIT bucket does not ask.
func (c *Cache) Fetch(now time.Duration, from, to netip.Addr) (h Host, ok bool, err error) {
	if err := c.check(now, &Closing{From: from, To: to}); err != nil {
		return Host{}, false, err
	}
	ipv6 := !c.unmap(from).Is4()
	if !recycles(&c.sem, &c.sys, ipv6) {
		return Host{}, false, c.begin(now)
	}
	e, err := c.look(now, from, to, c.sem.HostMetrics)
	if e == nil {
		return Host{}, false, err
	}
	h = e.host()
	if h.Stamp == 0 || !FetchStamp(&c.sem, &c.sys, h, ipv6, c.second) {
		return Host{}, false, nil
	}
	return h, true, nil
}
