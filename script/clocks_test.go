package script

import (
	"errors"
	"os"
	"testing"
	"time"
)

// Recordings of connect() at a second's boundary follow the model's clocks only if it is told where they stood,
// and then to the jiffy.
func TestReplayNeedsTheClocks(t *testing.T) {
	text, err := os.ReadFile("testdata/ports/next-second-1.script")
	if err != nil {
		t.Fatal(err)
	}
	s := mustParse(t, string(text))
	const name = "5.10.223"
	k, ok := s.Kernel(name)
	if !ok || k.CPUs != 1 || k.Monotonic == 0 {
		t.Fatalf("recorded: %v", k)
	}
	needsHost(t)
	for off, agrees := range map[time.Duration]bool{0: true, 12 * time.Millisecond: false, -12 * time.Millisecond: false, -k.Monotonic: false} {
		cfg, err := ModelOf(k)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Monotonic += off
		cfg.Ports = s.ports(name)
		var d *Difference
		if err := ReplayOn(s, name, cfg); (err == nil) != agrees || err != nil && !errors.As(err, &d) {
			t.Errorf("monotonic off by %v: %v", off, err)
		}
	}
}
