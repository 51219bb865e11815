package sim

import (
	"time"

	"example.com/linuxtcp/timewait"
)

// ConnectionBytes is what [Sample].Bytes counts for a full socket: struct tcp_sock of x86-64, which takes 2216
// to 2432 bytes on Debian's 5.10 to 7.2 (their type information). The inode, the file and the buffers of a
// socket that a process holds come on top.
const ConnectionBytes = 2300

// A Sample is how full a node is at a moment.
type Sample struct {
	At   time.Duration `json:"at_ns"` // the world's time
	Node string        `json:"node"`  // the node's name
	// Accept and Requests are the accept queue and the SYN queue, of all listeners of the node together.
	Accept   int `json:"accept_queue"`
	Requests int `json:"syn_queue"`
	// Connections are full sockets, TimeWait entries of TIME-WAIT and FIN-WAIT-2 of nobody.
	Connections int `json:"connections"`
	TimeWait    int `json:"time_wait"`
	// Bound is what has a local port: see host.Usage.
	Bound int `json:"bound"`
	// Bytes is kernel memory: ConnectionBytes for each of Connections and [timewait.EntryBytes] for each of
	// TimeWait. Requests and bind buckets are not counted.
	Bytes int64 `json:"bytes"`
}

// measure returns what a node is now, after its timers that are due.
func (n *Node) measure() Sample {
	if due, ok := n.h.Next(); ok && due <= n.HostNow() {
		n.fire()
	}
	u := n.h.Usage()
	s := Sample{At: n.w.now, Node: n.name, Requests: u.Requests, Connections: u.Connections, TimeWait: u.TimeWait, Bound: u.Bound}
	for _, r := range n.w.servers {
		if q, ok := n.h.Queues(r.listener); ok && r.Node == n {
			s.Accept += int(q.AcceptLen)
		}
	}
	ipv6 := len(n.addrs) > 0 && n.addrs[0].Is6()
	s.Bytes = int64(u.Connections)*ConnectionBytes + int64(u.TimeWait)*int64(timewait.EntryBytes(&n.sem, ipv6))
	n.peak.raise(s)
	return s
}

// raise takes over what is larger.
func (s *Sample) raise(t Sample) {
	s.Accept, s.Requests, s.Connections = max(s.Accept, t.Accept), max(s.Requests, t.Requests), max(s.Connections, t.Connections)
	s.TimeWait, s.Bound, s.Bytes = max(s.TimeWait, t.TimeWait), max(s.Bound, t.Bound), max(s.Bytes, t.Bytes)
}

// sample puts a line for each node into the report.
func (w *World) sample() {
	for _, n := range w.nodes {
		w.samples = append(w.samples, n.measure())
	}
}
