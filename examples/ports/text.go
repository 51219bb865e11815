package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/prose"
)

// writeText prints the report for people: first the findings, then what they rest on.
func writeText(w io.Writer, r *Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Linux %s (%s)\n\n", r.Kernel.Release, r.Kernel.Source)
	for _, f := range r.Findings {
		mark := "  "
		if f.Bad {
			mark = "! "
		}
		prose.Paragraph(&b, mark, f.Text)
	}
	if r.Curve != nil {
		writeCurve(&b, r.Curve)
	}
	if r.Race != nil {
		writeRace(&b, r.Race)
	}
	writePorts(&b, &r.Ports)
	writeRates(&b, r)
	if r.AtRate != nil {
		writeAtRate(&b, r.AtRate, &r.Ports)
	}
	writeFormulas(&b, r.Formulas)
	writeSysctls(&b, r)
	asked.WriteUndecided(&b, r.Undecided, r.Kernel.Vendor, "-release", "a", "rate")
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

// either is "4", or "4 to 5" where a count depends on where searches begin.
func either(sure, most int) string {
	if sure == most {
		return strconv.Itoa(sure)
	}
	return fmt.Sprintf("%d to %d", sure, most)
}

func writePorts(b *bytes.Buffer, p *PortsReport) {
	b.WriteString("\nPorts\n")
	size := p.High - p.Low + 1
	text := fmt.Sprintf("%s of the %d from %d to %d", either(p.UsableSure, p.UsableMost), size, p.Low, p.High)
	var but []string
	if p.Reserved > 0 {
		but = append(but, fmt.Sprintf("%d are reserved", p.Reserved))
	}
	if p.Odd {
		but = append(but, "the range has an odd size, of which a search leaves out one port")
	}
	if len(but) > 0 {
		text += " (" + strings.Join(but, ", ") + ")"
	}
	prose.Paragraph(b, "  usable       ", text+", for "+p.For+".")
	shared := "one connection"
	if p.Shared > 1 {
		shared = fmt.Sprintf("%d", p.Shared)
	}
	prose.Paragraph(b, "  shared       ", fmt.Sprintf("%s: with %s and %s a port serves %s at a time.", p.Picker,
		prose.Plural(p.Sources, "source address"), prose.Plural(p.Destinations, "destination"), shared))
	prose.Paragraph(b, "  at once      ", fmt.Sprintf("%s connections, those in TIME_WAIT among them.", either(p.CapacitySure, p.CapacityMost)))
}

func writeRates(b *bytes.Buffer, r *Report) {
	b.WriteString("\nConnections per second for ever\n")
	fmt.Fprintf(b, "    %-33s %-18s %8s %8s\n", "WHO CLOSES", "A PORT IS KEPT FOR", "SURE", "AT MOST")
	for _, row := range r.Rates {
		mark := ' '
		if row.Current {
			mark = '*'
		}
		fmt.Fprintf(b, "  %c %-33s %-18s %8s %8s\n", mark, row.How, prose.Span(row.HoldMin, row.HoldMax), rateFloor(row.Sure), rateText(row.Most))
		prose.Paragraph(b, "      ", row.Why)
	}
}

func writeAtRate(b *bytes.Buffer, a *AtRateReport, p *PortsReport) {
	fmt.Fprintf(b, "\nAt %s per second\n", rateText(a.PerSecond))
	prose.Paragraph(b, "  in use       ", fmt.Sprintf("up to %s for %s", prose.Plural(a.InUse, "port"), p.For))
	if a.Candidates > 0 {
		prose.Paragraph(b, "  a search     ", fmt.Sprintf("examines %s on average if no ports come back, about %s; %s of a processor in all (an estimate)",
			candidatesText(a.Candidates), prose.Seconds(a.CallSeconds), prose.Percent(a.CPUPercent)))
	}
	b.WriteString("  It takes, each alone:\n")
	for _, n := range a.Needs {
		switch {
		case n.Needed == 0:
			prose.Paragraph(b, "    -   ", n.What+": "+n.Text)
		case n.Now == 0:
			prose.Paragraph(b, "    or  ", strings.TrimSuffix(n.What+", "+n.Text, ", "))
		default:
			text := fmt.Sprintf("%s: %d (now %d)", n.What, n.Needed, n.Now)
			if n.Text != "" && n.Now < n.Needed {
				text += "; " + n.Text
			}
			prose.Paragraph(b, "    or  ", text)
		}
	}
}

func writeFormulas(b *bytes.Buffer, list []FormulaReport) {
	b.WriteString("\nFormulas in circulation, here\n")
	for _, f := range list {
		prose.Paragraph(b, fmt.Sprintf("  %-9s = %7s/s  %-8s  ", f.Formula, rateText(f.PerSecond), f.Verdict), f.Why+".")
	}
}

func writeCurve(b *bytes.Buffer, c *CurveReport) {
	fmt.Fprintf(b, "\nWhat a %s costs, by ports in use for %s\n", c.Call, c.For)
	fmt.Fprintf(b, "    %8s %9s %12s  %s\n", "IN USE", "", "CANDIDATES", "TIME")
	for _, p := range c.Points {
		fmt.Fprintf(b, "    %8d %7.1f %% %12.1f  %s\n", p.InUse, 100*p.Occupancy, p.Candidates, prose.Seconds(p.CallSeconds))
	}
	prose.Paragraph(b, "  ", c.Note)
	prose.Paragraph(b, "  ", fmt.Sprintf("The time is an estimate: %s and %s for each candidate.", prose.Seconds(c.BaseSeconds), prose.Seconds(c.EachSeconds)))
}

func writeRace(b *bytes.Buffer, r *RaceReport) {
	b.WriteString("\nThe race of two connect() calls for one TIME_WAIT entry\n")
	if r.Exists {
		prose.Paragraph(b, "! ", fmt.Sprintf("This kernel has it: %d of %d interleavings end with two sockets on the same addresses and ports that send equal SYNs. It takes tcp_tw_reuse, timestamps and two processors.", r.Doubles, r.Interleavings))
	} else {
		prose.Paragraph(b, "  ", fmt.Sprintf("This kernel does not have it: 2.6.32 does, and RHEL 6.0 to 6.4; it was mended in 2.6.33 and in RHEL's build 384. None of %d interleavings ends with two equal SYNs.", r.Interleavings))
	}
	prose.Paragraph(b, "  ", "The situation: "+r.Config+".")
	for _, o := range r.Outcomes {
		prose.Paragraph(b, fmt.Sprintf("  %8d  ", o.Interleavings), o.Text)
	}
	if len(r.Story) > 0 {
		b.WriteString("  One story:\n")
		for _, line := range r.Story {
			if words := strings.Fields(line); len(words) > 2 { // the thread, the step, what it does
				prose.Paragraph(b, fmt.Sprintf("    %s %-4s ", words[0], words[1]), strings.Join(words[2:], " "))
			}
		}
	}
	for _, end := range r.Ends {
		prose.Paragraph(b, "  ", end)
	}
}

// writeSysctls prints the sysctls that the answer rests on.
func writeSysctls(b *bytes.Buffer, r *Report) {
	b.WriteString("\nSysctls\n")
	var parts []string
	for _, s := range r.Sysctls {
		text := fmt.Sprintf("%s=%q", shortName(s.Name), s.Value)
		if _, err := strconv.Atoi(s.Value); err == nil {
			text = fmt.Sprintf("%s=%s", shortName(s.Name), s.Value)
		}
		if s.Source != fromProc {
			text += "[" + s.Source + "]"
		}
		parts = append(parts, text)
	}
	prose.Paragraph(b, "  ", strings.Join(parts, " ")+fmt.Sprintf("; CONFIG_HZ=%d[%s]", r.Kernel.HZ, r.Kernel.HZSource))
}

// rateText is a rate with three digits or more, rounded; rateFloor rounds down, so that
// what is sure stays sure.
func rateText(x float64) string { return rateWith(x, math.Round) }
func rateFloor(x float64) string {
	return rateWith(x, func(x float64) float64 { return math.Floor(x + 1e-6) })
}

func rateWith(x float64, round func(float64) float64) string {
	unit := 1.0
	for unit < 1000 && x*unit < 100 && x > 0 {
		unit *= 10
	}
	return strconv.FormatFloat(round(x*unit)/unit, 'f', -1, 64)
}

func rateSpan(sure, most float64) string {
	const unit = " connections per second for ever"
	if lo, hi := rateFloor(sure), rateText(most); lo != hi {
		return lo + unit + ", " + hi + " at most"
	}
	return rateFloor(sure) + unit
}

func candidatesText(n float64) string {
	if n < 10 {
		return fmt.Sprintf("%.1f candidates", n)
	}
	return fmt.Sprintf("%.0f candidates", n)
}
