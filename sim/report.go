package sim

import (
	"cmp"
	"slices"
	"time"

	"example.com/linuxtcp/host"
	"example.com/linuxtcp/kernel"
	"example.com/linuxtcp/queue"
)

// A Report is what became of a world until now. Every list has an order of its own making: same seed, same
// bytes. Times are in nanoseconds in JSON.
type Report struct {
	Seed    uint64         `json:"seed"`    // of the world
	At      time.Duration  `json:"at_ns"`   // the world's time
	Clients []ClientReport `json:"clients"` // in the order in which they were added
	Servers []ServerReport `json:"servers"` // likewise
	Nodes   []NodeReport   `json:"nodes"`   // likewise
	Paths   []PathReport   `json:"paths"`   // in the order of [World.Join]
	// Unrouted are segments to which no path or no mapping of a NAT belonged.
	Unrouted uint64   `json:"unrouted"`
	Samples  []Sample `json:"samples,omitempty"` // by time, then by node; none without [Config].Sample
}

// A Count is how often something happened.
type Count struct {
	What string `json:"what"` // a counter's name, an errno, a verdict
	N    uint64 `json:"n"`    // how often
}

// A ClientReport is how a client's users fared.
type ClientReport struct {
	Name string `json:"name"` // of the [Client]
	Node string `json:"node"` // the name of its host
	// Asked are the connections wanted, Connected those that came, Failed those that did not, after Attempts
	// in all. What is missing is still on its way.
	Asked     uint64 `json:"asked"`
	Connected uint64 `json:"connected"`
	Failed    uint64 `json:"failed"`
	Attempts  uint64 `json:"attempts"`
	// Failures are the attempts that failed, by errno, the most frequent first.
	Failures []Count `json:"failures"`
	// Closed are the connections that came and went, Resets those of them that the peer reset.
	Closed uint64 `json:"closed"`
	Resets uint64 `json:"resets"`
	// Connect is how long it took from the first attempt to the connection, Session from there to the
	// client's close.
	Connect Latency `json:"connect"`
	Session Latency `json:"session"`
}

// A Latency tells how times are distributed.
type Latency struct {
	N   uint64        `json:"n"`      // how many times were measured
	Min time.Duration `json:"min_ns"` // the smallest, exactly
	P50 time.Duration `json:"p50_ns"` // half of them are not above this, to 1/64
	P90 time.Duration `json:"p90_ns"` // nine tenths
	P99 time.Duration `json:"p99_ns"` // 99 of 100
	Max time.Duration `json:"max_ns"` // the largest, exactly
	// Steps are how many took about as long as SYNs that are lost or dropped make it take: less than 0.9 s,
	// 2.9 s, 6.9 s, 14.9 s, 30.9 s, and longer. With the initial timeout of 1 s they part connections whose SYN
	// went out once, twice (1 s), three times (3 s), four (7 s), five (15 s) and more often.
	Steps [6]uint64 `json:"steps"`
}

// stepBounds are the upper bounds of Latency.Steps, which begin at 0; what is above the last is in the cell
// after it.
var stepBounds = [5]time.Duration{900 * time.Millisecond, 2900 * time.Millisecond, 6900 * time.Millisecond, 14900 * time.Millisecond, 30900 * time.Millisecond}

// stepNames head their columns.
var stepNames = [6]string{"<0.9s", "1s", "3s", "7s", "15s", "31s+"}

func latency(h *histogram) Latency {
	l := Latency{N: h.N(), Min: h.Min(), P50: h.Quantile(0.5), P90: h.Quantile(0.9), P99: h.Quantile(0.99), Max: h.Max()}
	before := uint64(0)
	for i, bound := range stepBounds {
		below := h.Below(bound)
		l.Steps[i] = below - before
		before = below
	}
	l.Steps[len(stepBounds)] = l.N - before
	return l
}

// A ServerReport is what a server did.
type ServerReport struct {
	Name     string `json:"name"`     // of the [Server]
	Node     string `json:"node"`     // the name of its host
	Accepted uint64 `json:"accepted"` // connections that accept() returned
	Served   uint64 `json:"served"`   // of them those whose service is over
	Closed   uint64 `json:"closed"`   // that it closed
	Resets   uint64 `json:"resets"`   // that the peer had reset
	Leaked   uint64 `json:"leaked"`   // that it forgot to close
	// AcceptQueue is the accept queue now, its largest length, and its limit, of which one more fit.
	// SYNQueue likewise.
	AcceptQueue Depth `json:"accept_queue"`
	SYNQueue    Depth `json:"syn_queue"`
}

// A Depth is how full a queue is.
type Depth struct {
	Now   uint32 `json:"now"`   // at the moment of the report
	Peak  uint32 `json:"peak"`  // the most there ever were
	Limit uint32 `json:"limit"` // what the kernel compares with; an accept queue holds one more
}

