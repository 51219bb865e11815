package kernel

// A SYNQueueRule is what limits the half-open requests (SYN-RECV) of a listener.
type SYNQueueRule uint8

const (
	// SYNQueuePowerOfTwo: fixed by the first listen() as the smallest power of two
	// above max(8, min(backlog, tcp_max_syn_backlog)); full when that many are
	// queued (reqsk_queue_alloc, lopt->max_qlen_log).
	SYNQueuePowerOfTwo SYNQueueRule = iota + 1
	// SYNQueueBacklog: full when as many are queued as the accept queue's limit
	// (inet_csk_reqsk_queue_is_full, >=).
	SYNQueueBacklog
	// SYNQueueAboveBacklog: full when more are queued than that limit (>).
	SYNQueueAboveBacklog
)

// A RecycleRule is how net.ipv4.tcp_tw_recycle judges a SYN at a listener.
type RecycleRule uint8

const (
	// RecyclePeer: a SYN with a timestamp is held against its host's last one. One
	// that passes is not held against the last quarter.
	RecyclePeer RecycleRule = iota + 1
	// RecycleStrict: a SYN without a timestamp fails too, and the last quarter is
	// never applied while the sysctl is set.
	RecycleStrict
	// RecycleGone: the sysctl does not exist.
	RecycleGone
)

// A FloodLogRule is when the kernel logs "possible SYN flooding on port N".
type FloodLogRule uint8

const (
	// FloodLogMinute: when a cookie is sent, once in 60 s for the whole machine.
	FloodLogMinute FloodLogRule = iota + 1
	// FloodLogRateLimited: at every SYN that finds the queue full, as far as the
	// kernel's general rate limit lets it.
	FloodLogRateLimited
	// FloodLogOnce: once per listening socket.
	FloodLogOnce
	// FloodLogOnceUnlessAlways: the same, but never while tcp_syncookies is 2.
	FloodLogOnceUnlessAlways
)

// A WheelRule is how kernel timers round.
type WheelRule uint8

const (
	// WheelExact: a timer fires at its jiffy.
	WheelExact WheelRule = iota + 1
	// WheelSlack: a timer fires at its jiffy, but mod_timer may first move it up
	// by up to 1/256 of its delay.
	WheelSlack
	// WheelCoarse: a timer fires at the end of a bucket that grows with its delay,
	// up to an eighth late.
	WheelCoarse
)

// A CookieGateRule is when an ACK that matches no request is checked for a cookie
// at all: how recently the listener must have sent one
// (tcp_synq_no_recent_overflow).
type CookieGateRule uint8

const (
	// CookieGate3s: within 3 s.
	CookieGate3s CookieGateRule = iota + 1
	// CookieGate120s: within 120 s.
	CookieGate120s
	// CookieGateWraps: within 120 s in signed 32-bit jiffies, which a listener that
	// never sent one also satisfies for half of every wrap, the first 420 s after
	// boot among it.
	CookieGateWraps
	// CookieGateBetween: from 1 s before the stamp to 120 s after it, in 32-bit
	// jiffies.
	CookieGateBetween
)

// A CookieMSSRule is the table of MSS values that a cookie can carry.
type CookieMSSRule uint8

const (
	CookieMSS64To4312  CookieMSSRule = iota + 1 // 8 values, one table for IPv4 and IPv6
	CookieMSS64To8960                           // 8 values for each family
	CookieMSS536To1460                          // 4 values for each family
)

// A DropReasonRule is which reasons kfree_skb gets on the listen path.
type DropReasonRule uint8

const (
	DropReasonsNone      DropReasonRule = iota + 1 // the kernel has no drop reasons
	DropReasonsUnset                               // it has, but this path gives NOT_SPECIFIED
	DropReasonsListener                            // RST and SYN+FIN at a listener: TCP_RESET, TCP_FLAGS
	DropReasonsListenACK                           // the ACK that earns a RST too: TCP_FLAGS; a lost cookie: NO_SOCKET
	DropReasonsRequest                             // a request's segments too: TCP_LISTEN_OVERFLOW and others
)

// A PortSearchRule is the order in which connect() tries ports
// (__inet_hash_connect).
type PortSearchRule uint8

const (
	// PortSearchNext: one after the other, upwards and round.
	PortSearchNext PortSearchRule = iota + 1
	// PortSearchEven: the same, but from an even offset, and the next search begins at
	// least two ports on.
	PortSearchEven
	// PortSearchParity: all ports at even offsets from the lower bound, then all at odd
	// ones.
	PortSearchParity
)

// A PortOffsetsRule is where it is kept how far connect() has come.
type PortOffsetsRule uint8

const (
	// PortOffsetHint: in one number for all destinations, families and namespaces.
	PortOffsetHint PortOffsetsRule = iota + 1
	// PortOffsets256: in a table of 256 numbers, by the hash, random at first. A search
	// whose first port was free goes on by 4 instead of 2 in one of 16 cases.
	PortOffsets256
	// PortOffsets65536: in a table of 65536. Every search goes on by at least 2 to 16 at
	// random.
	PortOffsets65536
)

// A PortHashRule is the hash of addresses and destination port from which connect()
// begins.
type PortHashRule uint8

const (
	// PortHashRekeyed: half MD4, with a new key every 300 s.
	PortHashRekeyed PortHashRule = iota + 1
	// PortHashMD5: MD5, with one key a boot.
	PortHashMD5
	// PortHashSip: SipHash, with one key a boot.
	PortHashSip
	// PortHashSipTime: SipHash over the time too, in steps of 10 s.
	PortHashSipTime
)

// A BindAutoRule is which ports in use bind() to port 0 may take.
type BindAutoRule uint8

const (
	// BindAutoUnused: none while one is unused. When more sockets are bound than the
	// range has ports, the first that all its owners let be shared.
	BindAutoUnused BindAutoRule = iota + 1
	// BindAutoNoConflict: one on which bind() by number would not conflict.
	BindAutoNoConflict
	// BindAutoStrict: one on which nobody has an address that overlaps, SO_REUSEADDR or
	// not.
	BindAutoStrict
)

// A SYNExpiryRule is when connect() gives up a SYN that nobody answers, asked each time
// its timer fires (tcp_write_timeout).
type SYNExpiryRule uint8

const (
	// SYNExpiry200ms: when the time of tcp_syn_retries doublings of 0.2 s has passed
	// and the SYN has been sent again at all.
	SYNExpiry200ms SYNExpiryRule = iota + 1
	// SYNExpiryTime: the same with doublings of the first SYN timeout.
	SYNExpiryTime
	// SYNExpiryCount: when the SYN has been sent again tcp_syn_retries times.
	SYNExpiryCount
	// SYNExpiryCountOr200ms: when SYNExpiryCount or SYNExpiry200ms holds.
	SYNExpiryCountOr200ms
	// SYNExpiryCountOrTime: when SYNExpiryCount or SYNExpiryTime holds.
	// net.ipv4.tcp_syn_linear_timeouts is added to the count, not to the time.
	SYNExpiryCountOrTime
)

// A ChallengeBudgetRule is how many challenge ACKs a host sends in a second
// (tcp_send_challenge_ack, net.ipv4.tcp_challenge_ack_limit).
type ChallengeBudgetRule uint8

const (
	// ChallengeBudgetNone: the kernel has no challenge ACKs.
	ChallengeBudgetNone ChallengeBudgetRule = iota + 1
	// ChallengeBudgetFixed: the limit, 100 unless set, for all namespaces.
	ChallengeBudgetFixed
	// ChallengeBudgetRandom: the limit, 1000 unless set, halved and with as much as the
	// limit added at random, for all namespaces: 500 to 1499.
	ChallengeBudgetRandom
	// ChallengeBudgetOff: any number unless the limit is set, and the same otherwise, for
	// each namespace.
	ChallengeBudgetOff
)
