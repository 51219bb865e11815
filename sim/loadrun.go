package sim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
	"example.com/linuxtcp/timewait"
)

// retry is a SYN that was not answered: what its socket knows.
type retry struct {
	asked  time.Duration
	resent int
	rto    time.Duration
}

// loadRun is a load at work.
type loadRun struct {
	*Load
	now, until time.Duration
	at         netip.AddrPort
	each       uint64 // users of an address
	q          *queue.Listener
	tw         *timewait.Crowd
	clock      kernel.Clock // of the users
	timer      kernel.SYNTimer
	serverRNG  *rand.Rand

	// What is to come: a new user's SYN, SYNs that are sent again, answers to SYN-ACKs, and other things.
	first         time.Duration // when the next new user's SYN arrives, never if there is none
	arrival       time.Duration // when it is sent
	next          func() (time.Duration, bool)
	syns, answers fifo
	later         itemHeap
	due           time.Duration // of the listener's next timer, never if there is none
	fins          departures    // FINs, by the grain in which they arrive
	finsPut       int           // since the last look
	grain         time.Duration // no timer ends a TIME-WAIT, and no sample is taken, but at multiples of it

	retries map[uint64]*retry
	held    map[uint64]item     // requests whose final ACK the listener did not take
	waiting ring[time.Duration] // the accept queue, as when the users in it came
	limit   int                 // its limit

	busy            int
	paused, stalled bool
	conns           int
	client          ClientRun
	server          ServerRun
	leaked          uint64
	verdicts        map[host.Verdict]uint64
	samples         []Sample
	peak            Sample
	err             error
}

// Run runs the load.
func (l Load) Run() (Report, error) {
	if err := l.check(); err != nil {
		return Report{}, err
	}
	r := &loadRun{
		Load: &l, until: l.For, at: l.at(), each: l.perAddress(), retries: map[uint64]*retry{}, held: map[uint64]item{}, verdicts: map[host.Verdict]uint64{},
	}
	r.syns.due, r.answers.due, r.later.due, r.due, r.fins.next = never, never, never, never, never
	r.client.failures = map[Failure]uint64{}
	w := New(Config{Seed: l.Seed}) // its streams
	r.serverRNG = w.stream("server " + l.name() + " on server")
	r.next = l.Arrivals.Begin(w.stream("arrivals users on users"))
	key := l.Server.Key
	if key == 0 {
		key = w.stream("key server").Uint64()
	}
	key = listenerKey(key)
	hz := l.Users.HZ
	if hz == 0 {
		hz = 250
	}
	var err error
	if r.clock, err = kernel.NewClock(l.Users.Semantics, hz); err != nil {
		return Report{}, err
	}
	s := l.Server
	if r.q, err = queue.NewListener(queue.Config{Semantics: s.Semantics, Sysctls: s.Sysctls, HZ: s.HZ, Key: key, Window: s.Window}); err != nil {
		return Report{}, err
	}
	if err = r.q.Listen(0, l.Program.Backlog); err != nil {
		return Report{}, err
	}
	r.limit = int(r.q.Queues().AcceptLimit)
	if r.tw, err = timewait.NewCrowd(timewait.Config{Semantics: s.Semantics, Sysctls: s.Sysctls, HZ: s.HZ, Wall: s.Wall}); err != nil {
		return Report{}, err
	}
	r.timer = kernel.SYNTimer{Retries: l.Users.Sysctls.TCPSynRetries, RTOMax: time.Duration(l.Users.Sysctls.TCPRTOMaxMs) * time.Millisecond, Linear: l.Users.Sysctls.TCPSynLinearTimeouts}
	if r.timer.Retries == 0 {
		r.timer.Retries = l.Users.Semantics.SYNRetriesDefault
	}
	r.grain = r.grainOf(s.HZ)
	r.arrive()
	r.run()
	return r.report(), r.err
}

// grainOf is the longest time between whose multiples nothing happens to TIME-WAIT entries: no jiffy of the server
// begins, and no sample is taken.
func (r *loadRun) grainOf(hz int) time.Duration {
	if hz == 0 {
		hz = 250
	}
	if time.Second%time.Duration(hz) != 0 {
		return 1 // jiffies begin at any nanosecond
	}
	a, b := time.Second/time.Duration(hz), r.Sample
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func (r *loadRun) fail(err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("sim: at %v: %w", r.now, err)
	}
}

