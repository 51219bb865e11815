package main

import (
	"fmt"
	"slices"
	"time"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/sim"
)

const (
	depthPoints   = 240
	depthSamples  = 10 * depthPoints
	curvePoints   = 16
	acrossRuns    = 3
	acrossPoints  = 8
	nearlyTooBusy = 0.8
	wraps         = "16 bits" // a GivenReport.Bound
)

// usualBacklogs are what programs pass to listen(): Rust and old somaxconn, nginx and Redis, and today's somaxconn.
var usualBacklogs = []int{128, 511, 1024, 4096}

// acrossReleases are the kernels of -across: those at hand that answer differently, and builds of vendors.
var acrossReleases = []string{
	"2.6.32", "2.6.32-642.el6", "3.10.0-1160.el7", "3.10.108", "4.4.155", "4.9.154", "4.18.0-147.el8", "4.19.91", "5.10.223", "6.1.192", "6.12.117", "7.2.13",
}

// report finds the whole answer.
func (q *incoming) report() (*ServerReport, error) {
	users, err := sim.Stock(q.o.users)
	if err != nil {
		return nil, asked.Mistakef("-users: %w", err)
	}
	q.users = users
	o := q.o
	backlog := q.backlog()
	r := &ServerReport{
		Load: o.loadText(q.w), Program: o.programText(), Rate: q.w.mean, Length: o.length.Seconds(), Runs: o.runs, Allowed: o.lose,
	}
	var lacks string
	r.Busy, lacks = o.busy(q.w)
	given := q.batch(q.c, backlog, seeds(o.runs))
	for _, x := range given {
		if x.err != nil {
			return nil, x.err
		}
	}
	if r.Given = q.given(backlog, given); r.Given.Connections == 0 {
		return nil, asked.Mistakef("-for %v: nobody comes within that time in any of %d runs", o.length, o.runs)
	}
	t := q.trial(q.c, o.runs)
	if r.Busy < 1 {
		if r.Needed, err = t.smallest(given, o.lose); err != nil {
			return nil, err
		}
	}
	if r.Given.Most > o.lose {
		if r.Remedies, err = q.remedies(r, backlog, worst(given)); err != nil {
			return nil, err
		}
	}
	if err := q.ownRun(r, backlog); err != nil {
		return nil, err
	}
	if err := q.backlogs(r, t); err != nil {
		return nil, err
	}
	if o.curve {
		top := r.Needed.Backlog
		if !r.Needed.Found {
			top = backlog
		}
		if r.Curve, err = q.curve(q.c, top, curvePoints); err != nil {
			return nil, err
		}
	}
	if o.across {
		if r.Across, err = q.across(backlog); err != nil {
			return nil, err
		}
	}
	r.Findings = q.findings(r, lacks)
	if o.closes == clientSide && r.Given.Losses > 0 {
		q.c.notes = append(q.c.notes, "What is lost is counted for a server that closes first. Where clients do, the FIN of one whose handshake was dropped is dropped as well or completes it: ListenOverflows counts more, and some waits are shorter. What is needed to lose nothing is the same.")
	}
	return r, nil
}

// backlog is what the program passes to listen(): by itself all that somaxconn allows, as Go programs do.
func (q *incoming) backlog() int {
	if q.o.backlog != nil {
		return *q.o.backlog
	}
	return max(q.c.sys.Somaxconn, 0)
}

// given sums up the runs with the backlog given.
func (q *incoming) given(backlog int, list []outcome) GivenReport {
	g := GivenReport{Backlog: backlog, Limit: q.c.limit(backlog), Least: 1}
	somaxconn := q.c.sys.Somaxconn
	switch {
	case int64(g.Limit) == int64(backlog) && backlog == somaxconn:
		g.Bound, g.BoundText = "somaxconn", fmt.Sprintf("net.core.somaxconn, which is %d as well", somaxconn)
	case int64(g.Limit) == int64(backlog):
		g.Bound, g.BoundText = "backlog", fmt.Sprintf("what the program passes to listen(); net.core.somaxconn allows %d", somaxconn)
	case int64(g.Limit) == int64(somaxconn):
		g.Bound, g.BoundText = "somaxconn", fmt.Sprintf("net.core.somaxconn %d, which is less than the program asks for", somaxconn)
	default:
		g.Bound, g.BoundText = wraps, "the 16 bits in which this kernel keeps it"
	}
	for _, x := range list {
		if x.drops > 0 {
			g.Lossy++
		}
		g.Least, g.Most = min(g.Least, x.lost), max(g.Most, x.lost)
		g.Losses += x.drops
		g.Connections += x.asked
	}
	return g
}

// worst is the seed that lost most.
func worst(list []outcome) uint64 {
	at := 0
	for i, x := range list {
		if x.lost > list[at].lost {
			at = i
		}
	}
	return uint64(at + 1)
}

