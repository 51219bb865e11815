// Command upgrade tells what another kernel changes for a machine that opens and accepts
// TCP connections: which sysctls bind differently, and which decisions differ, each shown
// by an example that the models answer for both kernels.
//
//	go run ./examples/upgrade                 this machine, to the newest release modelled
//	go run ./examples/upgrade -from 3.10.0-1160.el7 -to 6.12
//	go run ./examples/upgrade -from 4.4.155 -to 5.10.223 -backlog 511 -somaxconn 1024
//
// It reads the kernel's release and its sysctls, runs without privileges, opens no socket
// and writes nothing. With -from it does not look at the machine's sysctls: those are then
// the release's defaults, with what flags set over them. Run it with -h for all flags.
//
// # What counts as a setting
//
// A sysctl that a flag gives, and one of this machine that differs from its kernel's
// default, is taken as set by the configuration: it has that value on both kernels. All
// others go over to the new kernel's default. So a sysctl that is written at boot with the
// value of the old default is mistaken for one that is not set.
//
// A value that a kernel refuses, or whose sysctl it does not have, is not in force there.
//
// # Where the numbers come from
//
//	changes      kernel.Diff
//	sysctls      kernel.Sysctl.Default, and Takes
//	examples     packages kernel, queue, timewait, portalloc and host of this module
//	a change     is named below an example if the new kernel would answer otherwise
//	             without it; where that is so of none, if the old one would with it
//
// Changes that none of the examples depends on are counted and named; -all shows them.
// That is no proof that a program never notices them.
//
// # Exit status
//
// 0 if it could answer, 1 if it could not, 2 if a flag is wrong.
//
// # JSON
//
// -json prints one [Report]; its fields are documented there and keep their names.
package main
