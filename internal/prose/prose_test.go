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
