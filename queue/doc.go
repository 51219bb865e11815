// Package queue models one listening TCP socket of a Linux kernel: what listen()
// makes of its backlog, what becomes of a SYN, of the ACK that completes the
// handshake, of everything else that arrives on the way, and of time.
//
// # The two queues
//
// A SYN that is admitted becomes a request, shown as SYN-RECV: the SYN queue. The
// final ACK turns the request into a connection in the accept queue, where it waits
// for accept(). Each queue has a limit, and every release treats the two
// differently.
//
//	                      accept queue            SYN queue
//	2.6.32 to 4.3         backlog + 1             power of two, 16 or more
//	4.4 to 6.12           backlog + 1             backlog
//	6.13 on, and late     backlog + 1             backlog + 1
//	6.12.y 6.6.y 6.1.y ...
//
// where backlog is the argument of listen(), at most net.core.somaxconn
// ([AcceptLimit]), and the power of two is above max(8, min(backlog,
// net.ipv4.tcp_max_syn_backlog)) ([SYNQueueLimit]). `ss -lt` shows the accept queue
// as Recv-Q and its limit as Send-Q; no tool shows the SYN queue's limit, and
// /proc/net/tcp shows a Send-Q of 0 for every listener.
//
// # What becomes of a SYN
//
// [DecideSYN] has the whole decision, [ExplainSYN] shows it with its numbers. In
// short: a full SYN queue is answered with a cookie, which takes no room, or by
// silence if net.ipv4.tcp_syncookies is 0; a full accept queue by silence, cookies
// or not; and with tcp_syncookies 0 the last quarter of tcp_max_syn_backlog is kept
// for hosts that are known ([LastQuarter]).
//
// # What becomes of the final ACK
//
// If the accept queue is full it is ignored ([DecideFinalACK]): the client thinks
// that it is connected and the server sends its SYN-ACK again, five times within
// 63 s. With net.ipv4.tcp_abort_on_overflow the client gets a RST instead. An ACK
// that belongs to no request is checked for a cookie, if the listener sent one within
// the last two minutes ([CookieExpected]).
//
// # Three ways to use the package
//
// A question is answered by a rule: [AcceptQueueFull], [SYNQueueFull], [LastQuarter],
// [SYNACKTimeout], [CookieMSS]... are functions of numbers and a
// [kernel.Semantics]. A live socket's next SYN is judged by [ExplainSYN] over the
// numbers that ss shows; the command examples/backlog does that. And a [Listener] is
// the whole thing as a state machine: feed it segments and time, and it answers as
// that kernel does. In a unit test it is the kernel.
//
// # Counters
//
// What `nstat -az` and `netstat -s` show, by the decision that raises it. The sets
// are complete for one listener, in every release between the bounds given.
//
//	decision                              ListenOverflows  ListenDrops   and
//	final ACK, accept queue full          1                1
//	SYN, accept queue full                1 from 3.8       1 from 3.8
//	SYN, SYN queue full, no cookies                        1 from 3.8    TCPReqQFullDrop from 3.1
//	SYN, last quarter                                      1 from 3.8
//	SYN, tw_recycle (to 4.11)                              1 from 3.8    PAWSPassive
//	SYN, not unicast or no route back                      1 from 3.8
//	SYN answered with a cookie                             1 in 3.8-4.6  TCPReqQFullDoCookies from 3.1, SyncookiesSent
//	good cookie                                                          SyncookiesRecv
//	good cookie, accept queue full        1                1             SyncookiesRecv
//	bad cookie                                                           SyncookiesFailed, OutRsts
//	request timed out, reset                                             TCPTimeouts; EmbryonicRsts, AttemptFails
//
// So ListenOverflows counts segments, not connections: every retry counts again.
// `netstat -s` calls ListenDrops "SYNs to LISTEN sockets dropped", which it is not
// alone in any release and not at all before 3.8. TCPReqQFullDoCookies counts decisions and
// SyncookiesSent cookies; they differ by the SYNs that then met a full accept queue.
//
// The other way round, from a counter to all the decisions that raise it, goes its own
// page: `go doc kernel.ListenDrops`.
//
// # What is exact, what is an envelope
//
// Exact, and replayed against recordings of running kernels in the tests: queue
// lengths, verdicts, answers, counters, and from 4.1 on the timers of requests,
// including which of them are pruned, for one CPU.
//
// An envelope, because a real kernel draws it from its secrets: initial sequence
// numbers, cookies and timestamp offsets, and to 4.0 which part of the requests a run
// of the listener's timer looks at. They come from [Config].Key here, so times before
// 4.1 are among the possible ones. In 4.1 to 4.7 timers due in the same jiffy run in the order in
// which they were armed; a real kernel of that time may reverse them.
//
// # What is not modelled
//
// A Listener is one socket of one CPU, it never lacks memory, and options that are
// features of their own are left out. That is:
//
// Several CPUs at once: from 4.4 on the limits are checked without a lock, and the
// SYN queue may pass its limit by the number of CPUs less one. TCP Fast Open, MD5 and
// AO signatures, MPTCP, SMC. SO_REUSEPORT groups: each socket is its own listener,
// but from 4.19 on they share a cookie stamp, and from 5.14 on they may take over
// requests (tcp_migrate_req; in 5.10.y the sysctl exists and does nothing). The number
// that TIME_WAIT chose for a SYN leaking to the next host's SYN, as it does in 6.10 to
// 6.12.113, 6.18.0 to 6.18.33 and between, when the first SYN is dropped on its way. A
// request's memory running out. BPF changing the
// SYN-ACK timeout. More than 127 SYN-ACK retries, where the kernel's counter wraps.
// The limit on challenge ACKs of a whole namespace. The reply segments carry what
// matters here and no other options.
//
// # Evidence
//
// testdata/observations holds what kernels from 3.10.108 to 7.2.13 answered in the
// same experiments; the tests replay all of it. What no kernel at hand could be
// asked is marked "from source" in the doc comments and in [kernel.Changes].
package queue
