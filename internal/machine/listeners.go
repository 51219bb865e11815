package machine

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"

	"example.com/linuxtcp/internal/asked"
)

// A DiagSocket is what netlink tells of a listening socket that /proc does not:
// the limit of its accept queue, and whether a [::] socket refuses IPv4.
type DiagSocket struct {
	Local       netip.AddrPort
	AcceptLen   uint32
	AcceptLimit uint32
	V6Only      bool
	Inode       uint64
}

// A Listener is a listening socket as found on the machine.
type Listener struct {
	Local     netip.AddrPort
	Inode     uint64
	AcceptLen uint32 // connections in its accept queue
	Limit     uint32 // of that queue, if HasLimit: netlink told it
	HasLimit  bool
	V6Only    bool
	Requests  uint32 // half-open, in SYN-RECV
	Young     uint32 // those of them whose SYN-ACK was never sent again
	Sharing   int    // how many sockets listen on this address: a SO_REUSEPORT group
}

// ReadListeners returns the machine's listeners, in order of port and address, and
// what could not be read. Without either file there is nothing to return. otherwise says
// what a limit is taken as where diag fails.
func ReadListeners(proc fs.FS, diag func() ([]DiagSocket, error), otherwise string) (found []Listener, unread []string, err error) {
	rows, unread, err := ReadTable(proc)
	if err != nil {
		return nil, unread, err
	}
	found, more := Listeners(rows, diag, otherwise)
	return found, append(unread, more...), nil
}

// ReadTable returns the TCP sockets of IPv4 and IPv6, and what could not be read: nothing
// at all is the error.
func ReadTable(proc fs.FS) (rows []Row, unread []string, err error) {
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
		more, err := ParseTable(text)
		if err != nil {
			unread = append(unread, fmt.Sprintf("/proc/%s: %v: that row is missing below", name, err))
		}
		rows = append(rows, more...)
	}
	if missing == 2 {
		return nil, unread, errors.New("neither /proc/net/tcp nor /proc/net/tcp6 can be read")
	}
	return rows, unread, nil
}

// Listeners returns the listeners among the rows, in order of port and address, each with
// its half-open requests and with what diag tells; unread says what diag did not.
func Listeners(rows []Row, diag func() ([]DiagSocket, error), otherwise string) (found []Listener, unread []string) {
	for _, r := range rows {
		if r.State == Listen {
			found = append(found, Listener{Local: r.Local, Inode: r.Inode, AcceptLen: r.Rx})
		}
	}
	slices.SortFunc(found, func(a, b Listener) int {
		return cmp.Or(cmp.Compare(a.Local.Port(), b.Local.Port()), a.Local.Addr().Compare(b.Local.Addr()), cmp.Compare(a.Inode, b.Inode))
	})
	for i := range found {
		for _, other := range found {
			if found[i].Local == other.Local {
				found[i].Sharing++
			}
		}
	}
	sockets, err := diag()
	if err != nil {
		unread = append(unread, fmt.Sprintf("limits of accept queues (Send-Q of ss): %v: taken as %s", err, otherwise))
	}
	mergeDiag(found, sockets)
	countRequests(found, rows)
	return found, unread
}

// mergeDiag gives each listener its limit. The inode tells apart sockets that share
// an address.
func mergeDiag(found []Listener, sockets []DiagSocket) {
	for i := range found {
		l := &found[i]
		for _, s := range sockets {
			if s.Local == l.Local && uint32(s.Inode) == uint32(l.Inode) {
				l.Limit, l.HasLimit, l.V6Only = s.AcceptLimit, true, s.V6Only
			}
		}
	}
}

// countRequests gives each half-open request to the listener that the kernel would
// find for it: the one bound to its address, else the wildcard of its family, else
// [::] if that takes IPv4. Requests of a SO_REUSEPORT group are shared out evenly,
// since nothing tells whose they are.
func countRequests(found []Listener, rows []Row) {
	type count struct{ requests, young int }
	counts := make(map[netip.AddrPort]count)
	for _, r := range rows {
		if r.State != SynRecv {
			continue
		}
		local, ok := ListenerFor(found, r.Local)
		if !ok {
			continue // its listener was closed
		}
		c := counts[local]
		c.requests++
		if r.Retransmits == 0 {
			c.young++
		}
		counts[local] = c
	}
	for i := range found {
		l := &found[i]
		c := counts[l.Local]
		l.Requests = uint32((c.requests + l.Sharing - 1) / l.Sharing)
		l.Young = uint32((c.young + l.Sharing - 1) / l.Sharing)
	}
}

// ListenerFor returns the address of the listener that a SYN to local reaches.
func ListenerFor(found []Listener, local netip.AddrPort) (netip.AddrPort, bool) {
	addr := local.Addr().Unmap()
	wildcard := netip.IPv6Unspecified()
	if addr.Is4() {
		wildcard = netip.IPv4Unspecified()
	}
	has := func(a netip.Addr) (netip.AddrPort, bool) {
		for _, l := range found {
			if l.Local.Port() == local.Port() && l.Local.Addr().Unmap() == a &&
				!(l.V6Only && addr.Is4()) {
				return l.Local, true
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
