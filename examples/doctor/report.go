package main

import (
	"reflect"
	"slices"

	"example.com/linuxtcp/internal/asked"
	"example.com/linuxtcp/internal/listening"
	"example.com/linuxtcp/internal/raised"
	"example.com/linuxtcp/kernel"
)

// A Report is the whole answer, and what -json prints. Field names do not change; new ones
// may come. A list that has nothing to say is left out. Times are seconds.
type Report struct {
	Kernel KernelReport `json:"kernel"`
	// Namespace says in a sentence whose counters, sockets and sysctls these are.
	Namespace string `json:"namespace"`
	// IntervalSeconds is the time between the two looks, 0 if there was one. UptimeSeconds is
	// how long the machine has run, 0 if that could not be read.
	IntervalSeconds float64 `json:"interval_seconds"`
	UptimeSeconds   float64 `json:"uptime_seconds"`
	// Findings are in order of severity.
	Findings []Finding `json:"findings"`
	// Healthy are sentences on what was looked at and is in order.
	Healthy   []string         `json:"healthy"`
	Listeners []ListenerReport `json:"listeners"`
	// Destinations are those with the most local ports in use.
	Destinations []DestinationReport `json:"destinations,omitempty"`
	// States are the sockets by state, by ss's names.
	States map[string]int `json:"states"`
	// Counters are those that the kernel has and the models know, and TCPAbortOnMemory.
	Counters []CounterReport `json:"counters,omitempty"`
	Sysctls  []SysctlReport  `json:"sysctls"`
	// Undecided are the changes of which the release's name does not tell whether it has them.
	Undecided []asked.OpenChange `json:"undecided,omitempty"`
	// Notes are about the whole answer, Unread is what could not be read, a sentence each, and
	// Unseen what this command does not look at.
	Notes  []string `json:"notes,omitempty"`
	Unread []string `json:"unread,omitempty"`
	Unseen []string `json:"unseen"`
}

// A KernelReport says which kernel's rules were applied.
type KernelReport struct {
	Release string `json:"release"`
	Vendor  string `json:"vendor"`
	// Source says where release and sysctls come from.
	Source string `json:"source"`
	// HZ is CONFIG_HZ, and HZSource "flag", "/proc/config.gz" or "assumed".
	HZ       int    `json:"hz"`
	HZSource string `json:"hz_source"`
}

// Severities of a finding, the gravest first.
const (
	// Losing: connections are lost now: the next one is, or some were between the two looks.
	Losing = "losing"
	// Near: a limit is nearly reached, or something leaks.
	Near = "near"
	// Past: counters say that connections were lost since boot; none between the looks, or
	// there was one look only.
	Past = "past"
	// Setting: a setting that harms, or that does not do what it is taken for.
	Setting = "setting"
)

var severities = []string{Losing, Near, Past, Setting}

// A Finding is one thing that is wrong, what says so, and what would help.
type Finding struct {
	// Severity is "losing", "near", "past" or "setting".
	Severity string `json:"severity"`
	// About is "listener", "counter", "time-wait", "ports", "orphans", "close-wait",
	// "fin-wait", "syn-sent" or "sysctl".
	About string `json:"about"`
	Text  string `json:"text"`
	// BoundBy is the setting that binds, where one does.
	BoundBy string `json:"bound_by,omitempty"`
	// Rules are functions of this module with the numbers that they were given, and the
	// kernel's functions in parentheses.
	Rules []string `json:"rules"`
	// Changes are what to set, and what the models say of it.
	Changes []Change `json:"changes,omitempty"`
}

// A Change is a setting that was tried on the models.
type Change struct {
	Set  string `json:"set"`
	Then string `json:"then"`
}

// A ListenerReport is one listening socket.
type ListenerReport struct {
	Address string `json:"address"`
	Port    int    `json:"port"`
	// Health is as in the command backlog: "ok", "unknown", "filling", "cookies" or "dropping".
	Health string          `json:"health"`
	Accept listening.Queue `json:"accept_queue"`
	SYN    listening.Queue `json:"syn_queue"`
	Young  uint32          `json:"young"`
	// NextSYN and NextACK are what becomes of a SYN and of the final ACK of a queued request.
	NextSYN string `json:"next_syn"`
	NextACK string `json:"next_final_ack"`
}

