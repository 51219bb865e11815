package lab

import (
	"strconv"
	"strings"

	"example.com/linuxtcp/conformance/netns"
)

// An Entry is one row of /proc/net/tcp with its timer.
type Entry struct {
	State  string `json:"state"`
	Remote uint16 `json:"-"`
	// Timer is the kind: 0 none, 1 retransmission, 2 keepalive or orphan,
	// 3 a minisock's, 4 zero window probe.
	Timer int64 `json:"timer"`
	// Left is the time left of it in hundredths of a second.
	Left int64 `json:"left"`
}

// Entries returns the rows of a local port, without the listener.
func (l *Lab) Entries(port int) []Entry {
	var es []Entry
	for _, w := range l.Rows(port) {
		if len(w) < 6 || w[3] == "0A" {
			continue
		}
		_, remote, _ := strings.Cut(w[2], ":")
		kind, left, _ := strings.Cut(w[5], ":")
		e := Entry{State: stateNames[w[3]]}
		r, _ := strconv.ParseUint(remote, 16, 16)
		e.Remote = uint16(r)
		e.Timer, _ = strconv.ParseInt(kind, 16, 64)
		n, _ := strconv.ParseUint(left, 16, 64)
		e.Left = int64(n)
		es = append(es, e)
	}
	return es
}

// Entry returns the row of one connection; its State is "none" if there is
// no such row.
func (l *Lab) Entry(port int, remote uint16) Entry {
	for _, e := range l.Entries(port) {
		if e.Remote == remote {
			return e
		}
	}
	return Entry{State: "none"}
}

// LoopbackUp brings the namespace's lo up.
func (l *Lab) LoopbackUp() {
	if err := netns.UpLoopback(); err != nil {
		panic(err)
	}
}

// LoopbackAddr gives lo one more address.
func (l *Lab) LoopbackAddr(addr [4]byte) {
	if err := netns.AddAddr("lo:1", addr); err != nil {
		panic(err)
	}
}
