package asked

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/linuxtcp/kernel"
)

func TestMemTotal(t *testing.T) {
	for text, want := range map[string]uint64{
		"MemTotal:       16384256 kB\nMemFree: 1 kB\n": 16384256 << 10,
		"MemFree: 1 kB\n":  0,
		"MemTotal: x kB\n": 0,
		"MemTotal:\n":      0,
	} {
		if got, ok := memTotal([]byte(text)); got != want && ok || ok != (want != 0) {
			t.Errorf("%q: %d, %v", text, got, ok)
		}
	}
}

func TestFind(t *testing.T) {
	proc := func(release string) fs.FS {
		return fstest.MapFS{"sys/kernel/osrelease": &fstest.MapFile{Data: []byte(release + "\n")}}
	}
	for _, test := range []struct {
		proc       fs.FS
		name       string
		release    string
		from       string
		running    bool
		says, errs string
	}{
		{proc("5.10.223"), "", "5.10.223", "this machine", true, "", ""},
		{proc("5.10.223"), "4.4", "4.4", "named by -release", false, "", ""},
		{proc("9.9.9"), "", "7.2", "nearest to this machine", true, "runs 9.9.9, outside the range", ""},
		{fstest.MapFS{}, "", FallbackRelease, "assumed", false, "file does not exist: Linux " + FallbackRelease + " is assumed", ""},
		{proc("5.10.223"), "linux", "", "", false, "", "-release: kernel: release \"linux\""},
	} {
		k, err := Find(test.proc, test.name, "-release")
		if err != nil || test.errs != "" {
			if err == nil || test.errs == "" || !strings.Contains(err.Error(), test.errs) {
				t.Errorf("%q: error %v, want %q", test.name, err, test.errs)
			}
			continue
		}
		if !strings.HasPrefix(k.Release.String(), test.release) || k.From != test.from || k.Running != test.running ||
			!strings.Contains(k.Note+k.Unread, test.says) || test.says == "" && k.Note+k.Unread != "" {
			t.Errorf("%q: %+v, %v", test.name, k, k.Release)
		}
	}
}

func TestMemory(t *testing.T) {
	if n, ok := Memory(fstest.MapFS{"meminfo": &fstest.MapFile{Data: []byte("MemTotal: 2 kB\n")}}); n != 2048 || !ok {
		t.Error(n, ok)
	}
	if _, ok := Memory(fstest.MapFS{}); ok {
		t.Error("memory of nothing")
	}
}

func TestPlainError(t *testing.T) {
	if got := PlainError(&fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}); got != fs.ErrNotExist {
		t.Error(got)
	}
	if err := errors.New("x"); PlainError(err) != err {
		t.Error("changed")
	}
}

func TestMendRange(t *testing.T) {
	r := kernel.MustParse("6.18")
	for _, test := range []struct {
		low, high int
		mended    bool
	}{{0, 0, false}, {1, 65535, false}, {5, 5, false}, {0, 5, true}, {5, 65536, true}, {6, 5, true}} {
		sys := kernel.Sysctls{IPLocalPortRange: kernel.PortRange{Low: test.low, High: test.high}}
		unread := MendRange(&sys, r)
		if (unread != "") != test.mended || test.mended && (sys.IPLocalPortRange != kernel.PortRange{}) {
			t.Errorf("%+v: %q, %v", test, unread, sys.IPLocalPortRange)
		}
	}
}

// That 250 is assumed is told where it matters.
func TestRunningHZ(t *testing.T) {
	for release, want := range map[string]bool{"4.0": false, "4.8": true} {
		sem := kernel.MustParse(release).Semantics()
		if hz, from, unread := RunningHZ(&sem, fstest.MapFS{}); hz != FallbackHZ || from != "assumed" || (unread != "") != want {
			t.Errorf("%s: %d, %s, %q", release, hz, from, unread)
		}
	}
}
