package kernel

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The table: rows of each package, merged in the order in which they came to
// mainline. Add a row to the file of its package; see CONTRIBUTING.md.
var table = buildTable(listenChanges, timewaitChanges, pawsChanges, portChanges, raceChanges, hostChanges, sysctlChanges)

func buildTable(groups ...[]Change) []Change {
	rows := slices.Concat(groups...)
	for i := range rows {
		rows[i].first = mustSeries(rows[i].Since)
	}
	slices.SortStableFunc(rows, func(a, b Change) int { return int(a.first) - int(b.first) })
	return rows
}

// mustSeries reads a row's Since. Rows are constants of this package: a bad one
// is caught by the first test, or any program, that runs.
func mustSeries(s string) series {
	var nums [3]uint32
	for i, part := range strings.SplitN(s, ".", 3) {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil {
			panic(fmt.Sprintf("kernel: series %q in the table of changes: %v", s, err))
		}
		nums[i] = uint32(n)
	}
	return makeSeries(nums[0], nums[1], nums[2])
}

// from says that a stable series has a change from patch level n on, and that the
// level before is known to lack it.
func from(stream string, n int) Backport { return Backport{stream, n - 1, n} }

// between says that the first patch level with a change lies above lacks and is
// not above has.
func between(stream string, lacks, has int) Backport { return Backport{stream, lacks, has} }

// maybe says that a series may have got a change after the patch level lacks (-1: at
// any), but not where.
func maybe(stream string, lacks int) Backport { return Backport{stream, lacks, Unknown} }

// Words that evidence repeats.
const (
	fromSource = "from source"
	// floods: kernels that were flooded and asked for counters and queue lengths.
	floods = "observed: 3.10.108, 4.4.155, 4.9.154, 4.19.78, 5.10.223, 5.10.262, 6.1.170, 6.1.192, 6.12.43 to 6.12.117, 6.18.44, 7.2.13"
	// sinceSeen: kernels that were asked for nearly everything, all of which have the
	// change; the old behaviour is known from source.
	sinceSeen = "observed on 5.10.223, 5.10.262, 6.1.170, 6.1.192, 6.12.95, 6.12.117, 6.18.44, 7.2.13; the old behaviour from source"
)

