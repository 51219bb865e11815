package main

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/listening"
	"example.com/linuxtcp/internal/prose"
)

// writeText prints the report for people: first the findings, then what they rest
// on.
func writeText(w io.Writer, r *Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Linux %s (%s)\n", r.Kernel.Release, r.Kernel.Source)
	if r.Across != nil {
		writeAcross(&b, r.Across)
	} else {
		writeFindings(&b, r)
		for i := range r.Listeners {
			writeListener(&b, r, &r.Listeners[i])
		}
	}
	if r.Across == nil {
		writeCounters(&b, r)
		writeSysctls(&b, r)
	}
	asked.WriteUndecided(&b, r.Undecided, r.Kernel.Vendor, "-release", "an", "answer")
	for _, note := range r.Notes {
		b.WriteByte('\n')
		prose.Paragraph(&b, "", note)
	}
	if len(r.Unread) > 0 {
		b.WriteString("\nCould not be read:\n")
		for _, u := range r.Unread {
			prose.Paragraph(&b, "  ", u)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func writeFindings(b *bytes.Buffer, r *Report) {
	b.WriteByte('\n')
	for i := range r.Listeners {
		l := &r.Listeners[i]
		mark := "  "
		if l.Health != "ok" {
			mark = "! "
		}
		prose.Paragraph(b, mark, l.Finding)
		if l.Health == "ok" {
			continue
		}
		for _, a := range l.Advice {
			prose.Paragraph(b, "    - ", a)
		}
	}
}

func writeListener(b *bytes.Buffer, r *Report, l *ListenerReport) {
	name := "The listener"
	if !l.Hypothetical {
		if addr, err := netip.ParseAddr(l.Address); err == nil {
			name = netip.AddrPortFrom(addr, uint16(l.Port)).String()
		}
	}
	fmt.Fprintf(b, "\n%s\n", name)
	queueLine(b, "accept queue", l.Accept, "")
	queueLine(b, "SYN queue", l.SYN, fmt.Sprintf(" (%d young)", l.Young))
	if l.SYN.Capacity > 0 && l.SYN.Bound != "tcp_syncookies" {
		rate := fmt.Sprintf("full at %s in flight: %d new connections/s at a round trip of 100 ms", prose.Plural(l.SYN.Capacity, "handshake"), 10*l.SYN.Capacity)
		if len(l.NextSYN.Checks) > 0 {
			prose.Paragraph(b, "                   ", rate+"; then "+fullText(r))
		}
	}
	writeDecision(b, "next SYN", &l.NextSYN)
	writeDecision(b, "next final ACK", &l.NextACK)
	if l.NextCookieACK != nil {
		writeDecision(b, "next cookie ACK", l.NextCookieACK)
	}
	for _, note := range l.Notes {
		prose.Paragraph(b, "  note             ", note)
	}
	if l.Flood != nil {
		writeFlood(b, l.Flood)
	}
}

// fullText says what a full SYN queue means under this tcp_syncookies.
func fullText(r *Report) string {
	for _, s := range r.Sysctls {
		if s.Name == "net.ipv4.tcp_syncookies" && s.Value == 0 {
			return "SYNs are dropped"
		}
	}
	return "SYNs get cookies, attack or not"
}

func queueLine(b *bytes.Buffer, name string, q listening.Queue, more string) {
	used := fmt.Sprintf("%d of %d used%s", q.Used, q.Capacity, more)
	if !q.Known {
		used = fmt.Sprintf("%d of at most %d used%s", q.Used, q.Capacity, more)
	}
	prose.Paragraph(b, fmt.Sprintf("  %-17s", name), fmt.Sprintf("%s, limit %d. Bound by %s.", used, q.Limit, q.BoundText))
}

func writeDecision(b *bytes.Buffer, name string, d *listening.Decision) {
	text := d.Action + ": " + d.Reason
	if len(d.Counters) > 0 {
		text += "; counts " + strings.Join(d.Counters, ", ")
	} else {
		text += "; counts nothing"
	}
	if d.DropReason != "" {
		text += "; drop reason " + d.DropReason
	}
	if d.Logs {
		text += "; may log \"possible SYN flooding\""
	}
	prose.Paragraph(b, fmt.Sprintf("  %-17s", name), text)
	for _, c := range d.Checks {
		mark := " "
		if c.Hit {
			mark = "*"
		}
		prose.Paragraph(b, fmt.Sprintf("                 %s %-13s ", mark, c.Name), fmt.Sprintf("%s  (%s)", c.Detail, c.Function))
	}
}

func writeFlood(b *bytes.Buffer, f *FloodReport) {
	fmt.Fprintf(b, "\n  A flood of %d SYNs from different hosts, at once, never answered:\n", f.SYNs)
	fmt.Fprintf(b, "    %8d  queued, in SYN-RECV\n", f.Queued)
	fmt.Fprintf(b, "    %8d  answered with a cookie\n", f.Cookies)
	fmt.Fprintf(b, "    %8d  dropped\n", f.Dropped)
	for _, r := range f.Reasons {
		fmt.Fprintf(b, "    %8d    %s\n", r.Count, r.Reason)
	}
	var counts []string
	for _, c := range f.Counters {
		counts = append(counts, fmt.Sprintf("%s +%d", c.Name, c.Count))
	}
	if len(counts) == 0 {
		counts = []string{"nothing"}
	}
	prose.Paragraph(b, "    counted     ", strings.Join(counts, ", "))
	if f.Logged {
		b.WriteString("    logged      \"possible SYN flooding\"\n")
	}
	b.WriteString("\n       after   SYN-RECV   young   SYN-ACKs resent   timeouts   pruned   the next SYN gets\n")
	for _, m := range f.Later {
		fmt.Fprintf(b, "    %6.1f s   %8d  %6d   %15d   %8d   %6d   %s\n", m.Seconds, m.SYNRecv, m.Young, m.Resent, m.Timeouts, m.Pruned, m.NextSYN)
	}
	if f.Queued > 0 {
		prose.Paragraph(b, "    ", fmt.Sprintf("The last request is gone after %.1f s. The rows are taken at 1, 3, 7 and 63 times the first timeout, and a little later, because timers fire late.", f.EndSeconds))
	}
	for _, note := range f.Notes {
		prose.Paragraph(b, "    ", note)
	}
}

func writeAcross(b *bytes.Buffer, a *AcrossReport) {
	b.WriteByte('\n')
	prose.Paragraph(b, "The same on every kernel: ", a.Config+".")
	withFlood := len(a.Rows) > 0 && a.Rows[0].Answers.Flood
	width := 7
	for _, era := range a.Rows {
		width = max(width, len(fmt.Sprint(era.Answers.AcceptCapacity)), len(fmt.Sprint(era.Answers.SYNCapacity)))
	}
	row := func(from string, accept, syn any, life, acceptFull, synFull, zero string) {
		line := fmt.Sprintf("%-15s %*v %*v %6s  %-28s  %-20s  %s", from, width, accept, width, syn, life, acceptFull, synFull, zero)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	b.WriteByte('\n')
	row("", "ACCEPT", "SYN", "HALF-", "A SYN WHILE THE", "A SYN WHILE THE", "")
	row("FROM", "QUEUE", "QUEUE", "OPEN", "ACCEPT QUEUE IS FULL", "SYN QUEUE IS FULL", "LISTEN(0)")
	for _, era := range a.Rows {
		r := era.Answers
		row(era.From, r.AcceptCapacity, r.SYNCapacity, fmt.Sprintf("%.0f s", r.LifetimeSeconds), r.AcceptFullSYN, r.SYNFullSYN, r.ListenZero)
	}
	if withFlood {
		fmt.Fprintf(b, "\nA flood of %d SYNs, never answered:\n", a.SYNs)
		fmt.Fprintf(b, "%-15s %9s %9s %9s %12s\n", "FROM", "SYN-RECV", "COOKIES", "DROPPED", "ListenDrops")
		for _, era := range a.Rows {
			r := era.Answers
			if r.FloodError != "" {
				prose.Paragraph(b, fmt.Sprintf("%-15s ", era.From), r.FloodError)
				continue
			}
			fmt.Fprintf(b, "%-15s %9d %9d %9d %12s\n", era.From, r.FloodQueued, r.FloodCookies, r.FloodDropped, fmt.Sprintf("+%d", r.FloodListenDrops))
		}
	}
	b.WriteString("\nWhat begins each row, and the stable and vendor kernels that had it earlier:\n")
	for _, row := range a.Rows {
		for i, c := range row.Changes {
			from := row.From
			if i > 0 {
				from = ""
			}
			text := c.ID + ": " + c.Summary
			if len(c.Earlier) > 0 {
				text += " Also " + strings.Join(c.Earlier, ", ") + "."
			}
			prose.Paragraph(b, fmt.Sprintf("  %-7s ", from), text)
		}
	}
	for _, note := range a.Notes {
		b.WriteByte('\n')
		prose.Paragraph(b, "", note)
	}
}

func writeCounters(b *bytes.Buffer, r *Report) {
	if !slices.ContainsFunc(r.Counters, func(c CounterReport) bool { return c.Read }) {
		b.WriteString("\nWhat the counters of nstat count on this kernel:\n")
		for _, c := range r.Counters {
			prose.Paragraph(b, fmt.Sprintf("  %-26s  ", c.Name), c.Meaning)
		}
		return
	}
	b.WriteString("\nCounters of this network namespace since boot, all its listeners together:\n")
	for _, c := range r.Counters {
		value := fmt.Sprint(c.Value)
		if !c.Read {
			value = "?"
		}
		prose.Paragraph(b, fmt.Sprintf("  %-26s %9s  ", c.Name, value), c.Meaning)
	}
	for _, t := range r.Totals {
		prose.Paragraph(b, "  = ", t)
	}
}

// writeSysctls prints the sysctls that the answer rests on, as sysctl -a would.
func writeSysctls(b *bytes.Buffer, r *Report) {
	b.WriteString("\nSysctls:\n")
	var parts []string
	for _, s := range r.Sysctls {
		if s.Source == "absent" {
			continue
		}
		text := fmt.Sprintf("%s=%d", shortName(s.Name), s.Value)
		if s.Source != "/proc/sys" {
			text += "[" + s.Source + "]"
		}
		parts = append(parts, text)
	}
	prose.Paragraph(b, "  ", strings.Join(parts, " "))
}
