package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"example.com/linuxtcp/conformance/batch"
	"example.com/linuxtcp/conformance/boot"
)

// options are what all commands take.
type options struct {
	names   []string
	sources []string
	cache   string
	guest   string
	icount  string
	append  string
	memory  int
	width   int
	longest time.Duration
	guests  time.Duration // longest for guests
	again   int
	ask     bool
	verbose bool
	fuzz    fuzzFlags

	apt *boot.Apt
	dir string // of the guest program that was built here
}

func (o *options) flags(f *flag.FlagSet) {
	f.Func("k", "a kernel: own, a folder, or a package; repeat, or separate by commas (default own)", func(s string) error {
		o.names = append(o.names, strings.Split(s, ",")...)
		return nil
	})
	f.Func("source", "a line of sources.list to take packages from; repeat (default: the machine's own sources)", func(s string) error {
		o.sources = append(o.sources, s)
		return nil
	})
	cache, _ := os.UserCacheDir()
	f.StringVar(&o.cache, "cache", filepath.Join(cmp.Or(cache, os.TempDir()), "linuxtcp-kernels"), "folder for fetched kernels")
	f.StringVar(&o.guest, "guest", "", "static build of cmd/guest (default: built now)")
	f.StringVar(&o.icount, "icount", "shift=1,sleep=off", "emulator's -icount; empty: real time")
	f.StringVar(&o.append, "append", "", "more words for a guest kernel's command line")
	f.IntVar(&o.memory, "memory", 512, "of a guest, in MiB; defaults of sysctls depend on it")
	f.IntVar(&o.width, "width", 0, "scripts side by side; 0: as many as do not disturb each other")
	f.DurationVar(&o.longest, "longest", 5*time.Second, "the running kernel is not asked scripts that wait for longer in all; 0: all")
	f.IntVar(&o.again, "again", 2, "compare: how often a script that differs is run again, alone, before that counts")
	f.BoolVar(&o.ask, "if-possible", false, "kernels that cannot be had or asked are reported, but are no failure")
	f.DurationVar(&o.guests, "guest-longest", 0, "guests are not asked scripts that wait for longer in all; 0: all")
	o.fuzz.flags(f)
	f.BoolVar(&o.verbose, "v", false, "show what guests print")
}

// close removes what was built.
func (o *options) close() {
	if o.dir != "" {
		os.RemoveAll(o.dir)
	}
}

// kernels finds the kernels that were named. What cannot be had is in missing.
func (o *options) kernels() (kernels []batch.Kernel, missing []error) {
	for _, name := range o.names {
		k, err := o.kernel(name)
		if err != nil {
			missing = append(missing, fmt.Errorf("kernel %s CANNOT BE HAD: %w", name, err))
			continue
		}
		kernels = append(kernels, k)
	}
	return kernels, missing
}

func (o *options) kernel(name string) (batch.Kernel, error) {
	if name == "own" {
		return batch.Own{Width: o.width, Longest: o.longest}, nil
	}
	tree := name
	if !strings.Contains(name, "/") {
		var err error
		if tree, err = o.fetch(name); err != nil {
			return nil, err
		}
	}
	m := boot.Machine{Tree: tree, Icount: o.icount, Memory: o.memory, Append: o.append}
	if err := m.Check(); err != nil {
		return nil, err
	}
	if err := o.build(); err != nil {
		return nil, err
	}
	m.Guest = o.guest
	g := &batch.Guest{Name: name, Machine: m, Width: o.width, Longest: o.guests}
	if o.verbose {
		g.Log = func(line string) { fmt.Fprintf(os.Stderr, "%s: %s\n", name, line) }
	}
	return g, nil
}

// build makes the guest program, unless there is one.
func (o *options) build() error {
	if o.guest != "" {
		return nil
	}
	dir, err := os.MkdirTemp("", "guest-")
	if err != nil {
		return err
	}
	o.dir = dir
	file := filepath.Join(dir, "guest")
	c := exec.Command("go", "build", "-o", file, "example.com/linuxtcp/conformance/cmd/guest")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("cmd/guest cannot be built (run this in the module conformance, or see -guest): %w\n%s", err, out)
	}
	o.guest = file
	return nil
}

// fetch unpacks packages into the cache, unless they are there.
func (o *options) fetch(name string) (string, error) {
	tree, err := filepath.Abs(filepath.Join(o.cache, name))
	if err != nil {
		return "", err
	}
	if (&boot.Machine{Tree: tree}).Check() == nil {
		return tree, nil
	}
	if o.apt == nil {
		dir, err := filepath.Abs(filepath.Join(o.cache, "apt"))
		if err != nil {
			return "", err
		}
		if o.apt, err = boot.NewApt(dir, o.sources); err != nil {
			return "", err
		}
	}
	packages, err := o.apt.Kernel(packageNames(name)...)
	if err != nil {
		return "", err
	}
	// Only a tree that is complete gets its name.
	part := tree + ".part"
	os.RemoveAll(part)
	if err := o.apt.Unpack(part, packages...); err != nil {
		return "", err
	}
	os.RemoveAll(filepath.Join(part, "debs"))
	return tree, os.Rename(part, tree)
}

// packageNames takes packages that are joined by "+" apart. Their versions may have one too ("deb13"), so
// that only a "+" before "linux-" joins.
func packageNames(name string) []string {
	return strings.Split(strings.ReplaceAll(name, "+linux-", " linux-"), " ")
}
