package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/internal/raised"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/timewait"
)

// abortOnMemory is a counter that the models do not have: they do not count orphans.
const abortOnMemory = "TcpExtTCPAbortOnMemory"

// A count is one counter at the two looks.
type count struct {
	total, rise uint64
	read        bool
}

func (p *patient) count(name string) (c count) {
	if c.total, c.read = p.now.counters[name]; c.read && p.before != nil {
		if was, ok := p.before.counters[name]; ok {
			c.rise = c.total - min(c.total, was)
		}
	}
	return c
}

func (p *patient) counter(c kernel.Counter) count { return p.count(c.Prefix() + c.String()) }

// perSecond is a rise over the interval.
func (p *patient) perSecond(rise uint64) float64 {
	if p.interval <= 0 {
		return 0
	}
	return float64(rise) / p.interval.Seconds()
}

// counterReports lists the counters that the kernel told.
func (p *patient) counterReports() (list []CounterReport) {
	add := func(name string, by []string) {
		if c := p.count(name); c.read {
			list = append(list, CounterReport{Name: name, Total: c.total, Rise: c.rise, PerSecond: p.perSecond(c.rise), RaisedBy: by})
		}
	}
	for c := range kernel.AllCounters() {
		by := p.raisedBy(c)
		if beyond := raised.Beyond(c); beyond != "" {
			by = append(by, "not modelled: "+beyond)
		}
		add(c.Prefix()+c.String(), by)
	}
	add(abortOnMemory, []string{"not modelled: a socket that no process holds is reset, because there are more than tcp_max_orphans or tcp_mem is used up (tcp_too_many_orphans)"})
	return list
}

// A loss is a counter that says that connections were lost, or were about to be.
type loss struct {
	counter kernel.Counter
	// while is the severity if it rises: Losing, or Near if nobody is turned away.
	while string
	says  string
	// changes are what to set. nil: what to set stands with the listener, or nowhere.
	changes func(*patient) []Change
}

var losses = []loss{
	{kernel.ListenOverflows, Losing, "segments that met a full accept queue: a program accepted too slowly, or its backlog is too small. Each retry counts again, so it counts segments, not connections", overflowChanges},
	{kernel.TCPReqQFullDrop, Losing, "SYNs dropped because a SYN queue was full while tcp_syncookies was 0", cookieChanges},
	{kernel.PAWSPassive, Losing, "SYNs that tcp_tw_recycle turned away by their timestamp: clients that share an address, behind NAT", recycleChanges},
	{kernel.TCPTimeWaitOverflow, Losing, "sockets that were closed without TIME-WAIT because tcp_max_tw_buckets was reached: their peers may get RSTs", bucketChanges},
	{kernel.TCPReqQFullDoCookies, Near, "SYNs that found a SYN queue full and were to get a cookie. Nobody is turned away by that, and it is no proof of an attack: the log says \"possible SYN flooding\" all the same", nil},
}

// examineCounters judges what was counted between the looks and since boot.
func (p *patient) examineCounters(x *examination) {
	if len(p.now.counters) == 0 {
		return
	}
	found := len(x.findings)
	for _, l := range losses {
		c := p.counter(l.counter)
		if c.total == 0 || l.counter == kernel.TCPReqQFullDoCookies && p.sys.TCPSyncookies == 2 && p.sem.AlwaysCookies {
			continue
		}
		f := Finding{Severity: Past, About: "counter", Text: p.rose(l.counter.Prefix()+l.counter.String(), c) + ": " + l.says + ".", Rules: p.raisedBy(l.counter)}
		if c.rise > 0 {
			f.Severity = l.while
		}
		if l.changes != nil {
			f.Changes = l.changes(p)
		}
		x.find(f)
	}
	p.examineListenDrops(x)
	if c := p.count(abortOnMemory); c.total > 0 {
		f := Finding{Severity: Past, About: "counter", Text: p.rose(abortOnMemory, c) + ": sockets without a process that were reset, for there were too many (tcp_max_orphans) or memory was short (tcp_mem).",
			Rules: []string{"not modelled; from source (tcp_too_many_orphans)"}}
		if c.rise > 0 {
			f.Severity = Losing
		}
		x.find(f)
	}
	if len(x.findings) == found {
		x.well("No counter says that a connection was lost since this namespace began, as far as this kernel counts" + p.uncounted() + ".")
	}
}

// uncounted says what this kernel drops without counting it.
func (p *patient) uncounted() string {
	if !p.sem.SYNDropCounters {
		return ", which is not much: it counts hardly any dropped SYN (kernel.Semantics.SYNDropCounters)"
	}
	return ""
}

