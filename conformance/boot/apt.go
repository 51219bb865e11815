package boot

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// An Apt is a package index of its own: it shares neither lists, nor
// sources, nor state with the machine's.
type Apt struct {
	Dir string // where it keeps everything
}

// NewApt makes the directory and fetches the index of the given sources,
// lines in the format of sources.list; without any, of those of the machine.
func NewApt(dir string, sources []string) (*Apt, error) {
	a := &Apt{dir}
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	own := fmt.Sprintf(`Dir::Etc::sourcelist "%s/sources.list";
Dir::Etc::sourceparts "/dev/null";
`, dir)
	if len(sources) == 0 {
		own = ""
	}
	conf := own + fmt.Sprintf(`Dir::State::Lists "%[1]s/lists";
Dir::State::status "%[1]s/status";
Dir::Cache "%[1]s/cache";
Acquire::Languages "none";
`, dir)
	for name, text := range map[string]string{"apt.conf": conf, "status": "", "sources.list": strings.Join(sources, "\n") + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return a, a.run(dir, "apt-get", "update")
}

// OpenApt uses a directory that NewApt has filled.
func OpenApt(dir string) *Apt { return &Apt{dir} }

// Kernel returns the packages and those that they depend on among the ones that hold a kernel's
// image and modules: linux-image-cloud-amd64 is empty but for such a dependency.
func (a *Apt) Kernel(packages ...string) ([]string, error) {
	all := slices.Clone(packages)
	for i := 0; i < len(all); i++ {
		c := a.command(a.Dir, "apt-cache", "depends", "--important", all[i])
		out, err := c.Output()
		if err != nil {
			return nil, fmt.Errorf("apt-cache depends %s: %w", all[i], err)
		}
		for line := range strings.Lines(string(out)) {
			name, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: linux-")
			kind, _, _ := strings.Cut(name, "-")
			if name = "linux-" + name; ok && slices.Contains([]string{"image", "binary", "modules"}, kind) && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all, nil
}

// Unpack downloads packages and unpacks them, each over the other, into dir.
func (a *Apt) Unpack(dir string, packages ...string) error {
	debs := filepath.Join(dir, "debs")
	if err := os.MkdirAll(debs, 0o755); err != nil {
		return err
	}
	if err := a.run(debs, "apt-get", append([]string{"download"}, packages...)...); err != nil {
		return err
	}
	files, _ := filepath.Glob(filepath.Join(debs, "*.deb"))
	for _, f := range files {
		if err := a.run(dir, "dpkg", "-x", f, dir); err != nil {
			return err
		}
	}
	return nil
}

func (a *Apt) command(dir, name string, arg ...string) *exec.Cmd {
	c := exec.Command(name, arg...)
	c.Dir, c.Stderr = dir, os.Stderr
	c.Env = append(os.Environ(), "APT_CONFIG="+filepath.Join(a.Dir, "apt.conf"))
	return c
}

func (a *Apt) run(dir, name string, arg ...string) error {
	c := a.command(dir, name, arg...)
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(arg, " "), err)
	}
	return nil
}
