// Package prose sets the plain text that the commands print: paragraphs of one width,
// with later lines below the first.
package prose

import (
	"bytes"
	"fmt"
	"strings"
)

// Width is the longest line of a command's plain text, in bytes. A word that is longer
// makes a longer line.
const Width = 108

// Wrap breaks text into lines of at most width bytes, at spaces.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// Paragraph prints text wrapped after first, its later lines indented below the text.
func Paragraph(b *bytes.Buffer, first, text string) {
	rest := strings.Repeat(" ", len(first))
	for i, line := range Wrap(text, Width-len(first)) {
		if i == 0 {
			b.WriteString(first)
		} else {
			b.WriteString(rest)
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
}

// Plural is "1 thing", "2 things", "2 addresses".
func Plural[N ~int | ~uint64](n N, what string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, what)
	}
	end := "s"
	if strings.HasSuffix(what, "s") {
		end = "es"
	}
	return fmt.Sprintf("%d %s%s", n, what, end)
}
