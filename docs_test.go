package linuxtcp_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pages are the texts that quote commands.
func pages(t *testing.T) []string {
	t.Helper()
	list := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
	err := filepath.WalkDir("docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A quote is a command after "$ " in a page, and the lines of its output that stand under
// it. A line "..." stands for any number of lines.
type quote struct {
	page    string
	line    int
	command string
	output  []string
}

// quotes finds them in blocks that are indented by four blanks.
func quotes(page, text string) (list []quote) {
	open := false
	for i, line := range strings.Split(text, "\n") {
		inside, ok := strings.CutPrefix(line, "    ")
		command, isCommand := strings.CutPrefix(inside, "$ ")
		switch {
		case ok && isCommand:
			list = append(list, quote{page: page, line: i + 1, command: command})
			open = true
		case !ok && strings.TrimSpace(line) != "":
			open = false
		case open:
			last := &list[len(list)-1]
			last.output = append(last.output, strings.TrimRight(inside, " "))
		}
	}
	for i := range list {
		for n := len(list[i].output); n > 0 && list[i].output[n-1] == ""; n-- {
			list[i].output = list[i].output[:n-1]
		}
	}
	return list
}

// missing returns the first line of a quote that the output does not have where it ought
// to: anywhere after "..." and at the beginning of the quote, else right below the line before.
func missing(quoted, output []string) string {
	at, anywhere := 0, true
	for _, line := range quoted {
		if line == "..." {
			anywhere = true
			continue
		}
		next := slices.Index(output[at:], line)
		if next < 0 || next > 0 && !anywhere {
			return line
		}
		at += next + 1
		anywhere = false
	}
	return ""
}

// Every command that a page quotes prints what the page says it prints.
func TestQuotedCommandsPrintThis(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("there is no go command to build the examples with: %v", err)
	}
	build := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", build+string(filepath.Separator), "./examples/...").CombinedOutput(); err != nil {
		t.Fatalf("go build ./examples/...: %v\n%s", err, out)
	}
	count := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range quotes(page, string(text)) {
			count++
			out, err := runQuoted(build, q.command)
			if err != nil {
				t.Errorf("%s:%d: %s: %v\n%s", q.page, q.line, q.command, err, out)
				continue
			}
			lines := strings.Split(out, "\n")
			for i := range lines {
				lines[i] = strings.TrimRight(lines[i], " ")
			}
			if line := missing(q.output, lines); line != "" {
				t.Errorf("%s:%d: %s does not print, or not there:\n%s", q.page, q.line, q.command, line)
			}
			if len(q.output) == 0 || strings.Trim(strings.Join(q.output, ""), ".") == "" {
				t.Errorf("%s:%d: %s: nothing of its output is quoted", q.page, q.line, q.command)
			}
		}
	}
	if count < 20 {
		t.Errorf("only %d commands are quoted: were they all found?", count)
	}
}

// runQuoted runs a command of an example that names its kernel: anything else would print
// something else elsewhere.
func runQuoted(build, command string) (string, error) {
	rest, ok := strings.CutPrefix(command, "go run ./examples/")
	if !ok {
		return "", fmt.Errorf("cannot be checked: it is not go run ./examples/")
	}
	words, err := shellWords(rest)
	if err != nil {
		return "", err
	}
	if words[0] != "incidents" && !slices.Contains(words, "-release") && !slices.Contains(words, "-from") {
		return "", fmt.Errorf("it depends on the machine: give -release")
	}
	out, err := exec.Command(filepath.Join(build, words[0]), words[1:]...).CombinedOutput()
	return string(out), err
}

// shellWords splits at blanks outside of double quotes.
func shellWords(s string) (words []string, err error) {
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	if strings.Count(s, `"`)%2 == 1 || len(words) == 0 {
		return nil, fmt.Errorf("%q: a command with whole quotes", s)
	}
	return words, nil
}

// The check can fail.
func TestQuotesAreChecked(t *testing.T) {
	found := quotes("page", "text\n\n    $ one -x\n    a\n    ...\n    d\n\n    e\n\n    $ two\n    a\n\ntext\n\n    not an answer\n")
	if len(found) != 2 || found[0].command != "one -x" || found[0].line != 3 || !slices.Equal(found[0].output, []string{"a", "...", "d", "", "e"}) ||
		!slices.Equal(found[1].output, []string{"a"}) {
		t.Errorf("%+v", found)
	}
	output := []string{"x", "a", "b", "c", "d", "", "e"}
	for want, quoted := range map[string][]string{
		"":  {"a", "...", "d", "", "e"},
		"c": {"a", "c"},
		"z": {"a", "...", "z"},
		"a": {"b", "...", "a"},
	} {
		if got := missing(quoted, output); got != want {
			t.Errorf("%q: %q is missing, want %q", quoted, got, want)
		}
	}
	if _, err := runQuoted("", "go run ./examples/ports -rate 5"); err == nil {
		t.Error("a command that looks at this machine was run")
	}
	if _, err := runQuoted("", "rm -r x"); err == nil {
		t.Error("another command was run")
	}
}
