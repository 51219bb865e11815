// Package timewait models what is left of a TCP connection that this side closed first:
// the entry in TIME_WAIT, or in FIN_WAIT2 where no process holds the socket any more.
// How long it lasts, which segments renew or end it, and what may take its place.
//
// # Five answers
//
// TIME_WAIT is 60 s in every release, a constant ([Length]), which timers round to 60
// to 62 s on most kernels of today and to 52.5 to 60, or about 105 s under load, on
// those to 4.0 ([Lifetime]). No sysctl shortens it but tcp_tw_recycle, gone in 4.12.
//
// net.ipv4.tcp_fin_timeout is about FIN_WAIT2 without a process, and its arithmetic is
// strange ([PlanFinWait2]): up to 60 s it is the time, above it is 2*(T-60).
//
// On a server, TIME_WAIT costs memory ([EntryBytes]) and nothing else: a client may use
// its port again at once ([Decisions], T4). On a client that makes many connections to
// one destination it takes the ports away; net.ipv4.tcp_tw_reuse gives them back after
// a second ([DecideReuse]).
//
// net.ipv4.tcp_max_tw_buckets does not shorten TIME_WAIT but abolishes it for sockets
// that find it full ([HasRoom]): their peers may get RSTs.
//
// net.ipv4.tcp_tw_recycle shortens TIME_WAIT to 3.5 retransmission timeouts and drops
// SYNs of clients that share an address ([Recycles]; the dropping is in package paws).
//
// # Three eras of expiry
//
// To 4.0 all entries of a machine are on a wheel of eight cells of 7.5 s, the death row;
// short ones on another of 32 rows. 4.1 gave each entry a timer of its own, which 4.8
// made coarse. A [Table] has all three, with the order in which entries end.
//
// # Three ways to use the package
//
// A question is answered by a rule: [Lifetime], [PlanFinWait2], [HasRoom],
// [DecideReuse]... are functions of numbers and a [kernel.Semantics]. A decision is
// explained by [ExplainSegment] and [ExplainReuse]. And a [Table] is the whole thing as
// a state machine: give it closing sockets, segments, connects and time. Where only the number of entries matters,
// a [Crowd] is that in no memory.
//
// # Counters
//
// What `nstat -az` shows, by the decision that raises it.
//
//	decision                                  counter
//	entry of more than 4 s                    TW        at its end to 5.17, at its beginning from 5.18
//	shorter entry                             TWKilled  the same
//	no room                                   TCPTimeWaitOverflow from 2.6.37
//	taken over by connect()                   TWRecycled
//	segment with too old a timestamp          PAWSEstab to 6.15, PAWSTimewait from 6.16
//	answer held back, TIME_WAIT, FIN_WAIT2    TCPACKSkippedTimeWait, TCPACKSkippedFinWait2 from 4.0
//	RST sent                                  OutRsts
//
// From a counter to the decisions: `go doc kernel.TW`. To 4.0 "shorter" is what the recycle wheel holds, below 32 ticks of 128 to 213 ms. An
// entry that a RST, a SYN or connect() ended counted nothing to 5.17.
//
// # What is exact, what is an envelope
//
// Exact for one CPU that is not late: verdicts, counters, and the jiffy in which each
// entry ends; from 4.8 on the order too. An envelope: the order within one
// jiffy on 4.1 to 4.7, and what the worker of the death row delays.
//
// # What is not modelled
//
// What another package has, what follows from more than one namespace, and what a
// segment carries that these decisions do not look at:
//
// The race of 2.6.32 in which two connects take one entry (package portalloc), sockets
// in repair mode, timestamp offsets and MD5 or AO signatures of the ACKs sent, IPsec and
// PSP policies, MPTCP; the number of a reopening SYN that leaks to another host in 6.10
// to 7.0 without the fix (see package queue); ICMP. Entries of other network namespaces
// count against one limit to 4.10; a Table has one namespace.
//
// # Evidence
//
// testdata/observations holds what running kernels answered; the tests replay all of
// it. What no kernel at hand could be asked is marked "from source".
package timewait
