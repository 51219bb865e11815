package linuxtcp_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// exampled are the packages that people import: each exported type has an Example there.
var exampled = []string{"kernel", "queue", "timewait", "paws", "portalloc", "host", "script", "sim"}

// Every package has documentation, and so has every exported name, method and member of an enumeration. In
// what programs can import, so has every field; a command's fields are the names of its JSON.
func TestEveryNameIsDocumented(t *testing.T) {
	for _, p := range packages(t) {
		if p.doc.Doc == "" {
			t.Errorf("%s: the package has no documentation", p.dir)
		}
		for _, name := range p.undocumented() {
			t.Errorf("%s: %s has no documentation", p.dir, name)
		}
	}
}

// Every package that can be imported has an Example that runs, and every Example has an output, without
// which go test compiles it only.
func TestEveryPackageHasExamples(t *testing.T) {
	for _, p := range packages(t) {
		examples := p.examples()
		for _, e := range examples {
			if e.Output == "" && !e.EmptyOutput {
				t.Errorf("%s: Example%s has no output, and so is not run", p.dir, e.Name)
			}
		}
		if len(examples) == 0 && !p.command() && !p.hidden() {
			t.Errorf("%s: the package has no Example", p.dir)
		}
	}
}

// Every exported type of the library has an Example of its own or one of a method.
func TestEveryTypeHasAnExample(t *testing.T) {
	for _, p := range packages(t) {
		if !slices.Contains(exampled, p.dir) {
			continue
		}
		for _, typ := range p.doc.Types {
			if len(typeExamples(typ)) == 0 {
				t.Errorf("%s: type %s has no Example", p.dir, typ.Name)
			}
		}
	}
}

// The page of each package says, besides what it is and its rules, what one has to know before relying on them.
func TestPagesHaveTheirSections(t *testing.T) {
	model := []string{"Counters", "What is exact, what is an envelope", "What is not modelled", "Evidence", "Release differences"}
	want := map[string][]string{
		"kernel": {"Counters", "What is not known", "Evidence"}, "queue": model, "timewait": model, "paws": model, "portalloc": model, "host": model,
		"sim": {"What is exact, what is an envelope", "What is not modelled", "Evidence"}, "script": {"What is compared", "Evidence"},
	}
	for _, p := range packages(t) {
		for _, heading := range want[p.dir] {
			if !strings.Contains(p.doc.Doc, "\n# "+heading+"\n") {
				t.Errorf("%s: the page has no section %q", p.dir, heading)
			}
		}
	}
}

// documented is a package as go doc shows it.
type documented struct {
	dir   string // "queue", "." for the first one, with slashes
	doc   *doc.Package
	files []*ast.File // without tests
	fset  *token.FileSet
}

func (p documented) command() bool { return p.doc.Name == "main" }

// hidden reports whether programs outside of the module cannot import it: what is internal, and the module of the judge.
func (p documented) hidden() bool {
	return strings.HasPrefix(p.dir, "internal/") || strings.HasPrefix(p.dir, "conformance/")
}

// packages returns every package of this module and of those nested in it.
func packages(t *testing.T) []documented {
	t.Helper()
	all, err := readPackages()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range append([]string{"."}, exampled...) {
		if !slices.ContainsFunc(all, func(p documented) bool { return p.dir == dir }) {
			t.Fatalf("package %s was not found", dir)
		}
	}
	return all
}

var readPackages = sync.OnceValues(func() (all []documented, err error) {
	err = filepath.WalkDir(".", func(dir string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return err
		case d.Name() == "testdata" || dir != "." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		}
		p, ok, err := readPackage(dir)
		if ok {
			all = append(all, p)
		}
		return err
	})
	return all, err
})

// readPackage reads the package in a directory, if there is one.
func readPackage(dir string) (documented, bool, error) {
	p := documented{dir: filepath.ToSlash(dir)}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return p, false, err
	}
	p.fset = token.NewFileSet()
	var withTests []*ast.File
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		f, err := parser.ParseFile(p.fset, filepath.Join(dir, e.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return p, false, err
		}
		withTests = append(withTests, f)
		if !strings.HasSuffix(e.Name(), "_test.go") {
			p.files = append(p.files, f)
		}
	}
	if len(p.files) == 0 {
		return p, false, nil
	}
	p.doc, err = doc.NewFromFiles(p.fset, withTests, "example.com/linuxtcp/"+p.dir, doc.PreserveAST)
	return p, true, err
}

