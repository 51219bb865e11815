// Command plan answers what a capacity planner asks: which backlog loses nothing under a load, which setting
// binds, and what users feel; and for outgoing connections, how many ports or destinations it takes.
//
//	go run ./examples/plan                                  3000 connections a second, a stall of 200 ms every 10 s
//	go run ./examples/plan -backlog 128                     what a backlog of 128 loses, and what would help
//	go run ./examples/plan -rate 20000 -workers 64 -service 3ms -stall 0
//	go run ./examples/plan -backlog 511 -across             the same on twelve kernels
//	go run ./examples/plan -side client -rate 3000          how many ports or destinations never run out?
//	go run ./examples/plan -json | go run -C examples/plan/plot . >plan.svg
//
// It reads this machine's release and sysctls, opens no socket and writes nothing; with -release it asks about
// another kernel. Run it with -h for all flags.
//
// # Where the numbers come from
//
// The server side is run: sim.Load plays the load on the kernel's listen path, once for each seed, and the
// smallest backlog is searched among such runs. A run is one possible course of things: what N runs without a
// loss rule out is said beside the answer. The same flags give the same output, byte for byte.
//
// A loss is a SYN or the final ACK of a handshake that the kernel drops or answers with a RST because a queue is
// full. Its user waits a second or more for a retransmission, or gives up. The share lost is losses for each
// connection that users asked for; who is dropped twice counts twice.
//
// The client side is computed: package portalloc has the exact rules, and -confirm plays the answer, and one
// less, in a world of hosts.
//
// # Exit status
//
// 0 if it could answer, 1 if it could not, 2 if a flag is wrong.
//
// # JSON
//
// -json prints one [Report]; its fields are documented there and keep their names. The module in the folder plot
// draws it.
package main
