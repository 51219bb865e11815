package kernel_test

import (
	"fmt"

	"example.com/linuxtcp/kernel"
)

// Is somaxconn safe to raise for one pod? Every network namespace has its own; tcp_max_syn_backlog was the machine's
// to 4.10.
func ExampleSemantics_PerNetns() {
	for _, release := range []string{"4.4.155", "6.12.107"} {
		sem := kernel.MustParse(release).Semantics()
		for _, name := range []string{"net.core.somaxconn", "net.ipv4.tcp_max_syn_backlog"} {
			fmt.Println(release, name, sem.PerNetns(name))
		}
	}
	// Output:
	// 4.4.155 net.core.somaxconn true
	// 4.4.155 net.ipv4.tcp_max_syn_backlog false
	// 6.12.107 net.core.somaxconn true
	// 6.12.107 net.ipv4.tcp_max_syn_backlog true
}
