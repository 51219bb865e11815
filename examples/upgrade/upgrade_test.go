package main

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"example.com/linuxtcp/internal/golden"
	"example.com/linuxtcp/kernel"
)

var nothing = fstest.MapFS{}

// proc is that of a machine with files below sys, as "net/core/somaxconn=4096".
func proc(release string, files ...string) fs.FS {
	m := fstest.MapFS{"meminfo": {Data: []byte("MemTotal: 4194304 kB\n")}}
	for _, f := range append(files, "kernel/osrelease="+release) {
		name, value, _ := strings.Cut(f, "=")
		m["sys/"+name] = &fstest.MapFile{Data: []byte(value + "\n")}
	}
	return m
}

// commands are run by the golden tests; what each prints is testdata/NAME.golden.
var commands = []struct {
	name, args string
	proc       fs.FS
}{
	{"help", "-h", nothing},
	{"rhel7", "-from 3.10.0-1160.el7 -to 6.12", nothing},
	{"somaxconn-set", "-from 4.4.155 -to 5.10.223 -somaxconn 1024 -tcp_syncookies 0", nothing},
	{"recycle", "-from 3.10.108 -to 4.12 -tcp_tw_recycle 1 -all", nothing},
	{"stable", "-from 6.1.124 -to 6.1.125 -backlog 128", nothing},
	{"lost", "-from 4.19.209 -to 5.3 -memory 512", nothing},
	{"same", "-from 6.18.44 -to 6.18.44", nothing},
	{"refused", "-from 4.19 -to 3.10.108 -somaxconn 131072 -hz 1000", nothing},
	{"machine", "", proc("5.10.223", "net/core/somaxconn=512", "net/ipv4/tcp_tw_reuse=1", "net/ipv4/ip_local_port_range=1024\t65535")},
	{"newest", "", proc("7.2.13")},
	{"beyond", "-to 6.18.44", proc("9.9.9")},
	{"no-proc", "", nothing},
	{"json", "-from 3.10.0-1160.el7 -to 6.12 -json", nothing},
}

func TestGolden(t *testing.T) {
	for _, c := range commands {
		status, out, complaint := command(strings.Fields(c.args), c.proc)
		if status != 0 || complaint != "" {
			t.Errorf("%s: status %d: %s", c.name, status, complaint)
			continue
		}
		golden.Check(t, filepath.Join("testdata", c.name+".golden"), string(out))
	}
}

// Every mistake names the flag, the value and the rule, prints nothing else and ends with 2.
func TestBadInput(t *testing.T) {
	for line, want := range map[string]string{
		"-from linux":                          `-from: kernel: release "linux"`,
		"-from 9.9":                            "newer than 7.2",
		"-to 2.4.1":                            "-to: kernel:",
		"-backlog x":                           `invalid value "x" for flag -backlog: a whole number from -2147483648`,
		"-flood 0":                             "from 1 to 10000",
		"-flood 10001":                         "from 1 to 10000",
		"-memory 0":                            "from 1 to 67108864",
		"-hz 200":                              "invalid value \"200\" for flag -hz: kernels are built with 100, 250, 300 or 1000",
		"-range 9":                             `-range "9"`,
		"-range 1 2":                           `argument "2": only flags are taken`,
		"-nonsense":                            "flag provided but not defined: -nonsense",
		"-from 5.10 -to 6.1 -tcp_tw_recycle 1": "-tcp_tw_recycle 1: neither 5.10 nor 6.1 has net.ipv4.tcp_tw_recycle",
		"-from 5.10 -to 6.1 -tcp_syn_retries 128": "-tcp_syn_retries 128: 1 to 127 is what net.ipv4.tcp_syn_retries takes",
	} {
		status, out, complaint := command(strings.Fields(line), nothing)
		if status != 2 || len(out) != 0 || !strings.Contains(complaint, want) {
			t.Errorf("%s: status %d, %q, %q; want %q", line, status, out, complaint, want)
		}
	}
}

func reportOf(t *testing.T, line string) (r Report) {
	t.Helper()
	_, out, complaint := command(append(strings.Fields(line), "-json"), nothing)
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%s: %v, %s", line, err, complaint)
	}
	return r
}

// Every row of kernel.Diff is told, below an example or among the others, and none twice there.
func TestEveryRowIsTold(t *testing.T) {
	for _, pair := range [][2]string{{"2.6.32", "7.2"}, {"3.10.108", "4.4"}, {"4.19.78", "5.10.223"}, {"6.12.117", "6.13"}, {"6.1", "4.4"}} {
		r := reportOf(t, "-from "+pair[0]+" -to "+pair[1])
		told := make(map[string]int)
		for _, d := range r.Decisions {
			if d.From == d.To {
				t.Errorf("%v: %s does not differ", pair, d.Title)
			}
			for _, c := range d.Changes {
				told[c.ID] = 1
			}
		}
		for _, c := range r.Others {
			told[c.ID]++
		}
		gained, lost := kernel.Diff(kernel.MustParse(pair[0]), kernel.MustParse(pair[1]))
		for _, c := range append(gained, lost...) {
			if told[c.ID] != 1 {
				t.Errorf("%v: %s is told %d times", pair, c.ID, told[c.ID])
			}
		}
	}
}

// A downgrade is the upgrade read backwards.
func TestBackwards(t *testing.T) {
	there, back := reportOf(t, "-from 4.4.155 -to 6.18.44"), reportOf(t, "-from 6.18.44 -to 4.4.155")
	if len(there.Decisions) != len(back.Decisions) || len(there.Decisions) == 0 {
		t.Fatal(len(there.Decisions), len(back.Decisions))
	}
	for i, d := range there.Decisions {
		if b := back.Decisions[i]; d.From != b.To || d.To != b.From {
			t.Errorf("%s: %q %q, and back %q %q", d.Title, d.From, d.To, b.From, b.To)
		}
	}
}

// The collision ends as package host's own test of two hosts has it.
func TestCollisionByRelease(t *testing.T) {
	for pair, want := range map[string][2]string{
		"-from 3.0 -to 3.10.108":    {"is connected after 3", "fails with ETIMEDOUT after 127"},
		"-from 4.4.155 -to 6.18.44": {"is connected after 1", "is connected after 0.0"},
	} {
		for _, d := range reportOf(t, pair).Decisions {
			if strings.Contains(d.Title, "CLOSE-WAIT that") && (!strings.HasPrefix(d.From, want[0]) || !strings.HasPrefix(d.To, want[1])) {
				t.Errorf("%s: %q, %q", pair, d.From, d.To)
			}
		}
	}
}
