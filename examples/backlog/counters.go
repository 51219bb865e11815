package main

import (
	"fmt"
	"io/fs"

	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
)

// machineCounters are the counters that a listener's trouble shows in, in the
// order in which they are told.
var machineCounters = []kernel.Counter{
	kernel.ListenOverflows, kernel.ListenDrops, kernel.TCPReqQFullDrop, kernel.TCPReqQFullDoCookies,
	kernel.SyncookiesSent, kernel.SyncookiesRecv, kernel.SyncookiesFailed, kernel.PAWSPassive,
}

// meaning is one sentence on what a counter counts on this kernel, "" if the kernel
// does not have it.
func meaning(c kernel.Counter, sem kernel.Semantics) string {
	switch c {
	case kernel.ListenOverflows:
		switch {
		case !sem.SYNDropCounters:
			return "Final ACKs that met a full accept queue, each retry again; a SYN dropped for that reason is counted nowhere."
		case sem.AcceptFullNeedsYoung:
			return "SYNs (while more than one request is young) and final ACKs that met a full accept queue, each retry again."
		}
		return "SYNs and final ACKs that met a full accept queue; each retry of a client counts again."
	case kernel.ListenDrops:
		switch {
		case !sem.SYNDropCounters:
			return "Final ACKs that made no connection: those of ListenOverflows, and rare failures; a dropped SYN is counted nowhere."
		case sem.CookieListenDrops:
			return "SYNs and final ACKs that a listener dropped for any reason, and every cookie sent, though nothing is dropped there."
		}
		return "SYNs and final ACKs that a listener dropped for any reason: those of ListenOverflows and TCPReqQFullDrop, the last quarter, rare failures."
	case kernel.TCPReqQFullDrop:
		if !sem.ReqQFullCounters {
			return ""
		}
		return "SYNs dropped because the SYN queue was full and tcp_syncookies 0; SYNs dropped in the last quarter are not among them."
	case kernel.TCPReqQFullDoCookies:
		if !sem.ReqQFullCounters {
			return ""
		}
		return "SYNs that found the SYN queue full" + ifElse(sem.AlwaysCookies, " (or tcp_syncookies 2)", "") +
			" and were to get a cookie; more than SyncookiesSent by those that then met a full accept queue."
	case kernel.SyncookiesSent:
		return "Cookies sent in answer to SYNs; no drop" + ifElse(sem.CookieListenDrops, ", although ListenDrops counts each of them.", ".")
	case kernel.SyncookiesRecv:
		return "ACKs with a good cookie, each retry against a full accept queue again; not all made a connection."
	case kernel.SyncookiesFailed:
		if sem.FailedCookiesOnly {
			return "ACKs with a bad cookie at a listener that sent cookies lately."
		}
		return "ACKs with a bad cookie, and every stray ACK at a listener that expects no cookie."
	case kernel.PAWSPassive:
		if sem.Recycle == kernel.RecycleGone {
			return ""
		}
		return "SYNs that tcp_tw_recycle turned away by their timestamp: clients behind NAT, if it is set."
	}
	return ""
}

// readCounters reads the machine's counters.
func readCounters(proc fs.FS, sem kernel.Semantics) (reports []CounterReport, unread []string) {
	values, unread := machine.ReadCounters(proc)
	reports = meanings(sem)
	for i := range reports {
		reports[i].Value, reports[i].Read = values[reports[i].Name]
	}
	return reports, unread
}

// meanings are the counters that a kernel has, without any values.
func meanings(sem kernel.Semantics) (reports []CounterReport) {
	for _, c := range machineCounters {
		if m := meaning(c, sem); m != "" {
			reports = append(reports, CounterReport{Name: c.Prefix() + c.String(), Meaning: m})
		}
	}
	return reports
}

// totals says what the counters add up to, as far as they tell.
func totals(reports []CounterReport, c *config) []string {
	read := true
	get := func(counter kernel.Counter) uint64 {
		for _, r := range reports {
			if r.Name == counter.Prefix()+counter.String() {
				read = read && r.Read
				return r.Value
			}
		}
		return 0
	}
	overflows, drops := get(kernel.ListenOverflows), get(kernel.ListenDrops)
	full, sent := get(kernel.TCPReqQFullDrop), get(kernel.SyncookiesSent)
	doCookies := get(kernel.TCPReqQFullDoCookies)
	if !read {
		return nil
	}
	var says []string
	if overflows > 0 {
		says = append(says, fmt.Sprintf("%s met a full accept queue since boot: a program accepted too slowly, or its backlog was too small.", prose.Plural(overflows, "segment")))
	}
	rest := drops - min(drops, overflows)
	if c.sem.CookieListenDrops {
		rest -= min(rest, sent)
	}
	if rest > 0 {
		if full > 0 {
			says = append(says, fmt.Sprintf("%s more were dropped, %d of them because a SYN queue was full with tcp_syncookies 0.", fmt.Sprint(rest), min(full, rest)))
		} else {
			says = append(says, fmt.Sprintf("%s more were dropped for other reasons: with tcp_syncookies 0 the last quarter of tcp_max_syn_backlog; else no route, no memory, ICMP errors.", fmt.Sprint(rest)))
		}
	}
	if doCookies > 0 && c.sys.TCPSyncookies != 2 {
		says = append(says, fmt.Sprintf("%s found a SYN queue full. The log says \"possible SYN flooding\" then, whoever the clients were.", prose.Plural(doCookies, "SYN")))
	}
	if len(says) == 0 {
		says = append(says, "No listener has dropped a connection since boot, as far as this kernel counts.")
	}
	return says
}
