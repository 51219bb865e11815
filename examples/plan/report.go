package main

import "example.com/linuxtcp/internal/asked"

// A Report is the whole answer, and what -json prints. Field names do not change; new ones may come. A list that has
// nothing to say is left out. Times are seconds, shares are from 0 to 1.
type Report struct {
	Kernel KernelReport `json:"kernel"`
	// Sysctls are those that the answer rests on.
	Sysctls []SysctlReport `json:"sysctls"`
	// Server is there with -side server, Client with -side client.
	Server *ServerReport `json:"server,omitempty"`
	Client *ClientReport `json:"client,omitempty"`
	// Undecided are the changes of which the release's name does not tell whether it has them.
	Undecided []asked.OpenChange `json:"undecided,omitempty"`
	// Notes are about the whole answer: what was assumed.
	Notes []string `json:"notes,omitempty"`
	// Unread is what could not be read, a sentence each.
	Unread []string `json:"unread,omitempty"`
}

// A KernelReport says which kernel's rules were applied.
type KernelReport struct {
	Release string `json:"release"`
	Vendor  string `json:"vendor"`
	// Source says where release and sysctls come from.
	Source string `json:"source"`
	HZ     int    `json:"hz"` // CONFIG_HZ
}

// A SysctlReport is one sysctl. Source is "/proc/sys", "file", "flag" or "default".
type SysctlReport struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

// A Finding is one sentence of the answer. Bad says that something is lost or does not help.
type Finding struct {
	Bad  bool   `json:"bad"`
	Text string `json:"text"`
}

// A ServerReport is the answer about a server. A loss is a SYN or a final ACK that the kernel had no room for; the
// share lost is losses for each connection asked for.
type ServerReport struct {
	Findings []Finding `json:"findings"`
	Load     string    `json:"load"`
	Program  string    `json:"program"`
	// Rate is the mean of the load, in connections per second; Length how long a run is, Runs how many there are.
	Rate   float64 `json:"rate"`
	Length float64 `json:"length"`
	Runs   int     `json:"runs"`
	// Busy is the share of its time that the program needs. From 1 on no backlog is enough. 0: no limit is given.
	Busy float64 `json:"busy"`
	// Allowed is the share that may be lost.
	Allowed float64      `json:"allowed"`
	Given   GivenReport  `json:"given"`
	Needed  NeededReport `json:"needed"`
	// Remedies are settings that were tried, each alone, where the backlog given loses too much.
	Remedies []RemedyReport `json:"remedies,omitempty"`
	// Backlogs are what some backlogs lose, and Users what its users feel with the one given: in the run of seed 1.
	Backlogs []LossReport `json:"backlogs"`
	Users    UsersReport  `json:"users"`
	// Depth is how full the server is over time, the largest of each pause.
	Depth    []DepthPoint  `json:"depth"`
	Counters []CountReport `json:"counters"`
	Memory   MemoryReport  `json:"memory"`
	// Curve is there with -curve: what each backlog up to the needed one loses.
	Curve  []CurvePoint  `json:"curve,omitempty"`
	Across *AcrossReport `json:"across,omitempty"`
}

// A GivenReport is the backlog that the program passes to listen(), over all runs.
type GivenReport struct {
	Backlog int `json:"backlog"`
	// Limit is what the kernel makes of it. One connection more waits in the accept queue.
	Limit uint32 `json:"limit"`
	// Bound is what the limit comes from: "backlog", "somaxconn" or "16 bits".
	Bound     string `json:"bound"`
	BoundText string `json:"bound_text"`
	// Lossy is how many of the runs lost something, Least and Most the share of a run, Connections are those of all.
	Lossy       int     `json:"lossy"`
	Least       float64 `json:"least"`
	Most        float64 `json:"most"`
	Losses      uint64  `json:"losses"`
	Connections uint64  `json:"connections"`
}

