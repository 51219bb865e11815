// Command plot draws what examples/plan -json prints, as SVG or PNG. It is a module of its own, so that the library
// needs nothing but the standard library.
//
//	go run ./examples/plan -backlog 128 -across -curve -json | go run -C examples/plan/plot . >plan.svg
//	go run ./examples/plan -side client -json | go run -C examples/plan/plot . -png >plan.png
//
// Of a server it draws the accept queue over time, how long users wait for another SYN, and what backlogs lose, on
// each kernel if -across was given; of a client, how many destinations or sources each kernel needs. The same report
// gives the same bytes.
package main
