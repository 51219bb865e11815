// Package recorded reads what running kernels answered, for the tests that replay it.
package recorded

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// A Line is what one kernel answered in one experiment: a line of a file of
// testdata/observations, whose README tells of the experiments.
type Line struct {
	Kernel string          `json:"kernel"`
	Exp    string          `json:"exp"`
	In     json.RawMessage `json:"in"`
	Out    json.RawMessage `json:"out"`

	File   string `json:"-"`
	Number int    `json:"-"` // of the line, from 1 on
	Text   string `json:"-"`
}

// Read returns every line of every file under testdata/observations, in order.
func Read(t testing.TB) []Line {
	t.Helper()
	files, err := filepath.Glob("testdata/observations/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no observations: %v", err)
	}
	var all []Line
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		number := 0
		for text := range bytes.Lines(data) {
			number++
			l := Line{File: file, Number: number, Text: string(text)}
			if err := json.Unmarshal(text, &l); err != nil {
				t.Fatalf("%s:%d: %v", file, number, err)
			}
			all = append(all, l)
		}
	}
	return all
}

// Name is what its test is called: kernel, experiment, and number of the line.
func (l *Line) Name() string { return fmt.Sprintf("%s/%s/%d", l.Kernel, l.Exp, l.Number) }

// Place is where it stands.
func (l *Line) Place() string { return fmt.Sprintf("%s:%d", l.File, l.Number) }

// Decode reads what went in and what came out.
func (l *Line) Decode(t testing.TB, in, out any) {
	t.Helper()
	if err := json.Unmarshal(l.In, in); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(l.Out, out); err != nil {
		t.Fatal(err)
	}
}
