// Package kernel tells which Linux kernel is meant and how it behaves: its
// release, the behaviours that changed between 2.6.32 and 7.2, its sysctls, its
// event counters and its timers. The other packages of this module ask it, and
// it asks none of them.
//
// # Synopsis
//
//	r, err := kernel.ReadRelease(os.DirFS("/proc"))       // or kernel.Parse("5.10.223")
//	sem := r.Semantics()                                  // how it behaves
//	sys, err := kernel.Defaults(r, kernel.Machine{MemoryBytes: 4 << 30})
//	sys, unread, err := kernel.ReadSysctls(os.DirFS("/proc/sys"), sys)
//	err = sys.Validate(sem)
//	clock, err := kernel.NewClock(sem, 250)               // CONFIG_HZ
//
// # Releases
//
// A [Release] is what `uname -r` prints, read: upstream series, stable patch level,
// vendor and build. [Parse] knows the names of mainline, Debian, Ubuntu, RHEL and
// CentOS 6 to 10, Amazon Linux and Alibaba Cloud Linux, and takes every other name
// that begins with a version as that upstream version with local additions. A
// release outside 2.6.32 to 7.2 is a [*RangeError], which names the nearest one.
//
// The patch level matters, because behaviour changes within a series: the test
// for a full SYN queue is one in 6.1.124 and another in 6.1.125. Some names hide
// it: 5.15.0-119-generic tells the series only. [ReadRelease] finds it on a live
// system, [Release.WithPatch] takes it from you, and until then
// [Release.Undecided] lists what the name leaves open.
//
// # Semantics
//
// [Semantics] has a field for every behaviour of the modelled paths that ever
// changed. The rules of this module branch on its fields and never on a version. It
// is a plain value: copy it, compare it with ==, change a field to ask what if.
//
// # The table of changes
//
// [Changes] is a table with a row for every change: a short ID, one sentence, the
// first mainline series, the stable series and RHEL builds that carry it as a
// backport, the commit and the evidence. The semantics of a release are those of
// 2.6.32.0 changed by the rows that the release has, in the order of the table.
// No other place compares versions.
//
// [Diff] compares two releases: what an upgrade gains, and what it loses, since a
// late stable release may carry what an early release of a younger series lacks.
// The table itself stands at the end of this page.
//
// # A vendor's kernel
//
// RHEL 6, 7 and 8 are hybrids of their own, and the table has their builds as far
// as they were read. Of SUSE, Oracle UEK and openEuler no tree was read; their
// names parse, and every row that came after their base is undecided. The same
// holds for RHEL 9 and 10 and for later builds of RHEL 6 to 8. Describe such a
// kernel by hand, from the nearest release and what its changelog says:
//
//	sem := kernel.MustParse("4.12.14-122.106-default").Semantics()
//	if c, ok := kernel.ChangeByID("cookie-gate-between"); ok {
//		c.Apply(&sem) // the changelog names the commit of that row
//	}
//	sem.SomaxconnDefault = 4096 // or set a field
//
// Where a whole Semantics is made by hand, [Semantics.Valid] tells whether a field
// that must be set is not.
//
// # Sysctls
//
// [Sysctls] holds what the models read from /proc/sys, as it stands there: plain
// numbers, a [PortRange] and a list of ports. [Defaults] gives what a kernel starts with, which for
// tcp_max_syn_backlog follows the memory of the [Machine]. [ReadSysctls] reads a
// /proc/sys tree and [ParseSysctls] the output of `sysctl -a`; both keep what they
// cannot find and name it. [Sysctls.Validate] says what a given kernel would
// refuse: somaxconn above 65535 before 4.1, tcp_syncookies above 255 since 5.13.
// A sysctl that a kernel does not have stands as 0. [SysctlByName] describes one:
// its unit, its range, what 0 and a negative value mean.
//
// # Counters
//
// A [Counter] is an event counter under the name that nstat prints, without its
// prefix. A decision raises a [CounterSet], in the kernel's order; [Counters] are
// the totals of a network namespace, and [Counters.Sub] is what nstat shows
// between two looks.
//
// Each counter's own page tells which decisions raise it, and in which releases:
//
//	go doc kernel.ListenDrops
//
// These tables are made from what the models do, and a test keeps them so. A line
// names a reason of a verdict, whose own documentation is under that name
// (queue.AcceptQueueFullSYN), or a call or timer of package host or timewait. "Not
// always" is for what depends on more than the reason and the state. Releases are
// mainline's first of each series; the rows of [Changes] in brackets have the stable
// series and RHEL builds that carry the change.
//
// # Time
//
// Every time is a time.Duration since boot; nothing here reads a clock. Kernels
// count in jiffies of 1/HZ seconds, HZ being chosen at build time and not visible
// in a release name, so it is given to [NewClock]. [Clock.TimerExpiry] tells when a
// timer fires: to 4.7 at its jiffy, moved by slack if armed with it; since 4.8 at
// the end of a bucket that grows with the delay. At HZ=250 a timer of 60 s takes
// up to 62.048 s (61.4 s observed).
//
// Sequence numbers and timestamps are compared by package serial, below this one.
//
// # What is not known
//
//   - Where a row has a range ("4.14.1 to 4.14.74"), the first patch level with the
//     change was not looked up. Releases inside the range are undecided, and
//     [Release.Semantics] takes the change as absent.
//   - Of these series no tree was read, so that a change dated to one of them rests
//     on the release that its commit is in, or on the series before and after: 4.16,
//     4.17, 4.18, 5.1, 5.5, 5.6, 5.12, 5.13, 5.16, 5.18, 6.7, 6.15, 6.16.
//   - Release candidates: a change of the same series is undecided.
//   - Some commit IDs were not looked up in a history. The release of the row does
//     not rest on them.
//   - Of RHEL, builds up to 642 (RHEL 6), 1160 (RHEL 7) and 147 (RHEL 8) were read.
//   - Amazon, Alibaba and local builds are taken as the stable release in their
//     name. Private patches are not seen. Alibaba's kernels called 3.10.0 and 2.6.32
//     (.ali2000.alios7) are built from RHEL's with changes of their own: unread.
//   - Kernels built without CONFIG_SYN_COOKIES have no tcp_syncookies. They behave as
//     with 0, but the table does not know them.
//   - [Defaults] does not know what a distribution writes at boot, and rounds memory
//     as the hash allocator does only away from the powers of two.
//
// # Evidence
//
// Each row says how it is known. "observed on" names kernels that were run and
// asked: 3.10.108, 4.4.155, 4.9.154, 4.19.78, 5.10.223, 6.1.192, 6.12.107, 6.18.44
// and 7.2.13. "from source" means that trees of the releases before and after were
// read, and that nobody ran the experiment. Where a field or function says neither,
// it follows from what does.
package kernel

//go:generate go test -run ^Test(Changes|Counters)DocIsCurrent$ . -args -update
