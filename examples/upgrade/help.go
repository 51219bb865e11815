package main

import (
	"bytes"
	"strings"

	"example.com/linuxtcp/internal/prose"
	"example.com/linuxtcp/kernel"
)

const helpHead = `upgrade tells what another kernel changes for a machine that opens and accepts TCP
connections. It needs no privileges, opens no socket and changes nothing.

Usage: upgrade [flags]

Without flags it looks at this machine, its sysctls and the newest release modelled; on
a machine that runs the newest, at the way from 5.10 to there. Examples:

  upgrade -from 3.10.0-1160.el7 -to 6.12  what changes if we leave RHEL 7?
  upgrade -to 6.12 -backlog 128           ... this machine, with a backlog of 128
  upgrade -from 4.4.155 -to 5.10.223 -somaxconn 1024
                                          ... where /etc/sysctl.conf sets somaxconn
  upgrade -from 3.10.108 -to 4.12 -tcp_tw_recycle 1
                                          what becomes of a sysctl that is gone?
  upgrade -from 6.1.124 -to 6.1.125       what does a stable update change?

How to read it: a sysctl that the configuration does not set goes over to the new default.
Each decision that differs is shown by an example, answered by the models of both kernels,
and below it stand the changes that it depends on. "lost" is a change that the old kernel
has as a backport and the new one lacks.

Which kernels:
  -from NAME        what uname -r prints there: 5.10.223, 3.10.0-1160.el7.x86_64,
                    6.1.0-18-amd64 (default: this machine's, with its sysctls)
  -to NAME          the other one (default: the newest modelled)
  -memory MIB       memory, which some defaults follow (default: this machine's)
  -hz N             CONFIG_HZ: 100, 250, 300 or 1000 (default 250)

The configuration:
  -backlog N        what the server's program gives to listen() (default 511)
  -flood N          SYNs from as many hosts at once, never answered (default 1000)
  -range "LO HI"    net.ipv4.ip_local_port_range
  -SYSCTL N         any of these is set to N, at boot and on both kernels:
`

const helpTail = `
What to tell:
  -all              the changes that no example depends on, and all sysctls that are set
  -json             everything as JSON; the fields are documented in the type Report
`

func helpText() string {
	var b bytes.Buffer
	b.WriteString(helpHead)
	var names []string
	for _, name := range kernel.SysctlNames() {
		names = append(names, "-"+shortName(name))
	}
	for _, line := range prose.Wrap(strings.Join(names, " "), 70) {
		b.WriteString("                    " + line + "\n")
	}
	b.WriteString(helpTail)
	return b.String()
}
