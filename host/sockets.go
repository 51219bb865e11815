package host

import (
	"cmp"
	"net/netip"
	"slices"

	"example.com/linuxtcp/timewait"
)

// Sockets returns what `ss -tan` lists: listeners with their accept queue and its limit, half-open
// requests as SYN-RECV, connections, those that nobody accepted yet among them, and the entries
// of TIME-WAIT, which show as FIN-WAIT-2 while they wait for the peer's FIN. Sockets that are only
// bound are not shown. The order is that of states, then of addresses.
func (h *Host) Sockets() []SocketInfo {
	var all []SocketInfo
	for _, l := range h.listeners {
		if l.open {
			all = append(all, l.info())
		}
		for r := range l.q.Requests() {
			all = append(all, SocketInfo{State: SynRecv, Local: r.To, Remote: r.From})
		}
	}
	for _, k := range h.conns {
		all = append(all, SocketInfo{State: k.c.State, Local: k.local, Remote: k.remote})
	}
	for e := range h.tw.All() {
		all = append(all, SocketInfo{State: miniState(e.State), Local: e.Local, Remote: e.Remote})
	}
	slices.SortFunc(all, func(a, b SocketInfo) int {
		return cmp.Or(cmp.Compare(a.State, b.State), compare(a.Local, b.Local), compare(a.Remote, b.Remote))
	})
	return all
}

func compare(a, b netip.AddrPort) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Port(), b.Port()))
}

func miniState(s timewait.State) State {
	if s == timewait.FinWait2 {
		return FinWait2
	}
	return TimeWait
}

func (l *listener) info() SocketInfo {
	q := l.q.Queues()
	any := netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	if l.at.Addr().Is6() {
		any = netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
	}
	return SocketInfo{State: Listen, Local: l.at, Remote: any, RecvQ: q.AcceptLen, SendQ: q.AcceptLimit}
}

// Info returns the line of ss for a socket, Closed for one that is bound at most or whose connection
// is over; false if there is none of that name. Local is what getsockname() tells: after a connection is over still
// its address and port, which others may have by then.
func (h *Host) Info(id Socket) (SocketInfo, bool) {
	s := h.open[id]
	switch {
	case s == nil:
		return SocketInfo{}, false
	case s.listener != nil:
		return s.listener.info(), true
	}
	info := SocketInfo{State: s.c.State, Local: s.local, Remote: s.remote}
	if s.local.Port() == 0 && s.was.IsValid() {
		info.Local = s.was
	}
	return info, true
}
