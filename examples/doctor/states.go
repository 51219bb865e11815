package main

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/timewait"
)

// held are the sockets in a state, by who holds them: process says that one does, still that
// it was so at the first look too.
func (p *patient) held(state machine.State, process bool) (rows []machine.Row, still int) {
	type name struct{ local, remote netip.AddrPort }
	was := make(map[name]uint64)
	if p.before != nil {
		for _, r := range p.before.rows {
			if r.State == state {
				was[name{r.Local, r.Remote}] = r.Inode
			}
		}
	}
	for _, r := range p.now.rows {
		if r.State != state || (r.Inode != 0) != process {
			continue
		}
		rows = append(rows, r)
		if inode, ok := was[name{r.Local, r.Remote}]; ok && inode == r.Inode {
			still++
		}
	}
	return rows, still
}

// places says on which local ports most of the sockets are: "port 8080 (12), port 9090 (3)".
func places(rows []machine.Row) string {
	count := make(map[uint16]int)
	for _, r := range rows {
		count[r.Local.Port()]++
	}
	var ports []uint16
	for port := range count {
		ports = append(ports, port)
	}
	slices.SortFunc(ports, func(a, b uint16) int { return cmp.Or(count[b]-count[a], int(a)-int(b)) })
	const most = 3
	var text []string
	for _, port := range ports[:min(most, len(ports))] {
		text = append(text, fmt.Sprintf("port %d (%d)", port, count[port]))
	}
	if len(ports) > most {
		text = append(text, "others")
	}
	return strings.Join(text, ", ")
}

// stood says for how many it is known that they have stood still.
func (p *patient) stood(still int) string {
	if p.before == nil {
		return "one look does not tell for how long"
	}
	return fmt.Sprintf("%d of them the same %s ago", still, prose.Seconds(p.interval.Seconds()))
}

// examineCloseWait finds connections that the peer has closed and this side has not.
func (p *patient) examineCloseWait(x *examination) {
	rows, still := p.held(machine.CloseWait, true)
	if len(rows) > 0 && (p.before == nil || still > 0) {
		x.find(Finding{
			Severity: Near, About: "close-wait",
			Text: fmt.Sprintf("%s in CLOSE-WAIT, %s, on local %s: the peer has closed, the program has not. It never ends by itself, so a program that forgets close() leaks them, and their files.",
				prose.Plural(len(rows), "socket"), p.stood(still), places(rows)),
			Rules: []string{
				"package host: CLOSE-WAIT has no timer",
				"host.Decide of a SYN from the same address and port: " + p.synOnCloseWait(),
			},
			Changes: []Change{{"close() in the program", "nothing else ends them. No sysctl does: tcp_fin_timeout is for FIN-WAIT-2, tcp_tw_reuse for TIME-WAIT."}},
		})
	}
	early, _ := p.held(machine.CloseWait, false)
	if len(early) > 0 {
		x.find(Finding{
			Severity: Near, About: "close-wait",
			Text: fmt.Sprintf("%s in CLOSE-WAIT that no process holds, on local %s: in all likelihood they wait in an accept queue, and their clients have given up already.",
				prose.Plural(len(early), "connection"), places(early)),
			Rules:   []string{"package host: a finished handshake waits in the accept queue, takes the peer's FIN there, and accept() returns it all the same"},
			Changes: []Change{{"accept() more often in the program", "nothing else helps: see the listener of that port."}},
		})
	}
	switch {
	case p.now.rows == nil || len(early) > 0:
	case len(rows) == 0:
		x.well("No socket is in CLOSE-WAIT.")
	case p.before != nil && still == 0:
		x.well(fmt.Sprintf("%s in CLOSE-WAIT, none of them for as long as %s.", prose.Plural(len(rows), "socket"), prose.Seconds(p.interval.Seconds())))
	}
}

// synOnCloseWait is what a new connection of the same client port meets there.
func (p *patient) synOnCloseWait() string {
	c := host.Conn{State: host.CloseWait, SndUna: 1000, SndNxt: 1000, RcvNxt: 9001, RcvWup: 9001, RcvWnd: 64240, SndWnd: 64240, MaxWindow: 64240}
	d := host.Decide(&p.sem, &p.sys, c, &host.Segment{Flags: host.FlagSYN, Seq: 1 << 30, Window: 65535}, host.Moment{HZ: p.hz})
	return d.Verdict.String()
}

