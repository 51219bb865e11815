package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"example.com/linuxtcp/internal/prose"
)

// writeText prints the report for people.
func writeText(w io.Writer, r *Report) error {
	var b bytes.Buffer
	for i, s := range r.Stories {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s (Linux %s)\n", s.Title, s.Release)
		prose.Paragraph(&b, "  ", s.Setting)
		if len(s.Events) > 0 {
			b.WriteByte('\n')
		}
		for _, e := range s.Events {
			text := e.Text
			if len(e.Counters) > 0 {
				text += " (" + strings.Join(e.Counters, ", ") + ")"
			}
			prose.Paragraph(&b, fmt.Sprintf("  %11.6f %-8s ", e.Seconds, e.Where), text)
		}
		b.WriteByte('\n')
		for _, end := range s.Ends {
			prose.Paragraph(&b, "! ", end)
		}
		for _, t := range s.Tables {
			writeTable(&b, t)
		}
		if len(s.Claims) > 0 {
			b.WriteString("\n  What the article claims, and what kernels do\n")
		}
		for _, c := range s.Claims {
			prose.Paragraph(&b, fmt.Sprintf("    %-7s ", c.Verdict), c.Claim)
			prose.Paragraph(&b, "            - ", c.Kernels)
		}
	}
	if len(r.Stories) > 1 {
		b.WriteString("\nEvent by event, with the article's claims: -incident queues, nat, race or leaks. All flags: -h.\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

func writeTable(b *bytes.Buffer, t TableReport) {
	fmt.Fprintf(b, "\n  %s\n", t.Title)
	width := make([]int, len(t.Header))
	all := append([][]string{t.Header}, t.Rows...)
	for _, row := range all {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	for _, row := range all {
		line := "   "
		for i, cell := range row {
			line += fmt.Sprintf(" %-*s ", width[i], cell)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	if t.Note != "" {
		prose.Paragraph(b, "    ", t.Note)
	}
}