// listenChanges are the changes of the listen path: package queue.
var listenChanges = []Change{
	{
		ID: "syncookies-on", Package: "queue", Since: "2.6.33", Commit: "e994b7c901de",
		Summary:  "net.ipv4.tcp_syncookies starts as 1; it started as 0, and does in RHEL 6.",
		Evidence: fromSource + "; default 1 observed on 3.10.108, 5.10.223, 6.18.44",
		apply:    func(s *Semantics) { s.SyncookiesDefault = 1 },
	},
	{
		ID: "synack-timer-counters", Package: "queue", Since: "2.6.34", Commit: "72659ecce686",
		Summary:  "A SYN-ACK timeout counts TCPTimeouts, each SYN-ACK sent again RetransSegs; neither was counted.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.SYNACKTimerCounters = true },
	},
	{
		ID: "defer-accept-counter", Package: "queue", Since: "2.6.35", Commit: "907cdda52056",
		Summary:  "An ACK that TCP_DEFER_ACCEPT holds back counts TCPDeferAcceptDrop.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.DeferAcceptCounter = true },
	},
	{
		ID: "timer-slack", Package: "kernel", Since: "2.6.35", Commit: "3bbb9ec94642",
		Summary:  "A timer armed by mod_timer may fire up to 1/256 of its delay late, so that several fire together.",
		Evidence: fromSource + "; its first release from the date of the commit",
		apply:    func(s *Semantics) { s.Wheel = WheelSlack },
	},
	{
		ID: "cookie-mss-8960", Package: "queue", Since: "2.6.36", Commit: "5918e2fb9035",
		Summary:  "A cookie can carry an MSS of 8960 (IPv6 8940), no longer 256; IPv6 has a table of its own.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.CookieMSS = CookieMSS64To8960 },
	},
	{
		ID: "cookie-ecn", Package: "queue", Since: "2.6.36", Commit: "734f614bc1e6",
		Summary:  "A cookie keeps the client's options in 6 timestamp bits, ECN among them, instead of 9.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.CookieTSBits = 6 },
	},
	{
		ID: "flood-log-drops", Package: "queue", Since: "2.6.36", Commit: "2a1d4bd460a0",
		Summary:  "\"possible SYN flooding\" is logged for dropped SYNs too, as often as the general rate limit allows; it was once in 60 s and for cookies only.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.FloodLog = FloodLogRateLimited },
	},
	{
		ID: "max-syn-backlog-ehash", Package: "queue", Since: "2.6.36", Commit: "c5ed63d66f24",
		Backports: []Backport{from("2.6.35", 6), from("2.6.32", 23), between("el6", -1, 357)},
		Summary:   "tcp_max_syn_backlog starts as max(128, established-hash buckets / 256); it followed the size of the bind hash.",
		Evidence:  fromSource + "; 128 on 512 MiB observed on 3.10.108",
		apply:     func(s *Semantics) { s.MaxSYNBacklogDivisor = 256 },
	},
	{
		ID: "last-quarter-v6", Package: "queue", Since: "2.6.38", Commit: "493f377d6dd5",
		Summary:  "tw_recycle and the last quarter of tcp_max_syn_backlog hold for IPv6 too.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.LastQuarter6 = true },
	},
	{
		ID: "paws-zero-passes", Package: "queue", Since: "2.6.38", Commit: "bc2ce894e113",
		Backports: []Backport{between("el6", 503, 642)},
		Summary:   "PAWS passes any segment while the remembered timestamp is 0.",
		Evidence:  fromSource,
		apply:     func(s *Semantics) { s.PAWSZeroPasses = true },
	},
	{
		ID: "synack-timeout-1s", Package: "queue", Since: "3.1", Commit: "9ad7c049f0f7",
		Backports: []Backport{between("el6", 220, 279)},
		Summary:   "A SYN-ACK is sent again after 1 s, 3 s, 7 s...; it was 3 s, 9 s, 21 s...",
		Evidence:  "observed: 1 s on 3.10.108, 5.10.223, 6.18.44; 3 s from source",
		apply:     func(s *Semantics) { s.SYNACKTimeout = time.Second },
	},
	{
		ID: "reqqfull-counters", Package: "queue", Since: "3.1", Commit: "946cedccbd73",
		Summary:  "A full SYN queue counts TCPReqQFullDoCookies or TCPReqQFullDrop.",
		Evidence: floods + "; absence from source",
		apply:    func(s *Semantics) { s.ReqQFullCounters = true },
	},
	{
		ID: "flood-log-once", Package: "queue", Since: "3.1", Commit: "946cedccbd73",
		Summary:  "\"possible SYN flooding\" is logged once per listening socket.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.FloodLog = FloodLogOnce },
	},
	{
		ID: "syn-fin-ignored", Package: "queue", Since: "3.3", Commit: "fdf5af0daf80",
		Backports: []Backport{from("3.2", 24), from("3.0", 38), maybe("2.6.32", -1), maybe("el6", -1)},
		Summary:   "A listener discards a SYN that carries FIN; it opened a request.",
		Evidence:  sinceSeen,
		apply:     func(s *Semantics) { s.SYNFINOpens = false },
	},
	{
		ID: "embryonic-after-reset", Package: "queue", Since: "3.7",
		Summary:  "A request that is reset counts EmbryonicRsts after the RST is out (OutRsts) and the request gone; it was counted first.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.EmbryonicRSTAfterReset = true },
	},
	{
		ID: "syn-drop-counters", Package: "queue", Since: "3.8", Commit: "848bf15f361c",
		Summary:  "A SYN that a listener drops counts ListenDrops, one that met a full accept queue ListenOverflows too; and every cookie sent counts ListenDrops.",
		Evidence: "observed: 3.10.108, 4.4.155; absence from source",
		apply:    func(s *Semantics) { s.SYNDropCounters, s.CookieListenDrops = true, true },
	},
	{
		ID: "dup-syn-rearms", Package: "queue", Since: "3.9", Commit: "cd75eff64dae",
		Summary:  "A repeated SYN that is answered restarts the request's SYN-ACK timer.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.DupSYNRearms = true },
	},
	{
		ID: "somaxconn-range", Package: "queue", Since: "3.11", Commit: "5f671d6b4ec3",
		Backports: []Backport{from("3.10", 12), from("3.4", 62), maybe("3.2", -1), from("3.0", 96), between("2.6.32", 2, 69), between("el7", -1, 0)},
		Summary:   "net.core.somaxconn takes 0 to 65535 only; it took any int.",
		Evidence:  fromSource,
		apply:     func(s *Semantics) { s.SomaxconnMax = math.MaxUint16 },
	},
	{
		ID: "always-cookies", Package: "queue", Since: "3.12", Commit: "5ad37d5deee1",
		Backports: []Backport{between("el7", -1, 1160)},
		Summary:   "tcp_syncookies=2 answers every SYN with a cookie, and logs nothing; 2 was the same as 1.",
		Evidence:  floods,
		apply: func(s *Semantics) {
			s.AlwaysCookies, s.FloodLog = true, FloodLogOnceUnlessAlways
		},
	},
	{
		ID: "cookie-two-minutes", Package: "queue", Since: "3.13", Commit: "8c27bd75f04f",
		Backports: []Backport{between("el7", -1, 1160)},
		Summary:   "A cookie is good for the minute it was made in and the next; it was four minutes.",
		Evidence:  sinceSeen,
		apply:     func(s *Semantics) { s.CookieMinutes = 2 },
	},
	{
		ID: "cookie-mss-four", Package: "queue", Since: "3.13", Commit: "086293542b99",
		Backports: []Backport{between("el7", -1, 1160)},
		Summary:   "A cookie carries one of four MSS values: 536, 1300, 1440, 1460 (IPv6 1220, 1420, 1440, 8940).",
		Evidence:  sinceSeen,
		apply:     func(s *Semantics) { s.CookieMSS = CookieMSS536To1460 },
	},
	{
		ID: "synack-syn-retrans", Package: "queue", Since: "3.15",
		Summary:  "A SYN-ACK sent again counts TCPSynRetrans too.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.SYNACKSynRetrans = true },
	},
	{
		ID: "recycle-strict", Package: "queue", Since: "3.17", Commit: "a26552afe894",
		Backports: []Backport{between("el7", -1, 957)},
		Summary:   "tw_recycle turns away a SYN without a timestamp too while its host is remembered, and switches the last quarter off.",
		Evidence:  "observed: a SYN without timestamp passes on 3.10.108 and is dropped on 4.4.155",
		apply:     func(s *Semantics) { s.Recycle = RecycleStrict },
	},
	{
		ID: "failed-cookies-only", Package: "queue", Since: "3.19", Commit: "f1673381b148",
		Summary:  "SyncookiesFailed counts bad cookies only, no longer every stray ACK.",
		Evidence: "observed: 3.10.108 counts a stray ACK, 4.4.155, 4.9.154, 5.10.223, 6.18.44 do not",
		apply:    func(s *Semantics) { s.FailedCookiesOnly = true },
	},
	{
		ID: "timewait-isn-lost-v6", Package: "queue", Since: "3.19", Commit: "2dc49d1680b5",
		Backports: []Backport{from("3.18", 4)},
		Summary:   "IPv6: the sequence number that TIME_WAIT chose for a reopening SYN is lost; the listener treats it as any SYN.",
		Evidence:  "observed: lost on 5.10.262, 6.1.170; kept before from source",
		apply:     func(s *Semantics) { s.TimeWaitISNLost6 = true },
	},
	{
		ID: "dup-syn-rate-limit", Package: "queue", Since: "4.0", Commit: "a9b2c06dbef4",
		Backports: []Backport{between("el7", -1, 957)},
		Summary:   "A repeated SYN gets at most one SYN-ACK per tcp_invalid_ratelimit (500 ms); others count TCPACKSkippedSynRecv.",
		Evidence:  sinceSeen,
		apply:     func(s *Semantics) { s.DupSYNRateLimited, s.RateLimitSysctl = true, true },
	},
	{
		ID: "backlog-32-bit", Package: "queue", Since: "4.1", Commit: "becb74f0acca",
		Summary:  "The accept queue's limit has 32 bits: listen(65536) no longer means 0, and somaxconn goes up to 2147483647.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.BacklogBits, s.SomaxconnMax = 32, math.MaxInt32 },
	},
	{
		ID: "request-timers", Package: "queue", Since: "4.1", Commit: "fa76ce7328b2",
		Summary:  "Each half-open request has a timer of its own; one timer of the listener scanned part of the table every 0.2 s.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.RequestTimers = true },
	},
	{
		ID: "cookie-gate-120s", Package: "queue", Since: "4.2", Commit: "264ea103a747",
		Backports: []Backport{from("3.16", 82)},
		Summary:   "An ACK is checked for a cookie for 120 s after the listener sent one; it was 3 s.",
		Evidence:  fromSource,
		apply:     func(s *Semantics) { s.CookieGate = CookieGate120s },
	},
	{
		ID: "synq-backlog", Package: "queue", Since: "4.4", Commit: "ef547f2ac16b",
		Summary:  "The SYN queue is full when it holds as many requests as the accept queue's limit, which a new listen() moves at once; it was a power of two fixed by the first listen() from backlog and tcp_max_syn_backlog.",
		Evidence: floods,
		apply:    func(s *Semantics) { s.SYNQueue = SYNQueueBacklog },
	},
	{
		ID: "requests-in-ehash", Package: "queue", Since: "4.4", Commit: "079096f103fa",
		Summary:  "Half-open requests live in the table of established sockets: they outlive a closed listener until their timer, and an ACK with a wrong number is checked for a cookie before its RST.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.RequestsInEhash = true },
	},
	{
		ID: "syncookies-per-netns", Package: "queue", Since: "4.6",
		Summary:  "tcp_syncookies and tcp_synack_retries belong to a network namespace; they were the machine's.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.SyncookiesPerNetns = true },
	},
	{
		ID: "cookies-not-drops", Package: "queue", Since: "4.7", Commit: "9caad864151e",
		Summary:  "A cookie sent no longer counts ListenDrops.",
		Evidence: "observed: 3.10.108 and 4.4.155 count, 4.9.154, 4.19.78, 5.10.223 and later do not",
		apply:    func(s *Semantics) { s.CookieListenDrops = false },
	},
	{
		ID: "listener-sock-drops", Package: "queue", Since: "4.7", Commit: "9caad864151e",
		Summary:  "`ss -m` shows a listener's drops as d<N>.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.SockDrops = true },
	},
	{
		ID: "request-ack-rate-limit", Package: "queue", Since: "4.7", Commit: "4ce7e93cb3fe",
		Summary:  "The ACK that answers an out-of-window segment of a request is held to one per tcp_invalid_ratelimit.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.RequestACKRateLimited = true },
	},
	{
		ID: "coarse-timers", Package: "queue", Since: "4.8", Commit: "500462a9de65",
		Summary:  "Timers fire at the end of a bucket of 1, 8, 64, 512... jiffies, up to an eighth late.",
		Evidence: "observed to the jiffy on 5.10.223, 5.10.262, 6.1.170, 6.1.192, 6.12.95, 6.12.117, 7.2.13",
		apply:    func(s *Semantics) { s.Wheel = WheelCoarse },
	},
	{
		ID: "request-sock-drops", Package: "queue", Since: "4.9",
		Summary:  "A segment that a half-open request swallows adds to its listener's d<N> as well.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.SockDropsRequests = true },
	},
	{
		ID: "accept-full-alone", Package: "queue", Since: "4.10", Commit: "5ea8ea2cb7f1",
		Backports: []Backport{from("4.9", 166), from("4.4", 178), maybe("3.18", 137), from("3.16", 81)},
		Summary:   "A full accept queue drops every SYN; it did so only while more than one request was young.",
		Evidence:  "observed: 3.10.108, 4.4.155 and 4.9.154 admit two more, 4.19.78, 5.10.223, 6.1.192, 6.12.107, 6.18.44, 7.2.13 none",
		apply:     func(s *Semantics) { s.AcceptFullNeedsYoung = false },
	},
	{
		ID: "max-syn-backlog-per-netns", Package: "queue", Since: "4.11", Commit: "fee83d097b16",
		Summary:  "tcp_max_syn_backlog belongs to a network namespace; it was the machine's.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.MaxSYNBacklogPerNetns = true },
	},
	{
		ID: "tw-recycle-gone", Package: "queue", Since: "4.12", Commit: "4396e46187ca",
		Summary:  "tcp_tw_recycle and its test of SYNs are gone.",
		Evidence: "from source; the sysctl is absent on 5.10.223 and 6.18.44",
		apply:    func(s *Semantics) { s.Recycle = RecycleGone },
	},
	{
		ID: "timestamp-millis", Package: "queue", Since: "4.13", Commit: "9a568de4818d",
		Summary:  "A TCP timestamp ticks every 1 ms; it ticked with the jiffy.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.TimestampMillis = true },
	},
	{
		ID: "proven-peers", Package: "queue", Since: "4.14",
		Summary:  "A host whose round-trip time is remembered passes the last quarter; the kernel looked before it had a route, and nobody passed.",
		Evidence: sinceSeen,
		apply:    func(s *Semantics) { s.ProvenPeers = true },
	},
	{
		ID: "timewait-isn-lost-v4", Package: "queue", Since: "4.15", Commit: "eeea10b83a13",
		Backports: []Backport{from("4.14", 7)},
		Summary:   "IPv4: the sequence number that TIME_WAIT chose for a reopening SYN is lost; the listener treats it as any SYN.",
		Evidence:  "observed: kept on 4.4.155, 4.9.154; lost on 4.19.78, 5.10.223, 5.10.262, 6.1.170, 6.1.192",
		apply:     func(s *Semantics) { s.TimeWaitISNLost4 = true },
	},
	{
		ID: "abort-per-netns", Package: "queue", Since: "4.15",
		Summary:  "tcp_abort_on_overflow belongs to a network namespace; it was the machine's.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.AbortPerNetns = true },
	},
	{
		ID: "cookie-gate-wraps", Package: "queue", Since: "4.19",
		Summary:  "The 120 s are compared in signed 32-bit jiffies: a listener that never sent a cookie checks every ACK for the first 420 s after boot, and about half of the time later.",
		Evidence: "observed: 4.19.78 counts SyncookiesFailed for a stray ACK, 4.4.155, 4.9.154, 5.10.223 do not",
		apply:    func(s *Semantics) { s.CookieGate = CookieGateWraps },
	},
	{
		ID: "somaxconn-4096", Package: "queue", Since: "5.4", Commit: "19f92a030ca6",
		Summary:  "net.core.somaxconn starts as 4096; it started as 128.",
		Evidence: "observed: 128 on 3.10.108, 4096 on 5.10.223, 6.18.44",
		apply:    func(s *Semantics) { s.SomaxconnDefault = 4096 },
	},
	{
		ID: "max-syn-backlog-doubled", Package: "queue", Since: "5.4", Commit: "623d0c2db020",
		Summary:  "tcp_max_syn_backlog starts as max(128, established-hash buckets / 128); it was / 256.",
		Evidence: "observed: 2048 with 262144 buckets on 6.18.44",
		apply:    func(s *Semantics) { s.MaxSYNBacklogDivisor = 128 },
	},
	{
		ID: "cookie-gate-between", Package: "queue", Since: "5.5", Commit: "cb44a08f8647",
		Backports: []Backport{from("5.4", 5), from("5.3", 18), from("4.19", 91), from("4.14", 160), from("4.9", 207), from("4.4", 207)},
		Summary:   "An ACK is checked for a cookie from 1 s before to 120 s after the listener's stamp, in 32-bit jiffies that no longer read an unset stamp as recent.",
		Evidence:  "observed: 4.19.78 has not; both ends of the window on 5.10.223, 5.10.262, 6.1.170, 6.1.192, 6.12.95, 6.12.117, 7.2.13",
		apply:     func(s *Semantics) { s.CookieGate = CookieGateBetween },
	},
	{
		ID: "cookie-yields-to-request", Package: "queue", Since: "5.11", Commit: "01770a166165",
		Backports: []Backport{between("5.10", 0, 223), maybe("5.4", -1), maybe("4.19", -1), maybe("4.14", -1), maybe("4.9", -1), maybe("4.4", -1)},
		Summary:   "A good cookie makes no connection while a request of the same client is queued: the ACK is lost, and counts SyncookiesRecv and PassiveOpens; it made a second connection.",
		Evidence:  "observed on 5.10.223, 5.10.262, 6.1.170, 6.1.192, 6.12.43 to 6.12.117, 6.18.44, 7.2.13; that it began with 5.11, and the old behaviour, from source",
		apply:     func(s *Semantics) { s.CookieYieldsToRequest = true },
	},
	{
		ID: "byte-sysctls", Package: "queue", Since: "5.13", Commit: "4ecc1baf362c",
		Backports: []Backport{from("5.10", 178)},
		Summary:   "tcp_syncookies, tcp_abort_on_overflow, tcp_synack_retries, tcp_timestamps, tcp_sack, tcp_window_scaling and tcp_no_metrics_save take 0 to 255 only; they took any int.",
		Evidence:  "observed: 255 taken and 256 refused on 5.10.223, 5.10.262, 6.1.192, 6.12.117, 6.18.44, 7.2.13; ints from source",
		apply:     func(s *Semantics) { s.ByteSysctls = true },
	},
	{
		ID: "drop-reasons", Package: "queue", Since: "5.17",
		Summary:  "kfree_skb has drop reasons; on this path all of them are NOT_SPECIFIED.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.DropReasons = DropReasonsUnset },
	},
	{
		ID: "drop-reasons-listener", Package: "queue", Since: "5.19",
		Summary:  "A listener's discards get a drop reason: TCP_RESET for a RST, TCP_FLAGS for SYN+FIN or no useful flag.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.DropReasons = DropReasonsListener },
	},
	{
		ID: "drop-reasons-ack", Package: "queue", Since: "6.9",
		Summary:  "The ACK that earns a RST at a listener gets TCP_FLAGS; a good cookie lost to a full accept queue gets NO_SOCKET.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.DropReasons = DropReasonsListenACK },
	},
	{
		ID: "request-window-clamp", Package: "queue", Since: "6.10", Commit: "f4dca95fc0f6",
		Summary:  "A segment of a half-open request is checked against a window of at most 65535.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.RequestWindowClamp = true },
	},
	{
		ID: "timewait-isn-kept", Package: "queue", Since: "6.10", Commit: "41eecbd712b7",
		Summary:  "The sequence number that TIME_WAIT chose for a reopening SYN reaches the listener again, on IPv4 and IPv6.",
		Evidence: "observed: 6.12.95 to 6.12.117, 6.18.44, 7.2.13",
		apply:    func(s *Semantics) { s.TimeWaitISNLost4, s.TimeWaitISNLost6 = false, false },
	},
	{
		ID: "synq-above-backlog", Package: "queue", Since: "6.13", Commit: "3479c7549fb1",
		Backports: []Backport{from("6.12", 10), from("6.6", 72), from("6.1", 125), from("5.15", 177), from("5.10", 234), from("5.4", 290)},
		Summary:   "The SYN queue is full only when it holds more requests than the accept queue's limit, one more than before: after listen(0) somebody can connect.",
		Evidence:  floods,
		apply:     func(s *Semantics) { s.SYNQueue = SYNQueueAboveBacklog },
	},
	{
		ID: "request-ts-deferred", Package: "queue", Since: "6.14", Commit: "8d52da23b6c6",
		Backports: []Backport{maybe("6.13", -1), from("6.12", 18), maybe("6.6", -1), from("6.1", 130), from("5.15", 179), from("5.10", 235), maybe("5.4", -1)},
		Summary:   "A segment of a half-open request moves the timestamp that PAWS compares with only if it completes the handshake; any segment in the window did.",
		Evidence:  "observed: 6.1.192, 6.12.117, 6.18.44, 7.2.13, not 5.10.223; from source: 5.10.262, 6.1.190; series from the changelogs of stable releases",
		apply:     func(s *Semantics) { s.RequestTSDeferred = true },
	},
	{
		ID: "request-tsecr", Package: "queue", Since: "6.15", Commit: "3ba075278c11",
		Backports: []Backport{from("6.14", 9)},
		Summary:   "A segment of a half-open request that echoes a timestamp we never sent is rejected and counts TSEcrRejected.",
		Evidence:  "observed: 6.18.44, 7.2.13 reject; 5.10.262, 6.1.192, 6.12.117 do not",
		apply:     func(s *Semantics) { s.RequestTSEcrCheck = true },
	},
	{
		ID: "drop-reasons-request", Package: "queue", Since: "6.15", Commit: "e34100c2ecbb",
		Summary:  "Segments that a half-open request swallows get drop reasons: TCP_LISTEN_OVERFLOW, TCP_OVERWINDOW, TCP_RFC7323_PAWS, TCP_RFC7323_TSECR.",
		Evidence: fromSource,
		apply:    func(s *Semantics) { s.DropReasons = DropReasonsRequest },
	},
	{
		ID: "synack-timeout-cap", Package: "queue", Since: "6.19", Commit: "1e9d3005e02c",
		Summary:  "The pause between SYN-ACKs is capped by tcp_rto_max_ms; it was capped at 120 s.",
		Evidence: "observed: 7.2.13, not 6.18.44; the release from source",
		apply:    func(s *Semantics) { s.SYNACKTimeoutCap = true },
	},
	{
		ID: "request-rst-exact", Package: "queue", Since: "7.2", Commit: "a28c4fcbf774",
		Backports: []Backport{from("7.1", 6), from("6.18", 42), from("6.12", 105), from("6.6", 153), from("6.1", 191), maybe("5.15", -1), maybe("5.10", 262)},
		Summary:   "An in-window RST that is not exactly the next sequence number gets a challenge ACK and no longer kills the request.",
		Evidence:  "observed: 5.10.223, 5.10.262, 6.1.170, 6.12.95 let any RST in the window kill; 6.1.192, 6.12.117, 6.18.44, 7.2.13 do not",
		apply:     func(s *Semantics) { s.RequestRSTExact = true },
	},
}
