package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
)

// ReadSysctls reads the sysctls of a running kernel. fsys is rooted at /proc/sys:
// os.DirFS("/proc/sys"), or a copy of such a tree. The files show the network
// namespace of the reader.
//
// What cannot be read keeps its value of base, and its name is returned: the file
// is missing, because the kernel does not have the sysctl or hides it from this
// namespace, or the reader may not open it. Any other failure to read, and a file
// that holds anything but one number of 32 bits, is an error that names the file
// and quotes the text; then base is returned unchanged.
func ReadSysctls(fsys fs.FS, base Sysctls) (s Sysctls, unread []string, err error) {
	s = base
	for _, c := range sysctlTable {
		file := strings.ReplaceAll(c.Name, ".", "/")
		text, err := fs.ReadFile(fsys, file)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			unread = append(unread, c.Name)
			continue
		case err != nil:
			return base, nil, fmt.Errorf("kernel: sysctl %s: %w", c.Name, err)
		}
		v, err := parseSysctlValue(string(text))
		if err != nil {
			return base, nil, fmt.Errorf("kernel: file %s: %w", file, err)
		}
		*c.field(&s) = v
	}
	return s, unread, nil
}

// ParseSysctls reads sysctls from text: the output of `sysctl -a`, or a file such
// as /etc/sysctl.conf. A line is a name, "=" and a value, in which the name has
// dots or slashes ("net.core.somaxconn = 4096", "net/core/somaxconn=4096") and may
// stand after a "-". Where a name stands twice, the last one counts.
//
// Names that the models do not read, empty lines, comments (# and ;) and the
// complaints of sysctl(8) ("sysctl: permission denied on key ...") are passed over.
// What the text does not give keeps its value of base, and its name is returned.
// A value that is not one number of 32 bits, and a name of ours without a value,
// is an error that names the line and quotes the text; then base is returned
// unchanged. An error of r is returned as it is.
func ParseSysctls(r io.Reader, base Sysctls) (s Sysctls, unread []string, err error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return base, nil, err
	}
	s = base
	given := make(map[string]bool)
	number := 0
	for line := range bytes.Lines(text) {
		number++
		name, value, ok := strings.Cut(strings.TrimSpace(string(line)), "=")
		name = strings.TrimSpace(strings.TrimPrefix(name, "-"))
		if !ok {
			// "net.core.somaxconn 4096" would be lost in silence.
			if words := strings.Fields(name); len(words) > 0 {
				name = words[0]
			}
		}
		c, known := SysctlByName(name)
		if !known {
			continue
		}
		if !ok {
			return base, nil, fmt.Errorf("kernel: line %d: %s has no \"=\" and value", number, c.Name)
		}
		v, err := parseSysctlValue(value)
		if err != nil {
			return base, nil, fmt.Errorf("kernel: line %d: %s: %w", number, c.Name, err)
		}
		*c.field(&s) = v
		given[c.Name] = true
	}
	for _, c := range sysctlTable {
		if !given[c.Name] {
			unread = append(unread, c.Name)
		}
	}
	return s, unread, nil
}

func parseSysctlValue(text string) (int, error) {
	text = strings.TrimSpace(text)
	v, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		const most = 60 // enough to recognise what was read in place of a number
		if len(text) > most {
			text = text[:most] + "..."
		}
		return 0, fmt.Errorf("%q is not a number of 32 bits", text)
	}
	return int(v), nil
}
