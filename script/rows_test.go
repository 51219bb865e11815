package script

import (
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/linuxtcp/kernel"
)

// unseen are the rows of kernel.Changes that tell the recorded kernels apart and that no script
// can show, with the reason.
var unseen = map[string]string{
	"drop-reasons":          reasons,
	"drop-reasons-listener": reasons,
	"drop-reasons-ack":      reasons,
	"drop-reasons-request":  reasons,
	"tw-bytes-264":          memory,
	"tw-bytes-248-again":    memory,
	"tw-bytes-264-again":    memory,
	"port-table-256":        "where a search for a port begins follows from a secret; package portalloc replays ports in order",
	"challenge-budget-off":  "to 5.19 all namespaces share the budget, and a namespace has no sysctl for it",
	"bhash2":                undone,
	"bhash2-time-wait":      undone,
	"metrics-at-close":      "shows in whose place of a full bucket of tcp_metrics a host takes",
	"ts-usec":               "takes a route with an attribute",
	"ts-offset-ports":       "the host's timestamps are not compared: their offset is a secret",
	"request-window-clamp":  "takes another tcp_rmem, which the models do not have",
}

const (
	reasons = "why the kernel drops a segment shows in tracing only"
	memory  = "the size of a kernel's object"
	undone  = "two rows of which the second undoes the first on every kernel that was asked"
)

// TestRowsAreRecorded holds the record against the table of changes: each row that holds on
// some of the recorded kernels and not on others is named in the comment of a script that shows it, and
// its evidence says that it was observed.
func TestRowsAreRecorded(t *testing.T) {
	scripts, err := ReadFS(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]bool{}
	kernels := map[string]bool{}
	for _, s := range scripts {
		for _, k := range s.Kernels {
			kernels[k.Name] = kernels[k.Name] || !k.Partly
		}
		words := func(lines []string) {
			for w := range strings.FieldsFuncSeq(strings.Join(lines, " "), func(r rune) bool { return strings.ContainsRune(" ,.;:()", r) }) {
				comments[w] = true
			}
		}
		words(s.Comment)
		for _, step := range s.Steps {
			words(step.Comment)
		}
	}
	for _, row := range kernel.Changes() {
		var on, off []string
		for name, recorded := range kernels {
			if !recorded {
				continue
			}
			if has, _ := kernel.MustParse(name).Has(row); has {
				on = append(on, name)
			} else {
				off = append(off, name)
			}
		}
		slices.Sort(on)
		slices.Sort(off)
		reason, excused := unseen[row.ID]
		switch {
		case len(on) == 0 || len(off) == 0:
			if excused {
				t.Errorf("row %s does not tell the recorded kernels apart, and needs no excuse", row.ID)
			}
		case excused && comments[row.ID]:
			t.Errorf("row %s has a script and an excuse: %s", row.ID, reason)
		case !excused && !comments[row.ID]:
			t.Errorf("no script names row %s of package %s, on %v, not on %v: %s", row.ID, row.Package, on, off, row.Summary)
		case !excused && !strings.Contains(row.Evidence, "observed"):
			t.Errorf("row %s is recorded, but its evidence does not say so: %s", row.ID, row.Evidence)
		}
	}
}
