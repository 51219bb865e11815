package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reports are what examples/plan prints in its own tests.
func reports(t *testing.T) map[string]string {
	all := make(map[string]string)
	for _, name := range []string{"json", "client-json"} {
		text, err := os.ReadFile(filepath.Join("..", "testdata", name+".golden"))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(text)
	}
	return all
}

func drawn(t *testing.T, in string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(args, strings.NewReader(in), &out, &errs); status != 0 || errs.Len() > 0 {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	return out.String()
}

// The same report gives the same SVG, which says what the report says.
func TestSVG(t *testing.T) {
	want := map[string][]string{
		"json":        {"Accept queue, backlog 64, Linux 6.12.117", "limit 64", "smallest that loses nothing 103", "none (2420)", "1 (44)", "What a backlog loses", "2.6.32"},
		"client-json": {"What 2 connections per second need", "destinations, as it is", "7.2.13"},
	}
	for name, text := range reports(t) {
		svg := drawn(t, text)
		if !strings.Contains(svg, "<svg ") || !strings.HasSuffix(strings.TrimSpace(svg), "</svg>") {
			t.Errorf("%s: no SVG: %.200s", name, svg)
		}
		for _, says := range want[name] {
			if !strings.Contains(svg, ">"+says) {
				t.Errorf("%s: %q is not in it", name, says)
			}
		}
		if again := drawn(t, text); again != svg {
			t.Errorf("%s: two SVGs of one report differ", name)
		}
		if wide := drawn(t, text, "-width", "30"); wide == svg {
			t.Errorf("%s: -width changes nothing", name)
		}
	}
}

func TestPNG(t *testing.T) {
	for name, text := range reports(t) {
		out := drawn(t, text, "-png")
		image, err := png.Decode(strings.NewReader(out))
		if err != nil || image.Bounds().Dx() < 500 {
			t.Errorf("%s: %v, %v", name, err, image)
		}
		if drawn(t, text, "-png") != out {
			t.Errorf("%s: two PNGs of one report differ", name)
		}
	}
}

// A report without some of its lists is drawn as well.
func TestLittle(t *testing.T) {
	for _, text := range []string{`{"server":{}}`, `{"client":{}}`, `{"server":{"depth":[{"at":0,"accept_queue":0}],"needed":{"found":true}}}`} {
		if svg := drawn(t, text); !strings.Contains(svg, "</svg>") {
			t.Errorf("%s: %.200s", text, svg)
		}
	}
}

func TestFile(t *testing.T) {
	name := filepath.Join("..", "testdata", "json.golden")
	if drawn(t, "", name) != drawn(t, reports(t)["json"]) {
		t.Error("a file and standard input differ")
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		in     string
		args   []string
		status int
		says   string
	}{
		{"", nil, 1, "reading the JSON of plan -json: EOF"},
		{"{}", nil, 1, "neither server nor client"},
		{"{}", []string{"absent.json"}, 1, "absent.json"},
		{"{}", []string{"a", "b"}, 2, `argument "b": one file is read`},
		{"{}", []string{"-width", "1"}, 2, "-width 1, -height 7: 5 to 200 cm"},
		{"{}", []string{"-height", "NaN"}, 2, "-height NaN"},
		{"{}", []string{"-jpg"}, 2, "flag provided but not defined: -jpg"},
	} {
		var out, errs bytes.Buffer
		if status := run(test.args, strings.NewReader(test.in), &out, &errs); status != test.status || out.Len() > 0 || !strings.Contains(errs.String(), test.says) {
			t.Errorf("%q %v: status %d, %q", test.in, test.args, status, errs.String())
		}
	}
	var out bytes.Buffer
	if status := run([]string{"-h"}, nil, &out, nil); status != 0 || !strings.Contains(out.String(), "-png ") {
		t.Errorf("-h: status %d", status)
	}
}
