package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// spanText is a time with three digits or so: "23.3 ms", "1.02 s", "10 s", "1h0m0s".
func spanText(d time.Duration) string {
	unit, name := time.Nanosecond, "ns"
	switch {
	case d == 0:
		return "0 s"
	case d >= 10*time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		unit, name = time.Second, "s"
	case d >= time.Millisecond:
		unit, name = time.Millisecond, "ms"
	case d >= time.Microsecond:
		unit, name = time.Microsecond, "µs"
	}
	return digits(float64(d)/float64(unit)) + " " + name
}

func secondsText(s float64) string { return spanText(seconds(s)) }

// shareText is a percentage with two or three digits: "1.6 %", "0.0014 %".
func shareText(share float64) string { return digits(100*share) + " %" }

// digits is a number with three digits, or all those before the point.
func digits(x float64) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	after := max(0, 2-int(math.Floor(math.Log10(math.Abs(x)))))
	text := strconv.FormatFloat(x, 'f', after, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// lossesText is how many losses.
func lossesText(n float64) string {
	if text := digits(n); text != "1" {
		return text + " losses"
	}
	return "1 loss"
}

// bytesText is "5.4 MiB".
func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return digits(float64(n)/(1<<30)) + " GiB"
	case n >= 1<<20:
		return digits(float64(n)/(1<<20)) + " MiB"
	}
	return digits(float64(n)/(1<<10)) + " KiB"
}

// againText is users by how long they waited for another SYN.
func againText(n [5]uint64) string {
	var parts []string
	for i, seconds := range []string{"1 s", "3 s", "7 s", "15 s", "31 s+"} {
		if n[i] > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", seconds, n[i]))
		}
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}
