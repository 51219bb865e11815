// Command mutants judges a report of gremlins, which bends the rules of a package one operator at a time and sees
// whether a test fails. A mutant that lives is a test that is missing, or it does what the code does; for the latter
// a list has the reasons. The command fails if a mutant lives that is not on the list, or is on it and does not live.
//
//	mutants -package queue -equivalent .ci/gremlins/equivalent.txt report.json
//
// See .ci/mutation, which runs it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	dir := flag.String("package", "", "the folder of the package")
	list := flag.String("equivalent", "", "the list of mutants that do what the code does")
	flag.Parse()
	ok, err := run(os.Stdout, *dir, *list, flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// A report is what gremlins writes with -o, as far as it matters.
type report struct {
	Files []struct {
		Name      string `json:"file_name"`
		Mutations []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
			Line   int    `json:"line"`
			Column int    `json:"column"`
		} `json:"mutations"`
	} `json:"files"`
}

func run(w io.Writer, dir, list, file string) (ok bool, err error) {
	text, err := os.ReadFile(list)
	if err != nil {
		return false, err
	}
	all, err := parseEquivalent(string(text))
	if err != nil {
		return false, fmt.Errorf("%s: %w", list, err)
	}
	var r report
	if text, err = os.ReadFile(file); err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return false, fmt.Errorf("%s: %w", file, err)
	}

	counted, killed, equivalent := 0, 0, 0
	ok = true
	seen := map[string]bool{}
	for _, f := range r.Files {
		path := filepath.Join(dir, f.Name)
		seen[filepath.ToSlash(path)] = true
		src, err := readSource(path)
		if err != nil {
			return false, err
		}
		for _, m := range f.Mutations {
			if m.Status == "NOT VIABLE" || m.Status == "SKIPPED" {
				continue
			}
			counted++
			if m.Status == "KILLED" {
				killed++
				continue
			}
			x := mutant{filepath.ToSlash(path), src.function(m.Line, m.Column), m.Type, src.operation(m.Line, m.Column)}
			if all.take(x) {
				equivalent++
				continue
			}
			ok = false
			fmt.Fprintf(w, "%s: %s:%d:%d\n  %s\n", strings.ToLower(m.Status), path, m.Line, m.Column, x)
		}
	}
	for _, x := range all.left(seen) {
		ok = false
		fmt.Fprintf(w, "does not live, and is listed as equivalent:\n  %s\n", x)
	}
	fmt.Fprintf(w, "%s: of %d mutants the tests kill %d, and %d do what the code does: %.1f %%\n", dir, counted, killed, equivalent, percent(killed, counted-equivalent))
	return ok, nil
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}
