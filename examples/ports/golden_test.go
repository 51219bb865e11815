package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/linuxtcp/internal/golden"
)

// machine makes a /proc of a release and of what stands in /proc/sys/net/ipv4, as
// "name=value".
func machine(release string, sysctls ...string) fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text + "\n")} }
	proc := fstest.MapFS{"sys/kernel/osrelease": file(release), "meminfo": file("MemTotal: 4000000 kB")}
	for _, s := range sysctls {
		name, value, _ := strings.Cut(s, "=")
		proc["sys/net/ipv4/"+name] = file(value)
	}
	return proc
}

// withConfig adds a /proc/config.gz.
func withConfig(proc fstest.MapFS, text string) fstest.MapFS {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	proc["config.gz"] = &fstest.MapFile{Data: b.Bytes()}
	return proc
}

// modern is a machine of today, old one of 2013.
func modern() fs.FS {
	return withConfig(machine("6.18.44", "ip_local_port_range=32768\t60999", "ip_local_reserved_ports=", "tcp_tw_reuse=2",
		"tcp_tw_reuse_delay=1000", "tcp_timestamps=1", "tcp_max_tw_buckets=131072"), "CONFIG_HZ_1000=y\nCONFIG_HZ=1000\n")
}

func old() fs.FS {
	return machine("3.10.108", "ip_local_port_range=1024\t65000", "ip_local_reserved_ports=8080,9000-9010", "tcp_tw_reuse=1",
		"tcp_timestamps=1", "tcp_max_tw_buckets=16384")
}

func nothing() fs.FS { return fstest.MapFS{} }

// A goldenCase is a command line and the machine that it runs on; what it prints is
// testdata/NAME.golden.
type goldenCase struct {
	name string
	proc func() fs.FS
	args []string
}

func args(text string) []string { return strings.Fields(text) }

var goldenCases = []goldenCase{
	{"help", nothing, args("-h")},
	{"machine", modern, nil},
	{"machine-rate", modern, args("-rate 500")},
	{"machine-reuse", modern, args("-rate 500 -reuse 1")},
	{"machine-loopback", modern, args("-loopback -rate 20000")},
	{"machine-old", old, args("-rate 300")},
	{"machine-hz-unread", func() fs.FS { return machine("5.10.223", "ip_local_port_range=32768\t60999") }, nil},
	{"machine-no-timestamps", func() fs.FS { return machine("4.19.78", "tcp_timestamps=0") }, nil},
	{"newer", func() fs.FS { return machine("9.9.9") }, nil},
	{"no-proc", nothing, args("-rate 100")},
	{"2.6.32", nothing, args("-release 2.6.32 -rate 300")},
	{"3.10.108", nothing, args("-release 3.10.108 -rate 5 -open 30s")},
	{"4.4", nothing, args("-release 4.4 -rate 470 -sources 2 -destinations 3")},
	{"5.10.223", nothing, args("-release 5.10.223 -rate 465 -hz 1000")},
	{"6.18.44", nothing, args("-release 6.18.44 -rate 1000000 -server-closes")},
	{"ubuntu", nothing, args("-release 5.15.0-91-generic")},
	{"bind", nothing, args("-release 6.18.44 -destinations 10 -bind -rate 1000")},
	{"bind-3.2", nothing, args("-release 3.2 -destinations 10 -bind -sources 2 -rate 1000")},
	{"bind-6.1.0", nothing, args("-release 6.1.0-18-amd64 -bind")},
	{"bind-wildcard", nothing, args("-release 5.10.223 -bind=wildcard -sources 3 -rate 400")},
	{"three-ports", nothing, append(args("-release 6.18.44 -rate 3 -range"), "61000 61002")},
	{"three-ports-4.4", nothing, append(args("-release 4.4 -range"), "61000 61002")},
	{"five-ports", nothing, append(args("-release 7.2 -rate 0.07 -range"), "61000 61004")},
	{"all-reserved", nothing, append(args("-release 5.10.223 -rate 1 -reserved 61000-61001 -range"), "61000 61001")},
	{"wide", nothing, append(args("-release 6.18.44 -rate 900 -buckets 16384 -range"), "1024 65535")},
	{"6.1.0", nothing, args("-release 6.1.0-18-amd64 -bind=false")},
	{"near-the-cliff", nothing, args("-release 6.18.44 -rate 225")},
	{"low-end", nothing, args("-release 6.18.44 -rate 970")},
	{"last-port", nothing, append(args("-release 4.4 -server-closes -open 1s -rate 2 -range"), "61000 61001")},
	{"idle-wheel", nothing, append(args("-release 3.10.108 -range"), "61000 61499")},
	{"bind-reuse", nothing, args("-release 6.18.44 -bind=address -reuse 1")},
	{"bind-wildcard-one", nothing, args("-release 5.10.223 -bind=wildcard")},
	{"curve-small", nothing, append(args("-release 6.18.44 -curve -range"), "61000 61003")},
	{"curve-bind", nothing, args("-release 5.10.223 -curve -bind")},
	{"curve-bind-4.4", nothing, args("-release 4.4 -curve -bind=wildcard")},
	{"rhel7", nothing, args("-release 3.10.0-693.el7.x86_64")},
	{"curve", nothing, args("-release 6.18.44 -curve")},
	{"curve-4.4", nothing, args("-release 4.4 -curve")},
	{"curve-csv", nothing, args("-release 6.18.44 -curve -csv")},
	{"race", nothing, args("-release 2.6.32 -race")},
	{"race-rhel", nothing, args("-release 2.6.32-431.el6.x86_64 -race")},
	{"json", modern, args("-json -rate 500 -curve -race")},
}

