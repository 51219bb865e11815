package main

import (
	"fmt"
	"io"

	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
)

const helpText = `backlog tells what a Linux kernel does with the next connection to a listening TCP
socket, and why. It needs no privileges and changes nothing.

Usage: backlog [flags]

Without flags it looks at every listener of this machine. Examples:

  backlog                                 who is dropping connections here, and why?
  backlog -port 8080                      one listener
  backlog -port 8080 -flood 1000          what would 1000 SYNs at once do to it?
  backlog -port 8080 -tcp_syncookies 0    what if that sysctl were 0?
  backlog -backlog 0 -release 5.10.223 -tcp_syncookies 0
                                          listen(0): can anybody connect?
  backlog -backlog 65536 -somaxconn 65536 -release 3.10
                                          why does a huge backlog hold one connection?
  backlog -backlog 128 -accept 129        what happens when that accept queue is full?
  backlog -backlog 128 -flood 600 -across the same flood on every era of kernels
  sysctl -a | backlog -sysctl - -release 4.18.0-147.el8.x86_64 -backlog 511
                                          another machine, from its sysctls

Which listener:
  -port N         the machine's listeners on port N; other flags then change them
  -backlog N      a listener that does not exist: what it passes to listen() (default 128)
  -accept N       connections waiting in its accept queue
  -synrecv N      half-open requests in its SYN queue
  -young N        those of them whose SYN-ACK was never sent again (default: all)

Which kernel:
  -release NAME   what uname -r prints there: 5.10.223, 3.10.0-1160.el7.x86_64, 6.1.0-18-amd64.
                  Without -port and -sysctl its sysctls are that release's defaults.
  -sysctl FILE    its sysctls, as sysctl -a prints them; - reads standard input
  -memory MiB     its memory, which the default of tcp_max_syn_backlog follows
                  (default: this machine's, else 4096)
  -hz N           its CONFIG_HZ: 100, 250, 300 or 1000 (default 250), for -flood

What to tell:
  -flood N        what N SYNs from different hosts do, all at once and never answered
  -across         one row for each era of releases in which the answers differ
  -json           everything as JSON; the fields are documented in the type Report

Any sysctl, in place of the one read:
`

// writeHelp prints the help: the text above and a line for every sysctl.
func writeHelp(w io.Writer) {
	io.WriteString(w, helpText)
	for _, name := range listenSysctls() {
		c, _ := kernel.SysctlByName(name)
		lines := prose.Wrap(c.Meaning+" 0: "+c.Zero+".", 66)
		fmt.Fprintf(w, "  -%-25s %s\n", shortName(name)+" N", lines[0])
		for _, line := range lines[1:] {
			fmt.Fprintf(w, "  %-26s %s\n", "", line)
		}
	}
	io.WriteString(w, "\nExit status: 0 if it could answer, 1 if not, 2 for a mistake in the flags.\n")
}
