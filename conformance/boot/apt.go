package boot

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// An Apt is a package index of its own: it shares neither lists, nor
// sources, nor state with the machine's.
type Apt struct {
	Dir string // where it keeps everything
}

// NewApt makes the directory and fetches the index of the given sources,
// lines in the format of sources.list.
func NewApt(dir string, sources []string) (*Apt, error) {
	a := &Apt{dir}
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	conf := fmt.Sprintf(`Dir::Etc::sourcelist "%[1]s/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::Lists "%[1]s/lists";
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

func (a *Apt) run(dir, name string, arg ...string) error {
	c := exec.Command(name, arg...)
	c.Dir, c.Stderr = dir, os.Stderr
	c.Env = append(os.Environ(), "APT_CONFIG="+filepath.Join(a.Dir, "apt.conf"))
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(arg, " "), err)
	}
	return nil
}
