package queue_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
	"pgregory.net/rapid"
)

// eras names a release of every era of the listen path, stable releases on both
// sides of their backports, and the hybrids.
var eras = []string{
	"2.6.32", "2.6.32.69", "2.6.33", "2.6.34", "2.6.35", "2.6.36", "2.6.38", "3.0", "3.1", "3.2.24", "3.3", "3.7", "3.8", "3.9",
	"3.10.108", "3.11", "3.12", "3.13", "3.15", "3.16.80", "3.16.82", "3.17", "3.18.3", "3.18.4", "3.19", "4.0", "4.1", "4.2", "4.3",
	"4.4", "4.4.155", "4.4.207", "4.6", "4.7", "4.8", "4.9.154", "4.9.166", "4.9.207", "4.10", "4.11", "4.12", "4.13", "4.14.6",
	"4.14.7", "4.15", "4.19.78", "4.19.91", "5.3", "5.4.4", "5.4.5", "5.4.290", "5.5", "5.10.223", "5.10.262", "5.13", "5.17", "5.19",
	"6.1.192", "6.6.71", "6.9", "6.10", "6.12.9", "6.12.107", "6.13", "6.14", "6.15", "6.18.44", "6.19", "7.1.5", "7.2",
	"2.6.32-220.el6.x86_64", "2.6.32-642.el6.x86_64", "3.10.0-1160.el7.x86_64", "4.18.0-147.el8.x86_64",
}

// peers remembers hosts by the last byte of their address: 1 is proven, 2 judged,
// 3 rejected.
type peers struct{}

func (peers) Lookup(now time.Duration, from, _ netip.Addr, timestamp bool, tsval uint32) (proven, judged, rejected bool) {
	b := from.AsSlice()
	p := peerOf(b[len(b)-1])
	return p.Proven, p.Judged, p.Rejected
}

func peerOf(last byte) queue.Peer {
	switch last {
	case 1:
		return queue.Peer{Proven: true}
	case 2:
		return queue.Peer{Judged: true}
	case 3:
		return queue.Peer{Judged: true, Rejected: true}
	}
	return queue.Peer{}
}

// A rig is a Listener, its twin that is asked the same questions, and the dumb model.
type rig struct {
	fatalf func(string, ...any)
	cfg    queue.Config
	a, b   *queue.Listener
	d      *dumb
	now    time.Duration

	sum   kernel.Counters // of all verdicts and events
	done  map[string]bool // tuples that are connected: segments of theirs never come here
	trace []string
}

func newRig(fatalf func(string, ...any), cfg queue.Config, now time.Duration) *rig {
	g := &rig{cfg: cfg, now: now, done: map[string]bool{}}
	g.fatalf = func(format string, args ...any) {
		tail := g.trace[max(0, len(g.trace)-25):]
		fatalf("%s\nsteps:\n  %s", fmt.Sprintf(format, args...), joinLines(tail))
	}
	var err, err2 error
	g.a, err = queue.NewListener(cfg)
	g.b, err2 = queue.NewListener(cfg)
	if err != nil || err2 != nil {
		fatalf("NewListener(%+v): %v, %v", cfg, err, err2)
	}
	g.d = newDumb(cfg)
	g.log("HZ %d defer %d syncount %d window %d, %+v", cfg.HZ, cfg.DeferAccept, cfg.SYNCount, cfg.Window, cfg.Semantics)
	g.logSysctls(cfg.Sysctls)
	return g
}

func joinLines(lines []string) (s string) {
	for _, l := range lines {
		s += l + "\n  "
	}
	return s
}

func (g *rig) log(format string, args ...any) {
	g.trace = append(g.trace, fmt.Sprintf("%v ", g.now)+fmt.Sprintf(format, args...))
}

// view is all that a Listener shows.
type view struct {
	Now, Next time.Duration
	Armed     bool
	Listening bool
	Queues    queue.Queues
	Counters  kernel.Counters
	Drops     uint64
}

