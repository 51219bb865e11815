package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"example.com/linuxtcp/internal/listening"
	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// examineListeners judges every listener by its queues.
func (p *patient) examineListeners(x *examination) {
	fullest, of := -1.0, ""
	ok := 0
	for i := range p.now.listeners {
		l := &p.now.listeners[i]
		s := listening.Of(l)
		s.Name = l.Local.String()
		s.Limits(&p.sem, &p.sys)
		a := listening.Assess(&p.sem, &p.sys, s)
		x.listeners = append(x.listeners, ListenerReport{
			Address: l.Local.Addr().String(), Port: int(l.Local.Port()), Health: a.Health, Accept: a.Accept, SYN: a.SYN,
			Young: s.Queues.Young, NextSYN: a.SYNVerdict.String(), NextACK: a.ACKVerdict.String(),
		})
		if a.Health != "ok" {
			x.find(p.listenerFinding(s, a))
			continue
		}
		ok++
		for _, q := range []struct {
			name string
			listening.Queue
		}{{"accept queue", a.Accept}, {"SYN queue", a.SYN}} {
			if q.Capacity == 0 || float64(q.Used)/float64(q.Capacity) <= fullest {
				continue
			}
			fullest = float64(q.Used) / float64(q.Capacity)
			most := ""
			if !q.Known {
				most = "at most "
			}
			of = fmt.Sprintf("; the fullest is the %s of %v, %d of %s%d", q.name, l.Local, q.Used, most, q.Capacity)
		}
	}
	switch {
	case len(p.now.listeners) == 0 && p.now.rows != nil:
		x.well("No TCP socket listens in this network namespace.")
	case ok > 0:
		x.well(fmt.Sprintf("%s with room in both queues%s (queue.AcceptQueueFull, queue.SYNQueueFull).", prose.Plural(ok, "listener"), of))
	}
}

// listenerFinding is a listener in trouble.
func (p *patient) listenerFinding(s listening.Socket, a listening.Assessment) Finding {
	f := Finding{Severity: Near, About: "listener", Text: a.Finding}
	if a.Health == "dropping" {
		f.Severity = Losing
	}
	accept := queue.AcceptQueueFull(s.Queues.AcceptLen, s.Queues.AcceptLimit) || a.Health == "filling" && listening.FillingUp(a.Accept)
	bound := a.SYN
	if accept || a.Health == "unknown" {
		bound = a.Accept
	}
	f.BoundBy = bound.BoundText
	f.Rules = deciding(s, a)
	if accept {
		f.Changes = append(f.Changes, Change{"accept() more often in the program", fmt.Sprintf(
			"nothing else empties this queue. At 1000 connections/s it bridges a pause of %s.", prose.Seconds(float64(a.Accept.Capacity)/1000))})
		f.Changes = append(f.Changes, p.longer(s, a)...)
	} else {
		f.Changes = append(f.Changes, p.forSYNs(s, a)...)
	}
	if s.Live.Sharing > 1 {
		f.Text += fmt.Sprintf(" (%d sockets share this address by SO_REUSEPORT; half-open requests are shown shared out evenly.)", s.Live.Sharing)
	}
	return f
}

// deciding are the checks that decided what becomes of the next SYN and, where it is lost, of
// the next final ACK; for a queue that is not full yet, what would be.
func deciding(s listening.Socket, a listening.Assessment) (rules []string) {
	if a.Health == "filling" || a.Health == "unknown" {
		if a.Health == "unknown" || listening.FillingUp(a.Accept) {
			return []string{fmt.Sprintf("queue.AcceptQueueFull: %d > %d: false yet (sk_acceptq_is_full)", s.Queues.AcceptLen, s.Queues.AcceptLimit)}
		}
		return []string{fmt.Sprintf("queue.SYNQueueFull: %d requests of limit %d: false yet (inet_csk_reqsk_queue_is_full)", s.Queues.Requests, s.Queues.SYNLimit)}
	}
	add := func(rule string, d listening.Decision) {
		for i := len(d.Checks) - 1; i >= 0; i-- {
			if c := d.Checks[i]; c.Hit || i == 0 {
				rules = append(rules, fmt.Sprintf("%s: %s: %s (%s)", rule, c.Name, c.Detail, c.Function))
				return
			}
		}
	}
	add("queue.DecideSYN", a.NextSYN)
	if a.ACKVerdict.Action != queue.Establish {
		add("queue.DecideFinalACK", a.NextACK)
	}
	return rules
}

