package machine

import (
	"bytes"
	"fmt"
	"io/fs"
	"strconv"

	"example.com/linuxtcp/internal/asked"
)

// ReadCounters reads the machine's counters from /proc/net/netstat and snmp, by nstat's names
// ("TcpExtListenDrops"). They are those of the reader's network namespace.
func ReadCounters(proc fs.FS) (values map[string]uint64, unread []string) {
	values = make(map[string]uint64)
	for _, file := range []string{"net/netstat", "net/snmp"} {
		text, err := fs.ReadFile(proc, file)
		if err == nil {
			var more map[string]uint64
			more, err = ParseNetstat(text)
			for name, value := range more {
				values[name] = value
			}
		}
		if err != nil {
			unread = append(unread, fmt.Sprintf("/proc/%s: %v: its counters are not told", file, asked.PlainError(err)))
		}
	}
	return values, unread
}

// ParseNetstat reads the text of /proc/net/netstat or /proc/net/snmp: pairs of
// lines, names over values, each pair under a prefix.
//
//	TcpExt: SyncookiesSent SyncookiesRecv ...
//	TcpExt: 0 0 ...
//
// It returns the values by nstat's names ("TcpExtSyncookiesSent"). Negative values,
// such as snmp's MaxConn, are limits and no counters, and are left out. An error
// names the line; the values read until then come with it.
func ParseNetstat(text []byte) (map[string]uint64, error) {
	values := make(map[string]uint64)
	var names [][]byte
	number := 0
	for line := range bytes.Lines(text) {
		number++
		fields := bytes.Fields(line)
		if len(fields) == 0 {
			continue
		}
		prefix, ok := bytes.CutSuffix(fields[0], []byte(":"))
		if !ok || len(prefix) == 0 {
			return values, fmt.Errorf("line %d: %q is not a prefix and a colon", number, clip(fields[0]))
		}
		if names == nil {
			names = fields
			continue
		}
		if !bytes.Equal(names[0], fields[0]) {
			return values, fmt.Errorf("line %d: values of %q stand under names of %q", number, clip(fields[0]), clip(names[0]))
		}
		if len(names) != len(fields) {
			return values, fmt.Errorf("line %d: %d values stand under %d names", number, len(fields)-1, len(names)-1)
		}
		for i, field := range fields[1:] {
			if n, err := strconv.ParseUint(string(field), 10, 64); err == nil {
				values[string(prefix)+string(names[i+1])] = n
			} else if _, err := strconv.ParseInt(string(field), 10, 64); err != nil {
				return values, fmt.Errorf("line %d: %q is not a number", number, clip(field))
			}
		}
		names = nil
	}
	if names != nil {
		return values, fmt.Errorf("line %d: names without values", number)
	}
	return values, nil
}

// clip shortens what an error quotes.
func clip(b []byte) []byte {
	const most = 40
	if len(b) > most {
		return append(b[:most:most], "..."...)
	}
	return b
}
