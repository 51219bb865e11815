package kernel

// twSeen: kernels whose TIME_WAIT was asked.
const twSeen = "observed: 3.10.108, 5.10.223, 6.18.44"

// timewaitChanges are the changes of TIME_WAIT and of FIN_WAIT2 without a process:
// package timewait.
var timewaitChanges = []Change{
	{
		ID: "tw-recycled-taken", Package: "timewait", Since: "2.6.33", Commit: "13475a30b66c",
		Backports: []Backport{from("el6", 384)},
		Summary:   "TWRecycled counts TIME_WAIT entries that connect() took; it counted every connect() that picked a port in use by another destination.",
		Evidence:  fromSource + "; 1 for each entry taken observed on 3.10.108, 5.10.223, 6.18.44",
		apply:     func(s *Semantics) { s.TWRecycledTaken = true },
	},
	{
		ID: "max-tw-buckets-ehash", Package: "timewait", Since: "2.6.36", Commit: "c5ed63d66f24",
		Backports: []Backport{from("2.6.35", 6), from("2.6.32", 23), between("el6", -1, 357)},
		Summary:   "tcp_max_tw_buckets starts as half the established-hash buckets; it was 180000, or 16384 and less on small machines.",
		Evidence:  fromSource + "; 2048 with 4096 buckets observed on 3.10.108 and 5.10.223, 131072 with 262144 on 6.18.44",
		apply:     func(s *Semantics) { s.MaxTWBucketsByEHash = true },
	},
	{
		ID: "tw-overflow-counter", Package: "timewait", Since: "2.6.37", Commit: "67631510a318",
		Summary:  "A socket that finds no room among tcp_max_tw_buckets counts TCPTimeWaitOverflow; the kernel logged \"time wait bucket table overflow\".",
		Evidence: twSeen + " count; the log from source",
		apply:    func(s *Semantics) { s.TimeWaitOverflowCounter = true },
	},
	{
		ID: "tw-bytes-192", Package: "timewait", Since: "3.9",
		Summary:  "A TIME_WAIT socket takes 192 bytes over IPv4 and 256 over IPv6; it took 256 and 320.",
		Evidence: fromSource + ": computed from the layouts of 2.6.32 and 3.10; no release between was read",
		apply:    func(s *Semantics) { s.TimeWaitBytes4, s.TimeWaitBytes6 = 192, 256 },
	},
	{
		ID: "tw-bytes-common", Package: "timewait", Since: "3.13",
		Summary:  "A TIME_WAIT socket takes 192 bytes, over IPv6 too.",
		Evidence: fromSource + ": computed from the layout",
		apply:    func(s *Semantics) { s.TimeWaitBytes4, s.TimeWaitBytes6 = 192, 192 },
	},
	{
		ID: "tw-ack-rate-limit", Package: "timewait", Since: "4.0", Commit: "4fb17a609167",
		Backports: []Backport{between("el7", -1, 957)},
		Summary:   "A TIME_WAIT or FIN_WAIT2 entry answers bare segments and SYNs at most once per tcp_invalid_ratelimit (500 ms); others count TCPACKSkippedTimeWait or TCPACKSkippedFinWait2.",
		Evidence:  "observed: limited on 5.10.223, 6.1.192, 6.18.44, 7.2.13; not before from source",
		apply:     func(s *Semantics) { s.TimeWaitACKRateLimited = true },
	},
	{
		ID: "tw-own-timer", Package: "timewait", Since: "4.1", Commit: "789f558cfb36",
		Summary:  "Each TIME_WAIT entry has a timer of its own and lasts 60 s; a wheel of eight slots ended it after 52.5 to 60 s, or 97.5 to 112.5 s above 13 closes/s.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.TimeWaitTimers = true },
	},
	{
		ID: "tw-bytes-248", Package: "timewait", Since: "4.1", Commit: "789f558cfb36",
		Summary:  "A TIME_WAIT socket takes 248 bytes, its timer among them.",
		Evidence: fromSource + ": computed from the layout",
		apply:    func(s *Semantics) { s.TimeWaitBytes4, s.TimeWaitBytes6 = 248, 248 },
	},
	{
		ID: "tw-reuse-per-netns", Package: "timewait", Since: "4.10", Commit: "56ab6b93007e",
		Summary:  "tcp_tw_reuse belongs to a network namespace; it was the machine's.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.TWReusePerNetns = true },
	},
	{
		ID: "max-tw-buckets-per-netns", Package: "timewait", Since: "4.11", Commit: "1946e672c173",
		Summary:  "tcp_max_tw_buckets and what it counts belong to a network namespace; they were the machine's.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.MaxTWBucketsPerNetns = true },
	},
	{
		ID: "rfc1337-per-netns", Package: "timewait", Since: "4.15",
		Summary:  "tcp_rfc1337 belongs to a network namespace; it was the machine's.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.RFC1337PerNetns = true },
	},
	{
		ID: "tw-reuse-loopback", Package: "timewait", Since: "4.19", Commit: "79e9fed46038",
		Backports: []Backport{between("el8", -1, 147)},
		Summary:   "tcp_tw_reuse takes 0, 1 and 2 and starts as 2, which lets connect() reuse TIME_WAIT of loopback connections only; it started as 0, and 2 was the same as 1.",
		Evidence:  "observed: 2 reuses on 3.10.108, not on 5.10.223, 6.18.44, whose default it is",
		apply:     func(s *Semantics) { s.TWReuseLoopback = true },
	},
	{
		ID: "stamps-monotonic", Package: "timewait", Since: "4.19", Commit: "cca9bab1b72c",
		Summary:  "When a timestamp was seen is kept in seconds of the monotonic clock, and connect() may reuse a TIME_WAIT entry once one second has begun since; it was the wall clock, and two seconds.",
		Evidence: "observed: not after 500 ms on 3.10.108, after 500 ms on 5.10.223",
		apply:    func(s *Semantics) { s.MonotonicStamps = true },
	},
	{
		ID: "tw-rst-keeps-timer", Package: "timewait", Since: "4.19", Commit: "63cc357f7bba",
		Backports: []Backport{from("4.18", 8), between("4.14", -1, 177), between("4.9", 115, 154), maybe("4.4", 155), between("el8", -1, 147)},
		Summary:   "With tcp_rfc1337 a RST no longer starts the 60 s of TIME_WAIT anew.",
		Evidence:  "observed: left alone on 5.10.223, 6.1.192, 6.18.44, 7.2.13; before from source",
		apply:     func(s *Semantics) { s.TimeWaitRSTKeepsTimer = true },
	},
	{
		ID: "linger2-cap", Package: "timewait", Since: "5.8", Commit: "f0628c524fd1",
		Summary:  "TCP_LINGER2 above 120 s means 120 s and may exceed tcp_fin_timeout; above tcp_fin_timeout it meant tcp_fin_timeout.",
		Evidence: "observed: 200 reads back as 120 on 5.10.223, 6.1.192, 6.18.44, 7.2.13; before from source",
		apply:    func(s *Semantics) { s.Linger2Cap = true },
	},
	{
		ID: "tw-bytes-240", Package: "timewait", Since: "5.10",
		Summary:  "A TIME_WAIT socket takes 240 bytes.",
		Evidence: fromSource + ": type information of Debian's 5.10; no release from 4.2 on was read before it",
		apply:    func(s *Semantics) { s.TimeWaitBytes4, s.TimeWaitBytes6 = 240, 240 },
	},
	{
		ID: "tw-counted-at-entry", Package: "timewait", Since: "5.18", Commit: "27dd35e02235",
		Summary:  "TW or TWKilled counts an entry when it begins; it counted an entry that had run its time, when it ended.",
		Evidence: "observed: at the end on 5.10.223, at the beginning on 6.1.192, 6.18.44, 7.2.13",
		apply:    func(s *Semantics) { s.TimeWaitCountedAtEntry = true },
	},
	{
		ID: "max-tw-buckets-unsigned", Package: "timewait", Since: "5.18",
		Summary:  "A negative tcp_max_tw_buckets is no limit; it allowed no entry.",
		Evidence: "observed: -1 allows no entry on 5.10.223, five of five on 6.18.44; the series from source",
		apply:    func(s *Semantics) { s.MaxTWBucketsUnsigned = true },
	},
	{
		ID: "tw-bytes-264", Package: "timewait", Since: "6.1",
		Summary:  "A TIME_WAIT socket takes 264 bytes.",
		Evidence: fromSource + ": type information of Debian's 6.1; no release from 5.11 on was read before it",
		apply:    func(s *Semantics) { s.TimeWaitBytes4, s.TimeWaitBytes6 = 264, 264 },
	},
	{
		ID: "tw-bytes-248-again", Package: "timewait", Since: "6.12",
		Summary:  "A TIME_WAIT socket takes 248 bytes.",
		Evidence: fromSource + ": type information of Debian's 6.12; no release from 6.2 on was read before it",
		apply:    func(s *Semantics) { s.TimeWaitBytes4, s.TimeWaitBytes6 = 248, 248 },
	},
	{
		ID: "tw-reuse-not-fin-wait2", Package: "timewait", Since: "6.12", Commit: "0d9e5df4a257",
		Backports: []Backport{from("6.11", 3), maybe("6.10", -1), maybe("6.6", -1), from("6.1", 113), maybe("5.15", -1), from("5.10", 227), maybe("5.4", -1), maybe("4.19", -1)},
		Summary:   "connect() that looks for a port no longer takes over a FIN_WAIT2 entry, whatever tcp_tw_reuse says; one that is bound to its port still does.",
		Evidence:  "observed: refused on 5.10.262, 6.1.170, 6.1.192, 6.12.43, 6.12.95, 6.12.107, 6.12.117, 7.2.13, taken on 5.10.223; series from the changelogs of stable releases",
		apply:     func(s *Semantics) { s.TWReuseNotFinWait2 = true },
	},
	{
		ID: "tw-reuse-delay", Package: "timewait", Since: "6.14", Commit: "19ce8cd30465",
		Summary:  "connect() may reuse a TIME_WAIT entry tcp_tw_reuse_delay (1000 ms) after it began, to the millisecond; it went by whole seconds since the last timestamp.",
		Evidence: "observed: 1.001 to 1.003 s on 6.18.44; refused at 500 ms and allowed at 1200 ms there",
		apply:    func(s *Semantics) { s.TWReuseDelay = true },
	},
	{
		ID: "paws-timewait-counter", Package: "timewait", Since: "6.16", Commit: "c449d5f3a3d7",
		Summary:  "A segment whose timestamp is too old for TIME_WAIT counts PAWSTimewait, with drop reason TCP_RFC7323_TW_PAWS; it counted PAWSEstab.",
		Evidence: "observed: PAWSEstab on 3.10.108, 5.10.223, 6.1.192, 6.12.117, PAWSTimewait on 6.18.44, 7.2.13",
		apply:    func(s *Semantics) { s.PAWSTimewaitCounter = true },
	},
	{
		ID: "tw-bytes-264-again", Package: "timewait", Since: "7.2",
		Summary:  "A TIME_WAIT socket takes 264 bytes.",
		Evidence: fromSource + ": type information of Debian's 7.2; no release from 6.13 on was read before it",
		apply:    func(s *Semantics) { s.TimeWaitBytes4, s.TimeWaitBytes6 = 264, 264 },
	},
}
