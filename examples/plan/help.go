package main

import (
	"fmt"
	"io"
	"slices"

	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
)

const helpText = `plan answers a capacity planner's questions about a Linux kernel: which backlog loses
nothing under a load, which setting binds, and what users feel; and for outgoing
connections, how many ports, destinations or source addresses it takes. It needs no
privileges, opens no socket and changes nothing.

Usage: plan [flags]

Without flags: 3000 connections a second, where the program stalls for 200 ms every 10 s,
on this machine's kernel with its sysctls. Examples:

  plan                                    which backlog loses nothing?
  plan -backlog 128                       what does 128 lose, and what do users feel?
  plan -backlog 511 -somaxconn 128        which setting binds?
  plan -rate 20000 -stall 0 -workers 64 -service 3ms
                                          is it fast enough, and how long are its queues?
  plan -arrivals bursts=1s -rate 500      500 at once every second
  plan -lose 0.1% -runs 100               one in a thousand may wait; and be surer
  plan -backlog 128 -across               the same load on twelve kernels
  plan -side client -rate 3000            how many ports or destinations never run out?
  plan -side client -rate 800 -bind -destinations 10 -confirm
                                          the same with bind() before connect(), and run
                                          in a world of hosts as a check
  plan -json | go run -C examples/plan/plot . >plan.svg
                                          plots

A loss is a SYN, or the last ACK of a handshake, that the kernel drops because a queue is
full: its user waits 1 s, then 2, 4, 8... for the next try. The answer rests on runs of the
load with different seeds; what they do not rule out is said beside it.

Which side:
  -side SIDE        server: connections come in (default); client: they go out
  -rate N           connections per second (default 3000)
  -close SIDE       who closes first: server or client. TIME_WAIT is there. (default: the
                    side that is asked about)

Server side, the users:
  -arrivals HOW     poisson (default), constant, bursts=1s (those of 1 s at once),
                    onoff=2s/8s (Poisson for 2 s, then none for 8 s), ramp=100 (from 100 per
                    second to -rate in -for), or file=NAME: a time a line, in seconds
                    ("0.25") or with a unit ("250ms")
  -rtt DURATION     round trip between users and server (default 20ms, at most 99ms)
  -patience DURATION  how long a user waits for connect() (default: as long as the kernel
                    does, two minutes or so)
  -users NAME       the users' kernel, as uname -r prints it (default 6.12.107)

Server side, the program:
  -backlog N        what it passes to listen() (default: all that somaxconn allows)
  -workers N        how many connections it serves at a time (default 0: all that come)
  -service DURATION how long one takes, on average (default 5ms); exponentially distributed
  -fixed            each takes exactly that
  -accept DURATION  the least time between two accept() calls (default 0s)
  -stall DURATION   how long it does nothing now and then, as in a collection of garbage
                    (default 200ms; 0s for never)
  -every DURATION   from one stall to the next (default 10s)

Server side, the search:
  -lose SHARE       what may be lost, as 0.001 or 0.1% (default 0)
  -for DURATION     how long a run is (default 60s)
  -runs N           how many runs, each with another seed (default 10)
  -curve            what each backlog up to the needed one loses, for a plot
  -across           the same load on other kernels

Client side:
  -open DURATION    from connect() until both sides have closed (default 100ms)
  -destinations N   pairs of destination address and port, used evenly (default 1)
  -sources N        source addresses, used evenly (default 1)
  -bind             the program calls bind() to an address and port 0 before connect(),
                    without IP_BIND_ADDRESS_NO_PORT
  -loopback         destinations are on the loopback device
  -range "LO HI"    net.ipv4.ip_local_port_range
  -confirm          runs the answer, and one less, in a world of hosts

Which kernel:
  -release NAME     what uname -r prints there: 5.10.223, 3.10.0-1160.el7.x86_64,
                    6.1.0-18-amd64. Sysctls are then that release's defaults.
  -sysctl FILE      its sysctls, as sysctl -a prints them; - reads standard input
  -memory MiB       its memory, which some defaults follow (default: this machine's, or 4096)
  -hz N             its CONFIG_HZ: 100, 250, 300 or 1000 (default 250)

What to tell:
  -json             everything as JSON; the fields are documented in the type Report

Any of these sysctls, in place of the one read:
`

// writeHelp prints the help: the text above and a line for every sysctl.
func writeHelp(w io.Writer) {
	io.WriteString(w, helpText)
	for _, name := range sysctlFlags() {
		c, _ := kernel.SysctlByName(name)
		side := ""
		switch {
		case !slices.Contains(sysctlsOf(clientSide), name):
			side = " Server side."
		case !slices.Contains(sysctlsOf(serverSide), name):
			side = " Client side."
		}
		lines := prose.Wrap(c.Meaning+side, 66)
		fmt.Fprintf(w, "  -%-25s %s\n", shortName(name)+" N", lines[0])
		for _, line := range lines[1:] {
			fmt.Fprintf(w, "  %-26s %s\n", "", line)
		}
	}
	io.WriteString(w, "\nExit status: 0 if it could answer, 1 if not, 2 for a mistake in the flags.\n")
}
