package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/internal/golden"
)

// made is a report of figures that were thought up.
func made() *report {
	kernel := unavailable(errors.New("a network namespace cannot be made: operation not permitted"))
	return &report{
		machine: machine{processor: "A processor", processors: 2, kernel: "6.18.44", golang: "go1.26.8", system: "linux/amd64", gvisor: "v0.0.0-x", load: "0.31"},
		date:    time.Date(2026, 11, 22, 7, 30, 0, 0, time.UTC), rounds: 3, turn: time.Millisecond, scale: full,
		all: []measured{
			{work: work{name: "one", bench: "One/a=1", nanoseconds: 100, rate: true}, results: []result{
				{side: "linuxtcp", each: []float64{90, 110, 100}},
				{side: "gvisor", each: []float64{9000, 1100, 20000}}, // 100, 10 and 200 times
				{side: "kernel", reason: kernel},
			}},
			{work: work{name: "two", bench: "Two", what: "TIME-WAIT entry", nanoseconds: 1, bytes: 48}, results: []result{
				{side: "linuxtcp", each: []float64{2, 2, 2}, bytes: 47},
				{side: "map+heap", each: []float64{1e7, 1e7, 1e7}, bytes: 4700},
				{side: "uint32-map", each: []float64{1, 1, 1}, bytes: 23.5},
				{side: "kernel", bytes: 256},
			}},
		},
	}
}

func TestReport(t *testing.T) {
	r := made()
	var b bytes.Buffer
	if err := r.text(&b); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/table.txt", b.String())
	golden.Check(t, "testdata/table.md", r.markdown())
	golden.Check(t, "testdata/samples.txt", string(r.samples()))
	r.scale = small
	if !strings.Contains(r.markdown(), "SHORT: 20000 entries and hosts, 2800 ports") {
		t.Error(r.markdown())
	}
}

func TestIntoFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "README.md")
	write := func(s string) {
		if err := os.WriteFile(name, []byte(s), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n" + tableBegins + "\nold\n" + tableEnds + "\nafter\n")
	for range 2 {
		if err := made().intoFile(name); err != nil {
			t.Fatal(err)
		}
		want := "before\n" + tableBegins + "\n" + made().markdown() + tableEnds + "\nafter\n"
		if got, _ := os.ReadFile(name); string(got) != want {
			t.Errorf("%s", got)
		}
	}
	write(tableEnds + "\n" + tableBegins + "\n")
	if err := made().intoFile(name); err == nil || !strings.Contains(err.Error(), "README.md: there are no lines") {
		t.Error(err)
	}
	// The README of the repository has the place.
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replaced(string(text), ""); err != nil {
		t.Error(err)
	}
}

func TestFigures(t *testing.T) {
	for got, want := range map[string]string{
		duration(0): "", perProcessor(1800): "555,556 /s", duration(2.9): "2.90 ns", duration(99.96): "100 ns", duration(999): "999 ns", duration(1000): "1.00 us", duration(4.93e6): "4.93 ms",
		size(0): "", size(46.25): "46.2 B", size(6976.9): "6,977 B", times(15408.3): "15,408", times(1234567): "1,234,567", times(0.26): "0.26",
		budget(10, 10, duration): "10.0 ns, met", budget(15, 10, duration): "10.0 ns, missed by 50 %", budget(5, 0, duration): "",
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	if median(nil) != 0 || median([]float64{3, 1, 2}) != 2 || median([]float64{4, 1, 2, 3}) != 2.5 {
		t.Error("median")
	}
}

func TestCommand(t *testing.T) {
	samples := filepath.Join(t.TempDir(), "samples")
	var out, errs bytes.Buffer
	if err := run([]string{"-short", "-rounds", "2", "-turn", "1ms", "-run", "TimeWait|used=0%", "-samples", samples}, &out, &errs); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); !strings.Contains(s, "\nTIME-WAIT, 1 M live") || !strings.Contains(s, "\nport pick, 0 %") || strings.Contains(s, "PAWS") {
		t.Error(s)
	}
	if text, _ := os.ReadFile(samples); strings.Count(string(text), "BenchmarkTimeWait/impl=linuxtcp 1 ") != 2 {
		t.Errorf("%s", text)
	}
	for args, want := range map[string]string{
		"-rounds 0": "0 rounds of 50ms", "-turn -1s": "11 rounds of -1s", "-run nothing": "no such work", "-run (": "missing closing", "x": `"x": there are no arguments`,
		"-readme x -short": "-readme is for the whole table", "-nothing": "not defined",
	} {
		if err := run(strings.Fields(args), &out, &errs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}
