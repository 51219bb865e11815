package main

import "fmt"

// duration of nanoseconds.
func duration(ns float64) string {
	switch {
	case ns <= 0:
		return ""
	case ns < 1e3:
		return digits(ns) + " ns"
	case ns < 1e6:
		return digits(ns/1e3) + " us"
	}
	return digits(ns/1e6) + " ms"
}

func size(bytes float64) string {
	if bytes <= 0 {
		return ""
	}
	return digits(bytes) + " B"
}

// perProcessor is how many a second it makes that one takes so long.
func perProcessor(ns float64) string {
	if ns <= 0 {
		return ""
	}
	return digits(1e9/ns) + " /s"
}

// digits are the first three of a number, and what is before the point.
func digits(x float64) string {
	switch {
	case x < 0.0995:
		return fmt.Sprintf("%.3f", x)
	case x < 9.995:
		return fmt.Sprintf("%.2f", x)
	case x < 99.95:
		return fmt.Sprintf("%.1f", x)
	}
	return thousands(int(x + 0.5))
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// times is a ratio.
func times(x float64) string {
	if x <= 0 {
		return ""
	}
	return digits(x)
}

// budget tells what is allowed, and by how much that is missed.
func budget(took, allowed float64, of func(float64) string) string {
	switch {
	case allowed == 0 || took == 0:
		return ""
	case took <= allowed:
		return of(allowed) + ", met"
	}
	return fmt.Sprintf("%s, missed by %.0f %%", of(allowed), 100*(took/allowed-1))
}
