package paws

import (
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
)

// Explain returns what [Cache.Lookup] would make of a SYN with the tests that lead to
// it, and changes nothing. The verdict's Action is Drop where tcp_tw_recycle rejects
// the SYN, with the counters of a listener, and Pass otherwise: other rules may still
// drop it.
func (c *Cache) Explain(now time.Duration, from, to netip.Addr, timestamp bool, tsval uint32) Explanation {
	var t trail
	v := c.explain(max(now, c.now), from, to, timestamp && c.sys.TCPTimestamps != 0, tsval, &t)
	return Explanation{Verdict: v, Checks: t.checks}
}

func (c *Cache) explain(now time.Duration, from, to netip.Addr, timestamp bool, tsval uint32, t *trail) Verdict {
	twin := c.twin()
	_, judged, rejected := twin.Lookup(now, from, to, timestamp, tsval)
	h, _, known := twin.Host(from, to)
	t.listener(&c.sem, from.Is4() || from.Is4In6())
	if !judged {
		t.recycleOff(c.whyNotJudged(from, known, timestamp))
		return Verdict{Action: Pass, Reason: NotJudged}
	}
	t.host(h, known)
	if !known {
		return Verdict{Action: Pass, Reason: HostUnknown}
	}
	seconds := twin.second
	fresh := HostFresh(&c.sem, h.Stamp, seconds)
	t.hostAge(h, seconds, fresh)
	switch {
	case !fresh:
		return Verdict{Action: Pass, Reason: HostLapsed}
	case !timestamp:
		t.hostNoStamp(rejected)
	default:
		t.hostCompare(h, tsval)
	}
	if !rejected {
		return Verdict{Action: Pass, Reason: NotOlder}
	}
	v := verdict(Drop, HostOlder, 0, kernel.PAWSPassive)
	if !timestamp {
		v.Reason = HostNoStamp
	}
	if c.sem.SYNDropCounters {
		v.Counters = v.Counters.With(kernel.ListenDrops)
	}
	return v
}

// twin is a copy of the cache to try out on.
func (c *Cache) twin() *Cache {
	t := *c
	t.v4, t.v6 = c.v4.clone(), c.v6.clone()
	return &t
}

func (c *Cache) whyNotJudged(from netip.Addr, known, timestamp bool) string {
	switch {
	case !c.known || c.sem.Recycle == kernel.RecycleGone:
		return "this kernel has no such sysctl"
	case c.sys.TCPTwRecycle == 0:
		return "off"
	case !from.IsValid():
		return "no valid address"
	case !from.Unmap().Is4() && !c.sem.LastQuarter6:
		return "this kernel has no such test for IPv6"
	case !timestamp:
		return "the SYN has no timestamp"
	case !known:
		return "the host is unknown"
	}
	return "not judged"
}
