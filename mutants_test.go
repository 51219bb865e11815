package linuxtcp_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The table of mutants in docs/how-we-know.md adds up, and its last column has as many as the list has reasons for.
func TestMutantsAddUp(t *testing.T) {
	page, err := os.ReadFile("docs/how-we-know.md")
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(".ci/gremlins/equivalent.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \|$`).FindAllStringSubmatch(string(page), -1)
	seen := map[string]bool{}
	for _, row := range rows {
		var n [3]int
		for i := range n {
			if n[i], err = strconv.Atoi(row[2+i]); err != nil {
				t.Fatal(err)
			}
		}
		if n[0] != n[1]+n[2] {
			t.Errorf("%s: %d mutants are not %d and %d", row[1], n[0], n[1], n[2])
		}
		listed := 0
		for line := range strings.Lines(string(list)) {
			if strings.HasPrefix(line, row[1]+"/") {
				listed++
			}
		}
		if listed != n[2] {
			t.Errorf("%s: %d mutants that do what the code does, and %d on the list", row[1], n[2], listed)
		}
		seen[row[1]] = true
	}
	for _, pkg := range []string{"queue", "paws", "timewait", "portalloc", "host"} {
		if !seen[pkg] {
			t.Errorf("%s has no row", pkg)
		}
	}
}
