// Package sim is a world in virtual time around package host: hosts of any release, paths with delay and
// loss, NATs and firewalls on them, programs that connect and programs that accept, and a report of what
// became of it all.
//
// # Synopsis
//
//	w := sim.New(sim.Config{Seed: 1, Sample: time.Second})
//	cfg, err := sim.Stock("6.12.43", "10.0.0.1")          // a host as its kernel starts; change what you like
//	server, err := w.AddNode("server", cfg, 0)
//	client, err := w.AddNode("client", ...)
//	err = w.Join(client, server, sim.Path{Delay: 10 * time.Millisecond, Loss: 0.01})
//	_, err = w.AddServer(sim.Server{Name: "web", Node: server, At: at, Backlog: 128, Workers: 8, ...})
//	_, err = w.AddClient(sim.Client{Name: "users", Node: client, To: to, Arrivals: sim.Poisson(3000), ...})
//	err = w.Run(time.Minute)
//	r := w.Report()
//	err = r.WriteText(os.Stdout)                           // or WriteJSON, WriteCSV
//
// # Time
//
// The world has one clock, which starts at 0 and moves from event to event. What happens at one moment
// happens in the order in which it was asked for. A host's clock is the world's plus its uptime: two phones
// that were switched on at different times have different timestamps. Nothing here looks at a clock of the
// machine, and nothing runs beside anything else.
//
// Everything random comes from Config.Seed, by a generator (PCG) of its own for each purpose: same seed,
// same report, byte for byte, on every processor, and one more client does not change what the others draw.
// TestSameReportEverywhere is the check, with hashes of reports that amd64 and arm64 agree on. On another processor,
// emulated or not (qemu-aarch64 is in Debian's qemu-user):
//
//	CGO_ENABLED=0 GOARCH=arm64 go test -exec qemu-aarch64 -run 'SameReport|Example' ./sim
//
// # What stands between two hosts
//
// A [Path] delays and loses segments, and has boxes at one of its ends:
//
//	[NAT]       rewrites addresses and ports, and timestamps if told to
//	[Firewall]  follows connections and stops what belongs to none; its fields say what it does with a SYN
//	            that reuses a pair of ports, with a stray ACK, with a stray RST
//	[Filter]    a function that says which segments to stop
//
// and whatever else implements [Box]. One box may stand on several paths. A host that connects to itself
// uses its loopback device and no path.
//
// # Programs
//
// A [Client] opens a connection for each arrival, tries again as it is told, holds and closes. A [Server]
// accepts with as many workers as it has, serves for a time, stalls now and then, and may forget to close.
// Who closes first is said on both sides: CloseFirst there, waiting for the peer's FIN here. Both are small
// state machines; another program can be written the same way with [World.At] and [Node.Do].
//
// [Arrivals] are [Constant], [Poisson], [Bursts], [OnOff], [Ramp] or [Times], which [ReadTimes] reads from a
// file.
//
// # Large loads
//
// A [Load] is one server and users each of whom connects once. [Load.Run] takes a short cut through the
// listener and the number of TIME-WAIT entries alone, at about half a microsecond of processor time for a connection
// against 25 in a full world; its report is that of the full world, [Load.RunWorld], which tests compare on the same seeds. Where two
// things fall on the same nanosecond their order may differ: give Arrivals that are random, or a Delay that
// is no round number.
//
// # Sweeps
//
// A question about planning takes many runs: over seeds, for how sure an answer is, and over values. [Sweep] makes
// them several at a time, [Smallest] searches the smallest value that is enough, and [SmallestParallel] does so
// several seeds at a time. Their results do not depend on how many that are.
//
// # The report
//
// [World.Report] has for each client how many connections were wanted, came, and failed with which errno, how
// long connect() took (quantiles, and how many took the steps of 1, 3, 7 s that a SYN sent again makes);
// for each server what it did and how full its queues were; for each host its counters under nstat's names,
// the segments refused with reason and counters, its TIME-WAIT entries, what has a port, the memory of both
// ([ConnectionBytes], [timewait.EntryBytes]); for each path what got lost. With Config.Sample there is a time
// series of it.
//
// # What is exact, what is an envelope
//
// What a host does with a segment is what package host says, which is exact for one CPU. Between hosts
// everything is this package's own choice: a wire without a bandwidth and without an order of its own, and
// programs that do in no time what they do. What is seeded is one of the possible courses of things: a
// share of losses from one seed is a sample, not a probability.
//
// # What is not modelled
//
// The questions are how connections open and close, and who waits for it. What depends on the data between, or on how
// fast a processor is, would be a guess:
//
// Data: connections are opened, held and closed, and nothing is sent on them. Bandwidth, queues and losses
// of a network that depend on its load. A host's processor: segments and system calls take no time, and a
// server has as many CPUs as workers. Fragments, ICMP, checksums. The window checks of netfilter's connection
// tracking, its table's limit, and SNAT's random ports; see [Firewall] and [NAT]. Kernel memory of requests,
// buffers, files and inodes. What package host says under this heading.
//
// # Evidence
//
// What hosts do is package host's. The tests play cases that people reported, against their numbers (calibration_test.go),
// and hold a [Load] against the full world on the same seeds. What a [Firewall] and a [NAT] do is not held against
// running kernels; their documentation says where it is from.
package sim
