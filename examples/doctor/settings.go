package main

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/internal/outgoing"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/internal/words"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/paws"
	"example.com/linuxtcp/portalloc"
	"example.com/linuxtcp/queue"
	"example.com/linuxtcp/timewait"
)

// examineSettings finds settings that harm on this kernel, or that do not do what they are
// taken for.
func (p *patient) examineSettings(x *examination) {
	found := len(x.findings)
	for _, judge := range []func(*examination){
		p.judgeRecycle, p.judgeSomaxconn, p.judgeSyncookies, p.judgeMaxSynBacklog, p.judgeAbort,
		p.judgeFinTimeout, p.judgeReuse, p.judgeBuckets, p.judgeRange, p.judgeReserved,
	} {
		judge(x)
	}
	if len(x.findings) == found && p.settled() {
		x.well("No sysctl read here is set to something that harms or does nothing on this kernel.")
	}
}

// settled reports whether any sysctl was read.
func (p *patient) settled() bool {
	for _, source := range p.source {
		if source == machine.FromProc {
			return true
		}
	}
	return false
}

// set reports whether a sysctl was read and has another value than the kernel starts with.
// Where that follows memory, twice and half of it pass too: MemTotal is a little less than what
// the kernel rounded up to a power of two.
func (p *patient) set(name string) bool {
	value, _ := p.sys.Get(name)
	usual := p.usual(name)
	if p.source[name] != machine.FromProc || value == usual {
		return false
	}
	c, _ := kernel.SysctlByName(name)
	if c.Default(p.sem, kernel.Machine{MemoryBytes: 4 * p.machine.MemoryBytes}) != c.Default(p.sem, kernel.Machine{MemoryBytes: p.machine.MemoryBytes / 4}) {
		return value != 2*usual && 2*value != usual
	}
	return true
}

// usual is what a sysctl starts as.
func (p *patient) usual(name string) int {
	c, _ := kernel.SysctlByName(name)
	return c.Default(p.sem, p.machine)
}

// setting makes a finding about a sysctl.
func setting(text string, rules ...string) Finding {
	return Finding{Severity: Setting, About: "sysctl", Text: text, Rules: rules}
}

// judgeRecycle: tcp_tw_recycle turns clients behind NAT away.
func (p *patient) judgeRecycle(x *examination) {
	if !p.recycles() {
		return
	}
	const newest, older = 1_000_000, 600_000
	dropped := paws.RecycleRejects(&p.sem, paws.Host{TS: newest, Stamp: 100}, 101, true, older)
	f := setting("tcp_tw_recycle is set: for 60 s after a connection that this side closed first, a SYN from its address with an older timestamp is dropped. Behind NAT many hosts share an address, each with a clock of its own, so some cannot connect.",
		fmt.Sprintf("paws.RecycleRejects of a timestamp 400000 older than the last of its address, 1 s later: %v (tcp_peer_is_proven; to 3.5 tcp_v4_conn_request)", dropped),
		"counted by PAWSPassive")
	f.Changes = []Change{recycleOff(p)}
	x.find(f)
}

// recycleOff asks what a SYN with an old timestamp gets without tcp_tw_recycle.
func recycleOff(p *patient) Change {
	off := p.sys
	off.TCPTwRecycle = 0
	judged := paws.RecycleJudges(&p.sem, &off, false, true, true)
	return Change{"net.ipv4.tcp_tw_recycle=0, at once", fmt.Sprintf("%s (paws.RecycleJudges); TIME-WAIT lasts %s again (timewait.Lifetime).",
		words.Pick(judged, "SYNs are still judged by their timestamp", "no SYN is judged by its timestamp any more"), p.timeWaitLasts())}
}

// judgeSomaxconn: to 4.0 a limit loses its upper bits.
func (p *patient) judgeSomaxconn(x *examination) {
	n := p.sys.Somaxconn
	if n < 0 || n > math.MaxInt32 {
		return
	}
	if kept := queue.AcceptLimit(&p.sem, int32(n), int32(n)); int64(kept) != int64(n) {
		f := setting(fmt.Sprintf("somaxconn is %d, and this kernel keeps a listener's limit in 16 bits: a program that asks listen() for as much gets %d.", n, kept),
			fmt.Sprintf("queue.AcceptLimit(%d, %d): %d (inet_listen)", n, n, kept))
		f.Changes = []Change{{"net.core.somaxconn=65535, and programs restarted", fmt.Sprintf("such a program gets %d.", queue.AcceptLimit(&p.sem, math.MaxUint16, math.MaxUint16))}}
		x.find(f)
	}
}

