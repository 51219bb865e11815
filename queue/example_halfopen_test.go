package queue_test

import (
	"fmt"

	"example.com/linuxtcp/queue"
)

// Who is half-open? What ss lists as SYN-RECV.
func ExampleHalfOpen() {
	l := listenOn("6.1.192", 128)
	for n := range 3 {
		l.Receive(0, queue.Segment{From: clientAddr(n + 1), Flags: queue.FlagSYN, MSS: 1460, Timestamp: true, TSVal: uint32(100 + n)})
	}
	for r := range l.Requests() {
		fmt.Println(r.From, r.Timestamps, r.TSRecent)
	}
	// Output:
	// 192.0.2.2:40000 true 101
	// 192.0.2.1:40000 true 100
	// 192.0.2.3:40000 true 102
}
