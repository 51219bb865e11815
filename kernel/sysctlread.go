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
// that holds anything but what the sysctl is (one number of 32 bits, for two of them a
// range or a list of ports), is an error that names the file
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
	for _, c := range textSysctls {
		file := strings.ReplaceAll(c.name, ".", "/")
		text, err := fs.ReadFile(fsys, file)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			unread = append(unread, c.name)
			continue
		case err != nil:
			return base, nil, fmt.Errorf("kernel: sysctl %s: %w", c.name, err)
		}
		if err := c.set(&s, strings.TrimSpace(string(text))); err != nil {
			return base, nil, fmt.Errorf("kernel: file %s: %w", file, err)
		}
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
// A value that is not what the sysctl is, and a name of ours without a value,
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
		set, name, known := sysctlSetter(name)
		if !known {
			continue
		}
		if !ok {
			return base, nil, fmt.Errorf("kernel: line %d: %s has no \"=\" and value", number, name)
		}
		if err := set(&s, strings.TrimSpace(value)); err != nil {
			return base, nil, fmt.Errorf("kernel: line %d: %s: %w", number, name, err)
		}
		given[name] = true
	}
	for _, c := range sysctlTable {
		if !given[c.Name] {
			unread = append(unread, c.Name)
		}
	}
	for _, c := range textSysctls {
		if !given[c.name] {
			unread = append(unread, c.name)
		}
	}
	return s, unread, nil
}

// sysctlSetter finds a sysctl of either kind, by its name with dots or with slashes.
func sysctlSetter(name string) (set func(*Sysctls, string) error, dotted string, known bool) {
	if c, ok := SysctlByName(name); ok {
		return func(s *Sysctls, text string) error {
			v, err := parseSysctlValue(text)
			if err == nil {
				*c.field(s) = v
			}
			return err
		}, c.Name, true
	}
	for _, c := range textSysctls {
		if strings.ReplaceAll(name, "/", ".") == c.name {
			return c.set, c.name, true
		}
	}
	return nil, "", false
}

func parseSysctlValue(text string) (int, error) {
	text = strings.TrimSpace(text)
	v, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of 32 bits", shortened(text))
	}
	return int(v), nil
}

// shortened keeps enough to recognise what was read in place of a value.
func shortened(text string) string {
	const most = 60
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}
