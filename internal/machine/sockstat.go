package machine

import (
	"bytes"
	"fmt"
	"io/fs"
	"strconv"

	"example.com/linuxtcp/internal/asked"
)

// A Sockstat is the line of TCP in /proc/net/sockstat.
type Sockstat struct {
	// Orphan is how many sockets no process holds that are no entries of TIME-WAIT: what
	// net.ipv4.tcp_max_orphans limits. It is the whole machine's in every namespace (observed on
	// 6.18.44).
	Orphan int
	// TW is how many entries of TIME-WAIT, and of FIN-WAIT-2 without a process, there are:
	// what net.ipv4.tcp_max_tw_buckets limits. It is the machine's to 4.10 and the
	// namespace's from 4.11 on, as the limit is (observed on 6.18.44, others from source).
	TW int
	// Mem is the memory of TCP's buffers in pages; the machine's.
	Mem int
}

// ReadSockstat reads /proc/net/sockstat.
func ReadSockstat(proc fs.FS) (Sockstat, error) {
	text, err := fs.ReadFile(proc, "net/sockstat")
	if err != nil {
		return Sockstat{}, asked.PlainError(err)
	}
	return ParseSockstat(text)
}

// ParseSockstat reads the text of /proc/net/sockstat, of which only this line counts:
//
//	TCP: inuse 4 orphan 0 tw 18 alloc 7 mem 54
func ParseSockstat(text []byte) (s Sockstat, err error) {
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) == 0 || string(fields[0]) != "TCP:" {
			continue
		}
		known := map[string]*int{"orphan": &s.Orphan, "tw": &s.TW, "mem": &s.Mem}
		for i := 1; i+1 < len(fields); i += 2 {
			to, ok := known[string(fields[i])]
			if !ok {
				continue
			}
			if *to, err = strconv.Atoi(string(fields[i+1])); err != nil {
				return Sockstat{}, fmt.Errorf("%s %q is not a number", fields[i], clip(fields[i+1]))
			}
			delete(known, string(fields[i]))
		}
		if len(known) > 0 {
			return Sockstat{}, fmt.Errorf("its line of TCP lacks orphan, tw or mem: %q", clip(bytes.TrimSpace(line)))
		}
		return s, nil
	}
	return Sockstat{}, fmt.Errorf("no line of TCP in it")
}
