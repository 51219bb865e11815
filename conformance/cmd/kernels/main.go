// Command kernels asks distribution kernels the experiments of the suite.
//
//	kernels fetch -state DIR -source 'deb URL suite main' ... -tree DIR PACKAGE...
//	kernels run   -tree DIR -guest FILE -out DIR GROUP...
//
// fetch needs apt-get and dpkg and leaves the machine's own package lists
// alone. run needs qemu-system-x86_64; it appends the lines that the guest
// prints to RELEASE.jsonl in the output directory.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/linuxtcp/conformance/boot"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: kernels fetch or kernels run, with -h for their flags"))
	}
	var err error
	switch os.Args[1] {
	case "fetch":
		err = fetch(os.Args[2:])
	case "run":
		err = run(os.Args[2:])
	default:
		err = fmt.Errorf("unknown command %q", os.Args[1])
	}
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "kernels:", err)
	os.Exit(1)
}

func fetch(args []string) error {
	f := flag.NewFlagSet("fetch", flag.ExitOnError)
	state := f.String("state", "", "directory for the private package index")
	tree := f.String("tree", "", "directory to unpack into")
	var sources []string
	f.Func("source", "a line of sources.list; repeat; none: use the index as it is", func(s string) error {
		sources = append(sources, s)
		return nil
	})
	f.Parse(args)
	dir, err := filepath.Abs(*state)
	if err != nil {
		return err
	}
	apt := boot.OpenApt(dir)
	if sources != nil {
		if apt, err = boot.NewApt(dir, sources); err != nil {
			return err
		}
	}
	to, err := filepath.Abs(*tree)
	if err != nil {
		return err
	}
	return apt.Unpack(to, f.Args()...)
}

func run(args []string) error {
	f := flag.NewFlagSet("run", flag.ExitOnError)
	m := boot.Machine{}
	f.StringVar(&m.Tree, "tree", "", "unpacked kernel package")
	f.StringVar(&m.Guest, "guest", "", "static guest program")
	f.StringVar(&m.Icount, "icount", "shift=1,sleep=off", "emulator's -icount; empty: real time")
	f.IntVar(&m.Memory, "memory", 512, "MiB")
	more := f.String("append", "", "more words for the kernel's command line")
	out := f.String("out", ".", "directory for RELEASE.jsonl")
	width := f.Int("width", 8, "idle experiments side by side")
	f.Parse(args)
	start, n, done := time.Now(), 0, false
	var lines []string
	var release string
	err := m.Run(fmt.Sprintf("observe=%s width=%d", strings.Join(f.Args(), ","), *width)+" "+*more, func(s string) {
		if i := strings.Index(s, `{"kernel":`); i >= 0 {
			var l struct{ Kernel string }
			if err := json.Unmarshal([]byte(s[i:]), &l); err != nil {
				fmt.Fprintf(os.Stderr, "bad line: %v: %s\n", err, s)
				return
			}
			release, n = l.Kernel, n+1
			lines = append(lines, s[i:])
			return
		}
		done = done || strings.HasPrefix(s, "done:")
		if strings.TrimSpace(s) != "" {
			fmt.Fprintln(os.Stderr, s)
		}
	})
	if !done {
		return errors.Join(err, fmt.Errorf("%s: the guest ended early, %d lines thrown away", release, n))
	}
	if n > 0 {
		w, oerr := os.OpenFile(filepath.Join(*out, release+".jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if oerr != nil {
			return oerr
		}
		fmt.Fprintln(w, strings.Join(lines, "\n"))
		if cerr := w.Close(); cerr != nil {
			return cerr
		}
	}
	fmt.Fprintf(os.Stderr, "%s: %d lines in %v\n", release, n, time.Since(start).Round(time.Second))
	return err
}
