package prose

import (
	"bytes"
	"slices"
	"testing"
)

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"one two  three", 7, []string{"one two", "three"}},
		{"one two three", 6, []string{"one", "two", "three"}},
		{"enormous on", 3, []string{"enormous", "on"}},
	} {
		if got := Wrap(test.text, test.width); !slices.Equal(got, test.want) {
			t.Errorf("Wrap(%q, %d) = %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

func TestParagraphIndents(t *testing.T) {
	var b bytes.Buffer
	long := bytes.Repeat([]byte("x"), Width-2)
	Paragraph(&b, "! ", string(long)+" y")
	if want := "! " + string(long) + "\n  y\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

func TestPlural(t *testing.T) {
	if got := Plural(1, "port") + Plural(0, "port") + Plural(uint64(2), "address"); got != "1 port0 ports2 addresses" {
		t.Error(got)
	}
}

func TestTimes(t *testing.T) {
	for s, want := range map[float64]string{
		0: "0 s", 40e-9: "40 ns", 14.2e-6: "14.2 µs", 574.68e-6: "574.68 µs", 0.1: "100 ms", 1: "1 s", 59.996: "59.996 s", 600: "10m0s", 94.11: "94.11 s",
	} {
		if got := Seconds(s); got != want {
			t.Errorf("Seconds(%v) = %q, want %q", s, got, want)
		}
	}
	for _, test := range []struct {
		lo, hi float64
		want   string
	}{{1, 2, "1 to 2 s"}, {60, 60, "60 s"}, {0.5, 2, "500 ms to 2 s"}, {0.001, 0.002, "1 to 2 ms"}, {60, 6000, "60 s to 1h40m0s"}} {
		if got := Span(test.lo, test.hi); got != test.want {
			t.Errorf("Span(%v, %v) = %q, want %q", test.lo, test.hi, got, test.want)
		}
	}
}

func TestPercent(t *testing.T) {
	if got := Percent(0.9) + ", " + Percent(12.4); got != "below 1 %, 12 %" {
		t.Error(got)
	}
}
