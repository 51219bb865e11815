// Command ports tells how many outgoing TCP connections a Linux machine can make: at
// once, per second for ever, and until the first EADDRNOTAVAIL.
//
//	go run ./examples/ports                   this machine, one destination
//	go run ./examples/ports -rate 500         when do its ports run out, and what would help?
//	go run ./examples/ports -destinations 10 -bind -rate 1000
//	go run ./examples/ports -release 5.10.223 -range "1024 65535" -reuse 1
//	go run ./examples/ports -curve            what connect() costs as the ports fill
//	go run ./examples/ports -race -release 2.6.32
//
// It reads the kernel's release and its sysctls, runs without privileges, opens no
// socket and writes nothing. What it could not read it says. With -release, and without
// /proc, it answers for that release with its default sysctls. Run it with -h for all
// flags.
//
// # Where the numbers come from
//
//	release     /proc/sys/kernel/osrelease, /proc/version, or -release
//	sysctls     /proc/sys, or a flag, or the release's default
//	CONFIG_HZ   /proc/config.gz, or -hz, or 250
//	TIME_WAIT   timewait.Lifetime and timewait.DecideReuse of that release
//	the rest    package portalloc of this module
//
// Time per candidate (-curve) is an estimate of a machine of 2025; all other numbers are
// the kernel's rules.
//
// # Exit status
//
// 0 if it could answer, 1 if it could not, 2 if a flag is wrong.
//
// # JSON
//
// -json prints one [Report]; its fields are documented there and keep their names.
package main
