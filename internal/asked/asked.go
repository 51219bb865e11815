// Package asked finds the kernel that a command is asked about: the one that a flag or a
// file names, or that of this machine, or one that is assumed.
package asked

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"example.com/linuxtcp/kernel"
)

const (
	// FallbackRelease is asked about where no release can be read and none was named.
	FallbackRelease = "6.12.107"
	// FallbackMemory is assumed where /proc/meminfo cannot be read, in MiB.
	FallbackMemory = 4096
)

// A Kernel is a release and how it was found.
type Kernel struct {
	Release kernel.Release
	// Running says that it is this machine's.
	Running bool
	// From says in words where it comes from.
	From string
	// Note is what to know about it, Unread what could not be read; both may be "".
	Note, Unread string
}

// Find returns the kernel called name; from says who named it ("-release"). If name is ""
// it is that of the machine whose /proc is proc. A name that cannot be read is the only
// error.
func Find(proc fs.FS, name, from string) (Kernel, error) {
	if name != "" {
		r, err := kernel.Parse(name)
		if err != nil {
			return Kernel{}, fmt.Errorf("%s: %w", from, err)
		}
		return Kernel{Release: r, From: "named by " + from}, nil
	}
	r, err := kernel.ReadRelease(proc)
	var outside *kernel.RangeError
	switch {
	case err == nil:
		return Kernel{Release: r, Running: true, From: "this machine"}, nil
	case errors.As(err, &outside):
		return Kernel{Release: outside.Nearest, Running: true, From: "nearest to this machine",
			Note: fmt.Sprintf("This machine runs %s, outside the range that is known: the rules are those of %s, the nearest.",
				outside.Text, outside.Nearest)}, nil
	}
	return Kernel{Release: kernel.MustParse(FallbackRelease), From: "assumed",
		Unread: fmt.Sprintf("the release: %v: Linux %s is assumed; give -release", PlainError(err), FallbackRelease)}, nil
}

// Memory returns MemTotal of /proc/meminfo in bytes, false if it cannot be read.
func Memory(proc fs.FS) (total uint64, ok bool) {
	text, err := fs.ReadFile(proc, "meminfo")
	if err != nil {
		return 0, false
	}
	return memTotal(text)
}

// memTotal finds "MemTotal:  16384256 kB" in the text of /proc/meminfo.
func memTotal(text []byte) (total uint64, ok bool) {
	for line := range bytes.Lines(text) {
		fields := strings.Fields(string(line))
		if len(fields) >= 2 && fields[0] == "MemTotal:" {
			kb, err := strconv.ParseUint(fields[1], 10, 50)
			return kb << 10, err == nil && kb > 0
		}
	}
	return 0, false
}

// MendRange puts the default of a release in place of an ip_local_port_range that no kernel takes, and
// says so; "" if it is one.
func MendRange(sys *kernel.Sysctls, r kernel.Release) (unread string) {
	sem := r.Semantics()
	p := sys.LocalPorts(&sem)
	if p.Low >= 1 && p.High <= 65535 && p.Low <= p.High {
		return ""
	}
	sys.IPLocalPortRange = kernel.PortRange{}
	return fmt.Sprintf("sysctl ip_local_port_range: %d to %d is no range: the default of %s is taken", p.Low, p.High, r)
}

// PlainError is an error of a file without the file's name.
func PlainError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
