package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// A report is what was measured, where and when.
type report struct {
	machine machine
	date    time.Time
	rounds  int
	turn    time.Duration
	scale   scale
	all     []measured
}

// A row is a line of the table.
type row struct{ work, subject, budget, beside, takes, ratio string }

// names of the sides, in the table.
var names = map[string]string{
	"linuxtcp-host":    "linuxtcp, package host",
	"gvisor":           "gVisor",
	"kernel":           "this kernel",
	"map+heap":         "Go map and heap",
	"packed-map+queue": "Go map of 12 B keys, and a ring",
	"netip-map":        "Go map of netip.Addr",
	"uint32-map":       "Go map of uint32",
	"branches":         "a few branches",
}

func (r *report) rows() (rows []row) {
	for i := range r.all {
		m := &r.all[i]
		subject := &m.results[0]
		took := median(subject.each)
		timed := func(r *result) bool { return len(r.each) > 0 }
		rows = append(rows, lines(m, m.name, duration(took), budget(took, m.nanoseconds, duration), func(i int) (string, float64) {
			return duration(median(m.results[i].each)), m.ratio(i)
		}, timed)...)
		if m.rate {
			rows = append(rows, lines(m, "  on one processor", perProcessor(took), "", func(i int) (string, float64) {
				return perProcessor(median(m.results[i].each)), 1 / m.ratio(i)
			}, timed)...)
		}
		if m.what != "" {
			rows = append(rows, lines(m, "  memory per "+m.what, size(subject.bytes), budget(subject.bytes, m.bytes, size), func(i int) (string, float64) {
				return size(m.results[i].bytes), m.results[i].bytes / subject.bytes
			}, func(r *result) bool { return r.bytes > 0 })...)
		}
	}
	return rows
}

// lines are those of a figure: the first has linuxtcp's, each has that of one of those who have one.
func lines(m *measured, name, figure, budget string, of func(i int) (string, float64), has func(r *result) bool) []row {
	out := []row{{work: name, subject: figure, budget: budget}}
	n := 0
	for i := 1; i < len(m.results); i++ {
		if !has(&m.results[i]) {
			continue
		}
		if n == len(out) {
			out = append(out, row{})
		}
		takes, ratio := of(i)
		out[n].beside, out[n].takes, out[n].ratio = names[m.results[i].side], takes, times(ratio)
		n++
	}
	return out
}

// missing tells what could not be measured, a line a reason.
func (r *report) missing() (lines []string) {
	seen := map[string]bool{}
	for i := range r.all {
		for _, s := range r.all[i].results {
			if s.reason == nil {
				continue
			}
			if line := fmt.Sprintf("Not measured: %s: %v.", names[s.side], s.reason); !seen[line] {
				seen[line] = true
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// heading tells how the figures came about.
func (r *report) heading() []string {
	h := []string{
		fmt.Sprintf("%s, %s.", r.date.UTC().Format("2006-01-02 15:04 UTC"), r.machine),
		fmt.Sprintf("Processor time of one, medians of %d rounds of %v in which all have their turn; a ratio is the median of the rounds'.", r.rounds, r.turn),
	}
	if r.scale != full {
		h = append(h, fmt.Sprintf("SHORT: %d entries and hosts, %d ports, whatever the names say.", r.scale.live, r.scale.ports))
	}
	return h
}

func (r *report) text(w io.Writer) error {
	for _, line := range r.heading() {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "WORK\tlinuxtcp\tBUDGET\tBESIDE IT\tTAKES\tRATIO")
	for _, x := range r.rows() {
		fmt.Fprintln(t, strings.TrimRight(strings.Join([]string{x.work, x.subject, x.budget, x.beside, x.takes, x.ratio}, "\t"), "\t"))
	}
	err := t.Flush()
	for _, line := range r.missing() {
		fmt.Fprintln(w, line)
	}
	return err
}

func (r *report) markdown() string {
	var b strings.Builder
	b.WriteString(strings.Join(r.heading(), "\n") + "\n\n")
	b.WriteString("| work | linuxtcp | budget | beside it, and how many times as much |\n| --- | --- | --- | --- |\n")
	for all := r.rows(); len(all) > 0; {
		x, beside := all[0], []string(nil)
		for first := true; len(all) > 0 && (first || all[0].work == ""); first = false {
			if y := all[0]; y.beside != "" {
				beside = append(beside, fmt.Sprintf("%s %s (%s)", y.beside, y.takes, y.ratio))
			}
			all = all[1:]
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.TrimSpace(x.work), x.subject, x.budget, strings.Join(beside, ", "))
	}
	for _, line := range r.missing() {
		fmt.Fprintf(&b, "\n%s\n", line)
	}
	return b.String()
}

// The marks between which a file has the table.
const (
	tableBegins = "<!-- figures: cd bench && go run . -readme ../README.md -->"
	tableEnds   = "<!-- end of figures -->"
)

// intoFile replaces the table of a file.
func (r *report) intoFile(name string) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text, err := replaced(string(old), r.markdown())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(name, []byte(text), 0o666)
}

func replaced(text, table string) (string, error) {
	before, rest, ok := strings.Cut(text, tableBegins+"\n")
	_, after, ok2 := strings.Cut(rest, tableEnds+"\n")
	if !ok || !ok2 {
		return "", fmt.Errorf("there are no lines %s and %s", tableBegins, tableEnds)
	}
	return before + tableBegins + "\n" + table + tableEnds + "\n" + after, nil
}

// samples are the rounds as lines of a benchmark: one round after the other, as they were measured.
func (r *report) samples() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\npkg: example.com/linuxtcp/bench\n", r.machine.keys())
	for i := range r.all {
		m := &r.all[i]
		for round := range r.rounds {
			for _, s := range m.results {
				if round >= len(s.each) {
					continue
				}
				fmt.Fprintf(&b, "Benchmark%s/impl=%s 1 %.5g ns/op", m.bench, s.side, s.each[round])
				if s.bytes > 0 {
					fmt.Fprintf(&b, " %.5g B/%s", s.bytes, unit(m.what))
				}
				b.WriteByte('\n')
			}
		}
	}
	return b.Bytes()
}

// unit is a name as benchmarks have it.
func unit(what string) string { return strings.ReplaceAll(what, " ", "-") }
