package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Counters are the values of /proc/net/snmp (Tcp) and /proc/net/netstat
// (TcpExt), by name.
type Counters map[string]int64

// Read returns the counters of this namespace.
func (l *Lab) Read() Counters {
	c := Counters{}
	for _, f := range []struct{ file, prefix string }{
		{"/proc/thread-self/net/snmp", "Tcp:"}, {"/proc/thread-self/net/netstat", "TcpExt:"},
	} {
		b, err := os.ReadFile(f.file)
		if err != nil {
			panic(err)
		}
		var names []string
		for line := range strings.Lines(string(b)) {
			w := strings.Fields(line)
			if len(w) == 0 || w[0] != f.prefix {
				continue
			}
			if names == nil {
				names = w
				continue
			}
			for i := 1; i < len(w) && i < len(names); i++ {
				c[names[i]], _ = strconv.ParseInt(w[i], 10, 64)
			}
		}
	}
	return c
}

// Since returns what changed after c was read, without InSegs and OutSegs.
func (l *Lab) Since(c Counters) map[string]int64 {
	d := map[string]int64{}
	for k, v := range l.Read() {
		if v != c[k] && k != "InSegs" && k != "OutSegs" {
			d[k] = v - c[k]
		}
	}
	return d
}

// Count returns one counter's present value.
func (l *Lab) Count(name string) int64 { return l.Read()[name] }

var stateNames = map[string]string{
	"01": "ESTABLISHED", "02": "SYN_SENT", "03": "SYN_RECV", "04": "FIN_WAIT1", "05": "FIN_WAIT2", "06": "TIME_WAIT",
	"07": "CLOSE", "08": "CLOSE_WAIT", "09": "LAST_ACK", "0A": "LISTEN", "0B": "CLOSING", "0C": "NEW_SYN_RECV",
}

// Rows returns the lines of /proc/net/tcp and tcp6 whose local port is port,
// split into fields.
func (l *Lab) Rows(port int) [][]string {
	files := []string{"tcp"}
	if l.V6 {
		files = append(files, "tcp6")
	}
	suffix := fmt.Sprintf(":%04X", port)
	var rows [][]string
	for _, f := range files {
		b, err := os.ReadFile("/proc/thread-self/net/" + f)
		if err != nil {
			panic(err)
		}
		for line := range strings.Lines(string(b)) {
			if w := strings.Fields(line); len(w) > 4 && strings.HasSuffix(w[1], suffix) {
				rows = append(rows, w)
			}
		}
	}
	return rows
}

// States counts the rows of /proc/net/tcp for a local port by state.
func (l *Lab) States(port int) map[string]int {
	m := map[string]int{}
	for _, w := range l.Rows(port) {
		m[stateNames[w[3]]]++
	}
	return m
}

// RQ is the listener's rx_queue in /proc/net/tcp: the accept queue's length.
// It is -1 without a listener.
func (l *Lab) RQ(port int) int {
	for _, w := range l.Rows(port) {
		if w[3] == "0A" {
			_, rx, _ := strings.Cut(w[4], ":")
			n, _ := strconv.ParseInt(rx, 16, 64)
			return int(n)
		}
	}
	return -1
}

// Sysctl returns a sysctl's value, "absent" if this kernel (or a namespace
// other than the first) has none of that name.
func (l *Lab) Sysctl(name string) string {
	b, err := os.ReadFile(sysctlPath(name))
	if err != nil {
		return "absent"
	}
	return strings.Join(strings.Fields(string(b)), " ")
}

// Set writes a sysctl of this namespace.
func (l *Lab) Set(name string, value any) error {
	return os.WriteFile(sysctlPath(name), []byte(fmt.Sprint(value)), 0)
}

// MustSet is Set for a value that every kernel takes.
func (l *Lab) MustSet(name string, value any) {
	if err := l.Set(name, value); err != nil {
		panic(fmt.Sprintf("%s=%v: %v", name, value, err))
	}
}

func sysctlPath(name string) string { return "/proc/sys/" + strings.ReplaceAll(name, ".", "/") }
