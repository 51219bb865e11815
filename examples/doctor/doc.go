// Command doctor reads what a machine shows of its TCP connections and says what is near its
// limit, what was dropped already, which setting binds, and what another setting would
// change, each with its rule.
//
//	go run ./examples/doctor                  this machine: a look, 10 s, another look
//	go run ./examples/doctor -for 1m
//	go run ./examples/doctor -json
//	go run ./examples/doctor -root a -then b  another machine, from copies of its /proc
//
// It runs without privileges, opens no socket but netlink's, and writes nothing. What it could
// not read it says, and what it took instead. Run it with -h for all flags.
//
// # Where the numbers come from
//
//	release        /proc/sys/kernel/osrelease, /proc/version, or -release
//	sysctls        /proc/sys, else the release's defaults
//	sockets        /proc/net/tcp and tcp6
//	their limits   netlink (NETLINK_SOCK_DIAG), what ss shows as Send-Q; else at most somaxconn
//	TIME-WAIT      tw of /proc/net/sockstat, what tcp_max_tw_buckets is compared with
//	orphans        orphan of the same file
//	counters       /proc/net/netstat and snmp
//	rates          the two looks, by /proc/uptime
//
// # Where the rules come from
//
//	a listener's queues             package queue: DecideSYN, DecideFinalACK and their limits
//	what raises a counter           all packages are asked, each with small scenes
//	TIME-WAIT and FIN-WAIT-2        package timewait: HasRoom, Lifetime, PlanFinWait2, DecideReuse
//	ports                           package portalloc: UsablePorts, ExpectedCandidates
//	tcp_tw_recycle                  package paws: RecycleRejects
//	CLOSE-WAIT, orphans' FINs       package host: Decide, FINTimer
//	tcp_max_orphans                 no model has it; from source, and marked so
//
// "try ... then ..." asks the same rules about the same sockets with the setting changed. A
// local port counts as used for a source address and a destination if a socket in any state but
// LISTEN and SYN-RECV has it, it is in ip_local_port_range, and nobody listens on it.
//
// # Exit status
//
// 0 if it could answer, whatever it found, 1 if it could not, 2 if a flag is wrong.
//
// # JSON
//
// -json prints one [Report]; its fields are documented there and keep their names.
package main