// A DestinationReport is one source address and one destination, and the local ports in use
// between them.
type DestinationReport struct {
	Source      string `json:"source"`
	Destination string `json:"destination"`
	// InUse are the ports, those in TIME-WAIT among them; Blocked are those that connect()
	// cannot have, which with tcp_tw_reuse leaves TIME-WAIT out.
	InUse    int `json:"in_use"`
	TimeWait int `json:"time_wait"`
	Blocked  int `json:"blocked"`
	// Usable is how many the range has, at most. Candidates and CallSeconds are what the next
	// connect() examines, and how long that takes by estimate.
	Usable      int     `json:"usable"`
	Candidates  float64 `json:"candidates"`
	CallSeconds float64 `json:"call_seconds"`
}

// A CounterReport is one counter.
type CounterReport struct {
	Name string `json:"name"` // nstat's, with its prefix
	// Total is since boot, or since the namespace began; Rise is between the two looks, and
	// PerSecond that over the interval.
	Total     uint64  `json:"total"`
	Rise      uint64  `json:"rise"`
	PerSecond float64 `json:"per_second"`
	// RaisedBy says what raises it on this kernel, as the models do.
	RaisedBy []string `json:"raised_by"`
}

// A SysctlReport is one sysctl.
type SysctlReport struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Source is "/proc/sys", "default" (it could not be read) or "absent": this kernel has no
	// such sysctl.
	Source string `json:"source"`
	// Machine says that it is the whole machine's, not the network namespace's.
	Machine bool `json:"machine,omitempty"`
}

// report is everything.
func (p *patient) report() *Report {
	r := &Report{
		Kernel: KernelReport{
			Release: p.release.String(), Vendor: p.release.Vendor().String(), Source: p.releaseFrom + "; " + p.sysctlsFrom,
			HZ: p.hz, HZSource: p.hzFrom,
		},
		Namespace:       p.namespace(),
		IntervalSeconds: p.interval.Seconds(), UptimeSeconds: p.now.uptime.Seconds(),
		Listeners: []ListenerReport{}, States: p.now.states(), Counters: p.counterReports(), Sysctls: p.sysctlReports(),
		Unseen: unseen,
	}
	x := p.examine()
	r.Findings, r.Healthy, r.Listeners, r.Destinations = x.findings, x.healthy, x.listeners, x.destinations
	r.Undecided = p.undecided(x)
	r.Notes, r.Unread = p.notes, append(p.unread, x.unread...)
	return r
}

// unseen are causes of lost connections that stand in other places.
var unseen = []string{
	"firewalls, NAT and conntrack (nf_conntrack_count, and \"table full\" in the log)",
	"what the network card and the stack below TCP drop (ethtool -S, /proc/net/softnet_stat)",
	"memory (tcp_mem, cgroups) and open files (ulimit -n: accept() fails with EMFILE)",
	"other network namespaces: containers have their own listeners, counters and most sysctls",
}

// namespace says whose the numbers are.
func (p *patient) namespace() string {
	text := "Counters, sockets and ports are those of one network namespace, the reader's; a container has its own."
	if p.elsewhere {
		text = "Counters, sockets and ports are those of one network namespace only, and that not the machine's first, for it has no tcp_max_orphans: its counters began when it did."
	}
	return text
}

// An examination is what the rules say of a patient.
type examination struct {
	findings     []Finding
	healthy      []string
	listeners    []ListenerReport
	destinations []DestinationReport
	unread       []string
}

func (x *examination) find(f Finding) { x.findings = append(x.findings, f) }
func (x *examination) well(s string)  { x.healthy = append(x.healthy, s) }

// examine asks all rules. It changes nothing.
func (p *patient) examine() *examination {
	x := &examination{findings: []Finding{}, healthy: []string{}, listeners: []ListenerReport{}}
	p.examineListeners(x)
	p.examineCounters(x)
	p.examineTimeWait(x)
	p.examinePorts(x)
	p.examineCloseWait(x)
	p.examineFinWait(x)
	p.examineOrphans(x)
	p.examineSynSent(x)
	p.examineSettings(x)
	slices.SortStableFunc(x.findings, func(a, b Finding) int {
		return slices.Index(severities, a.Severity) - slices.Index(severities, b.Severity)
	})
	return x
}

// undecided lists the changes that the release's name leaves open, and finds out which of
// them would change what was found.
func (p *patient) undecided(x *examination) []asked.OpenChange {
	return asked.Undecided(p.release, p.sem, []string{"queue", "timewait", "paws", "portalloc", "host"}, func(sem kernel.Semantics) bool {
		other := *p
		other.sem, other.raised = sem, raised.On(&sem)
		return !reflect.DeepEqual(x, other.examine())
	})
}
