package script

import (
	"fmt"
	"io/fs"
	"strings"
)

// Suffix is how the names of script files end.
const Suffix = ".script"

// ReadFS reads all files whose names end in [Suffix], in all folders of a file system, in the order of
// their paths, which become their names: ReadFS(os.DirFS("testdata")). The error is the first of reading or of [Parse].
func ReadFS(fsys fs.FS) ([]*Script, error) {
	var scripts []*Script
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, Suffix) {
			return err
		}
		text, err := fs.ReadFile(fsys, path)
		if err != nil {
			return fmt.Errorf("script: %w", err)
		}
		s, err := Parse(path, string(text))
		scripts = append(scripts, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return scripts, nil
}
