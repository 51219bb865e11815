package kernel

import "time"

// Semantics is how one kernel behaves: a field for every behaviour of the modelled
// paths that ever changed between 2.6.32 and 7.2.
//
// Get one from [Release.Semantics]. All rules of this library branch on these
// fields and never on a version, so a kernel with private patches is described by
// taking the nearest release and setting fields by hand. The zero Semantics
// describes no kernel; [Semantics.Valid] tells.
type Semantics struct {
	// listen(2).

	// BacklogBits is the width of the accept queue's limit and length in struct
	// sock: 16 (the limit is taken modulo 65536) or 32.
	BacklogBits uint8
	// SomaxconnDefault is what net.core.somaxconn starts as: 128 or 4096.
	SomaxconnDefault int
	// SomaxconnMax is the largest value the sysctl takes, 0 being the smallest.
	// SomaxconnMax 0 means that the kernel takes any int, negative ones included.
	SomaxconnMax int
	// SYNQueue is what limits the half-open requests of a listener.
	SYNQueue SYNQueueRule
	// MaxSYNBacklogDivisor gives the default of net.ipv4.tcp_max_syn_backlog:
	// established-hash buckets divided by it, at least 128. 0 is the older rule,
	// from the size of the bind hash.
	MaxSYNBacklogDivisor int

	// A SYN for a listener.

	// SYNDropCounters: a SYN dropped by the listener counts ListenDrops, and one
	// dropped because the accept queue is full counts ListenOverflows before it.
	SYNDropCounters bool
	// CookieListenDrops: every cookie sent counts ListenDrops although nothing is
	// dropped.
	CookieListenDrops bool
	// ReqQFullCounters: a full SYN queue counts TCPReqQFullDoCookies or
	// TCPReqQFullDrop.
	ReqQFullCounters bool
	// AlwaysCookies: net.ipv4.tcp_syncookies=2 answers every SYN with a cookie.
	// Before, 2 means the same as 1.
	AlwaysCookies bool
	// AcceptFullNeedsYoung: a full accept queue drops a SYN only while more than one
	// request has never been retransmitted.
	AcceptFullNeedsYoung bool
	// TimeWaitISNLost4 and TimeWaitISNLost6: the sequence number that TIME_WAIT
	// chose for a reopening SYN is lost on the way to the listener, so the SYN is
	// treated as any other.
	TimeWaitISNLost4, TimeWaitISNLost6 bool
	// LastQuarter6: the last quarter of tcp_max_syn_backlog is kept for proven
	// peers on IPv6 too.
	LastQuarter6 bool
	// ProvenPeers: a host whose round-trip time is remembered passes the last
	// quarter. Before, the kernel looks before it has a route, and nobody is proven.
	ProvenPeers bool
	// Recycle is how net.ipv4.tcp_tw_recycle judges a SYN.
	Recycle RecycleRule
	// SYNFINOpens: a SYN that also carries FIN opens a request.
	SYNFINOpens bool
	// FloodLog is when the kernel logs "possible SYN flooding".
	FloodLog FloodLogRule

	// A segment for a half-open request.

	// RequestsInEhash: requests live in the table of established sockets, not in
	// the listener. They outlive it until their timer, and an ACK with a wrong
	// number gets a cookie check before its RST.
	RequestsInEhash bool
	// DupSYNRearms: a repeated SYN that is answered also restarts the SYN-ACK timer.
	DupSYNRearms bool
	// DupSYNRateLimited: a repeated SYN gets at most one SYN-ACK per
	// net.ipv4.tcp_invalid_ratelimit; others count TCPACKSkippedSynRecv.
	DupSYNRateLimited bool
	// RequestACKRateLimited: the ACK that answers an out-of-window segment is
	// limited in the same way, by the same stamp.
	RequestACKRateLimited bool
	// RequestWindowClamp: the window a segment is checked against is at most 65535.
	RequestWindowClamp bool
	// RequestRSTExact: an in-window RST kills a request only at exactly the next
	// sequence number; others get a challenge ACK.
	RequestRSTExact bool
	// RequestTSEcrCheck: a timestamp echo that was never sent is rejected
	// (TSEcrRejected).
	RequestTSEcrCheck bool
	// RequestTSDeferred: a segment's timestamp is remembered only once it has
	// completed the handshake. Before, any segment in the window moved it.
	RequestTSDeferred bool
	// PAWSZeroPasses: a remembered timestamp of 0 never fails PAWS.
	PAWSZeroPasses bool
	// EmbryonicRSTAfterReset: EmbryonicRsts is counted after the RST went out and
	// the request is gone; before, first.
	EmbryonicRSTAfterReset bool
	// DeferAcceptCounter: an ACK held back by TCP_DEFER_ACCEPT counts
	// TCPDeferAcceptDrop.
	DeferAcceptCounter bool

	// The SYN-ACK timer.

	// SYNACKTimeout is the time to the first retransmission of a SYN-ACK: 3 s or 1 s.
	SYNACKTimeout time.Duration
	// RequestTimers: each request has a timer of its own. Before, one timer of the
	// listener scans part of its table every 0.2 s.
	RequestTimers bool
	// SYNACKTimeoutCap: the longest pause follows net.ipv4.tcp_rto_max_ms. Before,
	// it is 120 s.
	SYNACKTimeoutCap bool
	// SYNACKTimerCounters: a timeout counts TCPTimeouts, a retransmission RetransSegs.
	SYNACKTimerCounters bool
	// SYNACKSynRetrans: a retransmitted SYN-ACK also counts TCPSynRetrans.
	SYNACKSynRetrans bool
	// Wheel is how timers round.
	Wheel WheelRule

	// TIME_WAIT, and FIN_WAIT2 without a process.

	// TimeWaitTimers: each entry has a timer of its own. Before, all entries of the
	// machine share a wheel of eight slots of 7.5 s and, for the short ones of
	// tcp_tw_recycle, one of 32 slots: the death row.
	TimeWaitTimers bool
	// MaxTWBucketsUnsigned: a negative tcp_max_tw_buckets is no limit. Before, it
	// allows no entry.
	MaxTWBucketsUnsigned bool
	// TimeWaitCountedAtEntry: TW and TWKilled count entries that begin. Before, they
	// count entries that ran their time and ended.
	TimeWaitCountedAtEntry bool
	// TimeWaitOverflowCounter: a socket that finds no room counts
	// TCPTimeWaitOverflow. Before, the kernel logs a line.
	TimeWaitOverflowCounter bool
	// MaxTWBucketsByEHash: net.ipv4.tcp_max_tw_buckets starts as half the buckets of
	// the established hash. Before, it goes by the size of the bind hash.
	MaxTWBucketsByEHash bool
	// MaxTWBucketsPerNetns, TWReusePerNetns and RFC1337PerNetns: each network
	// namespace has its own tcp_max_tw_buckets, and counts its own entries against
	// it; its own tcp_tw_reuse; its own tcp_rfc1337.
	MaxTWBucketsPerNetns, TWReusePerNetns, RFC1337PerNetns bool
	// TimeWaitACKRateLimited: an entry answers bare segments and SYNs at most once
	// per net.ipv4.tcp_invalid_ratelimit.
	TimeWaitACKRateLimited bool
	// TimeWaitRSTKeepsTimer: a RST that tcp_rfc1337 keeps from ending an entry leaves
	// its timer alone. Before, it starts the 60 s anew.
	TimeWaitRSTKeepsTimer bool
	// PAWSTimewaitCounter: a segment that fails PAWS in TIME_WAIT counts PAWSTimewait
	// and has a drop reason of its own. Before, it counts PAWSEstab.
	PAWSTimewaitCounter bool
	// MonotonicStamps: the second in which a timestamp was seen is one of the
	// monotonic clock, and connect() may reuse an entry in the next. Before, it is one
	// of the wall clock, and connect() waits for the second after the next.
	MonotonicStamps bool
	// TWReuseDelay: net.ipv4.tcp_tw_reuse_delay exists, and connect() may reuse an
	// entry that many milliseconds after it began.
	TWReuseDelay bool
	// TWReuseLoopback: net.ipv4.tcp_tw_reuse takes 0 to 2 and starts as 2, which is
	// for loopback connections only. Before, it starts as 0 and any other value is 1.
	TWReuseLoopback bool
	// TWReuseNotFinWait2: connect() that looks for a port takes over no entry that is
	// in FIN_WAIT2.
	TWReuseNotFinWait2 bool
	// TWRecycledTaken: TWRecycled counts entries that connect() took. Before, it
	// counts every connect() that looks for a port and picks one that is in use.
	TWRecycledTaken bool
	// Linger2Cap: TCP_LINGER2 is capped at 120 s. Before, a value above
	// tcp_fin_timeout stands for tcp_fin_timeout.
	Linger2Cap bool
	// TimeWaitBytes4 and TimeWaitBytes6 are the bytes of memory that an IPv4 and an
	// IPv6 entry takes on x86-64.
	TimeWaitBytes4, TimeWaitBytes6 uint16

	// TWTakenUnhashedLocked: connect() takes an entry that it takes over out of the
	// established hash inside the lock under which it found it. Before, only after it has
	// let go of the port's lock too, so that a second connect() may find it again.
	// TWTakenUnboundLocked: and out of the port's owners inside the port's lock.
	TWTakenUnhashedLocked, TWTakenUnboundLocked bool

	// The SYN timer of connect(); see [SYNTimer].

	// SYNTimeout is the time to the first retransmission of a SYN: 3 s or 1 s.
	SYNTimeout time.Duration
	// SYNRetriesDefault is what net.ipv4.tcp_syn_retries starts as: 5 or 6.
	SYNRetriesDefault int
	// SYNExpiry is when connect() gives up.
	SYNExpiry SYNExpiryRule
	// TailLossProbe: a FIN of a connection with selective acknowledgements is first sent again
	// by a probe, after which the timeouts begin.
	TailLossProbe bool
	// InitialWindow is how many segments of 1460 bytes the first receive window holds: 4, 10 or
	// 20, and 0 for as many as fit in 64 KiB. See [InitialWindow].
	InitialWindow int
	// SYNLinearTimeouts: net.ipv4.tcp_syn_linear_timeouts exists.
	SYNLinearTimeouts bool

	// Syncookies.

	// SyncookiesDefault is what net.ipv4.tcp_syncookies starts as: 0 or 1.
	SyncookiesDefault int
	// CookieGate is when an ACK is checked for a cookie at all.
	CookieGate CookieGateRule
	// CookieMinutes is how many minute counts a cookie is good for: 4 or 2.
	CookieMinutes int
	// CookieMSS is the table of MSS values that a cookie can carry.
	CookieMSS CookieMSSRule
	// CookieTSBits is the number of timestamp bits in which a cookie keeps options:
	// 9 (without ECN) or 6.
	CookieTSBits int
	// FailedCookiesOnly: SyncookiesFailed counts bad cookies only. Before, it
	// counts ACKs that the gate turned away, too.
	FailedCookiesOnly bool

	// CookieYieldsToRequest: a good cookie makes no connection while a request of the
	// same addresses and ports is queued; the ACK is lost. Before, both came to exist.
	CookieYieldsToRequest bool

	// Timestamps of a connection: PAWS.

	// PAWSWrapLimit: a remembered timestamp holds nothing back after 2147 s of
	// silence. Before, after 24 days.
	PAWSWrapLimit bool
	// PAWSReplay1200: the replay window of a disordered ACK takes the peer's clock to
	// tick at up to 1200 Hz. Before, at 1024 Hz.
	PAWSReplay1200 bool
	// UsecTimestamps: a route may give connections timestamps in microseconds.
	UsecTimestamps bool
	// ZeroWindowUpdates: an ACK that closes the window to 0 updates it even where
	// nothing else is new, and so is no disordered ACK.
	ZeroWindowUpdates bool
	// NoACKIgnored: a connection discards every segment that has neither ACK nor
	// RST before PAWS and without a counter. SYNValidated: but not a SYN.
	NoACKIgnored, SYNValidated bool
	// PAWSSYNChallenge: an old SYN to a connection gets a challenge ACK
	// (TCPSYNChallenge) and is no PAWSEstab.
	PAWSSYNChallenge bool
	// PAWSOldACKs: an old bare ACK below the window counts PAWSOldAck and is not
	// answered. Before, it is a PAWSEstab and gets an ACK.
	PAWSOldACKs bool
	// PAWSACKRateLimited: a connection answers old segments without data at most once
	// per net.ipv4.tcp_invalid_ratelimit; others count TCPACKSkippedPAWS.
	PAWSACKRateLimited bool
	// TSRecentAfterACK: a segment's timestamp is remembered only once its ACK number
	// was found acceptable. Before, as soon as it is in the window.
	TSRecentAfterACK bool
	// TimestampOffsets: the timestamps of a connection start at a secret offset,
	// where net.ipv4.tcp_timestamps is 1. TimestampOffsetPorts: the offset differs
	// between the connections of two hosts, not only between pairs of hosts.
	TimestampOffsets, TimestampOffsetPorts bool

	// A segment for a connection: package host. See also NoACKIgnored, SYNValidated,
	// PAWSACKRateLimited, whose limit holds for segments outside the window and for
	// challenge ACKs too.

	// RSTExact: a RST ends a connection only at exactly the next sequence number; others
	// in the window get a challenge ACK. Before, any in the window does.
	RSTExact bool
	// RSTAtSACKEdge: and where the last range ends that came after a gap, if the two agreed on
	// selective acknowledgements.
	RSTAtSACKEdge bool
	// RSTAfterFIN: and at the number before that once the peer's FIN has come.
	RSTAfterFIN bool
	// SYNChallenge: a SYN to a connection gets a challenge ACK wherever it lies. Before, one
	// in the window that is new resets the connection.
	SYNChallenge bool
	// OldACKChallenge: an ACK number older than the peer's largest window gets a
	// challenge ACK. Before, it counts as any old one.
	OldACKChallenge bool
	// OldACKNeverSent: and one older than the connection itself.
	OldACKNeverSent bool
	// UnsentACKChallenge: an ACK of what was not sent gets a challenge ACK from an
	// ESTABLISHED socket. Before, the segment is dropped in silence.
	UnsentACKChallenge bool
	// ClosingACKChecked: a socket in FIN-WAIT-1 and the states after it, or in CLOSE-WAIT,
	// discards a segment whose ACK number is old or of what was not sent, and sends a challenge
	// ACK. Before, such a number is left aside and the segment taken.
	// ClosingOldACKs: but takes one whose number is merely old.
	ClosingACKChecked, ClosingOldACKs bool
	// ChallengeLimitAll: segments with data get their challenge ACK at most once per
	// net.ipv4.tcp_invalid_ratelimit, as others do.
	ChallengeLimitAll bool
	// ChallengeBudget is what limits the challenge ACKs of a host.
	ChallengeBudget ChallengeBudgetRule
	// SYNAccelerated: a SYN-SENT socket that meets a bad ACK sends its SYN again after 2
	// jiffies, if it has not sent it again yet.
	SYNAccelerated bool
	// TSRecentOldACK: a segment whose ACK number is merely old still brings its timestamp to be
	// echoed. Else only one with a good number does.
	TSRecentOldACK bool
	// FINAfterHandshake: shutdown() in SYN-RECV after two SYNs that crossed sends its FIN when
	// the handshake is over. Else it does at once.
	FINAfterHandshake bool
	// CrossedSYNACK: a socket in SYN-RECV after two SYNs that crossed takes the peer's
	// SYN-ACK. Before, it is a SYN like any other from 3.6 on.
	CrossedSYNACK bool
	// BeyondWindowDropped: data that reaches beyond the window is out of the window while
	// received data waits to be read, and what lies beyond counts BeyondWindow.
	BeyondWindowDropped bool
	// BeyondWindowAtEdge: data or a FIN that begins at the very edge, which the check of the
	// window lets pass and the receive queue refuses, counts BeyondWindow too.
	BeyondWindowAtEdge bool
	// TimeoutsCounted: each retransmission timeout counts TCPTimeouts. Before, those of a
	// SYN do and the first of others.
	TimeoutsCounted bool

	// The per-host cache of tcp_tw_recycle; see also LastQuarter6, Recycle, ProvenPeers.

	// HostStampUnsigned: the age of a host's timestamp is an unsigned 32-bit
	// difference, so that one from the future is old. Before, it is young.
	HostStampUnsigned bool
	// HostPeersUnlisted: remembered hosts (inet_peer) leave only when a new one finds
	// them on its way. Before, a timer drops those unused for 2 to 10 minutes, and a
	// full table the one unused for longest.
	HostPeersUnlisted bool
	// HostMetrics: hosts are remembered in tcp_metrics, six to a bucket, for an hour
	// after their last connection ended. Before, in inet_peer.
	HostMetrics bool
	// HostMetricsLocal: one entry for each pair of our address and theirs. Before,
	// one for each of theirs.
	HostMetricsLocal bool
	// HostMetricsMapped: an IPv4 peer of an IPv6 socket has the entry of its IPv4
	// address. Before, the socket writes one for the mapped address, which no SYN is
	// held against.
	HostMetricsMapped bool
	// MetricsAtClose: tcp_metrics gets an entry when a connection ends. Before, when it
	// is established.
	MetricsAtClose bool

	// Local ports: connect() without a port.

	// PortRangeHigh is the upper bound that net.ipv4.ip_local_port_range starts with:
	// 61000 or 60999. The lower one is 32768.
	PortRangeHigh uint16
	// PortRangePerNetns and ReservedPortsPerNetns: each network namespace has its own
	// net.ipv4.ip_local_port_range and ip_local_reserved_ports.
	PortRangePerNetns, ReservedPortsPerNetns bool
	// ReservedPorts: net.ipv4.ip_local_reserved_ports exists.
	ReservedPorts bool
	// UnprivilegedPortStart: net.ipv4.ip_unprivileged_port_start exists, and
	// ip_local_port_range must not begin below it.
	UnprivilegedPortStart bool
	// PortSearch is the order in which connect() tries ports.
	PortSearch PortSearchRule
	// PortOffsets is where it is kept how far connect() has come.
	PortOffsets PortOffsetsRule
	// PortHash is the hash of addresses and destination port from which connect()
	// begins.
	PortHash PortHashRule
	// PortRangeOption: IP_LOCAL_PORT_RANGE exists. PortRangeOptionNoParity: with it,
	// connect() does not care for the parity of ports.
	PortRangeOption, PortRangeOptionNoParity bool
	// PortStepWidth: net.ipv4.ip_local_port_step_width exists.
	PortStepWidth bool
	// PortBucketENOMEM: connect() fails with ENOMEM where there is no memory for a
	// port's bucket. Before, with EADDRNOTAVAIL.
	PortBucketENOMEM bool
	// PortRestored: a port that was bound to is of use to connect() again when only
	// connections that found it themselves are left on it. Before, not until the last
	// of these has ended.
	PortRestored bool
	// LoopbackPreferredSource: connect() to a loopback address without a source comes
	// from 127.0.0.1. Before, from the destination's own address.
	LoopbackPreferredSource bool

	// Local ports: bind().

	// BindAuto is which ports in use bind() to port 0 may take.
	BindAuto BindAutoRule
	// BindShares: where it finds none, it shares the port with the fewest owners among
	// those whose sockets all have SO_REUSEADDR, or SO_REUSEPORT of one user.
	BindShares bool
	// BindHalves: with SO_REUSEADDR it searches the lower half of the range first.
	BindHalves bool
	// BindOddFirst: it searches the ports of the other parity than the lower bound
	// first, then the rest.
	BindOddFirst bool
	// BindAddressNoPort: IP_BIND_ADDRESS_NO_PORT exists.
	BindAddressNoPort bool
	// AutobindReuse: net.ipv4.ip_autobind_reuse exists.
	AutobindReuse bool
	// ReusePort: SO_REUSEPORT exists.
	ReusePort bool
	// BindStrictAddress: a port that a SO_REUSEPORT socket joined after others
	// remembers its address, and lets only sockets of that address in unchecked.
	BindStrictAddress bool
	// BindFlagsInverted: a new port starts as bound without SO_REUSEADDR, and one in use
	// takes the options of the last socket bound to it: a mistake.
	BindFlagsInverted bool
	// BindMissesTimeWait: bind() to an address does not see TIME_WAIT: a mistake.
	BindMissesTimeWait bool

	// Bookkeeping.

	// SockDrops: a listener's drops show as d<N> in `ss -m`.
	SockDrops bool
	// SockDropsRequests: so do segments that a request swallowed.
	SockDropsRequests bool
	// DropReasons is which reasons the kernel gives to kfree_skb.
	DropReasons DropReasonRule
	// TimestampMillis: a TCP timestamp tick is 1 ms. Before, it is a jiffy.
	TimestampMillis bool
	// RateLimitSysctl: net.ipv4.tcp_invalid_ratelimit exists.
	RateLimitSysctl bool
	// RateLimitNegative: it takes negative values, which mean no limit.
	RateLimitNegative bool
	// SyncookiesPerNetns, MaxSYNBacklogPerNetns and AbortPerNetns: each network
	// namespace has its own net.ipv4.tcp_syncookies and tcp_synack_retries,
	// tcp_max_syn_backlog, and tcp_abort_on_overflow.
	SyncookiesPerNetns, MaxSYNBacklogPerNetns, AbortPerNetns bool
	// ByteSysctls: tcp_syncookies, tcp_abort_on_overflow, tcp_synack_retries,
	// tcp_timestamps, tcp_sack, tcp_window_scaling and tcp_no_metrics_save are stored
	// in a byte and take 0 to 255 only.
	ByteSysctls bool
	// EHashShift gives the size of the table of established connections: one bucket
	// per 2^EHashShift bytes of memory. 17 is one per 128 KiB. 13 is one per 8 KiB,
	// but one per 32 KiB on machines below 512 MiB.
	EHashShift uint8
	// RTOMaxSysctl: net.ipv4.tcp_rto_max_ms exists.
	RTOMaxSysctl bool
	// MigrateReqSysctl: net.ipv4.tcp_migrate_req exists.
	MigrateReqSysctl bool
}