func see(l *queue.Listener) view {
	v := view{Now: l.Now(), Listening: l.Listening(), Queues: l.Queues(), Counters: l.Counters(), Drops: l.SockDrops()}
	v.Next, v.Armed = l.Next()
	return v
}

// show prints every field of what a Listener answers, which String does not.
func show(v any) string {
	switch v := v.(type) {
	case queue.Verdict:
		return fmt.Sprintf("{%s: %s [%s] drop %q sk %d logs %v}", v.Action, v.Reason, v.Counters, v.Drop, v.SockDrops, v.Logs)
	case queue.Outcome:
		return show(v.Verdict) + fmt.Sprintf(" %+v", v.Reply)
	case queue.Event:
		return fmt.Sprintf("%v %v ", v.At, v.Peer) + show(v.Outcome)
	case []queue.Event:
		var all string
		for _, e := range v {
			all += show(e) + "\n"
		}
		return all
	}
	return fmt.Sprintf("%+v", v)
}

func (g *rig) same(what string, got, want any) {
	if x, y := show(got), show(want); x != y {
		g.fatalf("%s:\n got %s\nwant %s", what, x, y)
	}
}

func (g *rig) listen(backlog int) {
	g.log("listen(%d)", backlog)
	err, err2 := g.a.Listen(g.now, backlog), g.b.Listen(g.now, backlog)
	g.same("twin", err, err2)
	if g.d.state == "gone" {
		if !errors.Is(err, queue.ErrClosed) {
			g.fatalf("Listen on a closed socket: %v", err)
		}
		return
	}
	if err != nil {
		g.fatalf("Listen(%d): %v", backlog, err)
	}
	g.d.listen(backlog)
}

func (g *rig) receive(s queue.Segment) (queue.Outcome, bool) {
	key := s.From.String() + s.To.String()
	if g.done[key] || g.d.state == "closed" {
		return queue.Outcome{}, false
	}
	g.log("receive %v %v>%v seq %d ack %d len %d ts %v %d/%d mss %d ws %d sack %v mc %v ur %v tw %d", s.Flags, s.From, s.To, s.Seq, s.Ack, s.Len, s.Timestamp, s.TSVal, s.TSEcr, s.MSS, s.WindowScale, s.SACK, s.NotUnicast, s.Unroutable, s.TimeWaitISN)
	before := see(g.a)
	ex, err := g.a.Explain(g.now, s)
	if err != nil {
		g.fatalf("Explain: %v", err)
	}
	g.same("Explain changed something", see(g.a), before)
	got, err := g.a.Receive(g.now, s)
	got2, err2 := g.b.Receive(g.now, s) // no Explain: it has changed nothing either
	if err != nil || err2 != nil {
		g.fatalf("Receive: %v, %v", err, err2)
	}
	g.same("twin", got2, got)
	g.same("Explain", ex.Verdict, got.Verdict)
	if ex.String() == "" || got.Verdict.String() == "" {
		g.fatalf("no explanation")
	}
	b := s.From.Addr().AsSlice()
	want := g.d.receive(g.now, s, peerOf(b[len(b)-1]), got)
	if g.d.sem.CookieTSBits == 9 && got.Action == queue.SendCookie {
		want.Reply.TSVal = got.Reply.TSVal // the dumb model leaves the nine bits out
	}
	g.same("Receive", got, want)
	g.trace[len(g.trace)-1] += " -> " + show(got)
	g.sum.Raise(got.Counters)
	if got.Action < queue.Drop || got.Action > queue.Hold || got.Reason == 0 {
		g.fatalf("no verdict: %+v", got)
	}
	if got.Action == queue.Establish {
		g.done[key] = true
	}
	return got, true
}

func (g *rig) advance(to time.Duration) {
	g.log("advance to %v", to)
	ev, err := g.a.Advance(to)
	if err != nil {
		g.fatalf("Advance(%v): %v", to, err)
	}
	ev = slices.Clone(ev)
	ev2, err := g.b.Advance(to)
	if err != nil {
		g.fatalf("Advance(%v): %v", to, err)
	}
	g.same("twin", ev2, ev)
	g.now = to
	if err := g.d.advance(to, ev); err != nil {
		g.fatalf("Advance(%v): %v", to, err)
	}
	for _, e := range ev {
		g.sum.Raise(e.Counters)
	}
}

