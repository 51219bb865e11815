package prose

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Seconds is a time: "14.2 µs", "60 s", "47m3s".
func Seconds(s float64) string {
	d := time.Duration(math.Round(s * 1e9))
	switch {
	case d == 0:
		return "0 s"
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d)
	case d < time.Second:
		unit, name := time.Microsecond, " µs"
		if d >= time.Millisecond {
			unit, name = time.Millisecond, " ms"
		}
		return strconv.FormatFloat(math.Round(100*float64(d)/float64(unit))/100, 'f', -1, 64) + name
	case d < 10*time.Minute:
		return strconv.FormatFloat(math.Round(s*1000)/1000, 'f', -1, 64) + " s"
	}
	return d.Round(time.Second).String()
}

// Span is a time between two: "60 to 62.05 s", or one where both are the same.
func Span(lo, hi float64) string {
	from, to := Seconds(lo), Seconds(hi)
	if from == to {
		return to
	}
	number, unit, _ := strings.Cut(from, " ")
	if strings.HasSuffix(to, " "+unit) {
		from = number
	}
	return from + " to " + to
}

// Percent is a share of 100: "12 %".
func Percent(p float64) string {
	if p < 1 {
		return "below 1 %"
	}
	return fmt.Sprintf("%.0f %%", p)
}
