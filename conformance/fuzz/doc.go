// Package fuzz writes random scripts, has them answered by running kernels and by the models of them, and
// makes what differs as small as it can.
//
// # The scripts
//
// A script has up to 60 steps and up to 8 peers, besides the forged servers that the host connects to. Random
// segments would hit nothing, so the generator keeps a light picture of each flow: what was
// sent, what both ends expect next, and roughly the state. Most segments are what a peer would
// send now; in the others one thing is off, a sequence number by one or at the edge of the window,
// an acknowledgement of something else, a timestamp too old. Actions of several steps bring flows
// round often: open, use, close from either side, open the same addresses and ports again. The
// picture is wrong at times, where a queue was full or a sysctl said otherwise; the script goes on
// all the same.
//
// [Script] takes its choices from a bit stream of its own, PCG with the seed and the number of the script,
// and from nothing else: no model, no kernel, no version of a library. So -seed 7 is the same
// scripts for everyone. rapid's Example would do it too, but ties scripts to a release of rapid, and
// draws small numbers most of the time. The tests feed rapid's bits to the same functions: there rapid writes
// the scripts, and shrinks one that is not sound.
//
// A script of a short [Mode] takes less than 2 s in all, for a kernel that waits in real time.
// The others wait from 1 ms to 130 s, mostly shortly, and take up to 400 s, which an emulator skips. In a loopback Mode the
// host talks to itself: listeners, connections to them, and system calls at random on both ends.
//
// # What is avoided
//
// Scripts keep to what the models are about. They do without
//
//   - data of the host, which scripts have no step for;
//   - ACK numbers that are absolute, but for connections that have none yet: where 0 lies is up to the host's random
//     first number;
//   - windows other than 64240, a window of 0 above all: zero window probes;
//   - window scales of peers other than 0;
//   - numbers between 60000 and 100000 beyond the next one: where the receive window ends (64240, 65160 with timestamps,
//     more once it grows where windows are scaled) is not modelled;
//   - steps of 10 ms and less: a SYN that is sent again after 2 jiffies would come at their end;
//   - data at the next number, or within 3000 of it, with an ACK number that is too old: header prediction takes it before the number is
//     looked at, if it fits into memory that earlier data has left;
//   - close(), shutdown() and other calls after SYNs that crossed, until ours is acknowledged: when the FIN is sent
//     depends on the congestion window and on recovery from loss if anything was sent again before;
//   - then, too, an ACK of our first number: the connection opens, and the SYN-ACK is sent again, which is not modelled;
//   - tcp_timestamps 2 over loopback: it takes the random offset from the clock of connections that the other end remembers with it;
//   - SO_REUSEPORT: which listener of a group gets a connection is up to a hash with a secret;
//   - keepalive, urgent data, fast open, MD5 and AO;
//   - sysctls that belong to the whole machine (tcp_max_orphans), and those that not every kernel at hand
//     has (tcp_syn_linear_timeouts, tcp_tw_reuse_delay, tcp_rto_max_ms).
//
// # What counts as a difference
//
// What [script.Compare] says, the model having been replayed at the times that the kernel's own clock
// showed ([script.Replay]), with one more tolerance: if an event came just before the end of
// a step on one side and just after it on the other, they agree. The end of that step, or of the one
// before, is moved by up to two jiffies either way, and if model and kernel agree
// then, the script counts as agreeing, and is counted in [Report].Nudged.
//
// Differences are told apart by their [Kind]: the step and the first answers that differ, without
// names and numbers. One cause mostly has one kind, or few.
//
// # Shrinking
//
// A guest takes seconds to boot, so a shrinker must not ask one question at a time. [Shrink] makes all the
// smaller scripts it can think of, of all cases at once, has them answered in one boot, and goes on with
// the smallest that differs in the same kind; what could be left out separately is left out together in the next round.
package fuzz