func (g *rig) accept() {
	g.log("accept")
	c, ok, err := g.a.Accept(g.now)
	c2, ok2, err2 := g.b.Accept(g.now)
	g.same("twin", fmt.Sprint(c2, ok2, err2), fmt.Sprint(c, ok, err))
	if g.d.state != "listen" {
		if err == nil {
			g.fatalf("Accept on a socket that does not listen: no error")
		}
		return
	}
	want, wantOK := g.d.acceptCall()
	if err != nil || ok != wantOK {
		g.fatalf("Accept: %v %v, want %v", ok, err, wantOK)
	}
	g.same("Accept", c, want)
}

func (g *rig) stop(state string, call func(*queue.Listener) ([]queue.Conn, error)) {
	g.log("%s", state)
	conns, err := call(g.a)
	conns2, err2 := call(g.b)
	g.same("twin", fmt.Sprint(conns2, err2), fmt.Sprint(conns, err))
	if g.d.state != "listen" {
		if g.d.state == "gone" || state == "gone" {
			if state == "gone" && err == nil {
				g.d.state = "gone"
			}
			return
		}
		return
	}
	if err != nil {
		g.fatalf("%s: %v", state, err)
	}
	want := g.d.stop(state)
	g.same(state, append([]queue.Conn{}, conns...), append([]queue.Conn{}, want...))
	g.sum.Add(kernel.OutRsts, uint64(len(want)))
	g.sum.Add(kernel.EstabResets, uint64(len(want)))
}

func (g *rig) setSysctls(s kernel.Sysctls) {
	g.logSysctls(s)
	err, err2 := g.a.SetSysctls(g.now, s), g.b.SetSysctls(g.now, s)
	g.same("twin", err2, err)
	if bad := s.Validate(g.cfg.Semantics); bad != nil {
		if err == nil {
			g.fatalf("SetSysctls takes what the kernel refuses: %v", bad)
		}
		return
	}
	if err != nil {
		g.fatalf("SetSysctls: %v", err)
	}
	g.d.sys = s
}

func (g *rig) logSysctls(s kernel.Sysctls) {
	g.log("sysctls somaxconn %d M %d C %d abort %d retries %d recycle %d ts %d sack %d ws %d rate %d", s.Somaxconn, s.TCPMaxSynBacklog, s.TCPSyncookies, s.TCPAbortOnOverflow, s.TCPSynackRetries, s.TCPTwRecycle, s.TCPTimestamps, s.TCPSack, s.TCPWindowScaling, s.TCPInvalidRatelimit)
}

// bad makes calls that are errors and looks for their traces.
func (g *rig) bad() {
	g.log("bad calls")
	before := see(g.a)
	var errs []error
	if g.now > 0 {
		_, err := g.a.Receive(g.now-1, queue.Segment{From: addr(4, 1, 0, 0), Flags: queue.FlagSYN})
		_, err2 := g.a.Advance(g.now - 1)
		_, _, err3 := g.a.Accept(g.now - 1)
		errs = append(errs, err, err2, err3, g.a.Listen(g.now-1, 1), g.a.SetSysctls(g.now-1, g.d.sys))
	}
	_, err := g.a.Receive(g.now, queue.Segment{Flags: queue.FlagSYN})
	errs = append(errs, err, g.a.Listen(g.now, 1<<31))
	if at, ok := g.a.Next(); ok {
		_, err = g.a.Receive(at, queue.Segment{From: addr(4, 1, 0, 0), Flags: queue.FlagSYN})
		if !errors.Is(err, queue.ErrTimerDue) {
			g.fatalf("Receive when a timer is due: %v", err)
		}
	}
	for i, err := range errs {
		if err == nil {
			g.fatalf("bad call %d: no error", i)
		}
	}
	g.same("an error changed something", see(g.a), before)
}

