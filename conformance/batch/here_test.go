package batch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/script"
)

func load(t testing.TB) []*script.Script {
	t.Helper()
	files, err := filepath.Glob("testdata/*.script")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts: ", err)
	}
	var scripts []*script.Script
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s, err := script.Parse(f, string(b))
		if err != nil {
			t.Fatal(err)
		}
		scripts = append(scripts, s)
	}
	return scripts
}

// TestOwn runs what takes little time here, and plays it again.
func TestOwn(t *testing.T) {
	if unix.Geteuid() != 0 {
		t.Skip("needs root, to make network namespaces and TUN devices")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("needs a TUN device: ", err)
	}
	traces, err := Own{Longest: 5 * time.Second}.Run(load(t))
	if err != nil {
		t.Skip("needs a network namespace: ", err)
	}
	if len(traces) == 0 {
		t.Fatal("no script is short enough")
	}
	for i := range traces {
		tr := &traces[i]
		if tr.Err != "" {
			t.Errorf("%s: %s", tr.Script, tr.Err)
			continue
		}
		var b strings.Builder
		if err := WriteTrace(&b, 7, tr); err != nil {
			t.Fatal(err)
		}
		var r Reader
		for line := range strings.Lines(b.String()) {
			r.Line(strings.TrimRight(line, "\n"))
		}
		again, err := r.Trace(7)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range load(t) {
			if s.Name != tr.Script {
				continue
			}
			results, err := script.Run(s, again.System())
			if err != nil {
				t.Error(err)
			}
			for j, res := range results {
				t.Log(s.Steps[j].String(), res.At, res.End-res.At)
				for _, a := range res.Answers {
					t.Log("    ", a)
				}
			}
		}
	}
}

func TestReader(t *testing.T) {
	tr := Trace{Script: "x", Err: strings.Repeat("long and random enough? ", 3), Steps: make([]Step, 40)}
	for i := range tr.Steps {
		tr.Steps[i].Seen.At = time.Duration(i * i * 7919)
	}
	var b strings.Builder
	if err := WriteTrace(&b, 3, &tr); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) < 2 {
		t.Fatalf("%d lines", len(lines))
	}
	var r Reader
	for _, l := range lines[1:] {
		r.Line("[    1.0] a message of the kernel" + l)
	}
	if _, err := r.Trace(3); err == nil {
		t.Error("a trace with a line missing is complete")
	}
	if r.Line(strings.Replace(lines[0], "A", "B", 1)); r.Bad != 1 {
		t.Errorf("%d bad lines, want 1", r.Bad)
	}
	if r.Line("an ordinary line") {
		t.Error("an ordinary line belongs to a trace")
	}
	r.Line(lines[0])
	got, err := r.Trace(3)
	if err != nil || len(got.Steps) != 40 || got.Steps[39].Seen.At != tr.Steps[39].Seen.At {
		t.Errorf("%v, %d steps", err, len(got.Steps))
	}
}
