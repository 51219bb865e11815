package main

import (
	"fmt"

	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/timewait"
)

// examineTimeWait holds the entries of TIME-WAIT against tcp_max_tw_buckets.
func (p *patient) examineTimeWait(x *examination) {
	if p.now.rows == nil && p.now.sockstat == nil {
		return
	}
	n, from := p.now.timeWaits()
	limit := p.sys.TCPMaxTWBuckets
	room := timewait.HasRoom(&p.sem, n, limit)
	unlimited := limit < 0 && room
	whose := "this namespace's"
	if timewait.LimitIsShared(&p.sem) {
		whose = "the machine's, all containers together"
	}
	lo, hi := timewait.Lifetime(&p.sem, p.hz, timewait.Length, n > 750)
	lasts := fmt.Sprintf("TIME-WAIT lasts %s on this kernel, whatever tcp_fin_timeout is", prose.Span(lo.Seconds(), hi.Seconds()))
	text := fmt.Sprintf("TIME-WAIT, and FIN-WAIT-2 without a process: %d of %d entries (%s; %s), %s; %s", n, limit, from, whose, bytesText(n*timewait.EntryBytes(&p.sem, false)), lasts)
	if unlimited {
		text = fmt.Sprintf("TIME-WAIT, and FIN-WAIT-2 without a process: %d entries (%s), without a limit since tcp_max_tw_buckets is %d; %s", n, from, limit, lasts)
	}
	rule := fmt.Sprintf("timewait.HasRoom: %d < %d: %v (tcp_time_wait)", n, limit, room)
	if !room || !unlimited && 4*n >= 3*limit {
		f := Finding{Severity: Near, About: "time-wait", Text: text + ". Beyond the limit sockets close without TIME-WAIT, and their peers may get RSTs.", BoundBy: fmt.Sprintf("net.ipv4.tcp_max_tw_buckets %d", limit),
			Rules: []string{rule, "timewait.Lifetime: no sysctl shortens it"}}
		if !room {
			f.Severity = Losing
			f.Text = text + ". The next socket that closes first gets no TIME-WAIT" + overflowCount(p) + ", and its peer may get a RST."
		}
		f.Changes = bucketChanges(p)
		if p.source["net.ipv4.tcp_tw_recycle"] == "absent" {
			f.Changes = append(f.Changes, Change{"net.ipv4.tcp_tw_recycle=1", "nothing: this kernel has no such sysctl (the row tw-recycle-gone of kernel.Changes)."})
		}
		each := timewait.Population(&p.sem, p.hz, 1)
		f.Changes = append(f.Changes, Change{fmt.Sprintf("fewer than %.0f closes/s by this side first", float64(max(limit, 0))/each), "the limit is not reached: entries are that rate times their lifetime (timewait.Population)."})
		x.find(f)
		return
	}
	x.well(text + " (timewait.HasRoom, timewait.Lifetime).")
}

func overflowCount(p *patient) string {
	if p.sem.TimeWaitOverflowCounter {
		return " (TCPTimeWaitOverflow)"
	}
	return " (this kernel logs \"time wait bucket table overflow\" and counts nothing)"
}

// bytesText is an amount of memory: "4.3 KiB".
func bytesText(n int) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
