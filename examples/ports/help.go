package main

const helpText = `ports tells how many outgoing TCP connections a Linux machine can make: at once, per
second for ever, and until the first EADDRNOTAVAIL. It needs no privileges, opens no
socket and changes nothing.

Usage: ports [flags]

Without flags it looks at this machine and one destination. Examples:

  ports                                   how many connections per second from here?
  ports -rate 500                         when do the ports run out, and what would help?
  ports -rate 500 -reuse 1                ... with net.ipv4.tcp_tw_reuse=1
  ports -rate 500 -server-closes          ... if the server closes first
  ports -destinations 10 -bind -rate 1000
                                          why do ports run out although I use ten
                                          destinations?
  ports -range "1024 65535" -reserved 8080,9000-9010
                                          what if those sysctls were so?
  ports -release 3.10.0-1160.el7.x86_64   another machine, with its default sysctls
  ports -curve                            why does the CPU explode at half the range?
  ports -curve -csv >curve.csv            the same for a plot
  ports -race -release 2.6.32             why does connect() take exactly 3 s now and then?

How ports are shared: if connect() picks the port, each port serves every pair of source
address and destination (address and port) once. If bind() picks it, it serves every
source address once, and more destinations do not help. After a close by the client the
port is in TIME_WAIT, 60 s by name.

Your connections:
  -rate N           connections per second, all destinations together: when does the first
                    one fail, and which number of destinations, source addresses or ports
                    would keep the rate for ever?
  -destinations N   pairs of destination address and port, used evenly (default 1)
  -sources N        source addresses, used evenly (default 1)
  -open DURATION    from connect() until both sides have closed (default 100ms)
  -server-closes    the server closes first, or either side resets: no TIME_WAIT here
  -bind             the program calls bind() to an address and port 0 before connect(),
                    without IP_BIND_ADDRESS_NO_PORT; -bind=wildcard: to no address
  -loopback         destinations are on 127.0.0.0/8 or ::1, which tcp_tw_reuse=2 is about

Which kernel:
  -release NAME     what uname -r prints there: 5.10.223, 3.10.0-1160.el7.x86_64,
                    6.1.0-18-amd64. Sysctls are then that release's defaults.
  -range "LO HI"    net.ipv4.ip_local_port_range; both ends are ports to use
  -reserved LIST    net.ipv4.ip_local_reserved_ports: ports and ranges, 8080,9000-9010
  -reuse N          net.ipv4.tcp_tw_reuse: 0 no, 1 yes, 2 on loopback (from 4.19 on)
  -buckets N        net.ipv4.tcp_max_tw_buckets; not looked at with -release otherwise
  -hz N             its CONFIG_HZ: 100, 250, 300 or 1000, which rounds TIME_WAIT from 4.8
                    on (default: /proc/config.gz, else 250)

What to tell:
  -curve            candidates that connect() examines, and an estimate of its time, over
                    the part of the ports in use
  -csv              -curve as comma-separated values, in steps of 0.5 %
  -race             the race of 2.6.32: what two connect() calls do to one TIME_WAIT entry
  -json             everything as JSON; the fields are documented in the type Report

SURE is what never fails, AT MOST what cannot be exceeded: between them it depends on how
long the single connections and their TIME_WAIT take.

Exit status: 0 if it could answer, 1 if not, 2 for a mistake in the flags.
`
