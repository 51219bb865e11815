package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"example.com/linuxtcp/internal/golden"
	"example.com/linuxtcp/internal/machine"
	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/internal/rowtest"
)

// A testCase is a file of testdata: a comment, "args:" with the flags, perhaps "deny:" with
// files that may not be read, and the files of two trees, each under "-- first/name --" or
// "-- later/name --". What stands under first only is the same later.
type testCase struct {
	args   []string
	trees  map[string]fstest.MapFS
	denied []string
}

// A changingFS is a /proc that changes.
type changingFS struct{ fs.FS }

func readCase(t testing.TB, file string) testCase {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := testCase{trees: map[string]fstest.MapFS{"first": {}, "later": {}}}
	var tree fstest.MapFS
	var section string
	for line := range bytes.Lines(text) {
		s := string(line)
		name, ok := strings.CutPrefix(strings.TrimSpace(s), "-- ")
		switch {
		case ok && strings.HasSuffix(name, " --"):
			var dir string
			dir, section, _ = strings.Cut(strings.TrimSuffix(name, " --"), "/")
			tree = c.trees[dir]
			tree[section] = &fstest.MapFile{}
		case section != "":
			tree[section].Data = append(tree[section].Data, s...)
		case strings.HasPrefix(s, "args:"):
			c.args = strings.Fields(s[len("args:"):])
		case strings.HasPrefix(s, "deny:"):
			c.denied = strings.Fields(s[len("deny:"):])
		}
	}
	for name, f := range c.trees["first"] {
		if c.trees["later"][name] == nil {
			c.trees["later"][name] = f
		}
	}
	return c
}

func (c testCase) tree(name string) fs.FS {
	return golden.DenyFS{MapFS: c.trees[name], Denied: c.denied}
}

func (c testCase) run(extra ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	proc := &changingFS{c.tree("first")}
	status = run(append(c.args[:len(c.args):len(c.args)], extra...), environment{
		proc: proc,
		diag: func() ([]machine.DiagSocket, error) { return readSS(proc) },
		tree: func(dir string) (fs.FS, error) {
			if c.trees[dir] == nil {
				return nil, &fs.PathError{Op: "open", Path: dir, Err: fs.ErrNotExist}
			}
			return c.tree(dir), nil
		},
		sleep:  func(time.Duration) { proc.FS = c.tree("later") },
		stdout: &out, stderr: &errs,
	})
	return status, out.String(), errs.String()
}

func cases(t testing.TB) []string {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return files
}

// TestGolden runs every case of testdata. With -update it writes what came out.
func TestGolden(t *testing.T) {
	known := make(map[string]bool)
	for _, file := range cases(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		known[name] = true
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := readCase(t, file).run()
			got := stdout
			if stderr != "" {
				got += "-- stderr --\n" + stderr
			}
			if status != 0 {
				got += fmt.Sprintf("-- exit status %d --\n", status)
			}
			golden.Check(t, filepath.Join("testdata", name+".golden"), got)
			for line := range strings.Lines(stdout) {
				if len(line) > 110 && name != "json" {
					t.Errorf("line of %d bytes: %q", len(line)-1, line)
				}
				if strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") {
					t.Errorf("line ends in a space: %q", line)
				}
			}
		})
	}
	goldens, _ := filepath.Glob("testdata/*.golden")
	for _, file := range goldens {
		if !known[strings.TrimSuffix(filepath.Base(file), ".golden")] {
			t.Errorf("%s belongs to no case", file)
		}
	}
}

// report is the Report that a case prints as JSON.
func (c testCase) report(t testing.TB) (r Report, text string) {
	t.Helper()
	status, stdout, stderr := c.run("-json")
	if status != 0 {
		t.Fatal(stderr)
	}
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r, stdout
}

// answered are the cases that print a report.
func answered(t testing.TB, each func(name string, c testCase)) {
	for _, file := range cases(t) {
		c := readCase(t, file)
		if status, _, _ := c.run("-json"); status == 0 && !slices.Contains(c.args, "-h") {
			each(file, c)
		}
	}
}

// The JSON holds everything: it can be read back and printed again, and the text is made of
// nothing else.
func TestJSONHoldsTheText(t *testing.T) {
	answered(t, func(name string, c testCase) {
		r, stdout := c.report(t)
		var again, text bytes.Buffer
		if err := prose.JSON(&again, &r); err != nil || again.String() != stdout {
			t.Errorf("%s: JSON changes on the way through Report: %v", name, err)
		}
		if slices.Contains(c.args, "-json") {
			return
		}
		_, want, _ := c.run()
		if err := writeText(&text, &r, slices.Contains(c.args, "-all")); err != nil || text.String() != want {
			t.Errorf("%s: the text has something that the JSON lacks", name)
		}
	})
}

// Each finding has a severity, a subject and a rule, and each change says what comes of it.
func TestFindingsAreWhole(t *testing.T) {
	answered(t, func(name string, c testCase) {
		r, _ := c.report(t)
		last := 0
		for _, f := range r.Findings {
			at := slices.Index(severities, f.Severity)
			if at < last || f.About == "" || f.Text == "" || len(f.Rules) == 0 || !strings.HasSuffix(f.Text, ".") && !strings.HasSuffix(f.Text, ")") {
				t.Errorf("%s: %+v", name, f)
			}
			last = at
			for _, ch := range f.Changes {
				if ch.Set == "" || !strings.HasSuffix(ch.Then, ".") {
					t.Errorf("%s: %+v", name, ch)
				}
			}
		}
	})
}

// Each tree is judged by the rules of many releases: whatever a machine shows gets an answer.
func TestManyReleases(t *testing.T) {
	names := []string{"2.6.32-642.el6.x86_64", "3.10.0-1160.el7.x86_64", "4.18.0-147.el8.x86_64", "5.15.0-119-generic"}
	for i, r := range rowtest.Mainline() {
		if i%5 == 0 {
			names = append(names, r.String())
		}
	}
	for _, file := range []string{"everything-3.10", "ports-5.10"} {
		c := readCase(t, filepath.Join("testdata", file+".txt"))
		for _, name := range names {
			if status, stdout, stderr := c.run("-release", name); status != 0 || !strings.HasPrefix(stdout, "Linux "+name) {
				t.Errorf("%s on %s: %d, %s", file, name, status, stderr)
			}
		}
	}
}

// TestReportFieldsAreDocumented keeps JSON names lower case and present.
func TestReportFieldsAreDocumented(t *testing.T) { golden.JSONNames(t, reflect.TypeFor[Report]()) }

// A broken pipe is told, and the exit status says so.
func TestWriteError(t *testing.T) {
	c := readCase(t, "testdata/live-once.txt")
	var errs bytes.Buffer
	status := run([]string{"-for", "0"}, environment{
		proc: c.tree("first"), diag: func() ([]machine.DiagSocket, error) { return nil, errors.New("x") },
		stdout: failing{}, stderr: &errs,
	})
	if status != 1 || !strings.Contains(errs.String(), "full") {
		t.Error(status, errs.String())
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }
