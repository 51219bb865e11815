// Package paws models how Linux checks TCP timestamps: PAWS within a connection, and
// the per-host cache by which net.ipv4.tcp_tw_recycle dropped SYNs until 4.11.
//
// # Synopsis
//
//	sem := kernel.MustParse("3.10.108").Semantics()
//	paws.Passes(&sem, recent, now, tsval, 1)                  // is this timestamp new enough?
//	paws.DecideEstablished(&sem, &conn, &segment, now)        // what becomes of the segment
//	paws.RecycleRejects(&sem, host, seconds, true, tsval)     // does recycling drop this SYN?
//	cache, err := paws.NewCache(paws.Config{...})             // what a server remembers of its clients
//	cache.EnterTimeWait(now, closing)                         // a connection that it closed first
//	cache.Lookup(now, from, to, true, tsval)                  // a SYN, at the listener
//
// # PAWS within a connection
//
// A connection that agreed on timestamps remembers the newest one of its peer
// ([Recent]) and turns segments away that carry an older one: they left before a wrap
// of the sequence numbers. [Passes] has the comparison, which is signed in 32 bits.
//
//	where           window  exempt                                answer, counter
//	SYN-SENT        0       RST                                   none (inherited timestamps only)
//	  its echo      -       0                                     RST, PAWSActive
//	SYN-RECV        0       RST after 60 s                        ACK, PAWSEstab
//	synchronized    1       RST; disordered ACKs                  ACK, PAWSEstab
//	  SYN                   (3.8-3.17: silence)                   challenge ACK, TCPSYNChallenge from 6.4
//	  no flags                                                    ACK, PAWSEstab to 3.7; none from 3.8
//	  old bare ACK                                                none, PAWSOldAck from 6.14
//	FIN_WAIT2 mini  0       RST after 60 s                        ACK
//	TIME_WAIT       0       RST after 60 s                        ACK, PAWSTimewait from 6.16, PAWSEstab before
//
// [DecideSYNSent], [DecideSYNRecv], [DecideEstablished] and [DecideTimeWait] are these
// rows, and the functions named Explain show them with their numbers. What was
// remembered lapses after 24 days of silence, from 6.7 on after 2147 s ([IdleLimit]),
// and a remembered 0 holds nothing back from 2.6.38 on. PAWS is always on with
// timestamps; no sysctl but net.ipv4.tcp_timestamps switches it.
//
// # Behind NAT some clients cannot connect
//
// With net.ipv4.tcp_tw_recycle a server (to 4.11) remembers the last timestamp of each
// host whose connection it closed first, and for 60 s drops every SYN of that address
// that is older by more than one tick ([RecycleRejects]). Hosts behind one NAT address
// have clocks of their own, so the one whose clock is ahead locks the others out, and
// each of its connections renews the minute. The server sends nothing; it counts
//
//	2.6.32 to 3.7     PAWSPassive
//	3.8 to 4.11       PAWSPassive, ListenDrops
//
// and `netstat -s` says "passive connections rejected because of time stamp". To heal
// it, set tcp_tw_recycle to 0, which works at once; tcp_timestamps 0 helps to 3.16 and
// makes it worse later. The release of the clients matters, too: a host of 4.10, of
// 7.0 or later, or of a late 6.1.y or 6.12.y is dropped by itself about half of the
// time ([OffsetScope]).
//
// # The cache
//
// [Cache] is a server's memory: inet_peer to 3.5, tcp_metrics after that, with its
// keys, sizes and evictions. It is written when TIME_WAIT begins
// ([Cache.EnterTimeWait]), when a connection is established ([Cache.Established]) and
// when its socket ends ([Cache.Closed]), and read by SYNs ([Cache.Lookup]) and by
// connect() ([Cache.Fetch]). A *Cache serves package queue as its PeerHistory. From 4.12 on no
// timestamps are left in it, only whether a round-trip time of a host is known, which
// lets the host into the last quarter of tcp_max_syn_backlog ([PeerProven]).
//
// A host takes 21 bytes, 33 with IPv6, in arrays that are kept at least 89 % full: below
// 24 bytes for IPv4 and 38 for IPv6, in a large cache whose buckets are not all full.
//
// # Counters
//
// They stand in the tables above. What else raises one, and in which releases, is on its
// own page: `go doc kernel.PAWSEstab`, kernel.PAWSPassive, kernel.PAWSActive,
// kernel.PAWSOldAck, kernel.PAWSTimewait, kernel.TCPACKSkippedPAWS.
//
// # Clocks
//
// Times are time.Duration since boot. The kernel counts the age of timestamps in whole
// seconds: of the wall clock for hosts, and to 4.18 for connections; of the clock that
// starts at boot for connections from 4.19 on ([ClockSeconds]). get_seconds is read at
// the last jiffy, so a real kernel may be one jiffy late to a second. One tick of a
// timestamp is what the sender's kernel makes it: [Tick].
//
// # What is exact, what is an envelope
//
// Exact: the rules and decisions, their counters and order, and what a cache answers while no
// limit of its size is reached. An envelope: which hosts share a bucket of tcp_metrics,
// since a kernel mixes a secret into its hash; the phase of the timer that drops
// inet_peers to 3.0; which host goes above the threshold to 3.5.
//
// # What is not modelled
//
// A Cache stands for one namespace and knows no routes, and of tcp_metrics it keeps what
// decides about a SYN:
//
// Routes: a SYN whose way back does not lead to its source is not judged by
// tcp_tw_recycle, and a socket without a route remembers nothing. Locked metrics and
// those that come from routes, and the rest of tcp_metrics. Network namespaces: a
// Cache is one, but from 4.1 on all of them share one table. To 3.5 the
// round-trip time that a route keeps. TCP Fast Open, MD5, AO, MPTCP. DelayedACKLost and
// DSACK counters. Private sysctls of vendors.
//
// # Evidence
//
// testdata/observations holds what running kernels answered: 3.10.108 with
// tcp_tw_recycle, and 5.10.223 to 7.2.13 on connections. The tests replay all of it.
// SYNs and RSTs to connections were observed on 2.6.32.67 to 7.2.13. Everything else is
// from source, as the doc comments and [kernel.Changes] say.
package paws
