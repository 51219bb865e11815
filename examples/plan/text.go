package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/prose"
)

// writeText prints the report for people: first the findings, then what they rest on.
func writeText(w io.Writer, r *Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Linux %s (%s)\n\n", r.Kernel.Release, r.Kernel.Source)
	noun := "number"
	if s := r.Server; s != nil {
		writeServer(&b, s)
	}
	if c := r.Client; c != nil {
		writeClient(&b, c)
	}
	writeSysctls(&b, r)
	asked.WriteUndecided(&b, r.Undecided, r.Kernel.Vendor, "-release", "a", noun)
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

func writeFindings(b *bytes.Buffer, list []Finding) {
	for _, f := range list {
		mark := "  "
		if f.Bad {
			mark = "! "
		}
		prose.Paragraph(b, mark, f.Text)
	}
}

func writeServer(b *bytes.Buffer, r *ServerReport) {
	prose.Paragraph(b, "Load:    ", r.Load)
	prose.Paragraph(b, "Program: ", r.Program)
	b.WriteByte('\n')
	writeFindings(b, r.Findings)
	b.WriteString("\nBacklogs, in the run of seed 1\n")
	fmt.Fprintf(b, "    %8s %9s %8s %10s %9s %9s %9s  %s\n", "BACKLOG", "LOST", "LOSSES", "PEAK QUEUE", "p50", "p99", "MAX", "USERS WHO WAITED")
	for _, x := range r.Backlogs {
		mark := ' '
		if x.Backlog == r.Given.Backlog {
			mark = '*'
		}
		fmt.Fprintf(b, "  %c %8d %9s %8d %10d %9s %9s %9s  %s\n", mark, x.Backlog, shareText(x.Lost), x.Losses, x.Peak,
			secondsText(x.Median), secondsText(x.P99), secondsText(x.Longest), againText(x.Again))
	}
	prose.Paragraph(b, "    ", "* is what the program passes to listen(); the others are with a somaxconn that allows them. p50, p99 and MAX are of connect().")
	writeDepth(b, r)
	if r.Curve != nil {
		fmt.Fprintf(b, "\nWhat backlogs lose, in the run of seed 1\n")
		for _, p := range r.Curve {
			fmt.Fprintf(b, "    %8d %9s\n", p.Backlog, shareText(p.Lost))
		}
	}
	if r.Across != nil {
		writeAcross(b, r.Across)
	}
	if len(r.Counters) > 0 {
		b.WriteString("\nCounters of that run, as nstat -az names them\n")
		for _, c := range r.Counters {
			fmt.Fprintf(b, "    %9d %s\n", c.Count, c.Name)
		}
	}
	m := r.Memory
	b.WriteString("\nThe most at a time in that run\n")
	prose.Paragraph(b, "    ", fmt.Sprintf("%s, %d in the accept queue and %d in the SYN queue among them; %s; %s of kernel memory for sockets and TIME_WAIT.",
		prose.Plural(m.Connections, "connection"), m.AcceptQueue, m.SYNQueue, timeWaits(m.TimeWait), bytesText(m.Bytes)))
}

func timeWaits(n int) string {
	if n == 0 {
		return "no TIME_WAIT"
	}
	return fmt.Sprintf("%d in TIME_WAIT", n)
}

// writeDepth draws the accept queue over time.
func writeDepth(b *bytes.Buffer, r *ServerReport) {
	values := make([]int, len(r.Depth))
	for i, d := range r.Depth {
		values[i] = d.Accept
	}
	fmt.Fprintf(b, "\nThe accept queue over time, backlog %d\n", r.Given.Backlog)
	if slices.Max(append(values, 0)) == 0 {
		prose.Paragraph(b, "    ", fmt.Sprintf("It is empty at each of %d moments.", depthSamples))
		return
	}
	for _, line := range graph(values, "0 s", secondsText(r.Length)) {
		b.WriteString("    " + line + "\n")
	}
}

func writeAcross(b *bytes.Buffer, a *AcrossReport) {
	fmt.Fprintf(b, "\nThe same load on other kernels, backlog %d, %s each\n", a.Backlog, prose.Plural(a.Runs, "run"))
	fmt.Fprintf(b, "    %-16s %6s %9s %9s %9s %9s %8s %8s %9s %8s\n", "RELEASE", "NEEDED", "LOST", "p99", "MAX", "LATE", "COOKIES", "LIMIT", "Overflows", "Drops")
	for _, x := range a.Rows {
		needed := "none"
		if x.Needed.Found {
			needed = fmt.Sprint(x.Needed.Backlog)
		}
		fmt.Fprintf(b, "    %-16s %6s %9s %9s %9s %9d %8d %8d %9d %8d\n", x.Release, needed, shareText(x.Lost), secondsText(x.P99), secondsText(x.Longest), x.Late, x.Cookies,
			x.Limit, x.Overflows, x.Drops)
	}
	prose.Paragraph(b, "    ", "NEEDED is the smallest backlog that loses nothing (or no more than -lose), LOST the most that a run lost; the rest is of the run of seed 1: connect(), users who needed another SYN, cookies sent, ListenOverflows and ListenDrops. Sysctls that are set here are set there too; the others are that kernel's defaults.")
}

// writeSysctls prints the sysctls that the answer rests on.
func writeSysctls(b *bytes.Buffer, r *Report) {
	b.WriteString("\nSysctls\n")
	var parts []string
	for _, s := range r.Sysctls {
		value := s.Value
		if strings.Contains(value, " ") {
			value = fmt.Sprintf("%q", value)
		}
		text := fmt.Sprintf("%s=%s", shortName(s.Name), value)
		if s.Source != "/proc/sys" {
			text += "[" + s.Source + "]"
		}
		parts = append(parts, text)
	}
	prose.Paragraph(b, "  ", strings.Join(parts, " ")+fmt.Sprintf("; CONFIG_HZ=%d", r.Kernel.HZ))
}
