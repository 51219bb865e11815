package main

import (
	"fmt"
	"strings"

	"example.com/linuxtcp/internal/listening"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// assess asks the rules about one listener.
func assess(c *config, s subject) ListenerReport {
	a := listening.Assess(&c.sem, &c.sys, s.Socket)
	r := ListenerReport{
		Hypothetical: s.Live == nil,
		Health:       a.Health, Finding: a.Finding,
		Accept: a.Accept, SYN: a.SYN, Young: s.Queues.Young,
		NextSYN: a.NextSYN, NextACK: a.NextACK, NextCookieACK: a.NextCookieACK,
		Notes: s.notes,
	}
	if s.Live != nil {
		r.Address, r.Port, r.Inode = s.Live.Local.Addr().String(), int(s.Live.Local.Port()), s.Live.Inode
	}
	r.Advice = advice(c, s, r, a.SYNVerdict)
	if !s.Known {
		r.Notes = append(r.Notes, fmt.Sprintf("The accept queue's limit was not read. It is at most the %d shown, and less if the program asked listen() for less: give -backlog.",
			s.Queues.AcceptLimit))
	}
	if c.sem.Recycle != kernel.RecycleGone && c.sys.TCPTwRecycle != 0 {
		r.Notes = append(r.Notes, "tcp_tw_recycle is set: a SYN whose timestamp is older than the last one of its address is dropped, which hits clients behind NAT. PAWSPassive counts them; set it to 0.")
	}
	if c.sem.BacklogBits == 16 && s.Queues.AcceptLimit == 0xffff {
		r.Notes = append(r.Notes, "The queue's length has 16 bits on this kernel, so a limit of 65535 is never exceeded: the length wraps to 0 first.")
	}
	return r
}

func ifElse(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// advice is what would help a listener in trouble.
func advice(c *config, s subject, r ListenerReport, syn queue.Verdict) []string {
	var a []string
	if queue.AcceptQueueFull(s.Queues.AcceptLen, s.Queues.AcceptLimit) || r.Health == "filling" && listening.FillingUp(r.Accept) {
		a = append(a, fmt.Sprintf("The program does not call accept() fast enough. A queue of %d bridges a pause of %s at 1000 connections/s: the backlog to ask for is peak connections/s x longest pause.",
			r.Accept.Capacity, secondsText(float64(r.Accept.Capacity)/1000)))
		switch r.Accept.Bound {
		case "16 bits":
			a = append(a, "The program has to pass less than 65536 to listen(), or net.core.somaxconn has to be less: this kernel keeps the limit modulo 65536.")
		case "somaxconn":
			a = append(a, "Raise net.core.somaxconn in the network namespace of the program (a container has its own), then restart the program: it is read by listen() only.")
		default:
			a = append(a, fmt.Sprintf("The program has to pass a larger backlog to listen()%s; raising net.core.somaxconn (%d) alone changes nothing.",
				ifElse(int64(s.Queues.AcceptLimit) >= int64(c.sys.Somaxconn), ", and somaxconn has to allow it", ""), c.sys.Somaxconn))
		}
		a = append(a, "Each waiting connection is a whole socket: some 2.5 KiB of kernel memory and what its client has sent already.")
		if c.sys.TCPAbortOnOverflow != 0 && syn.Action == queue.Drop {
			a = append(a, "tcp_abort_on_overflow does not help: it is looked at for the final ACK of a queued request, and SYNs are dropped before they get that far.")
		}
	}
	switch {
	case syn.Reason == queue.SYNQueueFullDrop, syn.Reason == queue.LastQuarterDrop:
		a = append(a, "With net.ipv4.tcp_syncookies=1 these SYNs would be answered; it takes effect at once.")
		if r.SYN.Bound == "tcp_max_syn_backlog" {
			a = append(a, "Or raise net.ipv4.tcp_max_syn_backlog"+ifElse(c.sem.SYNQueue == kernel.SYNQueuePowerOfTwo, "; the table's size follows after a restart of the program.", "."))
		}
	case r.NextCookieACK != nil && r.Health == "cookies":
		a = append(a, "Cookies are no harm by themselves, and no proof of an attack. A larger backlog makes the SYN queue longer too.")
	}
	return a
}

func secondsText(s float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", s), "0"), ".") + " s"
}
