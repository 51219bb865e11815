package main

import (
	"fmt"

	"example.com/linuxtcp/internal/listening"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// vendorBuilds stand below the eras: kernels that carry the number of an old series
// and changes of younger ones.
var vendorBuilds = []string{"2.6.32-642.el6", "3.10.0-1160.el7", "4.18.0-147.el8"}

// across asks the same of every era of releases. The eras are those of the table of
// changes: a row begins with the first release whose answers differ from those of
// the release before.
func across(c *config, s subject, o options) *AcrossReport {
	a := &AcrossReport{Config: acrossConfig(c, s, o)}
	if o.flood != nil {
		a.SYNs = *o.flood
	}
	first := kernel.MustParse("2.6.32")
	releases := []kernel.Release{first}
	for _, change := range kernel.Changes() {
		if r := kernel.MustParse(change.Since); r != releases[len(releases)-1] {
			releases = append(releases, r)
		}
	}
	for i, r := range releases {
		answers := acrossRow(c, s, o, r, r.Semantics())
		if i > 0 && answers == a.Rows[len(a.Rows)-1].Answers {
			continue
		}
		row := AcrossRow{From: r.String(), Answers: answers}
		if i > 0 {
			row.Changes = responsible(c, s, o, releases[i-1], r)
		}
		a.Rows = append(a.Rows, row)
	}
	for _, name := range vendorBuilds {
		r := kernel.MustParse(name)
		answers := acrossRow(c, s, o, r, r.Semantics())
		a.Rows = append(a.Rows, AcrossRow{From: name, Answers: answers})
	}
	a.Notes = append(a.Notes, "\"Drop after 2 more\": SYNs are dropped only while more than one request is young, so two more get in, and one more each time a SYN-ACK is sent again. \"Uncounted\": by no counter of this kernel.")
	a.Notes = append(a.Notes, "net.core.somaxconn starts as 4096 since 5.4 and as 128 before. Here the value of the configuration is used in every row.")
	if _, clamped := acrossSysctls(c, first, first.Semantics()); clamped != "" {
		a.Notes = append(a.Notes, "Where a row's kernel does not take a value, its default is used.")
	}
	return a
}

// responsible returns the changes between two releases that alone change an answer.
func responsible(c *config, s subject, o options, from, to kernel.Release) []AcrossChange {
	base := acrossRow(c, s, o, from, from.Semantics())
	gained, _ := kernel.Diff(from, to)
	var changes []AcrossChange
	for _, g := range gained {
		sem := from.Semantics()
		g.Apply(&sem)
		if acrossRow(c, s, o, from, sem) == base {
			continue
		}
		change := AcrossChange{ID: g.ID, Summary: g.Summary}
		for _, b := range g.Backports {
			change.Earlier = append(change.Earlier, b.String())
		}
		changes = append(changes, change)
	}
	return changes
}

// acrossSysctls is the configuration on another kernel: every value that it takes,
// its default for the rest.
func acrossSysctls(c *config, r kernel.Release, sem kernel.Semantics) (sys kernel.Sysctls, replaced string) {
	for name, value := range c.sys.All() {
		d, _ := kernel.SysctlByName(name)
		lo, hi := d.Range(sem)
		switch {
		case !d.Exists(sem):
			value = 0
		case !d.Exists(c.sem):
			value = d.Default(sem, c.machine)
		case value < lo || value > hi:
			value = d.Default(sem, c.machine)
			replaced = name
		}
		_ = sys.Set(name, value) // the name is the package's own, the value was held already
	}
	return sys, replaced
}

// acrossRow is the answers of one release, under semantics that may differ from its
// own in one change.
func acrossRow(c *config, s subject, o options, r kernel.Release, sem kernel.Semantics) AcrossAnswers {
	there := &config{release: r, sem: sem, machine: c.machine, hz: c.hz}
	there.sys, _ = acrossSysctls(c, r, sem)
	s.Limits(&there.sem, &there.sys)
	s.Queues.AcceptLen, s.Queues.Requests, s.Queues.Young = 0, 0, 0
	a := AcrossAnswers{
		AcceptCapacity: uint64(s.Queues.AcceptLimit) + 1,
		SYNCapacity:    listening.SYNQueue(&there.sem, &there.sys, s.Socket).Capacity,
		AcceptFullSYN:  acceptFullSYN(there, s),
		SYNFullSYN:     synFullSYN(there, s),
		ListenZero:     listenZero(there, s.IPv6),
	}
	_, end := queue.SYNRecvLifetime(&sem, there.sys.TCPSynackRetries, there.sys.TCPRTOMaxMs)
	a.LifetimeSeconds = end.Seconds()
	if o.flood == nil {
		return a
	}
	a.Flood = true
	f, err := flood(there, s, *o.flood)
	if err != nil {
		a.FloodError = err.Error()
		return a
	}
	a.FloodQueued, a.FloodCookies, a.FloodDropped = f.Queued, f.Cookies, f.Dropped
	for _, counter := range f.Counters {
		if counter.Name == kernel.ListenDrops.String() {
			a.FloodListenDrops = counter.Count
		}
	}
	return a
}

// acceptFullSYN is what a SYN gets that meets a full accept queue, with no other
// request about and with two young ones.
func acceptFullSYN(c *config, s subject) string {
	q := s.Queues
	q.AcceptLen = q.AcceptLimit + 1
	if c.sem.BacklogBits == 16 && q.AcceptLimit == 0xffff {
		return "cannot be full"
	}
	syn := queue.SYN{IPv6: s.IPv6, Timestamp: true}
	q.Requests, q.Young = 2, 2
	v := queue.DecideSYN(&c.sem, &c.sys, q, syn)
	return ifElse(c.sem.AcceptFullNeedsYoung, "drop after 2 more", "drop") +
		ifElse(v.Counters.Len() == 0, ", uncounted", "")
}

// synFullSYN is what a SYN gets that meets a full SYN queue while connections are
// being accepted.
func synFullSYN(c *config, s subject) string {
	q := s.Queues
	q.Requests = uint32(min(queue.SYNQueueCapacity(&c.sem, q.SYNLimit), 1<<31))
	v := queue.DecideSYN(&c.sem, &c.sys, q, queue.SYN{IPv6: s.IPv6, Timestamp: true})
	text := "drop"
	if v.Action == queue.SendCookie {
		text = "cookie"
	}
	switch {
	case v.Counters.Has(kernel.ListenDrops) && v.Action == queue.SendCookie:
		text += " + ListenDrops"
	case v.Counters.Len() == 0:
		text += ", uncounted"
	}
	return text
}

// listenZero is how many half-open requests fit after listen(0), and what becomes of
// the others.
func listenZero(c *config, ipv6 bool) string {
	zero := int32(0)
	s := subject{Socket: listening.Socket{Known: true, Backlog: &zero, IPv6: ipv6}}
	s.Limits(&c.sem, &c.sys)
	q := listening.SYNQueue(&c.sem, &c.sys, s.Socket)
	switch {
	case q.Bound == "tcp_syncookies":
		return "cookies only"
	case q.Capacity == 0 && c.sys.TCPSyncookies == 0:
		return "nobody connects"
	case q.Capacity == 0:
		return "by cookie only"
	}
	return fmt.Sprintf("%d half-open", q.Capacity)
}

func acrossConfig(c *config, s subject, o options) string {
	text := fmt.Sprintf("somaxconn %d, tcp_max_syn_backlog %d, tcp_syncookies %d, tcp_abort_on_overflow %d, tcp_synack_retries %d",
		c.sys.Somaxconn, c.sys.TCPMaxSynBacklog, c.sys.TCPSyncookies, c.sys.TCPAbortOnOverflow, c.sys.TCPSynackRetries)
	name := s.Name
	if s.Live != nil {
		name = fmt.Sprintf("%s, with backlog %d", name, s.Queues.AcceptLimit)
	}
	return name + "; " + text
}
