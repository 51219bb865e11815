package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every kind of name has its line; what programs cannot use has none.
func TestList(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"a/a.go": `package a
import ("example.org/m/b"; "time")
const X, hidden Flag = 1 << iota, 7
const Rate = 0.5
var V = []int{1}
type Flag uint8
func (f Flag) Has(g Flag) (yes bool) { return f&g != 0 }
type Old = b.B
type S struct { b.B; N, m int; At time.Duration }
func (s *S) Run(every ...func(int) (string, error)) error { return nil }
func (s *S) run() {}
type F struct { Do func() }
type I interface { M(d time.Duration); m() }
func Make(from *S, n, of int) (s S, err error) { return }
`,
		"b/b.go": "package b\ntype B struct{ X int }\n", "a/a_test.go": "package a\nconst Test = 1\n", "cmd/main.go": "package main\nfunc main() {}\n",
		"internal/c/c.go": "package c\n", "nested/go.mod": "module n\n", "nested/n.go": "package n\n",
	} {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l := NewLister(root, "example.org/m")
	packages, err := l.Packages()
	if got := strings.Join(packages, " "); err != nil || got != "example.org/m/a example.org/m/b" {
		t.Errorf("packages %s, %v", got, err)
	}
	lines, err := l.List("example.org/m/a")
	if err != nil {
		t.Fatal(err)
	}
	const want = `pkg a
pkg a, const Rate untyped float = 0.5
pkg a, const X Flag = 1
pkg a, func Make(*S, int, int) (S, error)
pkg a, method (*S) Run(...func(int) (string, error)) error
pkg a, method (Flag) Has(Flag) bool
pkg a, type F struct, Do func()
pkg a, type F struct, not comparable
pkg a, type Flag uint8
pkg a, type I interface
pkg a, type I interface, M(time.Duration)
pkg a, type I interface, unexported methods
pkg a, type Old = b.B
pkg a, type S struct
pkg a, type S struct, At time.Duration
pkg a, type S struct, N int
pkg a, type S struct, embedded b.B
pkg a, var V []int`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s", got)
	}
	if _, err := l.List("example.org/m/no"); err == nil {
		t.Error("a package that is not there is listed")
	}
}
