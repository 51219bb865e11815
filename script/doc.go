// Package script is a text format for experiments with TCP on Linux, and what reads, runs, records and
// replays them. A script says what is done to one network namespace, in steps: a
// forged segment arrives, a system call is made, time passes. Under each step stands what came of it,
// per kernel. The same file is run on running kernels, which writes the answers into it (the module
// conformance), and on the model of package host, which is held against them: [Replay]
// needs no privileges and no time.
//
// # A script
//
//	# The accept queue of a backlog of 0 holds one connection.
//
//	socket s
//	bind s 10.0.0.1:80
//	listen s 0
//		ss s LISTEN 0/0
//	p1 > SYN seq 0 mss 1460
//		p1 < SYN|ACK seq 0 ack 1 mss 1460
//		ss p1 SYN-RECV
//	p1 > ACK seq 1 ack 1
//		ss p1 ESTAB
//		ss s LISTEN 1/0
//		nstat PassiveOpens 1
//	wait 3s
//
//	kernel 6.1.192 hz 250 at 4.25 60.02 60.01 64.1 60 60 3000.4
//
// A line is a step, indented lines under it are what came of it: the answers. "#" begins a line of
// comment, which belongs to the step after it; at the top and before an empty line, to the script.
// The rest of the file is directives: "settle", "peer" and "limit" before the first step, "kernel" after the last.
//
// # Names
//
// The host has the address 10.0.0.1 and the loopback device, ::1 among its addresses. All other addresses of 10.0.0.0/8 are
// forged peers, which say nothing of their own accord.
//
//	peer NAME ADDRESS:PORT > ADDRESS:PORT
//
// declares a flow: the peer's endpoint, and the host's. An address that is left out (":80") is 10.0.0.1.
// p1 to p250 need no declaration: pN is 10.1.0.N:40000+N > 10.0.0.1:80. A socket that connects is
// a flow of its own name; its peer's endpoint is where it connects to. Names begin with a lower-case
// letter; of flows and sockets together each is given once, but accept may be
// tried again with a name until it succeeds.
//
// # Steps
//
//	p1 > FLAGS seq N ...      a segment of flow p1 arrives at the host
//	wait 3s                   time passes: 1ms, 1.5s
//	sysctl NAME VALUE         a sysctl of the namespace is written
//	socket s OPTION...        reuseaddr reuseport bind_address_no_port defer_accept N syncnt N linger2 N port_range LOW-HIGH
//	                          ipv6 v6only: of IPv6, and 10.0.0.1 is ::ffff:10.0.0.1 to it
//	bind s ADDRESS:PORT       port 0: the kernel chooses
//	listen s BACKLOG
//	connect c ADDRESS:PORT    does not wait
//	accept a s                does not wait; a is the name of the new socket
//	recv a                    takes all there is, does not wait
//	shutdown a                of the sending side (SHUT_WR)
//	close a
//	abort a                   close() with a linger time of 0, which sends a RST
//	error c                   getsockopt(SO_ERROR)
//	flood 600 > :80           600 SYNs at once, see below
//	check                     tells totals, see below
//
// Every step but wait takes the settle time, 60 ms unless "settle 100ms" says otherwise. That is
// for what the kernel does at once, delayed ACKs included.
//
// A sysctl that the kernel refuses, or does not have, is answered with EINVAL. So is one that belongs to the machine
// in that release, for recordings are made in a new namespace, where it is not to be had; where nothing was recorded a model
// takes it. Which ones these are is known of nine (kernel.Semantics.PerNetns). A socket with an option that the kernel
// does not have is answered with ENOPROTOOPT, and is not there.
//
// A step that needs a socket or a flow that is not to be had, because an accept or a connect
// before failed, is left out, with the answer "= no socket" or "= no flow"; an accept whose name
// is that of an open socket, with "= name in use".
//
// # Floods and totals
//
//	flood N > ADDRESS:PORT from 10.3.0.1 ts VAL
//
// is N SYNs of N addresses that count up from one, 10.3.0.1 if left out, of port 40000, with an MSS of 1460 and a timestamp if ts is
// there. They arrive one behind the other, and nobody follows them up. Answers tell of all these peers together:
// how many segments of a kind left the host, in a wait in rounds of what came together, and how many sockets there are in a state:
//
//	flood 600 > 10.0.0.1:80
//		flood < SYN|ACK x 97
//		ss flood SYN-RECV 97
//		nstat ListenDrops 503
//	wait 2s
//		flood < SYN|ACK x 97 @1.004
//		nstat TCPTimeouts 97 TCPSynRetrans 97 RetransSegs 97
//
// check does nothing, and is answered with the number of all sockets in each state and with what counters have risen by since the
// script began:
//
//	check
//		ss total LISTEN 1 SYN-RECV 97
//		nstat total ListenDrops 503
//
// # Numbers of forged segments
//
// FLAGS are SYN, FIN, RST, PSH and ACK joined by "|", or "none". After them stand, in any order,
//
//	seq N       required
//	ack N       if and only if there is the flag ACK
//	len N       bytes of data, 0 if left out
//	win N       the window in bytes, 64240 if left out
//	ts VAL ECR  the timestamp option
//	mss N, wscale N, sack   options of a SYN
//
// seq counts from the first number of the peer ([PeerISN]), which follows from the flow's addresses, so a SYN has
// seq 0, the first byte seq 1. ack counts from the first number of the host, that of its latest SYN
// or SYN-ACK on the flow; "old+1" from the one before that. Before the host sent any, it counts
// from zero. "=5" is absolute. Numbers wrap, and may be negative. Peers whose port 4 divides begin
// at 2^32-3, so that their numbers wrap at once.
//
// VAL of a timestamp is absolute, ECR too, or "last", "last-1"...: counted from the last timestamp that the host
// sent on the flow.
//
// # Answers
//
//	= EAGAIN                            the system call failed
//	= EINPROGRESS port 32768            and the kernel chose this port; so of bind and listen: = port 32768
//	= p1                                accept: whose connection it is
//	= 10 bytes, = end                   recv
//	p1 < SYN|ACK seq 0 ack 1 mss 1460   a segment left the host
//	p1 < ACK seq 1 ack 1 @1.004         so long after the step began
//	ss p1 ESTAB                         the socket of this flow has another state now
//	ss p1 gone                          and this one is no more
//	ss s LISTEN 1/5                     Recv-Q and Send-Q of a listener
//	nstat TW 1 TWRecycled 1             these counters rose
//
// No "=" means success. Seq of a host's segment counts from its latest first number, ack from the
// peer's; "=0" is absolute and "old+1" is counted from the host's number before. A RST that carries an
// acknowledgement number back has it as the step wrote it. A SYN or SYN-ACK with another
// number than the one before on the flow says so: "isn next+65537" if it goes on 65537 above the next number
// of the old connection, as connections that follow TIME-WAIT do; "isn new" otherwise. "?" is a number without
// any such relation. Of a timestamp only the echo is written: "ts * 100".
//
// A connection that no name of the script is for, as the far end of a connection over loopback, is
// called by its addresses, the host's first: 10.0.0.1:80/10.0.0.1:32768.
//
// A time is written of segments in a wait. What comes in the settle time of another step has none.
//
// # Kernels
//
//	kernel NAME hz HZ ehash BUCKETS cpus N monotonic OFFSET wall TIME at START D1 D2+GAP D3...
//
// says that a kernel was asked: its release, as [kernel.Parse] reads it; its CONFIG_HZ (250 if left out);
// the buckets of its table of established connections (4096); its processors (unknown); what CLOCK_MONOTONIC showed when the clock of START did 0
// (0), and the time of day in seconds since 1970, which matters to kernels to 4.18 (0); and when: START is the time since boot, by
// the jiffies counter, of the first step in seconds, D how many milliseconds each step took, GAP how many passed before the next one where a timer
// may have run between the two. A model is given the very times. Without "at" each step takes exactly as
// long as it says.
//
// An answer that not all of the kernels gave has those that did in brackets before it:
//
//	[5.10.223 6.1.192] ss p1 gone
//
// A kernel of which only a part of the answers is known, as from somebody's notes, has the word partly
// after its HZ. Its answers are those that name it, even if all kernels gave them, and what is not
// written may happen. Of the numbers in a line of nstat, and of a check, it says those that are known; 0 says
// that there were none:
//
//	check
//		[3.10.108] ss total SYN-RECV 97
//		[3.10.108] nstat total ListenDrops 503 TCPReqQFullDrop 0
//
//	kernel 3.10.108 hz 1000 partly
//
// [Record] writes lines this way. A kernel that has none of the answers under a step did nothing at all.
//
// # Limits of the model
//
//	limit 5.10.223: the FIN is sent again as soon as the SYN is acknowledged
//	limit : every kernel echoes the cookie's low bits
//
// A line before the first step tells where the model is known not to do what a kernel does (no name: any kernel), and why.
// The kernel's answers are recorded all the same. A test that replays scripts expects a difference there: [Script.Limit].
//
// # What is compared
//
// Everything that is written is, and what is not written must not happen. Segments of
// one flow must come in the same order; between flows order is free, as is that of the lines.
// Times may differ by an eighth of the time for which nothing passed on the flow before, and by two jiffies and 5 ms: a
// timer that fires late by its wheel's rounding passes. The exact rounding is tested in packages kernel, queue and timewait.
//
// Not compared: windows; the kernel's own first numbers, timestamps and cookies, which follow from secrets; the value
// of window scaling, which follows from memory; the flag PSH; when within a step a socket changed its state, and
// states that it passed through; Recv-Q and Send-Q of connections; counters that package kernel does not list. A port that
// the kernel chose is compared, but the model is told beforehand and takes it if its search could lead
// there (see host.Host.SuggestPort).
//
// A kernel with several processors may run a timer a jiffy late, and any may notice a jiffy late that a second has begun.
// [Replay] has the rule.
//
// # Evidence
//
// testdata holds scripts with what kernels answered, from 5.10.223 to 7.2.13 and in part 3.10.108; the tests replay each on the
// model of each kernel, step by step. The module conformance writes, records and compares them.
//
// # Scripts of your own
//
// [Parse] a file, [Run] it on a [Model] of the release that you have, and [Record] the trace: the file then holds
// what a kernel does to your sequence of segments, to be read or to be compared with a
// capture. Or write down what you expect, with a line "kernel 6.1.192", and let a test [Replay] it.
package script
