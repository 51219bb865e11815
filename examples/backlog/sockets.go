package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"

	"example.com/linuxtcp/internal/asked"
)

// A diagSocket is what netlink tells of a listening socket that /proc does not:
// the limit of its accept queue, and whether a [::] socket refuses IPv4.
type diagSocket struct {
	local       netip.AddrPort
	acceptLen   uint32
	acceptLimit uint32
	v6only      bool
	inode       uint64
}

// A liveListener is a listening socket as found on the machine.
type liveListener struct {
	local     netip.AddrPort
	inode     uint64
	acceptLen uint32
	limit     uint32
	hasLimit  bool // netlink told the limit
	v6only    bool
	requests  uint32
	young     uint32
	sharing   int // how many sockets listen on this address: a SO_REUSEPORT group
}

// readListeners returns the machine's listeners, in order of port and address, and
// what could not be read. Without either file there is nothing to return.
func readListeners(proc fs.FS, diag func() ([]diagSocket, error)) (found []liveListener, unread []string, err error) {
	var rows []tcpRow
	missing := 0
	for _, name := range []string{"net/tcp", "net/tcp6"} {
		text, err := fs.ReadFile(proc, name)
		if err != nil {
			missing++
			if name == "net/tcp6" && errors.Is(err, fs.ErrNotExist) && missing == 1 {
				continue // a kernel without IPv6
			}
			unread = append(unread, fmt.Sprintf("/proc/%s: %v: its sockets are missing below", name, asked.PlainError(err)))
			continue
		}
		more, err := parseProcNetTCP(text)
		if err != nil {
			unread = append(unread, fmt.Sprintf("/proc/%s: %v: that row is missing below", name, err))
		}
		rows = append(rows, more...)
	}
	if missing == 2 {
		return nil, unread, errors.New("neither /proc/net/tcp nor /proc/net/tcp6 can be read")
	}
	for _, r := range rows {
		if r.state == tcpListen {
			found = append(found, liveListener{local: r.local, inode: r.inode, acceptLen: r.rx})
		}
	}
	slices.SortFunc(found, func(a, b liveListener) int {
		return cmp.Or(cmp.Compare(a.local.Port(), b.local.Port()), a.local.Addr().Compare(b.local.Addr()), cmp.Compare(a.inode, b.inode))
	})
	for i := range found {
		for _, other := range found {
			if found[i].local == other.local {
				found[i].sharing++
			}
		}
	}
	sockets, err := diag()
	if err != nil {
		unread = append(unread, fmt.Sprintf("limits of accept queues (Send-Q of ss): %v: taken as the backlog given by -backlog, else as somaxconn", err))
	}
	mergeDiag(found, sockets)
	countRequests(found, rows)
	return found, unread, nil
}

// mergeDiag gives each listener its limit. The inode tells apart sockets that share
// an address.
func mergeDiag(found []liveListener, sockets []diagSocket) {
	for i := range found {
		l := &found[i]
		for _, s := range sockets {
			if s.local == l.local && uint32(s.inode) == uint32(l.inode) {
				l.limit, l.hasLimit, l.v6only = s.acceptLimit, true, s.v6only
			}
		}
	}
}

// countRequests gives each half-open request to the listener that the kernel would
// find for it: the one bound to its address, else the wildcard of its family, else
// [::] if that takes IPv4. Requests of a SO_REUSEPORT group are shared out evenly,
// since nothing tells whose they are.
func countRequests(found []liveListener, rows []tcpRow) {
	type count struct{ requests, young int }
	counts := make(map[netip.AddrPort]count)
	for _, r := range rows {
		if r.state != tcpSynRecv {
			continue
		}
		local, ok := listenerFor(found, r.local)
		if !ok {
			continue // its listener was closed
		}
		c := counts[local]
		c.requests++
		if r.retransmits == 0 {
			c.young++
		}
		counts[local] = c
	}
	for i := range found {
		l := &found[i]
		c := counts[l.local]
		l.requests = uint32((c.requests + l.sharing - 1) / l.sharing)
		l.young = uint32((c.young + l.sharing - 1) / l.sharing)
	}
}

func listenerFor(found []liveListener, local netip.AddrPort) (netip.AddrPort, bool) {
	addr := local.Addr().Unmap()
	wildcard := netip.IPv6Unspecified()
	if addr.Is4() {
		wildcard = netip.IPv4Unspecified()
	}
	has := func(a netip.Addr) (netip.AddrPort, bool) {
		for _, l := range found {
			if l.local.Port() == local.Port() && l.local.Addr().Unmap() == a &&
				!(l.v6only && addr.Is4()) {
				return l.local, true
			}
		}
		return netip.AddrPort{}, false
	}
	for _, a := range []netip.Addr{addr, wildcard, netip.IPv6Unspecified()} {
		if l, ok := has(a); ok {
			return l, true
		}
	}
	return netip.AddrPort{}, false
}
