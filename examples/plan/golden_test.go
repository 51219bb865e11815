package main

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/linuxtcp/internal/golden"
	"example.com/linuxtcp/internal/prose"
)

// machine makes a /proc of a release and of what stands in /proc/sys, as "net/core/somaxconn=128".
func machine(release string, sysctls ...string) fs.FS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text + "\n")} }
	proc := fstest.MapFS{"sys/kernel/osrelease": file(release), "meminfo": file("MemTotal: 16000000 kB")}
	for _, s := range sysctls {
		name, value, _ := strings.Cut(s, "=")
		proc["sys/net/"+name] = file(value)
	}
	return proc
}

// modern is a machine of today.
func modern() fs.FS {
	return machine("6.18.44", "core/somaxconn=4096", "ipv4/tcp_max_syn_backlog=2048", "ipv4/tcp_syncookies=1", "ipv4/tcp_abort_on_overflow=0",
		"ipv4/tcp_synack_retries=5", "ipv4/tcp_max_tw_buckets=131072", "ipv4/tcp_timestamps=1", "ipv4/tcp_tw_reuse=2",
		"ipv4/tcp_tw_reuse_delay=1000", "ipv4/ip_local_port_range=32768\t60999")
}

func old() fs.FS {
	return machine("3.10.108", "core/somaxconn=128", "ipv4/tcp_tw_recycle=1", "ipv4/tcp_max_syn_backlog=512", "ipv4/ip_local_port_range=1024\t65000")
}

func nothing() fs.FS { return fstest.MapFS{} }

// A goldenCase is a command line and the machine that it runs on; what it prints is testdata/NAME.golden.
type goldenCase struct {
	name string
	proc func() fs.FS
	args []string
}

func args(text string) []string { return strings.Fields(text) }

// quick makes a load small.
const quick = " -rate 800 -for 11s -every 4s -runs 4"

var goldenCases = []goldenCase{
	{"help", nothing, args("-h")},
	{"default", modern, nil},
	{"backlog", modern, args("-backlog 128" + quick)},
	{"somaxconn", nothing, args("-release 5.10.223 -backlog 511 -somaxconn 64" + quick)},
	{"lose", nothing, args("-release 6.12.117 -backlog 150 -lose 0.2%" + quick)},
	{"overload", nothing, args("-release 6.12.117 -workers 3 -service 4ms -backlog 256" + quick)},
	{"nearly-overload", nothing, args("-release 6.12.117 -workers 4 -service 4ms -fixed -stall 0s" + quick)},
	{"slow-accept", nothing, args("-release 6.12.117 -accept 2ms -backlog 64" + quick)},
	{"no-cookies", nothing, args("-release 6.12.117 -tcp_syncookies 0 -tcp_max_syn_backlog 16 -backlog 64" + quick)},
	{"cookies", nothing, args("-release 4.4.155 -backlog 8 -arrivals bursts=500ms -stall 0s" + quick)},
	{"abort", nothing, args("-release 4.4.155 -tcp_abort_on_overflow 1 -backlog 64 -patience 2s" + quick)},
	{"close-client", nothing, args("-release 6.12.117 -close client -backlog 256" + quick)},
	{"onoff", nothing, args("-release 6.12.117 -arrivals onoff=1s/2s -backlog 256" + quick)},
	{"ramp", nothing, args("-release 6.12.117 -arrivals ramp=100 -workers 8 -backlog 256" + quick)},
	{"file", nothing, args("-release 6.12.117 -arrivals file=trace -backlog 2 -stall 1s -for 5s -every 4s -runs 1")},
	{"16-bits", nothing, args("-release 2.6.32 -somaxconn 65536 -backlog 65536" + quick)},
	{"old-users", nothing, args("-release 6.12.117 -users 2.6.32 -backlog 64" + quick)},
	{"across", nothing, args("-release 6.12.117 -backlog 64 -across -rate 500 -for 5s -every 4s -runs 2")},
	{"machine-old", old, args("-rate 300 -for 5s -every 4s -runs 2 -arrivals constant")},
	{"ubuntu", nothing, args("-release 5.15.0-91-generic -backlog 32 -rate 300 -for 5s -every 4s -runs 2")},
	{"sysctl-file", nothing, args("-release 5.10.223 -sysctl sysctls -rate 300 -for 5s -every 4s -runs 2")},
	{"json", nothing, args("-release 6.12.117 -backlog 64 -rate 500 -for 5s -every 4s -runs 2 -across -curve -json")},
	{"client", modern, args("-side client")},
	{"client-lasts", modern, args("-side client -rate 300")},
	{"client-near", modern, args("-side client -rate 460")},
	{"client-bind", nothing, args("-side client -release 6.12.117 -bind -destinations 10 -rate 1000")},
	{"client-server-closes", nothing, args("-side client -release 6.12.117 -close server -rate 100000")},
	{"client-old", old, args("-side client -rate 500 -tcp_tw_reuse 1 -sources 2")},
	{"client-loopback", modern, args("-side client -loopback -rate 20000 -tcp_tw_reuse_delay 1")},
	{"client-confirm", nothing, append(args("-side client -release 6.12.117 -rate 20 -confirm -range"), "61000 61099")},
	{"client-json", nothing, append(args("-side client -release 5.10.223 -rate 2 -confirm -json -range"), "61000 61019")},
}

