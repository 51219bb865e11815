package main

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"example.com/linuxtcp/conformance/netns"
)

// A small range on the running kernel: every level of every round has its row, and calls
// fail when all ports are in use and not before.
func TestMeasures(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("it takes root to make a network namespace")
	}
	if err := netns.Do(0, func() error { return nil }); err != nil {
		t.Skip(err)
	}
	p := plan{low: 40000, high: 40599, permille: []int{0, 500, 1000}, rounds: 2, calls: 5}
	var out strings.Builder
	if err := netns.Do(0, func() error { return p.run(&out) }); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(rows) != 1+2*3 {
		t.Fatalf("%v, in\n%s", err, out.String())
	}
	for i, want := range []string{"1,0,600,5,0", "1,300,600,5,0", "1,600,600,5,5", "2,0,600,5,0", "2,300,600,5,0", "2,600,600,5,5"} {
		if got := strings.Join(rows[i+1][:5], ","); got != want {
			t.Errorf("row %d begins with %s, want %s", i+1, got, want)
		}
		for _, ns := range rows[i+1][5:] {
			if ns == "0" || strings.HasPrefix(ns, "-") {
				t.Errorf("row %d: %v has a time that is none", i+1, rows[i+1])
			}
		}
	}
}
