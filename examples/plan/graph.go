package main

import (
	"fmt"
	"strings"
)

const (
	graphWidth  = 80
	graphHeight = 8
)

// eighths are the blocks of a column's upper end.
var eighths = []rune(" ▁▂▃▄▅▆▇█")

// graph draws values over time as columns, each the largest of its share of them, and writes the largest of all and the
// two ends of time beside it.
func graph(values []int, from, to string) []string {
	n := min(graphWidth, len(values))
	if n == 0 {
		return nil
	}
	columns, most := make([]int, n), 0
	for i, v := range values {
		at := i * n / len(values)
		columns[at] = max(columns[at], v)
		most = max(most, v)
	}
	label := fmt.Sprint(most)
	var lines []string
	for row := graphHeight - 1; row >= 0; row-- {
		var line strings.Builder
		for _, v := range columns {
			level := 0
			if most > 0 {
				level = (v*graphHeight*8 + most - 1) / most // rounded up, so that what is not 0 is seen
			}
			line.WriteRune(eighths[min(max(level-8*row, 0), 8)])
		}
		beside := strings.Repeat(" ", len(label))
		switch row {
		case graphHeight - 1:
			beside = label
		case 0:
			beside = fmt.Sprintf("%*d", len(label), 0)
		}
		lines = append(lines, strings.TrimRight(beside+" |"+line.String(), " "))
	}
	pad := max(1, n-len(from)-len(to))
	return append(lines, strings.Repeat(" ", len(label))+" +"+strings.Repeat("-", n), strings.Repeat(" ", len(label)+2)+from+strings.Repeat(" ", pad)+to)
}
