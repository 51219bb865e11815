package paws

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/linuxtcp/kernel"
)

// boundaries names for each row of this package, and for those of others that its rules
// ask, releases on both sides of it: the last without and the first with, in mainline
// and in each series that took it over.
var boundaries = map[string]struct{ without, with string }{
	"host-stamp-u32":       {"2.6.32.69 2.6.32-642.el6.x86_64", "2.6.33"},
	"host-peers-unlisted":  {"3.0.101 2.6.32-642.el6.x86_64", "3.1"},
	"host-metrics":         {"3.5.7 3.2.102 2.6.32-642.el6.x86_64", "3.6 3.10.0-957.el7.x86_64"},
	"no-ack-ignored":       {"3.7.10 2.6.32-431.el6.x86_64", "3.8 3.10.0-957.el7.x86_64 2.6.32-504.el6.x86_64"},
	"ts-recent-after-ack":  {"3.7.10 2.6.32-642.el6.x86_64", "3.8"},
	"host-metrics-local":   {"3.13 3.10.108", "3.14 3.10.0-957.el7.x86_64 3.10.0-1160.el7.x86_64"},
	"host-metrics-mapped":  {"3.13 3.10.108", "3.14"},
	"syn-validated":        {"3.17.8 3.10.108 3.12.24 2.6.32-504.el6.x86_64", "3.18 3.10.0-1160.el7.x86_64 2.6.32-642.el6.x86_64"},
	"paws-ack-rate-limit":  {"3.19.8 3.10.108", "4.0 3.10.0-957.el7.x86_64"},
	"ts-offset-connection": {"4.9.154", "4.10"},
	"ts-offset-hosts":      {"4.10.17", "4.11"},
	"paws-syn-challenge":   {"6.3.13 6.1.192", "6.4"},
	"zero-window-updates":  {"6.5.13 6.1.192", "6.6"},
	"paws-2147s":           {"6.6.60 6.1.192", "6.7"},
	"paws-replay-1200":     {"6.6.60 6.1.192", "6.7"},
	"metrics-at-close":     {"6.6 6.5.3 5.10.100", "6.7"},
	"ts-usec":              {"6.6.60 6.1.192", "6.7"},
	"paws-old-ack":         {"6.13.12 6.12.117", "6.14"},
	"ts-offset-ports":      {"6.19.0 6.18.2 6.12.93 6.1.190 5.10.223", "6.19.9 6.12.94 6.12.117 6.1.191 6.1.192 7.0"},

	"paws-zero-passes":      {"2.6.37.6 2.6.32-503.el6.x86_64", "2.6.38 2.6.32-642.el6.x86_64"},
	"recycle-strict":        {"3.16.7 3.10.108", "3.17 3.10.0-957.el7.x86_64"},
	"tw-recycle-gone":       {"4.11.12", "4.12"},
	"proven-peers":          {"4.13.16", "4.14"},
	"last-quarter-v6":       {"2.6.37.6 2.6.32-642.el6.x86_64", "2.6.38"},
	"syn-drop-counters":     {"3.7.10 2.6.32-642.el6.x86_64", "3.8"},
	"stamps-monotonic":      {"4.18.20 4.18.0-147.el8.x86_64", "4.19"},
	"timestamp-millis":      {"4.12.14", "4.13"},
	"paws-timewait-counter": {"6.15.11", "6.16"},
}

// TestBoundaries runs the scenario of every row on those releases.
func TestBoundaries(t *testing.T) {
	for _, c := range kernel.Changes() {
		b, ok := boundaries[c.ID]
		if !ok {
			if c.Package == "paws" {
				t.Errorf("%s: no boundaries", c.ID)
			}
			continue
		}
		without, with := strings.Fields(b.without), strings.Fields(b.with)
		run := func(sem kernel.Semantics) string { return scenarios[c.ID](t, sem) }
		for _, name := range without {
			sem := kernel.MustParse(name).Semantics()
			got := run(sem)
			if c.Apply(&sem); got == run(sem) {
				t.Errorf("%s: %s has it: %v", c.ID, name, got)
			}
		}
		for _, name := range with {
			sem := kernel.MustParse(name).Semantics()
			got := run(sem)
			if c.Apply(&sem); got != run(sem) {
				t.Errorf("%s: %s lacks it: %v", c.ID, name, got)
			}
		}
		for _, p := range c.Backports {
			if c.Package != "paws" || p.Has == kernel.Unknown || strings.HasPrefix(p.Stream, "el") {
				continue
			}
			if name := fmt.Sprintf("%s.%d", p.Stream, p.Has); !slices.Contains(with, name) {
				t.Errorf("%s: %s is not asked", c.ID, name)
			}
			if name := fmt.Sprintf("%s.%d", p.Stream, p.Lacks); p.Lacks >= 0 && !slices.Contains(without, name) {
				t.Errorf("%s: %s is not asked", c.ID, name)
			}
		}
	}
}