// examples are all Examples of a package.
func (p documented) examples() []*doc.Example {
	all := slices.Clone(p.doc.Examples)
	for _, f := range p.doc.Funcs {
		all = append(all, f.Examples...)
	}
	for _, t := range p.doc.Types {
		all = append(all, typeExamples(t)...)
		for _, f := range t.Funcs {
			all = append(all, f.Examples...)
		}
	}
	return all
}

// typeExamples are those of a type and its methods.
func typeExamples(t *doc.Type) []*doc.Example {
	all := slices.Clone(t.Examples)
	for _, m := range t.Methods {
		all = append(all, m.Examples...)
	}
	return all
}

// undocumented lists the exported names of a package without a comment.
func (p documented) undocumented() (names []string) {
	lacks := func(name string, comments ...*ast.CommentGroup) {
		for _, c := range comments {
			if c.Text() != "" {
				return
			}
		}
		names = append(names, name)
	}
	for _, f := range p.files {
		for _, decl := range f.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if name, ok := exportedFunc(d); ok {
					lacks(name, d.Doc)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						if s.Name.IsExported() {
							lacks("type "+s.Name.Name, s.Doc, s.Comment, only(d, d.Doc))
							if !p.command() && !p.hidden() {
								p.fieldsOf(s.Name.Name, s.Type, lacks)
							}
						}
					case *ast.ValueSpec:
						for _, n := range s.Names {
							if n.IsExported() {
								lacks(n.Name, s.Doc, s.Comment, groupDoc(d))
							}
						}
					}
				}
			}
		}
	}
	return names
}

// only returns a declaration's comment if it declares one name.
func only(d *ast.GenDecl, c *ast.CommentGroup) *ast.CommentGroup {
	if len(d.Specs) == 1 {
		return c
	}
	return nil
}

// groupDoc returns the comment of a declaration that stands for all its names. Members of an enumeration,
// whose first one says iota, need comments of their own.
func groupDoc(d *ast.GenDecl) *ast.CommentGroup {
	first := d.Specs[0].(*ast.ValueSpec)
	enum := false
	for _, v := range first.Values {
		ast.Inspect(v, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			enum = enum || ok && id.Name == "iota"
			return true
		})
	}
	if enum && len(d.Specs) > 1 {
		return nil
	}
	return d.Doc
}

// exportedFunc returns the name of a function or method that go doc shows.
func exportedFunc(d *ast.FuncDecl) (string, bool) {
	if d.Recv == nil {
		return d.Name.Name, d.Name.IsExported()
	}
	typ := d.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.Ident:
			return t.Name + "." + d.Name.Name, t.IsExported() && d.Name.IsExported()
		default:
			return fmt.Sprintf("%T.%s", typ, d.Name.Name), d.Name.IsExported()
		}
	}
}

// fieldsOf asks for the comments of a struct's fields and an interface's methods. The comment of a field stands for
// those right below it that it names. What is embedded has its own documentation elsewhere.
func (p documented) fieldsOf(name string, typ ast.Expr, lacks func(string, ...*ast.CommentGroup)) {
	var list *ast.FieldList
	switch t := typ.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return
	}
	if p.line(typ.Pos()) == p.line(typ.End()) {
		return // the type's own comment tells of all
	}
	var above *ast.CommentGroup
	end := 0 // the line of the field before
	for _, f := range list.List {
		if f.Doc != nil || p.line(f.Pos()) > end+1 {
			above = f.Doc
		}
		end = p.line(f.End())
		for _, n := range f.Names {
			if !n.IsExported() {
				continue
			}
			if !slices.Contains(words(above.Text()), n.Name) {
				lacks(name+"."+n.Name, f.Doc, f.Comment)
			}
			p.fieldsOf(name+"."+n.Name, f.Type, lacks)
		}
	}
}

func (p documented) line(pos token.Pos) int { return p.fset.Position(pos).Line }

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