// Valid reports whether s describes a kernel: whether every field that has no
// meaningful zero value is set.
func (s Semantics) Valid() bool {
	return (s.BacklogBits == 16 || s.BacklogBits == 32) && s.SYNQueue != 0 && s.Recycle != 0 &&
		s.FloodLog != 0 && s.SYNACKTimeout > 0 && s.Wheel != 0 && s.CookieGate != 0 &&
		s.CookieMinutes > 0 && s.CookieMSS != 0 && s.DropReasons != 0 && s.EHashShift != 0 &&
		s.TimeWaitBytes4 > 0 && s.TimeWaitBytes6 > 0 &&
		s.PortRangeHigh > 0 && s.PortSearch != 0 && s.PortOffsets != 0 && s.PortHash != 0 && s.BindAuto != 0 &&
		s.SYNTimeout > 0 && s.SYNRetriesDefault > 0 && s.SYNExpiry != 0 &&
		s.ChallengeBudget != 0
}

// The baseline is 2.6.32.0; every other kernel is this plus rows of the table.
func baseline() Semantics {
	return Semantics{
		BacklogBits:          16,
		SomaxconnDefault:     128,
		SYNQueue:             SYNQueuePowerOfTwo,
		AcceptFullNeedsYoung: true,
		Recycle:              RecyclePeer,
		SYNFINOpens:          true,
		FloodLog:             FloodLogMinute,
		SYNACKTimeout:        3 * time.Second,
		Wheel:                WheelExact,
		CookieGate:           CookieGate3s,
		CookieMinutes:        4,
		CookieMSS:            CookieMSS64To4312,
		CookieTSBits:         9,
		DropReasons:          DropReasonsNone,
		EHashShift:           13,
		TimeWaitBytes4:       256,
		TimeWaitBytes6:       320,
		PortRangeHigh:        61000,
		PortSearch:           PortSearchNext,
		PortOffsets:          PortOffsetHint,
		PortHash:             PortHashRekeyed,
		BindAuto:             BindAutoUnused,
		BindShares:           true,
		SYNTimeout:           3 * time.Second,
		SYNRetriesDefault:    5,
		InitialWindow:        4,
		SYNExpiry:            SYNExpiry200ms,
		ChallengeBudget:      ChallengeBudgetNone,
	}
}
