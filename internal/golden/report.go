package golden

import (
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// JSONNames fails the test if a field of a report, or of what is in it, has no JSON name of
// its own in lower case.
func JSONNames(t testing.TB, report reflect.Type) {
	t.Helper()
	var walk func(reflect.Type)
	seen := make(map[reflect.Type]bool)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			field := typ.Field(i)
			if !field.IsExported() {
				continue
			}
			tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if tag == "" || tag != strings.ToLower(tag) {
				t.Errorf("%s.%s: JSON name %q", typ.Name(), field.Name, tag)
			}
			walk(field.Type)
		}
	}
	walk(report)
}

// A DenyFS is a file system in which some files may not be read.
type DenyFS struct {
	fstest.MapFS
	Denied []string
}

// Open refuses what is denied.
func (d DenyFS) Open(name string) (fs.File, error) {
	if slices.Contains(d.Denied, name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return d.MapFS.Open(name)
}

// ReadFile hides the one of MapFS, which would not ask Open.
func (d DenyFS) ReadFile(name string) ([]byte, error) {
	if slices.Contains(d.Denied, name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return d.MapFS.ReadFile(name)
}