func (c goldenCase) run(extra ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(append(c.args[:len(c.args):len(c.args)], extra...), environment{proc: c.proc(), stdout: &out, stderr: &errs})
	return status, out.String(), errs.String()
}

// TestGolden runs every case. With -update it writes what came out.
func TestGolden(t *testing.T) {
	known := make(map[string]bool)
	for _, c := range goldenCases {
		t.Run(c.name, func(t *testing.T) {
			status, got, stderr := c.run()
			if stderr != "" || status != 0 {
				t.Fatalf("status %d: %s", status, stderr)
			}
			golden.Check(t, filepath.Join("testdata", c.name+".golden"), got)
		})
		known[c.name+".golden"] = true
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f.Name()] {
			t.Errorf("testdata/%s belongs to no case", f.Name())
		}
	}
}

// report is the Report that a case prints as JSON.
func (c goldenCase) report(t *testing.T) Report {
	t.Helper()
	status, stdout, stderr := c.run("-json")
	if status != 0 {
		t.Fatalf("%s: status %d: %s", c.name, status, stderr)
	}
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	var r Report
	if err := d.Decode(&r); err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	var again bytes.Buffer
	if err := writeJSON(&again, &r); err != nil {
		t.Fatal(err)
	}
	if again.String() != stdout {
		t.Errorf("%s: JSON changes on the way through Report", c.name)
	}
	return r
}

// TestTextIsOfTheReport holds the text to what is in the JSON: it is printed from the
// same Report, and nothing else.
func TestTextIsOfTheReport(t *testing.T) {
	for _, c := range goldenCases {
		if c.name == "help" || c.name == "json" || c.name == "curve-csv" {
			continue
		}
		_, text, _ := c.run()
		r := c.report(t)
		var again bytes.Buffer
		if err := writeText(&again, &r); err != nil {
			t.Fatal(err)
		}
		if again.String() != text {
			t.Errorf("%s: the text has something that the JSON lacks", c.name)
		}
	}
}

// TestSameAgain: equal flags, equal output.
func TestSameAgain(t *testing.T) {
	for _, c := range goldenCases {
		_, first, _ := c.run()
		if _, second, _ := c.run(); first != second {
			t.Errorf("%s: two runs differ", c.name)
		}
	}
}

// TestOneRowIsCurrent: the flags and sysctls describe one row of the table, and what is
// sure is never above what is most.
func TestOneRowIsCurrent(t *testing.T) {
	for _, c := range goldenCases {
		if c.name == "help" || c.name == "curve-csv" {
			continue
		}
		n := 0
		for _, row := range c.report(t).Rates {
			if row.Current {
				n++
			}
			if row.Sure > row.Most || row.HoldMin > row.HoldMax {
				t.Errorf("%s: %+v", c.name, row)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d rows are current", c.name, n)
		}
	}
}

// TestReportFieldsAreDocumented keeps JSON names lower case and present.
func TestReportFieldsAreDocumented(t *testing.T) { golden.JSONNames(t, reflect.TypeFor[Report]()) }

// TestHelpNamesEveryFlag: each flag that is taken stands in the help.
func TestHelpNamesEveryFlag(t *testing.T) {
	for _, name := range args("rate destinations sources open server-closes bind loopback release range reserved reuse buckets hz curve csv race json") {
		if !strings.Contains(helpText, "\n  -"+name) {
			t.Errorf("-%s is not in the help", name)
		}
	}
	for i, line := range strings.Split(helpText, "\n") {
		if len(line) > 100 {
			t.Errorf("line %d of the help is %d long", i+1, len(line))
		}
	}
}

// TestRateAgainstTable: what the table calls sure lasts for ever at -rate, and what is
// above its most fails.
func TestRateAgainstTable(t *testing.T) {
	for _, release := range []string{"2.6.32", "3.10.108", "4.4", "5.10.223", "6.18.44", "7.2"} {
		for _, more := range []string{"", "-reuse 1", "-server-closes", "-bind -sources 3", "-destinations 4", "-open 45s"} {
			c := goldenCase{release + more, nothing, args("-release " + release + " " + more)}
			row := current(c.report(t).Rates)
			at := func(rate float64) *AtRateReport {
				d := c
				d.args = append(args(fmt.Sprintf("-rate %.9f", rate)), c.args...)
				return d.report(t).AtRate
			}
			if a := at(row.Sure * 0.999); !a.Lasts {
				t.Errorf("%s: %v/s should last: %+v", c.name, row.Sure, a)
			}
			if a := at(row.Most * 1.001); a.Lasts || !a.Fails || a.Earliest > a.Latest {
				t.Errorf("%s: %v/s should fail: %+v", c.name, row.Most, a)
			}
		}
	}
}
