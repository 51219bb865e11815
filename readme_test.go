package linuxtcp_test

import (
	"go/doc"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every row of the README's table of questions leads to something that is there: a name with an Example or a command
// that takes these flags; and so does each of the 15 questions that people ask most.
func TestReadmeIndex(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(readme), "| question | where |\n| --- | --- |\n")
	if !found {
		t.Fatal("README.md has no table of questions")
	}
	all := packages(t)
	quoted := regexp.MustCompile("`[^`]+`")
	var questions []string
	for row := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(row), " | ")
		if len(cells) != 2 {
			break
		}
		questions = append(questions, strings.TrimPrefix(cells[0], "| "))
		entries := quoted.FindAllString(cells[1], -1)
		if len(entries) == 0 {
			t.Errorf("no entry for %s", cells[0])
		}
		for _, e := range entries {
			if why := lacking(t, all, strings.Trim(e, "`")); why != "" {
				t.Errorf("%s: %s", strings.TrimPrefix(cells[0], "| "), why)
			}
		}
	}
	for _, q := range askedMost {
		if !slices.ContainsFunc(questions, func(s string) bool { return strings.Contains(s, q) }) {
			t.Errorf("no question has %q", q)
		}
	}
}

// askedMost has a few words of each of the 15 questions that people ask most in public.
var askedMost = []string{
	"Who dropped my SYN",
	"What does ListenDrops",
	"Why is my queue 128",
	"How does Go choose the backlog",
	"became 0?",
	"listen(0)",
	"possible SYN flooding",
	"Behind NAT some phones cannot connect",
	"outgoing connections per second",
	"ten destinations",
	"half the port range",
	"Is TIME_WAIT a problem",
	"exactly 1 s / 3 s",
	"my test's fixed port",
	"full accept queue",
}

// lacking says what is wrong with an entry of the index: `queue.AcceptLimit`, `host.Host.Connect`, `paws` for a whole
// package, `examples/ports -curve`, `go doc kernel.ListenDrops` for a constant's page.
func lacking(t *testing.T, all []documented, entry string) string {
	t.Helper()
	if dir, flags, _ := strings.Cut(entry, " "); strings.HasPrefix(dir, "examples/") {
		source := ""
		if !slices.ContainsFunc(all, func(p documented) bool { return p.dir == dir && p.command() }) {
			return "there is no command " + dir
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if name := f.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
				text, err := os.ReadFile(dir + "/" + name)
				if err != nil {
					t.Fatal(err)
				}
				source += string(text)
			}
		}
		for _, f := range strings.Fields(flags) {
			if name, ok := strings.CutPrefix(f, "-"); ok && !strings.Contains(source, `"`+name+`"`) {
				return dir + " has no flag " + f
			}
		}
		return ""
	}
	page := false
	if name, ok := strings.CutPrefix(entry, "go doc "); ok {
		entry, page = name, true
	}
	pkg, name, _ := strings.Cut(entry, ".")
	for _, p := range all {
		if p.dir != pkg {
			continue
		}
		if page {
			for _, typ := range p.doc.Types {
				for _, v := range typ.Consts {
					if slices.Contains(v.Names, name) {
						return ""
					}
				}
			}
			return "there is no constant " + entry
		}
		examples, ok := p.examplesOf(name)
		switch {
		case !ok:
			return "there is no " + entry
		case len(examples) == 0:
			return entry + " has no Example"
		}
		return ""
	}
	return "there is no package " + pkg
}

// examplesOf returns the Examples of a function, type or method, or of the whole package if name is "", and whether
// there is such a thing.
func (p documented) examplesOf(name string) ([]*doc.Example, bool) {
	if name == "" {
		return p.examples(), true
	}
	funcs := slices.Clone(p.doc.Funcs)
	for _, typ := range p.doc.Types {
		if typ.Name == name {
			return typ.Examples, true
		}
		funcs = append(funcs, typ.Funcs...)
		for _, m := range typ.Methods {
			if typ.Name+"."+m.Name == name {
				return m.Examples, true
			}
		}
	}
	for _, f := range funcs {
		if f.Name == name {
			return f.Examples, true
		}
	}
	return nil, false
}
