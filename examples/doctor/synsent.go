package main

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
)

// examineSynSent finds connect() calls that nobody answers.
func (p *patient) examineSynSent(x *examination) {
	rows, still := p.held(machine.SynSent, true)
	if p.before == nil || still == 0 {
		return
	}
	t := kernel.DefaultSYNTimer(&p.sem)
	if p.sys.TCPSynRetries > 0 {
		t.Retries = p.sys.TCPSynRetries
	}
	t.Linear, t.RTOMax = p.sys.TCPSynLinearTimeouts, time.Duration(p.sys.TCPRTOMaxMs)*time.Millisecond
	line, err := t.Timeline(&p.sem)
	if err != nil {
		x.unread = append(x.unread, "the time of connect(): "+err.Error())
		return
	}
	x.find(Finding{
		Severity: Near, About: "syn-sent",
		Text: fmt.Sprintf("%s in SYN-SENT, %s, to %s: nobody answers their SYNs. They are dropped on the way, or by a full queue there; ask doctor on the other machine.",
			prose.Plural(len(rows), "socket"), p.stood(still), destinations(rows)),
		Rules: []string{fmt.Sprintf("kernel.SYNTimer with tcp_syn_retries %d: the SYN is sent again %d times, and connect() fails with ETIMEDOUT after %s (tcp_write_timeout)",
			t.Retries, len(line.Sent)-1, prose.Seconds(line.TimedOut.Seconds()))},
	})
}

// destinations says where most of the sockets go.
func destinations(rows []machine.Row) string {
	count := make(map[netip.AddrPort]int)
	var all []netip.AddrPort
	for _, r := range rows {
		if count[r.Remote]++; count[r.Remote] == 1 {
			all = append(all, r.Remote)
		}
	}
	slices.SortFunc(all, func(a, b netip.AddrPort) int { return cmp.Or(count[b]-count[a], a.Compare(b)) })
	text := fmt.Sprintf("%v (%d)", all[0], count[all[0]])
	if len(all) > 1 {
		text += fmt.Sprintf(" and %s", prose.Plural(len(all)-1, "other destination"))
	}
	return text
}