// check looks at what always has to be so.
func (g *rig) check() {
	v := see(g.a)
	g.same("twin", see(g.b), v)
	g.same("Queues", v.Queues, g.d.queues(g.now))
	g.same("Counters", v.Counters, g.d.counters)
	g.same("Counters as the sum of verdicts and events", v.Counters, g.sum)
	g.same("SockDrops", v.Drops, g.d.drops)
	if v.Listening != (g.d.state == "listen") {
		g.fatalf("Listening() = %v, %s", v.Listening, g.d.state)
	}
	if v.Now != g.now {
		g.fatalf("Now() = %v, want %v", v.Now, g.now)
	}
	if v.Armed && v.Next <= g.now {
		g.fatalf("Next() = %v, and it is %v", v.Next, g.now)
	}
	if !v.Armed && len(g.d.reqs) > 0 {
		g.fatalf("%d requests and no timer", len(g.d.reqs))
	}
	if v.Armed && len(g.d.reqs) == 0 {
		g.fatalf("no requests, but a timer at %v", v.Next)
	}
	if g.d.sem.RequestTimers && v.Armed {
		first := g.d.reqs[0].due
		for _, r := range g.d.reqs {
			first = min(first, r.due)
		}
		if v.Next != first {
			g.fatalf("Next() = %v, want %v", v.Next, first)
		}
	}
	q := v.Queues
	if q.Young > q.Requests {
		g.fatalf("%d young of %d requests", q.Young, q.Requests)
	}
}

func addr(family, host, port, alias int) netip.AddrPort {
	if family == 6 {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0xfd, 15: byte(host)}), uint16(40000+port))
	}
	a := netip.AddrFrom4([4]byte{10, 0, 0, byte(host)})
	if alias == 1 {
		a = netip.AddrFrom16(a.As16())
	}
	return netip.AddrPortFrom(a, uint16(40000+port))
}

func drawRelease(t *rapid.T) kernel.Semantics {
	return kernel.MustParse(rapid.SampledFrom(eras).Draw(t, "release")).Semantics()
}

// drawSysctls draws sysctls around the edges of small queues.
func drawSysctls(t *rapid.T, sem kernel.Semantics) kernel.Sysctls {
	s := kernel.Sysctls{
		Somaxconn:        rapid.SampledFrom([]int{4096, 0, 1, 3, 128}).Draw(t, "somaxconn"),
		TCPMaxSynBacklog: rapid.SampledFrom([]int{256, 8, 4, 16, 1, 0, -1, -2, 128}).Draw(t, "M"),
		TCPSyncookies:    rapid.SampledFrom([]int{1, 0, 0, 2, 3}).Draw(t, "C"),
		TCPSynackRetries: rapid.SampledFrom([]int{5, 1, 0, 2, 3, 7}).Draw(t, "retries"),
		TCPTimestamps:    rapid.SampledFrom([]int{1, 1, 0}).Draw(t, "timestamps"),
		TCPSack:          rapid.SampledFrom([]int{1, 1, 0}).Draw(t, "sack"),
		TCPWindowScaling: rapid.SampledFrom([]int{1, 1, 0}).Draw(t, "scaling"),
	}
	s.TCPAbortOnOverflow = rapid.SampledFrom([]int{0, 1, 2}).Draw(t, "abort")
	if sem.Recycle != kernel.RecycleGone {
		s.TCPTwRecycle = rapid.SampledFrom([]int{0, 1}).Draw(t, "recycle")
	}
	if sem.RateLimitSysctl {
		s.TCPInvalidRatelimit = rapid.SampledFrom([]int{500, 0, 7}).Draw(t, "ratelimit")
	}
	if sem.RTOMaxSysctl {
		s.TCPRTOMaxMs = rapid.SampledFrom([]int{120000, 1000, 5000}).Draw(t, "rtomax")
	}
	if sem.TWReuseDelay {
		s.TCPTWReuseDelay = 1000
	}
	return s
}

// A client is what a test remembers of one, to forge its segments.
type client struct {
	from, to netip.AddrPort
	isn      uint32
	ack      uint32 // the SYN-ACK's number plus one
	tsval    uint32
	ts       bool
	echo     uint32
}

