package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/prose"
)

// writeText prints the report for people. all is -all.
func writeText(w io.Writer, r *Report, all bool) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From Linux %s (%s)\nto   Linux %s (%s)\n", r.From.Release, r.From.Source, r.To.Release, r.To.Source)
	prose.Paragraph(&b, "with ", r.Settings)
	writeSysctls(&b, r.Sysctls, all)
	writeDecisions(&b, r)
	writeOthers(&b, r, all)
	for _, k := range []struct {
		*KernelReport
		flag string
	}{{&r.From, "-from"}, {&r.To, "-to"}} {
		if len(k.Undecided) > 0 {
			fmt.Fprintf(&b, "\nWhat the name %s leaves open", k.Release)
			asked.WriteUndecided(&b, k.Undecided, k.Vendor, k.flag, "an", "example")
		}
	}
	for _, note := range r.Notes {
		b.WriteByte('\n')
		prose.Paragraph(&b, "", note)
	}
	for _, text := range r.Unread {
		b.WriteByte('\n')
		prose.Paragraph(&b, "Could not be read: ", text)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func writeSysctls(b *bytes.Buffer, list []SysctlReport, all bool) {
	b.WriteString("\nSysctls\n")
	fmt.Fprintf(b, "    %-24s %15s %15s  %s\n", "NAME", "OLD DEFAULT", "NEW DEFAULT", "HERE")
	stay := 0
	for _, s := range list {
		if !s.Differs && !all {
			stay++
			continue
		}
		mark := ' '
		if s.Differs {
			mark = '!'
		}
		prose.Paragraph(b, fmt.Sprintf("  %c %-24s %15s %15s  ", mark, shortName(s.Name), cmp.Or(s.FromDefault, "-"), cmp.Or(s.ToDefault, "-")), s.Says)
	}
	if stay > 0 {
		prose.Paragraph(b, "    ", prose.Plural(stay, "more sysctl")+" that the configuration sets: the same on both; -all shows.")
	}
	if len(list) == 0 {
		b.WriteString("    No default differs.\n")
	}
}

func writeDecisions(b *bytes.Buffer, r *Report) {
	b.WriteString("\nDecisions that differ\n")
	if len(r.Decisions) == 0 {
		b.WriteString("    None of the examples.\n")
	}
	width := max(len(r.From.Release), len(r.To.Release))
	told := make(map[string]bool)
	for _, d := range r.Decisions {
		prose.Paragraph(b, "  ! ", d.Title)
		prose.Paragraph(b, fmt.Sprintf("      %-*s  ", width, r.From.Release), d.From)
		prose.Paragraph(b, fmt.Sprintf("      %-*s  ", width, r.To.Release), d.To)
		var again []string
		for _, c := range d.Changes {
			if told[c.ID] {
				again = append(again, c.ID)
				continue
			}
			told[c.ID] = true
			writeChange(b, c)
		}
		if len(again) > 0 {
			prose.Paragraph(b, "        ", "also "+strings.Join(again, ", ")+", above")
		}
		if len(d.Changes) == 0 {
			prose.Paragraph(b, "        ", "by several changes together")
		}
	}
	if len(r.SameDecisions) > 0 {
		prose.Paragraph(b, "    Same answer: ", strings.Join(r.SameDecisions, "; ")+".")
	}
}

func writeChange(b *bytes.Buffer, c ChangeReport) {
	how := ""
	switch {
	case c.Lost:
		how = "lost: "
	case c.Open:
		how = "perhaps, see below: "
	}
	prose.Paragraph(b, "        ", fmt.Sprintf("%s%s: %s [%s]", how, c.ID, c.Summary, c.Evidence))
}

func writeOthers(b *bytes.Buffer, r *Report, all bool) {
	if len(r.Others) == 0 {
		return
	}
	fmt.Fprintf(b, "\nSame answer for this configuration: %s on which none of these examples depends\n", prose.Plural(len(r.Others), "change"))
	if all {
		for _, c := range r.Others {
			writeChange(b, c)
		}
		return
	}
	var packages []string
	byPackage := make(map[string][]string)
	for _, c := range r.Others {
		if byPackage[c.Package] == nil {
			packages = append(packages, c.Package)
		}
		byPackage[c.Package] = append(byPackage[c.Package], c.ID)
	}
	for _, p := range packages {
		prose.Paragraph(b, fmt.Sprintf("    %-10s ", p), strings.Join(byPackage[p], ", "))
	}
	b.WriteString("    -all shows what they say.\n")
}
