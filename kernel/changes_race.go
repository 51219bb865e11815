package kernel

import "time"

// synSeen: kernels whose SYNs were sent into a black hole and timed.
const synSeen = "observed: 0 3 9 and ETIMEDOUT at 21 s on 2.6.32.67, 63 s on RHEL 6 build 357, 127 s on 3.10.108, 4.4.155, 4.9.154, 5.10.223, 6.1.192, 31 s on 4.19.78, 131 s on 6.12.107, 6.18.44, 7.2.13"

// raceChanges are the changes around two connect() calls that take one TIME_WAIT entry:
// the order of the take-over, which is of package portalloc, and the SYN timer, which
// tells what becomes of the one that starves.
var raceChanges = []Change{
	{
		ID: "tw-taken-unhashed-locked", Package: "portalloc", Since: "2.6.33", Commit: "13475a30b66c",
		Backports: []Backport{from("el6", 384)},
		Summary:   "connect() takes the TIME_WAIT entry whose port it takes over out of the established hash before it lets go of the hash's lock; it did so after the port's lock was free too, and a second connect() could take the same entry, port and sequence number.",
		Evidence:  "observed: two equal SYNs in 5 of 960 trials on RHEL 6 build 357, in none of 600 on 6.1.192 and on 7.2.13; builds from source and the package's log",
		apply:     func(s *Semantics) { s.TWTakenUnhashedLocked = true },
	},
	{
		ID: "tw-taken-unbound-locked", Package: "portalloc", Since: "2.6.33", Commit: "3cdaedae635b",
		Backports: []Backport{from("el6", 459)},
		Summary:   "connect() takes that entry out of the port's list of owners before it lets go of the port's lock; it did so later.",
		Evidence:  fromSource + "; builds from the package's log",
		apply:     func(s *Semantics) { s.TWTakenUnboundLocked = true },
	},
	{
		ID: "syn-expiry-time", Package: "host", Since: "2.6.36", Commit: "4d22f7d372f5",
		Backports: []Backport{maybe("2.6.35", 3), maybe("2.6.34", 0), maybe("2.6.33", 0), between("el6", 220, 279)},
		Summary:   "connect() gives up after the time that tcp_syn_retries doublings of the first SYN timeout take; it took them as doublings of 0.2 s, so that 5 retries were 2.",
		Evidence:  synSeen,
		apply:     func(s *Semantics) { s.SYNExpiry = SYNExpiryTime },
	},
	{
		ID: "syn-timeout-1s", Package: "host", Since: "3.1", Commit: "9ad7c049f0f7",
		Backports: []Backport{from("el6", 232)},
		Summary:   "A SYN is sent again after 1 s; it was 3 s.",
		Evidence:  "observed: 3 s on 2.6.32.67, 1 s on RHEL 6 build 357, 3.10.108 and all later kernels asked; builds from the package's log",
		apply:     func(s *Semantics) { s.SYNTimeout = time.Second },
	},
	{
		ID: "syn-retries-6", Package: "host", Since: "3.7",
		Summary:  "tcp_syn_retries starts as 6; it started as 5.",
		Evidence: fromSource + " (3.6.5, 3.7.2); 5 observed on RHEL 6 build 357, 6 on 3.10.108 and later",
		apply:    func(s *Semantics) { s.SYNRetriesDefault = 6 },
	},
	{
		ID: "syn-expiry-count", Package: "host", Since: "4.13",
		Summary:  "connect() gives up by the number of SYNs sent again; it went by time, which gives the same instants.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.SYNExpiry = SYNExpiryCount },
	},
	{
		ID: "syn-expiry-200ms", Package: "host", Since: "5.4", Commit: "a41e8a88b06e",
		Backports: []Backport{from("4.19", 77), maybe("5.3", 0)},
		Summary:   "connect() also gives up after the time of tcp_syn_retries doublings of 0.2 s: 6 retries are 4.",
		Evidence:  "observed: ETIMEDOUT at 31 s on 4.19.78; series from the review mails of stable releases",
		apply:     func(s *Semantics) { s.SYNExpiry = SYNExpiryCountOr200ms },
	},
	{
		ID: "syn-expiry-count-or-time", Package: "host", Since: "5.4", Commit: "3256a2d6ab1f",
		Backports: []Backport{from("4.19", 209), maybe("5.3", 0)},
		Summary:   "That time is reckoned from the first SYN timeout, and so never comes first.",
		Evidence:  "observed: ETIMEDOUT at 127 s on 5.4.59, 5.10.223, 6.1.192; 4.19.209 from the review mails of stable releases",
		apply:     func(s *Semantics) { s.SYNExpiry = SYNExpiryCountOrTime },
	},
	{
		ID: "syn-linear-timeouts", Package: "host", Since: "6.5", Commit: "ccce324dabfe",
		Summary:  "net.ipv4.tcp_syn_linear_timeouts exists and starts as 4: that many SYN timeouts pass before they double, and as many retries are added.",
		Evidence: synSeen + "; that 6.5 began it from source",
		apply:    func(s *Semantics) { s.SYNLinearTimeouts = true },
	},
}