// remedies tries settings, each alone, with the seed that lost most.
func (q *incoming) remedies(r *ServerReport, backlog int, seed uint64) ([]RemedyReport, error) {
	var list []RemedyReport
	var failed error
	try := func(change string, backlog int, edit func(c *config, o *options)) bool {
		other, c := *q, *q.c
		edit(&c, &other.o)
		x := other.batch(&c, backlog, []uint64{seed})[0]
		if failed == nil {
			failed = x.err
		}
		list = append(list, RemedyReport{change, x.lost, x.lost <= q.o.lose})
		return x.lost <= q.o.lose
	}
	if n := r.Needed.Backlog; r.Needed.Found && (n > backlog || r.Given.Bound == wraps) {
		if !try(fmt.Sprintf("listen(%d) in the program", n), n, func(*config, *options) {}) && n > q.c.sys.Somaxconn {
			try(listenText(n, q.c), n, func(c *config, _ *options) { c.sys.Somaxconn = n })
		}
	}
	if n := r.Needed.Backlog; r.Needed.Found && n > q.c.sys.Somaxconn {
		try(fmt.Sprintf("net.core.somaxconn=%d", n), backlog, func(c *config, _ *options) { c.sys.Somaxconn = n })
	}
	if q.c.sys.TCPSyncookies == 0 {
		try("net.ipv4.tcp_syncookies=1", backlog, func(c *config, _ *options) { c.sys.TCPSyncookies = 1 })
	}
	if q.c.sys.TCPSyncookies == 0 || q.c.sem.SYNQueue == kernel.SYNQueuePowerOfTwo {
		const many = 1 << 17
		try(fmt.Sprintf("net.ipv4.tcp_max_syn_backlog=%d", many), backlog, func(c *config, _ *options) { c.sys.TCPMaxSynBacklog = many })
	}
	if q.c.sys.TCPSyncookies == 0 && !r.Needed.Found && r.Busy < 1 { // it takes two settings
		cookies := *q.c
		cookies.sys.TCPSyncookies = 1
		n, err := q.trial(&cookies, q.o.runs).smallest(nil, q.o.lose)
		if failed == nil {
			failed = err
		}
		if n.Found {
			try(fmt.Sprintf("net.ipv4.tcp_syncookies=1 and %s", listenText(n.Backlog, q.c)), n.Backlog, func(c *config, _ *options) { *c = *cookies.allows(n.Backlog) })
		}
	}
	if r.Busy >= 1 && q.o.workers > 0 {
		n := q.o.workersNeeded(q.w)
		try(fmt.Sprintf("%d workers", n), backlog, func(_ *config, o *options) { o.workers = n })
	}
	return list, failed
}

// listenText is what it takes to have a backlog.
func listenText(n int, c *config) string {
	if c.allows(n) == c {
		return fmt.Sprintf("listen(%d) in the program", n)
	}
	return fmt.Sprintf("listen(%d) and net.core.somaxconn=%d", n, n)
}

// ownRun runs seed 1 with the backlog given and tells all of it.
func (q *incoming) ownRun(r *ServerReport, backlog int) error {
	run, err := q.detail(q.c, backlog, 1, max(q.o.length/depthSamples, 1))
	if err != nil {
		return err
	}
	c, s, n := run.Clients[0], run.Servers[0], run.Nodes[0]
	r.Users = UsersReport{Asked: c.Asked, Connected: c.Connected, Failed: c.Failed, Resets: c.Resets, Connect: times(c.Connect), Served: times(c.Session)}
	keepsTimeWait := q.o.closes == serverSide
	for _, k := range n.Counters {
		if keepsTimeWait || k.What != kernel.TW.String() && k.What != kernel.TCPTimeWaitOverflow.String() {
			r.Counters = append(r.Counters, CountReport{k.What, k.N})
		}
	}
	r.Memory = MemoryReport{AcceptQueue: s.AcceptQueue.Peak, SYNQueue: s.SYNQueue.Peak}
	for i, x := range run.Samples {
		if !keepsTimeWait {
			x.TimeWait, x.Bytes = 0, int64(x.Connections)*sim.ConnectionBytes
		}
		m := &r.Memory
		m.Connections, m.TimeWait, m.Bytes = max(m.Connections, x.Connections), max(m.TimeWait, x.TimeWait), max(m.Bytes, x.Bytes)
		at := i * depthPoints / len(run.Samples)
		if at == len(r.Depth) {
			r.Depth = append(r.Depth, DepthPoint{At: x.At.Seconds()})
		}
		d := &r.Depth[at]
		d.Accept, d.Requests, d.TimeWait = max(d.Accept, x.Accept), max(d.Requests, x.Requests), max(d.TimeWait, x.TimeWait)
	}
	r.Backlogs = []LossReport{lossReport(backlog, &run)}
	return nil
}

