package judge

import (
	"strings"
	"testing"
	"time"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/conformance/driver"
	"example.com/linuxtcp/host"
	"example.com/linuxtcp/script"
)

// fake answers every call with an errno, a minute after boot.
type fake struct {
	steps *[]batch.Step
	errno host.Errno
}

func (f fake) Do(c script.Call) (script.Seen, error) {
	at := time.Minute + time.Duration(len(*f.steps))*time.Second
	seen := script.Seen{At: at, End: at + c.Settle, Errno: f.errno}
	*f.steps = append(*f.steps, batch.Step{Call: c, Seen: seen})
	return seen, nil
}

func TestRecord(t *testing.T) {
	s, err := script.Parse("x.script", "sysctl net.ipv4.tcp_syncookies 300\nwait 1s\n")
	if err != nil {
		t.Fatal(err)
	}
	tr := batch.Trace{Script: s.Name, Kernel: driver.Running{Release: "5.10.223", HZ: 250, EHash: 4096}}
	if _, err := script.Run(s, fake{&tr.Steps, host.EINVAL}); err != nil {
		t.Fatal(err)
	}
	if err := Record(s, &tr); err != nil {
		t.Fatal(err)
	}
	if text := s.String(); !strings.Contains(text, "= EINVAL") || !strings.Contains(text, "kernel 5.10.223 hz 250") {
		t.Errorf("recorded:\n%s", text)
	}
	// A trace is good for its own script only, and only if it is whole.
	other, err := script.Parse("y.script", "sysctl net.ipv4.tcp_syncookies 1\nwait 1s\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := Record(other, &tr); err == nil {
		t.Error("the trace of another script was recorded")
	}
	short := tr
	short.Steps = short.Steps[:1]
	if err := Record(s, &short); err == nil {
		t.Error("half a trace was recorded")
	}
	tr.Err = "cut off"
	if err := Record(s, &tr); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("a trace that failed: %v", err)
	}
}
