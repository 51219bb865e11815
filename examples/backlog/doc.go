// Command backlog tells what a Linux kernel does with the next connection to a
// listening TCP socket, and why.
//
//	go run ./examples/backlog                 every listener of this machine
//	go run ./examples/backlog -port 8080      one of them
//	go run ./examples/backlog -release 3.10.108 -backlog 65536
//	go run ./examples/backlog -backlog 128 -tcp_syncookies 0 -flood 600
//	go run ./examples/backlog -backlog 128 -flood 600 -across
//
// It reads the kernel's release, its sysctls, its listeners with their queues and
// its counters, runs without privileges, and writes nothing. What it could not read
// it says. Without /proc, or with flags that describe a listener, it answers for a
// listener that does not exist. Run it with -h for all flags.
//
// # Where the numbers come from
//
//	release           /proc/sys/kernel/osrelease, /proc/version, or -release
//	sysctls           /proc/sys, or -sysctl FILE, or a flag, or the release's default
//	accept queue      rx_queue of the LISTEN rows of /proc/net/tcp and tcp6
//	its limit         netlink (NETLINK_SOCK_DIAG), what ss shows as Send-Q; else assumed
//	SYN queue         the SYN_RECV rows of the same files, young ones have retrnsmt 0
//	counters          /proc/net/netstat and snmp
//	all rules         packages kernel and queue of this module
//
// # Exit status
//
// 0 if it could answer, 1 if it could not (nobody listens on -port N, say), 2 if a
// flag is wrong.
//
// # JSON
//
// -json prints one [Report]; its fields are documented there and keep their names.
package main