// fullSYN is what a SYN gets that meets a full SYN queue while connections are accepted.
func fullSYN(sem *kernel.Semantics, sys *kernel.Sysctls) string {
	limit := queue.SYNQueueLimit(sem, 128, 128, int32(sys.TCPMaxSynBacklog))
	q := queue.Queues{AcceptLimit: 128, SYNLimit: limit, Requests: uint32(queue.SYNQueueCapacity(sem, limit))}
	return queue.DecideSYN(sem, sys, q, queue.SYN{Timestamp: true}).String()
}

// emptySYN is what a SYN gets that meets empty queues.
func emptySYN(sem *kernel.Semantics, sys *kernel.Sysctls) queue.Verdict {
	q := queue.Queues{AcceptLimit: 128, SYNLimit: queue.SYNQueueLimit(sem, 128, 128, int32(sys.TCPMaxSynBacklog))}
	return queue.DecideSYN(sem, sys, q, queue.SYN{Timestamp: true})
}

// judgeSyncookies: 0 lets a full SYN queue drop, 2 sends cookies always.
func (p *patient) judgeSyncookies(x *examination) {
	one := p.sys
	one.TCPSyncookies = 1
	then := []Change{{"net.ipv4.tcp_syncookies=1, at once", "a SYN that meets a full SYN queue: " + fullSYN(&p.sem, &one) + "."}}
	switch {
	case p.sys.TCPSyncookies == 0:
		f := setting("tcp_syncookies is 0: a SYN queue that fills up turns clients away, and its last quarter is closed to hosts that are not known.",
			"queue.DecideSYN of a SYN that meets a full SYN queue: "+fullSYN(&p.sem, &p.sys)+" (tcp_conn_request)",
			fmt.Sprintf("queue.LastQuarterCapacity(tcp_max_syn_backlog %d): %d requests", p.sys.TCPMaxSynBacklog, queue.LastQuarterCapacity(int32(p.sys.TCPMaxSynBacklog))))
		f.Changes = then
		x.find(f)
	case p.sys.TCPSyncookies == 2:
		v := emptySYN(&p.sem, &p.sys)
		text := "tcp_syncookies is 2, which this kernel takes as 1."
		if v.Action == queue.SendCookie {
			text = "tcp_syncookies is 2: every SYN is answered with a cookie, full queue or not. Clients without timestamps lose window scaling and SACK; it is meant for tests."
		}
		f := setting(text, "queue.DecideSYN of a SYN that meets empty queues: "+v.String()+" (tcp_conn_request)")
		f.Changes = []Change{{"net.ipv4.tcp_syncookies=1, at once", "the same SYN: " + emptySYN(&p.sem, &one).String() + "."}}
		x.find(f)
	}
}

// judgeMaxSynBacklog: from 4.4 on it does nothing while cookies are on.
func (p *patient) judgeMaxSynBacklog(x *examination) {
	const name = "net.ipv4.tcp_max_syn_backlog"
	if !p.set(name) || queue.LastQuarterApplies(&p.sem, &p.sys, false) {
		return
	}
	m, usual := p.sys.TCPMaxSynBacklog, p.usual(name)
	big := int32(1 << 20) // no backlog binds before it
	now, before := queue.SYNQueueLimit(&p.sem, big, big, int32(m)), queue.SYNQueueLimit(&p.sem, big, big, int32(usual))
	if now != before {
		return
	}
	x.find(setting(fmt.Sprintf("tcp_max_syn_backlog is %d and does nothing on this kernel while tcp_syncookies is %d: a SYN queue is as long as the accept queue's limit.", m, p.sys.TCPSyncookies),
		fmt.Sprintf("queue.SYNQueueLimit with %d and with its default %d: the same (inet_csk_reqsk_queue_is_full)", m, usual),
		"queue.LastQuarterApplies: false (tcp_conn_request)"))
}

