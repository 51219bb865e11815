package api

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write api.txt anew")

const file = "../../api.txt"

// api.txt is what programs can use. A line that is gone or has changed breaks programs; a new one stays for ever. Both
// may be what you want: then -update writes the file, and the change shows in the review of the commit.
func TestAPI(t *testing.T) {
	l := NewLister("../..", "example.com/linuxtcp")
	packages, err := l.Packages()
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 9 {
		t.Fatalf("only %v", packages)
	}
	var now []string
	for _, p := range packages {
		lines, err := l.List(p)
		if err != nil {
			t.Fatal(err)
		}
		now = append(now, lines...)
	}
	text := strings.Join(now, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	was := strings.Split(strings.TrimSuffix(string(written), "\n"), "\n")
	for _, line := range was {
		if !slices.Contains(now, line) {
			t.Errorf("broke: %s", line)
		}
	}
	for _, line := range now {
		if !slices.Contains(was, line) {
			t.Errorf("grew: %s", line)
		}
	}
	if t.Failed() {
		t.Log("if that is meant: go test ./internal/api -update, and CHANGELOG.md")
	} else if text != string(written) {
		t.Error("api.txt is out of order: go test ./internal/api -update")
	}
}
