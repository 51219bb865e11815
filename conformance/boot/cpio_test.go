package boot

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

func TestWriteInitrd(t *testing.T) {
	var b bytes.Buffer
	err := WriteInitrd(&b, []File{{Name: "init", Mode: regMode | 0o755, Data: []byte("hello")}})
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	// Header 110 bytes, name and NUL padded to 116, data padded to 124.
	if len(raw)%4 != 0 || string(raw[:6]) != "070701" || string(raw[110:115]) != "init\x00" || string(raw[116:121]) != "hello" {
		t.Errorf("archive starts %q", raw[:min(len(raw), 130)])
	}
	if string(raw[124:130]) != "070701" || !strings.Contains(string(raw[124:]), "TRAILER!!!") {
		t.Errorf("no trailer at 124: %q", raw[124:])
	}
}