// listenerKey is the key that a host with a key gives to its listeners, on which to 4.0 the times of SYN-ACKs
// depend that are sent again. If package host did it another way, the tests would tell.
func listenerKey(key uint64) uint64 {
	x := key ^ 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// arrive draws the next arrival.
func (r *loadRun) arrive() {
	at, more := r.next()
	r.arrival = max(r.arrival, at)
	r.first = r.arrival + r.Delay
	if !more || r.Count > 0 && r.client.asked == uint64(r.Count) {
		r.arrival, r.first = never, never
	}
}

// asked counts the user who has arrived.
func (r *loadRun) asked() {
	if r.client.asked == mostAddresses*r.each {
		r.fail(fmt.Errorf("there are addresses for %d users", r.client.asked))
		return
	}
	r.client.asked++
	r.client.attempts++
}

// run goes from event to event. What happens only to what nobody looks at before the next sample is left to the
// end or to that: arrivals, whose SYNs are the events here, and FINs.
func (r *loadRun) run() {
	sample := never
	if r.Sample > 0 {
		sample = 0
	}
	for r.err == nil {
		// The earliest, and of one moment: timers, then samples, then what comes over the wire.
		at, which := r.due, 1
		if sample < at {
			at, which = sample, 2
		}
		if r.syns.due < at {
			at, which = r.syns.due, 3
		}
		if r.first < at && r.Delay > 0 {
			at, which = r.first, 4
		}
		if r.answers.due < at {
			at, which = r.answers.due, 5
		}
		if r.later.due < at {
			at, which = r.later.due, 6
		}
		if r.first < at { // without a delay a SYN arrives when it is sent, and users come after all else
			at, which = r.first, 4
		}
		if at > r.until {
			break
		}
		r.now = max(r.now, at)
		switch which {
		case 1:
			r.timers()
		case 2:
			r.sample()
			sample += r.Sample
		case 3:
			r.syn(r.syns.take())
		case 4:
			if r.asked(); r.err != nil {
				continue
			}
			x := item{asked: r.arrival, n: r.client.asked, kind: atSYN}
			r.arrive()
			r.syn(x)
		case 5:
			r.answer(r.answers.take())
		case 6:
			r.do(r.later.take())
		}
	}
	for r.arrival <= r.until && r.err == nil { // their SYNs are on their way
		r.asked()
		r.arrive()
	}
	r.now = r.until
	r.timers()
	r.finish(never)
	r.expire(r.now)
}

// armed notes when the listener's next timer is due.
func (r *loadRun) armed() {
	r.due = never
	if due, ok := r.q.Next(); ok {
		r.due = due
	}
}

// timers fires what is due of the listener: SYN-ACKs go out again.
func (r *loadRun) timers() {
	if due, ok := r.q.Next(); !ok || due > r.now {
		return
	}
	events, err := r.q.Advance(r.now)
	r.fail(err)
	r.armed()
	for _, e := range events {
		n := numberOf(e.Peer, r.each)
		x, ok := r.held[n]
		if !ok {
			continue
		}
		if e.Reply.Flags == 0 {
			delete(r.held, n)
			continue
		}
		x.at, x.ts = e.At+2*r.Delay, e.Reply.TSVal
		r.answers.put(x)
	}
}

// expire ends the TIME-WAIT entries whose time is over.
func (r *loadRun) expire(now time.Duration) {
	if due, ok := r.tw.Next(); ok && due <= now {
		_, err := r.tw.Advance(now)
		r.fail(err)
	}
}

// isn is the number of a user's SYN.
func isn(n uint64) uint32 { return uint32(n) * 64_001 }

// syn is a SYN's arrival.
func (r *loadRun) syn(x item) {
	from := user(x.n, r.each)
	stamps := r.Users.Sysctls.TCPTimestamps != 0
	s := queue.Segment{From: from, To: r.at, Flags: queue.FlagSYN, Seq: isn(x.n), MSS: 1460, Timestamp: stamps, SACK: r.Users.Sysctls.TCPSack != 0}
	if stamps {
		s.TSVal = uint32((r.now - r.Delay) / time.Millisecond)
	}
	if r.Users.Sysctls.TCPWindowScaling != 0 {
		s.WindowScale = 8
	}
	out, err := r.q.Receive(r.now, s)
	r.fail(err)
	r.armed()
	r.note(host.Verdict{Place: host.AtListener, Listener: out.Verdict})
	if out.Reply.Flags == 0 {
		r.unanswered(x)
		return
	}
	there := r.now + r.Delay
	x.at, x.seq, x.ts, x.hasTS = there+r.Delay, out.Reply.Seq, out.Reply.TSVal, out.Reply.Timestamp
	if r.Timeout > 0 && x.asked+r.Timeout <= there {
		x.kind = atRST
		r.answers.put(x)
		return
	}
	if len(r.retries) > 0 {
		delete(r.retries, x.n)
	}
	if there <= r.until {
		r.client.connected++
		r.client.connect.Add(there - x.asked)
	}
	x.kind = atACK
	r.answers.put(x)
}

// unanswered is what follows for the user.
func (r *loadRun) unanswered(x item) {
	t := r.retries[x.n]
	if t == nil {
		if r.Timeout > 0 && x.asked+r.Timeout <= r.now {
			return // it has given up already
		}
		t = &retry{asked: x.asked, rto: r.Users.Semantics.SYNTimeout}
		r.retries[x.n] = t
		if r.Timeout > 0 {
			r.later.put(item{at: x.asked + r.Timeout, n: x.n, kind: atGiveUp})
		}
	}
	sent := r.now - r.Delay
	r.later.put(item{at: r.clock.TimerExpiry(sent, t.rto, kernel.TimerSlack), n: x.n, kind: atTimer})
}

// since is the time since an instant as the users' kernel sees it.
func (r *loadRun) since(then time.Duration) time.Duration {
	if r.Users.Semantics.TimestampMillis {
		return (r.now/time.Millisecond - then/time.Millisecond) * time.Millisecond
	}
	return time.Duration(r.clock.Jiffies(r.now)-r.clock.Jiffies(then)) * time.Second / time.Duration(r.clock.HZ())
}

// do is one of the rarer things.
func (r *loadRun) do(x item) {
	switch x.kind {
	case atServed:
		r.busy--
		r.accept()
	case atAccept:
		r.paused = false
		r.accept()
	case atUnstall:
		r.stalled = false
		r.accept()
	case atGiveUp:
		if r.retries[x.n] != nil {
			delete(r.retries, x.n)
			r.client.failed++
			r.client.failures[Failure{Timeout: true}]++
		}
	case atTimer:
		t := r.retries[x.n]
		if t == nil {
			return
		}
		next, expired, err := r.timer.Step(&r.Users.Semantics, t.resent, r.since(t.asked), t.rto)
		if expired || err != nil {
			delete(r.retries, x.n)
			r.client.failed++
			r.client.failures[Failure{Errno: host.ETIMEDOUT}]++
			return
		}
		t.resent++
		t.rto = next
		r.syns.put(item{at: r.now + r.Delay, asked: t.asked, n: x.n, kind: atSYN})
	}
}

// answer is the arrival of what a user answers a SYN-ACK with.
func (r *loadRun) answer(x item) {
	from := user(x.n, r.each)
	s := queue.Segment{From: from, To: r.at, Flags: queue.FlagACK, Seq: isn(x.n) + 1, Ack: x.seq + 1, Timestamp: x.hasTS}
	if x.hasTS {
		s.TSVal, s.TSEcr = uint32((r.now-r.Delay)/time.Millisecond), x.ts
	}
	v := host.Verdict{Place: host.AtListener}
	if x.kind == atRST {
		s = queue.Segment{From: from, To: r.at, Flags: queue.FlagRST, Seq: isn(x.n) + 1}
	}
	if x.kind == atRST || r.waiting.size > r.limit {
		if _, ok := r.q.Request(from, r.at); ok && r.Server.Semantics.RequestsInEhash {
			v.Place = host.AtRequest
		}
	}
	out, err := r.q.Receive(r.now, s)
	r.fail(err)
	r.armed()
	v.Listener = out.Verdict
	r.note(v)
	if out.Action == queue.Establish {
		if len(r.held) > 0 {
			delete(r.held, x.n)
		}
		r.conns++
		r.waiting.put(x.asked)
		now := r.q.Queues()
		r.server.peakAccept, r.server.peakRequests = max(r.server.peakAccept, now.AcceptLen), max(r.server.peakRequests, now.Requests)
		r.accept()
		return
	}
	if x.kind != atACK {
		return
	}
	if out.Reply.Flags&queue.FlagRST != 0 { // tcp_abort_on_overflow
		delete(r.held, x.n)
		if there := r.now + r.Delay; there <= r.until {
			r.client.resets++
			r.client.closed++
			r.client.session.Add(there - x.asked)
		}
		return
	}
	if _, ok := r.q.Request(from, r.at); ok {
		r.held[x.n] = x
	}
}

func (r *loadRun) note(v host.Verdict) {
	if refuses(v) {
		r.verdicts[v]++
	}
}

// accept is that of ServerRun.
func (r *loadRun) accept() {
	p := &r.Program
	for !p.NeverAccept && !r.paused && (p.Workers == 0 || r.busy < p.Workers) {
		if end, stalled := p.Stall.until(r.now); stalled {
			if !r.stalled {
				r.stalled = true
				r.later.put(item{at: end, kind: atUnstall})
			}
			return
		}
		if r.waiting.size == 0 {
			return
		}
		_, ok, err := r.q.Accept(r.now)
		r.fail(err)
		if !ok {
			return
		}
		asked := r.waiting.take()
		r.server.accepted++
		if p.AcceptTime != (Span{}) {
			r.paused = true
			r.later.put(item{at: r.now + p.AcceptTime.draw(r.serverRNG), kind: atAccept})
		}
		leaks := p.Leak > 0 && r.serverRNG.Float64() < p.Leak
		at := r.now
		if p.Service != (Span{}) {
			at += p.Service.draw(r.serverRNG)
			if end, stalled := p.Stall.until(at); stalled {
				at = end
			}
			if p.Workers > 0 { // otherwise nobody waits for the end
				r.busy++
				r.later.put(item{at: at, kind: atServed})
			}
		}
		r.served(at, asked, leaks)
	}
}

// served is the end of a service, which may be to come.
func (r *loadRun) served(at, asked time.Duration, leaks bool) {
	if at > r.until {
		return
	}
	r.server.served++
	if leaks {
		r.leaked++
		return
	}
	r.server.closed++
	if there := at + r.Delay; there <= r.until {
		r.client.closed++
		r.client.session.Add(there - asked)
	}
	// The user's FIN, which acknowledges the server's.
	if fin := at + 2*r.Delay; fin <= r.until {
		r.fins.put(fin - fin%r.grain)
		if r.finsPut++; r.finsPut == finsAtOnce {
			r.finish(r.now - r.now%r.grain)
		}
	}
}

// finsAtOnce is how many FINs may wait to be looked at.
const finsAtOnce = 4096

// finish lets the FINs arrive that are due before a moment: TIME-WAIT.
func (r *loadRun) finish(before time.Duration) {
	r.finsPut = 0
	for r.fins.next < before {
		at, n := r.fins.take()
		r.expire(at)
		r.conns -= n
		_, err := r.tw.Enter(at, n)
		r.fail(err)
	}
}

// measure is Node.measure.
func (r *loadRun) measure() Sample {
	r.finish(r.now)
	r.expire(r.now)
	q := r.q.Queues()
	s := Sample{
		At: r.now, Node: "server", Accept: int(q.AcceptLen), Requests: int(q.Requests), Connections: r.conns, TimeWait: r.tw.Len(),
		Bound: 1 + r.conns + r.tw.Len(),
	}
	s.Bytes = int64(s.Connections)*ConnectionBytes + int64(s.TimeWait)*int64(timewait.EntryBytes(&r.Server.Semantics, false))
	r.peak.raise(s)
	return s
}

func (r *loadRun) sample() {
	r.samples = append(r.samples, r.measure())
	if r.Progress != nil {
		r.Progress(r.now)
	}
}

// report is World.Report.
func (r *loadRun) report() Report {
	n := &Node{name: "users"}
	r.client.Client = Client{Name: "users", Node: n}
	q := r.q.Queues()
	all := r.q.Counters()
	for c, k := range r.tw.Counters().All() {
		all.Add(c, k)
	}
	now := r.measure()
	node := nodeReport("server", all, r.verdicts, now, r.peak)
	return Report{
		Seed: r.Seed, At: r.now, Clients: []ClientReport{r.client.Report()},
		Servers: []ServerReport{{
			Name: r.name(), Node: "server", Accepted: r.server.accepted, Served: r.server.served, Closed: r.server.closed, Leaked: r.leaked,
			AcceptQueue: Depth{q.AcceptLen, max(r.server.peakAccept, q.AcceptLen), q.AcceptLimit},
			SYNQueue:    Depth{q.Requests, max(r.server.peakRequests, q.Requests), q.SYNLimit},
		}},
		Nodes: []NodeReport{node}, Paths: []PathReport{{A: "users", B: "server", Stopped: []Count{}}}, Samples: r.samples,
	}
}
