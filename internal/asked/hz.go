package asked

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/timewait"
)

// FallbackHZ is the CONFIG_HZ that is assumed where none can be read.
const FallbackHZ = 250

// RunningHZ returns the CONFIG_HZ of the kernel whose /proc is proc, with semantics sem, and where
// it was found. unread says that it is assumed, if that matters to how long TIME_WAIT lasts.
func RunningHZ(sem *kernel.Semantics, proc fs.FS) (hz int, from, unread string) {
	hz, err := ConfigHZ(proc)
	if err == nil {
		return hz, "/proc/config.gz", ""
	}
	_, at100 := timewait.Lifetime(sem, 100, timewait.Length, true)
	if _, at250 := timewait.Lifetime(sem, 250, timewait.Length, true); at100 != at250 {
		unread = fmt.Sprintf("CONFIG_HZ: /proc/config.gz: %v: %d is assumed; give -hz", PlainError(err), FallbackHZ)
	}
	return FallbackHZ, "assumed", unread
}

// ConfigHZ finds CONFIG_HZ in /proc/config.gz, which kernels with CONFIG_IKCONFIG_PROC
// have.
func ConfigHZ(proc fs.FS) (int, error) {
	f, err := proc.Open("config.gz")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(io.LimitReader(text, 4<<20))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "CONFIG_HZ="); ok {
			switch value {
			case "100", "250", "300", "1000":
				return strconv.Atoi(value)
			}
			return 0, fmt.Errorf("CONFIG_HZ is %.20s, and kernels are built with 100, 250, 300 or 1000", value)
		}
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	return 0, errors.New("no CONFIG_HZ in it")
}
