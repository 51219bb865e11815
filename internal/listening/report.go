package listening

// A Queue is one queue of a listener.
type Queue struct {
	Used uint32 `json:"used"`
	// Limit is the number that the kernel compares with, Capacity how many it holds.
	Limit    uint32 `json:"limit"`
	Capacity uint64 `json:"capacity"`
	// Known says that the limit was read or follows from flags. Otherwise it is a
	// guess from somaxconn.
	Known bool `json:"known"`
	// Bound is what ends the queue: "backlog", "somaxconn", "16 bits", "accept limit",
	// "tcp_max_syn_backlog" or "tcp_syncookies".
	Bound string `json:"bound_by"`
	// BoundText says it in a sentence.
	BoundText string `json:"bound_text"`
}

// A Decision is what the kernel does with one segment.
type Decision struct {
	Action   string   `json:"action"`
	Reason   string   `json:"reason"`
	Counters []string `json:"counters"` // nstat's names without prefix, in the kernel's order
	// DropReason is what the kernel tells drop tracing, empty if nothing.
	DropReason string `json:"drop_reason,omitempty"`
	// Logs says that the kernel may log "possible SYN flooding".
	Logs   bool    `json:"logs,omitempty"`
	Checks []Check `json:"checks"`
}

// A Check is one test that the kernel made, in its order.
type Check struct {
	Name     string `json:"name"`
	Detail   string `json:"detail"`
	Function string `json:"function"`
	Hit      bool   `json:"hit"`
}