// longer are ways to a longer accept queue.
func (p *patient) longer(s listening.Socket, a listening.Assessment) (changes []Change) {
	limit, somaxconn := int(s.Queues.AcceptLimit), p.whole(p.sys.Somaxconn)
	more := p.largerSomaxconn()
	switch {
	case a.Accept.Bound == "somaxconn":
		changes = append(changes, p.try(s, fmt.Sprintf("net.core.somaxconn=%d, and the program restarted (listen() reads it once)", more), func(s *listening.Socket, sys *kernel.Sysctls) {
			sys.Somaxconn = more
			s.Backlog = backlog(more)
		}))
	case limit < somaxconn:
		changes = append(changes, p.try(s, fmt.Sprintf("listen(%d) in the program, which net.core.somaxconn (%d) allows", somaxconn, p.sys.Somaxconn), func(s *listening.Socket, sys *kernel.Sysctls) {
			s.Backlog = backlog(somaxconn)
		}))
		changes = append(changes, p.try(s, fmt.Sprintf("net.core.somaxconn=%d alone", more), func(s *listening.Socket, sys *kernel.Sysctls) {
			sys.Somaxconn = more
			s.Backlog = backlog(limit)
		}))
	default:
		changes = append(changes, p.try(s, fmt.Sprintf("net.core.somaxconn=%d and listen(%d) in the program", more, more), func(s *listening.Socket, sys *kernel.Sysctls) {
			sys.Somaxconn = more
			s.Backlog = backlog(more)
		}))
	}
	return changes
}

// forSYNs are ways out of a full SYN queue.
func (p *patient) forSYNs(s listening.Socket, a listening.Assessment) (changes []Change) {
	if p.sys.TCPSyncookies == 0 {
		changes = append(changes, p.try(s, "net.ipv4.tcp_syncookies=1, at once", func(s *listening.Socket, sys *kernel.Sysctls) { sys.TCPSyncookies = 1 }))
	}
	if a.SYN.Bound == "tcp_max_syn_backlog" {
		m := 4 * max(p.sys.TCPMaxSynBacklog, 128)
		set := fmt.Sprintf("net.ipv4.tcp_max_syn_backlog=%d", m)
		if p.sem.SYNQueue == kernel.SYNQueuePowerOfTwo {
			set += ", and the program restarted"
		}
		changes = append(changes, p.try(s, set, func(s *listening.Socket, sys *kernel.Sysctls) {
			sys.TCPMaxSynBacklog = m
			s.Backlog = backlog(int(min(s.Queues.AcceptLimit, math.MaxInt32)))
		}))
	}
	if a.SYN.Bound == "accept limit" {
		changes = append(changes, p.longer(s, a)...)
	}
	return changes
}

// largerSomaxconn is a larger value that this kernel takes and keeps whole.
func (p *patient) largerSomaxconn() int {
	more := max(4096, 2*p.sys.Somaxconn)
	c, _ := kernel.SysctlByName("net.core.somaxconn")
	if _, hi := c.Range(p.sem); more > hi {
		more = hi
	}
	return p.whole(more)
}

// whole is a backlog that this kernel keeps whole, and whose queue does not wrap in 16 bits.
func (p *patient) whole(n int) int {
	if p.sem.BacklogBits == 16 {
		return min(n, 1<<15)
	}
	return n
}

func backlog(n int) *int32 {
	b := int32(n)
	return &b
}

// try asks the models about the listener with a setting changed: as many wait as now.
func (p *patient) try(s listening.Socket, set string, change func(*listening.Socket, *kernel.Sysctls)) Change {
	was := listening.Assess(&p.sem, &p.sys, s)
	sys := p.sys
	change(&s, &sys)
	s.Limits(&p.sem, &sys)
	is := listening.Assess(&p.sem, &sys, s)
	var then []string
	differ := func(name string, was, is uint64) {
		if was != is {
			then = append(then, fmt.Sprintf("the %s holds %d in place of %d", name, is, was))
		}
	}
	differ("accept queue", was.Accept.Capacity, is.Accept.Capacity)
	differ("SYN queue", was.SYN.Capacity, is.SYN.Capacity)
	if was.SYNVerdict != is.SYNVerdict {
		then = append(then, "the next SYN: "+is.SYNVerdict.String())
	}
	if was.ACKVerdict != is.ACKVerdict {
		then = append(then, "the next final ACK: "+is.ACKVerdict.String())
	}
	if len(then) == 0 {
		return Change{set, "nothing changes for this listener."}
	}
	return Change{set, strings.Join(then, "; ") + "."}
}

// listens reports whether a row is a connection that one of the listeners accepted.
func (p *patient) listens(r *machine.Row) bool {
	_, ok := machine.ListenerFor(p.now.listeners, r.Local)
	return ok
}

// listeningPorts are the ports of listeners, each once, in order.
func (p *patient) listeningPorts() (ports []int) {
	for i := range p.now.listeners {
		ports = append(ports, int(p.now.listeners[i].Local.Port()))
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}
