package main

const helpText = `doctor reads what a machine shows of its TCP connections, twice, and says what is near its
limit, what was dropped already, which setting binds, and what another setting would change.
Each finding comes with the rule that it rests on: a function of this module with its numbers,
and the kernel's own function in parentheses. It needs no privileges and changes nothing.

Usage: doctor [flags]

Without flags it looks at this machine, waits 10 s, and looks again. Examples:

  doctor                    what is wrong here, and what would help?
  doctor -for 1m            counters and rates of a minute; what stood still for as long
  doctor -for 0             one look, no waiting
  doctor -all               every counter, and all that raises it on this kernel
  doctor -json | jq '.findings[] | select(.severity == "losing")'
  nsenter -t PID -n doctor  the network namespace of a container (this one needs root)
  doctor -root a -then b    another machine, from two copies of its /proc

How to read it:
  Connections are being lost    the next SYN, ACK or connect() is refused, or a counter of
                                losses rose between the two looks
  Near a limit, or leaking      three quarters of a queue or table, dear port searches,
                                sockets that stood still in CLOSE-WAIT
  Lost before                   counters since boot that did not rise, or one look only
  Settings ...                  what harms on this kernel or does nothing on it
  try / then                    a setting, and what the models say of the same sockets with it
  In order                      what was looked at and is well, with its numbers
  Could not be read             what is missing above, and what was assumed instead

Sockets are seen as they are at the second look, which a burst between the looks may miss:
what it cost shows in the counters. Counters, sockets and most sysctls belong to a network
namespace; those that are the machine's on this kernel are marked.

Flags:
  -for DURATION     the time between the two looks, 0 for one look only (default 10s)
  -all              counters that are zero, all that raises them, sysctls that are absent
  -json             everything as JSON; the fields are documented in the type Report
  -hz N             CONFIG_HZ: 100, 250, 300 or 1000 (default: /proc/config.gz, else 250)
  -release NAME     what uname -r prints, where /proc does not tell or hides the patch level:
                    "5.15.0-119-generic (5.15.160)"
  -root DIR         a copy of a machine's /proc, in place of this machine's
  -then DIR         a later copy of the same

To copy what it reads, there (tar does not work, since files of /proc have no size):

  cd /proc && mkdir -p ~/a && cp --parents net/tcp net/tcp6 net/netstat net/snmp \
    net/sockstat uptime meminfo version version_signature config.gz sys/kernel/osrelease \
    sys/net/core/somaxconn sys/net/ipv4/tcp_* sys/net/ipv4/ip_* ~/a
  ss -ltne > ~/a/ss

Files that are not there are told of, and so is what that hides. The file ss has the limits of
accept queues, which are not in /proc.

Exit status: 0 if it could answer, whatever it found; 1 if not, 2 for a mistake in the flags.
`
