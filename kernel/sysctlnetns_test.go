package kernel

import "testing"

func TestPerNetns(t *testing.T) {
	for _, c := range []struct{ name, machine, own string }{
		{"net.ipv4.ip_local_port_range", "3.12", "3.13"},
		{"net/ipv4/ip_local_reserved_ports", "3.15", "3.16"},
		{"net.ipv4.tcp_syncookies", "4.5", "4.6"},
		{"net.ipv4.tcp_synack_retries", "4.5", "4.6"},
		{"net.ipv4.tcp_tw_reuse", "4.9", "4.10"},
		{"net.ipv4.tcp_max_syn_backlog", "4.10", "4.11"},
		{"net.ipv4.tcp_max_tw_buckets", "4.10", "4.11"},
		{"net.ipv4.tcp_rfc1337", "4.14", "4.15"},
		{"net/ipv4/tcp_abort_on_overflow", "4.14", "4.15"},
		{"net.core.somaxconn", "", "2.6.32"},
		{"no.such", "", "2.6.32"},
	} {
		if c.machine != "" && MustParse(c.machine).Semantics().PerNetns(c.name) {
			t.Errorf("%s is a namespace's own on %s", c.name, c.machine)
		}
		if !MustParse(c.own).Semantics().PerNetns(c.name) {
			t.Errorf("%s is the machine's on %s", c.name, c.own)
		}
	}
}
