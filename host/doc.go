// Package host models one network namespace of a Linux kernel as far as TCP connections open and
// close in it: system calls and segments go in; errors, segments, counters and the lines of ss come
// out. In a unit test it is the kernel.
//
// # Synopsis
//
//	r := kernel.MustParse("6.12.43")
//	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 4 << 30})
//	h, err := host.New(host.Config{Semantics: r.Semantics(), Sysctls: sys, Addrs: addrs})
//	out, err := h.Open(now, host.Options{})      // out.Socket
//	out, err = h.Bind(now, s, addrport)          // out.Errno
//	out, err = h.Listen(now, s, 128)
//	out, err = h.Receive(now, segment)           // out.Verdict, out.Sent
//	out, err = h.Accept(now, s)
//	out, err = h.Connect(now, s, addrport)       // EINPROGRESS; out.Sent has the SYN
//	due, ok := h.Next()                          // the next timer
//	out, err = h.Advance(now)                    // fires what is due
//	h.Sockets(), h.Counters()                    // ss -tan, nstat -az
//
// The first example is a test of an accept loop against an overflowing backlog.
//
// # A segment's walk
//
// [Host.Receive] looks, in this order, for
//
//  1. a full socket: one that connect() made, or that came of a finished handshake, accepted or not.
//     [Decide] has what becomes of the segment;
//  2. from 4.4 on a half-open request, open listener or closed (package queue);
//  3. an entry of TIME-WAIT or of FIN-WAIT-2 without a process (package timewait). A SYN that reopens
//     the connection goes on to the listener with the number that the entry chose;
//  4. a listener: the one bound to the very address, then one of IPv4 bound to all, then one of IPv6
//     that takes IPv4 too. To 4.3 its requests are looked for here;
//  5. nobody: a RST, but none to a RST.
//
// Every segment has a [Verdict] that says where its walk ended, what was decided there and why, and
// which counters that raised. [Host.Explain] shows the checks on the way.
//
// A finished handshake makes a full socket at once. It waits in the accept queue as ESTAB, takes data
// and the peer's FIN, and may be reset there; accept() returns it all the same.
//
// # Timers
//
// Each call first fires what is due until its time. What follows a socket:
//
//	state                          timer                                    at its end
//	SYN-SENT                       [kernel.SYNTimer]                        ETIMEDOUT
//	SYN-SENT, a bad answer         2 jiffies, then doubled (from 5.6 on)
//	SYN-RECV                       package queue                            gone
//	FIN-WAIT-1, LAST-ACK, CLOSING  [FINTimer]                               ETIMEDOUT, for who still holds it
//	FIN-WAIT-2, no process         [timewait.PlanFinWait2]                  gone
//	TIME-WAIT                      [timewait.Lifetime]                      gone
//
// A socket that a process holds waits in FIN-WAIT-2 without end, and so does CLOSE-WAIT in every
// case: that is the leftover that a new connection may collide with.
//
// All of them round as [kernel.Clock] tells.
//
// # Loopback
//
// A connection to an address of the host goes over loopback: its segments arrive within the call that
// sent them, in order and at the same moment, and are not in [Outcome].Sent. Config.Trace shows them.
//
// # Counters
//
// From a counter to all decisions that raise it goes its own page, such as `go doc kernel.EstabResets`. From a decision
// to its counters: those of the four packages, and
//
//	decision                                             counter
//	connect() sends its first SYN                        ActiveOpens
//	a SYN or FIN is sent again                           RetransSegs; for SYNs TCPSynRetrans from 3.15 on
//	its timer fires                                      TCPTimeouts: each time from 5.1 on, before the first time
//	it is given up                                       TCPAbortOnTimeout; AttemptFails for a SYN
//	close() with data unread                             TCPAbortOnClose, OutRsts
//	close() with a linger time of 0                      TCPAbortOnData, OutRsts where the state asks for a RST
//	close() in FIN-WAIT-2, TCP_LINGER2 negative          TCPAbortOnLinger, OutRsts
//	ESTAB or CLOSE-WAIT ends at once                     EstabResets
//	a segment for nobody                                 OutRsts
//
// # What is exact, what is an envelope
//
// Exact, for one CPU: states, errors, which segments are sent and with which relative numbers, the
// counters above, and the jiffy of each timer.
//
// An envelope, because a real kernel draws it from its secrets: initial sequence numbers, cookies,
// timestamp offsets (none here), which port a search begins at ([Host.SuggestPort]), and which
// listener of a SO_REUSEPORT group gets a connection. Also an envelope: the order of timers of one
// jiffy; the windows that the host offers, which are [kernel.InitialWindow] or
// Config.Window (a kernel goes on from there: less while data is unread, more once much came); the options
// MSS and window scale of its SYNs. Retransmission timeouts follow from the round trips that
// the connection itself and connections before it measured ([RoundTrip]).
//
// # What is not modelled
//
// A host sends no data, and has one CPU, no devices and memory without end: the questions are how connections open and
// close. What depends on more is left out: congestion control, payload, retransmission of data, keepalive,
// TCP_USER_TIMEOUT, urgent data, Fast Open, and send(); tcp_max_orphans and memory that runs out; ICMP, routing, other
// devices, SO_LINGER other than 0, shutdown(SHUT_RD). What the four packages say under this heading.
//
// Known differences in corners, which are left as they are:
//
// To 2.6.35 close() of a socket that was reset before, with data unread, sends another RST.
//
// After close() in SYN-RECV, where SYNs crossed, and a SYN-ACK that was sent again, 5.10.223 sends the FIN again at
// once when the SYN is acknowledged, as part of its recovery from loss; here it waits for its timer, as in later
// kernels. Where the SYN or SYN-ACK was sent again, close() sends no FIN before that is acknowledged, for the
// congestion window is 1 (6.12.43 to 7.2.13, not 6.1.192); here it does. An ACK of our first number opens such a connection, and the
// timer of the SYN-ACK runs on (5.10.223 to 7.2.13); here it stops. Each has a script with a limit line among those of package script,
// as have header prediction ([Decide]), windows that grow, and data that touch a FIN after a gap, which are joined to it
// so that the FIN moves behind them; here they are thrown away.
//
// # Evidence
//
// The pieces are held against recordings of running kernels in their own packages, and the scripts of
// package script against this one. "Observed" in a comment names kernels that were asked, "from
// source" what was read.
package host
