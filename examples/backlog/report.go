package main

import (
	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/listening"
)

// A Report is the whole answer, and what -json prints. Field names do not change;
// new ones may come. A list that has nothing to say is left out. Numbers of queues
// are connections and requests, times are seconds.
type Report struct {
	Kernel KernelReport `json:"kernel"`
	// Sysctls are those of the kernel asked about, in the order of -h.
	Sysctls []SysctlReport `json:"sysctls"`
	// Listeners are those in trouble first, then by port.
	Listeners []ListenerReport `json:"listeners"`
	// Counters are the totals of this network namespace since boot, with what they
	// count on this kernel. Totals were read only if the machine itself was asked.
	Counters []CounterReport `json:"counters,omitempty"`
	// Totals says in a few sentences what the counters add up to.
	Totals []string `json:"totals,omitempty"`
	// Across is there with -across.
	Across *AcrossReport `json:"across,omitempty"`
	// Undecided are the changes of which the release's name does not tell whether it
	// has them.
	Undecided []asked.OpenChange `json:"undecided,omitempty"`
	// Notes are about the whole answer: what was assumed.
	Notes []string `json:"notes,omitempty"`
	// Unread is what could not be read, a sentence each.
	Unread []string `json:"unread,omitempty"`
}

// A KernelReport says which kernel's rules were applied.
type KernelReport struct {
	// Release is the name, with the patch level in parentheses where it was found
	// elsewhere.
	Release string `json:"release"`
	Vendor  string `json:"vendor"`
	// Source says where release, sysctls and queues come from.
	Source string `json:"source"`
	// HZ is the CONFIG_HZ by which timers of -flood are rounded. It was given or
	// assumed: nothing tells it.
	HZ int `json:"hz"`
}

// A SysctlReport is one sysctl.
type SysctlReport struct {
	Name  string `json:"name"`
	Value int    `json:"value"`
	// Source is "/proc/sys", "file", "flag", "default" or "absent": this kernel has
	// no such sysctl.
	Source string `json:"source"`
}

// A ListenerReport is one listening socket, real or hypothetical.
type ListenerReport struct {
	Address string `json:"address"` // empty if hypothetical
	Port    int    `json:"port"`    // 0 if hypothetical
	Inode   uint64 `json:"inode"`   // 0 if hypothetical
	// Hypothetical says that the socket does not exist.
	Hypothetical bool `json:"hypothetical"`
	// Health is "ok", "unknown" (connections wait and the limit was not read),
	// "filling" (three quarters of a queue are used), "cookies" (the next SYN gets a
	// cookie because the SYN queue is full) or "dropping" (the next SYN or the next
	// final ACK is dropped).
	Health string `json:"health"`
	// Finding is one sentence: what happens to the next connection.
	Finding string          `json:"finding"`
	Accept  listening.Queue `json:"accept_queue"`
	SYN     listening.Queue `json:"syn_queue"`
	// Young is how many half-open requests have never had their SYN-ACK sent again.
	Young uint32 `json:"young"`
	// NextSYN is a SYN from a host that the kernel knows nothing of. NextACK completes
	// the handshake of a queued request. NextCookieACK, which is there if SYNs get
	// cookies, completes one that is kept in a cookie.
	NextSYN       listening.Decision  `json:"next_syn"`
	NextACK       listening.Decision  `json:"next_final_ack"`
	NextCookieACK *listening.Decision `json:"next_cookie_ack,omitempty"`
	// Advice is what would help, Notes what to know about the numbers.
	Advice []string     `json:"advice,omitempty"`
	Notes  []string     `json:"notes,omitempty"`
	Flood  *FloodReport `json:"flood,omitempty"`
}

// A CounterReport is one counter of the machine.
type CounterReport struct {
	Name string `json:"name"` // nstat's, with its prefix
	// Value is the total since boot; Read says whether the kernel told it.
	Value uint64 `json:"value"`
	Read  bool   `json:"read"`
	// Meaning is what the counter counts on this kernel.
	Meaning string `json:"meaning"`
}

