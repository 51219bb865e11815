package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/linuxtcp/internal/golden"
	"example.com/linuxtcp/internal/machine"
)

// A testCase is a file of testdata: a comment, "args:" with the flags, perhaps
// "deny:" with a file of /proc that may not be read, and the files of /proc, each
// under "-- name --". The section netlink stands for the kernel's answer (address,
// inode, limit, perhaps "v6only"), without it netlink is refused; stdin is standard
// input.
type testCase struct {
	args  []string
	proc  golden.DenyFS
	diag  func() ([]machine.DiagSocket, error)
	stdin string
}

func readCase(t *testing.T, file string) testCase {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := testCase{proc: golden.DenyFS{MapFS: fstest.MapFS{}}}
	c.diag = func() ([]machine.DiagSocket, error) {
		return nil, errors.New("netlink socket: operation not permitted")
	}
	var section string
	for line := range bytes.Lines(text) {
		s := string(line)
		name, ok := strings.CutPrefix(strings.TrimSpace(s), "-- ")
		switch {
		case ok && strings.HasSuffix(name, " --"):
			section = strings.TrimSuffix(name, " --")
			c.proc.MapFS[section] = &fstest.MapFile{}
		case section != "":
			c.proc.MapFS[section].Data = append(c.proc.MapFS[section].Data, s...)
		case strings.HasPrefix(s, "args:"):
			c.args = strings.Fields(s[len("args:"):])
		case strings.HasPrefix(s, "deny:"):
			c.proc.Denied = []string{strings.TrimSpace(s[len("deny:"):])}
		}
	}
	if f, ok := c.proc.MapFS["stdin"]; ok {
		c.stdin = string(f.Data)
		delete(c.proc.MapFS, "stdin")
	}
	if f, ok := c.proc.MapFS["netlink"]; ok {
		sockets := parseTestDiag(t, string(f.Data))
		c.diag = func() ([]machine.DiagSocket, error) { return sockets, nil }
		delete(c.proc.MapFS, "netlink")
	}
	return c
}

func parseTestDiag(t *testing.T, text string) (sockets []machine.DiagSocket) {
	t.Helper()
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		inode, err1 := strconv.ParseUint(f[1], 10, 64)
		limit, err2 := strconv.ParseUint(f[2], 10, 32)
		if err1 != nil || err2 != nil {
			t.Fatalf("netlink line %q", line)
		}
		sockets = append(sockets, machine.DiagSocket{Local: netip.MustParseAddrPort(f[0]), Inode: inode, AcceptLimit: uint32(limit), V6Only: len(f) > 3})
	}
	return sockets
}

func (c testCase) run(extra ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(append(c.args, extra...), environment{
		proc: c.proc, diag: c.diag, stdin: strings.NewReader(c.stdin), stdout: &out, stderr: &errs,
		open: func(name string) (io.ReadCloser, error) {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
	})
	return status, out.String(), errs.String()
}

func cases(t *testing.T) []string {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return files
}

// TestGolden runs every case of testdata. With -update it writes what came out.
func TestGolden(t *testing.T) {
	for _, file := range cases(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
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
}

// TestJSONRoundTrip reads every case's JSON back into a Report that prints the same.
func TestJSONRoundTrip(t *testing.T) {
	for _, file := range cases(t) {
		c := readCase(t, file)
		status, stdout, _ := c.run("-json")
		if status != 0 || strings.Contains(file, "help") {
			continue
		}
		d := json.NewDecoder(strings.NewReader(stdout))
		d.DisallowUnknownFields()
		var r Report
		if err := d.Decode(&r); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var again bytes.Buffer
		if err := writeJSON(&again, &r); err != nil {
			t.Fatal(err)
		}
		if again.String() != stdout {
			t.Errorf("%s: JSON changes on the way through Report", file)
		}
	}
}

// TestTextIsOfTheReport holds the text to what is in the JSON: it is printed from
// the same Report, and nothing else.
func TestTextIsOfTheReport(t *testing.T) {
	for _, file := range cases(t) {
		if strings.HasSuffix(file, "json.txt") || strings.HasSuffix(file, "help.txt") {
			continue
		}
		c := readCase(t, file)
		status, text, _ := c.run()
		if status != 0 {
			continue
		}
		_, stdout, _ := c.run("-json")
		var r Report
		if err := json.Unmarshal([]byte(stdout), &r); err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := writeText(&again, &r); err != nil {
			t.Fatal(err)
		}
		if again.String() != text {
			t.Errorf("%s: the text has something that the JSON lacks", file)
		}
	}
}

// TestReportFieldsAreDocumented keeps JSON names lower case and present.
func TestReportFieldsAreDocumented(t *testing.T) { golden.JSONNames(t, reflect.TypeFor[Report]()) }
