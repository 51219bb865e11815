package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/prose"
)

// headings stand above the findings of each severity.
var headings = map[string]string{
	Losing:  "Connections are being lost",
	Near:    "Near a limit, or leaking",
	Past:    "Lost before",
	Setting: "Settings that harm here, or do not do what they are taken for",
}

// writeText prints the report for people: the findings, then what is in order, then what both
// rest on. all prints every counter and sysctl.
func writeText(w io.Writer, r *Report, all bool) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Linux %s (%s)\n", r.Kernel.Release, r.Kernel.Source)
	looks := "Looked at once."
	if r.IntervalSeconds > 0 {
		looks = fmt.Sprintf("Looked at twice, %s apart.", prose.Seconds(r.IntervalSeconds))
	}
	prose.Paragraph(&b, "", r.Namespace+" "+looks)
	for _, severity := range severities {
		writeFindings(&b, r, severity)
	}
	writeHealthy(&b, r)
	writeListeners(&b, r)
	writeDestinations(&b, r)
	writeStates(&b, r)
	writeCounters(&b, r, all)
	writeSysctls(&b, r, all)
	asked.WriteUndecided(&b, r.Undecided, r.Kernel.Vendor, "-release", "a", "finding")
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
	b.WriteString("\nNot looked at:\n")
	for _, u := range r.Unseen {
		prose.Paragraph(&b, "  ", u)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func writeFindings(b *bytes.Buffer, r *Report, severity string) {
	first := true
	for _, f := range r.Findings {
		if f.Severity != severity {
			continue
		}
		if first {
			fmt.Fprintf(b, "\n%s\n", headings[severity])
			first = false
		}
		prose.Paragraph(b, "! ", f.Text)
		if f.BoundBy != "" && !strings.Contains(f.Text, f.BoundBy) {
			prose.Paragraph(b, "    bound by  ", f.BoundBy)
		}
		for i, rule := range f.Rules {
			prose.Paragraph(b, fmt.Sprintf("    %-8s  ", at(i == 0, "rule")), rule)
		}
		for _, c := range f.Changes {
			prose.Paragraph(b, "    try       ", c.Set)
			prose.Paragraph(b, "      then    ", c.Then)
		}
	}
}

func at(first bool, word string) string {
	if first {
		return word
	}
	return ""
}

func writeHealthy(b *bytes.Buffer, r *Report) {
	if len(r.Healthy) == 0 {
		return
	}
	b.WriteString("\nIn order\n")
	for _, text := range r.Healthy {
		prose.Paragraph(b, "  ", text)
	}
}

func writeListeners(b *bytes.Buffer, r *Report) {
	if len(r.Listeners) == 0 {
		return
	}
	b.WriteString("\nListeners\n")
	width := len("ADDRESS")
	for _, l := range r.Listeners {
		width = max(width, len(l.address()))
	}
	fmt.Fprintf(b, "  %-*s  %15s  %15s  %s\n", width, "ADDRESS", "ACCEPT QUEUE", "SYN QUEUE", "BOUND BY")
	for _, l := range r.Listeners {
		accept := fmt.Sprintf("%d of %d", l.Accept.Used, l.Accept.Capacity)
		if !l.Accept.Known {
			accept = fmt.Sprintf("%d of <= %d", l.Accept.Used, l.Accept.Capacity)
		}
		fmt.Fprintf(b, "  %-*s  %15s  %15s  %s\n", width, l.address(), accept, fmt.Sprintf("%d of %d", l.SYN.Used, l.SYN.Capacity), bounds(l))
	}
}

// bounds says what ends the queues of a listener.
func bounds(l ListenerReport) string {
	accept := l.Accept.Bound
	if accept == "backlog" {
		accept = "the program's backlog"
	}
	if l.SYN.Bound == "accept limit" {
		return accept
	}
	return accept + "; " + l.SYN.Bound
}

func (l ListenerReport) address() string {
	if strings.Contains(l.Address, ":") {
		return fmt.Sprintf("[%s]:%d", l.Address, l.Port)
	}
	return fmt.Sprintf("%s:%d", l.Address, l.Port)
}

func writeDestinations(b *bytes.Buffer, r *Report) {
	if len(r.Destinations) == 0 {
		return
	}
	b.WriteString("\nLocal ports, by source and destination\n")
	width := len("FROM TO")
	for _, d := range r.Destinations {
		width = max(width, len(d.Source)+1+len(d.Destination))
	}
	fmt.Fprintf(b, "  %-*s  %7s  %9s  %7s  %s\n", width, "FROM TO", "IN USE", "TIME-WAIT", "OF", "THE NEXT connect()")
	for _, d := range r.Destinations {
		fmt.Fprintf(b, "  %-*s  %7d  %9d  %7d  examines %.1f, about %s\n", width, d.Source+" "+d.Destination, d.InUse, d.TimeWait, d.Usable, d.Candidates, prose.Seconds(d.CallSeconds))
	}
}

func writeStates(b *bytes.Buffer, r *Report) {
	if len(r.States) == 0 {
		return
	}
	var names []string
	for name := range r.States {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, r.States[name])
	}
	b.WriteString("\nSockets\n")
	prose.Paragraph(b, "  ", strings.Join(names, ", "))
}

// writeCounters prints those that rose, and the others without what raises them.
func writeCounters(b *bytes.Buffer, r *Report, all bool) {
	list := slices.DeleteFunc(slices.Clone(r.Counters), func(c CounterReport) bool { return c.Total == 0 && !all })
	if len(list) == 0 {
		return
	}
	var still []string
	if r.IntervalSeconds > 0 && !all {
		list = slices.DeleteFunc(list, func(c CounterReport) bool {
			if c.Rise == 0 {
				still = append(still, fmt.Sprintf("%s %d", c.Name, c.Total))
			}
			return c.Rise == 0
		})
	}
	b.WriteString("\nCounters, and what raises them on this kernel\n")
	if len(list) > 0 {
		fmt.Fprintf(b, "  %-26s %12s %10s %10s\n", "", "TOTAL", "RISE", "PER SECOND")
	}
	for _, c := range list {
		rise, perSecond := "", ""
		if r.IntervalSeconds > 0 {
			rise, perSecond = fmt.Sprintf("+%d", c.Rise), rate(c.PerSecond)
		}
		line := fmt.Sprintf("  %-26s %12d %10s %10s", c.Name, c.Total, rise, perSecond)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		for _, by := range c.RaisedBy {
			prose.Paragraph(b, "      ", by)
		}
	}
	if len(still) > 0 {
		prose.Paragraph(b, "  ", "Not risen between the looks (-all tells what raises them): "+strings.Join(still, ", ")+".")
	}
}

// writeSysctls prints them as sysctl -a would, in one paragraph.
func writeSysctls(b *bytes.Buffer, r *Report, all bool) {
	b.WriteString("\nSysctls\n")
	var parts, shared []string
	for _, s := range r.Sysctls {
		if s.Source == "absent" && !all {
			continue
		}
		text := shortName(s.Name) + "=" + s.Value
		if strings.ContainsAny(s.Value, " ") || s.Value == "" {
			text = fmt.Sprintf("%s=%q", shortName(s.Name), s.Value)
		}
		if s.Source != "/proc/sys" {
			text += "[" + s.Source + "]"
		}
		if s.Machine {
			shared = append(shared, text)
		} else {
			parts = append(parts, text)
		}
	}
	prose.Paragraph(b, "  ", strings.Join(parts, " ")+fmt.Sprintf("; CONFIG_HZ=%d[%s]", r.Kernel.HZ, r.Kernel.HZSource))
	if len(shared) > 0 {
		prose.Paragraph(b, "  ", "The whole machine's, on this kernel: "+strings.Join(shared, " "))
	}
}