// judgeAbort: tcp_abort_on_overflow does not reach SYNs.
func (p *patient) judgeAbort(x *examination) {
	if p.sys.TCPAbortOnOverflow == 0 {
		return
	}
	q := queue.Queues{AcceptLen: 129, AcceptLimit: 128, SYNLimit: queue.SYNQueueLimit(&p.sem, 128, 128, int32(p.sys.TCPMaxSynBacklog)), Requests: 2, Young: 2}
	f := setting("tcp_abort_on_overflow is set: a client whose final ACK meets a full accept queue gets a RST, where it would have been connected a second later if the queue had room by then. SYNs that meet the full queue are dropped in silence all the same.",
		"queue.DecideFinalACK: "+queue.DecideFinalACK(&p.sem, &p.sys, q).String()+" (tcp_check_req)",
		"queue.DecideSYN: "+queue.DecideSYN(&p.sem, &p.sys, q, queue.SYN{Timestamp: true}).String()+" (tcp_conn_request)")
	off := p.sys
	off.TCPAbortOnOverflow = 0
	f.Changes = []Change{{"net.ipv4.tcp_abort_on_overflow=0, at once", "the final ACK: " + queue.DecideFinalACK(&p.sem, &off, q).String() + "; the client's next segment tries again."}}
	x.find(f)
}

// judgeFinTimeout: it does not shorten TIME-WAIT.
func (p *patient) judgeFinTimeout(x *examination) {
	if !p.set("net.ipv4.tcp_fin_timeout") {
		return
	}
	usual := p.sys
	usual.TCPFinTimeout = 60
	rto := 200 * time.Millisecond
	plan := func(sys *kernel.Sysctls) timewait.Orphan {
		return timewait.PlanFinWait2(timewait.FinTime(sys, 0, rto), 0, rto)
	}
	now := plan(&p.sys)
	text := fmt.Sprintf("tcp_fin_timeout is %d, which does not shorten TIME-WAIT: that lasts %s. It is for FIN-WAIT-2 without a process, which lasts %s with it, and %s with 60, the default.",
		p.sys.TCPFinTimeout, p.timeWaitLasts(), prose.Seconds(now.Total().Seconds()), prose.Seconds(plan(&usual).Total().Seconds()))
	if now.Total() != time.Duration(p.sys.TCPFinTimeout)*time.Second && p.sys.TCPFinTimeout > 60 {
		text += " Above 60 s the kernel's arithmetic is 2*(T-60)."
	}
	x.find(setting(text,
		"timewait.EntryTimeout of TIME-WAIT: "+prose.Seconds(timewait.EntryTimeout(timewait.TimeWait, 0, rto, false).Seconds())+", whatever the timeout (tcp_time_wait)",
		fmt.Sprintf("timewait.PlanFinWait2: %s as a full socket, %s as an entry (tcp_fin_time)", prose.Seconds(now.Full.Seconds()), prose.Seconds(now.Entry.Seconds()))))
}

// judgeReuse: tcp_tw_reuse needs timestamps, and 2 is for loopback since 4.19.
func (p *patient) judgeReuse(x *examination) {
	if !p.set("net.ipv4.tcp_tw_reuse") || p.sys.TCPTWReuse == 0 {
		return
	}
	v := outgoing.TakesOver(&p.sem, &p.sys, false)
	local := outgoing.TakesOver(&p.sem, &p.sys, true)
	if v.Action == timewait.Take {
		if p.sys.TCPTWReuse == 2 {
			x.find(setting("tcp_tw_reuse is 2, which this kernel takes as 1: for every destination, not for loopback only.", "timewait.DecideReuse of an old entry that is no loopback one: "+v.String()+" (tcp_twsk_unique)"))
		}
		return
	}
	text := fmt.Sprintf("tcp_tw_reuse is %d, which gives connect() nothing here: %s.", p.sys.TCPTWReuse, v)
	if local.Action == timewait.Take {
		text = fmt.Sprintf("tcp_tw_reuse is %d, which on this kernel is for loopback connections only.", p.sys.TCPTWReuse)
	}
	f := setting(text, "timewait.DecideReuse of an old entry: "+v.String()+" (tcp_twsk_unique)")
	if p.sys.TCPTimestamps == 0 {
		on := p.sys
		on.TCPTimestamps = 1
		f.Changes = []Change{{"net.ipv4.tcp_timestamps=1, on both sides", outgoing.TakesOver(&p.sem, &on, false).String() + "."}}
	}
	x.find(f)
}

