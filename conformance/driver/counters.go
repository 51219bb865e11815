package driver

import (
	"bytes"
	"fmt"

	"golang.org/x/sys/unix"

	"example.com/linuxtcp/kernel"
)

// counters reads /proc/net/snmp and /proc/net/netstat of the namespace in which they were
// opened.
type counters struct {
	files [2]countersFile
	buf   []byte
}

type countersFile struct {
	fd      int
	prefix  string
	columns []kernel.Counter // by field, 0 for those that the models do not count
}

func openCounters() (*counters, error) {
	c := &counters{buf: make([]byte, 1<<15)}
	for i, f := range []struct{ name, prefix string }{{"snmp", "Tcp:"}, {"netstat", "TcpExt:"}} {
		fd, err := unix.Open("/proc/thread-self/net/"+f.name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			for _, f := range c.files[:i] {
				unix.Close(f.fd)
			}
			return nil, fmt.Errorf("/proc/net/%s: %w", f.name, err)
		}
		c.files[i] = countersFile{fd: fd, prefix: f.prefix}
	}
	return c, nil
}

func (c *counters) close() {
	for _, f := range c.files {
		unix.Close(f.fd)
	}
}

// read returns the totals.
func (c *counters) read() (kernel.Counters, error) {
	var total kernel.Counters
	for i := range c.files {
		if err := c.files[i].add(&total, c.buf); err != nil {
			return total, err
		}
	}
	return total, nil
}

func (f *countersFile) add(total *kernel.Counters, buf []byte) error {
	n := 0
	for n < len(buf) {
		m, err := unix.Pread(f.fd, buf[n:], int64(n))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s counters: %w", f.prefix, err)
		}
		if n += m; m == 0 {
			break
		}
	}
	seen := 0
	for line := range bytes.Lines(buf[:n]) {
		rest, ok := bytes.CutPrefix(line, []byte(f.prefix))
		if !ok {
			continue
		}
		if seen++; seen == 1 {
			if f.columns == nil {
				for name := range bytes.FieldsSeq(rest) {
					c, err := kernel.ParseCounter(string(name))
					if err != nil || c.Prefix()+":" != f.prefix {
						c = 0
					}
					f.columns = append(f.columns, c)
				}
			}
			continue
		}
		i := 0
		for value := range bytes.FieldsSeq(rest) {
			if i < len(f.columns) && f.columns[i] != 0 {
				var v uint64
				for _, d := range value {
					if d < '0' || d > '9' { // MaxConn is -1; none of those counted is negative
						break
					}
					v = v*10 + uint64(d-'0')
				}
				total.Add(f.columns[i], v)
			}
			i++
		}
	}
	if seen != 2 {
		return fmt.Errorf("%s counters: %d lines, not a heading and values", f.prefix, seen)
	}
	return nil
}
