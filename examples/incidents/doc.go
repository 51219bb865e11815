// Command incidents tells the four incidents that this library was born from: each as a story in virtual time,
// event by event, with the kernel's reason and counters at each turn; across releases; and beside what the
// article about it claims.
//
//	go run ./examples/incidents                                  all four, in short
//	go run ./examples/incidents -incident queues                 one, event by event
//	go run ./examples/incidents -incident leaks -release 6.18.44 the same on another kernel
//	go run ./examples/incidents -incident leaks -filter rst      and with a firewall that eats the RST
//	go run ./examples/incidents -incident leaks -inwindow        and with a SYN in the old window
//	go run ./examples/incidents -incident nat -client 4.10       no NAT, and a client that kills its own connections
//
//	queues   ten clients, backlog 5: six established, three in their own eyes only, one timed out; and four floods
//	nat      two phones behind one NAT, and a server with tcp_tw_recycle
//	race     two connect() calls that end with one port and one sequence number
//	leaks    a server that forgets to close, and a port that is used again
//
// It reads nothing of this machine and opens no socket: package sim plays the stories, and package portalloc the
// race. Same flags, same output. Run it with -h for all flags.
//
// # Where the numbers come from
//
// The tests hold stories and tables to what running kernels answered; what is from source only is said in the
// packages. What package host leaves out of a client, the offset of a connection's timestamps (from 4.10 on), a box
// beside it adds; the offsets are secret, so those here are some of the possible ones. Times are those of a round trip of 1 or 2 ms, or 40 ms behind the NAT, and of CONFIG_HZ=250.
//
// # Exit status
//
// 0 if it could answer, 1 if it could not, 2 if a flag is wrong.
//
// # JSON
//
// -json prints one [Report]; its fields are documented there and keep their names.
package main
