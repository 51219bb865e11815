package linuxtcp_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// exported returns the exported names of the library: queue.AcceptLimit, and
// portalloc.Allocator.Bind for methods and fields.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, dir := range []string{"kernel", "queue", "timewait", "paws", "portalloc", "host", "sim", "script"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no Go files: %v", dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range parsed.Decls {
				for _, name := range declared(decl) {
					names[dir+"."+name] = true
				}
			}
		}
	}
	return names
}

// declared returns what a declaration declares, in the way that exported names it.
func declared(decl ast.Decl) (names []string) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		of := d.Recv.List[0].Type
		if star, ok := of.(*ast.StarExpr); ok {
			of = star.X
		}
		if id, ok := of.(*ast.Ident); ok {
			names = append(names, id.Name+"."+d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				for _, id := range s.Names {
					names = append(names, id.Name)
				}
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
				if st, ok := s.Type.(*ast.StructType); ok {
					for _, field := range st.Fields.List {
						for _, id := range field.Names {
							names = append(names, s.Name.Name+"."+id.Name)
						}
					}
				}
			}
		}
	}
	return names
}

var (
	codeName = regexp.MustCompile("`((?:kernel|queue|timewait|paws|portalloc|host|sim|script)\\.[A-Z][A-Za-z0-9]*(?:\\.[A-Z][A-Za-z0-9]*)?)`")
	link     = regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)`)
)

// What pages under docs name is there.
func TestPagesNameWhatExists(t *testing.T) {
	names := exported(t)
	count := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(page, "docs") {
			for _, found := range codeName.FindAllStringSubmatch(string(text), -1) {
				count++
				if !names[found[1]] {
					t.Errorf("%s: there is no %s", page, found[1])
				}
			}
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), found[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if count < 20 {
		t.Errorf("only %d names found", count)
	}
}

// Each claim has a page of its own, which names the rule, and a line in the index.
func TestClaimsAreIndexed(t *testing.T) {
	index, err := os.ReadFile("docs/claims/README.md")
	if err != nil {
		t.Fatal(err)
	}
	claims, err := filepath.Glob("docs/claims/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range claims {
		name := filepath.Base(page)
		if name == "README.md" {
			continue
		}
		if n := strings.Count(string(index), "]("+name+")"); n != 1 {
			t.Errorf("docs/claims/README.md has %d links to %s, want 1", n, name)
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"# ", "\n## Measured\n", "\n## Rule\n", "\n    $ go run ./examples/"} {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s has no %q", page, part)
			}
		}
		if _, rule, _ := strings.Cut(string(text), "\n## Rule\n"); !codeName.MatchString(rule) {
			t.Errorf("%s: the rule names no function", page)
		}
	}
}
