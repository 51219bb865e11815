package main

import (
	"slices"

	"example.com/linuxtcp/kernel"
)

// elsewhere are the sysctls that no listener asks: they begin where a connection ends, or
// before it begins.
var elsewhere = []string{
	"net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_max_tw_buckets", "net.ipv4.tcp_tw_reuse",
	"net.ipv4.tcp_tw_reuse_delay", "net.ipv4.tcp_rfc1337",
	"net.ipv4.tcp_syn_retries", "net.ipv4.tcp_syn_linear_timeouts", "net.ipv4.tcp_retries2", "net.ipv4.tcp_orphan_retries",
	"net.ipv4.ip_autobind_reuse", "net.ipv4.ip_local_port_step_width", "net.ipv4.ip_unprivileged_port_start",
}

// listens reports whether the listen path has to do with a sysctl.
func listens(name string) bool { return !slices.Contains(elsewhere, name) }

// listenSysctls are the names of those it has to do with.
func listenSysctls() []string {
	return slices.DeleteFunc(kernel.SysctlNames(), func(name string) bool { return !listens(name) })
}
