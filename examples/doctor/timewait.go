package main

import (
	"fmt"

	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
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
	lasts := fmt.Sprintf("TIME-WAIT lasts %s on this kernel, whatever tcp_fin_timeout is", p.timeWaitLasts())
	if p.recycles() {
		lasts += ", and far shorter where tcp_tw_recycle applies"
	}
	text := fmt.Sprintf("TIME-WAIT, and FIN-WAIT-2 without a process: %d of %d entries (%s; %s), %s; %s", n, limit, from, whose, bytesText(n*timewait.EntryBytes(&p.sem, false)), lasts)
	if unlimited {
		text = fmt.Sprintf("TIME-WAIT, and FIN-WAIT-2 without a process: %d entries (%s), without a limit since tcp_max_tw_buckets is %d; %s", n, from, limit, lasts)
	}
	if p.source[bucketsName] != machine.FromProc {
		text += "; the limit was not read, it is the default"
	}
	rule := fmt.Sprintf("timewait.HasRoom: %d < %d: %v (tcp_time_wait)", n, limit, room)
	if !room || !unlimited && 4*n >= 3*limit {
		f := Finding{Severity: Near, About: "time-wait", Text: text + ". Beyond the limit sockets close without TIME-WAIT, and their peers may get RSTs.", BoundBy: fmt.Sprintf("net.ipv4.tcp_max_tw_buckets %d", limit),
			Rules: []string{rule, "timewait.Lifetime: no sysctl shortens it" + words.Pick(p.sem.Recycle == kernel.RecycleGone, "", " but tcp_tw_recycle")}}
		if !room {
			f.Severity = Losing
			f.Text = text + ". The next socket that closes first gets no TIME-WAIT" + overflowCount(p) + ", and its peer may get a RST."
		}
		f.Changes = bucketChanges(p)
		if p.source["net.ipv4.tcp_tw_recycle"] == machine.Absent {
			f.Changes = append(f.Changes, Change{"net.ipv4.tcp_tw_recycle=1", "nothing: this kernel has no such sysctl (the row tw-recycle-gone of kernel.Changes)."})
		}
		each := timewait.Population(&p.sem, p.hz, 1)
		f.Changes = append(f.Changes, Change{fmt.Sprintf("fewer than %s closes/s by this side first", rate(float64(max(limit, 0))/each)), "the limit is not reached: entries are that rate times their lifetime (timewait.Population)."})
		x.find(f)
		return
	}
	x.well(text + " (timewait.HasRoom, timewait.Lifetime).")
}

// timeWaitLasts is how long TIME-WAIT lasts here. To 4.0 that depends on the load, for which
// the entries that there are stand: 13.4 a second make 750.
func (p *patient) timeWaitLasts() string {
	n, _ := p.now.timeWaits()
	lo, hi := timewait.Lifetime(&p.sem, p.hz, timewait.Length, n > 750)
	return prose.Span(lo.Seconds(), hi.Seconds())
}

// recycles reports whether tcp_tw_recycle is there and set.
func (p *patient) recycles() bool {
	return p.sem.Recycle != kernel.RecycleGone && p.sys.TCPTwRecycle != 0
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