// judgeBuckets: none, or a number that is reached at a small rate.
func (p *patient) judgeBuckets(x *examination) {
	n := p.sys.TCPMaxTWBuckets
	if p.source[bucketsName] != machine.FromProc {
		return
	}
	switch none := !timewait.HasRoom(&p.sem, 0, n); {
	case none:
		f := setting(fmt.Sprintf("tcp_max_tw_buckets is %d, which on this kernel allows no TIME-WAIT at all: every socket that closes first ends at once, and late segments of its peer get RSTs.", n),
			fmt.Sprintf("timewait.HasRoom: 0 < %d: false (tcp_time_wait)", n))
		f.Changes = bucketChanges(p)
		x.find(f)
	case n < 0:
		x.find(setting(fmt.Sprintf("tcp_max_tw_buckets is %d, which on this kernel is no limit: it is compared without a sign.", n),
			"timewait.HasRoom: true for any number (inet_twsk_alloc)"))
	case p.set(bucketsName):
		usual := p.usual(bucketsName)
		if n >= usual {
			return
		}
		each := timewait.Population(&p.sem, p.hz, 1)
		f := setting(fmt.Sprintf("tcp_max_tw_buckets is %d, below this kernel's own %d: above %s closes/s by this side it is reached, and further sockets close without TIME-WAIT. It saves %s of memory.",
			n, usual, rate(float64(n)/each), bytesText((usual-n)*timewait.EntryBytes(&p.sem, false))),
			fmt.Sprintf("timewait.Population: %.1f entries for each close/s", each), "timewait.HasRoom (tcp_time_wait)")
		f.Changes = []Change{{fmt.Sprintf("net.ipv4.tcp_max_tw_buckets=%d, at once", usual), fmt.Sprintf("it is reached above %s closes/s.", rate(float64(usual)/each))}}
		x.find(f)
	}
}

// judgeRange: from 4.6 on a range of odd size loses a port.
func (p *patient) judgeRange(x *examination) {
	r := p.sys.LocalPorts(&p.sem)
	whole := portalloc.Pool{Picker: portalloc.ConnectPicks, Range: r, Sources: 1, Destinations: 1}
	sure, most, err := portalloc.UsablePorts(&p.sem, whole)
	if err != nil || sure == r.Size() || r.Size() > 1000 {
		return
	}
	f := setting(fmt.Sprintf("ip_local_port_range has %d ports, an odd number, of which each search leaves one out: %d can be had for sure, %d at most.", r.Size(), sure, most),
		fmt.Sprintf("portalloc.UsablePorts: %d, %d (__inet_hash_connect)", sure, most))
	if r.High < 65535 {
		whole.Range.High++
		if sure, _, err = portalloc.UsablePorts(&p.sem, whole); err == nil {
			f.Changes = []Change{{fmt.Sprintf(`net.ipv4.ip_local_port_range="%d %d", at once`, r.Low, r.High+1), fmt.Sprintf("all %d can be had.", sure)}}
		}
	}
	x.find(f)
}

// judgeReserved: reserved ports are missing from the range, and searches examine them.
func (p *patient) judgeReserved(x *examination) {
	reserved, _ := kernel.ParsePortList(p.sys.IPLocalReservedPorts)
	r := p.sys.LocalPorts(&p.sem)
	n := 0
	for _, out := range reserved { // merged, so no port counts twice
		n += max(0, min(out.High, r.High)-max(out.Low, r.Low)+1)
	}
	if 2*n < r.Size() {
		return
	}
	x.find(setting(fmt.Sprintf("ip_local_reserved_ports takes %d of the %d ports of ip_local_port_range.", n, r.Size()),
		"portalloc.UsablePorts (__inet_hash_connect)"))
}

// sysctlReports lists all sysctls that the models read.
func (p *patient) sysctlReports() (list []SysctlReport) {
	for name, value := range p.sys.All() {
		list = append(list, SysctlReport{name, strconv.Itoa(value), p.source[name], !p.sem.PerNetns(name)})
	}
	r := p.sys.LocalPorts(&p.sem)
	list = append(list, SysctlReport{rangeName, fmt.Sprintf("%d %d", r.Low, r.High), p.source[rangeName], !p.sem.PerNetns(rangeName)})
	return append(list, SysctlReport{reservedName, p.sys.IPLocalReservedPorts, p.source[reservedName], !p.sem.PerNetns(reservedName)})
}
