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
)

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
