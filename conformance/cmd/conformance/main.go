// Command conformance asks running kernels what they do with scripts, and holds the models of
// package host against it.
//
//	conformance fetch   -k NAME...                unpack kernels, to look what there is
//	conformance record  -k NAME... FILE|DIR...    write what the kernels answer into script files
//	conformance compare -k NAME... FILE|DIR...    run scripts on the kernels, and their models beside them
//	conformance fuzz    -k NAME... -n 1000        the same with random scripts, shrunk where they differ
//
// A kernel's NAME is "own" for the one that is running; a folder with an unpacked kernel package, written with
// a slash (./trees/a); or a Debian package (linux-image-6.1.0-47-cloud-amd64), several that make one
// kernel joined by "+". What a package depends on comes along. Packages come from the machine's own package
// sources, or those of -source, through package lists of their own, and are kept under -cache.
//
// "own" needs root, the others qemu-system-x86_64, and packages apt-get and dpkg. A kernel that cannot be
// had is reported, the others run, and the exit status is 1. It is 1 as well if a model differs.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/linuxtcp/script"
)

func main() {
	commands := map[string]func(*options, []string) error{"fetch": fetch, "record": record, "compare": compare, "fuzz": fuzzer}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: conformance fetch|record|compare|fuzz -k KERNEL... [FILE|DIR...]; conformance compare -h lists the flags")
		os.Exit(2)
	}
	o := &options{}
	f := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	o.flags(f)
	f.Parse(os.Args[2:])
	if len(o.names) == 0 {
		o.names = []string{"own"}
	}
	if err := commands[os.Args[1]](o, f.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// load reads the script files that are named, and those below the folders that are.
func load(args []string) ([]*script.Script, error) {
	var files []string
	for _, a := range args {
		err := filepath.WalkDir(a, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (path == a || strings.HasSuffix(path, ".script")) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(files)
	files = slices.Compact(files)
	var scripts []*script.Script
	var bad []error
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		s, err := script.Parse(f, string(b))
		if err != nil {
			bad = append(bad, err)
			continue
		}
		scripts = append(scripts, s)
	}
	if len(scripts) == 0 && len(bad) == 0 {
		return nil, errors.New("no scripts: name files, or folders with *.script")
	}
	return scripts, errors.Join(bad...)
}
