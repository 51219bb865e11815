package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"example.com/linuxtcp/internal/golden"
)

// A goldenCase is a command line; what it prints is testdata/NAME.golden.
type goldenCase struct{ name, args string }

var goldenCases = []goldenCase{
	{"help", "-h"},
	{"all", ""},
	{"queues", "-incident queues"},
	{"nat", "-incident nat"},
	{"nat-4.12", "-incident 2 -release 4.12"},
	{"nat-client-4.10", "-incident nat -client 4.10"},
	{"nat-client-4.11", "-incident nat -client 4.11 -release 4.11"},
	{"race", "-incident race"},
	{"race-2.6.33", "-incident race -release 2.6.33"},
	{"leaks", "-incident leaks"},
	{"leaks-2.6.32", "-incident leaks -release 2.6.32"},
	{"leaks-2.6.32-inwindow", "-incident leaks -release 2.6.32 -inwindow"},
	{"leaks-6.18.44-inwindow", "-incident leaks -release 6.18.44 -inwindow"},
	{"leaks-6.18.44", "-incident leaks -release 6.18.44 -leaked 100"},
	{"leaks-6.18.44-rst", "-incident leaks -release 6.18.44 -filter rst"},
}

func (c goldenCase) run(extra ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(append(strings.Fields(c.args), extra...), &out, &errs)
	return status, out.String(), errs.String()
}

// TestGolden runs every case. With -update it writes what came out.
func TestGolden(t *testing.T) {
	for _, c := range goldenCases {
		status, got, stderr := c.run()
		if stderr != "" || status != 0 {
			t.Fatalf("%s: status %d: %s", c.name, status, stderr)
		}
		golden.Check(t, filepath.Join("testdata", c.name+".golden"), got)
	}
}

// TestTextIsOfTheReport holds the text to what is in the JSON, which survives the way through Report.
func TestTextIsOfTheReport(t *testing.T) {
	for _, c := range goldenCases[1:] {
		_, text, _ := c.run()
		_, raw, _ := c.run("-json")
		d := json.NewDecoder(strings.NewReader(raw))
		d.DisallowUnknownFields()
		var r Report
		if err := d.Decode(&r); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var again bytes.Buffer
		if err := writeText(&again, &r); err != nil {
			t.Fatal(err)
		}
		if again.String() != text {
			t.Errorf("%s: the text has something that the JSON lacks", c.name)
		}
	}
}

// Every mistake in the flags names the flag, the value and the rule, prints nothing else and ends with status 2.
func TestFlagErrors(t *testing.T) {
	for args, want := range map[string]string{
		"-incident 5":      `invalid value "5" for flag -incident: queues, nat, race or leaks is needed, or 1 to 4`,
		"-release linux":   `a release begins with a version`,
		"-release 9.9":     "newer than 7.2",
		"-client linux":    `a release begins with a version`,
		"-filter syn":      `invalid value "syn" for flag -filter: none, ack or rst is needed`,
		"-leaked 0":        `invalid value "0" for flag -leaked: a whole number from 1 to 10000 is needed`,
		"-leaked 10001":    "from 1 to 10000",
		"queues":           `argument "queues": only flags are taken`,
		"-nonsense":        "flag provided but not defined: -nonsense",
		"-release 2.6.31x": "-release",
	} {
		status, stdout, stderr := goldenCase{"", args}.run()
		if status != 2 || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("incidents %s: status %d, %q on stdout, %q on stderr; want status 2 and %q", args, status, stdout, stderr, want)
		}
	}
}

// TestHelpNamesEveryFlag: each flag that is taken stands in the help.
func TestHelpNamesEveryFlag(t *testing.T) {
	for _, name := range strings.Fields("incident json release client filter inwindow leaked") {
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
