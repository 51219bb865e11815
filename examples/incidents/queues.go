package main

import (
	"fmt"
	"net/netip"
	"strconv"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/internal/incident"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
	"example.com/linuxtcp/sim"
)

// tellQueues is the incident of the two queues.
func tellQueues(_ options, release string) (StoryReport, error) {
	r := StoryReport{
		Title:   "Ten clients, a backlog of 5, and nobody who accepts",
		Setting: "Ten clients connect within 3 ms, a round trip of 1 ms away, and give up after 5 s. The listener's accept queue takes 6: its limit is 5, and full means above it.",
	}
	s, err := incident.TenClients(release, incident.SixThreeOne())
	if err != nil {
		return r, err
	}
	if err := s.Run(5100 * second / 1000); err != nil {
		return r, err
	}
	r.Events = events(s)
	c := s.Clients[0].Report()
	r.Ends = append(r.Ends,
		fmt.Sprintf("After 5.1 s the server has %d connections and %d half-open requests; of the ten clients %d believe to be connected and %d timed out.",
			count(s, host.Established), count(s, host.SynRecv), c.Connected, c.Failed),
		"Counters of the server: "+serverCounters(s)+".")
	clients, err := tenClientsTable()
	if err != nil {
		return r, err
	}
	floods, err := floodTable()
	r.Tables = []TableReport{clients, floods}
	return r, err
}

// tenClientsTable asks the ten clients of several kernels.
func tenClientsTable() (TableReport, error) {
	t := TableReport{
		Title:  "The same ten, 0.5 s later",
		Header: []string{"RELEASE", "IN 3 MS: ESTAB", "SYN-RECV", "SYN DROPPED", "IN TURN: ESTAB", "SYN-RECV", "SYN DROPPED"},
		Note:   "Up to 4.9 a SYN that meets a full accept queue is dropped only while more than one request is young.",
	}
	for _, release := range []string{"3.10.108", "4.4.155", "4.9.154", "4.19.91", "5.10.223", "6.1.192", "6.12.117", "7.2.13"} {
		row := []string{release}
		for _, at := range []sim.Times{incident.SixThreeOne(), incident.InTurn()} {
			s, err := incident.TenClients(release, at)
			if err != nil {
				return t, err
			}
			if err := s.Run(500 * second / 1000); err != nil {
				return t, err
			}
			estab, half := count(s, host.Established), count(s, host.SynRecv)
			row = append(row, strconv.Itoa(estab), strconv.Itoa(half), strconv.Itoa(len(at)-estab-half))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// A flood is 600 SYNs of different hosts at once, to a listener whose backlog and somaxconn are equal.
type flood struct {
	cookies, backlog, maxSYNBacklog int
	article                         string // how many the article counted
}

var floods = []flood{
	{0, 1024, 128, "96"},
	{0, 128, 512, "128"},
	{1, 128, 128, "128"},
	{1, 5, 128, "5"},
	{1, 256, 128, "256"},
}

const floodSYNs = 600

// run returns how many of the SYNs are half-open afterwards, and how many got a cookie.
func (f flood) run(release string) (queued, cookies int, err error) {
	rel, err := kernel.Parse(release)
	if err != nil {
		return 0, 0, err
	}
	sys, err := kernel.Defaults(rel, kernel.Machine{MemoryBytes: 4 << 30})
	if err != nil {
		return 0, 0, err
	}
	sys.Somaxconn, sys.TCPMaxSynBacklog, sys.TCPSyncookies = f.backlog, f.maxSYNBacklog, f.cookies
	l, err := queue.NewListener(queue.Config{Semantics: rel.Semantics(), Sysctls: sys, Key: 1})
	if err != nil {
		return 0, 0, err
	}
	if err := l.Listen(0, f.backlog); err != nil {
		return 0, 0, err
	}
	for i := range floodSYNs {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 40000)
		out, err := l.Receive(0, queue.Segment{From: from, Flags: queue.FlagSYN, MSS: 1460})
		if err != nil {
			return 0, 0, err
		}
		if out.Action == queue.SendCookie {
			cookies++
		}
	}
	return int(l.Queues().Requests), cookies, nil
}

// floodTable sends the floods to several kernels.
func floodTable() (TableReport, error) {
	t := TableReport{
		Title:  "Floods of 600 SYNs: half-open requests afterwards",
		Header: []string{"RELEASE"},
		Note:   "C is tcp_syncookies, B the backlog (and somaxconn), M tcp_max_syn_backlog. With C=1 every other SYN is answered with a cookie; with C=0 it is dropped. In the first flood the last quarter of M is kept for proven peers: 97 get in, not 96.",
	}
	article := []string{"the article"}
	for _, f := range floods {
		t.Header = append(t.Header, fmt.Sprintf("C=%d B=%d M=%d", f.cookies, f.backlog, f.maxSYNBacklog))
		article = append(article, f.article)
	}
	t.Rows = append(t.Rows, article)
	for _, release := range []string{"3.10.108", "4.4.155", "4.9.154", "4.19.91", "5.10.223", "6.1.192", "6.12.117", "6.18.44", "7.2.13"} {
		row := []string{release}
		for _, f := range floods {
			queued, cookies, err := f.run(release)
			if err != nil {
				return t, err
			}
			text := strconv.Itoa(queued)
			if cookies > 0 {
				text += fmt.Sprintf(" +%d cookies", cookies)
			}
			row = append(row, text)
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

var queueClaims = []ClaimReport{
	{"The accept queue's limit is min(backlog, somaxconn), and limit + 1 connections fit.", "true", "All releases. somaxconn is read by listen() only."},
	{"Of ten clients six are established, three only in their own eyes, one times out.", "true", "The three were half-open requests when the accept queue had room: their final ACKs are dropped, and the server sends its SYN-ACK again after 1, 3, 7, 15 and 31 s."},
	{"A SYN is left unanswered because syncookies are on and the accept queue is full.", "false", "The full accept queue alone is enough from 4.10 on; up to 4.9 it takes more than one young request beside it. tcp_syncookies plays no part."},
	{"With cookies off SYNs are dropped from 96 half-open requests on (tcp_max_syn_backlog 128).", "false", "From 97 on, in every release: 128 - 96 = 32 is not below a quarter of 128. Observed on eight kernels, 4.4 to 7.3-rc."},
	{"With cookies on a SYN is dropped once the half-open requests exceed the accept limit.", "false", "It is answered with a cookie and leaves nothing behind; 600 SYNs, 600 SYN-ACKs. The count of SYN-RECV stops growing, and that is what was measured."},
	{"The SYN queue's size is a power of two above min(backlog, tcp_max_syn_backlog).", "partly", "2.6.20 to 4.3, RHEL 6 and 7. From 4.4 on it is the accept limit; from 6.13 on (and in late stable series from 5.10.234 on) one more."},
	{"\"SYNs to LISTEN sockets dropped\" counts the SYN queue's overflows.", "false", "ListenDrops is raised by every overflow of the accept queue too, and from 3.8 to 4.6 by every cookie."},
	{"tcp_abort_on_overflow=1 makes overload fail fast.", "partly", "Only the final ACK of a queued request gets a RST. From 4.10 on overload mostly shows at the SYN, which is dropped in silence."},
}
