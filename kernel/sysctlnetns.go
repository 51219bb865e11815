package kernel

import "strings"

// PerNetns reports whether each network namespace has a sysctl of its own, by its name with
// dots or with slashes. Where it is false the sysctl is the machine's: a change in the first
// namespace is one for all, and others have no file of that name, so that a write fails there.
//
// It is known of nine, and true of every other name:
//
//	sysctl                                    the machine's
//	net.ipv4.ip_local_port_range              to 3.12
//	net.ipv4.ip_local_reserved_ports          to 3.15
//	tcp_syncookies, tcp_synack_retries        to 4.5
//	tcp_tw_reuse                              to 4.9
//	tcp_max_tw_buckets, tcp_max_syn_backlog   to 4.10
//	tcp_rfc1337, tcp_abort_on_overflow        to 4.14
//
// From source: the rows of [Changes] whose IDs end in -per-netns.
func (s Semantics) PerNetns(name string) bool {
	switch strings.ReplaceAll(name, "/", ".") {
	case "net.ipv4.ip_local_port_range":
		return s.PortRangePerNetns
	case "net.ipv4.ip_local_reserved_ports":
		return s.ReservedPortsPerNetns
	case "net.ipv4.tcp_syncookies", "net.ipv4.tcp_synack_retries":
		return s.SyncookiesPerNetns
	case "net.ipv4.tcp_max_syn_backlog":
		return s.MaxSYNBacklogPerNetns
	case "net.ipv4.tcp_tw_reuse":
		return s.TWReusePerNetns
	case "net.ipv4.tcp_max_tw_buckets":
		return s.MaxTWBucketsPerNetns
	case "net.ipv4.tcp_rfc1337":
		return s.RFC1337PerNetns
	case "net.ipv4.tcp_abort_on_overflow":
		return s.AbortPerNetns
	}
	return true
}