// rose says how a counter stands: "ListenOverflows +12 in 10 s (1.2/s), 4711 since boot".
func (p *patient) rose(name string, c count) string {
	name = strings.TrimPrefix(name, "TcpExt")
	since := "since boot"
	if p.elsewhere {
		since = "since this namespace began"
	}
	switch {
	case p.before == nil:
		return fmt.Sprintf("%s %d %s", name, c.total, since)
	case c.rise == 0:
		return fmt.Sprintf("%s %d %s, none in the last %s", name, c.total, since, prose.Seconds(p.interval.Seconds()))
	}
	return fmt.Sprintf("%s +%d in %s (%s/s), %d %s", name, c.rise, prose.Seconds(p.interval.Seconds()), rate(p.perSecond(c.rise)), c.total, since)
}

// rate is a number with three digits or so.
func rate(x float64) string {
	if x >= 100 {
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// raisedBy are the rules that raise a counter on this kernel, and what has to happen for it:
// "queue.DecideSYN: a SYN meets a full accept queue (tcp_conn_request)".
func (p *patient) raisedBy(c kernel.Counter) (rules []string) {
	type rule struct{ name, kernel string }
	var order []rule
	what := make(map[rule][]string)
	for _, s := range p.raised.By(c) {
		r := rule{s.Rule, s.Func}
		if what[r] == nil {
			order = append(order, r)
		}
		what[r] = append(what[r], s.What)
	}
	for _, r := range order {
		rules = append(rules, fmt.Sprintf("%s: %s (%s)", r.name, strings.Join(what[r], "; "), r.kernel))
	}
	if len(rules) == 0 && raised.Beyond(c) == "" {
		rules = []string{"nothing on this kernel, as far as the models go"}
	}
	return rules
}

// examineListenDrops tells of what ListenDrops counts beyond what the others tell.
func (p *patient) examineListenDrops(x *examination) {
	drops := p.counter(kernel.ListenDrops)
	rest := drops
	var names []string
	for _, c := range []kernel.Counter{kernel.ListenOverflows, kernel.TCPReqQFullDrop, kernel.PAWSPassive, kernel.SyncookiesSent} {
		if !p.raised.Implies(c, kernel.ListenDrops) {
			continue
		}
		told := p.counter(c)
		rest.total -= min(rest.total, told.total)
		rest.rise -= min(rest.rise, told.rise)
		name := c.String()
		if c == kernel.SyncookiesSent {
			name = "SyncookiesSent (this kernel counts each cookie, though nothing is dropped)"
		}
		names = append(names, name)
	}
	if rest.total == 0 {
		return
	}
	others := "final ACKs that made no connection for rarer reasons, such as no memory; dropped SYNs are not among them on this kernel"
	if p.sem.SYNDropCounters {
		others = fmt.Sprintf("other segments that listeners dropped. With tcp_syncookies 0 it is the last quarter of tcp_max_syn_backlog (now %d, tcp_syncookies %d); else no route back, no memory, ICMP errors", p.sys.TCPMaxSynBacklog, p.sys.TCPSyncookies)
	}
	f := Finding{Severity: Past, About: "counter", Text: fmt.Sprintf("%s, beyond what is counted in %s too: %s.", p.rose("ListenDrops", rest), strings.Join(names, ", "), others),
		Rules: p.raisedBy(kernel.ListenDrops)}
	if rest.rise > 0 {
		f.Severity = Losing
	}
	if p.sys.TCPSyncookies == 0 && p.sem.SYNDropCounters {
		f.Changes = cookieChanges(p)
	}
	x.find(f)
}

// overflowChanges: the counter is the namespace's, so first whose queue it was.
func overflowChanges(p *patient) []Change {
	if p.sem.SockDrops {
		return []Change{{"ss -ltm", "it shows the drops of each listener as d<N>, and so whose queue it was (kernel.Semantics.SockDrops)."}}
	}
	return []Change{{"ss -lt, a few times", "the listener whose Recv-Q exceeds its Send-Q is the one: this kernel counts drops for all listeners together only (kernel.Semantics.SockDrops)."}}
}

func cookieChanges(p *patient) []Change {
	if p.sys.TCPSyncookies != 0 {
		return nil
	}
	was, is := p.sys, p.sys
	is.TCPSyncookies = 1
	return []Change{{"net.ipv4.tcp_syncookies=1, at once", fmt.Sprintf("a SYN that meets a full SYN queue: %s (now: %s).", fullSYN(&p.sem, &is), fullSYN(&p.sem, &was))}}
}

func recycleChanges(p *patient) []Change {
	if p.sys.TCPTwRecycle == 0 {
		return nil
	}
	return []Change{recycleOff(p)}
}

func bucketChanges(p *patient) []Change {
	n := max(2*p.sys.TCPMaxTWBuckets, 1<<15)
	return []Change{{fmt.Sprintf("net.ipv4.tcp_max_tw_buckets=%d, at once", n), fmt.Sprintf("there is room for %d entries, of %s of kernel memory when full.", n, bytesText(n*timewait.EntryBytes(&p.sem, false)))}}
}
