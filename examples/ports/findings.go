package main

import (
	"fmt"

	"example.com/linuxtcp/internal/prose"
)

// findings are the answer in sentences, the bad ones first.
func (q question) findings(r *Report) []Finding {
	var bad, good []Finding
	add := func(isBad bool, format string, args ...any) {
		f := Finding{isBad, fmt.Sprintf(format, args...)}
		if isBad {
			bad = append(bad, f)
		} else {
			good = append(good, f)
		}
	}
	row := current(r.Rates)
	if r.AtRate != nil && r.Ports.CapacityMost > 0 {
		add(!r.AtRate.Lasts, "%s", q.atRateText(r.AtRate))
	}
	if r.Ports.CapacityMost == 0 {
		add(true, "Every port of the range is reserved: each call fails with %s.", q.failure())
	} else {
		add(false, "%s: %s; above that %s fails with %s.",
			q.subjectText(), rateSpan(row.Sure, row.Most), q.call(), q.failure())
	}
	if q.o.bind != "" {
		add(q.o.destinations > 1, "%s", q.bindText(r.Ports))
	}
	if text := q.bucketsText(r, row); text != "" {
		add(false, "%s", text)
	}
	if a := r.AtRate; a != nil && a.Candidates > 1000 {
		when := "At that rate"
		if !a.Lasts {
			when = "Once they are out"
		}
		add(true, "%s %s may examine some %.0f ports each time, for about %s: %s of a processor. -curve shows it.",
			when, q.call(), a.Candidates, prose.Seconds(a.CallSeconds), prose.Percent(a.CPUPercent))
	}
	return append(bad, good...)
}

// subjectText is who connects where.
func (q question) subjectText() string {
	how := "the client closing first"
	if q.o.serverCloses {
		how = "the server closing first"
	}
	return fmt.Sprintf("From %s to %s, %s", prose.Plural(q.o.sources, "source address"), prose.Plural(q.o.destinations, "destination"), how)
}

func (q question) atRateText(a *AtRateReport) string {
	rate := rateText(a.PerSecond)
	switch {
	case a.Lasts:
		return fmt.Sprintf("%s connections per second can be kept for ever.", rate)
	case !a.Fails:
		return fmt.Sprintf("%s connections per second may run out of ports, not before %s: it depends on how long the single connections and their TIME_WAIT take. The error is %s.", rate, prose.Seconds(a.Earliest), a.Error)
	case a.Earliest == a.Latest:
		return fmt.Sprintf("%s connections per second run out of ports after %s: %s.", rate, prose.Seconds(a.Earliest), a.Error)
	}
	return fmt.Sprintf("%s connections per second run out of ports after %s: %s.", rate, prose.Span(a.Earliest, a.Latest), a.Error)
}

// bindText is why ten destinations do not help.
func (q question) bindText(p PortsReport) string {
	remedy := "Do not bind, or bind to the address with IP_BIND_ADDRESS_NO_PORT: then connect() picks, for each destination anew."
	if !q.sem.BindAddressNoPort {
		remedy = "Do not bind: then connect() picks, for each destination anew. (IP_BIND_ADDRESS_NO_PORT came with 4.2.)"
	}
	each := "one connection per source address"
	if p.Shared == 1 && (q.o.sources > 1 || q.o.bind == bindWildcard) {
		each = "one connection"
	}
	if q.o.destinations > 1 {
		return fmt.Sprintf("%d destinations do not help: bind() picks the port before the kernel knows where to, so each port serves %s, and tcp_tw_reuse gives nothing. %s", q.o.destinations, each, remedy)
	}
	return fmt.Sprintf("More destinations would not help: bind() picks the port before the kernel knows where to, so each port serves %s. %s", each, remedy)
}

// bucketsText is what tcp_max_tw_buckets does to the answer, "" if nothing.
func (q question) bucketsText(r *Report, row RateReport) string {
	if q.c.source[bucketsName] == unknown || row.serverFirst || row.reuse {
		return ""
	}
	entries := float64(r.Ports.CapacityMost)
	if r.AtRate != nil {
		entries = min(entries, r.AtRate.PerSecond*row.timeWaitMax)
	}
	limit := max(q.c.sys.TCPMaxTWBuckets, 0)
	if entries <= float64(limit) {
		return ""
	}
	return fmt.Sprintf("tcp_max_tw_buckets is %d, below the %.0f TIME_WAIT entries that there would be: further sockets close without one (TCPTimeWaitOverflow) and free their ports at once, so that ports last longer than told here. It is no remedy: late segments of the old connection then get RSTs, or meet the new one.", limit, entries)
}
