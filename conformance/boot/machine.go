package boot

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A Machine is an unpacked kernel package and the guest program to run on it.
type Machine struct {
	Tree  string // where the package was unpacked
	Guest string // the static program that becomes /init
	// Icount is the emulator's -icount argument; "" lets guest time follow
	// the host's clock.
	Icount string
	Memory int // MiB
	// Files stand beside the guest program.
	Files []File
	// Append are more words for the kernel's command line.
	Append string
	// Limit is how long the machine may run, by the clock on the wall; 0 means 30 minutes.
	Limit time.Duration
}

const emulator = "qemu-system-x86_64"

// modules are loaded in this order by the guest.
var modules = []string{"tun", "inet_diag", "tcp_diag"}

// find returns the first path under the tree whose base name fits a pattern.
func (m *Machine) find(pattern string) string {
	var found string
	filepath.WalkDir(m.Tree, func(p string, d fs.DirEntry, err error) error {
		if ok, _ := filepath.Match(pattern, filepath.Base(p)); err == nil && !d.IsDir() && ok {
			found = p
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// Check reports what keeps the machine from booting: no kernel in the tree, no module for TUN devices,
// no emulator.
func (m *Machine) Check() error {
	if m.find("vmlinuz*") == "" {
		return errors.New("no vmlinuz in " + m.Tree)
	}
	if m.find("tun.ko*") == "" {
		return errors.New("no tun.ko in " + m.Tree)
	}
	_, err := exec.LookPath(emulator)
	return err
}

// Initrd packs the guest and the modules that this kernel has.
func (m *Machine) Initrd(w io.Writer) error {
	guest, err := os.ReadFile(m.Guest)
	if err != nil {
		return err
	}
	files := []File{
		{Name: "dev", Mode: dirMode | 0o755},
		{Name: "dev/console", Mode: charMode | 0o600, Major: 5, Min: 1},
		{Name: "init", Mode: regMode | 0o755, Data: guest},
	}
	var list bytes.Buffer
	for _, name := range modules {
		path := m.find(name + ".ko*")
		if path == "" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".xz") {
			c := exec.Command("xz", "-dc", path)
			if data, err = c.Output(); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		fmt.Fprintf(&list, "/%s.ko\n", name)
		files = append(files, File{Name: name + ".ko", Mode: regMode | 0o644, Data: data})
	}
	files = append(files, File{Name: "modules", Mode: regMode | 0o644, Data: list.Bytes()})
	return WriteInitrd(w, append(files, m.Files...))
}

// Run boots the machine with args on the kernel command line and calls line
// for each line of its serial console.
func (m *Machine) Run(args string, line func(string)) error {
	kernel := m.find("vmlinuz*")
	if kernel == "" {
		return errors.New("no vmlinuz in " + m.Tree)
	}
	f, err := os.CreateTemp("", "initrd-*.gz")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(m.Initrd(f), f.Close()); err != nil {
		return err
	}
	argv := []string{
		// Without cx16: emulated, it has been seen to corrupt flags.
		"-accel", "tcg", "-cpu", "max,-cx16", "-smp", "1", "-m", fmt.Sprint(cmp.Or(m.Memory, 512)), "-nographic", "-no-reboot", "-nic", "none",
		"-kernel", kernel, "-initrd", f.Name(),
		"-append", "console=ttyS0 quiet loglevel=1 panic=-1 " + m.Append + " " + args,
	}
	if m.Icount != "" {
		argv = append(argv, "-icount", m.Icount)
	}
	limit := cmp.Or(m.Limit, 30*time.Minute)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, emulator, argv...)
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		return err
	}
	sc := bufio.NewScanner(out)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		line(strings.TrimRight(sc.Text(), "\r"))
	}
	err = errors.Join(sc.Err(), c.Wait())
	if ctx.Err() != nil {
		err = fmt.Errorf("the machine was ended after %v: %w", limit, err)
	}
	return err
}