// files are what -arrivals and -sysctl open.
var files = map[string]string{
	"trace":   "# ten within a second, while the program stalls\n1.9\n2.1\n2200ms\n2.21\n2.22\n2.23\n2.24\n2.25\n2.3\n4\n99\n",
	"sysctls": "kernel.osrelease = 5.10.223\nnet.core.somaxconn = 32\nnet.ipv4.tcp_syncookies = 0\nnet.ipv4.tcp_synack_retries = 3\n",
	"bad":     "tomorrow\n",
}

func (c goldenCase) env(stdout, stderr io.Writer) environment {
	return environment{
		proc: c.proc(), stdin: strings.NewReader("net.core.somaxconn = 7\n"), stdout: stdout, stderr: stderr,
		open: func(name string) (io.ReadCloser, error) {
			text, ok := files[name]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
			}
			return io.NopCloser(strings.NewReader(text)), nil
		},
	}
}

func (c goldenCase) run(extra ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(append(slices.Clone(c.args), extra...), c.env(&out, &errs))
	return status, out.String(), errs.String()
}

// TestGolden runs every case, and prints each answer again from its JSON: the text is of the Report and of nothing
// else. With -update it writes what came out.
func TestGolden(t *testing.T) {
	known := make(map[string]bool)
	for _, c := range goldenCases {
		known[c.name+".golden"] = true
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			status, text, stderr := c.run()
			if stderr != "" || status != 0 {
				t.Fatalf("status %d: %s", status, stderr)
			}
			golden.Check(t, filepath.Join("testdata", c.name+".golden"), text)
			if c.name == "help" || c.name == "default" {
				return
			}
			_, asJSON, _ := c.run("-json")
			d := json.NewDecoder(strings.NewReader(asJSON))
			d.DisallowUnknownFields()
			var r Report
			if err := d.Decode(&r); err != nil {
				t.Fatal(err)
			}
			var again bytes.Buffer
			if err := prose.JSON(&again, &r); err != nil || again.String() != asJSON {
				t.Errorf("JSON changes on the way through Report, %v", err)
			}
			again.Reset()
			if err := writeText(&again, &r); err != nil || again.String() != text && !slices.Contains(c.args, "-json") {
				t.Errorf("the text has something that the JSON lacks, %v", err)
			}
		})
	}
	list, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if !known[f.Name()] {
			t.Errorf("testdata/%s belongs to no case", f.Name())
		}
	}
}

// TestReportFieldsAreDocumented keeps JSON names lower case and present.
func TestReportFieldsAreDocumented(t *testing.T) { golden.JSONNames(t, reflect.TypeFor[Report]()) }

// TestHelpNamesEveryFlag: each flag that is taken stands in the help.
func TestHelpNamesEveryFlag(t *testing.T) {
	_, help, _ := goldenCases[0].run()
	names := append(slices.Concat(serverFlags, clientFlags), args("side rate close release sysctl memory hz json")...)
	for _, s := range sysctlFlags() {
		names = append(names, shortName(s))
	}
	for _, name := range names {
		if !strings.Contains(help, "\n  -"+name+" ") {
			t.Errorf("-%s is not in the help", name)
		}
	}
	for i, line := range strings.Split(help, "\n") {
		if len(line) > 100 {
			t.Errorf("line %d of the help is %d long", i+1, len(line))
		}
	}
}
