// Package linuxtcp is a set of deterministic models of how the Linux kernel opens
// and closes TCP connections, exact for every release from 2.6.32 to 7.2.
//
// The claim is that what a model says is what the kernel does. The tests replay what
// running kernels answered, and each rule's documentation tells how it is known.
//
// # The map
//
// The code is in the packages below this one; this one has only the map.
//
//   - [example.com/linuxtcp/kernel]: which kernel. Its Parse reads `uname -r`, a
//     Release's Semantics tell how that kernel behaves, and Changes is the one table
//     of what changed when, backports included.
//   - [example.com/linuxtcp/queue]: one listening socket. listen() and its backlog,
//     the SYN queue, the accept queue, syncookies, the SYN-ACK timer.
//   - [example.com/linuxtcp/timewait]: what is left of a connection that this side
//     closed first. How long TIME_WAIT lasts, which segments end or renew it, what
//     connect() may take over.
//   - [example.com/linuxtcp/paws]: old timestamps. The checks of each state, and the
//     cache by which tcp_tw_recycle dropped SYNs.
//   - [example.com/linuxtcp/portalloc]: local ports. What connect() picks and bind()
//     refuses, how far both search, how many connections a second that gives, and the
//     race that gave two connections one port.
//   - [example.com/linuxtcp/host]: one network namespace, of which the four are the
//     pieces: system calls and segments in; errors, segments, counters and sockets out.
//   - [example.com/linuxtcp/sim]: hosts in virtual time, with paths, NATs, firewalls,
//     clients and servers between and on them, and a report of what users feel.
//   - [example.com/linuxtcp/script]: text files of steps and of what each kernel
//     answered, replayed on host by the tests.
//   - examples/doctor: a command that looks at a machine twice and says what is near its
//     limit, what was dropped, which setting binds, and what another one would change.
//   - examples/backlog: a command that says what the kernel of a machine does with
//     the next SYN, and why.
//   - examples/ports: a command that says how many connections a second a machine can
//     open, and how many more ports, addresses or destinations another rate takes.
//   - examples/plan: a command that says which backlog loses nothing under a load, which
//     setting binds, what users feel, and how sure that is.
//   - examples/upgrade: a command that says what another kernel changes for a
//     configuration, each decision that differs shown by an example.
//   - examples/incidents: a command that plays four incidents event by event: full queues,
//     phones behind a NAT, two connections with one port, leaked sockets.
//
// # How to read an answer
//
// Each decision returns a verdict: the action (what the kernel does), the reason, the
// nstat counters that it raises in their order, and the kernel's drop reason where
// that release has one. Its String is a sentence. Beside each decision stands an
// Explain function that gives the checks that led to it, with their numbers and the
// kernel functions that make them.
//
// Three things hold everywhere. Time is a parameter, a [time.Duration] since boot, and
// so is whatever the kernel draws at random: same input, same answer. Bad input is an
// error that names the value and the rule, and changes nothing; a packet that the
// kernel would drop is a verdict and never an error. And no rule compares versions:
// all of them branch on the fields of kernel.Semantics, which a program may set
// itself for a kernel that is not in the table.
package linuxtcp
