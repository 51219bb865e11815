package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// measured is what connectcost printed. kernel is without what a distribution adds.
type measured struct {
	kernel, date         string
	ports, rounds, calls int
	levels               []level
}

// A level is one number of ports in use: the median over the rounds of the median of
// each, the least and the greatest of these, and whether the calls failed.
type level struct {
	used                int
	median, least, most time.Duration
	failed              bool
}

// readMeasured reads the file. Lines that begin with # name the kernel and the date.
func readMeasured(r io.Reader) (m measured, err error) {
	var rows strings.Builder
	for in := bufio.NewScanner(r); in.Scan(); {
		comment, ok := strings.CutPrefix(in.Text(), "# ")
		if !ok {
			rows.WriteString(in.Text() + "\n")
			continue
		}
		name, value, _ := strings.Cut(comment, ": ")
		switch name {
		case "kernel":
			m.kernel, _, _ = strings.Cut(value, "-")
		case "date":
			m.date = value
		}
	}
	records, err := csv.NewReader(strings.NewReader(rows.String())).ReadAll()
	if err != nil {
		return m, err
	}
	const head = "round,used,ports,calls,failed,p25_ns,median_ns,p75_ns"
	if len(records) < 2 || strings.Join(records[0], ",") != head {
		return m, fmt.Errorf("want rows under %s", head)
	}
	medians := map[int][]time.Duration{}
	failed := map[int]bool{}
	for _, record := range records[1:] {
		var n [8]int
		for i, field := range record {
			if n[i], err = strconv.Atoi(field); err != nil {
				return m, err
			}
		}
		if n[1] < 0 || n[2] < 1 || n[1] > n[2] || n[6] < 1 {
			return m, fmt.Errorf("row %v: used up to ports, and a time above 0", record)
		}
		m.rounds, m.ports, m.calls = max(m.rounds, n[0]), n[2], n[3]
		medians[n[1]] = append(medians[n[1]], time.Duration(n[6]))
		failed[n[1]] = failed[n[1]] || n[4] > 0
	}
	for used, times := range medians {
		slices.Sort(times)
		m.levels = append(m.levels, level{used, times[len(times)/2], times[0], times[len(times)-1], failed[used]})
	}
	slices.SortFunc(m.levels, func(a, b level) int { return a.used - b.used })
	if m.levels[0].used != 0 {
		return m, fmt.Errorf("no row with 0 ports in use, which tells what connect() costs without a search")
	}
	return m, nil
}

// cost fits the two numbers of portalloc.ConnectTime: base is what a call takes with all
// ports free, each the median of what a candidate takes at the levels where a
// search that succeeds looks at more than a thousand.
func (m *measured) cost(candidates func(used int) int) (base, each time.Duration) {
	base = m.levels[0].median
	var all []time.Duration
	for _, l := range m.levels {
		if n := candidates(l.used); n > 1000 && !l.failed {
			all = append(all, (l.median-base)/time.Duration(n))
		}
	}
	if len(all) == 0 {
		return base, 0
	}
	slices.Sort(all)
	return base, all[len(all)/2]
}
