package kernel

// sysctlChanges are changes of which sysctls there are and what they start as,
// which no rule but [Defaults] and [Sysctls.Validate] looks at.
var sysctlChanges = []Change{
	{
		ID: "ehash-per-128k", Package: "kernel", Since: "3.8",
		Summary:  "The table of established connections has one bucket per 128 KiB of memory; it had one per 8 KiB, or one per 32 KiB below 512 MiB.",
		Evidence: fromSource + "; 4096 buckets on 512 MiB observed on 3.10.108 and 5.10.223, 262144 on 24 GiB on 6.18.44",
		apply:    func(s *Semantics) { s.EHashShift = 17 },
	},
	{
		ID: "migrate-req-sysctl", Package: "kernel", Since: "5.14",
		Backports: []Backport{between("5.10", 0, 223)},
		Summary:   "net.ipv4.tcp_migrate_req exists: half-open requests of a closed listener may move to another one of its reuseport group; in 5.10.y it exists and does nothing.",
		Evidence:  "observed: present on 5.10.223, 5.10.262, 6.1.192 and later",
		apply:     func(s *Semantics) { s.MigrateReqSysctl = true },
	},
	{
		ID: "ratelimit-negative", Package: "kernel", Since: "7.2",
		Backports: []Backport{maybe("7.1", -1), maybe("7.0", -1), maybe("6.19", -1)},
		Summary:   "net.ipv4.tcp_invalid_ratelimit takes negative values, which mean no limit; it refused them.",
		Evidence:  "observed: refused on 5.10.223, 6.1.192, 6.12.117, 6.18.44, taken on 7.2.13; which of the releases between began is not known",
		apply:     func(s *Semantics) { s.RateLimitNegative = true },
	},
	{
		ID: "rto-max-sysctl", Package: "kernel", Since: "6.15",
		Summary:  "net.ipv4.tcp_rto_max_ms exists; the longest retransmission timeout was 120 s.",
		Evidence: "observed: 6.18.44, 7.2.13, not 5.10.223, 6.1.192, 6.12.117; the release from source",
		apply:    func(s *Semantics) { s.RTOMaxSysctl = true },
	},
}