// backlogs completes the table of what backlogs lose: those below the largest of interest.
func (q *incoming) backlogs(r *ServerReport, t *trial) error {
	given := r.Given.Backlog
	top := given
	if r.Needed.Found {
		top = r.Needed.Backlog
	}
	list := slices.DeleteFunc(slices.Clone(usualBacklogs), func(b int) bool { return b >= top })
	if r.Needed.Found {
		list = append(list, r.Needed.Backlog)
	}
	for _, b := range list {
		if b == given {
			continue
		}
		if x, ok := t.free[1]; ok && t.same(x, b) && r.Given.Lossy == 0 {
			row := r.Backlogs[0] // of the backlog given
			row.Backlog = b
			r.Backlogs = append(r.Backlogs, row)
			continue
		}
		run, err := q.detail(q.c.allows(b), b, 1, 0)
		if err != nil {
			return err
		}
		r.Backlogs = append(r.Backlogs, lossReport(b, &run))
	}
	slices.SortFunc(r.Backlogs, func(a, b LossReport) int { return a.Backlog - b.Backlog })
	return nil
}

// curve is what backlogs from 0 to a largest lose.
func (q *incoming) curve(c *config, top, points int) ([]CurvePoint, error) {
	var list []CurvePoint
	for i := range points + 1 {
		b := top * i / points
		if i > 0 && b == list[len(list)-1].Backlog {
			continue
		}
		x := q.batch(c.allows(b), b, []uint64{1})[0]
		if x.err != nil {
			return nil, x.err
		}
		list = append(list, CurvePoint{b, x.lost})
	}
	return list, nil
}

// across asks other kernels.
func (q *incoming) across(backlog int) (*AcrossReport, error) {
	a := &AcrossReport{Backlog: backlog, Runs: min(q.o.runs, acrossRuns)}
	for _, name := range acrossReleases {
		there, err := q.c.on(kernel.MustParse(name))
		if err != nil {
			return nil, err
		}
		row := AcrossRow{Release: name, Limit: there.limit(backlog)}
		given := q.batch(there, backlog, seeds(a.Runs))
		for _, x := range given {
			if x.err != nil {
				return nil, x.err
			}
			row.Lost = max(row.Lost, x.lost)
		}
		if busy, _ := q.o.busy(q.w); busy < 1 {
			if row.Needed, err = q.trial(there, a.Runs).smallest(given, q.o.lose); err != nil {
				return nil, err
			}
		}
		run, err := q.detail(there, backlog, 1, 0)
		if err != nil {
			return nil, err
		}
		c := run.Clients[0]
		row.P99, row.Longest = c.Connect.P99.Seconds(), c.Connect.Max.Seconds()
		for _, n := range c.Connect.Steps[1:] {
			row.Late += n
		}
		row.Cookies, row.Overflows, row.Drops = counted(&run, kernel.SyncookiesSent), counted(&run, kernel.ListenOverflows), counted(&run, kernel.ListenDrops)
		if q.o.curve && row.Needed.Found {
			if row.Curve, err = q.curve(there, row.Needed.Backlog, acrossPoints); err != nil {
				return nil, err
			}
		}
		a.Rows = append(a.Rows, row)
	}
	return a, nil
}

// differs reports whether another kernel does something else in the run of seed 1.
func (q *incoming) differs(c *config) (bool, error) {
	if q.own == "" {
		here, err := q.detail(q.c, q.backlog(), 1, 0)
		if err != nil {
			return false, err
		}
		q.own = fmt.Sprint(here)
	}
	there, err := q.detail(c, q.backlog(), 1, 0)
	return q.own != fmt.Sprint(there), err
}

// counted is a counter of the server.
func counted(r *sim.Report, c kernel.Counter) uint64 {
	for _, k := range r.Nodes[0].Counters {
		if k.What == c.String() {
			return k.N
		}
	}
	return 0
}

func lossReport(backlog int, run *sim.Report) LossReport {
	c := run.Clients[0]
	r := LossReport{
		Backlog: backlog, Median: c.Connect.P50.Seconds(), P99: c.Connect.P99.Seconds(), Longest: c.Connect.Max.Seconds(),
		Failed: c.Failed, Resets: c.Resets, Peak: run.Servers[0].AcceptQueue.Peak, Again: [5]uint64(c.Connect.Steps[1:]),
	}
	r.Lost, r.Losses = lossOf(run)
	return r
}

func times(l sim.Latency) TimeReport {
	return TimeReport{l.Min.Seconds(), l.P50.Seconds(), l.P90.Seconds(), l.P99.Seconds(), l.Max.Seconds(), l.Steps}
}

func seconds(s float64) time.Duration { return time.Duration(s * 1e9) }
