package timewait

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/linuxtcp/kernel"
)

// boundaries names for each row of this package releases on both sides of it: the last
// without and the first with, in mainline and in each series that took it over.
var boundaries = map[string]struct{ without, with string }{
	"tw-recycled-taken":        {"2.6.32.69 2.6.32-357.el6.x86_64", "2.6.33 2.6.32-430.el6.x86_64 2.6.32-642.el6.x86_64"},
	"max-tw-buckets-ehash":     {"2.6.32.22 2.6.33 2.6.34 2.6.35.5", "2.6.32.23 2.6.35.6 2.6.36 2.6.32-357.el6.x86_64 2.6.32-642.el6.x86_64"},
	"tw-overflow-counter":      {"2.6.32.69 2.6.36.4 2.6.32-642.el6.x86_64", "2.6.37"},
	"tw-bytes-192":             {"3.8.13", "3.9"},
	"tw-bytes-common":          {"3.12 3.10.108", "3.13"},
	"tw-ack-rate-limit":        {"3.10.108 3.19.8", "4.0 3.10.0-957.el7.x86_64 3.10.0-1160.el7.x86_64"},
	"tw-own-timer":             {"4.0.9 3.10.0-1160.el7.x86_64 2.6.32-642.el6.x86_64", "4.1"},
	"tw-bytes-248":             {"4.0.9", "4.1"},
	"tw-reuse-per-netns":       {"4.9.154", "4.10"},
	"max-tw-buckets-unsigned":  {"5.17.15 5.15.160 5.10.223", "5.18 6.1.192 6.18.44"},
	"max-tw-buckets-per-netns": {"4.10.17", "4.11"},
	"rfc1337-per-netns":        {"4.14.177", "4.15"},
	"tw-reuse-loopback":        {"4.18.20 4.14.177", "4.19 4.18.0-147.el8.x86_64"},
	"stamps-monotonic":         {"4.18.20 4.18.0-147.el8.x86_64", "4.19"},
	"tw-rst-keeps-timer":       {"4.18.7 4.17.19 4.9.115 4.4.155", "4.18.8 4.19 4.14.177 4.9.154 4.18.0-147.el8.x86_64"},
	"linger2-cap":              {"5.7.19 5.4.59", "5.8"},
	"tw-bytes-240":             {"5.9.16", "5.10"},
	"tw-counted-at-entry":      {"5.17.15 5.15.100", "5.18"},
	"tw-bytes-264":             {"6.0.19", "6.1"},
	"tw-bytes-248-again":       {"6.11.11", "6.12"},
	"tw-reuse-not-fin-wait2":   {"6.11.2 6.1.112 5.10.226 5.10.223", "6.11.3 6.1.113 5.10.227 6.12"},
	"tw-reuse-delay":           {"6.13.12 6.12.117", "6.14"},
	"paws-timewait-counter":    {"6.15.11 6.12.117", "6.16"},
	"tw-bytes-264-again":       {"7.1.13", "7.2"},
}

// TestBoundaries runs the scenario of every row on those releases.
func TestBoundaries(t *testing.T) {
	for _, c := range kernel.Changes() {
		if c.Package != "timewait" {
			continue
		}
		b, ok := boundaries[c.ID]
		if !ok {
			t.Errorf("%s: no boundaries", c.ID)
			continue
		}
		without, with := strings.Fields(b.without), strings.Fields(b.with)
		for _, name := range without {
			sem := kernel.MustParse(name).Semantics()
			got := rows[c.ID](&sem)
			if c.Apply(&sem); got == rows[c.ID](&sem) {
				t.Errorf("%s: %s has it: %v", c.ID, name, got)
			}
		}
		for _, name := range with {
			sem := kernel.MustParse(name).Semantics()
			got := rows[c.ID](&sem)
			if c.Apply(&sem); got != rows[c.ID](&sem) {
				t.Errorf("%s: %s lacks it: %v", c.ID, name, got)
			}
		}
		for _, p := range c.Backports {
			if p.Has == kernel.Unknown || strings.HasPrefix(p.Stream, "el") {
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