// TestListenerAgainstDumbModel puts random segments, calls and times to a Listener of
// a random release and to the dumb model, and compares everything both show.
func TestListenerAgainstDumbModel(t *testing.T) {
	rapid.Check(t, runMachine)
}

func runMachine(t *rapid.T) { runMachineOf(t, drawRelease(t)) }

func runMachineOf(t *rapid.T, sem kernel.Semantics) {
	cfg := queue.Config{
		Semantics: sem, Sysctls: drawSysctls(t, sem), Key: rapid.Uint64().Draw(t, "key"), Peers: peers{},
		HZ:          rapid.SampledFrom([]int{0, 250, 1000, 100, 300}).Draw(t, "HZ"),
		DeferAccept: rapid.SampledFrom([]int{0, 0, 0, 1, 5}).Draw(t, "defer"),
		SYNCount:    rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "syncount"),
		Window:      rapid.SampledFrom([]uint32{0, 1000, 65535, 100000}).Draw(t, "window"),
	}
	start := rapid.SampledFrom([]time.Duration{0, time.Minute, 299 * time.Second, 419 * time.Second, 100 * time.Hour, 50 * 24 * time.Hour}).Draw(t, "start")
	g := newRig(t.Fatalf, cfg, start+time.Duration(rapid.Uint32Range(0, 1e9).Draw(t, "phase")))
	g.advance(g.now)
	backlogs := rapid.SampledFrom([]int{5, 0, 1, 2, 3, 8, 12, -1, 65536, 65538})
	g.listen(backlogs.Draw(t, "backlog"))
	var clients []*client
	drawClient := func(t *rapid.T) *client {
		if len(clients) == 0 || len(clients) < 40 && rapid.IntRange(0, 2).Draw(t, "new") > 0 {
			n := len(clients)
			c := &client{
				from:  addr(rapid.SampledFrom([]int{4, 4, 6}).Draw(t, "family"), rapid.IntRange(1, 6).Draw(t, "host"), n, 0),
				isn:   rapid.SampledFrom([]uint32{1000, 0, 1<<32 - 1, 1 << 31, 1<<32 - 70000}).Draw(t, "isn"),
				tsval: rapid.SampledFrom([]uint32{1000, 0, 1 << 31, 1<<32 - 1}).Draw(t, "tsval"),
				ts:    rapid.Bool().Draw(t, "ts"),
			}
			clients = append(clients, c)
			return c
		}
		return rapid.SampledFrom(clients).Draw(t, "client")
	}
	send := func(c *client, s queue.Segment) {
		s.From, s.To = c.from, c.to
		if got, ok := g.receive(s); ok && got.Reply.Flags == queue.FlagSYN|queue.FlagACK {
			c.ack, c.echo = got.Reply.Seq+1, got.Reply.TSVal
		}
	}
	syn := func(t *rapid.T, c *client) {
		send(c, queue.Segment{
			Flags: queue.FlagSYN, Seq: c.isn, Timestamp: c.ts, TSVal: c.tsval,
			MSS:         rapid.SampledFrom([]uint16{1460, 0, 536, 535, 1299, 1300, 1459, 63, 65535}).Draw(t, "mss"),
			WindowScale: rapid.SampledFrom([]uint8{0, 1, 8}).Draw(t, "ws"), SACK: rapid.Bool().Draw(t, "sack"),
		})
	}
	// finish is the handshake's ACK.
	finish := func(t *rapid.T, c *client) {
		send(c, queue.Segment{
			Flags: queue.FlagACK, Seq: c.isn + 1, Ack: c.ack, Timestamp: c.ts, TSVal: c.tsval, TSEcr: c.echo,
			Len: rapid.SampledFrom([]uint32{0, 0, 11}).Draw(t, "len"),
		})
	}
	wander := func(t *rapid.T, d time.Duration) {
		to := g.now + d
		if at, ok := g.a.Next(); ok && rapid.IntRange(0, 3).Draw(t, "tothe") == 0 {
			to = at
		}
		g.advance(to)
	}
	t.Repeat(map[string]func(*rapid.T){
		"": func(*rapid.T) { g.check() },
		"SYN": func(t *rapid.T) {
			for range rapid.IntRange(1, 6).Draw(t, "n") {
				syn(t, drawClient(t))
			}
		},
		"ACK":  func(t *rapid.T) { finish(t, drawClient(t)) },
		"ACK2": func(t *rapid.T) { finish(t, drawClient(t)) },
		"odd SYN": func(t *rapid.T) {
			c := drawClient(t)
			if slices.ContainsFunc(g.d.reqs, func(r *dumbRequest) bool { return r.from == c.from }) {
				t.Skip("has a request")
			}
			send(c, queue.Segment{
				Flags: queue.FlagSYN | rapid.SampledFrom([]queue.Flags{0, 0, 0, queue.FlagFIN}).Draw(t, "fin"), Seq: c.isn,
				Timestamp: c.ts, TSVal: c.tsval, NotUnicast: rapid.Bool().Draw(t, "multicast"), Unroutable: rapid.Bool().Draw(t, "unroutable"),
				TimeWaitISN: rapid.SampledFrom([]uint32{0, 1, 77777}).Draw(t, "timewait"), ECN: rapid.Bool().Draw(t, "ecn"),
			})
		},
		"segment": func(t *rapid.T) {
			c := drawClient(t)
			s := queue.Segment{
				Flags: queue.Flags(rapid.IntRange(0, 31).Draw(t, "flags")),
				Seq:   c.isn + rapid.SampledFrom([]uint32{1, 0, 2, 3, 4, 5, 1<<32 - 1, 999, 1000, 1001, 1002, 65535, 65536, 65537, 100001, 1 << 31}).Draw(t, "seq"),
				Ack:   c.ack + rapid.SampledFrom([]uint32{0, 0, 0, 1, 1<<32 - 1, 2}).Draw(t, "ack"),
				Len:   rapid.SampledFrom([]uint32{0, 0, 1, 10}).Draw(t, "len"),

				Timestamp: rapid.Bool().Draw(t, "ts"),
				TSVal:     c.tsval + rapid.SampledFrom([]uint32{0, 1, 1<<32 - 1, 1 << 31, 1<<31 - 1, 1<<31 + 1}).Draw(t, "tsval"),
				TSEcr:     c.echo + rapid.SampledFrom([]uint32{0, 1, 1<<32 - 1, 1 << 31}).Draw(t, "tsecr"),
			}
			send(c, s)
		},
		"wait": func(t *rapid.T) {
			wander(t, rapid.SampledFrom([]time.Duration{time.Second, time.Millisecond, 3 * time.Millisecond, 100 * time.Millisecond, 499 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second, 3 * time.Second, 3004 * time.Millisecond, 7 * time.Second, 30 * time.Second, 60 * time.Second, 119 * time.Second, 121 * time.Second}).Draw(t, "wait"))
		},
		"timer": func(t *rapid.T) {
			if at, ok := g.a.Next(); ok {
				g.advance(at)
			}
		},
		"accept": func(t *rapid.T) { g.accept() },
		"listen": func(t *rapid.T) { g.listen(backlogs.Draw(t, "backlog")) },
		"sysctl": func(t *rapid.T) { g.setSysctls(drawSysctls(t, sem)) },
		"bad":    func(t *rapid.T) { g.bad() },
		"shutdown": func(t *rapid.T) {
			if rapid.IntRange(0, 4).Draw(t, "really") != 0 {
				t.Skip("seldom, since it ends the script")
			}
			g.stop("stopped", func(l *queue.Listener) ([]queue.Conn, error) { return l.Shutdown(g.now) })
		},
		"close": func(t *rapid.T) {
			if rapid.IntRange(0, 9).Draw(t, "really") != 0 {
				t.Skip("seldom, since it ends the script")
			}
			g.stop("gone", func(l *queue.Listener) ([]queue.Conn, error) { return l.Close(g.now) })
		},
	})
}
