package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const docs = "../../docs"

// The picture is what the measurement and today's model give: go generate ./... draws it.
func TestPictureIsCurrent(t *testing.T) {
	want, err := picture(docs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(docs, pictureFile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the model and %s give; run go generate ./internal/costpicture", pictureFile, measuredFile)
	}
	for d := xml.NewDecoder(bytes.NewReader(got)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%s is not XML: %v", pictureFile, err)
		}
	}
}

// The claim of the picture: two numbers of the machine and the model's candidates give every
// median that was measured, within a factor of two; and the cliff is a factor of fifty.
func TestModelGivesMeasuredTimes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(docs, measuredFile))
	if err != nil {
		t.Fatal(err)
	}
	m, err := readMeasured(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	model, err := examined(m.kernel, m.ports)
	if err != nil {
		t.Fatal(err)
	}
	base, each := m.cost(func(used int) int { return at(model, used) })
	for _, l := range m.levels {
		want := took(point{l.used, at(model, l.used)}, base, each)
		if l.median > 2*want || want > 2*l.median {
			t.Errorf("%d ports in use: measured %v, the model has %v", l.used, l.median, want)
		}
		if l.failed != (l.used == m.ports) {
			t.Errorf("%d of %d ports in use: failed is %v", l.used, m.ports, l.failed)
		}
		if half := m.ports / 2; l.used >= half && l.median < 50*base || l.used < half && l.median > 3*base {
			t.Errorf("%d of %d ports in use: %v beside %v with none", l.used, m.ports, l.median, base)
		}
	}
}

func TestReadMeasuredRefuses(t *testing.T) {
	const head = "round,used,ports,calls,failed,p25_ns,median_ns,p75_ns\n"
	for text, want := range map[string]string{
		"":                                 "want rows under",
		head:                               "want rows under",
		"a,b\n1,2\n":                       "want rows under",
		head + "1,0,100,9,0,5,5\n":         "wrong number of fields",
		head + "1,0,100,9,0,5,x,5\n":       `parsing "x"`,
		head + "1,101,100,9,0,5,5,5\n":     "used up to ports",
		head + "1,0,100,9,0,5,0,5\n":       "a time above 0",
		head + "1,50,100,9,0,5,5,5\n":      "no row with 0 ports",
		"# kernel: 6.1\n" + head + "1,0,0": "wrong number of fields",
	} {
		if _, err := readMeasured(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
