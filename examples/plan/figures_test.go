package main

import (
	"strings"
	"testing"
	"time"
)

func TestFigures(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 900: "900 ns", 14200: "14.2 µs", 23330816: "23.3 ms", 200 * time.Millisecond: "200 ms", 1015021568: "1.02 s", time.Minute: "60 s", 24 * time.Hour: "24h0m0s",
	} {
		if got := spanText(d); got != want {
			t.Errorf("spanText(%d) = %q, want %q", d, got, want)
		}
	}
	for x, want := range map[float64]string{0: "0 %", 1: "100 %", 0.0177: "1.77 %", 0.00000556: "0.000556 %", 0.2588: "25.9 %"} {
		if got := shareText(x); got != want {
			t.Errorf("shareText(%v) = %q, want %q", x, got, want)
		}
	}
	for n, want := range map[int64]string{100: "0.0977 KiB", 34000000: "32.4 MiB", 5 << 30: "5 GiB"} {
		if got := bytesText(n); got != want {
			t.Errorf("bytesText(%v) = %q, want %q", n, got, want)
		}
	}
	if got := againText([5]uint64{3, 0, 1, 0, 2}); got != "1 s: 3, 7 s: 1, 31 s+: 2" {
		t.Error(got)
	}
	if betweenText(1, 2) != "1 to 2 s" || betweenText(0.5, 2) != "500 ms to 2 s" || betweenText(60, 60) != "60 s" {
		t.Error(betweenText(1, 2), betweenText(0.5, 2), betweenText(60, 60))
	}
}

// A graph has the largest value at its top, keeps every peak, and shows what is not 0.
func TestGraph(t *testing.T) {
	values := make([]int, 400)
	values[0], values[201], values[399] = 1, 80, 40
	lines := graph(values, "0 s", "9 s")
	if len(lines) != graphHeight+2 || !strings.HasPrefix(lines[0], "80 |") || !strings.HasPrefix(lines[graphHeight-1], " 0 |▁") {
		t.Fatalf("%q", lines)
	}
	if strings.Count(strings.Join(lines, ""), "█") != graphHeight+graphHeight/2 {
		t.Errorf("%s", strings.Join(lines, "\n"))
	}
	if last := lines[len(lines)-1]; !strings.HasSuffix(last, "9 s") || len([]rune(lines[graphHeight-1])) != 4+graphWidth {
		t.Errorf("%q, %q", last, lines[graphHeight-1])
	}
	if few := graph([]int{3, 2}, "a", "b"); !strings.Contains(few[0], "3 |█") {
		t.Errorf("%q", few)
	}
	if graph(nil, "", "") != nil {
		t.Error("a graph of nothing")
	}
}
