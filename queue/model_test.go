package queue_test

import (
	"fmt"
	"net/netip"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// A dumb is a second model of one listener. It is written from the facts and not
// from the package, with slices and linear scans, and checks what a Listener
// answers instead of answering itself: what a kernel's secret decides (sequence
// numbers, the place of a request in the table of kernels before 4.1) it takes from
// the answer.
type dumb struct {
	sem   kernel.Semantics
	sys   kernel.Sysctls
	clock kernel.Clock
	cfg   queue.Config

	state    string // "closed" before listen(), "listen", "stopped" after shutdown, "gone" after close
	limit    uint32
	synLimit uint32
	accept   []queue.Conn
	length   uint32 // of the accept queue, as wide as the kernel keeps it
	reqs     []*dumbRequest
	seq      int // counts timers that were armed
	stamp    uint64
	cookies  []dumbCookie
	warned   bool
	warnedAt uint64 // jiffies, 2.6.32 to 2.6.35
	counters kernel.Counters
	drops    uint64
}

type dumbRequest struct {
	from, to     netip.AddrPort
	rcvISN, isn  uint32
	mss          uint16
	tsOK, sack   bool
	wscale       bool
	answered     time.Duration // when the SYN-ACK was sent, -1 after the second
	tsRecent     uint32
	tsFirst, tsL uint32
	timeouts     int
	acked        bool
	lastOOW      uint32
	due          time.Duration // when the timer fires; before 4.1 when it may fire at the earliest
	level        int           // of the timer on the wheel
	order        int
}

type dumbCookie struct {
	from, to netip.AddrPort
	rcvISN   uint32
	isn      uint32
	minute   uint64
	index    int
	v6       bool
}

func newDumb(cfg queue.Config) *dumb {
	hz := cfg.HZ
	if hz == 0 {
		hz = 250
	}
	clock, err := kernel.NewClock(cfg.Semantics, hz)
	if err != nil {
		panic(err)
	}
	return &dumb{sem: cfg.Semantics, sys: cfg.Sysctls, clock: clock, cfg: cfg, state: "closed"}
}

// listen is section 1 of the facts.
func (d *dumb) listen(backlog int) {
	b := uint32(int32(backlog))
	if b > uint32(int32(d.sys.Somaxconn)) {
		b = uint32(int32(d.sys.Somaxconn))
	}
	d.limit = b
	if d.sem.BacklogBits == 16 {
		d.limit = b % 65536
	}
	if d.sem.SYNQueue == kernel.SYNQueuePowerOfTwo {
		if d.state != "listen" {
			n := b
			if m := uint32(int32(d.sys.TCPMaxSynBacklog)); m < n {
				n = m
			}
			if n < 8 {
				n = 8
			}
			size := uint64(1)
			for size < uint64(n)+1 {
				size *= 2
			}
			d.synLimit = uint32(size)
			if d.sem.FloodLog != kernel.FloodLogMinute { // that one is the machine's
				d.warned = false
			}
		}
	} else {
		d.synLimit = d.limit
	}
	if d.state != "listen" {
		d.length = 0
	}
	d.state = "listen"
}

// stop is close() and shutdown(): section 8.
func (d *dumb) stop(state string) []queue.Conn {
	was := d.state
	d.state = state
	if was != "listen" {
		return nil
	}
	conns := d.accept
	d.accept, d.length = nil, 0
	d.counters.Add(kernel.OutRsts, uint64(len(conns)))
	d.counters.Add(kernel.EstabResets, uint64(len(conns)))
	if !d.sem.RequestsInEhash {
		d.reqs = nil
	}
	d.stamp = 0
	return conns
}

func (d *dumb) acceptCall() (queue.Conn, bool) {
	if len(d.accept) == 0 {
		return queue.Conn{}, false
	}
	c := d.accept[0]
	d.accept = d.accept[1:]
	d.length--
	if d.sem.BacklogBits == 16 {
		d.length &= 0xffff
	}
	return c, true
}

func (d *dumb) young() (y uint32) {
	for _, r := range d.reqs {
		if r.timeouts == 0 {
			y++
		}
	}
	return y
}

func (d *dumb) queues(now time.Duration) queue.Queues {
	if j := d.clock.Jiffies(now); d.sem.FloodLog == kernel.FloodLogMinute {
		d.warned = int64(d.warnedAt+uint64(60*d.clock.HZ())-j) >= 0
	}
	return queue.Queues{
		AcceptLen: d.length, AcceptLimit: d.limit, Requests: uint32(len(d.reqs)), Young: d.young(),
		SYNLimit: d.synLimit, FloodLogged: d.warned,
	}
}

func (d *dumb) acceptFull() bool { return d.length > d.limit }

func (d *dumb) synFull() bool {
	q := uint32(len(d.reqs))
	if d.sem.SYNQueue == kernel.SYNQueueAboveBacklog {
		return q > d.synLimit
	}
	return q >= d.synLimit
}

// A reply as the kernel makes it.
func resetFor(s queue.Segment) queue.Reply {
	if s.Flags&queue.FlagACK != 0 {
		return queue.Reply{Flags: queue.FlagRST, Seq: s.Ack}
	}
	return queue.Reply{Flags: queue.FlagRST | queue.FlagACK, Ack: endSeq(s)}
}

func endSeq(s queue.Segment) uint32 {
	end := s.Seq + s.Len
	if s.Flags&queue.FlagSYN != 0 {
		end++
	}
	if s.Flags&queue.FlagFIN != 0 {
		end++
	}
	return end
}

// out builds an outcome.
type out struct {
	queue.Outcome
}

func (o *out) count(cs ...kernel.Counter) {
	for _, c := range cs {
		o.Counters = o.Counters.With(c)
	}
}

func (d *dumb) reason(from kernel.DropReasonRule, r queue.DropReason) queue.DropReason {
	switch {
	case d.sem.DropReasons == kernel.DropReasonsNone:
		return 0
	case d.sem.DropReasons >= from:
		return r
	}
	return queue.DropNotSpecified
}

// listenDrop is tcp_listendrop.
func (d *dumb) listenDrop(o *out) {
	o.count(kernel.ListenDrops)
	if d.sem.SockDrops {
		o.SockDrops++
	}
}

func (d *dumb) sawTS(s queue.Segment) bool { return s.Timestamp && d.sys.TCPTimestamps != 0 }

func (d *dumb) tsClock(now time.Duration) uint32 {
	if d.sem.TimestampMillis {
		return uint32(now / time.Millisecond)
	}
	return d.clock.Jiffies32(now)
}

func isV6(s queue.Segment) bool { return s.From.Addr().Is6() && !s.From.Addr().Is4In6() }

// receive says what has to happen with s. got is what did: from it only the number
// of a new SYN-ACK is taken.
func (d *dumb) receive(now time.Duration, s queue.Segment, peer queue.Peer, got queue.Outcome) queue.Outcome {
	o := &out{}
	var r *dumbRequest
	for _, x := range d.reqs {
		if x.from == s.From && x.to == s.To {
			r = x
		}
	}
	if d.state != "listen" {
		o.Reason, o.Action = queue.NotListening, queue.SendReset
		o.Drop = d.reason(kernel.DropReasonsUnset, queue.DropNoSocket)
		if s.Flags&queue.FlagRST != 0 {
			o.Action = queue.Drop
		} else {
			o.Reply = resetFor(s)
			o.count(kernel.OutRsts)
		}
		if r != nil {
			d.remove(r)
			o.Reason = queue.ListenerGone
			o.Action = map[queue.Action]queue.Action{queue.SendReset: queue.ResetRemove, queue.Drop: queue.Remove}[o.Action]
		}
		return d.done(o)
	}
	if r != nil {
		d.forRequest(now, r, s, o)
		return d.done(o)
	}
	d.forListener(now, s, peer, o, got, false)
	return d.done(o)
}

func (d *dumb) done(o *out) queue.Outcome {
	d.counters.Raise(o.Counters)
	d.drops += uint64(o.SockDrops)
	return o.Outcome
}

func (d *dumb) remove(r *dumbRequest) {
	for i, x := range d.reqs {
		if x == r {
			d.reqs = append(d.reqs[:i:i], d.reqs[i+1:]...)
			return
		}
	}
}

// forListener is 4.1 of the facts; wrong says that it comes back from a request
// whose number it does not acknowledge.
func (d *dumb) forListener(now time.Duration, s queue.Segment, peer queue.Peer, o *out, got queue.Outcome, wrong bool) {
	ack, rst, syn, fin := s.Flags&queue.FlagACK != 0, s.Flags&queue.FlagRST != 0, s.Flags&queue.FlagSYN != 0, s.Flags&queue.FlagFIN != 0
	if ack {
		o.Reason = queue.ListenerACK
		if wrong {
			o.Reason = queue.WrongACK
		}
		if !rst && !syn && d.sys.TCPSyncookies != 0 && (!wrong || d.sem.RequestsInEhash) {
			if d.cookieACK(now, s, o, wrong) {
				return
			}
		}
		o.Action = queue.SendReset
		o.Drop = d.reason(kernel.DropReasonsListenACK, queue.DropTCPFlags)
		if rst {
			o.Action = queue.Drop
			return
		}
		o.Reply = resetFor(s)
		o.count(kernel.OutRsts)
		return
	}
	discard := func(why queue.Reason, reason queue.DropReason) {
		o.Action, o.Reason = queue.Drop, why
		o.Drop = d.reason(kernel.DropReasonsListener, reason)
		if d.sem.SockDrops {
			o.SockDrops++
		}
	}
	switch {
	case rst:
		discard(queue.ListenerRST, queue.DropTCPReset)
	case syn && fin && !d.sem.SYNFINOpens:
		discard(queue.ListenerSYNFIN, queue.DropTCPFlags)
	case syn:
		d.connRequest(now, s, peer, o, got)
	default:
		discard(queue.ListenerNoFlags, queue.DropTCPFlags)
	}
}

// connRequest is 4.3.
func (d *dumb) connRequest(now time.Duration, s queue.Segment, peer queue.Peer, o *out, got queue.Outcome) {
	drop := func(why queue.Reason, cs ...kernel.Counter) {
		o.Action, o.Reason = queue.Drop, why
		o.count(cs...)
		if d.sem.SYNDropCounters {
			d.listenDrop(o)
		}
	}
	v6 := isV6(s)
	isnTW := s.TimeWaitISN
	if !v6 && d.sem.TimeWaitISNLost4 || v6 && d.sem.TimeWaitISNLost6 {
		isnTW = 0
	}
	c := d.sys.TCPSyncookies
	if s.NotUnicast {
		drop(queue.NotUnicast)
		return
	}
	cookie := false
	always := c == 2 && d.sem.AlwaysCookies
	if isnTW == 0 && (always || d.synFull()) {
		switch d.sem.FloodLog {
		case kernel.FloodLogRateLimited:
			o.Logs, d.warned = true, true
		case kernel.FloodLogOnce:
			o.Logs, d.warned = !d.warned, true
		case kernel.FloodLogOnceUnlessAlways:
			if c != 2 {
				o.Logs, d.warned = !d.warned, true
			}
		}
		if c == 0 {
			if d.sem.ReqQFullCounters {
				drop(queue.SYNQueueFullDrop, kernel.TCPReqQFullDrop)
			} else {
				drop(queue.SYNQueueFullDrop)
			}
			return
		}
		cookie = true
		if d.sem.ReqQFullCounters {
			o.count(kernel.TCPReqQFullDoCookies)
		}
	}
	if d.acceptFull() && (!d.sem.AcceptFullNeedsYoung || d.young() > 1) {
		if d.sem.SYNDropCounters {
			drop(queue.AcceptQueueFullSYN, kernel.ListenOverflows)
		} else {
			drop(queue.AcceptQueueFullSYN)
		}
		return
	}
	if d.sem.ProvenPeers && s.Unroutable {
		drop(queue.Unroutable)
		return
	}
	if !cookie && isnTW == 0 && (!v6 || d.sem.LastQuarter6) {
		quarter := true
		switch {
		case d.sem.Recycle == kernel.RecyclePeer && d.sys.TCPTwRecycle != 0 && d.sawTS(s) && !s.Unroutable:
			if peer.Rejected {
				drop(queue.RecycleReject, kernel.PAWSPassive)
				return
			}
			quarter = !peer.Judged
		case d.sem.Recycle == kernel.RecycleStrict && d.sys.TCPTwRecycle != 0:
			if peer.Rejected && !s.Unroutable {
				drop(queue.RecycleReject, kernel.PAWSPassive)
				return
			}
			quarter = false
		}
		m := int32(d.sys.TCPMaxSynBacklog)
		if quarter && c == 0 && m-int32(len(d.reqs)) < m>>2 && !(d.sem.ProvenPeers && peer.Proven) {
			drop(queue.LastQuarterDrop)
			return
		}
	}
	if s.Unroutable {
		if cookie && d.sem.FloodLog == kernel.FloodLogMinute { // the route is looked for after the cookie
			d.logMinute(now, o)
		}
		drop(queue.Unroutable)
		return
	}
	ts := d.sawTS(s)
	mss := s.MSS
	if mss == 0 {
		mss = 536
		if v6 {
			mss = 1220
		}
	}
	o.Reply = queue.Reply{Flags: queue.FlagSYN | queue.FlagACK, Seq: got.Reply.Seq, Ack: s.Seq + 1}
	if ts {
		o.Reply.Timestamp, o.Reply.TSVal = true, d.tsClock(now)
	}
	if ts || !cookie {
		o.Reply.SACK = s.SACK && d.sys.TCPSack != 0
		o.Reply.WindowScale = s.WindowScale != 0 && d.sys.TCPWindowScaling != 0
	}
	if cookie {
		o.Action, o.Reason = queue.SendCookie, queue.CookieQueueFull
		if !d.synFull() {
			o.Reason = queue.CookieAlways
		}
		if d.sem.FloodLog == kernel.FloodLogMinute {
			d.logMinute(now, o)
		}
		o.count(kernel.SyncookiesSent)
		if d.sem.CookieListenDrops {
			o.count(kernel.ListenDrops)
		}
		if ts {
			o.Reply.TSVal = d.cookieTS(d.tsClock(now), s)
		}
		d.moveStamp(now)
		d.cookies = append(d.cookies, dumbCookie{
			from: s.From, to: s.To, rcvISN: s.Seq, isn: got.Reply.Seq,
			minute: d.minute(now), index: mssIndex(d.table(v6), mss), v6: v6,
		})
		return
	}
	o.Action, o.Reason = queue.SendSYNACK, queue.Admitted
	if isnTW != 0 {
		o.Reason = queue.AdmittedTimeWait
		o.Reply.Seq = isnTW
	}
	r := &dumbRequest{
		from: s.From, to: s.To, rcvISN: s.Seq, isn: o.Reply.Seq, mss: mss, tsOK: ts, sack: s.SACK && d.sys.TCPSack != 0,
		wscale: o.Reply.WindowScale, tsFirst: o.Reply.TSVal, tsL: o.Reply.TSVal, answered: now,
	}
	if ts {
		r.tsRecent = s.TSVal
	}
	d.reqs = append(d.reqs, r)
	d.arm(now, r)
}

func (d *dumb) logMinute(now time.Duration, o *out) {
	j := d.clock.Jiffies(now)
	if int64(d.warnedAt+uint64(60*d.clock.HZ())-j) < 0 {
		o.Logs, d.warned, d.warnedAt = true, true, j
	}
}

func (d *dumb) minute(now time.Duration) uint64 {
	return d.clock.Jiffies(now) / uint64(60*d.clock.HZ())
}

func (d *dumb) table(v6 bool) []uint16 {
	switch d.sem.CookieMSS {
	case kernel.CookieMSS64To4312:
		return []uint16{64, 256, 512, 536, 1024, 1440, 1460, 4312}
	case kernel.CookieMSS64To8960:
		if v6 {
			return []uint16{64, 512, 536, 1220, 1420, 1440, 4400, 8940}
		}
		return []uint16{64, 512, 536, 1024, 1440, 1460, 4312, 8960}
	}
	if v6 {
		return []uint16{1220, 1420, 1440, 8940}
	}
	return []uint16{536, 1300, 1440, 1460}
}

func mssIndex(table []uint16, mss uint16) int {
	best := 0
	for i, v := range table {
		if v <= mss {
			best = i
		}
	}
	return best
}

// cookieTS is cookie_init_timestamp: the options go into the low bits, and the
// result must not lie in the future.
func (d *dumb) cookieTS(now uint32, s queue.Segment) uint32 {
	n := uint(6)
	var opts uint32
	scale := s.WindowScale != 0 && d.sys.TCPWindowScaling != 0
	sack := s.SACK && d.sys.TCPSack != 0
	if d.sem.CookieTSBits == 9 {
		n = 9
		return now // the receiver's own scale is in it: not checked here
	}
	opts = 15
	if scale {
		opts = uint32(s.WindowScale - 1)
		if opts > 14 {
			opts = 14
		}
	}
	if sack {
		opts |= 1 << 4
	}
	if s.ECN {
		opts |= 1 << 5
	}
	ts := now>>n<<n | opts
	if ts > now {
		ts = (now>>n-1)<<n | opts
	}
	return ts
}

// moveStamp is tcp_synq_overflow.
func (d *dumb) moveStamp(now time.Duration) {
	j, hz := d.clock.Jiffies(now), uint64(d.clock.HZ())
	switch d.sem.CookieGate {
	case kernel.CookieGate3s:
		d.stamp = j
	case kernel.CookieGate120s:
		if int64(d.stamp+hz-j) < 0 {
			d.stamp = j
		}
	case kernel.CookieGateWraps:
		if int32(uint32(d.stamp)+uint32(hz)-uint32(j)) < 0 {
			d.stamp = uint64(uint32(j))
		}
	case kernel.CookieGateBetween:
		if uint32(j)-uint32(d.stamp) > uint32(hz) {
			d.stamp = uint64(uint32(j))
		}
	}
}

func (d *dumb) gate(now time.Duration) bool {
	j, hz := d.clock.Jiffies(now), uint64(d.clock.HZ())
	switch d.sem.CookieGate {
	case kernel.CookieGate3s:
		return int64(d.stamp+3*hz-j) >= 0
	case kernel.CookieGate120s:
		return int64(d.stamp+120*hz-j) >= 0
	case kernel.CookieGateWraps:
		return int32(uint32(d.stamp)+uint32(120*hz)-uint32(j)) >= 0
	}
	lo := uint32(d.stamp) - uint32(hz)
	return uint32(j)-lo <= uint32(121*hz)
}

// cookieACK is section 5; it reports whether the segment is done with.
func (d *dumb) cookieACK(now time.Duration, s queue.Segment, o *out, request bool) bool {
	if !d.gate(now) {
		if o.Reason == queue.ListenerACK {
			o.Reason = queue.CookieNotExpected
		}
		if !d.sem.FailedCookiesOnly {
			o.count(kernel.SyncookiesFailed)
		}
		return false
	}
	v6 := isV6(s)
	mss, good := uint16(0), false
	for _, c := range d.cookies {
		if c.from != s.From || c.to != s.To || d.minute(now)-c.minute >= uint64(d.sem.CookieMinutes) {
			continue
		}
		shift := int32(s.Ack-1-c.isn) - int32(s.Seq-1-c.rcvISN)
		i := c.index + int(shift)
		if i >= 0 && i < len(d.table(v6)) {
			mss, good = d.table(v6)[i], true
		}
	}
	if !good {
		o.Reason = queue.CookieBad
		o.count(kernel.SyncookiesFailed)
		return false
	}
	o.count(kernel.SyncookiesRecv)
	if d.sawTS(s) && d.sem.CookieTSBits == 6 {
		if s.TSEcr&16 != 0 && d.sys.TCPSack == 0 || s.TSEcr&15 != 15 && d.sys.TCPWindowScaling == 0 {
			o.Reason = queue.CookieOptionsInvalid
			return false
		}
	}
	if d.acceptFull() {
		o.Action, o.Reason = queue.Drop, queue.CookieOverflow
		o.count(kernel.ListenOverflows)
		d.listenDrop(o)
		o.Drop = d.reason(kernel.DropReasonsListenACK, queue.DropNoSocket)
		return true
	}
	o.count(kernel.PassiveOpens)
	if request && d.sem.CookieYieldsToRequest {
		o.Action, o.Reason = queue.Drop, queue.CookieDuplicate
		o.Drop = d.reason(kernel.DropReasonsListenACK, queue.DropNoSocket)
		return true
	}
	o.Action, o.Reason = queue.Establish, queue.CookieCompleted
	c := queue.Conn{From: s.From, To: s.To, MSS: mss, SndNxt: s.Ack, RcvNxt: s.Seq, Len: s.Len, Cookie: true}
	if d.sawTS(s) {
		c.Timestamps, c.TSRecent = true, s.TSVal
		bit := 4
		if d.sem.CookieTSBits == 9 {
			bit = 8
		}
		c.SACK = s.TSEcr>>bit&1 != 0
	}
	d.push(c)
	return true
}

func (d *dumb) push(c queue.Conn) {
	d.accept = append(d.accept, c)
	d.length++
	if d.sem.BacklogBits == 16 {
		d.length &= 0xffff
	}
}

func (d *dumb) limited(now time.Duration, r *dumbRequest) bool {
	j := d.clock.Jiffies32(now)
	ms, hz := int64(d.sys.TCPInvalidRatelimit), int64(d.clock.HZ())
	if r.lastOOW != 0 {
		gone := int64(int32(j - r.lastOOW))
		if gone >= 0 && gone < (ms*hz+999)/1000 {
			return true
		}
	}
	r.lastOOW = j
	return false
}

// forRequest is section 7: tcp_check_req.
func (d *dumb) forRequest(now time.Duration, r *dumbRequest, s queue.Segment, o *out) {
	flags := s.Flags & (queue.FlagSYN | queue.FlagACK | queue.FlagRST)
	saw := d.sawTS(s)
	paws, tsecr := false, false
	if saw {
		paws = int32(r.tsRecent-s.TSVal) > 0
		if r.tsRecent == 0 && d.sem.PAWSZeroPasses {
			paws = false
		}
		if flags&queue.FlagRST != 0 && d.timeout(r.timeouts)/time.Second >= 60 {
			paws = false
		}
		if d.sem.RequestTSEcrCheck && r.tsOK && s.TSEcr != 0 {
			tsecr = r.tsL-r.tsFirst < s.TSEcr-r.tsFirst
		}
	}
	swallowed := func(action queue.Action, why queue.Reason, reason queue.DropReason) {
		o.Action, o.Reason = action, why
		o.Drop = d.reason(kernel.DropReasonsRequest, reason)
		if d.sem.SockDropsRequests {
			o.SockDrops++
		}
	}
	if s.Seq == r.rcvISN && flags == queue.FlagSYN && !paws {
		if d.sem.DupSYNRateLimited && d.limited(now, r) {
			o.count(kernel.TCPACKSkippedSynRecv)
			swallowed(queue.Drop, queue.RepeatedSYNTooSoon, queue.DropNotSpecified)
			return
		}
		swallowed(queue.ResendSYNACK, queue.RepeatedSYN, queue.DropNotSpecified)
		o.Reply = d.again(now, r)
		if d.sem.SYNACKTimerCounters {
			o.count(kernel.RetransSegs)
		}
		if d.sem.SYNACKSynRetrans {
			o.count(kernel.TCPSynRetrans)
		}
		if d.sem.DupSYNRearms {
			d.arm(now, r)
		}
		return
	}
	isRST := flags&queue.FlagRST != 0
	if flags&queue.FlagACK != 0 && s.Ack != r.isn+1 && !(isRST && d.sem.RequestRSTExact) {
		d.forListener(now, s, queue.Peer{}, o, queue.Outcome{}, true)
		return
	}
	window := d.cfg.Window
	if window == 0 {
		size, segments := uint32(1460), map[int]uint32{4: 4, 10: 10, 20: 20, 0: 44}[d.sem.InitialWindow]
		if r.from.Addr().Is6() && !r.from.Addr().Is4In6() {
			size = 1440
		}
		if r.tsOK {
			size -= 12
		}
		if segments == 44 {
			segments = 65536 / size
		}
		window = size * segments
	}
	if d.sem.RequestWindowClamp && window > 65535 {
		window = 65535
	}
	low, end := r.rcvISN+1, endSeq(s)
	high := low + window
	in := s.Seq == low || int32(end-low) > 0 && int32(s.Seq-high) < 0 || s.Seq == high && s.Seq == end
	if paws || tsecr || !in {
		action, too := queue.SendACK, false
		if isRST {
			action = queue.Drop
		} else if d.sem.RequestACKRateLimited && !(s.Seq != end && flags&queue.FlagSYN == 0) && d.limited(now, r) {
			action, too = queue.Drop, true
			o.count(kernel.TCPACKSkippedSynRecv)
		}
		switch {
		case paws:
			o.count(kernel.PAWSEstab)
			swallowed(action, queue.PAWSOld, queue.DropPAWS)
			if too {
				o.Reason = queue.PAWSOldTooSoon
			}
		case tsecr:
			o.count(kernel.TSEcrRejected)
			swallowed(action, queue.TSEcrNeverSent, queue.DropTSEcr)
		default:
			swallowed(action, queue.OutOfWindow, queue.DropOverWindow)
			if too {
				o.Reason = queue.OutOfWindowTooSoon
			}
		}
		if action == queue.SendACK {
			o.Reply = queue.Reply{Flags: queue.FlagACK, Seq: r.isn + 1, Ack: r.rcvISN + 1}
		}
		return
	}
	if saw && !d.sem.RequestTSDeferred && int32(s.Seq-low) <= 0 {
		r.tsRecent = s.TSVal
	}
	if s.Seq == r.rcvISN {
		flags &^= queue.FlagSYN
	}
	switch {
	case isRST && d.sem.RequestRSTExact && s.Seq != low:
		if d.limited(now, r) {
			o.count(kernel.TCPACKSkippedChallenge)
			swallowed(queue.Drop, queue.RequestRSTNotExact, queue.DropNotSpecified)
			return
		}
		o.count(kernel.TCPChallengeACK)
		swallowed(queue.SendACK, queue.RequestRSTNotExact, queue.DropNotSpecified)
		o.Reply = queue.Reply{Flags: queue.FlagACK, Seq: r.isn + 1, Ack: r.rcvISN + 1}
	case isRST:
		o.count(kernel.AttemptFails, kernel.EmbryonicRsts)
		swallowed(queue.Remove, queue.RequestRST, queue.DropNotSpecified)
		d.remove(r)
	case flags&queue.FlagSYN != 0:
		o.count(kernel.AttemptFails)
		d.reset(o, s)
		swallowed(queue.ResetRemove, queue.RequestSYN, queue.DropNotSpecified)
		d.remove(r)
	case flags&queue.FlagACK == 0:
		swallowed(queue.Drop, queue.RequestNoACK, queue.DropNotSpecified)
	case r.timeouts < deferRetries(d.sem, d.cfg.DeferAccept) && end == low:
		if d.sem.DeferAcceptCounter {
			o.count(kernel.TCPDeferAcceptDrop)
		}
		r.acked = true
		swallowed(queue.Hold, queue.DeferredACK, queue.DropNotSpecified)
	case d.acceptFull():
		o.count(kernel.ListenOverflows)
		d.listenDrop(o)
		if d.sys.TCPAbortOnOverflow == 0 {
			r.acked = true
			swallowed(queue.Hold, queue.AcceptQueueFullACK, queue.DropListenOverflow)
			return
		}
		d.reset(o, s)
		swallowed(queue.ResetRemove, queue.AcceptQueueFullACK, queue.DropListenOverflow)
		d.remove(r)
	default:
		o.Action, o.Reason = queue.Establish, queue.Completed
		o.count(kernel.PassiveOpens)
		d.remove(r)
		c := queue.Conn{From: r.from, To: r.to, MSS: r.mss, SndNxt: r.isn + 1, RcvNxt: r.rcvISN + 1, Len: s.Len, SACK: r.sack}
		if r.answered >= 0 && d.sem.SYNACKTimeout == time.Second {
			if c.RTT = now - r.answered; c.RTT < time.Microsecond {
				c.RTT = time.Microsecond
			}
		}
		if r.tsOK {
			c.Timestamps, c.TSRecent = true, r.tsRecent
			if d.sawTS(s) && int32(s.Seq-c.RcvNxt) <= 0 {
				c.TSRecent = s.TSVal
			}
		}
		d.push(c)
	}
}

func (d *dumb) reset(o *out, s queue.Segment) {
	o.Reply = resetFor(s)
	if d.sem.EmbryonicRSTAfterReset {
		o.count(kernel.OutRsts, kernel.EmbryonicRsts)
	} else {
		o.count(kernel.EmbryonicRsts, kernel.OutRsts)
	}
}

// again is a SYN-ACK sent once more.
func (d *dumb) again(now time.Duration, r *dumbRequest) queue.Reply {
	p := queue.Reply{Flags: queue.FlagSYN | queue.FlagACK, Seq: r.isn, Ack: r.rcvISN + 1, SACK: r.sack, WindowScale: r.wscale}
	r.answered = -1
	if r.tsOK {
		p.Timestamp, p.TSVal = true, d.tsClock(now)
		r.tsL = p.TSVal
	}
	return p
}

// deferRetries is secs_to_retrans.
func deferRetries(sem kernel.Semantics, secs int) int {
	if secs <= 0 {
		return 0
	}
	t := int(sem.SYNACKTimeout / time.Second)
	n, period := 1, t
	for secs > period && n < 255 {
		n++
		t *= 2
		if t > 120 {
			t = 120
		}
		period += t
	}
	return n
}

func (d *dumb) timeout(n int) time.Duration {
	t, most := d.sem.SYNACKTimeout, 120*time.Second
	if d.sem.SYNACKTimeoutCap && d.sys.TCPRTOMaxMs > 0 {
		most = time.Duration(d.sys.TCPRTOMaxMs) * time.Millisecond
	}
	for range n {
		t *= 2
		if t > most {
			break
		}
	}
	return min(t, most)
}

// arm sets a request's timer.
func (d *dumb) arm(now time.Duration, r *dumbRequest) {
	delay := d.timeout(r.timeouts)
	d.seq++
	if !d.sem.RequestTimers {
		r.due = now + delay - d.clock.Tick()
		return
	}
	due, level := d.clock.TimerExpiry(now, delay, kernel.TimerExact), d.clock.WheelLevel(delay)
	if due != r.due || level != r.level { // otherwise it keeps its place in the bucket
		r.order = d.seq
	}
	r.due, r.level = due, level
}

// sweep is how late a kernel before 4.1 may look at a request.
func (d *dumb) sweep() time.Duration {
	per := int(d.sem.SYNACKTimeout / (200 * time.Millisecond))
	budget := max(1, 2*(int(d.synLimit)/per))
	if int(d.synLimit) < per {
		budget = 1
	}
	runs := (int(d.synLimit) + budget - 1) / budget
	return time.Duration(runs+1)*(200*time.Millisecond+2*d.clock.Tick()) + d.sem.SYNACKTimeout/128
}

// retries is SYN-ACK retries under pressure: 6.3.
func (d *dumb) retries() int {
	left := d.sys.TCPSynackRetries
	if d.cfg.SYNCount != 0 {
		left = d.cfg.SYNCount
	}
	q, y := uint64(len(d.reqs)), uint64(d.young())
	pressure := 2*q > max(8, uint64(d.limit))
	if d.sem.SYNQueue == kernel.SYNQueuePowerOfTwo {
		pressure = q >= uint64(d.synLimit)/2
	}
	if pressure {
		for w := 2 * y; left > 2 && q >= w; w *= 2 {
			left--
		}
	}
	return left
}

// advance checks what happened until now.
func (d *dumb) advance(now time.Duration, events []queue.Event) error {
	thresh, scan := 0, time.Duration(-1)
	var last *dumbRequest
	var lastDue time.Duration
	var lastLevel, lastOrder int
	for i, e := range events {
		var r *dumbRequest
		for _, x := range d.reqs {
			if x.from == e.Peer && x.due <= e.At {
				r = x
				break
			}
		}
		if r == nil {
			return fmt.Errorf("event %d %+v: no such request is due", i, e)
		}
		if e.At > now {
			return fmt.Errorf("event %d at %v is later than %v", i, e.At, now)
		}
		if d.sem.RequestTimers {
			if e.At != r.due {
				return fmt.Errorf("event %d at %v, the timer of %v is due at %v", i, e.At, r.from, r.due)
			}
			if d.sem.Wheel == kernel.WheelCoarse && last != nil && lastDue == e.At {
				if r.level > lastLevel || r.level == lastLevel && r.order > lastOrder {
					return fmt.Errorf("event %d: %v before %v: level %d order %d before level %d order %d", i, last.from, r.from, lastLevel, lastOrder, r.level, r.order)
				}
			} else if last != nil && e.At < lastDue {
				return fmt.Errorf("event %d goes back in time", i)
			}
			last, lastDue, lastLevel, lastOrder = r, e.At, r.level, r.order
			thresh = d.retries()
		} else {
			if late := e.At - r.due; late > d.sweep() {
				return fmt.Errorf("event %d: %v was due at %v, handled %v late, sweep %v", i, r.from, r.due, late, d.sweep())
			}
			if e.At != scan {
				scan, thresh = e.At, d.retries()
			}
		}
		if want := d.fire(e.At, r, thresh); want != e.Outcome {
			return fmt.Errorf("event %d at %v for %v:\n got %s\nwant %s", i, e.At, r.from, show(e.Outcome), show(want))
		}
	}
	for _, r := range d.reqs {
		if d.sem.RequestTimers && r.due <= now {
			return fmt.Errorf("the timer of %v was due at %v and did not fire by %v", r.from, r.due, now)
		}
		if !d.sem.RequestTimers && r.due+d.sweep() < now {
			return fmt.Errorf("%v was due at %v and is not handled by %v", r.from, r.due, now)
		}
	}
	return nil
}

func (d *dumb) fire(at time.Duration, r *dumbRequest, thresh int) queue.Outcome {
	o := &out{}
	if d.state != "listen" {
		o.Action, o.Reason = queue.Remove, queue.ListenerGone
		d.remove(r)
		return d.done(o)
	}
	if d.sem.SYNACKTimerCounters {
		o.count(kernel.TCPTimeouts)
	}
	expired := func(limit int) bool {
		n := deferRetries(d.sem, d.cfg.DeferAccept)
		return r.timeouts >= limit && (n == 0 || !r.acked || r.timeouts >= n)
	}
	if expired(thresh) {
		full := d.sys.TCPSynackRetries
		if d.cfg.SYNCount != 0 {
			full = d.cfg.SYNCount
		}
		o.Action, o.Reason = queue.Remove, queue.RetriesSpent
		if !expired(full) {
			o.Reason = queue.Pruned
		}
		d.remove(r)
		return d.done(o)
	}
	n := deferRetries(d.sem, d.cfg.DeferAccept)
	o.Action, o.Reason = queue.Drop, queue.TimedOut
	if n == 0 || !r.acked || r.timeouts >= n-1 {
		o.Action = queue.ResendSYNACK
		o.Reply = d.again(at, r)
		if d.sem.SYNACKTimerCounters {
			o.count(kernel.RetransSegs)
		}
		if d.sem.SYNACKSynRetrans {
			o.count(kernel.TCPSynRetrans)
		}
	}
	r.timeouts++
	d.arm(at, r)
	return d.done(o)
}