// A FloodReport is what became of N SYNs from different hosts, sent at once, that
// nobody answers.
type FloodReport struct {
	SYNs    int `json:"syns"`
	Queued  int `json:"syn_recv"` // a request was queued and a SYN-ACK sent
	Cookies int `json:"cookies"`  // a cookie SYN-ACK was sent
	Dropped int `json:"dropped"`  // nothing was sent
	// Reasons are the drops by reason.
	Reasons []ReasonCount `json:"dropped_by_reason,omitempty"`
	// Counters are what the SYNs raised, before any timer.
	Counters []CounterCount `json:"counters"`
	Logged   bool           `json:"logged"` // "possible SYN flooding"
	// Later is how it goes on.
	Later []FloodMoment `json:"later"`
	// EndSeconds is when the last of the requests is gone.
	EndSeconds float64  `json:"end_seconds"`
	Notes      []string `json:"notes,omitempty"`
}

// A ReasonCount is how many SYNs were dropped for one reason.
type ReasonCount struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// A CounterCount is by how much one counter rose.
type CounterCount struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
}

// A FloodMoment is a look at the listener some time after the flood.
type FloodMoment struct {
	Seconds float64 `json:"seconds"`
	SYNRecv uint32  `json:"syn_recv"`
	Young   uint32  `json:"young"`
	// Resent, Timeouts and Pruned are totals since the flood: SYN-ACKs sent again,
	// SYN-ACK timers fired, and requests that ended early because the queue was
	// filling up.
	Resent   uint64 `json:"synacks_resent"`
	Timeouts uint64 `json:"timeouts"`
	Pruned   int    `json:"pruned"`
	// NextSYN is what the next SYN would get: "SYN-ACK", "cookie" or "dropped".
	NextSYN string `json:"next_syn"`
}

// An AcrossReport compares releases under one configuration.
type AcrossReport struct {
	// Config says in words what is the same in all rows.
	Config string      `json:"config"`
	SYNs   int         `json:"flood_syns,omitempty"` // of -flood
	Rows   []AcrossRow `json:"rows"`
	Notes  []string    `json:"notes,omitempty"`
}

// An AcrossRow is one era of releases.
type AcrossRow struct {
	// From is the first release of the era, or a vendor's build.
	From string `json:"from"`
	// Changes are the rows of the table of changes that make it differ from the row
	// before; Earlier are stable releases that had them earlier.
	Changes []AcrossChange `json:"changes,omitempty"`
	Answers AcrossAnswers  `json:"answers"`
}

// An AcrossChange is one change that begins an era.
type AcrossChange struct {
	ID      string   `json:"id"`
	Summary string   `json:"summary"`
	Earlier []string `json:"earlier,omitempty"`
}

// AcrossAnswers are the answers that are compared. Two eras differ in one of them.
type AcrossAnswers struct {
	AcceptCapacity uint64 `json:"accept_capacity"`
	SYNCapacity    uint64 `json:"syn_queue_capacity"` // after the last quarter
	// AcceptFullSYN and SYNFullSYN are what a SYN gets while that queue is full.
	AcceptFullSYN string `json:"syn_when_accept_queue_full"`
	SYNFullSYN    string `json:"syn_when_syn_queue_full"`
	// ListenZero is what happens to clients after listen(0) with this tcp_syncookies.
	ListenZero string `json:"listen_0"`
	// LifetimeSeconds is how long an unanswered request lives.
	LifetimeSeconds float64 `json:"syn_recv_lifetime_seconds"`
	// The rest is there with -flood.
	Flood            bool   `json:"flood,omitempty"`
	FloodQueued      int    `json:"flood_syn_recv,omitempty"`
	FloodCookies     int    `json:"flood_cookies,omitempty"`
	FloodDropped     int    `json:"flood_dropped,omitempty"`
	FloodListenDrops uint64 `json:"flood_listen_drops,omitempty"`
	// FloodError says why this kernel cannot be flooded: its listen() fails.
	FloodError string `json:"flood_error,omitempty"`
}