// A NeededReport is the smallest backlog that loses nothing, or no more than is allowed.
type NeededReport struct {
	Found   bool `json:"found"`
	Backlog int  `json:"backlog"`
	// Largest is the largest that was tried.
	Largest int `json:"largest"`
	// Lost is the largest share of a run that it lost. OneLess is what the first run lost that lost too much with
	// one less: OneLessLosses for OneLessOf connections. 0: there is none.
	Lost          float64 `json:"lost"`
	OneLess       float64 `json:"one_less"`
	OneLessLosses uint64  `json:"one_less_losses"`
	OneLessOf     uint64  `json:"one_less_of"`
	// LeastPeak and MostPeak are the longest accept queues of the single runs when nothing was lost. 0 and 0: not
	// known.
	LeastPeak uint32 `json:"least_peak"`
	MostPeak  uint32 `json:"most_peak"`
	// Runs is how many runs lost no more than is allowed, and Risk what they do not rule out: with 95 % confidence
	// the share of all such runs that lose more is below it.
	Runs int     `json:"runs"`
	Risk float64 `json:"risk"`
}

// A RemedyReport is a setting that was tried with the seed that lost most.
type RemedyReport struct {
	Change string  `json:"change"`
	Lost   float64 `json:"lost"`
	// Enough says that this is no more than is allowed.
	Enough bool `json:"enough"`
}

// A LossReport is what a backlog loses and what connect() takes then. Again are the users by how many seconds they
// waited for another SYN: 1, 3, 7, 15, 31 and more.
type LossReport struct {
	Backlog int       `json:"backlog"`
	Lost    float64   `json:"lost"`
	Losses  uint64    `json:"losses"`
	Median  float64   `json:"connect_p50"`
	P99     float64   `json:"connect_p99"`
	Longest float64   `json:"connect_max"`
	Again   [5]uint64 `json:"again"`
	Failed  uint64    `json:"failed"`
	Resets  uint64    `json:"resets"`
	Peak    uint32    `json:"accept_queue_peak"`
}

// A UsersReport is what users feel. Connect is how long connect() takes, Served how long from the first SYN until the
// server closes, waits of all kinds among it.
type UsersReport struct {
	Asked     uint64     `json:"asked"`
	Connected uint64     `json:"connected"`
	Failed    uint64     `json:"failed"`
	Resets    uint64     `json:"resets"`
	Connect   TimeReport `json:"connect"`
	Served    TimeReport `json:"served"`
}

// A TimeReport is a distribution. Steps are how many took less than 0.9 s, then about 1, 3, 7, 15, and 31 s and more.
type TimeReport struct {
	Min   float64   `json:"min"`
	P50   float64   `json:"p50"`
	P90   float64   `json:"p90"`
	P99   float64   `json:"p99"`
	Max   float64   `json:"max"`
	Steps [6]uint64 `json:"steps"`
}

// A DepthPoint is how full the server is at most from a moment to the next point.
type DepthPoint struct {
	At       float64 `json:"at"`
	Accept   int     `json:"accept_queue"`
	Requests int     `json:"syn_queue"`
	TimeWait int     `json:"time_wait"`
}

// A CountReport is a counter as nstat names it.
type CountReport struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
}

// A MemoryReport is the largest of each in the run of seed 1. Bytes are those of full sockets and TIME-WAIT entries in
// the kernel, without files and buffers.
type MemoryReport struct {
	Connections int   `json:"connections"`
	TimeWait    int   `json:"time_wait"`
	Bytes       int64 `json:"bytes"`
	// AcceptQueue and SYNQueue are the lengths of the queues.
	AcceptQueue uint32 `json:"accept_queue"`
	SYNQueue    uint32 `json:"syn_queue"`
}

// A CurvePoint is what a backlog loses in the run of seed 1.
type CurvePoint struct {
	Backlog int     `json:"backlog"`
	Lost    float64 `json:"lost"`
}

// An AcrossReport is the same load on other kernels.
type AcrossReport struct {
	Backlog int         `json:"backlog"`
	Runs    int         `json:"runs"`
	Rows    []AcrossRow `json:"rows"`
}

// An AcrossRow is one of them. Lost is the largest share of a run with the backlog given; what follows it is of the
// run of seed 1.
type AcrossRow struct {
	Release   string       `json:"release"`
	Limit     uint32       `json:"limit"`
	Needed    NeededReport `json:"needed"`
	Lost      float64      `json:"lost"`
	Late      uint64       `json:"late"` // users whose connect() took another SYN
	P99       float64      `json:"connect_p99"`
	Longest   float64      `json:"connect_max"`
	Cookies   uint64       `json:"cookies"`
	Overflows uint64       `json:"listen_overflows"`
	Drops     uint64       `json:"listen_drops"`
	Curve     []CurvePoint `json:"curve,omitempty"`
}
