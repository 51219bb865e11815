// Package api lists what programs can use of this module: one line for each exported name, in the manner of the
// api directory of Go. The list stands in api.txt at the top, and a test tells when it is not the code's any more.
package api

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/build"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A Lister lists the packages of one module.
type Lister struct {
	root, module string // the module's folder, and its path
	fset         *token.FileSet
	checked      map[string]*types.Package
	standard     types.Importer
}

// NewLister returns a Lister of the module whose go.mod is in the folder root.
func NewLister(root, module string) *Lister {
	build.Default.CgoEnabled = false // the source importer takes the pure Go files of the standard library
	fset := token.NewFileSet()
	return &Lister{root: root, module: module, fset: fset, checked: map[string]*types.Package{}, standard: importer.ForCompiler(fset, "source", nil)}
}

// Import type-checks a package: one of the module, or of the standard library. It is what package go/types asks.
func (l *Lister) Import(path string) (*types.Package, error) {
	rest, own := strings.CutPrefix(path+"/", l.module+"/")
	if !own {
		return l.standard.Import(path)
	}
	if p, ok := l.checked[path]; ok {
		return p, nil
	}
	dir := filepath.Join(l.root, filepath.FromSlash(rest))
	here, err := build.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range here.GoFiles {
		f, err := parser.ParseFile(l.fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	config := types.Config{Importer: l, IgnoreFuncBodies: true}
	p, err := config.Check(path, l.fset, files, nil)
	l.checked[path] = p
	return p, err
}

// Packages returns the paths of the packages that programs can import: neither commands nor internal ones, and none
// of a nested module.
func (l *Lister) Packages() (paths []string, err error) {
	err = filepath.WalkDir(l.root, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(l.root, dir)
		if err != nil {
			return err
		}
		if rel != "." {
			nested, _ := filepath.Glob(filepath.Join(dir, "go.mod"))
			if name := d.Name(); name == "internal" || name == "testdata" || name[0] == '.' || name[0] == '_' || len(nested) > 0 {
				return filepath.SkipDir
			}
		}
		if p, err := build.ImportDir(dir, 0); err == nil && p.Name != "main" {
			paths = append(paths, path.Join(l.module, filepath.ToSlash(rel)))
		}
		return nil
	})
	slices.Sort(paths)
	return paths, err
}

// List returns the lines of a package, sorted.
func (l *Lister) List(path string) ([]string, error) {
	p, err := l.Import(path)
	if err != nil {
		return nil, err
	}
	name := cmp.Or(strings.TrimPrefix(strings.TrimPrefix(path, l.module), "/"), p.Name())
	lines := []string{"pkg " + name}
	add := func(format string, args ...any) {
		lines = append(lines, "pkg "+name+", "+fmt.Sprintf(format, args...))
	}
	text := func(t types.Type) string {
		return types.TypeString(t, func(other *types.Package) string {
			if other == p {
				return ""
			}
			return other.Name()
		})
	}
	for _, name := range p.Scope().Names() {
		o := p.Scope().Lookup(name)
		if !o.Exported() {
			continue
		}
		switch o := o.(type) {
		case *types.Const:
			add("const %s %s = %s", name, text(o.Type()), value(o.Val()))
		case *types.Var:
			add("var %s %s", name, text(o.Type()))
		case *types.Func:
			add("func %s%s", name, signature(o, text))
		case *types.TypeName:
			typeLines(o, text, add)
		}
	}
	slices.Sort(lines)
	return lines, nil
}

func value(v constant.Value) string {
	if v.Kind() == constant.Float {
		return v.String()
	}
	return v.ExactString()
}

// signature is that of a function without the names of its parameters, which callers do not use.
func signature(f *types.Func, text func(types.Type) string) string {
	s := f.Signature()
	bare := types.NewSignatureType(nil, nil, nil, unnamed(s.Params()), unnamed(s.Results()), s.Variadic())
	return strings.TrimPrefix(text(bare), "func")
}

func unnamed(t *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for v := range t.Variables() {
		vars = append(vars, types.NewParam(token.NoPos, nil, "", v.Type()))
	}
	return types.NewTuple(vars...)
}

func typeLines(o *types.TypeName, text func(types.Type) string, add func(string, ...any)) {
	name := o.Name()
	if o.IsAlias() {
		add("type %s = %s", name, text(types.Unalias(o.Type())))
		return
	}
	named := o.Type().(*types.Named)
	switch u := named.Underlying().(type) {
	case *types.Struct:
		kind := "struct"
		if !types.Comparable(u) {
			kind = "struct, not comparable"
		}
		add("type %s %s", name, kind)
		for f := range u.Fields() {
			switch {
			case f.Embedded() && f.Exported():
				add("type %s struct, embedded %s", name, text(f.Type()))
			case f.Exported():
				add("type %s struct, %s %s", name, f.Name(), text(f.Type()))
			}
		}
	case *types.Interface:
		add("type %s interface", name)
		for m := range u.Methods() {
			if m.Exported() {
				add("type %s interface, %s%s", name, m.Name(), signature(m, text))
			} else {
				add("type %s interface, unexported methods", name)
			}
		}
	default:
		add("type %s %s", name, text(u))
	}
	for m := range named.Methods() {
		if !m.Exported() {
			continue
		}
		receiver := name
		if _, pointer := m.Signature().Recv().Type().(*types.Pointer); pointer {
			receiver = "*" + name
		}
		add("method (%s) %s%s", receiver, m.Name(), signature(m, text))
	}
}
