package linuxtcp_test

import (
	"fmt"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// A server called listen(128) and stopped calling accept(). What becomes of the next
// client, before and after an upgrade?
func Example() {
	for _, name := range []string{"3.10.0-1160.el7.x86_64", "6.1.0-25-amd64"} {
		release, err := kernel.Parse(name)
		if err != nil {
			fmt.Println(err)
			return
		}
		sem := release.Semantics()
		sys, err := kernel.Defaults(release, kernel.Machine{MemoryBytes: 8 << 30})
		if err != nil {
			fmt.Println(err)
			return
		}
		q := queue.Queues{
			AcceptLen:   129,
			AcceptLimit: queue.AcceptLimit(&sem, 128, int32(sys.Somaxconn)),
			SYNLimit:    queue.SYNQueueLimit(&sem, 128, int32(sys.Somaxconn), int32(sys.TCPMaxSynBacklog)),
		}
		fmt.Println(name)
		fmt.Println(" ", queue.DecideSYN(&sem, &sys, q, queue.SYN{}))
	}
	// Output:
	// 3.10.0-1160.el7.x86_64
	//   queue a request and send a SYN-ACK: the listener has room
	// 6.1.0-25-amd64
	//   drop: the accept queue is full (ListenOverflows, ListenDrops)
}
