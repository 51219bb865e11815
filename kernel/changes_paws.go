package kernel

// pawsChanges are the changes of the checks of timestamps and of the memory of
// hosts: package paws.
var pawsChanges = []Change{
	{
		ID: "host-stamp-u32", Package: "paws", Since: "2.6.33", Commit: "2c1409a0a2b8",
		Summary:  "The age of a host's remembered timestamp is an unsigned 32-bit difference of seconds: after the clock was set back a stamp is old, where it was young.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.HostStampUnsigned = true },
	},
	{
		ID: "host-peers-unlisted", Package: "paws", Since: "3.1", Commit: "4b9d9be839fd",
		Summary:  "Remembered hosts (inet_peer) are dropped only by a new one that finds them on its way through the tree; a timer dropped those unused for 2 to 10 minutes.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.HostPeersUnlisted = true },
	},
	{
		ID: "host-metrics", Package: "paws", Since: "3.6", Commit: "81166dd6fa8e",
		Summary:  "Hosts are remembered in tcp_metrics, at most six to a bucket and each for an hour, no longer in inet_peer; and a SYN with a timestamp from an unknown host passes tcp_tw_recycle instead of going on to the last quarter.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.HostMetrics = true },
	},
	{
		ID: "no-ack-ignored", Package: "paws", Since: "3.8", Commit: "c3ae62af8e75",
		Backports: []Backport{between("el6", 431, 504)},
		Summary:   "A connection discards every segment without ACK and RST before PAWS, a SYN among them, and counts nothing.",
		Evidence:  "observed: 3.10.108; el6 from source",
		apply:     func(s *Semantics) { s.NoACKIgnored = true },
	},
	{
		ID: "ts-recent-after-ack", Package: "paws", Since: "3.8", Commit: "bd090dfc634d",
		Backports: []Backport{maybe("3.7", -1), maybe("3.4", -1), maybe("3.2", -1), maybe("3.0", -1)},
		Summary:   "A segment's timestamp is remembered only if its ACK number is acceptable; being in the window was enough.",
		Evidence:  "from source: so in 3.10, not in 2.6.32; the series is that of the commit",
		apply:     func(s *Semantics) { s.TSRecentAfterACK = true },
	},
	{
		ID: "host-metrics-local", Package: "paws", Since: "3.14",
		Backports: []Backport{between("el7", -1, 957)},
		Summary:   "A host is remembered once for each of our addresses that it talked to; it was remembered once.",
		Evidence:  fromSource,
		apply:     func(s *Semantics) { s.HostMetricsLocal = true },
	},
	{
		ID: "host-metrics-mapped", Package: "paws", Since: "3.14",
		Backports: []Backport{maybe("el7", -1)},
		Summary:   "An IPv4 peer of an IPv6 socket is remembered by its IPv4 address; it was by the mapped one, which no SYN is held against.",
		Evidence:  fromSource,
		apply:     func(s *Semantics) { s.HostMetricsMapped = true },
	},
	{
		ID: "syn-validated", Package: "paws", Since: "3.18", Commit: "0c228e833c88",
		Backports: []Backport{maybe("3.16", -1), maybe("3.14", -1), maybe("3.12", 24), between("el7", -1, 1160), between("el6", 504, 642)},
		Summary:   "A SYN to a connection is validated and answered again; other segments without ACK and RST stay ignored.",
		Evidence:  "observed: ignored on 3.10.108, answered on 4.4.155 and later; segments without flags ignored on 5.10.223, 6.1.192, 6.12.117, 6.18.44, 7.2.13",
		apply:     func(s *Semantics) { s.SYNValidated = true },
	},
	{
		ID: "paws-ack-rate-limit", Package: "paws", Since: "4.0",
		Backports: []Backport{between("el7", -1, 957)},
		Summary:   "A connection answers segments without data that fail PAWS at most once per tcp_invalid_ratelimit (500 ms); others count TCPACKSkippedPAWS.",
		Evidence:  fromSource,
		apply:     func(s *Semantics) { s.PAWSACKRateLimited = true },
	},
	{
		ID: "ts-offset-connection", Package: "paws", Since: "4.10", Commit: "95a22caee396",
		Summary:  "Each connection's timestamps start at a random offset, so a server with tcp_tw_recycle drops about half of the reconnections of such a host even without NAT.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.TimestampOffsets, s.TimestampOffsetPorts = true, true },
	},
	{
		ID: "ts-offset-hosts", Package: "paws", Since: "4.11", Commit: "28ee1b746f49",
		Summary:  "The offset of timestamps is one for each pair of hosts, so that they rise again from connection to connection.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.TimestampOffsetPorts = false },
	},
	{
		ID: "paws-syn-challenge", Package: "paws", Since: "6.4",
		Summary:  "A SYN to a connection that fails PAWS gets a challenge ACK and counts TCPSYNChallenge; it was a PAWSEstab.",
		Evidence: "observed: PAWSEstab on 2.6.32.67, 4.4.155, 4.9.154, 4.19.78, 5.4.59, 5.10.223, 6.1.192; challenge on 6.12.107, 7.2.13",
		apply:    func(s *Semantics) { s.PAWSSYNChallenge = true },
	},
	{
		ID: "zero-window-updates", Package: "paws", Since: "6.6",
		Summary:  "A bare ACK that closes the window to 0 is an update and so no longer passes PAWS as a disordered ACK.",
		Evidence: "observed: 6.12.117, 6.18.44, 7.2.13, not 5.10.223, 6.1.192; the series is that of the commit",
		apply:    func(s *Semantics) { s.ZeroWindowUpdates = true },
	},
	{
		ID: "paws-2147s", Package: "paws", Since: "6.7", Commit: "af7721448a60",
		Summary:  "PAWS holds nothing against a segment after 2147 s of silence; it took 24 days.",
		Evidence: "observed: 2 ticks older passes after 2155 s and not after 2140 s on 7.2.13, not after either on 5.10.223; the second, and the series, from source",
		apply:    func(s *Semantics) { s.PAWSWrapLimit = true },
	},
	{
		ID: "metrics-at-close", Package: "paws", Since: "6.7", Commit: "a135798e6e20",
		Backports: []Backport{maybe("6.6", 1), maybe("6.5", 11), maybe("6.1", 62), maybe("5.15", 138), maybe("5.10", 200), maybe("5.4", 260), maybe("4.19", -1), maybe("4.14", -1)},
		Summary:   "A host gets an entry in tcp_metrics when a connection with it ends; it got one when a connection was established, which took the place of another in a full bucket.",
		Evidence:  "from source; patch levels by the date of the stable releases",
		apply:     func(s *Semantics) { s.MetricsAtClose = true },
	},
	{
		ID: "paws-replay-1200", Package: "paws", Since: "6.7",
		Summary:  "A disordered ACK passes PAWS if it is at most RTO old on a clock of 1200 Hz; the clock was taken for one of 1024 Hz.",
		Evidence: "observed with an RTO of 204 ms: 208 ticks old passes and 209 not on 5.10.223, 206 and 210 on 6.1.192, 244 and 245 on 6.12.117, 6.18.44, 7.2.13",
		apply:    func(s *Semantics) { s.PAWSReplay1200 = true },
	},
	{
		ID: "ts-usec", Package: "paws", Since: "6.7", Commit: "614e8316aa4c",
		Summary:  "A route may give connections timestamps in microseconds.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.UsecTimestamps = true },
	},
	{
		ID: "paws-old-ack", Package: "paws", Since: "6.14", Commit: "d16b34479064",
		Summary:  "A bare ACK below the window that fails PAWS counts PAWSOldAck and is not answered; it was a PAWSEstab and got an ACK.",
		Evidence: "observed: PAWSEstab and an ACK on 5.10.223, 6.1.192, 6.12.117; PAWSOldAck and silence on 6.18.44, 7.2.13",
		apply:    func(s *Semantics) { s.PAWSOldACKs = true },
	},
	{
		ID: "ts-offset-ports", Package: "paws", Since: "7.0", Commit: "165573e41f2f",
		Backports: []Backport{between("6.19", 0, 9), maybe("6.18", 2), from("6.12", 94), maybe("6.6", -1), from("6.1", 191), maybe("5.15", -1), maybe("5.10", 262)},
		Summary:   "The offset of timestamps differs from connection to connection again, so a server with tcp_tw_recycle drops about half of the reconnections of such a host.",
		Evidence:  "from source; series of 6.12 and 6.1 from the changelogs of stable releases",
		apply:     func(s *Semantics) { s.TimestampOffsetPorts = true },
	},
}
