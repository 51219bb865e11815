package main

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/machine"
)

// A look is what a machine shows at one moment.
type look struct {
	rows      []machine.Row
	listeners []machine.Listener
	counters  map[string]uint64
	// sockstat is nil, and uptime 0, where they cannot be read.
	sockstat *machine.Sockstat
	uptime   time.Duration
}

// take looks at the machine whose /proc is proc. unread says what could not be read.
func take(proc fs.FS, diag func() ([]machine.DiagSocket, error)) (l look, unread []string) {
	// The counters first: what follows takes time, and they are what rates are made of.
	l.counters, unread = machine.ReadCounters(proc)
	var err error
	if l.uptime, err = uptime(proc); err != nil {
		unread = append(unread, fmt.Sprintf("/proc/uptime: %v: the time between two looks is taken as that of -for", asked.PlainError(err)))
	}
	if s, err := machine.ReadSockstat(proc); err == nil {
		l.sockstat = &s
	} else {
		unread = append(unread, fmt.Sprintf("/proc/net/sockstat: %v: orphans are not told, and TIME-WAIT is counted in /proc/net/tcp", err))
	}
	rows, more, err := machine.ReadTable(proc)
	unread = append(unread, more...)
	if err != nil {
		return l, append(unread, "sockets: "+err.Error()+": nothing is told of listeners, ports and states")
	}
	l.rows = rows
	l.listeners, more = machine.Listeners(rows, diag, "net.core.somaxconn, the most that it can be")
	return l, append(unread, more...)
}

// uptime reads the first number of /proc/uptime, in seconds with two digits after the point.
func uptime(proc fs.FS) (time.Duration, error) {
	text, err := fs.ReadFile(proc, "uptime")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) == 0 {
		return 0, fmt.Errorf("it is empty")
	}
	s, err := strconv.ParseFloat(fields[0], 64)
	if err != nil || s <= 0 || s > 1e9 {
		return 0, fmt.Errorf("%.20q is not a time in seconds", fields[0])
	}
	return time.Duration(s * float64(time.Second)).Round(10 * time.Millisecond), nil
}

// states counts the sockets by state, by ss's name.
func (l *look) states() map[string]int {
	n := make(map[string]int)
	for i := range l.rows {
		n[l.rows[i].State.String()]++
	}
	return n
}

// timeWaits is how many entries are counted against tcp_max_tw_buckets, and where that is read.
func (l *look) timeWaits() (n int, from string) {
	if l.sockstat != nil {
		return l.sockstat.TW, "/proc/net/sockstat"
	}
	for i := range l.rows {
		if l.rows[i].Entry() {
			n++
		}
	}
	return n, "/proc/net/tcp"
}
