// Package machine reads what a machine tells of itself without privileges: its TCP sockets
// (/proc/net/tcp, NETLINK_SOCK_DIAG), its counters (/proc/net/netstat, snmp, sockstat) and its
// sysctls. What cannot be read is told in a sentence each, which commands print.
package machine
