package queue_test

import (
	"fmt"
	"math"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// How does Go choose the backlog? net.Listen asks for all of net.core.somaxconn, as it stands in the namespace when
// the first listener of the process is made; on kernels whose limit has 16 bits, for 65535 at most, since the rest
// would be cut off.
func ExampleClamp() {
	for _, name := range []string{"3.9", "6.1.0-25-amd64"} {
		sem := kernel.MustParse(name).Semantics()
		for _, somaxconn := range []int32{128, 4096, 262144} {
			backlog := somaxconn // what net.Listen passes
			if sem.BacklogBits == 16 {
				backlog = min(backlog, math.MaxUint16)
			}
			fmt.Println(name, "somaxconn", somaxconn, "- asks for", queue.Clamp(backlog, somaxconn), "and gets", queue.AcceptLimit(&sem, backlog, somaxconn))
		}
	}
	// Output:
	// 3.9 somaxconn 128 - asks for 128 and gets 128
	// 3.9 somaxconn 4096 - asks for 4096 and gets 4096
	// 3.9 somaxconn 262144 - asks for 65535 and gets 65535
	// 6.1.0-25-amd64 somaxconn 128 - asks for 128 and gets 128
	// 6.1.0-25-amd64 somaxconn 4096 - asks for 4096 and gets 4096
	// 6.1.0-25-amd64 somaxconn 262144 - asks for 262144 and gets 262144
}