// examineFinWait finds sockets in FIN-WAIT-2 that a process still holds.
func (p *patient) examineFinWait(x *examination) {
	rows, still := p.held(machine.FinWait2, true)
	if len(rows) > 0 && (p.before == nil || still > 0) {
		x.find(Finding{
			Severity: Near, About: "fin-wait",
			Text: fmt.Sprintf("%s in FIN-WAIT-2 that a process holds, %s, on local %s: the program has called shutdown(), and the peer does not close.",
				prose.Plural(len(rows), "socket"), p.stood(still), places(rows)),
			Rules:   []string{"package host: a socket that a process holds waits in FIN-WAIT-2 without end; tcp_fin_timeout begins with close()"},
			Changes: []Change{{"close() in the program", fmt.Sprintf("they end after %s (timewait.PlanFinWait2).", prose.Seconds(p.finWait2().Total().Seconds()))}},
		})
	}
}

// finWait2 is what becomes of a socket in FIN-WAIT-2 once it is closed.
func (p *patient) finWait2() timewait.Orphan {
	return timewait.PlanFinWait2(timewait.FinTime(&p.sys, 0, 200*time.Millisecond), 0, 200*time.Millisecond)
}

// orphanStates are those in which a socket without a process waits for its FIN to be
// acknowledged.
var orphanStates = []machine.State{machine.FinWait1, machine.LastAck, machine.Closing}

// examineOrphans holds the sockets without a process against tcp_max_orphans.
func (p *patient) examineOrphans(x *examination) {
	unacknowledged := 0
	for _, s := range orphanStates {
		rows, _ := p.held(s, false)
		unacknowledged += len(rows)
	}
	if p.now.sockstat == nil || p.maxOrphans == nil {
		if unacknowledged > 0 {
			x.well(fmt.Sprintf("%s without a process whose FIN is not acknowledged; tcp_max_orphans is not known.", prose.Plural(unacknowledged, "socket")))
		}
		return
	}
	n, limit := p.now.sockstat.Orphan, *p.maxOrphans
	text := fmt.Sprintf("Orphans: %d of %d (the machine's), %d in this namespace with a FIN that is not acknowledged", n, limit, unacknowledged)
	if 4*n <= limit {
		x.well(text + ".")
		return
	}
	f := Finding{Severity: Near, About: "orphans", BoundBy: fmt.Sprintf("net.ipv4.tcp_max_orphans %d", limit), Text: text + ". Beyond the limit they are reset (TCPAbortOnMemory), and after a long silence or an ICMP error the kernel counts them two or four times."}
	if n > limit {
		f.Severity = Losing
	}
	f.Rules = []string{fmt.Sprintf("not modelled; from source: %d, 1, 2 or 4 times, > %d (tcp_too_many_orphans)", n, limit)}
	if now, err := p.orphanEnd(p.sys.TCPOrphanRetries); err == nil {
		f.Rules = append(f.Rules, fmt.Sprintf("host.FINTimer: a FIN that nobody acknowledges is given up after %s with tcp_orphan_retries %d (tcp_write_timeout)", prose.Seconds(now.Seconds()), p.sys.TCPOrphanRetries))
		const fewer = 3
		if then, err := p.orphanEnd(fewer); err == nil && then < now {
			f.Changes = append(f.Changes, Change{fmt.Sprintf("net.ipv4.tcp_orphan_retries=%d", fewer), fmt.Sprintf("such orphans end after %s in place of %s (host.FINTimer, the peer being near).", prose.Seconds(then.Seconds()), prose.Seconds(now.Seconds()))})
		}
	}
	f.Changes = append(f.Changes, Change{fmt.Sprintf("net.ipv4.tcp_max_orphans=%d", 2*limit), "twice as many may wait; each is a whole socket, with what it has not sent yet."})
	x.find(f)
}

// orphanEnd is when a FIN that nobody acknowledges is given up.
func (p *patient) orphanEnd(retries int) (time.Duration, error) {
	t, err := host.FINTimer{
		Orphan: true, Probe: p.sem.TailLossProbe && p.sys.TCPSack != 0, OrphanRetries: retries, RTOMax: time.Duration(p.sys.TCPRTOMaxMs) * time.Millisecond,
	}.Timeline(&p.sem)
	return t.GivenUp, err
}
