package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const code = `package p

const top = 1 << 4

func (t *T) Full(n,
	max int) bool {
	return n > max &&
		n > max
}

func up(i int) int {
	for i < 3 {
		i++
		break
	}
	return -i
}
`

func TestJudge(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("p.go", code)
	p := filepath.ToSlash(filepath.Join(dir, "p.go"))
	mutation := func(kind, status string, line, column int) string {
		return fmt.Sprintf(`{"type": %q, "status": %q, "line": %d, "column": %d}`, kind, status, line, column)
	}
	reported := write("report.json", `{"files": [{"file_name": "p.go", "mutations": [`+strings.Join([]string{
		mutation("INVERT_BITWISE", "LIVED", 3, 15), mutation("CONDITIONALS_BOUNDARY", "LIVED", 7, 11), mutation("CONDITIONALS_BOUNDARY", "LIVED", 8, 5),
		mutation("INVERT_LOGICAL", "KILLED", 7, 17), mutation("CONDITIONALS_NEGATION", "TIMED OUT", 12, 8), mutation("INCREMENT_DECREMENT", "NOT VIABLE", 13, 4),
		mutation("INVERT_LOOPCTRL", "NOT COVERED", 14, 3), mutation("INVERT_NEGATIVES", "KILLED", 16, 9),
	}, ",")+`]}]}`)
	const boundary, bits = "\nP T.Full CONDITIONALS_BOUNDARY n > max\n\tSo is it.\n", "P - INVERT_BITWISE 1 << 4\n\tA reason\n\tof two lines.\n"
	for name, c := range map[string]struct {
		list, want string
		ok         bool
	}{
		"nothing listed": {"", `lived: P:3:15
  P - INVERT_BITWISE 1 << 4
lived: P:7:11
  P T.Full CONDITIONALS_BOUNDARY n > max
lived: P:8:5
  P T.Full CONDITIONALS_BOUNDARY n > max
timed out: P:12:8
  P up CONDITIONALS_NEGATION i < 3
not covered: P:14:3
  P up INVERT_LOOPCTRL break
D: of 7 mutants the tests kill 2, and 0 do what the code does: 28.6 %
`, false},
		"one of two listed": {"# comment\n" + bits + boundary + "P up CONDITIONALS_NEGATION i < 3\n r\nP up INVERT_LOOPCTRL break\n r\n", `lived: P:8:5
  P T.Full CONDITIONALS_BOUNDARY n > max
D: of 7 mutants the tests kill 2, and 4 do what the code does: 66.7 %
`, false},
		"all listed": {bits + boundary + boundary + "P up CONDITIONALS_NEGATION i < 3\n r\nP up INVERT_LOOPCTRL break\n r\nelsewhere.go f X y\n r\n",
			"D: of 7 mutants the tests kill 2, and 5 do what the code does: 100.0 %\n", true},
		"one too many": {bits + boundary + boundary + "P up CONDITIONALS_NEGATION i < 3\n r\nP up INVERT_LOOPCTRL break\n r\nP up INVERT_NEGATIVES -i\n r\n", `does not live, and is listed as equivalent:
  P up INVERT_NEGATIVES -i
D: of 7 mutants the tests kill 2, and 5 do what the code does: 100.0 %
`, false},
	} {
		var out strings.Builder
		ok, err := run(&out, dir, write("list.txt", strings.ReplaceAll(c.list, "P ", p+" ")), reported)
		got := strings.ReplaceAll(strings.ReplaceAll(out.String(), p, "P"), dir+":", "D:")
		if err != nil || ok != c.ok || got != c.want {
			t.Errorf("%s: %v, %v\n%s", name, ok, err, got)
		}
	}
}

func TestBadLists(t *testing.T) {
	for text, want := range map[string]string{
		" reason\n":                     "line 1: a reason for nothing",
		"a b c\n":                       `line 1: "a b c" is not file, function, kind and operation`,
		"a b c d\ne f g h\n reason\n":   "line 2: the mutant before has no reason",
		"a b c d\n reason\na b c d e\n": "the last mutant has no reason",
	} {
		if _, err := parseEquivalent(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
