package main

const helpText = `incidents tells four incidents of Linux TCP in virtual time: what happened, why, on
which kernels, and whether the article about it is right.

  go run ./examples/incidents                                   all four, in short
  go run ./examples/incidents -incident queues                  one, event by event
  go run ./examples/incidents -incident leaks -release 6.18.44  the same on another kernel
  go run ./examples/incidents -incident leaks -filter rst       behind a firewall
  go run ./examples/incidents -incident nat -client 4.10        no NAT, and SYNs die all the same

What to tell:
  -incident NAME    queues, nat, race or leaks (or 1 to 4): the story event by event, and
                    the article's claims one by one
                      queues   ten clients and a backlog of 5: "connected" to a server that
                               does not know them, and SYN timeouts; and four SYN floods
                      nat      two phones behind one NAT, and net.ipv4.tcp_tw_recycle
                      race     two connect() calls, one port, one sequence number: 3 s
                      leaks    leaked CLOSE-WAIT sockets and ports that are used again
  -json             everything as JSON; the fields are documented in the type Report

On which kernel, and how:
  -release NAME     the story's kernel, as uname -r prints it (default: the article's). The
                    tables show the others in any case
  -client NAME      nat: instead of two phones one client alone, without a NAT, on this
                    kernel (4.10 and 7.0 give each connection timestamps of its own)
  -filter KIND      leaks: what a firewall between client and server eats: none, the stray
                    ack that answers the SYN, or the rst that answers the ACK (default none)
  -inwindow         leaks: the second SYN has a number in the window of the leaked socket
  -leaked N         leaks: how many sockets the server has leaked, for the table of how
                    likely a hit is (default 500)

How to read a story: seconds, where, what arrived and what the kernel did with it, why, and
in parentheses the counters that nstat -az shows.

Exit status: 0 if it could answer, 1 if not, 2 for a mistake in the flags.
`
