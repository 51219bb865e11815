package sim_test

import (
	"fmt"
	"time"

	"example.com/linuxtcp/sim"
)

// What memory does a full accept queue pin? A process that hangs behind a backlog of 4096: the connections that nobody
// accepted, without the buffers of what their clients sent.
func ExampleNode_Report() {
	w, server, _ := shop(sim.Config{Sample: time.Second}, sim.Server{Backlog: 4096, NeverAccept: true}, sim.Client{Arrivals: sim.Constant(1000), Count: 6000})
	check(w.Run(10 * time.Second))
	now := server.Node.Report().Now
	fmt.Println(now.Accept, "connections wait,", now.Bytes/1024, "KiB")
	// Output: 4097 connections wait, 9202 KiB
}