// A NodeReport is what a host counted.
type NodeReport struct {
	Name string `json:"name"` // of the node
	// Counters are what nstat would show, those that are not 0.
	Counters []Count `json:"counters"`
	// Refused are the segments with which a listener, a TIME-WAIT entry or nobody did something else than
	// a connection in good order needs, by the sentence that says why, the most frequent first.
	Refused []Count `json:"refused"`
	// DroppedSYNs and DroppedACKs are those of Refused that a listener was too full for, by whichever limit: SYNs, and
	// final ACKs of a handshake, with a cookie or without, that were dropped or answered with a RST. Whoever sent
	// one waits for a retransmission, or is turned away.
	DroppedSYNs uint64 `json:"dropped_syns"`
	DroppedACKs uint64 `json:"dropped_acks"`
	// Now is its state at the end, Peak the largest of each number at the moments of samples.
	Now  Sample `json:"now"`
	Peak Sample `json:"peak"`
}

// A PathReport is what got lost between two nodes.
type PathReport struct {
	A       string  `json:"a"`         // the nodes, in the order of [World.Join]
	B       string  `json:"b"`         // the other one
	LostToB uint64  `json:"lost_to_b"` // segments from A that got lost by [Path].Loss
	LostToA uint64  `json:"lost_to_a"` // and from B
	Stopped []Count `json:"stopped"`   // by boxes
}

// Report tells what became of the world until now.
func (w *World) Report() Report {
	r := Report{
		Seed: w.cfg.Seed, At: w.now, Clients: []ClientReport{}, Servers: []ServerReport{}, Nodes: []NodeReport{}, Paths: []PathReport{}, Unrouted: w.unrouted, Samples: w.samples,
	}
	for _, c := range w.clients {
		r.Clients = append(r.Clients, c.Report())
	}
	for _, s := range w.servers {
		r.Servers = append(r.Servers, s.Report())
	}
	for _, n := range w.nodes {
		r.Nodes = append(r.Nodes, n.Report())
	}
	for _, p := range w.links {
		t := PathReport{A: p.a.name, B: p.b.name, LostToB: p.lost[0], LostToA: p.lost[1], Stopped: []Count{}}
		for _, x := range p.box {
			t.Stopped = append(t.Stopped, Count{x.name + ": " + x.why, x.n})
		}
		r.Paths = append(r.Paths, t)
	}
	return r
}

// Report tells how the client's users fared until now.
func (r *ClientRun) Report() ClientReport {
	failures := map[string]uint64{}
	for f, n := range r.failures {
		failures[f.String()] += n
	}
	return ClientReport{
		Name: r.Name, Node: r.Node.name, Asked: r.asked, Connected: r.connected, Failed: r.failed, Attempts: r.attempts,
		Failures: counts(failures), Closed: r.closed, Resets: r.resets, Connect: latency(&r.connect), Session: latency(&r.session),
	}
}

// Report tells what the server did until now.
func (r *ServerRun) Report() ServerReport {
	q, _ := r.Node.h.Queues(r.listener)
	return ServerReport{
		Name: r.Name, Node: r.Node.name, Accepted: r.accepted, Served: r.served, Closed: r.closed, Resets: r.resets, Leaked: uint64(len(r.leaked)),
		AcceptQueue: Depth{q.AcceptLen, max(r.peakAccept, q.AcceptLen), q.AcceptLimit},
		SYNQueue:    Depth{q.Requests, max(r.peakRequests, q.Requests), q.SYNLimit},
	}
}

// Report tells what the host counted until now.
func (n *Node) Report() NodeReport {
	now := n.measure()
	return nodeReport(n.name, n.h.Counters(), n.verdicts, now, n.peak)
}

func nodeReport(name string, counters kernel.Counters, verdicts map[host.Verdict]uint64, now, peak Sample) NodeReport {
	r := NodeReport{Name: name, Counters: []Count{}, Now: now, Peak: peak}
	r.Peak.Node = name
	for c, k := range counters.All() {
		r.Counters = append(r.Counters, Count{c.String(), k})
	}
	refused := map[string]uint64{}
	for v, k := range verdicts {
		if !refuses(v) {
			continue
		}
		refused[v.String()] += k
		switch v.Listener.Reason {
		case queue.SYNQueueFullDrop, queue.LastQuarterDrop, queue.AcceptQueueFullSYN:
			r.DroppedSYNs += k
		case queue.AcceptQueueFullACK, queue.CookieOverflow:
			r.DroppedACKs += k
		}
	}
	r.Refused = counts(refused)
	return r
}

// refuses reports whether a verdict is one of NodeReport.Refused.
func refuses(v host.Verdict) bool {
	if v.Listener.Reason == queue.AcceptQueueFullACK {
		return true // also where the request stays, marked as acknowledged
	}
	switch v.Listener.Action {
	case queue.Drop, queue.SendReset, queue.ResetRemove, queue.Remove, queue.SendCookie:
		return true
	}
	switch v.Conn.Action {
	case host.ConnDrop, host.ConnACK, host.ConnChallenge, host.ConnSendReset, host.ConnReset, host.ConnAbort:
		return true
	}
	switch v.Place {
	case host.AtNobody, host.AtForeign:
		return true
	case host.AtTimeWait:
		return v.TimeWait.Counters != (kernel.CounterSet{})
	}
	return false
}

// counts puts the most frequent first.
func counts(m map[string]uint64) []Count {
	list := []Count{}
	for what, n := range m {
		list = append(list, Count{what, n})
	}
	slices.SortFunc(list, func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.What, b.What)) })
	return list
}
